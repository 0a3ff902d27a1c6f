"""What versions of the budget, purposes and transfers between funds book and record, and when they are refused. Pure.

Refusals come in a fixed order: unknown fund; shape; date and month; people; the order of things; budget; cash. The journal then asks
its own rules of every entry, and the database proves them again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from common.errors import NOT_FOUND, Problem
from common.validation import invalid_field
from ledger.budgets.rules import YEARS_ALLOTTED_AHEAD, not_before
from ledger.funds.expansion import Facts, expand, whole
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
from ledger.journal.drafts import (
    DUE_FROM,
    Act,
    EntryDraft,
    Fill,
    Json,
    LineDraft,
    NewItem,
    PostedEntry,
    PostedRecord,
    RecordDraft,
    SideRow,
)
from ledger.journal.state import BookState, PurposeState
from ledger.problems import AMOUNT_EXCEEDS_REMAINING, OUT_OF_ORDER

VersionKind = Literal["original", "amended", "moved"]
DUE = "fund_due"
"""The kind of open item a transfer opens that is settled later; its party is the fund that owes."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a version of the budget changes: more (positive) or less for a fund or one of its purposes, in fen."""

    fund: str
    purpose_code: str
    change_fen: int


@dataclass(frozen=True, slots=True)
class Version:
    """A decision of an authority on a fiscal year's budget."""

    fiscal_year: int
    kind: VersionKind
    authority: str
    document: str
    decided_on: date
    changes: tuple[Change, ...]
    voucher: Voucher


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose under a fund, and which kinds of entry and sources may draw on its budget; empty means any."""

    fund: str
    code: str
    name_zh: str
    name_en: str
    kinds: tuple[str, ...]
    sources: tuple[str, ...]
    set_by: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money and budget of one fund for another: in cash now, or owed and settled later."""

    from_fund: str
    to_fund: str
    amount_fen: int
    fiscal_year: int
    settled_by: Literal["cash", "due"]
    source: str | None
    from_purpose: str
    to_purpose: str
    authority: str
    reason: str
    new_item: UUID
    voucher: Voucher


@dataclass(frozen=True, slots=True)
class Settlement:
    """The cash of an earlier transfer, in part or whole."""

    item: UUID
    amount_fen: int
    source: str | None
    voucher: Voucher


def decide_version(order: Version, state: BookState) -> Act | Problem:
    """Decide what a version books: one entry over all its funds, its record and its row.

    Refusals: not_found (a fund, a purpose); invalid_request (year too far ahead; a fund and purpose twice; a move that does not add up to
    nothing); of its date; same_person; out_of_order (the first version is the original, and only the first); insufficient_funds.
    """
    refusal = (
        _badly_changed(order, state)
        or year_ahead(order.fiscal_year, order.voucher.effective_on, allowed=YEARS_ALLOTTED_AHEAD)
        or badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or _out_of_order(order, state)
        or _takes_too_much(order, state)
    )
    if refusal is not None:
        return refusal
    version = state.budget_versions.get(order.fiscal_year, 0) + 1
    entry = EntryDraft(
        kind="budget_version",
        effective_on=order.voucher.effective_on,
        description=f"{_TITLES[order.kind]}：{order.document}",
        lines=tuple(line for change in order.changes for line in _change_lines(change, order.fiscal_year)),
        prepared_by=order.voucher.prepared_by,
        posted_by=order.voucher.posted_by,
        reviewed_by=order.voucher.reviewed_by,
        reference=order.voucher.reference,
        period=order.voucher.period,
        metadata={"version": version, "version_kind": order.kind, "authority": order.authority},
    )

    def moves(state: BookState) -> None:
        state.budget_versions[order.fiscal_year] = version

    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del state
        return {**version_content(order, version, entry), "position": records[0].position}

    return Act((_version_record(order, version),), render, entry=entry, moves=moves)


_TITLES = {"original": "年初预算", "amended": "预算调整", "moved": "预算调剂"}


def _change_lines(change: Change, year: int) -> tuple[LineDraft, ...]:
    template = TEMPLATES.operation("budget_increase" if change.change_fen > 0 else "budget_decrease")
    facts = Facts({"fund": change.fund}, years={"budget": year}, purpose_code=change.purpose_code)
    return expand(template, {"change": whole(abs(change.change_fen))}, facts)


def _badly_changed(order: Version, state: BookState) -> Problem | None:
    seen: set[tuple[str, str]] = set()
    for number, change in enumerate(order.changes):
        if state.fund(change.fund) is None:
            return NOT_FOUND.error(field=f"lines[{number}].fund")
        if change.purpose_code and state.purpose(change.fund, change.purpose_code) is None:
            return NOT_FOUND.error(field=f"lines[{number}].purpose_code")
        if (change.fund, change.purpose_code) in seen:
            return invalid_field(
                f"lines[{number}]", "twice", "同一基金和用途只能出现一次。", "A fund and purpose stands once."
            )
        if change.change_fen == 0:
            return invalid_field(
                f"lines[{number}].change_fen", "zero", "增减额不得为零。", "A change is more or less, not nothing."
            )
        seen.add((change.fund, change.purpose_code))
    if order.kind == "moved" and sum(change.change_fen for change in order.changes) != 0:
        return invalid_field("lines", "not_balanced", "调剂的增减合计须为零。", "What is moved must add up to nothing.")
    return None


def _out_of_order(order: Version, state: BookState) -> Problem | None:
    latest = state.budget_versions.get(order.fiscal_year, 0)
    if (order.kind == "original") == (latest == 0):
        return None
    return OUT_OF_ORDER.error(field="kind", latest_version=latest)


def _takes_too_much(order: Version, state: BookState) -> Problem | None:
    for change in order.changes:
        if change.change_fen < 0:
            lacking = lacks_available(change.fund, order.fiscal_year, -change.change_fen, state, change.purpose_code)
            if lacking is not None:
                return lacking
    return None


def version_content(order: Version, version: int, entry: PostedEntry | None) -> dict[str, Json]:
    """Return a version as the chain and the answer tell it."""
    return {
        "fiscal_year": order.fiscal_year,
        "version": version,
        "kind": order.kind,
        "authority": order.authority,
        "document": order.document,
        "decided_on": order.decided_on.isoformat(),
        "effective_on": order.voucher.effective_on.isoformat(),
        "lines": [
            {"fund": one.fund, "purpose_code": one.purpose_code or None, "change_fen": one.change_fen}
            for one in order.changes
        ],
        "prepared_by": order.voucher.prepared_by,
        "reviewed_by": order.voucher.reviewed_by,
        "entry": None if entry is None else str(entry.id),
        "seq": None if entry is None else entry.seq,
    }


def _version_record(order: Version, version: int) -> RecordDraft:
    row = SideRow(
        "budget_version",
        {
            "position": Fill.POSITION,
            "fiscal_year": order.fiscal_year,
            "version": version,
            "kind": order.kind,
            "authority": order.authority,
            "document": order.document,
            "decided_on": order.decided_on,
            "seq": Fill.SEQ,
            "prepared_by": order.voucher.prepared_by,
            "reviewed_by": order.voucher.reviewed_by,
            "recorded_at": Fill.AT,
        },
    )
    return RecordDraft("budget", lambda entry: version_content(order, version, entry), (row,))


def decide_purpose(order: Purpose, state: BookState) -> Act | Problem:
    """Record a purpose, or a new version of it. Refusal: not_found (the fund)."""
    if refusal := unknown_fund(order.fund, state):
        return refusal
    said: dict[str, Json] = {
        "fund": order.fund,
        "code": order.code,
        "name_zh": order.name_zh,
        "name_en": order.name_en,
        "kinds": list(order.kinds),
        "sources": list(order.sources),
        "set_by": order.set_by,
    }

    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del entry, state
        return {**said, "set_at": instant(records[0].at), "position": records[0].position}

    def moves(state: BookState) -> None:
        kept = PurposeState(order.fund, order.code, frozenset(order.kinds), frozenset(order.sources))
        state.purposes[order.fund, order.code] = kept

    row = SideRow(
        "purpose",
        {
            "fund": order.fund,
            "code": order.code,
            "position": Fill.POSITION,
            "name_zh": order.name_zh,
            "name_en": order.name_en,
            "kinds": list(order.kinds),
            "sources": list(order.sources),
            "set_by": order.set_by,
            "set_at": Fill.AT,
        },
    )
    return Act((RecordDraft("purpose", lambda _entry: said, (row,)),), render, moves=moves)


def decide_transfer(order: Transfer, state: BookState) -> EntryDraft | Problem:
    """Decide what a transfer books in both funds; it always needs a second person.

    Refusals: not_found; invalid_request (a fund to itself; a source where nothing is paid; a year ahead); of its date; same_person;
    insufficient_funds, of the giver's available first, of its cash second.
    """
    refusal = (
        unknown_fund(order.from_fund, state)
        or unknown_fund(order.to_fund, state)
        or _to_itself(order)
        or year_ahead(order.fiscal_year, order.voucher.effective_on)
        or badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or lacks_available(order.from_fund, order.fiscal_year, order.amount_fen, state, order.from_purpose)
    )
    if refusal is not None:
        return refusal
    moved = whole(order.amount_fen)
    if order.settled_by == "cash":
        borne = bear(order.from_fund, order.amount_fen, order.source, state)
        if isinstance(borne, Problem):
            return borne
        moved = borne
    facts = Facts(
        funds={"from": order.from_fund, "to": order.to_fund},
        years={"budget": order.fiscal_year},
        conditions={"settled_by": order.settled_by},
        purposes={"from": order.from_purpose, "to": order.to_purpose},
        new_item=order.new_item,
    )
    entry = draft(
        TEMPLATES.operation("fund_transfer"),
        {"moved": moved},
        facts,
        order.voucher,
        detail=order.reason,
        metadata={"from_fund": order.from_fund, "to_fund": order.to_fund, "authority": order.authority},
    )
    opened = None
    if order.settled_by == "due":
        opened = NewItem(
            order.new_item,
            DUE,
            order.to_fund,
            DUE_FROM,
            "debit",
            party_ref=order.from_fund,
            reference=order.voucher.reference,
            details={"purpose": order.reason},
        )
    lines = _with_counterparty(entry.lines, order.from_fund, order.to_fund)
    return replace(entry, lines=lines, new_item=opened, needs_approval=True)


def decide_settlement(order: Settlement, state: BookState) -> EntryDraft | Problem:
    """Decide what the cash of an earlier transfer books in both funds.

    Refusals: not_found (no such due between funds); of its date; same_person; out_of_order; amount_exceeds_remaining; insufficient_funds.
    """
    item = state.item(order.item)
    if item is None or item.kind != DUE or item.party_ref is None or state.fund(item.party_ref) is None:
        return NOT_FOUND.error(field="item")
    refusal = (
        badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or not_before(order.voucher.effective_on, item.opened_on)
    )
    if refusal is not None:
        return refusal
    if order.amount_fen > item.remaining_fen:
        return AMOUNT_EXCEEDS_REMAINING.error(
            field="amount_fen", remaining_fen=item.remaining_fen, requested_fen=order.amount_fen
        )
    paid = bear(item.party_ref, order.amount_fen, order.source, state)
    if isinstance(paid, Problem):
        return paid
    entry = draft(
        TEMPLATES.operation("transfer_settlement"),
        {"paid": paid},
        Facts(funds={"from": item.party_ref, "to": item.fund}, item=item.id),
        order.voucher,
        detail=str(item.details.get("purpose", "")),
        metadata={"from_fund": item.party_ref, "to_fund": item.fund},
    )
    return replace(entry, lines=_with_counterparty(entry.lines, item.party_ref, item.fund))


def _with_counterparty(lines: tuple[LineDraft, ...], from_fund: str, to_fund: str) -> tuple[LineDraft, ...]:
    """Name the other fund on every line."""
    other = {from_fund: f"对方基金：{to_fund}", to_fund: f"对方基金：{from_fund}"}
    return tuple(replace(line, memo=other[line.fund]) for line in lines)


def _to_itself(order: Transfer) -> Problem | None:
    if order.from_fund == order.to_fund:
        return invalid_field("to_fund", "the_same_fund", "调入与调出不得为同一基金。", "A fund gives to another fund.")
    if order.settled_by == "due" and order.source is not None:
        return invalid_field(
            "source", "nothing_is_paid", "挂账调剂不动用资金来源。", "What is owed is paid from no source yet."
        )
    return None


def execution_bp(expended_fen: int, budget_fen: int) -> int | None:
    """Return what is expended of a budget in basis points, half rounded up; nothing without a budget."""
    if budget_fen <= 0:
        return None
    return (expended_fen * 20_000 + budget_fen) // (2 * budget_fen)
