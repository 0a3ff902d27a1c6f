"""Income lines 收入监测线: fen per person and year, dated, each with its source. Rows are never changed; a correction is a new revision.

A county's own line goes before its province's. A year without one has none: nothing is extrapolated.
Stable for other rooms: `income_line_for`, `IncomeLine`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.monitoring.schemas import IncomeLineIn
from claims.monitoring.tables import income_line
from claims.problems import INCOME_LINE_EXISTS, INCOME_LINE_MISSING

PROVINCE_DIGITS = 2


@dataclass(frozen=True, slots=True)
class IncomeLine:
    """One income line. `amount_fen` per person and year; `scope` is a county's book or a province's two digits."""

    scope: str
    year: int
    revision: int
    amount_fen: int
    source: str
    source_mark: str
    correction_reason: str | None
    recorded_at: datetime
    recorded_by: str


async def income_lines(conn: AsyncConnection, book: str, year: int | None = None) -> list[IncomeLine]:
    """Every line that concerns a county: by year, then the one in force first (own before province, newest revision first)."""
    conditions: list[sa.ColumnElement[bool]] = [income_line.c.scope.in_([book, book[:PROVINCE_DIGITS]])]
    if year is not None:
        conditions.append(income_line.c.year == year)
    query = (
        sa.select(income_line)
        .where(*conditions)
        .order_by(income_line.c.year, sa.func.length(income_line.c.scope).desc(), income_line.c.revision.desc())
    )
    return [IncomeLine(**row) for row in (await conn.execute(query)).mappings()]


async def income_line_for(conn: AsyncConnection, book: str, year: int) -> IncomeLine | None:
    """The line in force for a county and year, or None if nobody recorded one: then refuse to decide, never guess."""
    found = await income_lines(conn, book, year)
    return found[0] if found else None


async def record_income_line(
    conn: AsyncConnection, *, book: str, body: IncomeLineIn, by_person: str, now: datetime
) -> IncomeLine:
    """Add this county's line of a year, or a correction of it with its reason.

    Raises `income_line_exists` for a year already recorded (also when somebody else records it at this moment), and
    `income_line_missing` for a correction of nothing.
    """
    own = [line for line in await income_lines(conn, book, body.year) if line.scope == book]
    if own and body.correction_reason is None:
        raise INCOME_LINE_EXISTS.error(field="year")
    if not own and body.correction_reason is not None:
        raise INCOME_LINE_MISSING.error(field="correction_reason", year=body.year)
    line = IncomeLine(
        scope=book,
        year=body.year,
        revision=own[0].revision + 1 if own else 1,
        amount_fen=body.amount_fen,
        source=body.source,
        source_mark="local",
        correction_reason=body.correction_reason,
        recorded_at=now,
        recorded_by=by_person,
    )
    values = {column.name: getattr(line, column.name) for column in income_line.c}
    statement = pg.insert(income_line).values(values).on_conflict_do_nothing()
    if (await conn.execute(statement.returning(income_line.c.year))).first() is None:
        raise INCOME_LINE_EXISTS.error(field="year")
    return line
