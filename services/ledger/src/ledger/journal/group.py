"""One group of requests, one transaction: lock, load, decide, write, commit. Nothing is answered before the commit.

What the database refuses unexpectedly is bisected, so that one bad entry never fails its neighbours. After a lost connection the same
requests run again: under the lock the keys tell which of them had been committed.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from common.database import sqlstate
from common.errors import NOT_FOUND, unavailable
from common.logging import get_logger
from ledger.journal import store
from ledger.journal.decide import decide_group
from ledger.journal.drafts import Answer
from ledger.journal.faults import Fault, classify, problem_for
from ledger.journal.rows import book_state, stored_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from ledger.journal.decide import Outcome, Ticket
    from ledger.journal.metrics import EngineMetrics
    from ledger.journal.store import Connection

log = get_logger(__name__)

_PAUSES = (0.05, 0.25, 1.0)
"""Shares of `reconnect_pause` (seconds) to wait before the second, third and fourth attempt after a lost connection."""


class CommitLostError(Exception):
    """The server rolled back where a commit was asked for."""


class GroupWriter:
    """Writes groups through a pool of connections."""

    def __init__(self, pool: asyncpg.Pool, metrics: EngineMetrics, reconnect_pause: float) -> None:
        self.pool = pool
        self._reconnect_pause = reconnect_pause
        self._metrics = metrics

    async def post(self, book: str, tickets: Sequence[Ticket], *, atomic: bool, dry_run: bool = False) -> list[Outcome]:
        """Decide and write the requests; return their outcomes in order. Never raises for what a request or the database does.

        ``dry_run``: everything is written and proved as ever, and then taken back.
        """
        for pause in (*_PAUSES, None):
            try:
                return await self._attempt(book, tickets, atomic=atomic, dry_run=dry_run)
            except Exception as error:  # noqa: BLE001 - every failure is classified; none may leave the waiting requests unanswered
                fault = classify(error)
                self._metrics.faults.labels(fault.name.lower()).inc()
                log.warning(
                    "posting_attempt_failed",
                    book=book,
                    requests=len(tickets),
                    fault=fault.name,
                    error=type(error).__name__,
                    sqlstate=sqlstate(error),
                )
                if fault is Fault.REFUSED:
                    return await self._isolate(book, tickets, error, atomic=atomic, dry_run=dry_run)
                if fault is Fault.BUSY or pause is None:
                    break
                await asyncio.sleep(pause * self._reconnect_pause)
        return [unavailable() for _ in tickets]

    async def _isolate(
        self, book: str, tickets: Sequence[Ticket], error: Exception, *, atomic: bool, dry_run: bool
    ) -> list[Outcome]:
        """Find the request that cannot be written by halving the group. An all-or-nothing group falls as a whole."""
        if atomic or len(tickets) == 1:
            # The exception's own text may repeat what was sent: only its kind is logged.
            log.error(
                "posting_refused_unexpectedly",
                book=book,
                requests=len(tickets),
                error=type(error).__name__,
                sqlstate=sqlstate(error),
            )
            return [problem_for(error) for _ in tickets]
        half = len(tickets) // 2
        first = await self.post(book, tickets[:half], atomic=False, dry_run=dry_run)
        return first + await self.post(book, tickets[half:], atomic=False, dry_run=dry_run)

    async def _attempt(self, book: str, tickets: Sequence[Ticket], *, atomic: bool, dry_run: bool) -> list[Outcome]:
        async with self.pool.acquire() as connection:
            started = perf_counter()
            await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            try:
                outcomes = await self._in_transaction(connection, book, tickets, atomic=atomic, dry_run=dry_run)
            except BaseException:
                await _roll_back(connection)
                raise
            self._metrics.group_seconds.observe(perf_counter() - started)
            return outcomes

    async def _in_transaction(
        self, connection: Connection, book: str, tickets: Sequence[Ticket], *, atomic: bool, dry_run: bool
    ) -> list[Outcome]:
        if not await store.lock_book(connection, book):
            await connection.execute("ROLLBACK")
            return [NOT_FOUND.error() for _ in tickets]
        loaded = await store.load(connection, book, tickets)
        decided = decide_group(tickets, book_state(book, loaded), stored_answers(loaded), atomic=atomic)
        if not decided.rows.keys:
            await connection.execute("ROLLBACK")
            return decided.outcomes
        await store.write(connection, decided.rows)
        if dry_run:
            await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            await connection.execute("ROLLBACK")
            return decided.outcomes
        for ticket, outcome in zip(tickets, decided.outcomes, strict=True):
            if isinstance(outcome, Answer) and not outcome.replayed:
                ticket.unconfirmed = outcome.body
        # A transaction that cannot commit may answer ROLLBACK instead of raising.
        if await connection.execute("COMMIT") != "COMMIT":
            raise CommitLostError
        self._metrics.group_entries.observe(len(decided.rows.entries))
        return decided.outcomes


async def _roll_back(connection: Connection) -> None:
    """Leave the transaction; a connection that cannot is thrown away by the pool."""
    if connection.is_closed() or not connection.is_in_transaction():
        return
    try:
        await connection.execute("ROLLBACK")
    except Exception:  # noqa: BLE001 - the failure that brought us here is the one to report
        connection.terminate()
