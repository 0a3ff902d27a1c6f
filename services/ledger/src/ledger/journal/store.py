"""The only place that writes entries, postings and chain records.

The engine's own path runs on plain asyncpg connections: explicit BEGIN and COMMIT, one query to load, COPY to write. The other rooms
lock a book and append their chain records through ``service``, which uses the functions on SQLAlchemy connections at the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import orjson
from sqlalchemy import func, insert, select, text

from ledger.books.tables import book as book_table
from ledger.journal import rows
from ledger.journal.chain import FORMAT, Link, RecordKind, canonical, content_hash
from ledger.journal.tables import chain_head, chain_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ledger.journal.decide import Ticket
    from ledger.journal.drafts import Json

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A plain driver connection, taken from a pool or not."""

_LOCK = "SELECT 1 FROM book WHERE code = $1 FOR UPDATE"
_MAY_REWRITE = """
    SELECT bool_or(has_table_privilege(name, 'UPDATE, DELETE, TRUNCATE')) OR has_database_privilege(current_database(), 'TEMP')
           OR has_function_privilege('posting_proved()', 'EXECUTE')
    FROM unnest(ARRAY['journal_entry', 'posting', 'chain_record', 'balance', 'chain_head', 'idempotency_key']) AS name"""
_LOAD = Path(__file__).with_name("load.sql").read_text(encoding="utf-8")


async def lock_book(connection: Connection, book: str) -> bool:
    """Lock the book's row until the transaction ends; false if there is no such book."""
    return await connection.fetchval(_LOCK, book) is not None


async def load(connection: Connection, book: str, tickets: Sequence[Ticket]) -> rows.Loaded:
    """Load what the requests need. Must run after ``lock_book``, as a statement of its own, to see what the lock's last holder did."""
    needs = [ticket.request.needs for ticket in tickets]
    answer: str = await connection.fetchval(
        _LOAD,
        book,
        list({fund for need in needs for fund in need.funds}),
        list({encumbrance for need in needs for encumbrance in need.encumbrances}),
        list({entry for need in needs for entry in need.entries}),
        any(need.subtree for need in needs),
        list({ticket.request.key for ticket in tickets}),
        list({item for need in needs for item in need.items}),
        list({proposal for need in needs for proposal in need.proposals}),
        any(need.all_funds for need in needs),
        list({year for need in needs for year in need.year_ends}),
    )
    loaded: rows.Loaded = orjson.loads(answer)
    return loaded


async def write(connection: Connection, new: rows.NewRows) -> None:
    """Copy the rows in, in the order in which the triggers can prove them."""
    await _copy(connection, "period", rows.PERIOD_COLUMNS, new.periods)
    await _copy(connection, "journal_entry", rows.ENTRY_COLUMNS, new.entries)
    await _copy(connection, "encumbrance", rows.ENCUMBRANCE_COLUMNS, new.encumbrances)
    await _copy(connection, "open_item", rows.ITEM_COLUMNS, new.items)
    await _copy(connection, "posting", rows.POSTING_COLUMNS, new.postings)
    await _copy(connection, "opening_balance", rows.OPENING_COLUMNS, new.openings)
    await _copy(connection, "chain_record", rows.CHAIN_COLUMNS, new.records)
    for table, (columns, side_rows) in new.side.items():
        await _copy(connection, table, columns, side_rows)
    await _copy(connection, "idempotency_key", rows.KEY_COLUMNS, new.keys)


async def _copy(connection: Connection, table: str, columns: Sequence[str], records: Sequence[rows.Row]) -> None:
    if records:
        await connection.copy_records_to_table(table, records=records, columns=columns)


async def may_rewrite(connection: AsyncConnection) -> bool:
    """Tell whether the connected role could change or remove rows, or hang the trigger functions on a table of its own."""
    return bool(await connection.scalar(text(_MAY_REWRITE)))


async def hold_book(connection: AsyncConnection, book: str) -> bool:
    """As ``lock_book``, on a SQLAlchemy connection."""
    found = await connection.scalar(select(book_table.c.code).where(book_table.c.code == book).with_for_update())
    return found is not None


async def append_record(
    connection: AsyncConnection, book: str, kind: RecordKind, content: Mapping[str, Json]
) -> tuple[int, bytes]:
    """Append a record that carries its content, under the book's lock; return its position and hash."""
    head = (
        await connection.execute(select(chain_head.c.position, chain_head.c.hash).where(chain_head.c.book == book))
    ).one()
    link = Link(book, head.position + 1, head.hash)
    digest = content_hash(link, kind, content)
    await connection.execute(
        insert(chain_record).values(
            book=book,
            position=link.position,
            kind=kind,
            format=FORMAT,
            content=canonical(dict(content)).decode(),
            prev_hash=link.prev_hash,
            hash=digest,
            recorded_at=func.clock_timestamp(),
        )
    )
    return link.position, digest
