"""Use cases of the reports: each answer is taken from one snapshot. Reads only."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND, Problem
from common.paging import decode_cursor, encode_cursor
from common.validation import invalid_field
from ledger.journal.drafts import Basis
from ledger.reports import rules, store
from ledger.reports.rules import ControlFigures, FundNode, TrialLine, TrialTotal
from ledger.reports.store import Cut, LedgerLine, Place


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Cumulative turnover and balances at the end of a day, counting entries up to ``seq``."""

    as_of: date
    seq: int
    lines: list[TrialLine]
    totals: list[TrialTotal]


@dataclass(frozen=True, slots=True)
class AccountQuestion:
    """Which account, over which days (both included); without them from the book's beginning to today."""

    fund: str
    account: str
    first_day: date | None
    last_day: date | None


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
    lines: list[tuple[LedgerLine, int]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class FundExecution:
    """Every fund's budget indicators of one year, descendants included, and the sum over the top funds."""

    fiscal_year: int
    seq: int
    funds: list[tuple[FundNode, ControlFigures]]
    total: ControlFigures


async def trial_balance(
    engine: AsyncEngine, book: str, *, as_of: date | None, at_seq: int | None, fund: str | None, basis: Basis | None
) -> TrialBalance:
    """Return the trial balance at the end of a day (today by default), counting entries up to ``at_seq`` (all by default).

    ``fund`` means that fund alone, without those below it. Raises ``not_found`` for an unknown book or fund,
    ``invalid_request`` for a day after today or a ``seq`` the book has not reached.
    """
    today = today_in_shanghai()
    day = as_of or today
    if day > today:
        raise _future("as_of")
    async with snapshot(engine) as connection:
        head = await _head(connection, book)
        if at_seq is not None and at_seq > head:
            raise invalid_field(
                "at_seq", "not_reached", "账套尚无此序号的凭证。", "The book has no entry with this seq yet."
            )
        nodes = await store.fund_nodes(connection, book)
        if fund is not None and all(node.code != fund for node in nodes):
            raise NOT_FOUND.error("fund")
        cut = Cut(day, head if at_seq is None else at_seq)
        turnover = await store.turnover_at(connection, book, cut, head=head, of_fund=fund)
        lines = await store.trial_lines(connection, book, turnover)
    order = rules.fund_order(nodes)
    shown = sorted(
        (line for line in lines if basis is None or line.basis == basis),
        key=lambda line: rules.trial_order(line, order),
    )
    return TrialBalance(day, cut.seq, shown, rules.trial_totals(shown))


async def fund_execution(engine: AsyncEngine, book: str, fiscal_year: int) -> FundExecution:
    """Return every fund's budget indicators of a year; a parent's contain those of all funds below it.

    Raises ``not_found`` for an unknown book.
    """
    async with snapshot(engine) as connection:
        head = await _head(connection, book)
        nodes = await store.fund_nodes(connection, book)
        own = await store.control_figures(connection, book, fiscal_year)
    shown = rules.with_descendants(nodes, own)
    order = rules.fund_order(nodes)
    funds = [(node, shown[node.code]) for node in sorted(nodes, key=lambda node: order[node.code])]
    total = sum((figures for node, figures in funds if node.parent is None), ControlFigures())
    return FundExecution(fiscal_year, head, funds, total)


async def account_ledger(
    engine: AsyncEngine, book: str, question: AccountQuestion, *, limit: int, cursor: str | None
) -> AccountLedger:
    """Return one page of an account's lines with running balances, by effective date, then ``seq``, then line.

    All pages together are one picture: the cursor holds the ``seq`` of the first page, and later entries are left out.
    Raises ``not_found`` for an unknown book, fund or account, ``invalid_request`` for a range that is reversed or begins
    after today, and for a foreign cursor.
    """
    after, seen_seq = _read_cursor(cursor)
    today = today_in_shanghai()
    async with snapshot(engine) as connection:
        head = await _head(connection, book)
        names = await store.account_names(connection, book, question.fund, question.account)
        if names is None:
            raise NOT_FOUND.error("account")
        span = await _span(connection, book, question, today)
        if after is not None and not span[0] <= after.effective_on <= span[1]:
            raise invalid_field(
                "cursor", "outside_the_range", "游标不在所查日期之内。", "Lies outside the days asked for."
            )
        seq = head if seen_seq is None else min(seen_seq, head)
        reader = _AccountReader(connection, book, question, head, seq)
        opening_debit, opening_credit = await reader.turnover_before(span[0])
        closing_debit, closing_credit = await reader.turnover_before(span[1] + timedelta(days=1))
        lines = await store.ledger_lines(
            connection, book, question.fund, question.account, span, after=after, up_to_seq=seq, limit=limit + 1
        )
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
        next_cursor=None if last is None else encode_cursor(last.effective_on, last.seq, last.line, seq),
    )


@dataclass(frozen=True, slots=True)
class _AccountReader:
    """Reads one account's standing at any point of its history, from one snapshot."""

    connection: AsyncConnection
    book: str
    question: AccountQuestion
    head: int
    seq: int

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
        moved = await store.moved_on_day_up_to(
            self.connection, self.book, self.question.fund, self.question.account, place, up_to_seq=self.seq
        )
        return debit - credit + moved


async def _head(connection: AsyncConnection, book: str) -> int:
    head = await store.head_seq(connection, book)
    if head is None:
        raise NOT_FOUND.error()
    return head


async def _span(connection: AsyncConnection, book: str, question: AccountQuestion, today: date) -> tuple[date, date]:
    first = question.first_day or await store.first_day(connection, book)
    last = question.last_day or max(today, first)
    if question.first_day is not None and question.first_day > today:
        raise _future("from")
    if last < first:
        raise invalid_field("to", "before_from", "截止日期早于起始日期。", "Ends before it begins.")
    return first, last


def _read_cursor(cursor: str | None) -> tuple[Place | None, int | None]:
    match decode_cursor(cursor, date, int, int, int):
        case (date() as day, int() as seq, int() as line, int() as seen_seq):
            return Place(day, seq, line), seen_seq
        case _:
            return None, None


def _future(field: str) -> Problem:
    return invalid_field(field, "in_the_future", "日期不得晚于今天。", "The date must not be after today.")
