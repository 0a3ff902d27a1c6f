"""Two ledger processes on one port, over real HTTP: the money is paid out once and a key has one effect, whichever of them is asked."""

from __future__ import annotations

import json
import os
import signal
from asyncio import gather, sleep
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.stack import Stack, StackSeed, running_stack

pytestmark = pytest.mark.anyio

DAY: Json = {"effective_on": "2021-03-02"}
PAYMENT: Json = DAY | {"amount_fen": 10, "payee_ref": "vendor-1", "purpose": "印刷费"}
CONNECTIONS = 32
KEPT = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
Both = tuple[LedgerCalls, LedgerCalls]


@pytest.fixture(scope="module")
def two_ledgers(seed: StackSeed) -> Iterator[Stack]:
    """Each test has a book of its own on them."""
    with running_stack(("ledger",), seed=seed, ledger_workers=2) as stack:
        assert len(set(stack.pids("ledger"))) == 2
        yield stack


@asynccontextmanager
async def book_on(stack: Stack, code: str) -> AsyncIterator[LedgerCalls]:
    """A new book, opened through whichever process answers."""
    async with httpx.AsyncClient(base_url=stack.url("ledger"), timeout=60) as client:
        ledger = LedgerCalls(client, stack.issuer, code)
        assert (await ledger.open_book()).status_code == 201
        yield ledger


@asynccontextmanager
async def both(stack: Stack, code: str) -> AsyncIterator[Both]:
    """The same book through open connections to each of the two processes.

    They share one socket and whoever is quicker accepts: one is halted while the other takes its connections.
    """
    one, two = stack.pids("ledger")
    async with (
        httpx.AsyncClient(base_url=stack.url("ledger"), timeout=60, limits=KEPT) as first,
        httpx.AsyncClient(base_url=stack.url("ledger"), timeout=60, limits=KEPT) as second,
    ):
        for client, other in ((first, two), (second, one)):
            os.kill(other, signal.SIGSTOP)
            try:
                await gather(*(client.get("/healthz") for _ in range(CONNECTIONS)))
            finally:
                os.kill(other, signal.SIGCONT)
        yield LedgerCalls(first, stack.issuer, code), LedgerCalls(second, stack.issuer, code)


async def pay(ledgers: Both, *keys: str, **changes: object) -> list[httpx.Response]:
    """The payment under each of these keys, all at once, every second one through the other process."""
    wishes = [
        ledgers[place % 2].post("/funds/health/payments", PAYMENT | changes, key=key) for place, key in enumerate(keys)
    ]
    return await gather(*wishes)


async def give(ledger: LedgerCalls, fen: int, allotted: int = 0) -> None:
    await ledger.made("/funds/health/receipts", amount_fen=fen, source="county", **DAY)
    if allotted:
        await ledger.made("/funds/health/allotments", amount_fen=allotted, fiscal_year=2021, authority="文1", **DAY)


async def figures(ledger: LedgerCalls) -> tuple[int, int, int]:
    page = await ledger.read("/funds", fiscal_year=2021)
    found = next(item for item in page["items"] if item["code"] == "health")
    return found["available_fen"], found["expended_fen"], found["cash_fen"]


def outcomes(responses: list[httpx.Response]) -> Counter[str]:
    return Counter("201" if one.status_code == 201 else f"{one.status_code} {one.json()['code']}" for one in responses)


def payments_served(stack: Stack) -> list[int]:
    """How many payments each of the two processes has served, by its own log."""
    logs = [path for path in stack.logs() if path.name.startswith("ledger-")]
    return [sum(b"POST" in line and b"/payments" in line for line in log.read_bytes().splitlines()) for log in logs]


async def served_since(stack: Stack, before: list[int], *, expected: int) -> list[int]:
    """How many each served since `before`. A line is written just after its answer left, so the last ones are waited for."""
    served: list[int] = []
    for _ in range(100):
        served = [now - earlier for earlier, now in zip(before, payments_served(stack), strict=True)]
        if sum(served) >= expected:
            break
        await sleep(0.05)
    return served


async def test_of_64_payments_against_money_for_ten_ten_succeed_and_nothing_is_left(two_ledgers: Stack) -> None:
    keys = [f"payment-{number}" for number in range(64)]
    async with book_on(two_ledgers, "610921") as ledger:
        await give(ledger, 100, allotted=100)
        before = payments_served(two_ledgers)
        async with both(two_ledgers, "610921") as ledgers:
            responses = await pay(ledgers, *keys)
            # Asked the other way round, each process answers what the other one did.
            again = await pay((ledgers[1], ledgers[0]), *keys)
        assert outcomes(responses) == {"201": 10, "409 insufficient_funds": 54}
        assert await figures(ledger) == (0, 100, 0)
        assert sorted(one.json()["seq"] for one in responses if one.status_code == 201) == list(range(3, 13))
        assert [(one.status_code, one.json()) for one in again] == [(one.status_code, one.json()) for one in responses]
        assert {one.headers["Idempotent-Replayed"] for one in again} == {"true"}
        assert await served_since(two_ledgers, before, expected=128) == [64, 64]
        verified = await ledger.read("/chain/verification")
        assert (verified["verified"], verified["head"]["seq"]) == (True, 12)


async def test_fifty_requests_with_one_key_make_one_entry_and_fifty_equal_answers(two_ledgers: Stack) -> None:
    async with book_on(two_ledgers, "610922") as ledger:
        await give(ledger, 1_000, allotted=1_000)
        before = payments_served(two_ledgers)
        async with both(two_ledgers, "610922") as ledgers:
            responses = await pay(ledgers, *["one"] * 50)
            changed = await pay(ledgers, *["one"] * 50, amount_fen=11)
        assert await served_since(two_ledgers, before, expected=100) == [50, 50]
        assert {one.status_code for one in responses} == {201}
        assert len({one.content for one in responses}) == 1
        assert [one.headers.get("Idempotent-Replayed") for one in responses].count(None) == 1
        # Fifty times something else under that key: each is refused, whoever is asked.
        assert outcomes(changed) == {"409 idempotency_key_reused": 50}
        assert await figures(ledger) == (990, 10, 990)
        assert (await ledger.read("/chain"))["seq"] == 3


async def test_a_refused_key_stays_refused_while_a_new_one_succeeds_once_money_is_there(two_ledgers: Stack) -> None:
    async with book_on(two_ledgers, "610924") as ledger:
        await give(ledger, 9, allotted=1_000)
        [refused] = await pay((ledger, ledger), "early")
        assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_funds")
        await give(ledger, 1)
        async with both(two_ledgers, "610924") as ledgers:
            again = await pay(ledgers, *["early"] * 20)
            assert {one.status_code for one in again} == {409}
            # Only the number of the request differs.
            assert {json_without_instance(one) for one in again} == {json_without_instance(refused)}
            assert {one.headers["Idempotent-Replayed"] for one in again} == {"true"}
            assert await figures(ledger) == (1_000, 0, 10)
            assert outcomes(await pay(ledgers, "late", "later")) == {"201": 1, "409 insufficient_funds": 1}
        assert await figures(ledger) == (990, 10, 0)


def json_without_instance(answer: httpx.Response) -> str:
    return json.dumps({name: value for name, value in answer.json().items() if name != "instance"}, sort_keys=True)
