"""Sealing anew what lies under an old key, in small batches, column by column, while everything goes on.

How far it has come is in the data itself: a ciphertext names its key. So a process killed at any point loses nothing, several may work,
and nothing is unreadable meanwhile, for the ring keeps the old key until no ciphertext names it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from claims.access.sealed import SEALED, SealedColumn
from claims.access.tables import reseal_batch
from common.crypto import ERASED, DecryptionError, FieldCipher
from common.database import snapshot, transaction
from common.errors import Problem
from common.logging import get_logger

log = get_logger(__name__)

BATCH_ROWS = 200
_START = "(0,0)"


@dataclass(frozen=True, slots=True)
class ColumnProgress:
    """Of one column: how many ciphertexts there are, and how many still lie under another key."""

    table: str
    column: str
    sealed: int
    remaining: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step did: ciphertexts sealed anew, those that could not be opened, and where to go on (None: column done)."""

    resealed: int
    unreadable: int
    after: str | None


@dataclass(frozen=True, slots=True)
class _Stale:
    """A ciphertext of another key: where its row lies now, and what it is bound to."""

    place: str
    sealed: bytes
    context: str


async def reseal_all(engine: AsyncEngine, cipher: FieldCipher, stopping: asyncio.Event | None = None) -> int:
    """Go once through every sealed column, unless told to stop; answers how many ciphertexts were sealed anew.

    A column in which the database fails is left for the next round; the others are gone through all the same.
    """
    done = 0
    for column in SEALED:
        try:
            async for resealed in _reseal_column(engine, cipher, column, stopping):
                done += resealed
        except (Problem, SQLAlchemyError) as error:
            log.exception("column_not_resealed", table=column.table, column=column.column, error=type(error).__name__)
    return done


async def _reseal_column(
    engine: AsyncEngine, cipher: FieldCipher, column: SealedColumn, stopping: asyncio.Event | None
) -> AsyncIterator[int]:
    after: str | None = _START
    while after is not None and not (stopping is not None and stopping.is_set()):
        batch = await reseal_batch_of(engine, cipher, column, after)
        after = batch.after
        if batch.unreadable:
            log.error("unreadable_ciphertexts", table=column.table, column=column.column, rows=batch.unreadable)
        yield batch.resealed


async def reseal_batch_of(engine: AsyncEngine, cipher: FieldCipher, column: SealedColumn, after: str) -> Batch:
    """Seal anew the next ciphertexts of a column that lie under another key, in one transaction."""
    async with transaction(engine) as conn:
        rows = await _stale(conn, cipher, column, after)
        before, again, places, unreadable = [], [], [], 0
        for row in rows:
            try:
                plain = cipher.decrypt_bytes(row.sealed, row.context)
            except DecryptionError:
                unreadable += 1
                continue
            places.append(row.place)
            before.append(row.sealed)
            again.append(cipher.encrypt_bytes(plain, row.context))
        resealed = 0
        if places:
            call = sa.select(sa.func.reseal(column.table, column.column, *_arrays(places, before, again)))
            resealed = int((await conn.execute(call)).scalar_one())
    if resealed:
        log.info("resealed", table=column.table, column=column.column, rows=resealed, key=cipher.current_key)
    return Batch(resealed, unreadable, rows[-1].place if len(rows) == BATCH_ROWS else None)


def _arrays(places: list[str], before: list[bytes], after: list[bytes]) -> tuple[sa.BindParameter[object], ...]:
    texts, ciphers = sa.ARRAY(sa.Text), sa.ARRAY(sa.LargeBinary)
    return (
        sa.bindparam("places", places, texts),
        sa.bindparam("before", before, ciphers),
        sa.bindparam("after", after, ciphers),
    )


async def _stale(conn: AsyncConnection, cipher: FieldCipher, column: SealedColumn, after: str) -> list[_Stale]:
    """The next rows in their physical order whose ciphertext does not begin as the current key's do."""
    table = sa.table(column.table, *map(sa.column, {*column.parts, column.column, "ctid"}))
    sealed: sa.ColumnElement[bytes] = table.c[column.column]
    place: sa.ColumnElement[object] = table.c["ctid"]
    chosen = (
        sa.select(sa.cast(place, sa.Text).label("place"), sealed.label("sealed"), *(table.c[n] for n in column.parts))
        .where(place > sa.text("CAST(CAST(:after AS text) AS tid)").bindparams(after=after), _is_stale(cipher, sealed))
        .order_by(place)
        .limit(BATCH_ROWS)
    )
    rows = (await conn.execute(chosen)).mappings()
    return [_Stale(str(row["place"]), bytes(row["sealed"]), column.context.format(**row)) for row in rows]


def _is_stale(cipher: FieldCipher, sealed: sa.ColumnElement[bytes]) -> sa.ColumnElement[bool]:
    header = cipher.current_header
    begins = sa.func.substr(sealed, 1, len(header))
    return sa.and_(begins != sa.literal(header, sa.LargeBinary), sealed != sa.literal(ERASED, sa.LargeBinary))


async def progress(engine: AsyncEngine, cipher: FieldCipher, book: str) -> list[ColumnProgress]:
    """How far each column of a book has come, counted now."""
    async with snapshot(engine) as conn:
        return [await _progress_of(conn, cipher, book, column) for column in SEALED]


async def _progress_of(conn: AsyncConnection, cipher: FieldCipher, book: str, column: SealedColumn) -> ColumnProgress:
    table = sa.table(column.table, sa.column("book"), sa.column(column.column))
    sealed = table.c[column.column]
    erased = sealed == sa.literal(ERASED, sa.LargeBinary)
    chosen = sa.select(
        sa.func.count(sealed).filter(~erased), sa.func.count(sealed).filter(_is_stale(cipher, sealed))
    ).where(table.c.book == book)
    sealed_count, remaining = (await conn.execute(chosen)).one()
    return ColumnProgress(column.table, column.column, sealed_count, remaining)


async def batches_done(engine: AsyncEngine, key_id: str) -> int:
    """How many ciphertexts of all books were sealed anew to a key."""
    async with snapshot(engine) as conn:
        total = sa.select(sa.func.coalesce(sa.func.sum(reseal_batch.c.row_count), 0))
        return int((await conn.execute(total.where(reseal_batch.c.key_id == key_id))).scalar_one())
