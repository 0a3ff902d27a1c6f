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
    from collections.abc import Callable, Mapping
    from uuid import UUID

INSURANCE_FUND: Final = "insurance"
"""精准防贫保险基金, the fund that pays the precise insurance (docs/domain/programme.md, the seven funds)."""


class Operation(StrEnum):
    """What the claims service asks of the ledger."""

    ENCUMBER = "encumber"
    LIQUIDATE = "liquidate"
    RETURN = "return"
    RECOVER = "recover"
    POOL_RESERVE = "pool_reserve"
    """Our own: measured against the pool's balance in the ledger, which has no entry for it."""
    POOL_PAYOUT = "pool_payout"
    POOL_RETURN = "pool_return"
    POOL_RECOVER = "pool_recover"


RESERVATIONS: Final = (Operation.ENCUMBER, Operation.POOL_RESERVE)
PAYMENTS: Final = (Operation.LIQUIDATE, Operation.POOL_PAYOUT)
RETURNS: Final = (Operation.RETURN, Operation.POOL_RETURN)
RECOVERIES: Final = (Operation.RECOVER, Operation.POOL_RECOVER)
OF_POOL: Final = {
    Operation.ENCUMBER: Operation.POOL_RESERVE,
    Operation.LIQUIDATE: Operation.POOL_PAYOUT,
    Operation.RETURN: Operation.POOL_RETURN,
    Operation.RECOVER: Operation.POOL_RECOVER,
}
"""What an operation is for a claim that an insurer's pool pays."""


class OperationStatus(StrEnum):
    """How far a wish has come. `refused` is final for its attempt."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Wish:
    """One attempt of one operation, with what earlier operations of the claim left in the ledger.

    `encumbrance_id` is the claim's encumbrance or, where an insurer pays, the open item of the pool.
    """

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
    policy_id: UUID
    recovery_id: UUID | None
    source: str | None
    renewed: bool = False
    """A reservation of the claim was lost and is, or was, made anew."""


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
    path, body = _BODIES[wish.operation](wish)
    return Call(wish.book, path, wish.key, body | people)


Said = tuple[str, dict[str, str | int]]
_FUND: Final = f"/funds/{INSURANCE_FUND}"
_PURPOSE: Final = "防贫保险理赔款 precise insurance benefit"


def _encumber(wish: Wish) -> Said:
    return "/encumbrances", {
        "fund": INSURANCE_FUND,
        "fiscal_year": wish.fiscal_year,
        "amount_fen": wish.amount_fen,
        "purpose": _PURPOSE,
        "effective_on": wish.effective_on.isoformat(),
        "reference": claim_reference(wish.claim_id),
    }


def _liquidate(wish: Wish) -> Said:
    return f"/encumbrances/{_reserved(wish)}/liquidations", {
        "amount_fen": wish.amount_fen,
        "effective_on": wish.effective_on.isoformat(),
        "payee_ref": f"household:{wish.household_id}",
        "reference": payment_reference(wish),
    }


def _return(wish: Wish) -> Said:
    if wish.liquidation_id is None:
        message = f"{wish.key}: the item has no liquidation"
        raise IncompleteWishError(message)
    return f"/encumbrances/{_reserved(wish)}/liquidations/{wish.liquidation_id}/return", {
        "effective_on": _not_before_its_payment(wish),
        "reason": "Credit returned by the bank 支付退票",
        "reference": payment_reference(wish),
    }


def _recover(wish: Wish) -> Said:
    return f"{_FUND}/grant-repayments", {
        "amount_fen": wish.amount_fen,
        "effective_on": _not_before_its_payment(wish),
        "payee_ref": f"household:{wish.household_id}",
        "purpose": "追回错付理赔款 wrong payment recovered",
        "source": str(wish.source),
        "fiscal_year": wish.fiscal_year,
        "reference": payment_reference(wish),
    }


def _pool_payout(wish: Wish) -> Said:
    return f"{_FUND}/pool-payouts", {
        "item": str(_reserved(wish)),
        "amount_fen": wish.amount_fen,
        "effective_on": wish.effective_on.isoformat(),
        "payee_ref": f"household:{wish.household_id}",
        "purpose": _PURPOSE,
        "reference": payment_reference(wish),
    }


def _pool_return(wish: Wish) -> Said:
    why = "错付追回 wrong payment" if wish.operation is Operation.POOL_RECOVER else "支付退票 credit returned"
    return f"{_FUND}/pool-payout-returns", {
        "item": str(_reserved(wish)),
        "amount_fen": wish.amount_fen,
        "effective_on": _not_before_its_payment(wish),
        "payee_ref": f"household:{wish.household_id}",
        "purpose": why,
        # A pool may be older than the payout: what comes back belongs to the year of the payout.
        "fiscal_year": (wish.liquidated_on or wish.effective_on).year,
        "reference": payment_reference(wish),
    }


def _pool_reserve(wish: Wish) -> Said:
    message = f"{wish.key}: a reservation in a pool is no call"
    raise IncompleteWishError(message)


_BODIES: Final[Mapping[Operation, Callable[[Wish], Said]]] = {
    Operation.ENCUMBER: _encumber,
    Operation.LIQUIDATE: _liquidate,
    Operation.RETURN: _return,
    Operation.RECOVER: _recover,
    Operation.POOL_RESERVE: _pool_reserve,
    Operation.POOL_PAYOUT: _pool_payout,
    Operation.POOL_RETURN: _pool_return,
    Operation.POOL_RECOVER: _pool_return,
}


def _reserved(wish: Wish) -> UUID:
    if wish.encumbrance_id is None:
        message = f"{wish.key}: the claim has no reservation"
        raise IncompleteWishError(message)
    return wish.encumbrance_id


def _not_before_its_payment(wish: Wish) -> str:
    """A payment booked late, because its month was closed, cannot come back before it was booked."""
    return max(wish.effective_on, wish.liquidated_on or wish.effective_on).isoformat()


def payment_reference(wish: Wish) -> str:
    """Claim, batch item and the bank's own booking day, which stays readable when the entry had to move to an open month.

    The bank's words about a failure are stored with its return; they stay out of the ledger, where nothing can be erased.
    """
    recovery = "" if wish.recovery_id is None else f" recovery:{wish.recovery_id}"
    return f"{claim_reference(wish.claim_id)} item:{wish.item_number} bank:{wish.bank_booked_on}{recovery}"
