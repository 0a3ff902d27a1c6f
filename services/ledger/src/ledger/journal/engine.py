"""The posting engine: one lane per active book, a bounded number of connections, groups of whatever is waiting.

It stays correct with any number of processes, because the lock it relies on is the database's. docs/adr/0002-posting-engine.md.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import asyncpg
import orjson

from common.errors import Problem, unavailable
from common.logging import get_logger
from common.request_id import current_request_id
from ledger.journal.decide import CONFLICT, Outcome, Ticket
from ledger.journal.drafts import Answer, PostingRequest
from ledger.journal.group import GroupWriter
from ledger.journal.metrics import EngineMetrics

if TYPE_CHECKING:
    from types import TracebackType

log = get_logger(__name__)

_GOODBYE_SECONDS = 2.0

REPLAYED_HEADER = "Idempotent-Replayed"


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """How much the engine takes on: connections, entries a transaction, entries waiting, seconds to finish at the end."""

    connections: int = 4
    group_size: int = 1_000
    queue_limit: int = 20_000
    shutdown_grace: float = 20.0
    statement_seconds: float = 30.0
    lock_seconds: float = 20.0
    reconnect_pause: float = 1.0


@dataclass(slots=True, eq=False)
class _Batch:
    """Requests that came together: one, a chunk of a bulk call, or all of an all-or-nothing call."""

    tickets: Sequence[Ticket]
    atomic: bool
    done: asyncio.Future[list[Outcome]]


@dataclass(slots=True, eq=False)
class _Lane:
    """The queue of one book. Its task lives while something waits."""

    book: str
    waiting: deque[_Batch] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None

    def next_group(self, size: int) -> list[_Batch]:
        """Take the next batches in the order they came, up to a size; an all-or-nothing batch always goes alone."""
        group = [self.waiting.popleft()]
        entries = len(group[0].tickets)
        while self.waiting and not group[0].atomic and not self.waiting[0].atomic:
            entries += len(self.waiting[0].tickets)
            if entries > size:
                break
            group.append(self.waiting.popleft())
        return group


class PostingEngine:
    """The door through which all money moves. Use as an async context manager, or ``start`` and ``close`` it."""

    def __init__(self, database_url: str, limits: EngineLimits | None = None) -> None:
        self.limits = limits or EngineLimits()
        self._url = database_url.replace("postgresql+asyncpg://", "postgresql://", 1)
        self.metrics = EngineMetrics()
        self._writer: GroupWriter | None = None
        self._lanes: dict[str, _Lane] = {}
        self._waiting = 0
        self._closing = False

    async def start(self) -> None:
        """Make ready. Connects only when something is posted, so that the service starts while its database is down."""
        pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=self.limits.connections,
            max_inactive_connection_lifetime=60.0,
            timeout=5.0,
            command_timeout=self.limits.statement_seconds + 5.0,
            reset=_no_reset,
            server_settings={
                "application_name": "fangpin-ledger-engine",
                "timezone": "UTC",
                "jit": "off",
                # The load query is planned once a connection, while the tables may still be empty: it must use their keys all the same.
                "plan_cache_mode": "force_generic_plan",
                "enable_seqscan": "off",
                "statement_timeout": str(int(self.limits.statement_seconds * 1000)),
                "lock_timeout": str(int(self.limits.lock_seconds * 1000)),
                "idle_in_transaction_session_timeout": str(int(self.limits.statement_seconds * 1000)),
            },
        )
        self._writer = GroupWriter(pool, self.metrics, self.limits.reconnect_pause)
        self._closing = False

    async def close(self) -> None:
        """Stop: refuse new requests, finish those accepted within the grace time, refuse the rest with 503."""
        self._closing = True
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        late: set[asyncio.Task[None]] = set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self.limits.shutdown_grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for lane in self._lanes.values():
            while lane.waiting:
                self._answer([lane.waiting.popleft()], None)
        writer, self._writer = self._writer, None
        if writer is not None:
            await _close_pool(writer.pool, at_once=bool(late))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def post(self, request: PostingRequest) -> Answer:
        """Post one entry; return its 201 answer once it is committed.

        Raises the Problem that refused it. A 409 is remembered under the key and raised again for every replay; 404 and 422 are not;
        ``unavailable`` (503) says nothing about the outcome: the same key tells it later.
        """
        if request.dry_run:
            [outcome] = await self._tried([_ticket(request)], atomic=False)
        else:
            [outcome] = await self._submit(request.book, [_ticket(request)], atomic=False)
        answer = _opened(outcome)
        if isinstance(answer, Problem):
            raise answer
        if not isinstance(answer, Answer):
            raise TypeError("a single request is always attempted")
        return answer

    async def post_many(self, requests: Sequence[PostingRequest], *, atomic: bool) -> list[Outcome]:
        """Post entries of one book; return what became of each, in order: an Answer, a Problem or NOT_ATTEMPTED.

        ``atomic``: all in one transaction or none. Otherwise in chunks between which single entries get through. Raises
        ``unavailable`` if the outcome of any is unknown: calling again with the same keys is safe and tells.
        """
        if requests and requests[0].dry_run:
            return [_opened(one) for one in await self._tried([_ticket(each) for each in requests], atomic=atomic)]
        outcomes: list[Outcome] = []
        step = len(requests) if atomic else self.limits.group_size
        for start in range(0, len(requests), step or 1):
            tickets = [_ticket(request) for request in requests[start : start + step]]
            outcomes += map(_opened, await self._submit(requests[0].book, tickets, atomic=atomic))
            for outcome in outcomes[start:]:
                if isinstance(outcome, Problem) and outcome.type.code == "unavailable":
                    raise outcome
        return outcomes

    async def _tried(self, tickets: Sequence[Ticket], *, atomic: bool) -> list[Outcome]:
        """Decide and prove the requests in a transaction of their own that is taken back at its end."""
        if self._closing or self._writer is None:
            raise unavailable()
        return await self._writer.post(tickets[0].request.book, tickets, atomic=atomic, dry_run=True)

    async def _submit(self, book: str, tickets: Sequence[Ticket], *, atomic: bool) -> list[Outcome]:
        """Queue the requests in their book's lane and wait for their outcomes."""
        if self._closing or self._writer is None or self._waiting + len(tickets) > self.limits.queue_limit:
            raise unavailable()
        batch = _Batch(tickets, atomic, asyncio.get_running_loop().create_future())
        lane = self._lanes.setdefault(book, _Lane(book))
        lane.waiting.append(batch)
        self._waiting += len(tickets)
        self.metrics.waiting.set(self._waiting)
        if lane.task is None:
            lane.task = asyncio.create_task(self._run(lane, self._writer), name=f"posting lane {book}")
        return await batch.done

    async def _run(self, lane: _Lane, writer: GroupWriter) -> None:
        """Work the lane until nothing waits; then forget it."""
        try:
            while lane.waiting:
                group = lane.next_group(self.limits.group_size)
                tickets = [ticket for batch in group for ticket in batch.tickets]
                outcomes = None
                try:
                    outcomes = await writer.post(lane.book, tickets, atomic=group[0].atomic)
                finally:
                    self._answer(group, outcomes)
        finally:
            lane.task = None
            if not lane.waiting:
                self._lanes.pop(lane.book, None)

    def _answer(self, group: Sequence[_Batch], outcomes: list[Outcome] | None) -> None:
        """Hand every batch its outcomes; without outcomes they are unknown, and the callers are told so."""
        start = 0
        for batch in group:
            end = start + len(batch.tickets)
            self._waiting -= len(batch.tickets)
            self.metrics.waiting.set(self._waiting)
            if not batch.done.done():
                batch.done.set_result(outcomes[start:end] if outcomes else [unavailable() for _ in batch.tickets])
            start = end


async def _close_pool(pool: asyncpg.Pool, *, at_once: bool) -> None:
    """Close the connections; those that do not say goodbye in time are dropped."""
    if not at_once:
        with suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), _GOODBYE_SECONDS)
    pool.terminate()


async def _no_reset(connection: object) -> None:
    """Groups leave nothing behind in a session, so there is nothing to reset when a connection goes back to the pool."""


def _ticket(request: PostingRequest) -> Ticket:
    return Ticket(request, instance=current_request_id())


def _opened(outcome: Outcome) -> Outcome:
    """Turn a remembered refusal back into the problem it was."""
    if not isinstance(outcome, Answer) or outcome.status != CONFLICT:
        return outcome
    problem = Problem.from_stored(orjson.loads(outcome.body))
    problem.headers = {REPLAYED_HEADER: "true"} if outcome.replayed else {}
    return problem
