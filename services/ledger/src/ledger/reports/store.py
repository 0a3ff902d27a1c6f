"""SQL of the reports. Figures come from maintained totals (``journal.standing``): a report does not cost more as a book grows older."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts.tables import account
from ledger.books.tables import book as book_table
from ledger.budgets.tables import purpose
from ledger.funds.tables import fund
from ledger.journal.drafts import Basis
from ledger.journal.standing import Cut, Wanted, standing
from ledger.reports.rules import ControlFigures, FundNode, TrialLine, Turnover

_CONTROL = ("allotted", "available", "encumbered", "expended")


@dataclass(frozen=True, slots=True)
class AccountNames:
    """What an account is called, and its basis."""

    basis: Basis
    name_zh: str
    name_en: str


async def turnover_at(
    connection: AsyncConnection,
    book: str,
    cut: Cut,
    *,
    head: int,
    of_fund: str | None = None,
    of_account: str | None = None,
) -> list[Turnover]:
    """Cumulative turnover per fund and account at a cut. ``head`` is the book's last ``seq`` in the same snapshot."""
    moved = standing(book, cut, head, Wanted(fund=of_fund, accounts=() if of_account is None else (of_account,)))
    summed = (
        select(moved.c.fund, moved.c.account, func.sum(moved.c.debit_fen), func.sum(moved.c.credit_fen))
        .group_by(moved.c.fund, moved.c.account)
        .order_by(moved.c.fund, moved.c.account)
    )
    return [
        Turnover(fund_code, code, int(debit), int(credit))
        for fund_code, code, debit, credit in await connection.execute(summed)
    ]


async def trial_lines(connection: AsyncConnection, book: str, turned: Sequence[Turnover]) -> list[TrialLine]:
    """Return the turnover with each account's basis and names, without accounts on which nothing has moved."""
    moved = {(one.fund, one.account): one for one in turned if one.debit_fen or one.credit_fen}
    attributes = select(account.c.fund, account.c.code, account.c.basis, account.c.name_zh, account.c.name_en).where(
        account.c.book == book
    )
    return [
        TrialLine(row.fund, row.code, row.basis, row.name_zh, row.name_en, one.debit_fen, one.credit_fen)
        for row in await connection.execute(attributes)
        if (one := moved.get((row.fund, row.code))) is not None
    ]


async def fund_nodes(connection: AsyncConnection, book: str) -> list[FundNode]:
    """All funds of the book in their own order."""
    rows = await connection.execute(
        select(fund.c.code, fund.c.parent, fund.c.position, fund.c.name_zh, fund.c.name_en)
        .where(fund.c.book == book)
        .order_by(fund.c.position, fund.c.code)
    )
    return [FundNode(row.code, row.parent, row.position, row.name_zh, row.name_en) for row in rows]


async def first_day(connection: AsyncConnection, book: str) -> date:
    """Return the first day of the book's first month."""
    found = await connection.execute(select(book_table.c.first_period).where(book_table.c.code == book))
    return date.fromisoformat(f"{found.scalar_one()}-01")


async def account_names(connection: AsyncConnection, book: str, fund_code: str, code: str) -> AccountNames | None:
    """Basis, Chinese and English name of an account, or nothing."""
    found = await connection.execute(
        select(account.c.basis, account.c.name_zh, account.c.name_en).where(
            account.c.book == book, account.c.fund == fund_code, account.c.code == code
        )
    )
    row = found.one_or_none()
    return None if row is None else AccountNames(row.basis, row.name_zh, row.name_en)


async def control_figures(
    connection: AsyncConnection, book: str, fiscal_year: int, cut: Cut, *, head: int
) -> dict[str, ControlFigures]:
    """Each fund's own budget indicators of one year at a cut, as positive amounts. ``head`` as in ``turnover_at``."""
    moved = standing(book, cut, head, Wanted(accounts=_CONTROL, budget_year=fiscal_year))

    def figure(code: str, sign: int) -> ColumnElement[int]:
        amount = sign * (moved.c.debit_fen - moved.c.credit_fen)
        return func.coalesce(func.sum(amount).filter(moved.c.account == code), 0).label(code)

    rows = await connection.execute(
        select(
            moved.c.fund,
            figure("allotted", 1),
            figure("encumbered", -1),
            figure("expended", -1),
            figure("available", -1),
        ).group_by(moved.c.fund)
    )
    return {
        row.fund: ControlFigures(int(row.allotted), int(row.encumbered), int(row.expended), int(row.available))
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Sum:
    """Turnover in fen, over everything that was asked for together."""

    debit_fen: int
    credit_fen: int


async def sum_at(connection: AsyncConnection, book: str, cut: Cut, wanted: Wanted, *, head: int) -> Sum:
    """Turnover at a cut, all wanted balances together. ``head`` as in ``turnover_at``."""
    moved = standing(book, cut, head, wanted)
    found = await connection.execute(
        select(func.coalesce(func.sum(moved.c.debit_fen), 0), func.coalesce(func.sum(moved.c.credit_fen), 0))
    )
    debit, credit = found.one()
    return Sum(int(debit), int(credit))


async def has_purpose(connection: AsyncConnection, book: str, fund_code: str, code: str, *, subtree: bool) -> bool:
    """Tell whether a purpose of this code serves the fund (it stands under it or one above), or one below it."""
    serves = (purpose.c.fund == fund_code) | func.starts_with(literal(fund_code), purpose.c.fund + ".")
    if subtree:
        serves |= func.starts_with(purpose.c.fund, f"{fund_code}.")
    found = await connection.execute(
        select(literal(1)).where(purpose.c.book == book, purpose.c.code == code, serves).limit(1)
    )
    return found.first() is not None
