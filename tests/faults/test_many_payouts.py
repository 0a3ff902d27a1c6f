"""A thousand claims paid while workers and the ledger are killed at random: each is encumbered once and paid once.

The small version, with every moment of a kill chosen, is in test_claims_money.py.
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
from tests.support.county import County
from tests.support.stack import Stack, StackSeed, running_stack

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(3600)]

BOOKS = ("610921", "610922", "610923", "610924")
CLAIMS_EACH = 250
AT_ONCE = 4
KILL_WORKER, KILL_LEDGER, CUT = 0.01, 0.004, 0.05
CLAIM_STATES = "SELECT status, count(*) FROM claim GROUP BY status ORDER BY status"


@pytest.fixture
def stack(seed: StackSeed) -> Iterator[Stack]:
    with running_stack(("ledger", "claims"), seed=seed) as made:
        yield made


@dataclass
class Misfortune:
    """Between the ledger's answers and the workers: kills a worker or the ledger now and then, and loses answers."""

    stack: Stack
    proxy: FaultProxy
    running: list[Child]
    chance: random.Random = field(default_factory=lambda: random.Random(20_210_705))
    workers_killed: int = 0
    ledgers_killed: int = 0
    answers_lost: int = 0

    async def strike(self, _key: str, _answer: httpx.Response) -> bool:
        if self.chance.random() < KILL_WORKER:
            place = self.chance.randrange(len(self.running))
            self.running[place].kill()
            self.running[place] = start_worker(self.stack, self.proxy.url)
            self.workers_killed += 1
        if self.chance.random() < KILL_LEDGER:
            self.stack.kill("ledger")
            self.stack.start("ledger", wait=False)
            self.ledgers_killed += 1
        lost = self.chance.random() < CUT
        self.answers_lost += lost
        return not lost


async def approved(county: County) -> list[str]:
    """Claims filed, checked and approved, a few at a time."""
    few = anyio.CapacityLimiter(AT_ONCE)
    made = list[str]()

    async def one(number: int) -> None:
        async with few:
            made.append(await county.approved_claim(1_000 + number))

    async with asyncio.TaskGroup() as group:
        for number in range(CLAIMS_EACH):
            group.create_task(one(number))
    return made


async def all_are(stack: Stack, status: str) -> None:
    with anyio.fail_after(1_200):
        # What is waited for happens in other processes.
        while stack.sql("claims", CLAIM_STATES).split() != [f"{status}|{CLAIMS_EACH * len(BOOKS)}"]:  # noqa: ASYNC110
            await anyio.sleep(0.5)


async def assert_paid_once(county: County, claims: list[str]) -> None:
    total = sum(1_000 + number for number in range(CLAIMS_EACH))
    assert len(set(claims)) == CLAIMS_EACH
    for kind in ("encumber", "liquidation"):
        entries = await entries_of(county, kind)
        assert len(entries) == len({entry["reference"] for entry in entries}) == CLAIMS_EACH
    fund = await county.insurance()
    assert (fund["expended_fen"], fund["encumbered_fen"], fund["cash_fen"]) == (total, 0, 100_000_000 - total)
    compared = await county.reconciliation()
    assert (compared["matched"], compared["totals"]["claims_liquidated_fen"]) == (True, total)
    verified = await county.get("ledger", "/chain/verification", "auditor")
    assert verified["verified"] is True


async def test_a_thousand_claims_are_paid_once_whoever_is_killed(stack: Stack) -> None:
    started = time.monotonic()
    async with AsyncExitStack() as held:
        proxy = await held.enter_async_context(fault_proxy(stack.url("ledger")))
        counties = [await held.enter_async_context(county_of(stack, book)) for book in BOOKS]
        for county in counties:
            await county.found()
        running = await held.enter_async_context(workers(stack, proxy.url, proxy.url))
        misfortune = Misfortune(stack, proxy, running)
        proxy.hook = misfortune.strike
        claims = [await approved(county) for county in counties]
        await all_are(stack, "encumbered")
        proxy.hook = None
        await stack.ready("ledger")
        batches = [await county.approved_batch() for county in counties]
        proxy.hook = misfortune.strike
        for county, batch in zip(counties, batches, strict=True):
            await county.bank_return(batch, "success")
        await all_are(stack, "paid")
        proxy.hook = None
        await stack.ready("ledger")
        for county, approved_claims in zip(counties, claims, strict=True):
            await assert_paid_once(county, approved_claims)
    sys.stdout.write(
        f"\n{CLAIMS_EACH * len(BOOKS)} payouts: {misfortune.workers_killed} kills of a worker, {misfortune.ledgers_killed} of the"
        f" ledger, {misfortune.answers_lost} answers lost, {len(proxy.keys)} calls of the ledger for"
        f" {len(set(proxy.keys))} wishes, {time.monotonic() - started:.0f} s in all\n"
    )
    assert misfortune.workers_killed >= 10
    assert misfortune.ledgers_killed >= 3
