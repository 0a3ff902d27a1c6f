"""The stack that end-to-end and fault tests stand on: real processes that can be killed and come back."""

import threading

import httpx
import pytest

from deploy.local.child import wait_until
from tests.support.stack import Stack, StackSeed, running_stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]
BOOK = {"code": "610923", "name": "宁陕县", "first_period": "2021-01"}


async def funds(stack: Stack) -> int:
    async with stack.client("ledger", "auditor") as client:
        answer = await client.get("/v1/books/610923/funds")
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])


async def test_every_process_can_be_killed_and_comes_back_on_its_port_with_its_data(stack: Stack) -> None:
    async with stack.client("ledger", "admin") as client:
        answer = await client.post("/v1/books", json=BOOK, headers={"Idempotency-Key": "book"})
        assert answer.status_code == 201, answer.text
    before = stack.url("ledger")
    stack.kill("ledger")
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{before}/readyz")
    stack.start("ledger", wait=False)
    await stack.ready("ledger")
    assert stack.url("ledger") == before
    assert await funds(stack) == 7
    stack.kill("postgres")
    stack.start("postgres")
    await stack.ready("ledger")
    assert await funds(stack) == 7
    for name in ("claims", "worker"):
        stack.restart(name)
        assert stack.is_running(name)
    assert stack.sql("ledger", "SELECT count(*) FROM book;") == "1"
    assert {path.name for path in stack.logs()} >= {"ledger.log", "claims.log", "worker.log"}


def test_two_ledger_processes_share_a_port_and_one_name(seed: StackSeed) -> None:
    with running_stack(["ledger"], seed=seed, ledger_workers=2) as stack:
        pids = stack.pids("ledger")
        assert len(pids) == 2
        stack.kill("ledger")
        assert wait_until(lambda: not stack.is_running("ledger"), 5)


def test_a_process_may_not_be_started_from_a_thread_that_would_take_it_along(seed: StackSeed) -> None:
    with running_stack([], seed=seed) as stack:
        said: list[BaseException] = []

        def attempt() -> None:
            try:
                stack.start("worker")
            except RuntimeError as error:
                said.append(error)

        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
        assert ["on the main thread" in str(error) for error in said] == [True]
