"""SQL of books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_unless_there
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts.tables import account
from ledger.books.tables import book
from ledger.funds.tables import fund
from ledger.journal.drafts import Basis, Json, Side


@dataclass(frozen=True, slots=True)
class BookRow:
    """A book."""

    code: str
    name: str
    first_period: str
    hash_suite: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BookFund:
    """One of a book's funds without a parent."""

    code: str
    category: str
    name_zh: str
    name_en: str
    source_order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BookAccount:
    """An account of the book's chart."""

    code: str
    name_zh: str
    name_en: str
    basis: Basis
    normal_side: Side


async def insert_book(connection: AsyncConnection, code: str, name: str, first_period: str) -> bool:
    """Insert a book; false if there is one of that code. Waits for a rival that is inserting it."""
    inserted = await connection.execute(
        insert_unless_there(book)
        .values(code=code, name=name, first_period=first_period)
        .on_conflict_do_nothing(index_elements=[book.c.code])
        .returning(book.c.code)
    )
    return inserted.first() is not None


async def insert_funds(connection: AsyncConnection, code: str, funds: Sequence[dict[str, Json]]) -> None:
    """Insert the funds of a new book."""
    await connection.execute(insert(fund), [{"book": code, **one} for one in funds])


async def clock(connection: AsyncConnection) -> datetime:
    """Return the present instant by the database's clock."""
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def book_by_code(connection: AsyncConnection, code: str) -> BookRow | None:
    """Return the book, or nothing."""
    found = await connection.execute(
        select(book.c.code, book.c.name, book.c.first_period, book.c.hash_suite, book.c.created_at).where(
            book.c.code == code
        )
    )
    row = found.one_or_none()
    return None if row is None else BookRow(*row)


async def top_funds(connection: AsyncConnection, code: str) -> list[BookFund]:
    """Return the funds of the book that have no parent, in order."""
    rows = await connection.execute(
        select(fund).where(fund.c.book == code, fund.c.parent.is_(None)).order_by(fund.c.position, fund.c.code)
    )
    return [BookFund(row.code, row.category, row.name_zh, row.name_en, tuple(row.source_order)) for row in rows]


async def chart(connection: AsyncConnection, code: str) -> list[BookAccount]:
    """Return every account code of the book once, by code."""
    columns = (account.c.code, account.c.name_zh, account.c.name_en, account.c.basis, account.c.normal_side)
    rows = await connection.execute(select(*columns).distinct().where(account.c.book == code).order_by(account.c.code))
    return [BookAccount(*row) for row in rows]


async def codes(connection: AsyncConnection) -> Sequence[str]:
    """Return the codes of all books."""
    return (await connection.execute(select(book.c.code).order_by(book.c.code))).scalars().all()
