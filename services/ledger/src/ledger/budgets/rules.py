"""What allotments and the life of an encumbrance book, and when they are refused (ADR 0007).

Pure: decides from the book's state alone. Refusals come in a fixed order: unknown id; shape; date and month; people;
the encumbrance's status; the order of dates; its remainder; budget; cash. The journal then asks its own rules of every
entry, and the database proves them again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from common.errors import NOT_FOUND, Problem
from common.validation import invalid_field
from ledger.funds.expansion import Facts, Part, whole
from ledger.funds.rules import (
    TEMPLATES,
    Voucher,
    badly_dated,
    bear,
    draft,
    lacks_available,
    same_person,
    unknown_fund,
    year_ahead,
)
from ledger.journal.chain import instant
from ledger.journal.drafts import CASH, NO_PURPOSE, EntryDraft, NewEncumbrance, PostedEntry
from ledger.journal.state import BookState, EncumbranceState
from ledger.problems import (
    ALREADY_REVERSED,
    AMOUNT_EXCEEDS_REMAINING,
    ENCUMBRANCE_HELD,
    ENCUMBRANCE_NOT_OPEN,
    OUT_OF_ORDER,
)

YEARS_ALLOTTED_AHEAD = 1
"""An allotment may be booked for next year (提前下达); an encumbrance or payment never draws on a year ahead."""


@dataclass(frozen=True, slots=True)
class Allotment:
    """Budget of a year becoming available, by the decision of an authority."""

    fund: str
    amount_fen: int
    budget_year: int
    authority: str
    voucher: Voucher
    purpose_code: str = NO_PURPOSE


@dataclass(frozen=True, slots=True)
class Encumbering:
    """Budget reserved for one purpose, under the id the encumbrance gets."""

    id: UUID
    fund: str
    budget_year: int
    amount_fen: int
    purpose: str
    expires_at: datetime | None
    voucher: Voucher
    purpose_code: str = NO_PURPOSE


@dataclass(frozen=True, slots=True)
class Liquidation:
    """A payment that uses up an encumbrance, in part or whole. ``source`` None lets the fund's order bear it."""

    encumbrance: UUID
    amount_fen: int
    payee_ref: str
    source: str | None
    voucher: Voucher


@dataclass(frozen=True, slots=True)
class Return:
    """The bank gave the whole of a liquidation back 支付退票."""

    encumbrance: UUID
    liquidation: UUID
    reason: str
    voucher: Voucher


@dataclass(frozen=True, slots=True)
class Release:
    """The remainder of an encumbrance going back to available."""

    encumbrance: UUID
    reason: str | None
    voucher: Voucher


def decide_allotment(order: Allotment, state: BookState) -> EntryDraft | Problem:
    """Decide what an allotment books. Refusals: not_found, invalid_request (year too far ahead), date, same_person."""
    refusal = (
        unknown_fund(order.fund, state)
        or year_ahead(order.budget_year, order.voucher.effective_on, allowed=YEARS_ALLOTTED_AHEAD)
        or badly_dated(order.voucher, state)
        or same_person(order.voucher)
    )
    return refusal or draft(
        TEMPLATES.operation("allotment"),
        {"allotted": whole(order.amount_fen)},
        Facts({"fund": order.fund}, years={"budget": order.budget_year}, purpose_code=order.purpose_code),
        order.voucher,
        detail=order.authority,
        metadata={"authority": order.authority},
    )


def decide_encumbering(order: Encumbering, state: BookState) -> EntryDraft | Problem:
    """Decide what an encumbrance books, and the encumbrance it opens.

    Refusals: not_found; invalid_request (a year ahead, an expiry already past); of its date; same_person;
    insufficient_funds of the year's available.
    """
    refusal = (
        unknown_fund(order.fund, state)
        or year_ahead(order.budget_year, order.voucher.effective_on)
        or _expires_too_early(order.expires_at, state.now)
        or badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or lacks_available(order.fund, order.budget_year, order.amount_fen, state, order.purpose_code)
    )
    if refusal:
        return refusal
    entry = draft(
        TEMPLATES.operation("encumber"),
        {"encumbered": whole(order.amount_fen)},
        Facts(
            {"fund": order.fund},
            years={"budget": order.budget_year},
            encumbrance=order.id,
            purpose_code=order.purpose_code,
        ),
        order.voucher,
        detail=order.purpose,
        # In the entry, so that the chain covers it: until when money stays reserved decides who is paid.
        metadata={"expires_at": instant(order.expires_at)} if order.expires_at else None,
    )
    opened = NewEncumbrance(
        id=order.id,
        fund=order.fund,
        fiscal_year=order.budget_year,
        amount_fen=order.amount_fen,
        purpose=order.purpose,
        reference=order.voucher.reference,
        expires_at=order.expires_at,
        purpose_code=order.purpose_code,
    )
    return replace(entry, new_encumbrance=opened)


def decide_liquidation(order: Liquidation, state: BookState) -> EntryDraft | Problem:
    """Decide what a liquidation books: what the bank gave back before is paid first, the rest is new expense.

    Refusals: not_found; of its date; same_person; encumbrance_not_open; out_of_order (dated before its encumbrance);
    amount_exceeds_remaining; insufficient_funds of cash.
    """
    found = state.encumbrance(order.encumbrance)
    if found is None:
        return NOT_FOUND.error(field="encumbrance")
    refusal = (
        badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or held(found)
        or not_open(found, state.now)
        or not_before(order.voucher.effective_on, found.opened_on)
        or _exceeds(found, order.amount_fen)
    )
    if refusal:
        return refusal
    paid = bear(found.fund, order.amount_fen, order.source, state)
    if isinstance(paid, Problem):
        return paid
    settled_fen = min(order.amount_fen, found.payable_fen)
    return draft(
        TEMPLATES.operation("liquidation"),
        {"paid": paid, "payable_settled": whole(settled_fen), "newly_expensed": whole(order.amount_fen - settled_fen)},
        _facts(found),
        order.voucher,
        detail=found.purpose,
        payee_ref=order.payee_ref,
    )


def decide_return(order: Return, state: BookState) -> EntryDraft | Problem:
    """Decide what a return books: the whole liquidation, back to the sources it took from.

    A return is a fact reported by the bank, so it is taken whatever became of the encumbrance meanwhile.
    Refusals: not_found (no such encumbrance, or not its liquidation); of its date; same_person; already_reversed;
    out_of_order (dated before the payment).
    """
    found = state.encumbrance(order.encumbrance)
    entry = state.entry(order.liquidation)
    if found is None or entry is None or not _is_liquidation_of(entry, found):
        return NOT_FOUND.error(field="liquidation")
    refusal = (
        badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or (ALREADY_REVERSED.error(undone_by=str(entry.undone_by)) if entry.undone_by else None)
        or not_before(order.voucher.effective_on, entry.effective_on)
    )
    if refusal:
        return refusal
    returned = tuple(Part(line.source, line.amount_fen) for line in entry.postings if line.account == CASH)
    paid_in = "this_year" if entry.fiscal_year == order.voucher.effective_on.year else "prior_year"
    returning = draft(
        TEMPLATES.operation("return"),
        {"returned": returned},
        replace(_facts(found), conditions={"paid_in": paid_in}),
        order.voucher,
        detail=order.reason,
        payee_ref=entry.payee_ref,
        metadata={"reason": order.reason},
    )
    return replace(returning, undoes=entry.id)


def decide_release(order: Release, state: BookState) -> EntryDraft | Problem:
    """Decide what a release books: the whole remainder, and the end of what the bank gave back and nobody was paid.

    An expired encumbrance can be released, or its budget would be stuck. Refusals: not_found; of its date; same_person;
    encumbrance_not_open (nothing remains); out_of_order (dated before its encumbrance).
    """
    found = state.encumbrance(order.encumbrance)
    if found is None:
        return NOT_FOUND.error(field="encumbrance")
    refusal = (
        badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or held(found)
        or (None if found.remaining_fen else not_open(found, state.now))
        or not_before(order.voucher.effective_on, found.opened_on)
    )
    return refusal or draft(
        TEMPLATES.operation("release"),
        {"released": whole(found.remaining_fen), "payable_dropped": whole(found.payable_fen)},
        _facts(found),
        order.voucher,
        detail=order.reason or found.purpose,
        metadata={"reason": order.reason} if order.reason else None,
    )


def _facts(found: EncumbranceState) -> Facts:
    return Facts(
        funds={"fund": found.fund},
        years={"budget": found.fiscal_year},
        encumbrance=found.id,
        purpose_code=found.purpose_code,
    )


def held(found: EncumbranceState) -> Problem | None:
    """Refuse to touch budget an open item holds: encumbrance_held."""
    return None if found.held_by is None else ENCUMBRANCE_HELD.error(item=str(found.held_by))


def _is_liquidation_of(entry: PostedEntry, found: EncumbranceState) -> bool:
    return entry.kind == "liquidation" and any(line.encumbrance == found.id for line in entry.postings)


def not_open(found: EncumbranceState, now: datetime) -> Problem | None:
    """Refuse an encumbrance that expired or has nothing left: encumbrance_not_open."""
    status = found.status(now)
    return None if status == "open" else ENCUMBRANCE_NOT_OPEN.error(encumbrance_status=status)


def _exceeds(found: EncumbranceState, amount_fen: int) -> Problem | None:
    if amount_fen <= found.remaining_fen:
        return None
    return AMOUNT_EXCEEDS_REMAINING.error(
        field="amount_fen", remaining_fen=found.remaining_fen, requested_fen=amount_fen
    )


def not_before(day: date, earliest: date) -> Problem | None:
    """Refuse a date before what it follows: out_of_order."""
    if day >= earliest:
        return None
    return OUT_OF_ORDER.error(field="effective_on", not_before=earliest.isoformat())


def _expires_too_early(expires_at: datetime | None, now: datetime) -> Problem | None:
    if expires_at is None or expires_at > now:
        return None
    return invalid_field("expires_at", "already_past", "到期时间已过。", "The expiry lies in the past.")
