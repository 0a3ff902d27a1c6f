"""What becomes of a transaction when the database is slow, gone, or cannot hold a value."""

import asyncio
import hashlib
import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from common import database
from common.database import check_database, constraint_name, create_engine, snapshot, sqlstate, transaction
from common.errors import NOT_FOUND, Problem
from deploy.local.databases import Database

pytestmark = pytest.mark.anyio

INSERT = text("INSERT INTO effect (book, name, amount) VALUES ('b', :n, :a)")


async def names(engine: AsyncEngine) -> list[str]:
    async with transaction(engine) as connection:
        return list((await connection.execute(text("SELECT name FROM effect ORDER BY name"))).scalars())


async def test_a_transaction_commits_at_its_end_and_rolls_back_on_any_error(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await connection.execute(INSERT, {"n": "kept", "a": 1})

    async def refused() -> None:
        async with transaction(engine) as connection:
            await connection.execute(INSERT, {"n": "undone", "a": 1})
            raise NOT_FOUND.error()

    with pytest.raises(Problem):
        await refused()
    assert await names(engine) == ["kept"]


async def test_a_snapshot_sees_one_instant_and_writes_nothing(engine: AsyncEngine) -> None:
    async with snapshot(engine) as reader:
        assert await reader.scalar(text("SELECT count(*) FROM effect")) == 0
        async with transaction(engine) as writer:
            await writer.execute(INSERT, {"n": "later", "a": 1})
        assert await reader.scalar(text("SELECT count(*) FROM effect")) == 0
    with pytest.raises(DBAPIError, match="read-only") as refusal:
        async with snapshot(engine) as reader:
            await reader.execute(INSERT, {"n": "x", "a": 1})
    assert sqlstate(refusal.value) == "25006"
    # The connection goes back to the pool as it came: the next one may write.
    async with transaction(engine) as connection:
        await connection.execute(INSERT, {"n": "after", "a": 1})


@pytest.mark.parametrize(("name", "amount"), [("a\x00b", 1), ("x", 2**63), ("x", 10**30), ("\ud800", 1)])
async def test_a_value_the_database_cannot_hold_is_the_callers_mistake(
    engine: AsyncEngine, name: str, amount: int
) -> None:
    with pytest.raises(Problem) as refusal:
        async with transaction(engine) as connection:
            await connection.execute(INSERT, {"n": name, "a": amount})
    assert (refusal.value.code, refusal.value.status) == ("invalid_request", 422)


async def test_a_broken_constraint_is_named(engine: AsyncEngine) -> None:
    async def written_twice() -> None:
        async with transaction(engine) as connection:
            for _ in range(2):
                await connection.execute(INSERT, {"n": "same", "a": 1})

    with pytest.raises(IntegrityError) as refusal:
        await written_twice()
    assert (constraint_name(refusal.value), sqlstate(refusal.value)) == ("pk_effect", "23505")
    # Not even the driver's text shows what was written.
    assert "[SQL parameters hidden" in str(refusal.value)


async def test_a_slow_statement_and_a_long_lock_are_unavailable(database: Database, engine: AsyncEngine) -> None:
    hasty = create_engine(database.service_url, application_name="hasty", statement_seconds=0.2, lock_seconds=0.1)
    with pytest.raises(Problem) as slow:
        async with transaction(hasty) as connection:
            await connection.execute(text("SELECT pg_sleep(5)"))
    async with transaction(engine) as holder:
        await holder.execute(text("SELECT pg_advisory_xact_lock(7)"))
        with pytest.raises(Problem) as locked:
            async with transaction(hasty) as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(7)"))
    await hasty.dispose()
    for refusal in (slow, locked):
        assert (refusal.value.status, refusal.value.headers) == (503, {"Retry-After": "2"})


async def test_a_full_pool_is_unavailable_rather_than_endless(database: Database) -> None:
    narrow = create_engine(database.service_url, application_name="narrow", pool_size=1, pool_wait_seconds=0.1)
    async with transaction(narrow):
        with pytest.raises(Problem) as refusal:
            async with transaction(narrow):
                raise AssertionError("unreachable: the pool has one connection")
    await narrow.dispose()
    assert refusal.value.status == 503


@pytest.mark.parametrize("port", ["9", "1"])
async def test_an_unreachable_server_is_unavailable(database: Database, port: str) -> None:
    nowhere = create_engine(f"postgresql://someone:secret@127.0.0.1:{port}/x", application_name="nowhere")
    with pytest.raises(Problem) as refusal:
        await check_database(nowhere)
    assert refusal.value.status == 503


async def test_a_wrong_password_or_database_is_not_blamed_on_the_caller(database: Database) -> None:
    for url in (
        database.service_url.replace(":", ":x", 2).replace("postgresql:x", "postgresql:"),
        database.service_url + "_no",
    ):
        wrong = create_engine(url, application_name="wrong")
        with pytest.raises(Exception) as refusal:  # noqa: PT011 - the type is what is looked at
            await check_database(wrong)
        await wrong.dispose()
        assert not isinstance(refusal.value, Problem) or refusal.value.status == 503


async def test_a_connection_killed_under_a_transaction_is_unavailable_and_the_next_one_works(
    engine: AsyncEngine,
) -> None:
    async def killed() -> None:
        async with transaction(engine) as connection:
            pid = await connection.scalar(text("SELECT pg_backend_pid()"))
            async with transaction(engine) as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            await connection.execute(text("SELECT 1"))

    with pytest.raises(Problem) as refusal:
        await killed()
    assert refusal.value.status == 503
    await check_database(engine)


async def test_idle_connections_killed_by_a_restart_are_replaced_unseen(engine: AsyncEngine) -> None:
    async with transaction(engine), transaction(engine):
        pass
    async with transaction(engine) as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test-service' AND pid <> pg_backend_pid()"
            )
        )
    await asyncio.sleep(0.2)  # the driver hears of it; what happens in between is answered 503
    await asyncio.gather(*(check_database(engine) for _ in range(5)))


async def test_a_rested_connection_is_asked_before_it_is_used(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PING_AFTER_SECONDS", 0.0)
    async with transaction(engine), transaction(engine):
        pass
    async with transaction(engine) as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test-service' AND pid <> pg_backend_pid()"
            )
        )
    await asyncio.gather(*(check_database(engine) for _ in range(5)))


async def test_nothing_written_reaches_the_logs(engine: AsyncEngine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "612424199001011234"
    with pytest.raises(Problem):
        async with transaction(engine) as connection:
            await connection.execute(INSERT, {"n": secret + "\x00", "a": 1})
    assert secret not in caplog.text


async def test_a_cancelled_request_leaves_nothing_behind(engine: AsyncEngine) -> None:
    async def work() -> None:
        async with transaction(engine) as connection:
            await connection.execute(INSERT, {"n": hashlib.sha256(b"x").hexdigest(), "a": 1})
            await asyncio.sleep(30)

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await names(engine) == []
