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

from claims.claims.schemas import LossIn, OtherPaymentIn


@dataclass(frozen=True, slots=True)
class Loss:
    """One bill or estimate; the document number in clear."""

    kind: str
    amount_fen: int
    document_number: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """What somebody else already paid."""

    payer: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Details:
    """All losses and payments of a claim."""

    loss: tuple[Loss, ...]
    other_payments: tuple[Payment, ...]

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
    return tuple(Loss(item.kind, item.amount_fen, item.document_number) for item in items)


def payments_from(items: Iterable[OtherPaymentIn]) -> tuple[Payment, ...]:
    """Return other payments as they are kept."""
    return tuple(Payment(item.payer, item.amount_fen) for item in items)


def to_text(details: Details) -> str:
    """Write details as JSON text."""
    return orjson.dumps(asdict(details)).decode()


def from_text(text: str) -> Details:
    """Read what `to_text` wrote."""
    return _ADAPTER.validate_json(text)
