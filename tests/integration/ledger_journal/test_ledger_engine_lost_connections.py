"""When the connection is lost around a commit, the engine looks its keys up under the lock and goes on: once, never twice."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import orjson
import pytest

from common.errors import Problem
from ledger.journal.drafts import Answer
from ledger.journal.engine import EngineLimits, PostingEngine
from tests.support.ledger_engine import accrual, broken_totals, request

pytestmark = pytest.mark.anyio
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


@dataclass
class Wire:
    """A wire between engine and database that breaks at a COMMIT.

    ``before`` the server has it, or ``after``, so that only its answer is lost.
    """

    cut: str
    cuts: int = 1
    seen: list[str] = field(default_factory=list)

    def breaks(self, sent: bytes) -> bool:
        """Whether this is a commit to break at."""
        if COMMIT not in sent:
            return False
        self.cuts -= 1
        self.seen.append("cut" if self.cuts >= 0 else "through")
        return self.cuts >= 0


@asynccontextmanager
async def broken_wire(url: str, wire: Wire) -> AsyncIterator[str]:
    """Put the wire before a database; yield the address to use."""
    there = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(there.hostname, there.port)
        muted = asyncio.Event()
        answers = asyncio.create_task(_pump(server_reader, writer, muted))
        while sent := await reader.read(65536):
            breaks = wire.breaks(sent)
            if breaks:
                muted.set()
            if not breaks or wire.cut == "after":
                server_writer.write(sent)
                await server_writer.drain()
            if breaks:
                break
        if not (muted.is_set() and wire.cut == "after"):
            server_writer.close()
        await answers
        server_writer.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = there.netloc.rpartition("@")[0]
    try:
        yield urlunsplit(there._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
    finally:
        server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, muted: asyncio.Event) -> None:
    """Carry answers until there are no more; once muted, swallow the next one and stop."""
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            if muted.is_set():
                return
            writer.write(data)


async def _counts(connection: Connection) -> tuple[int, int]:
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM journal_entry), (SELECT count(*) FROM idempotency_key)"
    )
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize("cut", ["before", "after"])
async def test_a_group_whose_commit_was_lost_is_posted_once(cut: str, book_url: str, observer: Connection) -> None:
    wire = Wire(cut)
    async with broken_wire(book_url, wire) as url, PostingEngine(url) as engine:
        outcomes = await engine.post_many([request(accrual(n), f"k{n}") for n in range(1, 21)], atomic=False)
        again = await engine.post(request(accrual(1), "k1"))
    answers = [one for one in outcomes if isinstance(one, Answer)]
    # Nobody else asked: whoever wrote the entries, these are their first answers.
    assert [(one.status, one.replayed) for one in answers] == [(201, False)] * 20
    assert (again.body, again.replayed) == (answers[0].body, True)
    assert [orjson.loads(one.body)["seq"] for one in answers] == list(range(1, 21))
    assert await _counts(observer) == (20, 20)
    assert wire.seen[0] == "cut"
    assert await broken_totals(observer) == []


async def test_a_wire_that_never_holds_is_unavailable_and_the_key_tells_later(
    book_url: str, observer: Connection
) -> None:
    wire = Wire("after", cuts=100)
    async with broken_wire(book_url, wire) as url, PostingEngine(url) as engine:
        # The first attempt commits and its answer is lost; the next finds the key and has nothing to commit.
        assert (await engine.post(request(accrual(1), "k"))).replayed is False
    wire = Wire("before", cuts=100)
    async with broken_wire(book_url, wire) as url, PostingEngine(url) as engine:
        with pytest.raises(Problem, match="unavailable"):
            await engine.post(request(accrual(2), "k2"))
    assert len(wire.seen) == 4
    assert await _counts(observer) == (1, 1)
    async with PostingEngine(book_url) as engine:
        assert (await engine.post(request(accrual(1), "k"))).replayed
        assert not (await engine.post(request(accrual(2), "k2"))).replayed
    assert await _counts(observer) == (2, 2)


@pytest.fixture
async def forgotten_waiters() -> AsyncIterator[None]:
    """Let the driver forget a waiter of a connection it has already reported as lost; anything else still fails the test."""
    loop = asyncio.get_running_loop()
    report = loop.get_exception_handler()

    def handle(running: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not isinstance(context.get("exception"), asyncpg.ConnectionDoesNotExistError) and report is not None:
            report(running, context)

    loop.set_exception_handler(handle)
    yield
    gc.collect()
    loop.set_exception_handler(report)


@pytest.mark.usefixtures("forgotten_waiters")
async def test_connections_killed_by_the_server_do_not_lose_or_double_entries(
    book_url: str, observer: Connection
) -> None:
    async with PostingEngine(book_url, EngineLimits(group_size=20)) as engine:
        wishes = [asyncio.create_task(engine.post(request(accrual(1), f"k{n}"))) for n in range(200)]
        for _ in range(4):
            await asyncio.sleep(0.03)
            await observer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fangpin-ledger-engine'"
                " AND datname = current_database()"
            )
        done = await asyncio.gather(*wishes, return_exceptions=True)
        acknowledged = [one for one in done if isinstance(one, Answer)]
        retried = await engine.post_many([request(accrual(1), f"k{n}") for n in range(200)], atomic=False)
    assert len(acknowledged) >= 1
    bodies = {one.body for one in retried if isinstance(one, Answer)}
    assert len(bodies) == 200
    assert {one.body for one in acknowledged} <= bodies
    assert await _counts(observer) == (200, 200)
    assert await broken_totals(observer) == []


async def test_a_database_that_cannot_be_reached_is_unavailable() -> None:
    async with PostingEngine("postgresql://nobody@127.0.0.1:9/nothing") as engine:
        with pytest.raises(Problem, match="unavailable"):
            await engine.post(request(accrual(1), "k"))
