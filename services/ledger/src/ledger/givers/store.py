"""SQL of givers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, and_, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.givers.tables import giver, giver_disclosure, giver_erasure, giver_person


def _givers(book: str) -> Select[Any]:
    person = and_(giver_person.c.book == giver.c.book, giver_person.c.ref == giver.c.ref)
    erasure = and_(giver_erasure.c.book == giver.c.book, giver_erasure.c.ref == giver.c.ref)
    return (
        select(giver, giver_person.c.name_sealed, giver_person.c.contact_sealed, giver_erasure.c.erased_at)
        .outerjoin(giver_person, person)
        .outerjoin(giver_erasure, erasure)
        .where(giver.c.book == book)
    )


async def giver_by_ref(connection: AsyncConnection, book: str, ref: str) -> Row[Any] | None:
    """Return a giver with the sealed person, or nothing."""
    found: Row[Any] | None = (await connection.execute(_givers(book).where(giver.c.ref == ref))).one_or_none()
    return found


async def givers_after(connection: AsyncConnection, book: str, *, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the next givers by reference."""
    query = _givers(book).where(giver.c.ref > after).order_by(giver.c.ref).limit(limit)
    found: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return found


async def insert_giver(connection: AsyncConnection, row: Mapping[str, object], person: Mapping[str, object]) -> None:
    """Add a giver and the sealed person."""
    await connection.execute(insert(giver).values(row))
    await connection.execute(insert(giver_person).values(person))


async def insert_disclosure(connection: AsyncConnection, row: Mapping[str, object]) -> None:
    """Record that a person was shown in the clear."""
    await connection.execute(insert(giver_disclosure).values(row))


async def insert_erasure(connection: AsyncConnection, row: Mapping[str, object]) -> None:
    """Record an erasure; the trigger of its table takes the person away."""
    await connection.execute(insert(giver_erasure).values(row))
