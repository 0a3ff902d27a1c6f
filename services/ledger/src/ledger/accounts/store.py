"""SQL of accounts."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import insert, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from common.paging import Key
from ledger.accounts.chart import ChartAccount
from ledger.accounts.tables import account
from ledger.books.tables import book as book_table
from ledger.funds.tables import fund as fund_table
from ledger.journal.drafts import Basis, Side


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account of a fund."""

    fund: str
    code: str
    name_zh: str
    name_en: str
    basis: Basis
    normal_side: Side


async def insert_accounts(connection: AsyncConnection, book: str, fund: str, chart: Iterable[ChartAccount]) -> None:
    """Insert one row a chart account for a fund."""
    rows = [{"book": book, "fund": fund, **one.model_dump(exclude={"source"})} for one in chart]
    await connection.execute(insert(account), rows)


async def fund_exists(connection: AsyncConnection, book: str, fund: str | None) -> bool:
    """Tell whether the book has the fund; without a fund, whether there is the book."""
    if fund is None:
        found = await connection.execute(select(literal(1)).where(book_table.c.code == book))
    else:
        found = await connection.execute(select(literal(1)).where(fund_table.c.book == book, fund_table.c.code == fund))
    return found.first() is not None


async def accounts_after(
    connection: AsyncConnection, book: str, fund: str | None, *, after: tuple[Key, ...] | None, limit: int
) -> list[AccountRow]:
    """Return the next accounts by fund and code."""
    wanted = select(account).where(account.c.book == book).order_by(account.c.fund, account.c.code).limit(limit)
    if fund is not None:
        wanted = wanted.where(account.c.fund == fund)
    if after is not None:
        wanted = wanted.where(tuple_(account.c.fund, account.c.code) > tuple_(*map(literal, after)))
    return [
        AccountRow(row.fund, row.code, row.name_zh, row.name_en, row.basis, row.normal_side)
        for row in await connection.execute(wanted)
    ]
