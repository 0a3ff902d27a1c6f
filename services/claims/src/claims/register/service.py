"""Use cases of imports: small files are judged and taken while the caller waits, large ones are kept, sealed, for a worker."""

from __future__ import annotations

import asyncio
import hmac
import io
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from claims.households import duplicates
from claims.problems import BAD_ROWS
from claims.register import importing, store
from claims.register.importing import Settled
from claims.register.judging import OUTSIDE_PLACES, Judged, Judging
from claims.register.reading import groups_of, survey
from claims.register.schemas import DuplicateFound, FileFault, Imported, ImportOut, RefusedRow
from claims.register.store import Job
from claims.register.stored_file import PIECE, seal_piece
from common.database import transaction
from common.dates import now_utc, today_in_shanghai
from common.errors import FORBIDDEN, NOT_FOUND, Problem, unavailable
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from common.settings import key_bytes
from common.spreadsheets.bad_rows import BadRow, BadRowOut, bad_row_errors, bad_row_json
from common.validation import invalid_field

if TYPE_CHECKING:
    from collections.abc import AsyncIterable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.context import Context
    from claims.register.reading import Survey
    from claims.register.schemas import Mode
    from common.auth import Principal

AT_ONCE_BYTES: Final = PIECE
AT_ONCE_ROWS: Final = 2_000
"""A file of at most so many bytes and rows is answered at once."""
_MOST_RACES: Final = 3
_MOST_REFUSED: Final = 1_000
_MOST_DUPLICATES: Final = 100


@dataclass(slots=True)
class Upload:
    """A file that came whole: in memory if it is small, else in sealed pieces under the id of its job."""

    job_id: UUID
    size: int
    mark: bytes
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Small:
    """A small file, judged."""

    judging: Judging
    survey: Survey
    judged: list[Judged]


@dataclass(slots=True)
class _Receiving:
    """A file on its way in."""

    job_id: UUID = field(default_factory=uuid7)
    size: int = 0
    buffer: bytearray = field(default_factory=bytearray)
    pieces: int = 0


async def receive(context: Context, book: str, address: bytes, file: AsyncIterable[bytes], job: Job) -> Upload:
    """Take a file in: what is more than one piece goes to the database, sealed, as it arrives; a broken upload leaves nothing.

    Raises ``invalid_request`` naming ``file`` for an empty one, and whatever the stream raises.
    """
    mark = hmac.new(key_bytes(context.settings.fingerprint_key), address, sha256)
    receiving = _Receiving(job.id)
    try:
        async for chunk in file:
            mark.update(chunk)
            receiving.size += len(chunk)
            receiving.buffer += chunk
            while len(receiving.buffer) > PIECE:
                await _keep_piece(context, book, receiving, job)
        _require_content(receiving)
        if not receiving.pieces:
            return Upload(job.id, receiving.size, mark.digest(), bytes(receiving.buffer))
        await _keep_piece(context, book, receiving, job)
    except BaseException:
        with suppress(Problem):
            await forget(context, book, job.id)
        raise
    return Upload(job.id, receiving.size, mark.digest(), None)


def _require_content(receiving: _Receiving) -> None:
    if not receiving.size:
        raise invalid_field("file", "no_rows", "文件为空。", "The file is empty.")


async def keep_small(context: Context, book: str, upload: Upload, job: Job) -> Upload:
    """Put a small file among those that wait: it has more rows than are answered at once."""
    receiving = _Receiving(job.id, upload.size, bytearray(upload.content or b""))
    await _keep_piece(context, book, receiving, job)
    return replace(upload, content=None)


async def _keep_piece(context: Context, book: str, receiving: _Receiving, job: Job) -> None:
    piece = bytes(receiving.buffer[:PIECE])
    del receiving.buffer[:PIECE]
    sealed = await asyncio.to_thread(seal_piece, context.personal(book), receiving.job_id, receiving.pieces, piece)
    async with transaction(context.engine) as conn:
        if not receiving.pieces:
            await store.insert_job(conn, job)
        await store.insert_piece(conn, book, receiving.job_id, receiving.pieces, sealed)
    receiving.pieces += 1


async def forget(context: Context, book: str, job_id: UUID) -> None:
    """Forget an upload that did not become a job."""
    async with transaction(context.engine) as conn:
        await store.discard(conn, book, job_id)


def new_job(book: str, principal: Principal, mode: Mode, now: datetime, *, preview: bool) -> Job:
    """A job whose file is still on its way."""
    return Job(
        book=book,
        id=uuid7(),
        mode=mode,
        preview=preview,
        status="uploading",
        phase="checking" if preview or mode == "all" else "importing",
        places=sorted(principal.places),
        file_bytes=0,
        rows_total=None,
        rows_done=0,
        flagged_to=None,
        households_new=0,
        households_known=0,
        rows_accepted=0,
        rows_refused=0,
        duplicates_found=0,
        faults=None,
        created_at=now,
        created_by=principal.sub,
        finished_at=None,
        leased_by=None,
        lease_until=None,
        tries=0,
    )


def read_small(content: bytes, book: str, places: frozenset[str]) -> Small | None:
    """Judge a small file; None if it has too many rows to be answered at once. Raises ``invalid_request`` naming ``file``."""
    file = io.BytesIO(content)
    found = survey(file)
    if found.rows > AT_ONCE_ROWS:
        return None
    judging = Judging(book, found.columns, today_in_shanghai(), places)
    groups = groups_of(file, found.columns)
    judged = [one for piece in importing.judged_pieces(groups, judging, found, AT_ONCE_ROWS) for one in piece]
    return Small(judging, found, judged)


async def take_small(conn: AsyncConnection, context: Context, job: Job, small: Small, size: int) -> Imported:
    """Take a small file within the caller's transaction, or say what would become of it.

    Raises ``bad_rows`` where all rows are wanted and one is bad, ``forbidden`` where one is of a place the caller may not work in,
    ``unavailable`` where others keep registering the same numbers.
    """
    for _ in range(_MOST_RACES):
        # Where somebody registered one of the numbers meanwhile, it is found known, or refused, the next time.
        with suppress(IntegrityError):
            async with conn.begin_nested():
                return await _take_small(conn, context, job, small, size)
    raise unavailable()


async def _take_small(conn: AsyncConnection, context: Context, job: Job, small: Small, size: int) -> Imported:
    personal = context.personal(job.book)
    settled = await importing.settle(conn, personal, small.judging, small.judged)
    bad = settled.bad
    if bad and job.mode == "all" and not job.preview:
        if any(one.code == OUTSIDE_PLACES for one in bad):
            raise FORBIDDEN.error(field="file", errors=bad_row_errors(bad))
        raise BAD_ROWS.error(field="file", errors=bad_row_errors(bad), bad_rows=len({one.row for one in bad}))
    now = now_utc()
    done = replace(
        job,
        status="done",
        phase="checking" if job.preview else "flagging",
        file_bytes=size,
        rows_total=small.survey.rows,
        rows_done=small.survey.last_row,
        households_new=len(settled.new),
        households_known=len(settled.known),
        rows_accepted=settled.rows_accepted,
        rows_refused=settled.rows_refused,
        finished_at=now,
    )
    await store.insert_job(conn, done)
    await importing.keep_headings(conn, personal, done, small.judging.columns.headings)
    await importing.keep_refused(conn, personal, done, settled.refused)
    found: list[DuplicateFound] = []
    if not job.preview and settled.new:
        found = await _register(conn, context, done, settled, now)
        done = replace(done, duplicates_found=len(found))
        await store.set_duplicates_found(conn, done)
    return _imported(done, bad, found)


async def _register(
    conn: AsyncConnection, context: Context, job: Job, settled: Settled, now: datetime
) -> list[DuplicateFound]:
    rows = await importing.sealed(context.personal(job.book), job, settled.new)
    await store.copy_households(conn, rows)
    starts = {row.id: judged.group.rows[0].number for row, judged in zip(rows, settled.new, strict=True)}
    pairs = await duplicates.flag_households(conn, job.book, list(starts), now)
    return [
        DuplicateFound.model_validate(
            {
                "kind": pair.kind,
                "row": starts[pair.household_id],
                "household_id": pair.household_id,
                "other_household_id": pair.other_household_id,
            }
        )
        for pair in pairs
    ]


async def begin(conn: AsyncConnection, job: Job, size: int) -> Imported:
    """Let a large file wait for a worker."""
    return _imported(await store.begin(conn, job.book, job.id, size), [], [])


def import_out(job: Job) -> ImportOut:
    """A job's answer."""
    return ImportOut.model_validate(_fields(job))


def _fields(job: Job) -> dict[str, object]:
    running = job.status == "waiting" and job.lease_until is not None and job.lease_until > now_utc()
    return {
        "id": job.id,
        "status": "running" if running else job.status,
        "phase": job.phase,
        "mode": job.mode,
        "preview": job.preview,
        "rows_total": job.rows_total,
        "rows_done": job.rows_done,
        "accepted_rows": job.rows_accepted,
        "new_households": job.households_new,
        "known_households": job.households_known,
        "refused_rows": job.rows_refused,
        "possible_duplicates": job.duplicates_found,
        "faults": [FileFault.model_validate(one) for one in job.faults or ()],
        "created_at": job.created_at,
        "created_by": job.created_by,
        "finished_at": job.finished_at,
    }


def _imported(job: Job, bad: list[BadRow], found: list[DuplicateFound]) -> Imported:
    refused = [BadRowOut.model_validate(bad_row_json(one)) for one in bad[:_MOST_REFUSED]]
    return Imported.model_validate({**_fields(job), "refused": refused, "duplicates": found[:_MOST_DUPLICATES]})


async def get_job(context: Context, principal: Principal, book: str, job_id: UUID) -> Job:
    """A job; who is bound to places sees those of people bound to the same places or within them. Raises `not_found`."""
    async with transaction(context.engine) as conn:
        job = await store.load_job(conn, book, job_id, principal.places)
    if job is None:
        raise NOT_FOUND.error()
    return job


async def list_jobs(
    context: Context, principal: Principal, book: str, limit: int, cursor: str | None
) -> tuple[list[ImportOut], str | None]:
    """A page of jobs, the newest first; who is bound to places sees those of people bound to the same places or within them."""
    after = decode_cursor(cursor, UUID)
    before = after[0] if after is not None and isinstance(after[0], UUID) else None
    async with transaction(context.engine) as conn:
        rows = await store.list_jobs(conn, book, principal.places, before, limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.id,))
    return [import_out(row) for row in shown], next_cursor


async def list_refused(
    context: Context, job: Job, limit: int, cursor: str | None
) -> tuple[list[RefusedRow], str | None]:
    """A page of a job's refused rows with their faults, in the file's order."""
    after = decode_cursor(cursor, int)
    last = after[0] if after is not None and isinstance(after[0], int) else 0
    async with transaction(context.engine) as conn:
        rows = await store.list_refusals(conn, job.book, job.id, last, limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row[0],))
    return [
        RefusedRow(row=number, faults=[BadRowOut.model_validate(fault) for fault in faults])
        for number, faults, _ in shown
    ], next_cursor
