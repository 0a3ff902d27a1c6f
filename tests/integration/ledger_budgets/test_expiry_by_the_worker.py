"""The ledger's worker: what expired is given back by the clock, once, by however many workers, wherever they are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest

from common.database import create_engine
from deploy.local.databases import Database
from deploy.local.environment import constructor_arguments
from deploy.local.issuer import Issuer
from deploy.local.services import ledger_worker_child
from ledger.journal.engine import PostingEngine
from ledger.worker import NAME, Worker, WorkerSettings
from tests.support.ledger_calls import LedgerCalls
from tests.support.ledger_engine import broken_totals, connect
from tests.support.servers import Server

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

# One at a time, so that a kill finds the work half done.
SPEED = {"LEDGER_WORKER_POLL_SECONDS": "0.05", "LEDGER_WORKER_MOST": "1"}


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer, ledger_database: Database) -> Any:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    await calls.made("/funds/insurance/receipts", amount_fen=9000, source="county", effective_on="2021-03-01")
    await calls.made(
        "/funds/insurance/allotments", amount_fen=9000, fiscal_year=2021, effective_on="2021-03-01", authority="文1"
    )
    yield calls
    connection = await connect(ledger_database.owner_url)
    assert await broken_totals(connection) == []
    await connection.close()


@pytest.fixture
def expire_all(postgres: Server, ledger_database: Database) -> Callable[[], None]:
    return lambda: (
        postgres.sql(
            ledger_database,
            "UPDATE encumbrance_balance SET expires_at = now() - interval '1 s' WHERE expires_at IS NOT NULL",
        ),
        None,
    )[1]


async def encumbered(ledger: LedgerCalls, number: int) -> list[str]:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"fund": "insurance", "fiscal_year": 2021, "amount_fen": 3, "purpose": "理赔", "effective_on": "2021-03-02"}
    return [str((await ledger.made("/encumbrances", **body, expires_at=soon))["id"]) for _ in range(number)]


async def releases(ledger: LedgerCalls, one: str) -> list[Any]:
    items = (await ledger.read(f"/encumbrances/{one}/history"))["items"]
    return [item for item in items if (item["entry"] or {}).get("kind") == "release"]


@asynccontextmanager
async def worker(settings: dict[str, str]) -> AsyncIterator[Worker]:
    said: dict[str, Any] = constructor_arguments(settings)
    made = WorkerSettings(**said)
    database = create_engine(made.database_url, application_name="test", pool_size=1, pool_wait_seconds=1)
    try:
        async with PostingEngine(made.database_url) as engine:
            yield Worker(database, engine, made)
    finally:
        await database.dispose()


@contextmanager
def process(settings: dict[str, str], folder: Path, name: str) -> Iterator[Popen[bytes]]:
    """A worker as `make run` starts it."""
    child = ledger_worker_child(settings | SPEED, folder)
    child.log = folder / f"{name}.log"
    child.start()
    assert child.process is not None
    try:
        yield child.process
    finally:
        child.kill()


async def test_a_round_gives_back_what_expired_and_says_so_on_the_voucher(
    ledger: LedgerCalls, ledger_settings: dict[str, str], expire_all: Callable[[], None]
) -> None:
    ids = await encumbered(ledger, 10)
    async with worker(ledger_settings | {"LEDGER_WORKER_MOST": "4"}) as made:
        assert await made.one_round() == 0
        expire_all()
        kept = (await encumbered(ledger, 1))[0]
        assert await made.one_round() == 10
        assert await made.one_round() == 0
    for one in ids:
        [release] = await releases(ledger, one)
        assert (release["by_person"], release["reason"]) == (NAME, "解除冻结：到期自动解除")
    assert (await ledger.read(f"/encumbrances/{kept}"))["status"] == "open"
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_what_waits_for_a_second_person_does_not_keep_the_rest_from_its_turn(
    ledger: LedgerCalls, ledger_settings: dict[str, str], expire_all: Callable[[], None]
) -> None:
    await encumbered(ledger, 3)
    expire_all()
    rule = {"rules": [{"kind": "release", "fund": "*", "from_fen": 0}]}
    assert (await ledger.post("/approval-rules", rule, who="admin")).status_code == 201
    async with worker(ledger_settings | {"LEDGER_WORKER_MOST": "2"}) as made:
        assert await made.one_round() == 3
        assert await made.one_round() == 0
        waiting = (await ledger.read("/proposals", status="waiting"))["items"]
        assert [(one["operation"], one["prepared_by"]) for one in waiting] == [("expiry", NAME)] * 3
        assert (await ledger.post("/approval-rules", {"rules": []}, who="admin")).status_code == 201
        [fresh] = await encumbered(ledger, 1)
        expire_all()
        # The first three have a new expiry here, so they are released now; what matters is the one behind them.
        assert await made.one_round() >= 1
        assert len(await releases(ledger, fresh)) == 1


async def test_a_worker_outlives_a_database_that_refuses_its_work(
    ledger: LedgerCalls,
    ledger_settings: dict[str, str],
    postgres: Server,
    ledger_database: Database,
    expire_all: Callable[[], None],
) -> None:
    [one] = await encumbered(ledger, 1)
    expire_all()
    postgres.sql(ledger_database, "ALTER TABLE encumbrance_balance RENAME TO elsewhere")
    async with worker(ledger_settings | SPEED) as made:
        running = asyncio.create_task(made.run())
        await asyncio.sleep(0.3)
        assert not running.done()
        postgres.sql(ledger_database, "ALTER TABLE elsewhere RENAME TO encumbrance_balance")
        async with asyncio.timeout(30):
            while True:
                if await releases(ledger, one):
                    break
                await asyncio.sleep(0.05)
        made.stopping.set()
        await asyncio.wait_for(running, 10)


async def test_two_workers_and_a_killed_one_release_each_once(
    ledger: LedgerCalls, ledger_settings: dict[str, str], tmp_path: Path, expire_all: Callable[[], None]
) -> None:
    ids = await encumbered(ledger, 120)
    expire_all()
    # The first dies in the middle of its work; two go on at the same time.
    with process(ledger_settings, tmp_path, "first") as first:
        await until(lambda: done(ledger), at_least=3)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    assert 3 <= await done(ledger) < len(ids)
    with process(ledger_settings, tmp_path, "second") as second, process(ledger_settings, tmp_path, "third") as third:
        await until(lambda: done(ledger), at_least=len(ids))
        for running in (second, third):
            running.send_signal(signal.SIGTERM)
        assert [await asyncio.to_thread(running.wait, 15) for running in (second, third)] == [0, 0]
    assert [len(await releases(ledger, one)) for one in ids] == [1] * len(ids)
    [fund] = (await ledger.read("/balances", fund="insurance"))["funds"]
    assert (fund["encumbered_fen"], fund["available_fen"]) == (0, 9000)


async def done(ledger: LedgerCalls) -> int:
    return len((await ledger.read("/encumbrances", status="released", limit=1000))["items"])


async def until(count: Callable[[], Any], *, at_least: int) -> None:
    ends = time.monotonic() + 60
    while await count() < at_least:
        assert time.monotonic() < ends, "the worker did not do its work in time"
        await asyncio.sleep(0.02)


async def test_a_worker_without_its_database_waits_and_stops_when_told(ledger_settings: dict[str, str]) -> None:
    nowhere = ledger_settings | {"LEDGER_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    async with worker(nowhere | {"LEDGER_WORKER_POLL_SECONDS": "0.05"}) as made:
        running = asyncio.create_task(made.run())
        await asyncio.sleep(0.3)
        assert not running.done()
        made.stopping.set()
        await asyncio.wait_for(running, 15)


def test_a_worker_with_a_wrong_setting_says_so_and_ends() -> None:
    environment = {"PATH": os.environ["PATH"], "LEDGER_WORKER_POLL_SECONDS": "0"}
    ended = Popen([sys.executable, "-m", "ledger.worker"], env=environment, stderr=-1)
    _, said = ended.communicate(timeout=30)
    assert ended.returncode == 2
    assert b"LEDGER_WORKER_POLL_SECONDS" in said
