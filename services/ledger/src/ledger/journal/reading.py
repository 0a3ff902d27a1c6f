"""Reading posted entries back: one by its id, or a filtered list in the order of seq."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Exists, Select, and_, exists, select

from common.errors import NOT_FOUND
from ledger.books.tables import book as book_table
from ledger.journal.drafts import PostedEntry, PostedLine
from ledger.journal.tables import chain_record, journal_entry, posting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries to list; nothing means any. Fund and account must meet in one posting. Dates are inclusive."""

    fund: str | None = None
    account: str | None = None
    reference: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None


async def require_book(connection: AsyncConnection, book: str) -> None:
    """Raise ``not_found`` unless the book exists."""
    if await connection.scalar(select(book_table.c.code).where(book_table.c.code == book)) is None:
        raise NOT_FOUND.error()


async def entry_by_id(connection: AsyncConnection, book: str, entry: UUID) -> PostedEntry:
    """Return one entry. Raises ``not_found``."""
    found = await _posted(connection, book, _entries(book).where(journal_entry.c.id == entry))
    if not found:
        raise NOT_FOUND.error()
    return found[0]


async def entries_after(
    connection: AsyncConnection, book: str, wanted: EntryFilter, *, after_seq: int, limit: int
) -> list[PostedEntry]:
    """Return up to ``limit`` entries with a higher seq that pass the filter, oldest first."""
    entry = journal_entry.c
    query = _entries(book).where(entry.seq > after_seq)
    if wanted.reference is not None:
        query = query.where(entry.reference == wanted.reference)
    if wanted.effective_from is not None:
        query = query.where(entry.effective_on >= wanted.effective_from)
    if wanted.effective_to is not None:
        query = query.where(entry.effective_on <= wanted.effective_to)
    if wanted.fund is not None or wanted.account is not None:
        query = query.where(_touches(book, wanted))
    return await _posted(connection, book, query.order_by(entry.seq).limit(limit))


def _touches(book: str, wanted: EntryFilter) -> Exists:
    line = posting.c
    conditions = [line.book == book, line.seq == journal_entry.c.seq]
    if wanted.fund is not None:
        conditions.append(line.fund == wanted.fund)
    if wanted.account is not None:
        conditions.append(line.account == wanted.account)
    return exists().where(*conditions)


def _entries(book: str) -> Select[tuple[object, ...]]:
    chained = and_(chain_record.c.book == journal_entry.c.book, chain_record.c.seq == journal_entry.c.seq)
    return (
        select(journal_entry, chain_record.c.position, chain_record.c.hash)
        .join(chain_record, chained)
        .where(journal_entry.c.book == book)
    )


async def _posted(connection: AsyncConnection, book: str, query: Select[tuple[object, ...]]) -> list[PostedEntry]:
    rows = (await connection.execute(query)).mappings().all()
    lines = await _lines(connection, book, [row["seq"] for row in rows])
    return [posted_entry(row, tuple(lines[row["seq"]])) for row in rows]


async def _lines(connection: AsyncConnection, book: str, seqs: Sequence[int]) -> dict[int, list[PostedLine]]:
    found: dict[int, list[PostedLine]] = {}
    if seqs:
        query = (
            select(posting)
            .where(posting.c.book == book, posting.c.seq.in_(seqs))
            .order_by(posting.c.seq, posting.c.line)
        )
        for row in (await connection.execute(query)).mappings():
            found.setdefault(row["seq"], []).append(posted_line(row))
    return found


def posted_line(row: RowMapping) -> PostedLine:
    """Return a row of ``posting`` as a posted line."""
    return PostedLine(*(row[name] for name in PostedLine._fields))


def posted_entry(row: RowMapping, postings: tuple[PostedLine, ...]) -> PostedEntry:
    """Return a row of ``journal_entry`` joined with its chain record, and its lines, as a posted entry."""
    columns = {name: row[name] for name in PostedEntry._fields if name in row}
    columns["attachment_hashes"] = tuple(row["attachment_hashes"])
    return PostedEntry(**columns, postings=postings)
