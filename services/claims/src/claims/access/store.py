"""SQL of the access log. Every statement names the book."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.access.rules import EMPTY, Action, Head, Record
from claims.access.tables import access_head, access_record


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which records are wanted; instants from (included) to (excluded)."""

    person: str | None = None
    action: Action | None = None
    subject: str | None = None
    subject_id: UUID | None = None
    at_from: datetime | None = None
    at_until: datetime | None = None


_COLUMNS = [access_record.c[name] for name in Record.__dataclass_fields__]


def _record(row: sa.RowMapping) -> Record:
    return Record(**{**row, "hash": bytes(row["hash"]), "prev_hash": bytes(row["prev_hash"])})


async def lock_head(conn: AsyncConnection, book: str) -> tuple[Head, datetime]:
    """Lock the end of a book's log until the transaction ends; answers it with the database's present instant."""
    await conn.execute(insert(access_head).values(book=book).on_conflict_do_nothing())
    chosen = sa.select(access_head.c.position, access_head.c.hash).where(access_head.c.book == book).with_for_update()
    row = (await conn.execute(chosen)).one()
    # A statement of its own: the instant is that of having the lock, so that records are dated in their order.
    at: datetime = (await conn.execute(sa.select(sa.func.clock_timestamp()))).scalar_one()
    return Head(row.position, bytes(row.hash)), at


async def append(conn: AsyncConnection, record: Record) -> None:
    """Add a record at the end of its book's log."""
    await conn.execute(sa.insert(access_record).values(asdict(record)))


async def head_of(conn: AsyncConnection, book: str) -> Head:
    """Where a book's log ends."""
    chosen = sa.select(access_head.c.position, access_head.c.hash).where(access_head.c.book == book)
    row = (await conn.execute(chosen)).one_or_none()
    return EMPTY if row is None else Head(row.position, bytes(row.hash))


async def records_after(conn: AsyncConnection, book: str, position: int, limit: int) -> list[Record]:
    """The next records in their order."""
    chosen = sa.select(*_COLUMNS).where(access_record.c.book == book, access_record.c.position > position)
    rows = await conn.execute(chosen.order_by(access_record.c.position).limit(limit))
    return [_record(row) for row in rows.mappings()]


async def records_before(
    conn: AsyncConnection, book: str, wanted: LogFilter, before: int | None, limit: int
) -> Sequence[Record]:
    """The newest records that are wanted, before a position."""
    r = access_record
    chosen = sa.select(*_COLUMNS).where(r.c.book == book).order_by(r.c.position.desc()).limit(limit)
    for name in ("person", "action", "subject", "subject_id"):
        value = getattr(wanted, name)
        if value is not None:
            chosen = chosen.where(r.c[name] == value)
    if wanted.at_from is not None:
        chosen = chosen.where(r.c.at >= wanted.at_from)
    if wanted.at_until is not None:
        chosen = chosen.where(r.c.at < wanted.at_until)
    if before is not None:
        chosen = chosen.where(r.c.position < before)
    return [_record(row) for row in (await conn.execute(chosen)).mappings()]
