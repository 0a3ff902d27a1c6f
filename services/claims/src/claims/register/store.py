"""SQL of imports: jobs with their leases, the pieces of files, refused rows, and households written many at a time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.exc import IntegrityError

from claims.households.tables import household, household_event, member
from claims.register.tables import import_job, import_piece, import_refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.households.store import HouseholdRow

KEEP_REFUSED_DAYS: Final = 90
"""So long the refused rows of a file can be fetched; they name people."""
_UPLOAD_HOURS: Final = 6


@dataclass(frozen=True, slots=True)
class Job:
    """An import as stored. `status` and `phase` are those of the table; what is leased now is running."""

    book: str
    id: UUID
    mode: str
    preview: bool
    status: str
    phase: str
    places: Sequence[str]
    file_bytes: int
    rows_total: int | None
    rows_done: int
    flagged_to: UUID | None
    households_new: int
    households_known: int
    rows_accepted: int
    rows_refused: int
    duplicates_found: int
    faults: list[dict[str, str]] | None
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    leased_by: str | None
    lease_until: datetime | None
    tries: int


_JOB: Final = [import_job.c[one.name] for one in fields(Job)]


class LeaseLostError(RuntimeError):
    """Another worker has the job now, or it has ended: what this one did is not to be kept."""


async def insert_job(conn: AsyncConnection, job: Job) -> None:
    """Write a new job."""
    await conn.execute(sa.insert(import_job), {one.name: getattr(job, one.name) for one in fields(Job)})


async def set_duplicates_found(conn: AsyncConnection, job: Job) -> None:
    """Record how many possible duplicates a job that was done at once found."""
    await conn.execute(
        sa.update(import_job)
        .where(import_job.c.book == job.book, import_job.c.id == job.id)
        .values(duplicates_found=job.duplicates_found)
    )


_COVERED: Final = """cardinality(import_job.places) > 0 AND NOT EXISTS (
    SELECT FROM unnest(import_job.places) AS place
    WHERE NOT EXISTS (SELECT FROM unnest(CAST(:mine AS text[])) AS own WHERE place LIKE own || '%'))"""


def _seen_from(places: frozenset[str]) -> sa.ColumnElement[bool]:
    """SQL condition: the job is of somebody bound to these places or within them; always true for the whole book."""
    return sa.and_(sa.text(_COVERED).bindparams(mine=sorted(places))) if places else sa.true()


async def load_job(conn: AsyncConnection, book: str, job_id: UUID, places: frozenset[str] = frozenset()) -> Job | None:
    """The job, or None if this book has none of that id, whose file came whole, that is seen from these places."""
    query = sa.select(*_JOB).where(
        import_job.c.book == book, import_job.c.id == job_id, import_job.c.status != "uploading", _seen_from(places)
    )
    found = (await conn.execute(query)).mappings().first()
    return None if found is None else Job(**found)


async def list_jobs(
    conn: AsyncConnection, book: str, places: frozenset[str], before: UUID | None, limit: int
) -> list[Job]:
    """Jobs seen from these places, the newest first."""
    query = sa.select(*_JOB).where(import_job.c.book == book, import_job.c.status != "uploading", _seen_from(places))
    if before is not None:
        query = query.where(import_job.c.id < before)
    found = await conn.execute(query.order_by(import_job.c.id.desc()).limit(limit))
    return [Job(**row) for row in found.mappings()]


async def begin(conn: AsyncConnection, book: str, job_id: UUID, file_bytes: int) -> Job:
    """Make an uploaded file a job that waits."""
    query = (
        sa.update(import_job)
        .where(import_job.c.book == book, import_job.c.id == job_id, import_job.c.status == "uploading")
        .values(status="waiting", file_bytes=file_bytes)
        .returning(*_JOB)
    )
    return Job(**(await conn.execute(query)).mappings().one())


async def discard(conn: AsyncConnection, book: str, job_id: UUID) -> None:
    """Forget an upload unless it became a job."""
    where = (import_job.c.book == book, import_job.c.id == job_id, import_job.c.status == "uploading")
    if (await conn.execute(sa.select(import_job.c.id).where(*where).with_for_update())).first() is not None:
        await delete_pieces(conn, book, job_id)
        await conn.execute(sa.delete(import_job).where(*where))


async def insert_piece(conn: AsyncConnection, book: str, job_id: UUID, position: int, sealed: bytes) -> None:
    """Keep one sealed piece of a file."""
    await conn.execute(
        sa.insert(import_piece), {"book": book, "job_id": job_id, "position": position, "sealed": sealed}
    )


async def load_piece(conn: AsyncConnection, book: str, job_id: UUID, position: int) -> bytes:
    """One sealed piece of a file."""
    query = sa.select(import_piece.c.sealed).where(
        import_piece.c.book == book, import_piece.c.job_id == job_id, import_piece.c.position == position
    )
    found: bytes = (await conn.execute(query)).scalar_one()
    return found


async def delete_pieces(conn: AsyncConnection, book: str, job_id: UUID) -> None:
    """Destroy the file of a job."""
    await conn.execute(sa.delete(import_piece).where(import_piece.c.book == book, import_piece.c.job_id == job_id))


_LEASE: Final = sa.text("""
    WITH due AS (
        SELECT book, id FROM import_job
        WHERE status = 'waiting' AND (lease_until IS NULL OR lease_until <= clock_timestamp())
        ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    UPDATE import_job AS job
    SET leased_by = :worker, lease_until = clock_timestamp() + make_interval(secs => :seconds), tries = job.tries + 1
    FROM due WHERE job.book = due.book AND job.id = due.id
    RETURNING job.book, job.id
""")


async def lease(conn: AsyncConnection, worker: str, seconds: float) -> Job | None:
    """Take the oldest job nobody works on, for so many seconds; None if there is none."""
    found = (await conn.execute(_LEASE, {"worker": worker, "seconds": seconds})).first()
    return None if found is None else await load_job(conn, found.book, found.id)


async def keep(conn: AsyncConnection, job: Job, seconds: float, **values: object) -> None:
    """Record progress and hold the lease on. Raises LeaseLostError, so that nothing of this transaction is kept."""
    now = sa.func.clock_timestamp()
    query = (
        sa.update(import_job)
        .where(
            import_job.c.book == job.book,
            import_job.c.id == job.id,
            import_job.c.status == "waiting",
            import_job.c.leased_by == job.leased_by,
            import_job.c.tries == job.tries,
        )
        .values(lease_until=now + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds), **values)
    )
    if (await conn.execute(query)).rowcount != 1:
        raise LeaseLostError


async def finish(conn: AsyncConnection, job: Job, status: str, **values: object) -> None:
    """End a job and destroy its file. Raises LeaseLostError."""
    await keep(conn, job, 0, status=status, finished_at=sa.func.clock_timestamp(), **values)
    await delete_pieces(conn, job.book, job.id)


async def forget_old(conn: AsyncConnection) -> None:
    """Forget uploads that never ended, and the refused rows of old jobs."""
    stale = sa.select(import_job.c.book, import_job.c.id).where(
        import_job.c.status == "uploading",
        import_job.c.created_at < sa.func.now() - sa.func.make_interval(0, 0, 0, 0, _UPLOAD_HOURS),
    )
    for book, job_id in (await conn.execute(stale)).all():
        await discard(conn, book, job_id)
    old = sa.select(import_job.c.book, import_job.c.id).where(
        import_job.c.finished_at < sa.func.now() - sa.func.make_interval(0, 0, 0, KEEP_REFUSED_DAYS)
    )
    await conn.execute(
        sa.delete(import_refusal).where(sa.tuple_(import_refusal.c.book, import_refusal.c.job_id).in_(old))
    )


async def insert_refusals(conn: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> None:
    """Keep refused rows; one that is kept already stays."""
    if rows:
        await conn.execute(pg.insert(import_refusal).on_conflict_do_nothing(), list(rows))


async def delete_refusals(conn: AsyncConnection, book: str, job_id: UUID) -> None:
    """Forget what an earlier try refused."""
    await conn.execute(
        sa.delete(import_refusal).where(import_refusal.c.book == book, import_refusal.c.job_id == job_id)
    )


async def list_refusals(
    conn: AsyncConnection, book: str, job_id: UUID, after: int, limit: int
) -> list[tuple[int, list[dict[str, Any]], bytes]]:
    """Refused rows after a row number, in the file's order: number, faults, sealed cells."""
    query = (
        sa.select(import_refusal.c.row, import_refusal.c.faults, import_refusal.c.cells_cipher)
        .where(import_refusal.c.book == book, import_refusal.c.job_id == job_id, import_refusal.c.row > after)
        .order_by(import_refusal.c.row)
        .limit(limit)
    )
    return [(row.row, row.faults, row.cells_cipher) for row in await conn.execute(query)]


async def known_contents(conn: AsyncConnection, book: str, numbers: Sequence[bytes]) -> dict[bytes, bytes | None]:
    """By the index of a household number that is registered: the index of what its list said."""
    query = sa.select(household.c.external_number_index, household.c.content_index).where(
        household.c.book == book,
        household.c.external_number_index == sa.any_(sa.cast(list(numbers), pg.ARRAY(pg.BYTEA))),
    )
    return {row.external_number_index: row.content_index for row in await conn.execute(query)}


async def households_of(conn: AsyncConnection, book: str, job_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
    """Households a job registered, after an id."""
    query = sa.select(household.c.id).where(household.c.book == book, household.c.import_job_id == job_id)
    if after is not None:
        query = query.where(household.c.id > after)
    return list((await conn.scalars(query.order_by(household.c.id).limit(limit))).all())


_HOUSEHOLD: Final = tuple(column.name for column in household.c)
_MEMBER: Final = tuple(column.name for column in member.c if column.name not in {"book", "household_id"})
_EVENT: Final = ("book", "household_id", "version", "kind", "changes", "at", "by_person")


async def copy_households(conn: AsyncConnection, rows: Sequence[HouseholdRow]) -> None:
    """Write new households with their members and events by COPY, all or none, within the connection's transaction.

    Raises IntegrityError as every other statement does, for instance where a number is registered already.
    """
    if not rows:
        return
    driver = (await conn.get_raw_connection()).driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    try:
        await _copy(driver, rows)
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError("COPY", None, error) from error


async def _copy(driver: asyncpg.Connection, rows: Sequence[HouseholdRow]) -> None:
    await driver.copy_records_to_table(
        household.name, columns=_HOUSEHOLD, records=[tuple(getattr(row, name) for name in _HOUSEHOLD) for row in rows]
    )
    await driver.copy_records_to_table(
        member.name,
        columns=("book", "household_id", *_MEMBER),
        records=[(row.book, row.id, *(getattr(one, name) for name in _MEMBER)) for row in rows for one in row.members],
    )
    await driver.copy_records_to_table(
        household_event.name,
        columns=_EVENT,
        records=[(row.book, row.id, row.version, "created", "{}", row.created_at, row.created_by) for row in rows],
    )
