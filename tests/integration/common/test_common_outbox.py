"""Messages to another service: leased once, in order, given back, never lost."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import transaction
from common.outbox import (
    LeaseLostError,
    Message,
    complete,
    enqueue,
    lease,
    pause_seconds,
    refuse,
    retry_later,
    waiting_count,
)

pytestmark = pytest.mark.anyio

BOOK = "610923"
TOPIC = "ledger.encumber"


async def write(engine: AsyncEngine, subject: str, key: str, book: str = BOOK) -> UUID:
    async with transaction(engine) as connection:
        return await enqueue(
            connection, book=book, topic=TOPIC, subject=subject, key=key, payload={"amount_fen": 7, "名": "x"}
        )


async def take(engine: AsyncEngine, **options: object) -> list[Message]:
    return await lease(engine, topics=[TOPIC], **options)  # type: ignore[arg-type]


async def finish(engine: AsyncEngine, message: Message) -> None:
    async with transaction(engine) as connection:
        await complete(connection, message)


async def make_due(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await connection.execute(text("UPDATE outbox SET next_try_at = now()"))


async def test_a_message_carries_what_was_written_and_is_leased_once(engine: AsyncEngine) -> None:
    written = await write(engine, "claim-1", "claim:1:encumber:1")
    (message,) = await take(engine)
    assert (message.book, message.id, message.subject, message.key) == (BOOK, written, "claim-1", "claim:1:encumber:1")
    assert (message.payload, message.tries, message.topic) == ({"amount_fen": 7, "名": "x"}, 0, TOPIC)
    assert message.lease_until - message.created_at > timedelta(seconds=50)
    assert await take(engine) == []


async def test_a_message_of_a_rolled_back_change_was_never_written(engine: AsyncEngine) -> None:
    async def undone() -> None:
        async with transaction(engine) as connection:
            await enqueue(connection, book=BOOK, topic=TOPIC, subject="s", key="k", payload={})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await undone()
    assert await take(engine) == []


async def test_a_key_is_used_once_per_book(engine: AsyncEngine) -> None:
    await write(engine, "s", "k")
    await write(engine, "s", "k", book="610924")
    with pytest.raises(IntegrityError):
        await write(engine, "s", "k")


async def test_messages_of_one_subject_go_out_one_after_the_other(engine: AsyncEngine) -> None:
    for number in range(3):
        await write(engine, "claim-1", f"k{number}")
    await write(engine, "claim-2", "other")
    await write(engine, "claim-1", "elsewhere", book="610924")
    first = await take(engine)
    assert [message.key for message in first] == ["k0", "other", "elsewhere"]
    await finish(engine, first[0])
    (second,) = await take(engine)
    assert second.key == "k1"
    async with transaction(engine) as connection:
        await refuse(connection, second, "insufficient_funds")
    (third,) = await take(engine)
    assert third.key == "k2"


async def test_many_workers_deliver_every_message_once(engine: AsyncEngine) -> None:
    for number in range(60):
        await write(engine, f"claim-{number % 20}", f"k{number}")
    delivered: list[str] = []

    async def worker() -> None:
        while messages := await take(engine, limit=4):
            for message in messages:
                delivered.append(message.key)
                await finish(engine, message)

    await asyncio.gather(*(worker() for _ in range(8)))
    while messages := await take(engine):  # what became due after the last worker had looked
        for message in messages:
            delivered.append(message.key)
            await finish(engine, message)
    assert sorted(delivered) == sorted(f"k{number}" for number in range(60))
    for subject in range(20):
        order = [key for key in delivered if int(key[1:]) % 20 == subject]
        assert order == sorted(order, key=lambda key: int(key[1:]))


async def test_a_dead_workers_message_is_delivered_again_and_its_late_word_does_not_count(engine: AsyncEngine) -> None:
    await write(engine, "claim-1", "k")
    (dead,) = await take(engine, lease_for=timedelta(milliseconds=50))
    await asyncio.sleep(0.1)
    (alive,) = await take(engine)
    assert (alive.id, alive.tries) == (dead.id, 1)
    for late in (finish(engine, dead), retry_later(engine, dead, "late")):
        with pytest.raises(LeaseLostError):
            await late
    await finish(engine, alive)
    with pytest.raises(LeaseLostError):
        await finish(engine, alive)


async def test_a_lost_lease_undoes_the_local_effects(engine: AsyncEngine) -> None:
    await write(engine, "claim-1", "k")
    (dead,) = await take(engine, lease_for=timedelta(milliseconds=1))
    await asyncio.sleep(0.05)
    await take(engine)

    async def late() -> None:
        async with transaction(engine) as connection:
            await connection.execute(text("INSERT INTO effect (book, name) VALUES ('b', 'encumbered')"))
            await complete(connection, dead)

    with pytest.raises(LeaseLostError):
        await late()
    async with transaction(engine) as connection:
        assert await connection.scalar(text("SELECT count(*) FROM effect")) == 0


async def test_a_message_given_back_waits_and_keeps_its_key_and_place(engine: AsyncEngine) -> None:
    await write(engine, "claim-1", "k0")
    await write(engine, "claim-1", "k1")
    (message,) = await take(engine)
    pause = await retry_later(engine, message, "unavailable" * 100)
    assert 0.75 <= pause <= 1
    assert await take(engine) == []
    await make_due(engine)
    (again,) = await take(engine)
    assert (again.key, again.tries) == ("k0", 1)
    async with transaction(engine) as connection:
        stored = await connection.scalar(text("SELECT last_error FROM outbox WHERE key = 'k0'"))
    assert len(str(stored)) == 200


async def test_only_the_asked_topics_and_number_are_leased(engine: AsyncEngine) -> None:
    for number in range(5):
        await write(engine, f"s{number}", f"k{number}")
    assert await lease(engine, topics=["ledger.liquidate"]) == []
    assert len(await take(engine, limit=2)) == 2
    assert len(await take(engine, limit=2)) == 2


async def test_waiting_messages_are_counted(engine: AsyncEngine) -> None:
    await write(engine, "a", "k1")
    await write(engine, "b", "k2", book="610924")
    (message, _) = await take(engine)
    async with transaction(engine) as connection:
        assert (await waiting_count(connection), await waiting_count(connection, BOOK)) == (2, 1)
        await complete(connection, message)
        assert (await waiting_count(connection), await waiting_count(connection, BOOK)) == (1, 0)


@given(st.integers(0, 10_000))
def test_a_pause_doubles_up_to_five_minutes(tries: int) -> None:
    longest = min(300.0, 2.0 ** min(tries, 20))
    assert 0.75 * longest <= pause_seconds(tries) <= longest
