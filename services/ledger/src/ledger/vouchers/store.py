"""SQL of the vouchers: the names around an entry, and the entries that belong to it."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts.tables import account
from ledger.books.tables import book as book_table
from ledger.funds.tables import fund
from ledger.journal.tables import journal_entry
from ledger.vouchers.rules import AccountName, Related, voucher_number


async def book_name(connection: AsyncConnection, book: str) -> str:
    """Return the book's name, or its code if there is no such book."""
    return (await connection.scalar(select(book_table.c.name).where(book_table.c.code == book))) or book


async def account_names(connection: AsyncConnection, book: str, funds: set[str]) -> dict[tuple[str, str], AccountName]:
    """Return the accounts of some funds by fund and code."""
    rows = await connection.execute(
        select(
            account.c.fund,
            account.c.code,
            account.c.basis,
            account.c.name_zh,
            account.c.name_en,
            fund.c.name_zh.label("fund_name_zh"),
            fund.c.name_en.label("fund_name_en"),
        )
        .join(fund, (fund.c.book == account.c.book) & (fund.c.code == account.c.fund))
        .where(account.c.book == book, account.c.fund.in_(sorted(funds)))
    )
    return {
        (row.fund, row.code): AccountName(row.basis, row.name_zh, row.name_en, row.fund_name_zh, row.fund_name_en)
        for row in rows
    }


async def taken_back(connection: AsyncConnection, book: str, entry: UUID) -> Related | None:
    """Return the entry of this id as another voucher names it."""
    return await _related(connection, book, by_undoes=False, entry=entry)


async def taking_back(connection: AsyncConnection, book: str, entry: UUID) -> Related | None:
    """Return the entry that took this one back, if any did."""
    return await _related(connection, book, by_undoes=True, entry=entry)


async def _related(connection: AsyncConnection, book: str, *, by_undoes: bool, entry: UUID) -> Related | None:
    column = journal_entry.c.undoes if by_undoes else journal_entry.c.id
    found = await connection.execute(
        select(
            journal_entry.c.voucher_type,
            journal_entry.c.voucher_number,
            journal_entry.c.effective_on,
            journal_entry.c.period,
        ).where(journal_entry.c.book == book, column == entry)
    )
    row = found.one_or_none()
    if row is None:
        return None
    return Related(f"{row.period} {voucher_number(row.voucher_type, row.voucher_number)}", row.effective_on)
