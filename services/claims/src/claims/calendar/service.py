"""Use cases of working days: the table deadlines are counted by, reading a year, recording one.

Stable for other rooms: `table_of`, `counted` (turns a year that is not known into `working_days_missing`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.calendar import store
from claims.calendar.published import SOURCE, published
from claims.calendar.rules import NoTableError, Table, YearTable, table_faults
from claims.calendar.schemas import YearIn, YearOut
from claims.calendar.store import RecordedYear
from claims.problems import WORKING_DAYS_KNOWN, WORKING_DAYS_MISSING
from common.errors import FieldError
from common.validation import invalid

FAULT_TEXTS = {
    "another_year": ("不在该年度内。", "Lies in another year."),
    "not_a_weekday": ("不是周一至周五。", "Is no Monday to Friday."),
    "not_a_weekend": ("不是周六或周日。", "Is no Saturday or Sunday."),
    "not_unique": ("重复。", "Is named twice."),
}


async def table_of(conn: AsyncConnection, book: str) -> Table:
    """The working days a county counts by: the published years, and before them what its staff recorded."""
    recorded = {row.year: year_table(row) for row in await store.recorded_years(conn, book)}
    return {**published(), **recorded}


@contextmanager
def counted() -> Iterator[None]:
    """Refuse with `working_days_missing`, naming the year, what counts past the table's end."""
    try:
        yield
    except NoTableError as error:
        raise WORKING_DAYS_MISSING.error(year=error.year) from None


def year_table(row: RecordedYear) -> YearTable:
    """Return a recorded year as the rules count it."""
    return YearTable(row.year, frozenset(row.days_off), frozenset(row.working_weekends))


async def read_year(conn: AsyncConnection, book: str, year: int) -> YearOut:
    """The working days of a year. Raises `working_days_missing`."""
    recorded = next((row for row in await store.recorded_years(conn, book) if row.year == year), None)
    if recorded is not None:
        return recorded_out(recorded)
    if year not in published():
        raise WORKING_DAYS_MISSING.error(year=year)
    return published_out(published()[year])


async def record_year(conn: AsyncConnection, *, book: str, body: YearIn, by_person: str, now: datetime) -> YearOut:
    """Add a year, or a correction of one with its reason.

    Raises `invalid_request` for days of another year or kind, `working_days_known` for a year that is known (also when
    somebody else records it at this moment), `working_days_missing` for a correction of nothing.
    """
    faults = table_faults(body.year, tuple(body.days_off), tuple(body.working_weekends))
    if faults:
        raise invalid(FieldError(field, code, *FAULT_TEXTS[code]) for field, code in faults)
    before = next((row for row in await store.recorded_years(conn, book) if row.year == body.year), None)
    known = before is not None or body.year in published()
    if known and body.correction_reason is None:
        raise WORKING_DAYS_KNOWN.error(field="year", year=body.year)
    if not known and body.correction_reason is not None:
        raise WORKING_DAYS_MISSING.error(field="correction_reason", year=body.year)
    row = RecordedYear(
        year=body.year,
        revision=1 if before is None else before.revision + 1,
        days_off=sorted(body.days_off),
        working_weekends=sorted(body.working_weekends),
        authority=body.authority,
        document=body.document,
        correction_reason=body.correction_reason,
        recorded_at=now,
        recorded_by=by_person,
    )
    if not await store.insert_year(conn, book, row):
        raise WORKING_DAYS_KNOWN.error(field="year", year=body.year)
    return recorded_out(row)


def recorded_out(row: RecordedYear) -> YearOut:
    """Show a year that staff recorded."""
    return YearOut(
        year=row.year,
        revision=row.revision,
        origin="recorded",
        days_off=row.days_off,
        working_weekends=row.working_weekends,
        working_days=working_days(year_table(row)),
        authority=row.authority,
        document=row.document,
        correction_reason=row.correction_reason,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
    )


def published_out(table: YearTable) -> YearOut:
    """Show a published year."""
    return YearOut(
        year=table.year,
        revision=0,
        origin="published",
        days_off=sorted(table.days_off),
        working_weekends=sorted(table.working_weekends),
        working_days=working_days(table),
        authority=SOURCE,
        document=None,
        correction_reason=None,
        recorded_at=None,
        recorded_by=None,
    )


def working_days(table: YearTable) -> int:
    """Count the days of the year that are worked."""
    first = date(table.year, 1, 1)
    length = (date(table.year + 1, 1, 1) - first).days
    return sum(table.works(first + timedelta(days=n)) for n in range(length))
