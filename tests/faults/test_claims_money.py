"""Real processes, killed at the worst moments: the ledger's money moves once for each claim, and both sides agree to the fen."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest

from deploy.local.child import Child
from deploy.local.services import worker_child
from tests.faults.fault_proxy import FaultProxy, fault_proxy
from tests.support.county import County
from tests.support.stack import Stack, running_stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

LEASE_SECONDS = 3
# A kept connection may be closed by the service in the moment it is used again; that is not what is tested here.
NO_KEEP_ALIVE = httpx.Limits(max_keepalive_connections=0)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One system for all tests here; each test has a county of its own, and leaves the services running."""
    with running_stack(("ledger", "claims")) as running:
        yield running


@asynccontextmanager
async def county_of(stack: Stack, book: str) -> AsyncIterator[County]:
    async with (
        httpx.AsyncClient(base_url=stack.url("ledger"), timeout=60, limits=NO_KEEP_ALIVE) as ledger,
        httpx.AsyncClient(base_url=stack.url("claims"), timeout=60, limits=NO_KEEP_ALIVE) as claims,
    ):
        yield County(ledger, claims, stack.issuer, book)


def start_worker(stack: Stack, ledger_url: str | None = None) -> Child:
    settings = stack.settings("claims") | {
        "CLAIMS_WORKER_LEASE_SECONDS": str(LEASE_SECONDS),
        "CLAIMS_WORKER_LEDGER_SECONDS": "2",
        "CLAIMS_WORKER_POLL_SECONDS": "0.1",
    }
    worker = worker_child(settings | ({"CLAIMS_LEDGER_URL": ledger_url} if ledger_url else {}), stack.folder)
    worker.start()
    return worker


@asynccontextmanager
async def workers(stack: Stack, *ledger_urls: str) -> AsyncIterator[list[Child]]:
    """Workers that are gone afterwards, however many the test killed and started."""
    running = [start_worker(stack, url) for url in ledger_urls]
    try:
        yield running
    finally:
        for worker in running:
            worker.kill()


async def wait_for(county: County, status: str, claims: Sequence[str], seconds: float = 60) -> None:
    with anyio.fail_after(seconds):
        # What is waited for happens in another process.
        while {await county.status(claim_id) for claim_id in claims} != {status}:  # noqa: ASYNC110
            await anyio.sleep(0.2)


async def entries_of(county: County, kind: str) -> list[dict[str, object]]:
    found = await county.get("ledger", "/journal-entries", "auditor", fund="insurance", limit="1000")
    return [entry for entry in found["items"] if entry["kind"] == kind]


async def test_with_the_ledger_stopped_a_claim_is_approved_and_paid_once_when_it_is_back(stack: Stack) -> None:
    async with county_of(stack, "610921") as county, workers(stack, stack.url("ledger")):
        await county.found()
        stack.kill("ledger")
        claims = [await county.approved_claim(10_000 + number) for number in range(3)]
        away = await county.try_get("claims", "/reconciliation", "auditor")
        assert (away.status_code, away.json()["code"]) == (503, "ledger_unavailable")
        await anyio.sleep(2)
        assert {await county.status(claim_id) for claim_id in claims} == {"approved"}
        stack.start("ledger")
        await wait_for(county, "encumbered", claims)
        assert sorted(one["amount_fen"] for one in await encumbrances(county)) == [10_000, 10_001, 10_002]
        batch = await county.approved_batch()
        stack.kill("ledger")
        await county.bank_return(batch, "success")
        await anyio.sleep(1)
        stack.start("ledger")
        await wait_for(county, "paid", claims)
        assert len(await entries_of(county, "encumber")) == len(await entries_of(county, "liquidation")) == 3
        assert (await county.insurance())["expended_fen"] == 30_003
        assert (await county.reconciliation())["matched"]


async def encumbrances(county: County) -> list[dict[str, int]]:
    found = await county.get("ledger", "/encumbrances", "auditor", fund="insurance", limit="1000")
    items: list[dict[str, int]] = found["items"]
    return items


class Killer:
    """Kills the worker when the ledger has answered, before the worker can hear it."""

    def __init__(self, stack: Stack, proxy: FaultProxy, running: list[Child]) -> None:
        self.stack = stack
        self.proxy = proxy
        self.running = running
        self.killed: list[str] = []
        proxy.hook = self.strike

    async def strike(self, key: str, answer: httpx.Response) -> bool:
        if key in self.killed or answer.status_code != 201:
            return True
        self.killed.append(key)
        self.running[-1].kill()
        assert not self.running[-1].is_running
        self.running.append(start_worker(self.stack, self.proxy.url))
        return False


async def test_a_worker_killed_between_the_ledgers_commit_and_its_own_has_one_effect(stack: Stack) -> None:
    async with (
        county_of(stack, "610922") as county,
        fault_proxy(stack.url("ledger")) as proxy,
        workers(stack, proxy.url) as running,
    ):
        killer = Killer(stack, proxy, running)
        await county.found()
        claim_id = await county.approved_claim(70_000)
        await wait_for(county, "encumbered", [claim_id])
        batch = await county.approved_batch()
        await county.bank_return(batch, "success")
        await wait_for(county, "paid", [claim_id])
        await county.bank_return(batch, "failure", on="2021-07-08")
        await wait_for(county, "payment_returned", [claim_id])
        await county.bank_return(await county.approved_batch(), "success", on="2021-07-12")
        await wait_for(county, "paid", [claim_id])
        expected = [
            f"claim:{claim_id}:{operation}" for operation in ("encumber:1", "liquidate:1", "return:1", "liquidate:2")
        ]
        assert killer.killed == expected
        # Each was sent again under its own key after the lease ran out, and the ledger answered as it had.
        assert [proxy.keys.count(key) for key in expected] == [2, 2, 2, 2]
        kinds = {kind: len(await entries_of(county, kind)) for kind in ("encumber", "liquidation", "return")}
        assert kinds == {"encumber": 1, "liquidation": 2, "return": 1}
        fund = await county.insurance()
        assert (fund["encumbered_fen"], fund["expended_fen"], fund["cash_fen"]) == (0, 70_000, 99_930_000)
        compared = await county.reconciliation()
        assert (compared["matched"], compared["totals"]["claims_liquidated_fen"]) == (True, 70_000)


async def test_workers_killed_at_random_pay_every_claim_once(stack: Stack) -> None:
    chance = random.Random(20_210_701)
    async with (
        county_of(stack, "610923") as county,
        fault_proxy(stack.url("ledger")) as proxy,
        workers(stack, proxy.url, proxy.url) as running,
    ):
        strikes = 0

        async def strike(_key: str, _answer: httpx.Response) -> bool:
            nonlocal strikes
            # Eight wishes are under way at once: one kill in ten answers ends most rounds early.
            if chance.random() < 0.1:
                place = chance.randrange(2)
                running[place].kill()
                running[place] = start_worker(stack, proxy.url)
                strikes += 1
            return chance.random() < 0.8

        proxy.hook = strike
        await county.found()
        claims = [await county.approved_claim(1_000 + number) for number in range(12)]
        await wait_for(county, "encumbered", claims, 120)
        await county.bank_return(await county.approved_batch(), "success")
        await wait_for(county, "paid", claims, 120)
        assert strikes >= 3
        assert len(await entries_of(county, "liquidation")) == len(await entries_of(county, "encumber")) == 12
        assert (await county.insurance())["expended_fen"] == sum(1_000 + number for number in range(12))
        assert (await county.reconciliation())["matched"]


async def test_a_worker_told_to_stop_finishes_what_it_holds_and_leaves_no_sign_of_life(stack: Stack) -> None:
    async with (
        county_of(stack, "610924") as county,
        fault_proxy(stack.url("ledger")) as proxy,
        workers(stack, proxy.url) as running,
    ):
        asked, may_answer = asyncio.Event(), asyncio.Event()

        async def hold(_key: str, _answer: httpx.Response) -> bool:
            asked.set()
            await may_answer.wait()
            return True

        proxy.hook = hold
        await county.found()
        claim_id = await county.approved_claim(5_000)
        await asked.wait()
        signs_of_life = f"SELECT count(*) FROM worker_heartbeat WHERE worker LIKE '%:{running[0].pid}:%';"  # noqa: S608 - our own number
        assert stack.sql("claims", signs_of_life).strip() == "1"
        process = running[0].process
        assert process is not None
        process.terminate()
        await anyio.sleep(0.5)
        assert running[0].is_running
        may_answer.set()
        await anyio.to_thread.run_sync(process.wait, 15)
        assert process.returncode == 0
        assert await county.status(claim_id) == "encumbered"
        assert stack.sql("claims", signs_of_life).strip() == "0"
