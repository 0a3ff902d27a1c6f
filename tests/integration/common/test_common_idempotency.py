"""One key, one effect: twins, replays, refusals, deadlocks, on PostgreSQL as the restricted role."""

import asyncio
import hashlib
import os
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import transaction
from common.errors import NOT_FOUND, UNAVAILABLE, FieldError, Problem, ProblemType
from common.idempotency import Answer, run_once

pytestmark = pytest.mark.anyio

BOOK = "610923"
PRINT = hashlib.sha256(b"request").digest()
REFUSED = ProblemType(
    "insufficient_funds", 409, "余额不足", "Not enough money", "差 {short_fen} 分。", "{short_fen} fen short."
)


async def count(engine: AsyncEngine, table: str = "effect") -> int:
    async with transaction(engine) as connection:
        return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608 - names of this file


class Work:
    """A use case that leaves an effect behind and counts how often it ran."""

    def __init__(self, *, pause: float = 0, fails: Exception | None = None) -> None:
        self.runs = 0
        self.pause = pause
        self.fails = fails

    async def __call__(self, connection: AsyncConnection) -> Answer:
        self.runs += 1
        await connection.execute(
            text("INSERT INTO effect (book, name) VALUES (:b, :n)"), {"b": BOOK, "n": f"run-{os.urandom(8).hex()}"}
        )
        await asyncio.sleep(self.pause)
        if self.fails is not None:
            raise self.fails
        return Answer(201, {"z": 1, "a": {"y": "汉字", "x": [1, 2]}, "run": self.runs})


async def test_fifty_twins_have_one_effect_and_fifty_equal_answers(engine: AsyncEngine) -> None:
    work = Work(pause=0.05)
    answers = await asyncio.gather(*(run_once(engine, BOOK, "k", PRINT, work) for _ in range(50)))
    assert (work.runs, await count(engine)) == (1, 1)
    assert sum(not answer.replayed for answer in answers) == 1
    # Byte for byte, the order of the keys included.
    assert {(answer.status, orjson.dumps(dict(answer.body))) for answer in answers} == {
        (201, '{"z":1,"a":{"y":"汉字","x":[1,2]},"run":1}'.encode())
    }


async def test_another_request_under_a_used_key_is_refused_and_changes_nothing(engine: AsyncEngine) -> None:
    work = Work()
    await run_once(engine, BOOK, "k", PRINT, work)
    with pytest.raises(Problem) as refusal:
        await run_once(engine, BOOK, "k", hashlib.sha256(b"changed").digest(), work)
    assert (refusal.value.code, refusal.value.status, refusal.value.field) == (
        "idempotency_key_reused",
        409,
        "Idempotency-Key",
    )
    assert work.runs == 1
    assert (await run_once(engine, BOOK, "k", PRINT, work)).replayed


async def test_keys_of_two_books_are_strangers(engine: AsyncEngine) -> None:
    work = Work()
    await run_once(engine, BOOK, "k", PRINT, work)
    await run_once(engine, "610924", "k", PRINT, work)
    assert work.runs == 2


async def test_a_refusal_by_a_rule_is_remembered_and_its_effects_are_undone(engine: AsyncEngine) -> None:
    problem = REFUSED.error("amount_fen", errors=[FieldError("a", "b", "甲", "c")], short_fen=7)
    work = Work(fails=problem)
    refusals = []
    for _ in range(3):
        with pytest.raises(Problem) as refusal:
            await run_once(engine, BOOK, "k", PRINT, work)
        refusals.append(refusal.value)
    assert (work.runs, await count(engine)) == (1, 0)
    bodies = [refusal.render("en") for refusal in refusals]
    assert bodies[0]["detail"] == "7 fen short."
    assert bodies[1] == bodies[2] == bodies[0]
    assert refusals[1].render("zh")["detail"] == "差 7 分。"
    assert refusals[0].headers == {}
    assert refusals[1].headers == {"Idempotent-Replayed": "true"}


@pytest.mark.parametrize("failure", [NOT_FOUND.error(), UNAVAILABLE.error(), RuntimeError("bug")])
async def test_any_other_failure_leaves_no_trace_and_may_be_tried_again(
    engine: AsyncEngine, failure: Exception
) -> None:
    with pytest.raises(type(failure)):
        await run_once(engine, BOOK, "k", PRINT, Work(fails=failure))
    assert (await count(engine), await count(engine, "idempotency_key")) == (0, 0)
    assert (await run_once(engine, BOOK, "k", PRINT, Work())).status == 201


async def test_a_twin_of_a_failing_request_takes_over(engine: AsyncEngine) -> None:
    failing, working = Work(pause=0.2, fails=RuntimeError("bug")), Work()
    first = asyncio.ensure_future(run_once(engine, BOOK, "k", PRINT, failing))
    await asyncio.sleep(0.05)
    second = asyncio.ensure_future(run_once(engine, BOOK, "k", PRINT, working))
    with pytest.raises(RuntimeError):
        await first
    assert not (await second).replayed
    assert await count(engine) == 1


async def test_a_deadlock_is_tried_again(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await connection.execute(text("INSERT INTO effect (book, name) VALUES ('b', 'one'), ('b', 'two')"))
    met = asyncio.Barrier(2)
    runs = 0

    def crossing(first: str, second: str) -> Any:
        async def work(connection: AsyncConnection) -> Answer:
            nonlocal runs
            runs += 1
            update = text("UPDATE effect SET amount = amount + 1 WHERE name = :n")
            await connection.execute(update, {"n": first})
            if runs <= 2:
                await met.wait()
            await connection.execute(update, {"n": second})
            return Answer(200, {})

        return work

    await asyncio.gather(
        run_once(engine, BOOK, "k1", PRINT, crossing("one", "two")),
        run_once(engine, BOOK, "k2", PRINT, crossing("two", "one")),
    )
    assert runs == 3
    async with transaction(engine) as connection:
        assert (await connection.execute(text("SELECT sum(amount) FROM effect"))).scalar_one() == 4


async def test_a_key_stored_by_somebody_without_the_lock_is_replayed(engine: AsyncEngine) -> None:
    async def work(connection: AsyncConnection) -> Answer:
        async with transaction(engine) as other:
            await other.execute(
                text(
                    "INSERT INTO idempotency_key (book, key, fingerprint, status, body) VALUES (:b, 'k', :f, 201, '{\"by\": 2}')"
                ),
                {"b": BOOK, "f": PRINT},
            )
        await connection.execute(text("INSERT INTO effect (book, name) VALUES ('b', 'mine')"))
        return Answer(201, {"by": 1})

    answer = await run_once(engine, BOOK, "k", PRINT, work)
    assert (answer.replayed, answer.body, await count(engine)) == (True, {"by": 2}, 0)


async def test_a_broken_constraint_of_the_use_case_is_the_use_cases_business(engine: AsyncEngine) -> None:
    async def work(connection: AsyncConnection) -> Answer:
        for _ in range(2):
            await connection.execute(text("INSERT INTO effect (book, name) VALUES ('b', 'same')"))
        return Answer(201, {})

    with pytest.raises(IntegrityError):
        await run_once(engine, BOOK, "k", PRINT, work)


async def test_a_failed_commit_is_never_an_answer(engine: AsyncEngine) -> None:
    async def work(connection: AsyncConnection) -> Answer:
        # The connection dies between the work and the commit.
        pid = await connection.scalar(text("SELECT pg_backend_pid()"))
        async with transaction(engine) as other:
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        return Answer(201, {})

    with pytest.raises(Problem) as refusal:
        await run_once(engine, BOOK, "k", PRINT, work)
    assert refusal.value.status == 503
    assert await count(engine, "idempotency_key") == 0


@pytest.mark.parametrize(
    "statement", ["UPDATE idempotency_key SET status = 200", "DELETE FROM idempotency_key", "TRUNCATE idempotency_key"]
)
async def test_the_service_cannot_change_what_was_remembered(engine: AsyncEngine, statement: str) -> None:
    await run_once(engine, BOOK, "k", PRINT, Work())
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with transaction(engine) as connection:
            await connection.execute(text(statement))
