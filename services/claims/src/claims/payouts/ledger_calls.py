"""What each wish says to the ledger: path, body and idempotency key. Pure.

A call is made from stored facts only, so that the same attempt sends the same bytes however often and by whichever worker it is sent.
No personal data goes to the ledger: the payee is the household's id, texts name the claim by its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from uuid import UUID

INSURANCE_FUND: Final = "insurance"
"""精准防贫保险基金, the fund that pays the precise insurance (docs/domain/programme.md, the seven funds)."""


class Operation(StrEnum):
    """What the claims service asks of the ledger."""

    ENCUMBER = "encumber"
    LIQUIDATE = "liquidate"
    RETURN = "return"


class OperationStatus(StrEnum):
    """How far a wish has come. `refused` is final for its attempt."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Wish:
    """One attempt of one operation, with what earlier operations of the claim left in the ledger."""

    book: str
    id: UUID
    position: int
    claim_id: UUID
    household_id: UUID
    operation: Operation
    attempt: int
    key: str
    item_id: UUID | None
    item_number: str | None
    amount_fen: int
    effective_on: dt.date
    bank_booked_on: dt.date | None
    fiscal_year: int
    prepared_by: str
    reviewed_by: str
    tries: int
    encumbrance_id: UUID | None
    liquidation_id: UUID | None
    liquidated_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Call:
    """One POST below `/v1/books/{book}`."""

    book: str
    path: str
    key: str
    body: Mapping[str, str | int]


class IncompleteWishError(RuntimeError):
    """The wish needs a ledger object that no earlier operation of the claim has made: a fault in our own order of work."""


def claim_reference(claim_id: UUID) -> str:
    """The reference by which both sides know a claim's money, e.g. `claim:0190…`."""
    return f"claim:{claim_id}"


def operation_key(claim_id: UUID, operation: str, attempt: int) -> str:
    """The idempotency key the ledger sees, e.g. `claim:0190…:encumber:1`."""
    return f"claim:{claim_id}:{operation}:{attempt}"


def ledger_call(wish: Wish) -> Call:
    """The call that fulfils a wish. Raises `IncompleteWishError` where the ledger object it is about is not known yet."""
    people = {"prepared_by": wish.prepared_by, "reviewed_by": wish.reviewed_by}
    day = wish.effective_on.isoformat()
    if wish.operation is Operation.ENCUMBER:
        body: dict[str, str | int] = {
            "fund": INSURANCE_FUND,
            "fiscal_year": wish.fiscal_year,
            "amount_fen": wish.amount_fen,
            "purpose": "防贫保险理赔款 precise insurance benefit",
            "effective_on": day,
            "reference": claim_reference(wish.claim_id),
        }
        return Call(wish.book, "/encumbrances", wish.key, body | people)
    if wish.encumbrance_id is None:
        message = f"{wish.key}: the claim has no encumbrance"
        raise IncompleteWishError(message)
    liquidations = f"/encumbrances/{wish.encumbrance_id}/liquidations"
    if wish.operation is Operation.LIQUIDATE:
        body = {
            "amount_fen": wish.amount_fen,
            "effective_on": day,
            "payee_ref": f"household:{wish.household_id}",
            "reference": payment_reference(wish),
        }
        return Call(wish.book, liquidations, wish.key, body | people)
    if wish.liquidation_id is None:
        message = f"{wish.key}: the item has no liquidation"
        raise IncompleteWishError(message)
    # A payment booked late, because its month was closed, cannot come back before it was booked.
    returned_on = max(wish.effective_on, wish.liquidated_on or wish.effective_on)
    body = {
        "effective_on": returned_on.isoformat(),
        "reason": "Credit returned by the bank 支付退票",
        "reference": payment_reference(wish),
    }
    return Call(wish.book, f"{liquidations}/{wish.liquidation_id}/return", wish.key, body | people)


def payment_reference(wish: Wish) -> str:
    """Claim, batch item and the bank's own booking day, which stays readable when the entry had to move to an open month.

    The bank's words about a failure are stored with its return; they stay out of the ledger, where nothing can be erased.
    """
    return f"{claim_reference(wish.claim_id)} item:{wish.item_number} bank:{wish.bank_booked_on}"
