"""What receipts, direct payments and opening balances book, and when they are refused.

Pure: decides from the book's state alone. Every function answers the entry to post, or the refusal. Refusals come in a
fixed order: unknown fund; shape; date and month; people; budget; cash. The journal then asks its own rules of every
entry, and the database proves them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from common.errors import NOT_FOUND, SAME_PERSON, Problem
from common.validation import invalid_field
from ledger.funds.expansion import Amount, Facts, Part, Shortage, borne_by, expand, whole
from ledger.funds.templates import Template, shipped
from ledger.journal.drafts import (
    CASH,
    CONTROL_ACCOUNTS,
    NO_PURPOSE,
    NO_SOURCE,
    SOURCES,
    TIED_SOURCES,
    EntryDraft,
    LineDraft,
    Metadata,
    Side,
)
from ledger.journal.rules import Candidate, falls_in_an_open_period, is_dated_in_the_book
from ledger.journal.state import BookState
from ledger.problems import INSUFFICIENT_FUNDS, UNKNOWN_ACCOUNT

SOURCED_ACCOUNTS: frozenset[str] = frozenset({CASH, "expended"})
"""The accounts that carry the source of the money; all others stand at the empty source (ADR 0006)."""

FREE_SOURCES: tuple[str, ...] = (*SOURCES, NO_SOURCE)
"""The money a payment may draw on without naming it."""
EVERY_SOURCE: tuple[str, ...] = (*FREE_SOURCES, *TIED_SOURCES)

TEMPLATES = shipped()  # read and proved when the service starts, not at the first payment


@dataclass(frozen=True, slots=True)
class Voucher:
    """What every typed operation says besides its money: its date, its people and its reference."""

    effective_on: date
    prepared_by: str
    posted_by: str
    reviewed_by: str | None = None
    reference: str | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money of one source arriving in a fund."""

    fund: str
    amount_fen: int
    source: str
    voucher: Voucher


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment without a prior encumbrance. ``source`` None lets the fund's order of sources bear it."""

    fund: str
    amount_fen: int
    budget_year: int
    payee_ref: str
    purpose: str
    source: str | None
    voucher: Voucher
    purpose_code: str = NO_PURPOSE


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """A balance taken over from the old system. ``budget_year`` None is the year of the entry, on control accounts."""

    fund: str
    account: str
    side: Side
    amount_fen: int
    source: str | None = None
    budget_year: int | None = None
    memo: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """The balances of one or more funds, taken over from the old system once."""

    lines: tuple[OpeningLine, ...]
    voucher: Voucher


def decide_receipt(order: Receipt, state: BookState) -> EntryDraft | Problem:
    """Decide what a receipt books. Refusals: not_found, of its date, same_person."""
    refusal = unknown_fund(order.fund, state) or badly_dated(order.voucher, state) or same_person(order.voucher)
    if refusal:
        return refusal
    return draft(
        TEMPLATES.operation("receipt"),
        {"received": whole(order.amount_fen, order.source)},
        Facts(funds={"fund": order.fund}, conditions={"source_group": TEMPLATES.sources[order.source]}),
        order.voucher,
        detail=TEMPLATES.source_names_zh[order.source],
    )


def decide_payment(order: Payment, state: BookState) -> EntryDraft | Problem:
    """Decide what a direct payment books.

    Refusals: not_found; invalid_request (a budget year after the payment's own); of its date; same_person;
    insufficient_funds, of the year's available first, of cash second.
    """
    refusal = (
        unknown_fund(order.fund, state)
        or year_ahead(order.budget_year, order.voucher.effective_on)
        or badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or lacks_available(order.fund, order.budget_year, order.amount_fen, state, order.purpose_code)
    )
    if refusal:
        return refusal
    paid = bear(order.fund, order.amount_fen, order.source, state)
    if isinstance(paid, Problem):
        return paid
    return draft(
        TEMPLATES.operation("payment"),
        {"paid": paid},
        Facts({"fund": order.fund}, years={"budget": order.budget_year}, purpose_code=order.purpose_code),
        order.voucher,
        detail=order.purpose,
        payee_ref=order.payee_ref,
    )


def decide_opening(order: Opening, state: BookState) -> EntryDraft | Problem:
    """Decide what an opening balance books: its lines as they are, each fund once.

    Refusals, by line: unknown_account, invalid_request (encumbered; a source or year the account does not carry; a
    budget year after the opening's own). Then of its date; same_person. That it balances and comes once per fund
    is the journal's to check.
    """
    for number, line in enumerate(order.lines):
        if refusal := _opening_line_refused(line, number, order.voucher.effective_on, state):
            return refusal
    if refusal := badly_dated(order.voucher, state) or same_person(order.voucher):
        return refusal
    year = order.voucher.effective_on.year
    return EntryDraft(
        kind="opening",
        effective_on=order.voucher.effective_on,
        description="期初余额",
        lines=tuple(_opening_draft(line, year) for line in order.lines),
        prepared_by=order.voucher.prepared_by,
        reviewed_by=order.voucher.reviewed_by,
        posted_by=order.voucher.posted_by,
        reference=order.voucher.reference,
        period=order.voucher.period,
        opening_funds=tuple(dict.fromkeys(line.fund for line in order.lines)),
    )


def _opening_draft(line: OpeningLine, year: int) -> LineDraft:
    return LineDraft(
        fund=line.fund,
        account=line.account,
        side=line.side,
        amount_fen=line.amount_fen,
        budget_year=(line.budget_year or year) if line.account in CONTROL_ACCOUNTS else 0,
        source=line.source or NO_SOURCE,
        memo=line.memo,
    )


def _opening_line_refused(line: OpeningLine, number: int, effective_on: date, state: BookState) -> Problem | None:
    place = f"lines[{number}]"
    if state.account(line.fund, line.account) is None:
        return UNKNOWN_ACCOUNT.error(field=f"{place}.account", line=number + 1)
    if line.account == "encumbered":
        return invalid_field(
            f"{place}.account",
            "not_in_an_opening",
            "期初余额不含冻结指标；请在期初之后逐笔冻结。",
            "An opening balance has no encumbered amounts; encumber them one by one after it.",
        )
    if line.source is not None and line.account not in SOURCED_ACCOUNTS:
        return invalid_field(
            f"{place}.source", "carries_no_source", "该科目不分资金来源。", "This account does not carry a source."
        )
    if line.budget_year is not None:
        if line.account not in CONTROL_ACCOUNTS:
            return invalid_field(
                f"{place}.budget_year",
                "carries_no_year",
                "该科目不分预算年度。",
                "This account carries no budget year.",
            )
        return year_ahead(line.budget_year, effective_on, f"{place}.budget_year")
    return None


def draft(
    template: Template,
    amounts: dict[str, Amount],
    facts: Facts,
    voucher: Voucher,
    *,
    detail: str,
    payee_ref: str | None = None,
    metadata: Metadata | None = None,
) -> EntryDraft:
    """Return the entry a template books; its description is the operation's Chinese name and the detail."""
    return EntryDraft(
        kind=template.kind,
        effective_on=voucher.effective_on,
        description=f"{template.title_zh}：{detail}" if detail else template.title_zh,
        lines=expand(template, amounts, facts),
        prepared_by=voucher.prepared_by,
        reviewed_by=voucher.reviewed_by,
        posted_by=voucher.posted_by,
        reference=voucher.reference,
        period=voucher.period,
        payee_ref=payee_ref,
        metadata=metadata or {},
    )


def unknown_fund(code: str, state: BookState) -> Problem | None:
    """Refuse a fund the book does not have: not_found."""
    return NOT_FOUND.error(field="fund") if state.fund(code) is None else None


def badly_dated(voucher: Voucher, state: BookState) -> Problem | None:
    """Ask the journal's rules on dates before any money is looked at: invalid_request, then period_closed."""
    undecided = EntryDraft(
        "journal", voucher.effective_on, "", (), voucher.prepared_by, voucher.posted_by, period=voucher.period
    )
    entry = Candidate(undecided, (), {})
    return is_dated_in_the_book(entry, state) or falls_in_an_open_period(entry, state)


def same_person(voucher: Voucher) -> Problem | None:
    """Refuse a voucher prepared and reviewed by one person: same_person."""
    return SAME_PERSON.error(field="reviewed_by") if voucher.prepared_by == voucher.reviewed_by else None


def year_ahead(year: int, effective_on: date, field: str = "fiscal_year", *, allowed: int = 0) -> Problem | None:
    """Refuse a budget year more than ``allowed`` years after the year of the date: invalid_request."""
    if year <= effective_on.year + allowed:
        return None
    return invalid_field(
        field,
        "year_in_the_future",
        "预算年度晚于业务日期所允许的年度。",
        "The budget year lies too far after the effective date.",
    )


def lacks_available(
    fund: str, year: int, amount_fen: int, state: BookState, purpose_code: str = NO_PURPOSE
) -> Problem | None:
    """Refuse an amount above the year's available of the purpose: insufficient_funds, naming what there is and what was asked."""
    available_fen = -state.balance(fund, "available", year, purpose_code=purpose_code)
    if amount_fen <= available_fen:
        return None
    return _insufficient("available", available_fen, amount_fen, fund, year=year, purpose_code=purpose_code)


def bear(fund: str, amount_fen: int, source: str | None, state: BookState) -> Amount | Problem:
    """Decide which sources of cash bear a payment: the named one alone, or the fund's order of sources.

    Refusal: insufficient_funds of cash, naming the source if one was named.
    """
    if source is not None:
        at_hand_fen = max(state.balance(fund, CASH, 0, source), 0)
        if at_hand_fen < amount_fen:
            return _insufficient(CASH, at_hand_fen, amount_fen, fund, source=source)
        return (Part(source, amount_fen),)
    cash = {name: state.balance(fund, CASH, 0, name) for name in FREE_SOURCES}
    known = state.fund(fund)
    parts = borne_by(amount_fen, cash, known.source_order if known else ())
    if isinstance(parts, Shortage):
        return _insufficient(CASH, parts.available_fen, amount_fen, fund)
    return parts


def _insufficient(
    account: str,
    available_fen: int,
    requested_fen: int,
    fund: str,
    *,
    year: int | None = None,
    source: str | None = None,
    purpose_code: str = NO_PURPOSE,
) -> Problem:
    return INSUFFICIENT_FUNDS.error(
        field="amount_fen",
        fund=fund,
        account=account,
        fiscal_year=year,
        source=source,
        purpose_code=purpose_code or None,
        available_fen=available_fen,
        requested_fen=requested_fen,
    )
