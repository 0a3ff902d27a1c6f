"""Use cases of the reports: each answer is taken from one snapshot. Reads only."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND
from common.validation import invalid_field
from ledger.journal.account_lines import (
    AccountLine,
    AccountSeen,
    Place,
    cursor_after,
    lines_between,
    moved_on_day_up_to,
    read_cursor,
)
from ledger.journal.drafts import CONTROL_ACCOUNTS, Basis
from ledger.journal.standing import Cut, Moment, Wanted, cut_at
from ledger.reports import rules, store
from ledger.reports.rules import ControlFigures, FundNode, TrialLine, TrialTotal


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Cumulative turnover and balances at the end of a day, counting entries up to ``seq``."""

    as_of: date
    seq: int
    lines: list[TrialLine]
    totals: list[TrialTotal]


@dataclass(frozen=True, slots=True)
class AccountQuestion:
    """Which account, over which days (both included); without them from the book's beginning to today.

    ``at_seq`` leaves out what was posted after that entry.
    """

    fund: str
    account: str
    first_day: date | None
    last_day: date | None
    at_seq: int | None = None


@dataclass(frozen=True, slots=True)
class AccountLedger:
    """One page of an account's ledger. The balances and turnover are those of the whole range, not of the page.

    ``lines`` come with the balance after each; ``seq`` is the last entry counted, the same on every page.
    """

    fund: str
    account: str
    basis: Basis
    name_zh: str
    name_en: str
    first_day: date
    last_day: date
    seq: int
    opening_fen: int
    debit_fen: int
    credit_fen: int
    closing_fen: int
    lines: list[tuple[AccountLine, int]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class FundExecution:
    """Every fund's budget indicators of one year at a cut, descendants included, and the sum over the top funds."""

    fiscal_year: int
    as_of: date
    seq: int
    funds: list[tuple[FundNode, ControlFigures]]
    total: ControlFigures


async def trial_balance(
    engine: AsyncEngine, book: str, moment: Moment, *, fund: str | None, basis: Basis | None
) -> TrialBalance:
    """Return the trial balance at a moment.

    ``fund`` means that fund alone, without those below it. Raises ``not_found`` for an unknown book or fund,
    ``invalid_request`` for a day after today or a ``seq`` the book has not reached.
    """
    async with snapshot(engine) as connection:
        cut, head = await cut_at(connection, book, moment)
        nodes = await store.fund_nodes(connection, book)
        if fund is not None and all(node.code != fund for node in nodes):
            raise NOT_FOUND.error("fund")
        turnover = await store.turnover_at(connection, book, cut, head=head, of_fund=fund)
        lines = await store.trial_lines(connection, book, turnover)
    order = rules.fund_order(nodes)
    shown = sorted(
        (line for line in lines if basis is None or line.basis == basis),
        key=lambda line: rules.trial_order(line, order),
    )
    return TrialBalance(cut.as_of, cut.seq, shown, rules.trial_totals(shown))


@dataclass(frozen=True, slots=True)
class BalanceQuestion:
    """Which account of which fund, narrowed to a source, a purpose or a budget year; ``subtree``: with the funds below it."""

    fund: str
    account: str
    subtree: bool
    source: str | None
    purpose_code: str | None
    budget_year: int | None


@dataclass(frozen=True, slots=True)
class Balance:
    """Turnover of one account at a cut, in fen, and what the account is called."""

    names: store.AccountNames
    cut: Cut
    debit_fen: int
    credit_fen: int


async def balance(engine: AsyncEngine, book: str, question: BalanceQuestion, moment: Moment) -> Balance:
    """Return debit, credit and balance of one account at a moment.

    Raises ``not_found`` for an unknown book, account or purpose; ``invalid_request`` as ``trial_balance``, and for a budget year or a
    purpose asked of an account that has none.
    """
    _refuse_pointless(question)
    async with snapshot(engine) as connection:
        cut, head = await cut_at(connection, book, moment)
        names = await store.account_names(connection, book, question.fund, question.account)
        if names is None:
            raise NOT_FOUND.error("account")
        code = question.purpose_code
        if code and not await store.has_purpose(connection, book, question.fund, code, subtree=question.subtree):
            raise NOT_FOUND.error("purpose")
        wanted = Wanted(
            question.fund, question.subtree, (question.account,), question.budget_year, question.source, code
        )
        found = await store.sum_at(connection, book, cut, wanted, head=head)
    return Balance(names, cut, found.debit_fen, found.credit_fen)


def _refuse_pointless(question: BalanceQuestion) -> None:
    """Refuse what could only answer zero: financial and budgetary accounts carry neither a budget year nor a purpose."""
    if question.account in CONTROL_ACCOUNTS:
        return
    for field, value in (("budget_year", question.budget_year), ("purpose", question.purpose_code)):
        if value is not None:
            raise invalid_field(
                field,
                "not_a_control_account",
                "只有预算指标科目分预算年度和用途。",
                "Only control accounts carry this.",
            )


async def fund_execution(engine: AsyncEngine, book: str, fiscal_year: int, moment: Moment) -> FundExecution:
    """Return every fund's budget indicators of a year at a moment; a parent's contain those of all funds below it.

    Raises ``not_found`` for an unknown book, ``invalid_request`` as ``trial_balance``.
    """
    async with snapshot(engine) as connection:
        cut, head = await cut_at(connection, book, moment)
        nodes = await store.fund_nodes(connection, book)
        own = await store.control_figures(connection, book, fiscal_year, cut, head=head)
    shown = rules.with_descendants(nodes, own)
    order = rules.fund_order(nodes)
    funds = [(node, shown[node.code]) for node in sorted(nodes, key=lambda node: order[node.code])]
    total = sum((figures for node, figures in funds if node.parent is None), ControlFigures())
    return FundExecution(fiscal_year, cut.as_of, cut.seq, funds, total)


async def account_ledger(
    engine: AsyncEngine, book: str, question: AccountQuestion, *, limit: int, cursor: str | None
) -> AccountLedger:
    """Return one page of an account's lines with running balances, by effective date, then ``seq``, then line.

    All pages together are one picture: the cursor holds the ``seq`` of the first page, and later entries are left out.
    Raises ``not_found`` for an unknown book, fund or account, ``invalid_request`` for a range that is reversed or begins
    after today, for a ``seq`` the book has not reached, and for a foreign cursor.
    """
    after, seen_seq = read_cursor(cursor)
    today = today_in_shanghai()
    async with snapshot(engine) as connection:
        cut, head = await cut_at(connection, book, Moment(at_seq=question.at_seq))
        names = await store.account_names(connection, book, question.fund, question.account)
        if names is None:
            raise NOT_FOUND.error("account")
        span = await _span(connection, book, question, today)
        if after is not None and not span[0] <= after.effective_on <= span[1]:
            raise invalid_field(
                "cursor", "outside_the_range", "游标不在所查日期之内。", "Lies outside the days asked for."
            )
        seq = cut.seq if seen_seq is None else min(seen_seq, cut.seq)
        reader = _AccountReader(connection, book, question, head, seq)
        opening_debit, opening_credit = await reader.turnover_before(span[0])
        closing_debit, closing_credit = await reader.turnover_before(span[1] + timedelta(days=1))
        lines = await lines_between(connection, reader.seen, span, after=after, limit=limit + 1)
        before_fen = opening_debit - opening_credit if after is None else await reader.balance_after(after)
    shown = lines[:limit]
    movements = (line.debit_fen - line.credit_fen for line in shown)
    last = shown[-1].place if len(lines) > limit else None
    return AccountLedger(
        fund=question.fund,
        account=question.account,
        basis=names.basis,
        name_zh=names.name_zh,
        name_en=names.name_en,
        first_day=span[0],
        last_day=span[1],
        seq=seq,
        opening_fen=opening_debit - opening_credit,
        debit_fen=closing_debit - opening_debit,
        credit_fen=closing_credit - opening_credit,
        closing_fen=closing_debit - closing_credit,
        lines=list(zip(shown, rules.running_balances(before_fen, movements), strict=True)),
        next_cursor=None if last is None else cursor_after(last, seq),
    )


@dataclass(frozen=True, slots=True)
class _AccountReader:
    """Reads one account's standing at any point of its history, from one snapshot."""

    connection: AsyncConnection
    book: str
    question: AccountQuestion
    head: int
    seq: int

    @property
    def seen(self) -> AccountSeen:
        """The account, up to the reader's ``seq``."""
        return AccountSeen(self.book, self.question.fund, self.question.account, self.seq)

    async def turnover_before(self, day: date) -> tuple[int, int]:
        """Return debit and credit turnover up to the day before ``day``."""
        cut = Cut(day - timedelta(days=1), self.seq)
        found = await store.turnover_at(
            self.connection,
            self.book,
            cut,
            head=self.head,
            of_fund=self.question.fund,
            of_account=self.question.account,
        )
        return (found[0].debit_fen, found[0].credit_fen) if found else (0, 0)

    async def balance_after(self, place: Place) -> int:
        """Return the balance right after a line."""
        debit, credit = await self.turnover_before(place.effective_on)
        moved = await moved_on_day_up_to(self.connection, self.seen, place)
        return debit - credit + moved


async def _span(connection: AsyncConnection, book: str, question: AccountQuestion, today: date) -> tuple[date, date]:
    first = question.first_day or await store.first_day(connection, book)
    last = question.last_day or max(today, first)
    if question.first_day is not None and question.first_day > today:
        raise invalid_field("from", "in_the_future", "日期不得晚于今天。", "The date must not be after today.")
    if last < first:
        raise invalid_field("to", "before_from", "截止日期早于起始日期。", "Ends before it begins.")
    return first, last
