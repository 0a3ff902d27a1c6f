"""What was lost and what others paid, as it is kept.

Apart from the wire types on purpose: what was accepted once must be readable for ever, whatever the wire refuses
later. So nothing is judged here, and fields may only be added with a default.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

import orjson
from pydantic import TypeAdapter

from claims.claims.schemas import CorrectionIn, DetailsIn, LossIn, OtherPaymentIn


@dataclass(frozen=True, slots=True)
class Loss:
    """One bill or estimate; the numbers of its invoice and of its settlement in clear."""

    kind: str
    amount_fen: int
    document_number: str | None = None
    settlement_number: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """What somebody else already paid."""

    payer: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Details:
    """All losses and payments of a claim, and its circumstances as far as somebody stated them."""

    loss: tuple[Loss, ...]
    other_payments: tuple[Payment, ...]
    liable_third_party: bool | None = None
    disability_grade: int | None = None
    circumstances: tuple[str, ...] = ()

    @property
    def loss_fen(self) -> int:
        """Sum of the losses."""
        return sum(item.amount_fen for item in self.loss)

    @property
    def other_payments_fen(self) -> int:
        """Sum of what others paid."""
        return sum(payment.amount_fen for payment in self.other_payments)


_ADAPTER: Final = TypeAdapter(Details)


def losses_from(items: Iterable[LossIn]) -> tuple[Loss, ...]:
    """Return losses as they are kept."""
    return tuple(Loss(item.kind, item.amount_fen, item.document_number, item.settlement_number) for item in items)


def payments_from(items: Iterable[OtherPaymentIn]) -> tuple[Payment, ...]:
    """Return other payments as they are kept."""
    return tuple(Payment(item.payer, item.amount_fen) for item in items)


def details_from(body: DetailsIn) -> Details:
    """Return what a filing says, as it is kept."""
    return Details(
        losses_from(body.loss),
        payments_from(body.other_payments),
        body.liable_third_party,
        body.disability_grade,
        tuple(body.circumstances),
    )


def corrected(details: Details, body: CorrectionIn) -> Details:
    """Return details with what a correction states in place of what stood there; the same ones where it states nothing."""
    return Details(
        loss=details.loss if body.loss is None else losses_from(body.loss),
        other_payments=details.other_payments if body.other_payments is None else payments_from(body.other_payments),
        liable_third_party=details.liable_third_party if body.liable_third_party is None else body.liable_third_party,
        disability_grade=details.disability_grade if body.disability_grade is None else body.disability_grade,
        circumstances=details.circumstances if body.circumstances is None else tuple(body.circumstances),
    )


def to_text(details: Details) -> str:
    """Write details as JSON text."""
    return orjson.dumps(asdict(details)).decode()


def from_text(text: str) -> Details:
    """Read what `to_text` wrote."""
    return _ADAPTER.validate_json(text)
