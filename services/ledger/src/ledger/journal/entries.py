"""Free journal entries and their reversals: what is asked for, what is booked, how an entry is shown. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from common.errors import NOT_FOUND, SAME_PERSON, Problem
from common.validation import invalid_field
from ledger import problems
from ledger.journal.chain import instant
from ledger.journal.drafts import EntryDraft, Json, LineDraft, PostedEntry, PostedLine

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from ledger.journal.drafts import Metadata, VoucherType
    from ledger.journal.state import BookState


@dataclass(frozen=True, slots=True)
class People:
    """Who prepared 制单, reviewed 审核 and posted 记账."""

    prepared_by: str
    posted_by: str
    reviewed_by: str | None = None


@dataclass(frozen=True, slots=True)
class FreeEntry:
    """A journal entry as a person writes it. ``lines`` without a source leave it to the fund's order of sources."""

    effective_on: date
    description: str
    lines: tuple[LineDraft, ...]
    people: People
    voucher_type: VoucherType = "记"
    reference: str | None = None
    metadata: Metadata = field(default_factory=dict)
    payee_ref: str | None = None
    non_budget: bool = False
    non_budget_reason: str | None = None
    attachment_count: int = 0
    attachment_hashes: tuple[str, ...] = ()
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Reversal:
    """The wish to take back a free entry by a red one 红字冲销."""

    entry: UUID
    effective_on: date
    reason: str
    people: People
    period: str | None = None


def draft_free_entry(wish: FreeEntry, state: BookState) -> EntryDraft | Problem:
    """Draft a free entry. Refused as ``same_person`` if its preparer reviewed it; everything else is for the engine's rules."""
    del state
    if wish.people.reviewed_by == wish.people.prepared_by:
        return SAME_PERSON.error(field="reviewed_by")
    return EntryDraft(
        kind="journal",
        effective_on=wish.effective_on,
        description=wish.description,
        lines=wish.lines,
        prepared_by=wish.people.prepared_by,
        posted_by=wish.people.posted_by,
        reviewed_by=wish.people.reviewed_by,
        voucher_type=wish.voucher_type,
        reference=wish.reference,
        metadata=wish.metadata,
        payee_ref=wish.payee_ref,
        non_budget=wish.non_budget,
        non_budget_reason=wish.non_budget_reason,
        attachment_count=wish.attachment_count,
        attachment_hashes=wish.attachment_hashes,
        period=wish.period,
    )


def draft_reversal(wish: Reversal, state: BookState) -> EntryDraft | Problem:
    """Draft the red entry: the same lines on the same sides, which the books read as negative.

    Refused, in this order: ``not_found``; ``same_person``;
    ``typed_operation_entry`` (undone through its operation); ``reversal_of_reversal``;
    ``already_reversed``; ``invalid_request`` for a date before the entry's own.
    """
    entry = state.entry(wish.entry)
    if entry is None:
        return NOT_FOUND.error()
    if wish.people.reviewed_by == wish.people.prepared_by:
        return SAME_PERSON.error(field="reviewed_by")
    if problem := _not_reversible(entry):
        return problem
    if wish.effective_on < entry.effective_on:
        return invalid_field(
            "effective_on", "before_the_entry", "不得早于原凭证日期。", "Must not be before the entry's own date."
        )
    return EntryDraft(
        kind="reversal",
        effective_on=wish.effective_on,
        description=wish.reason,
        lines=tuple(_again(line) for line in entry.postings),
        prepared_by=wish.people.prepared_by,
        posted_by=wish.people.posted_by,
        reviewed_by=wish.people.reviewed_by,
        voucher_type=entry.voucher_type,
        reference=entry.reference,
        red=True,
        undoes=entry.id,
        period=wish.period,
    )


def _not_reversible(entry: PostedEntry) -> Problem | None:
    if entry.kind == "reversal":
        return problems.REVERSAL_OF_REVERSAL.error()
    if entry.kind != "journal":
        return problems.TYPED_OPERATION_ENTRY.error(kind=entry.kind)
    return None if entry.undone_by is None else problems.ALREADY_REVERSED.error(undone_by=str(entry.undone_by))


def _again(line: PostedLine) -> LineDraft:
    return LineDraft(
        line.fund,
        line.account,
        line.side,
        line.amount_fen,
        line.budget_year,
        line.source,
        line.encumbrance,
        line.memo,
        line.purpose_code,
        line.item,
    )


def entry_json(entry: PostedEntry) -> dict[str, Json]:
    """Return an entry as every answer shows it. ``undone_by`` is not part of it: an entry never changes."""
    return {
        "id": str(entry.id),
        "seq": entry.seq,
        "kind": entry.kind,
        "voucher_type": entry.voucher_type,
        "voucher_number": entry.voucher_number,
        "fiscal_year": entry.fiscal_year,
        "period": entry.period,
        "effective_on": entry.effective_on.isoformat(),
        "posted_at": instant(entry.posted_at),
        "hash": entry.hash.hex(),
        "position": entry.position,
        "description": entry.description,
        "reference": entry.reference,
        "metadata": dict(entry.metadata),
        "payee_ref": entry.payee_ref,
        "non_budget": entry.non_budget,
        "non_budget_reason": entry.non_budget_reason,
        "red": entry.red,
        "undoes": None if entry.undoes is None else str(entry.undoes),
        "prepared_by": entry.prepared_by,
        "reviewed_by": entry.reviewed_by,
        "posted_by": entry.posted_by,
        "attachment_count": entry.attachment_count,
        "attachment_hashes": list(entry.attachment_hashes),
        "postings": [posting_json(line) for line in entry.postings],
    }


def posting_json(line: PostedLine) -> dict[str, Json]:
    """Return a posting as every answer shows it: no budget year, source or encumbrance is null."""
    return {
        "line": line.line,
        "fund": line.fund,
        "account": line.account,
        "side": line.side,
        "amount_fen": line.amount_fen,
        "red": line.red,
        "budget_year": line.budget_year or None,
        "source": line.source or None,
        "encumbrance": None if line.encumbrance is None else str(line.encumbrance),
        "memo": line.memo,
        "purpose_code": line.purpose_code or None,
        "item": None if line.item is None else str(line.item),
    }
