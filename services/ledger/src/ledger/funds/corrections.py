"""Taking what a fund did back by a red entry 红字冲销.

Pure. What moved an encumbrance is undone by its own operations (return, release, what settles an open item); free entries by the
journal's reversal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from common.errors import NOT_FOUND, Problem
from ledger.funds.rules import Voucher, badly_dated, same_person
from ledger.journal.drafts import EntryDraft, EntryKind, LineDraft, PostedEntry, PostedLine
from ledger.journal.state import BookState
from ledger.problems import ALREADY_REVERSED, OUT_OF_ORDER, TYPED_OPERATION_ENTRY


@dataclass(frozen=True, slots=True)
class Correctable:
    """What a correction takes back: the kind of its entry, and whether it takes two people whatever the book's rules say."""

    kind: EntryKind
    always_two: bool = False


KINDS: dict[str, EntryKind] = {"receipts": "receipt", "allotments": "allotment", "payments": "payment"}
"""The kinds of entry a correction takes back, by the operation's place in the address; the catalogue's operations are added to them."""


@dataclass(frozen=True, slots=True)
class Correction:
    """The wish to take one operation on a fund back."""

    fund: str
    of: Correctable
    entry: UUID
    reason: str
    voucher: Voucher


def decide_correction(order: Correction, state: BookState) -> EntryDraft | Problem:
    """Decide the red entry: the operation's lines on their own sides, which the books read as negative.

    Refusals: not_found (no such operation of that fund); of its date; same_person; already_reversed; typed_operation_entry (it moved an
    encumbrance); out_of_order (dated before the operation, or in a later year than money that moved: that year's books are about other
    money). The journal then refuses what would leave cash or available below zero (insufficient_funds), cash below what is encumbered
    (budget_lines_missing), and more of an open item than still stands open (amount_exceeds_remaining).
    """
    entry = state.entry(order.entry)
    if entry is None or entry.kind != order.of.kind or entry.postings[0].fund != order.fund:
        return NOT_FOUND.error(field="entry")
    refusal = (
        badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or (ALREADY_REVERSED.error(undone_by=str(entry.undone_by)) if entry.undone_by else None)
        or _moved_an_encumbrance(entry)
        or _wrong_time(entry, order.voucher.effective_on)
    )
    return refusal or EntryDraft(
        kind="reversal",
        effective_on=order.voucher.effective_on,
        description=f"冲销：{order.reason}",
        lines=tuple(_again(line) for line in entry.postings),
        prepared_by=order.voucher.prepared_by,
        reviewed_by=order.voucher.reviewed_by,
        posted_by=order.voucher.posted_by,
        reference=order.voucher.reference,
        payee_ref=entry.payee_ref,
        metadata={"reason": order.reason},
        red=True,
        undoes=entry.id,
        period=order.voucher.period,
        needs_approval=order.of.always_two,
    )


def budget_year_of(entry: PostedEntry) -> int:
    """Return the budget year an operation drew on; the year of its date if it moved no indicator."""
    return max((line.budget_year for line in entry.postings), default=0) or entry.fiscal_year


def _moved_an_encumbrance(entry: PostedEntry) -> Problem | None:
    moved = any(line.encumbrance is not None for line in entry.postings)
    return TYPED_OPERATION_ENTRY.error(kind=entry.kind) if moved else None


def _wrong_time(entry: PostedEntry, day: date) -> Problem | None:
    if day < entry.effective_on:
        return OUT_OF_ORDER.error(field="effective_on", not_before=entry.effective_on.isoformat())
    moved_money = any(line.budget_year == 0 for line in entry.postings)
    if moved_money and day.year != entry.fiscal_year:
        return OUT_OF_ORDER.error(field="effective_on", not_after=f"{entry.fiscal_year}-12-31")
    return None


def _again(line: PostedLine) -> LineDraft:
    return LineDraft(
        line.fund,
        line.account,
        line.side,
        line.amount_fen,
        line.budget_year,
        line.source,
        None,
        line.memo,
        line.purpose_code,
        line.item,
    )
