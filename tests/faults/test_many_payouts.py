"""Many claims paid through every fault between the services: each is reserved once and paid once, and both sides agree to the fen.

Requests and answers are lost, slow, doubled and overtaken; workers and the ledger are killed at random. Two of four counties pay
themselves, two are paid by an insurer's pool; every tenth credit fails first and is paid by a second batch. The long run has a thousand
payouts, the short one is in every `make test`. With every moment of a kill chosen, the same is tried in test_claims_money.py.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import anyio
import httpx
import pytest

from deploy.local.child import Child
from tests.faults.fault_proxy import FaultProxy, fault_proxy
from tests.faults.test_claims_money import county_of, entries_of, start_worker, workers
from tests.support.county import County, return_body
from tests.support.stack import Stack, StackSeed, running_stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(3600)]

FUNDS_FEN = 100_000_000
AT_ONCE = 4
CUT, CUT_BEFORE, DOUBLED, OVERTAKEN, SLOW = 0.05, 0.05, 0.05, 0.05, 0.05
SLOW_SECONDS = 2.5  # longer than a worker waits
CLAIM_STATES = "SELECT status, count(*) FROM claim GROUP BY status ORDER BY status"


@pytest.fixture
def stack(seed: StackSeed) -> Iterator[Stack]:
    with running_stack(("ledger", "claims"), seed=seed) as made:
        yield made


@dataclass(frozen=True)
class Run:
    """How many counties of each kind, claims in each, and how likely a kill is at an answer."""

    counties: int
    claims: int
    kill_worker: float
    kill_ledger: float


LONG = Run(counties=4, claims=250, kill_worker=0.01, kill_ledger=0.004)
SHORT = Run(counties=2, claims=10, kill_worker=0.06, kill_ledger=0.02)


@dataclass
class Misfortune:
    """Between the workers and the ledger: loses, delays, doubles and reorders what passes, and kills either side now and then."""

    run: Run
    stack: Stack
    proxy: FaultProxy
    running: list[Child]
    chance: random.Random = field(default_factory=lambda: random.Random(20_210_705))
    workers_killed: int = 0
    ledgers_killed: int = 0
    answers_lost: int = 0
    requests_lost: int = 0
    doubled: int = 0
    overtaken: int = 0
    slow: int = 0

    def begin(self) -> None:
        self.proxy.hook, self.proxy.before = self.strike, self.waylay

    async def end(self) -> None:
        self.proxy.hook = self.proxy.before = None
        await self.stack.ready("ledger")

    async def waylay(self, _key: str) -> int:
        drawn = self.chance.random()
        if drawn < CUT_BEFORE:
            self.requests_lost += 1
            return 0
        if drawn < CUT_BEFORE + DOUBLED:
            self.doubled += 1
            return 2
        if drawn < CUT_BEFORE + DOUBLED + OVERTAKEN:
            self.overtaken += 1
            return -1
        if drawn < CUT_BEFORE + DOUBLED + OVERTAKEN + SLOW:
            self.slow += 1
            await anyio.sleep(SLOW_SECONDS)
        return 1

    async def strike(self, _key: str, _answer: httpx.Response) -> bool:
        if self.chance.random() < self.run.kill_worker:
            place = self.chance.randrange(len(self.running))
            self.running[place].kill()
            self.running[place] = start_worker(self.stack, self.proxy.url)
            self.workers_killed += 1
        if self.chance.random() < self.run.kill_ledger:
            self.stack.kill("ledger")
            self.stack.start("ledger", wait=False)
            self.ledgers_killed += 1
        lost = self.chance.random() < CUT
        self.answers_lost += lost
        return not lost

    def told(self) -> str:
        return (
            f"{self.workers_killed} kills of a worker, {self.ledgers_killed} of the ledger; {self.requests_lost} requests and"
            f" {self.answers_lost} answers lost, {self.slow} too slow, {self.doubled} doubled, {self.overtaken} repeated out of order;"
            f" {len(self.proxy.keys)} answers of the ledger for {len(set(self.proxy.keys))} wishes"
        )


async def approved(county: County, claims: int) -> list[str]:
    """Claims filed, checked and approved, a few at a time."""
    few = anyio.CapacityLimiter(AT_ONCE)
    made = list[str]()

    async def one(number: int) -> None:
        async with few:
            made.append(await county.approved_claim(1_000 + number))

    async with asyncio.TaskGroup() as group:
        for number in range(claims):
            group.create_task(one(number))
    return made


async def states_are(stack: Stack, expected: dict[str, int]) -> None:
    wanted = [f"{status}|{count}" for status, count in sorted(expected.items())]
    with anyio.fail_after(1_200):
        # What is waited for happens in other processes.
        while stack.sql("claims", CLAIM_STATES).split() != wanted:  # noqa: ASYNC110
            await anyio.sleep(0.5)


async def bank_says(county: County, batch: dict[str, object], failing: set[str], outcome: str) -> None:
    """The bank's return of a batch: `outcome`, for the claims in `failing` or for all others."""
    items = [item for item in batch["items"] if (item["claim_id"] in failing) == (outcome == "failure")]  # type: ignore[attr-defined]
    await county.post("claims", f"/payout-batches/{batch['id']}/bank-return", return_body(items, outcome), "payer")


async def assert_paid_once(county: County, claims: list[str], run: Run) -> None:
    total = sum(1_000 + number for number in range(run.claims))
    assert len(set(claims)) == run.claims
    for kind in ("pool_payout",) if county.pool else ("encumber", "liquidation"):
        entries = await entries_of(county, kind)
        assert len(entries) == len({str(entry["reference"]).split()[0] for entry in entries}) == run.claims
    fund = await county.insurance()
    compared = await county.reconciliation()
    assert compared["matched"], compared
    if county.pool:
        assert await county.pool_fen() == FUNDS_FEN // 2 - total
        assert compared["totals"]["claims_pool_paid_fen"] == compared["totals"]["ledger_pool_paid_fen"] == total
    else:
        assert (fund["expended_fen"], fund["encumbered_fen"], fund["cash_fen"]) == (total, 0, FUNDS_FEN - total)
        assert compared["totals"]["claims_liquidated_fen"] == compared["totals"]["ledger_liquidated_fen"] == total
    verified = await county.get("ledger", "/chain/verification", "auditor")
    assert verified["verified"] is True


async def paid_through_every_fault(stack: Stack, run: Run) -> Misfortune:
    async with AsyncExitStack() as held:
        proxy = await held.enter_async_context(fault_proxy(stack.url("ledger")))
        books = [f"61092{number}" for number in range(1, run.counties + 1)]
        counties = [await held.enter_async_context(county_of(stack, book)) for book in books]
        for place, county in enumerate(counties):
            await county.found(pool_fen=FUNDS_FEN // 2 if place % 2 else None)
        running = await held.enter_async_context(workers(stack, proxy.url, proxy.url))
        misfortune = Misfortune(run, stack, proxy, running)
        misfortune.begin()
        claims = [await approved(county, run.claims) for county in counties]
        everything = run.claims * run.counties
        await states_are(stack, {"encumbered": everything})
        await misfortune.end()
        batches = [await county.approved_batch() for county in counties]
        misfortune.begin()
        failing = [set(made[::10]) for made in claims]
        for county, batch, bad in zip(counties, batches, failing, strict=True):
            await bank_says(county, batch, bad, "success")
            await bank_says(county, batch, bad, "failure")
        back = sum(len(bad) for bad in failing)
        await states_are(stack, {"paid": everything - back, "payment_returned": back})
        for county in counties:
            await county.bank_return(await county.approved_batch(), "success", on="2021-07-12")
        await states_are(stack, {"paid": everything})
        await misfortune.end()
        for county, made in zip(counties, claims, strict=True):
            await assert_paid_once(county, made, run)
        return misfortune


async def test_payouts_are_made_once_whatever_happens_between_the_services(stack: Stack) -> None:
    misfortune = await paid_through_every_fault(stack, SHORT)
    assert misfortune.workers_killed + misfortune.ledgers_killed >= 1
    assert min(misfortune.requests_lost + misfortune.answers_lost, misfortune.doubled + misfortune.overtaken) >= 1


@pytest.mark.long
async def test_a_thousand_payouts_are_made_once_whatever_happens_between_the_services(stack: Stack) -> None:
    started = time.monotonic()
    misfortune = await paid_through_every_fault(stack, LONG)
    seconds = time.monotonic() - started
    sys.stdout.write(f"\n{LONG.claims * LONG.counties} payouts, {seconds:.0f} s: {misfortune.told()}\n")
    assert misfortune.workers_killed >= 10
    assert misfortune.ledgers_killed >= 3
    assert min(misfortune.requests_lost, misfortune.doubled, misfortune.overtaken, misfortune.slow) >= 30
