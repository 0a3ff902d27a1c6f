"""The ledger, or its database, killed -9 in the middle of load: what was acknowledged is there once, and the books are whole.

Figures of a run are printed (`pytest -s`) and, for the long runs, kept in docs/reliability.md.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy.local.cluster import SUPERUSER
from tests.faults.ledger_load import Json, Kill, Load
from tests.support.ledger_engine import broken_totals
from tests.support.stack import Stack, StackSeed, running_stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

BOOK = "610923"
WAIT_FOR_A_STANDBY = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'; SELECT pg_reload_conf()"
WAIT_NO_MORE = "ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf()"
HOW_MANY_WAIT = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'fangpin-ledger-engine'"
)
READ = f"/v1/books/{BOOK}"


@asynccontextmanager
async def load_on(stack: Stack, seed_of_chance: int, *, keep_alive: bool = True) -> AsyncIterator[Load]:
    """A founded book and clients for it. Without kept connections every request may reach another process."""
    headers = {"Authorization": f"Bearer {stack.issuer.token('officer', book=BOOK)}"}
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=100 if keep_alive else 0)
    async with (
        httpx.AsyncClient(base_url=stack.url("ledger"), headers=headers, timeout=60, limits=limits) as officer,
        stack.client("ledger", "admin") as admin,
    ):
        load = Load(officer, BOOK, random.Random(seed_of_chance))
        await load.found(admin)
        yield load


@asynccontextmanager
async def superuser(stack: Stack) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(
        host="127.0.0.1",
        port=stack.cluster.port,
        user=SUPERUSER,
        password=stack.cluster.password,
        database=stack.databases["ledger"].name,
    )
    try:
        yield connection
    finally:
        await connection.close()


def allow_standbys(stack: Stack) -> None:
    """Only a server that may have a standby can wait for one."""
    stack.stop("postgres")
    stack.cluster.settings = {**stack.cluster.settings, "wal_level": "replica", "max_wal_senders": "1"}
    stack.start("postgres")


@asynccontextmanager
async def between_commit_and_answer(stack: Stack, observer: asyncpg.Connection[asyncpg.Record]) -> AsyncIterator[None]:
    """The ledger waits for a commit that is done and that nobody was told of: the server waits for a standby that never comes."""
    stack.sql("ledger", WAIT_FOR_A_STANDBY)
    try:
        async with asyncio.timeout(30):
            while not await observer.fetchval(HOW_MANY_WAIT):
                await observer.execute("SELECT pg_sleep(0.005)")
        # Answers still on their way arrive, and what is asked next waits with the others.
        await asyncio.sleep(0.1)
        yield
    finally:
        stack.sql("ledger", WAIT_NO_MORE)


async def head_of(load: Load) -> Json:
    answer = await load.client.get(f"{READ}/chain")
    assert answer.status_code == 200, answer.text
    head: Json = answer.json()
    return head


async def assert_whole(stack: Stack, load: Load, heads: list[Json]) -> None:
    """Everything that must hold afterwards, seen through the API and as the database's superuser."""
    for head in heads[-1:]:
        expected = {"expect_position": head["position"], "expect_hash": head["hash"]}
        verified = (await load.client.get(f"{READ}/chain/verification", params=expected)).json()
        assert verified["verified"] is True, verified
        assert verified["head"]["seq"] == len(load.entries)
    async with superuser(stack) as connection:
        rows = await connection.fetch(
            "SELECT e.reference, e.id::text, e.seq, e.voucher_number, encode(c.hash, 'hex') AS hash"
            " FROM journal_entry e JOIN chain_record c USING (book, seq)"
        )
        chain = await connection.fetch("SELECT position, encode(hash, 'hex') AS hash FROM chain_record")
        # No gap in seq or vouchers, links, totals, encumbrances' remainders, nothing negative: each as a sum of postings.
        assert await broken_totals(connection) == []
    stored = {row["reference"]: {name: row[name] for name in ("id", "seq", "voucher_number", "hash")} for row in rows}
    told = {
        key: {name: entry[name] for name in ("id", "seq", "voucher_number", "hash")}
        for key, entry in load.entries.items()
    }
    assert len(stored) == len(rows), "an entry stands twice under one reference"
    assert stored == told
    assert sorted(row["seq"] for row in rows) == list(range(1, len(rows) + 1))
    # Nothing that was once the head was rewritten.
    hashes = {row["position"]: row["hash"] for row in chain}
    assert {head["position"]: head["hash"] for head in heads}.items() <= hashes.items()


def report(what: str, load: Load, restarts: list[float], started: float) -> None:
    kills = load.kills[1:]
    lines = [
        f"kill {number:3}: in flight {kill.in_flight:3}, unanswered and sent again {kill.unanswered:3},"
        f" of them already posted {kill.found_posted:3}, answers 503 {load.refused[number]:3}"
        for number, kill in enumerate(kills, 1)
    ]
    back = f", back after {min(restarts):.1f} to {max(restarts):.1f} s" if restarts else ""
    lines.append(
        f"{what}: {len(kills)} kills, {len(load.entries)} entries, {sum(kill.unanswered for kill in kills)} unanswered and sent"
        f" again, {sum(kill.found_posted for kill in kills)} of them already posted,"
        f" {load.refused.total()} answers 503{back}, {time.monotonic() - started:.0f} s in all"
    )
    sys.stdout.write("\n" + "\n".join(lines) + "\n")


def assert_kills_struck(kills: list[Kill]) -> None:
    """Each in the middle of requests. On a busy machine one may come just when all answers were on their way: it does not count."""
    assert all(kill.in_flight > 0 for kill in kills), kills
    assert sum(kill.unanswered == 0 for kill in kills) <= len(kills) // 4, kills
    # Every fourth came between commit and answer: only the key kept those entries from being posted a second time.
    assert all(kill.found_posted > 0 for kill in kills[3::4]), kills


@pytest.mark.parametrize(
    ("times", "clients"),
    [
        pytest.param(20, 24, id="20-kills"),
        pytest.param(100, 96, id="100-kills", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
    ],
)
async def test_every_entry_stands_once_however_often_the_ledger_is_killed(
    seed: StackSeed, times: int, clients: int
) -> None:
    started, restarts, heads = time.monotonic(), list[float](), list[Json]()
    with running_stack((), seed=seed) as stack:
        allow_standbys(stack)
        stack.start("ledger")
        async with load_on(stack, 20_210_302) as load, superuser(stack) as observer:
            async with load.running(clients):
                while sum(kill.unanswered > 0 for kill in load.kills[1:]) < times:
                    await load.grown_by(load.chance.randint(20, 200))
                    heads.append(await head_of(load))
                    if len(load.kills) % 4 == 0:
                        async with between_commit_and_answer(stack, observer):
                            load.about_to_kill()
                            stack.kill("ledger")
                    else:
                        await asyncio.sleep(load.chance.uniform(0.01, 0.15))
                        load.about_to_kill()
                        stack.kill("ledger")
                    killed = time.monotonic()
                    stack.start("ledger", wait=False)
                    await stack.ready("ledger")
                    restarts.append(time.monotonic() - killed)
            report("ledger killed", load, restarts, started)
            assert_kills_struck(load.kills[1:])
            assert load.kills[0].unanswered == 0
            await assert_whole(stack, load, heads)


async def test_the_ledger_comes_back_by_itself_when_its_database_was_killed(seed: StackSeed) -> None:
    started, restarts, heads = time.monotonic(), list[float](), list[Json]()
    with running_stack(("ledger",), seed=seed) as stack:
        pids = stack.pids("ledger")
        async with load_on(stack, 20_210_303) as load:
            async with load.running(24):
                for _ in range(2):
                    await load.grown_by(150)
                    heads.append(await head_of(load))
                    kill = load.about_to_kill()
                    stack.kill("postgres")
                    # The ledger says so while it lasts: to those who write, to those who read and to whoever watches it.
                    await assert_says_unavailable(load)
                    stack.start("postgres")
                    back = time.monotonic()
                    await load.grown_by(100)
                    restarts.append(time.monotonic() - back)
                    assert kill.in_flight > 0
                    assert kill.unanswered == 0
            report("PostgreSQL killed", load, restarts, started)
            assert all(load.refused[number] > 0 for number in (1, 2))
            assert stack.pids("ledger") == pids
            assert (await load.client.get("/readyz")).status_code == 200
            await assert_whole(stack, load, heads)


async def assert_says_unavailable(load: Load) -> None:
    before = load.refused.total()
    for path in (f"{READ}/funds", f"{READ}/chain", "/readyz"):
        answer = await load.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert (await load.client.get("/healthz")).status_code == 200
    async with asyncio.timeout(30):
        while load.refused.total() == before:  # noqa: ASYNC110 - counted by the load's clients
            await asyncio.sleep(0.05)


async def test_of_two_ledgers_on_one_port_one_is_killed_and_the_other_goes_on(seed: StackSeed) -> None:
    started, heads = time.monotonic(), list[Json]()
    with running_stack(("ledger",), seed=seed, ledger_workers=2) as stack:
        async with load_on(stack, 20_210_304, keep_alive=False) as load:
            async with load.running(24):
                for turn in range(4):
                    await load.grown_by(100)
                    heads.append(await head_of(load))
                    victim, survivor = stack.pids("ledger")[:: 1 if turn % 2 else -1]
                    load.about_to_kill()
                    os.kill(victim, signal.SIGKILL)
                    await load.grown_by(150)
                    assert stack.pids("ledger") == [survivor]
                    # Then there are two again.
                    load.about_to_kill()
                    stack.kill("ledger")
                    stack.start("ledger", wait=False)
                    await both_answer(stack)
            report("one of two ledgers killed, then the other", load, [], started)
            assert sum(kill.unanswered for kill in load.kills[1::2]) > 0
            assert sum(kill.unanswered for kill in load.kills[2::2]) > 0
            await assert_whole(stack, load, heads)


async def both_answer(stack: Stack) -> None:
    """Wait until each of the two processes serves: both write about it to their own logs then."""
    logs = [path for path in stack.logs() if path.name.startswith("ledger-")]
    assert len(logs) == 2
    written = [path.stat().st_size for path in logs]
    await stack.ready("ledger")
    async with asyncio.timeout(30):
        while not all(b"/journal-entries" in _since(path, size) for path, size in zip(logs, written, strict=True)):  # noqa: ASYNC110 - written by other processes
            await asyncio.sleep(0.05)


def _since(path: Path, size: int) -> bytes:
    with path.open("rb") as log:
        log.seek(size)
        return log.read()
