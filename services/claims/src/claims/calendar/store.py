"""SQL of the calendar room."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.calendar.tables import working_day_year


@dataclass(frozen=True, slots=True)
class RecordedYear:
    """A year as staff recorded it."""

    year: int
    revision: int
    days_off: list[date]
    working_weekends: list[date]
    authority: str
    document: str | None
    correction_reason: str | None
    recorded_at: datetime
    recorded_by: str


async def recorded_years(conn: AsyncConnection, book: str) -> list[RecordedYear]:
    """The newest revision of every year the county's staff recorded."""
    columns = [column for column in working_day_year.c if column.name != "book"]
    query = sa.select(*columns).where(working_day_year.c.book == book).order_by(working_day_year.c.revision)
    newest = {row["year"]: RecordedYear(**row) for row in (await conn.execute(query)).mappings()}
    return list(newest.values())


async def insert_year(conn: AsyncConnection, book: str, recorded: RecordedYear) -> bool:
    """Store a revision; False where somebody else stored the same one at this moment."""
    made = insert(working_day_year).values(book=book, **asdict(recorded)).on_conflict_do_nothing()
    return (await conn.execute(made.returning(working_day_year.c.year))).first() is not None
