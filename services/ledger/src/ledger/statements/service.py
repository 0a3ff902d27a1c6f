"""Use cases of the statements: each answer is taken from one snapshot. Reads only."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND
from common.paging import decode_cursor, page_of
from common.validation import invalid_field
from ledger.accounts.chart import BASES
from ledger.journal.standing import head_seq
from ledger.reports.rules import FundNode, fund_order
from ledger.reports.store import first_day as book_begins
from ledger.reports.store import fund_nodes
from ledger.statements import rules, store
from ledger.statements.rules import Account, AccountLine, MonthSums, Movement, RangeQuestion, Span
from ledger.statements.schemas import (
    AccountBalanceLine,
    AccountBalancesOut,
    AccountBalanceTotal,
    GeneralLedgerAccount,
    GeneralLedgerOut,
    MonthLine,
)
from ledger.statements.store import Cut, Narrowing

_BY_ACCOUNT = ("fund", "account")


@dataclass(frozen=True, slots=True)
class Scene:
    """What every statement needs of the book: its last ``seq``, its funds in order, and today."""

    head: int
    funds: list[FundNode]
    today: date

    def require(self, fund: str | None) -> None:
        """Raise ``not_found`` for a fund the book does not have."""
        if fund is not None and all(node.code != fund for node in self.funds):
            raise NOT_FOUND.error("fund")

    def cut(self, day: date, seq: int | None = None) -> Cut:
        """Return the cut at the end of a day."""
        return Cut(day, self.head if seq is None else seq, self.head)


async def scene_of(connection: AsyncConnection, book: str) -> Scene:
    """Return the scene. Raises ``not_found`` for an unknown book."""
    head = await head_seq(connection, book)
    if head is None:
        raise NOT_FOUND.error()
    funds = await fund_nodes(connection, book)
    order = fund_order(funds)
    return Scene(head, sorted(funds, key=lambda node: order[node.code]), today_in_shanghai())


async def book_name(engine: AsyncEngine, book: str) -> str:
    """Return what stands at the head of a file: the book's name."""
    async with snapshot(engine) as connection:
        return await store.book_name(connection, book)


async def span_of(connection: AsyncConnection, book: str, question: RangeQuestion, today: date) -> Span:
    """Return the days a question means. Raises as `rules.span_of`."""
    return rules.span_of(question, await book_begins(connection, book), today)


async def moved_in(
    connection: AsyncConnection,
    book: str,
    span: Span,
    scene: Scene,
    columns: tuple[str, ...],
    wanted: Narrowing,
    *,
    seq: int,
) -> list[Movement]:
    """Return what stood and moved in a range, by the named columns; opening entries in the range count as opening."""
    before = await store.turnover_at(connection, book, scene.cut(span.first - timedelta(days=1), seq), columns, wanted)
    until = await store.turnover_at(connection, book, scene.cut(span.last, seq), columns, wanted)
    taken = await store.taken_over(connection, book, seq, columns, wanted)
    return rules.movements(before, until, rules.taken_over_within(taken, span))


async def account_balances(
    engine: AsyncEngine,
    book: str,
    question: RangeQuestion,
    *,
    fund: str | None,
    include_descendants: bool,
    at_seq: int | None,
) -> AccountBalancesOut:
    """Return the 科目余额表: every account's opening, turnover and closing, with the sums of each basis.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a range or ``seq`` that cannot be.
    """
    async with snapshot(engine) as connection:
        scene = await scene_of(connection, book)
        scene.require(fund)
        if at_seq is not None and at_seq > scene.head:
            raise invalid_field(
                "at_seq", "not_reached", "账套尚无此序号的凭证。", "The book has no entry with this seq yet."
            )
        span = await span_of(connection, book, question, scene.today)
        seq = scene.head if at_seq is None else at_seq
        moved = await moved_in(connection, book, span, scene, _BY_ACCOUNT, Narrowing(), seq=seq)
        accounts = await store.accounts(connection, book)
    order = fund_order(scene.funds)
    below = {node.code for node in rules.subtree(scene.funds, fund)}
    own = rules.account_lines((one for one in moved if one.key[0] in below), accounts, order)
    shown = own
    if include_descendants:
        rolled = rules.rolled_up(moved, scene.funds)
        shown = rules.account_lines((one for one in rolled if fund is None or one.key[0] == fund), accounts, order)
        # Sums of a parent's net balances: each fund once, as the tops show them.
        tops = {node.code for node in scene.funds if node.parent is None} if fund is None else {fund}
        own = [line for line in shown if line.account.fund in tops]
    return AccountBalancesOut(
        first_day=span.first,
        last_day=span.last,
        seq=seq,
        include_descendants=include_descendants,
        items=[_balance_line(line) for line in shown],
        totals=_basis_totals(own),
    )


def _balance_line(line: AccountLine) -> AccountBalanceLine:
    opening, closing = rules.sides(line.opening_fen), rules.sides(line.closing_fen)
    return AccountBalanceLine(
        fund=line.account.fund,
        fund_name_zh=line.account.fund_name_zh,
        fund_name_en=line.account.fund_name_en,
        account=line.account.code,
        basis=line.account.basis,
        name_zh=line.account.name_zh,
        name_en=line.account.name_en,
        opening_debit_fen=opening[0],
        opening_credit_fen=opening[1],
        debit_fen=line.debit_fen,
        credit_fen=line.credit_fen,
        closing_debit_fen=closing[0],
        closing_credit_fen=closing[1],
    )


def _basis_totals(lines: Iterable[AccountLine]) -> list[AccountBalanceTotal]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0] * 6)
    for line in lines:
        figures = (*rules.sides(line.opening_fen), line.debit_fen, line.credit_fen, *rules.sides(line.closing_fen))
        for place, fen in enumerate(figures):
            sums[line.account.basis][place] += fen
    return [
        AccountBalanceTotal(
            basis=basis,
            opening_debit_fen=total[0],
            opening_credit_fen=total[1],
            debit_fen=total[2],
            credit_fen=total[3],
            closing_debit_fen=total[4],
            closing_credit_fen=total[5],
            balanced=total[0] == total[1] and total[2] == total[3] and total[4] == total[5],
        )
        for basis in BASES
        if (total := sums.get(basis)) is not None
    ]


async def general_ledger(
    engine: AsyncEngine,
    book: str,
    fiscal_year: int,
    *,
    fund: str | None,
    account: str | None,
    limit: int | None,
    cursor: str | None,
) -> GeneralLedgerOut:
    """Return a page of accounts of the 总账 of a year (all of them without a limit), funds in order, then basis and code.

    Raises ``not_found`` for an unknown book, fund or account, ``invalid_request`` for a year that has not begun or a foreign cursor.
    """
    after = decode_cursor(cursor, str, str)
    async with snapshot(engine) as connection:
        scene = await scene_of(connection, book)
        scene.require(fund)
        span = rules.span_of(RangeQuestion(fiscal_year=fiscal_year), scene.today, scene.today)
        accounts = await store.accounts(connection, book, fund)
        if account is not None and all(code != account for _, code in accounts):
            raise NOT_FOUND.error("account")
        wanted = Narrowing(fund, () if account is None else (account,))
        moved = await moved_in(connection, book, span, scene, _BY_ACCOUNT, wanted, seq=scene.head)
        months = await store.turnover_by_month(connection, book, fiscal_year, wanted)
        taken = await store.taken_over(connection, book, scene.head, _BY_ACCOUNT, wanted)
    by_account = _months_by_account(months, taken, span)
    order = fund_order(scene.funds)
    found = rules.account_lines(moved, accounts, order)
    shown_keys = {(line.account.fund, line.account.code) for line in found}
    # An account whose turnover a red entry took back wholly still has its lines.
    found += [AccountLine(accounts[key], 0, 0, 0) for key in by_account if key not in shown_keys]
    found.sort(key=lambda line: _place(line.account, order))
    if after is not None:
        found = _behind(found, (str(after[0]), str(after[1])), accounts, order)
    shown, next_cursor = page_of(
        found, limit or max(len(found), 1), lambda line: (line.account.fund, line.account.code)
    )
    return GeneralLedgerOut(
        fiscal_year=fiscal_year,
        seq=scene.head,
        items=[_ledger_account(line, by_account.get((line.account.fund, line.account.code), [])) for line in shown],
        next_cursor=next_cursor,
    )


def _place(account: Account, order: dict[str, tuple[int, str]]) -> tuple[int, str, int, str]:
    return (*order[account.fund], BASES.index(account.basis), account.code)


def _behind(
    lines: list[AccountLine],
    after: tuple[str, str],
    accounts: dict[tuple[str, str], Account],
    order: dict[str, tuple[int, str]],
) -> list[AccountLine]:
    last = accounts.get(after)
    if last is None:
        raise invalid_field("cursor", "bad_cursor", "不是本接口返回的游标。", "Is not a cursor this list returned.")
    place = _place(last, order)
    return [line for line in lines if _place(line.account, order) > place]


def _months_by_account(
    months: Iterable[tuple[str, str, str, int, int]], taken: Iterable[rules.TakenOver], span: Span
) -> dict[tuple[str, str], list[tuple[str, int, int]]]:
    """Return the turnover of each account's months, without what opening entries took over."""
    sums = {(fund, account, month): (debit, credit) for fund, account, month, debit, credit in months}
    for one in taken:
        if span.first <= one.effective_on <= span.last:
            key = (*one.moved.key, f"{one.effective_on:%Y-%m}")
            debit, credit = sums[key[0], key[1], key[2]]
            left = (debit - one.moved.debit_fen, credit - one.moved.credit_fen)
            sums[key[0], key[1], key[2]] = left
            if left == (0, 0):
                del sums[key[0], key[1], key[2]]
    found: dict[tuple[str, str], list[tuple[str, int, int]]] = defaultdict(list)
    for (fund, account, month), (debit, credit) in sorted(sums.items()):
        found[fund, account].append((month, debit, credit))
    return dict(found)


def _ledger_account(line: AccountLine, months: list[tuple[str, int, int]]) -> GeneralLedgerAccount:
    return GeneralLedgerAccount(
        fund=line.account.fund,
        fund_name_zh=line.account.fund_name_zh,
        fund_name_en=line.account.fund_name_en,
        account=line.account.code,
        basis=line.account.basis,
        name_zh=line.account.name_zh,
        name_en=line.account.name_en,
        opening_fen=line.opening_fen,
        opening_direction=rules.direction(line.opening_fen),
        months=[month_line(one) for one in rules.month_sums(line.opening_fen, months, {})],
        closing_fen=line.closing_fen,
        closing_direction=rules.direction(line.closing_fen),
    )


def month_line(one: MonthSums) -> MonthLine:
    """Return a month's sums as answers show them."""
    return MonthLine(
        month=one.month,
        debit_fen=one.debit_fen,
        credit_fen=one.credit_fen,
        year_debit_fen=one.year_debit_fen,
        year_credit_fen=one.year_credit_fen,
        balance_fen=one.balance_fen,
        direction=rules.direction(one.balance_fen),
    )
