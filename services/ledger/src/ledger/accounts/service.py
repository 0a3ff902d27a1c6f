"""Use cases of accounts: giving a new fund its accounts, and listing them."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import snapshot
from common.errors import NOT_FOUND
from common.paging import decode_cursor, page_of
from ledger.accounts import store
from ledger.accounts.chart import chart_of_accounts
from ledger.accounts.store import AccountRow


async def create_accounts(connection: AsyncConnection, book: str, fund: str) -> None:
    """Give a fund every account of the chart, in the caller's transaction.

    The caller has inserted the fund and holds the book's lock.
    """
    await store.insert_accounts(connection, book, fund, chart_of_accounts())


async def list_accounts(
    engine: AsyncEngine, book: str, fund: str | None, *, limit: int, cursor: str | None
) -> tuple[list[AccountRow], str | None]:
    """Return one page of a fund's accounts (or of all funds'), by fund and code.

    Raises ``not_found`` for an unknown book or fund, ``invalid_request`` for a foreign cursor.
    """
    after = decode_cursor(cursor, str, str)
    async with snapshot(engine) as connection:
        if not await store.fund_exists(connection, book, fund):
            raise NOT_FOUND.error("fund" if fund is not None else None)
        rows = await store.accounts_after(connection, book, fund, after=after, limit=limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.fund, row.code))
    return list(shown), next_cursor
