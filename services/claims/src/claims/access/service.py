"""Use cases of the access log: record an access, read the log, verify its chain."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from claims.access import store
from claims.access.rules import Access, Action, Head, Record, Walk, next_record
from claims.access.store import LogFilter
from common.database import snapshot
from common.paging import decode_cursor, page_of

CHUNK_RECORDS = 1000


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found: the log's head, and the first position that is not what it must be (None: all are)."""

    head: Head
    broken_position: int | None


async def record_access(
    conn: AsyncConnection,
    *,
    book: str,
    person: str,
    action: Action,
    subject: str,
    subject_id: UUID | None,
    reason: str | None = None,
    detail: Mapping[str, str | int] | None = None,
) -> None:
    """Write down an access in the transaction that permits it, before anything leaves.

    `subject` is a table-like word (`household`, `document`, `bank_file`); `reason` is required for `unmask` and `erasure`. Nothing
    here may name a person whom the data is about. The book's log stays locked until the transaction ends: keep it short, take this lock
    last, and send nothing before the commit. Needs READ COMMITTED (`common.database.transaction`).
    """
    head, at = await store.lock_head(conn, book)
    access = Access(person, action, subject, subject_id, reason, detail or {})
    await store.append(conn, next_record(book, head, at, access))


async def list_records(
    engine: AsyncEngine, book: str, wanted: LogFilter, limit: int, cursor: str | None
) -> tuple[list[Record], str | None]:
    """A page of the log, newest first. Raises ``invalid_request`` (cursor)."""
    place = decode_cursor(cursor, int)
    before = place[0] if place is not None and isinstance(place[0], int) else None
    async with snapshot(engine) as conn:
        rows = await store.records_before(conn, book, wanted, before, limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda record: (record.position,))
    return list(shown), next_cursor


async def verify(engine: AsyncEngine, book: str) -> Verification:
    """Recompute every hash of a book's log from what is stored, chunk by chunk, against the head of the moment it began."""
    walk = Walk()
    async with snapshot(engine) as conn:
        head = await store.head_of(conn, book)
        beyond = await store.records_after(conn, book, head.position, 1)
    while walk.broken_position is None and walk.position < head.position:
        most = min(CHUNK_RECORDS, head.position - walk.position)
        async with snapshot(engine) as conn:
            records = await store.records_after(conn, book, walk.position, most)
        if not records:
            break
        walk.take(records)
        # Hashing a chunk takes the loop a few milliseconds; others go in between.
        await asyncio.sleep(0)
    walk.end(head)
    if walk.broken_position is None and beyond:
        walk.broken_position = beyond[0].position
    return Verification(head, walk.broken_position)
