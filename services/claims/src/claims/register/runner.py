"""Imports too large to wait for: leased by a worker, taken piece by piece, gone on with by another worker after a kill.

Phases: `checking` (a preview, and `mode=all` before anything is taken) judges every row and takes none. `importing` takes the
good households: with `mode=good` each piece in a transaction of its own, with `mode=all` the whole file in one. `flagging` looks for
possible duplicates among what was taken. Progress is recorded in the transaction of the piece it is about, under the lease.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy.exc import IntegrityError

from claims.households import duplicates
from claims.register import importing, store
from claims.register.importing import Settled
from claims.register.judging import Judged, Judging
from claims.register.reading import Survey, groups_of, survey
from claims.register.store import Job, LeaseLostError
from claims.register.stored_file import stored_file
from common.database import transaction
from common.dates import now_utc, today_in_shanghai
from common.errors import INVALID_REQUEST, Problem
from common.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.context import Context
    from claims.households.personal import PersonalData
    from claims.register.stored_file import StoredFile

log = get_logger(__name__)

_PIECE_ROWS: Final = 1_000
_FLAG_AT_ONCE: Final = 500
_MOST_TRIES: Final = 20
"""A job this many workers have died of, or failed at, is given up."""
_MOST_RACES: Final = 3
_T = TypeVar("_T")
_ZERO: Final = {"rows_done": 0, "households_new": 0, "households_known": 0, "rows_accepted": 0, "rows_refused": 0}


class _NotAllGoodError(Exception):
    """A row that was good when the file was checked is no longer: nothing of the file is taken."""

    def __init__(self, settled: Settled) -> None:
        super().__init__()
        self.settled = settled


@dataclass(slots=True)
class Run:
    """One job under way in this worker."""

    context: Context
    job: Job
    lease_seconds: float
    personal: PersonalData
    judging: Judging
    survey: Survey
    file: StoredFile


async def run_one(context: Context, worker: str, lease_seconds: float) -> bool:
    """Lease one import and work on it to its end; answers whether there was one."""
    async with transaction(context.engine) as conn:
        job = await store.lease(conn, worker, lease_seconds)
    if job is None:
        return False
    log.info("import_taken", job=str(job.id), phase=job.phase, rows_done=job.rows_done, tries=job.tries)
    try:
        async with _lease_held(context, job, lease_seconds):
            await _work(context, job, lease_seconds)
    except asyncio.CancelledError:
        # Told to stop: whoever comes next need not wait for the lease to run out.
        with suppress(Problem, LeaseLostError):
            async with transaction(context.engine) as conn:
                await store.keep(conn, job, 0)
        raise
    except LeaseLostError:
        log.warning("import_lease_lost", job=str(job.id))
    except Problem as problem:
        # The database is away, or slow: the lease runs out and somebody goes on.
        log.warning("import_interrupted", job=str(job.id), problem=problem.code)
    return True


@asynccontextmanager
async def _lease_held(context: Context, job: Job, seconds: float) -> AsyncIterator[None]:
    """Hold the lease on while a block works: reading a large file takes longer than a piece of it."""

    async def hold() -> None:
        while True:
            await asyncio.sleep(seconds / 3)
            with suppress(Problem, LeaseLostError):  # whoever writes next finds out
                async with transaction(context.engine) as conn:
                    await store.keep(conn, job, seconds)

    holder = asyncio.create_task(hold())
    try:
        yield
    finally:
        holder.cancel()
        with suppress(asyncio.CancelledError):
            await holder


async def _work(context: Context, job: Job, lease_seconds: float) -> None:
    if job.tries > _MOST_TRIES:
        await _finish(context, job, "failed")
        return
    personal = context.personal(job.book)
    if job.phase == "flagging":
        await _flag(context, job, lease_seconds)
        return
    file = stored_file(context.engine, personal, job.book, job.id, job.file_bytes)
    try:
        found = await asyncio.to_thread(survey, file)
    except asyncio.CancelledError:
        file.stop()
        raise
    except Problem as problem:
        if problem.type is not INVALID_REQUEST:
            raise
        faults = [
            {"field": one.field, "code": one.code, "detail_zh": one.zh, "detail_en": one.en} for one in problem.errors
        ]
        await _finish(context, job, "refused", faults=faults)
        return
    judging = Judging(job.book, found.columns, today_in_shanghai(), frozenset(job.places))
    run = Run(context, job, lease_seconds, personal, judging, found, file)
    async with transaction(context.engine) as conn:
        await store.keep(conn, job, lease_seconds, rows_total=found.rows)
        await importing.keep_headings(conn, personal, job, found.columns.headings)
    if job.phase == "checking" and not await _check(run):
        return
    if job.mode == "all":
        if not await _racing(partial(_take_all, run)):
            return
    else:
        await _take_good(run)
    await _flag(context, run.job, lease_seconds)


async def _finish(context: Context, job: Job, status: str, **values: object) -> None:
    async with transaction(context.engine) as conn:
        await store.finish(conn, job, status, **values)
    log.info("import_finished", job=str(job.id), status=status, new=job.households_new, refused=job.rows_refused)


@asynccontextmanager
async def _pieces(run: Run) -> AsyncIterator[AsyncIterator[list[Judged]]]:
    """Judged households after the row the job is through with; no thread reads on when the block ends."""
    async with aclosing(_read(run)) as pieces:
        yield pieces


async def _read(run: Run) -> AsyncGenerator[list[Judged]]:
    """Read and judge piece by piece, in a thread."""
    groups = groups_of(run.file, run.survey.columns, after=run.job.rows_done)
    judged = importing.judged_pieces(groups, run.judging, run.survey, _PIECE_ROWS)
    reading = None
    try:
        while True:
            # Shielded: a thread cannot be cancelled, and a generator that runs cannot be closed.
            reading = asyncio.ensure_future(asyncio.to_thread(next, judged, None))
            piece = await asyncio.shield(reading)
            if piece is None:
                break
            yield piece
    except asyncio.CancelledError:
        run.file.stop()
        raise
    finally:
        if reading is not None:
            await asyncio.gather(reading, return_exceptions=True)
        await asyncio.to_thread(_close, judged, groups)


def _close(*iterators: Any) -> None:  # noqa: ANN401 - generators
    for one in iterators:
        with closing(one):
            pass


def _counted(job: Job, piece: list[Judged], settled: Settled) -> dict[str, object]:
    """The job's progress with a piece added."""
    return {
        "rows_done": piece[-1].group.rows[-1].number,
        "households_new": job.households_new + len(settled.new),
        "households_known": job.households_known + len(settled.known),
        "rows_accepted": job.rows_accepted + settled.rows_accepted,
        "rows_refused": job.rows_refused + settled.rows_refused,
    }


async def _record(run: Run, conn: AsyncConnection, **progress: object) -> Job:
    await store.keep(conn, run.job, run.lease_seconds, **progress)
    return replace(run.job, **progress)  # type: ignore[arg-type]  # every name is a column of the job


async def _check(run: Run) -> bool:
    """Judge every row; answers whether the rows are to be taken now."""
    async with _pieces(run) as pieces:
        async for piece in pieces:
            async with transaction(run.context.engine) as conn:
                settled = await importing.settle(conn, run.personal, run.judging, piece)
                await importing.keep_refused(conn, run.personal, run.job, settled.refused)
                job = await _record(run, conn, **_counted(run.job, piece, settled))
            run.job = job
    if run.job.preview or run.job.rows_refused:
        await _finish(run.context, run.job, "done" if run.job.preview else "refused")
        return False
    async with transaction(run.context.engine) as conn:
        job = await _record(run, conn, phase="importing", **_ZERO)
    run.job = job
    return True


async def _take_good(run: Run) -> None:
    """Take the good households piece by piece; each piece and its progress are one transaction."""
    async with _pieces(run) as pieces:
        async for piece in pieces:
            run.job = await _racing(partial(_take_piece, run, piece))
    async with transaction(run.context.engine) as conn:
        job = await _record(run, conn, phase="flagging")
    run.job = job


async def _racing(take: Callable[[], Awaitable[_T]]) -> _T:
    """Take again where somebody registered one of the numbers meanwhile: now it is found known, or refused."""
    for _ in range(_MOST_RACES - 1):
        with suppress(IntegrityError):
            return await take()
    return await take()


async def _take_piece(run: Run, piece: list[Judged]) -> Job:
    async with transaction(run.context.engine) as conn:
        settled = await importing.settle(conn, run.personal, run.judging, piece)
        rows = await importing.sealed(run.personal, run.job, settled.new)
        await store.copy_households(conn, rows)
        await importing.keep_refused(conn, run.personal, run.job, settled.refused)
        return await _record(run, conn, **_counted(run.job, piece, settled))


def _require_all_good(settled: Settled) -> None:
    if settled.refused:
        raise _NotAllGoodError(settled)


async def _take_all(run: Run) -> bool:
    """Take the whole file in one transaction; answers whether it was taken."""
    start = replace(run.job, **_ZERO)  # type: ignore[arg-type]  # every name is a column of the job
    run.job = start
    try:
        async with transaction(run.context.engine) as conn:
            async with _pieces(run) as pieces:
                async for piece in pieces:
                    settled = await importing.settle(conn, run.personal, run.judging, piece)
                    _require_all_good(settled)
                    await store.copy_households(conn, await importing.sealed(run.personal, run.job, settled.new))
                    # On another connection: others see how far it is, though nothing is taken yet.
                    async with transaction(run.context.engine) as beside:
                        run.job = await _record(run, beside, **_counted(run.job, piece, settled))
            job = await _record(run, conn, phase="flagging")
    except _NotAllGoodError as error:
        async with transaction(run.context.engine) as conn:
            await importing.keep_refused(conn, run.personal, run.job, error.settled.refused)
        refused = replace(start, rows_refused=error.settled.rows_refused)
        await _finish(run.context, refused, "refused", **{**_ZERO, "rows_refused": refused.rows_refused})
        return False
    run.job = job
    return True


async def _flag(context: Context, job: Job, lease_seconds: float) -> None:
    """Flag possible duplicates of what the job registered."""
    while True:
        async with transaction(context.engine) as conn:
            ids = await store.households_of(conn, job.book, job.id, job.flagged_to, _FLAG_AT_ONCE)
            if not ids:
                break
            pairs = await duplicates.flag_households(conn, job.book, ids, now_utc())
            values = {"flagged_to": ids[-1], "duplicates_found": job.duplicates_found + len(pairs)}
            await store.keep(conn, job, lease_seconds, **values)
        job = replace(job, **values)  # type: ignore[arg-type]  # every name is a column of the job
    await _finish(context, job, "done")
