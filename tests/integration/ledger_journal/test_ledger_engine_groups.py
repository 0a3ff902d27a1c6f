"""The engine posts each request of a group by itself, answers only what is committed, and remembers what it answered."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from datetime import date
from typing import TypeAlias
from uuid import UUID

import asyncpg
import orjson
import pytest

from common.errors import INTERNAL, Problem
from ledger.journal import store
from ledger.journal.chain import Link, entry_hash
from ledger.journal.decide import Ticket
from ledger.journal.drafts import NOT_ATTEMPTED, Answer, EntryDraft, Needs
from ledger.journal.engine import EngineLimits, PostingEngine
from ledger.journal.rows import book_state
from tests.support.ledger_engine import BOOK, accrual, broken_totals, draft, line, receipt, request, spending

pytestmark = pytest.mark.anyio
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def what(outcome: object) -> str:
    """The status of an answer, or the code of a refusal."""
    if isinstance(outcome, Problem):
        return outcome.code
    return str(outcome.status) if isinstance(outcome, Answer) else "not_attempted"


async def posted(connection: Connection) -> list[str]:
    rows = await connection.fetch("SELECT description FROM journal_entry ORDER BY seq")
    return [row[0] for row in rows]


async def test_an_entry_is_hashed_as_it_stands_in_the_tables(engine: PostingEngine, observer: Connection) -> None:
    entry = replace(
        receipt(100),
        reference="R-1",
        metadata={"a": "中文 é", "b": 2**53 - 1, "c": True},
        payee_ref="p",
        attachment_count=2,
        attachment_hashes=("0" * 64,),
        reviewed_by="checker-1",
    )
    answer = await engine.post(request(entry, "k"))
    shown = orjson.loads(answer.body)
    reading = replace(request(accrual(1), "reading"), needs=Needs(entries=frozenset({UUID(shown["id"])})))
    loaded = await store.load(observer, BOOK, [Ticket(reading)])
    [again] = book_state(BOOK, loaded).entries.values()
    assert entry_hash(Link(BOOK, 1, bytes(32)), again).hex() == shown["hash"] == again.hash.hex()
    assert again.metadata == entry.metadata


async def test_one_bad_request_never_fails_its_neighbours(engine: PostingEngine, observer: Connection) -> None:
    unknown = draft("journal", line("9999", "debit", 1), line("2303", "credit", 1))
    bad: list[tuple[EntryDraft, str]] = [
        (accrual(5, description="NUL \x00"), "invalid_request"),
        (accrual(5, description="surrogate \ud800"), "invalid_request"),
        (accrual(10**30), "invalid_request"),
        (draft("journal", line("5001", "debit", 5), line("2303", "credit", 4)), "unbalanced_entry"),
        (draft("journal", line("5001", "debit", 5)), "invalid_request"),
        (draft("journal"), "invalid_request"),
        (unknown, "unknown_account"),
        (accrual(5, fund="nofund"), "unknown_account"),
        (accrual(5, on=date(2199, 1, 1)), "invalid_request"),
        (accrual(5, on=date(2025, 12, 31)), "invalid_request"),
        (spending(10**9), "insufficient_funds"),
        (draft("journal", line("5001", "debit", 5), line("1002", "credit", 5)), "budget_lines_missing"),
        (draft("journal", line("allotted", "debit", 5), line("available", "credit", 5)), "control_account"),
    ]
    good = [receipt(1000), *(accrual(n, description=f"good {n}") for n in range(1, len(bad)))]
    pairs = [(request(entry, f"g{n}"), "201") for n, entry in enumerate(good)]
    mixed = [one for n, (entry, code) in enumerate(bad) for one in (pairs[n], (request(entry, f"b{n}"), code))]
    outcomes = await engine.post_many([one for one, _ in mixed], atomic=False)
    assert [what(one) for one in outcomes] == [code for _, code in mixed]
    assert await posted(observer) == ["测试", *(f"good {n}" for n in range(1, len(bad)))]
    assert await broken_totals(observer) == []


async def test_a_fault_of_our_own_code_is_an_internal_error_and_spares_the_neighbours(
    engine: PostingEngine, observer: Connection
) -> None:
    def crash(*_: object) -> EntryDraft:
        raise KeyError("a bug")

    good = request(accrual(1), "good")
    bad_plan = replace(request(accrual(2), "bad plan"), plan=crash)
    bad_render = replace(request(accrual(3), "bad render"), render=crash)  # type: ignore[arg-type] # never returns
    outcomes = await engine.post_many([bad_plan, good, bad_render], atomic=False)
    assert [what(one) for one in outcomes] == [INTERNAL.code, "201", INTERNAL.code]
    assert len(await posted(observer)) == 1


POISON = """
    CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.description = 'poison' THEN {action} END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER poisoned AFTER INSERT ON journal_entry DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION poisoned();
"""


async def test_a_failed_commit_is_never_answered_as_done(
    engine: PostingEngine, observer: Connection, owner: Connection
) -> None:
    await owner.execute(POISON.format(action="RAISE EXCEPTION 'not at commit';"))
    wishes = [request(accrual(n, description="poison" if n == 3 else str(n)), f"k{n}") for n in range(1, 8)]
    outcomes = await engine.post_many(wishes, atomic=False)
    assert [what(one) for one in outcomes] == ["201", "201", INTERNAL.code, "201", "201", "201", "201"]
    assert await posted(observer) == ["1", "2", "4", "5", "6", "7"]
    with pytest.raises(Problem, match=INTERNAL.code):
        await engine.post(request(accrual(9, description="poison"), "alone"))
    assert await broken_totals(observer) == []


async def test_a_connection_cut_at_commit_is_unavailable_and_the_same_key_works_later(
    engine: PostingEngine, observer: Connection, owner: Connection
) -> None:
    await owner.execute(POISON.format(action="PERFORM pg_terminate_backend(pg_backend_pid());"))
    wish = request(accrual(1, description="poison"), "k")
    with pytest.raises(Problem) as raised:
        await engine.post(wish)
    assert (raised.value.status, "Retry-After" in raised.value.headers) == (503, True)
    assert await posted(observer) == []
    await owner.execute("DROP TRIGGER poisoned ON journal_entry")
    answer = await engine.post(wish)
    assert (answer.status, answer.replayed) == (201, False)
    assert await posted(observer) == ["poison"]


async def test_fifty_requests_with_one_key_make_one_entry_and_fifty_equal_answers(
    engine: PostingEngine, observer: Connection
) -> None:
    wish = request(accrual(1), "same")
    answers = await asyncio.gather(*(engine.post(wish) for _ in range(50)))
    assert len({answer.body for answer in answers}) == 1
    assert sum(not answer.replayed for answer in answers) == 1
    assert len(await posted(observer)) == 1
    with pytest.raises(Problem, match="idempotency_key_reused"):
        await engine.post(request(accrual(2), "same"))


async def test_a_refused_key_stays_refused_and_a_new_one_succeeds_once_money_is_there(engine: PostingEngine) -> None:
    with pytest.raises(Problem, match="insufficient_funds") as first:
        await engine.post(request(spending(100), "early"))
    await engine.post(request(receipt(100), "money"))
    with pytest.raises(Problem, match="insufficient_funds") as again:
        await engine.post(request(spending(100), "early"))
    assert again.value.params == first.value.params
    assert again.value.headers == {"Idempotent-Replayed": "true"}
    assert first.value.headers == {}
    assert (await engine.post(request(spending(100), "late"))).status == 201


async def test_a_refused_shape_is_forgotten(engine: PostingEngine) -> None:
    with pytest.raises(Problem, match="unbalanced_entry"):
        await engine.post(request(draft("journal", line("5001", "debit", 5), line("2303", "credit", 4)), "k"))
    assert (await engine.post(request(accrual(1), "k"))).status == 201


async def test_an_unknown_book_is_not_found(engine: PostingEngine) -> None:
    with pytest.raises(Problem, match="not_found"):
        await engine.post(request(accrual(1), "k", book="610924"))


async def test_of_64_payments_with_money_for_ten_ten_succeed(engine: PostingEngine, observer: Connection) -> None:
    await engine.post(request(receipt(1000), "money"))
    wishes = (engine.post(request(spending(100), f"p{n}")) for n in range(64))
    done = await asyncio.gather(*wishes, return_exceptions=True)
    assert sorted(what(one) for one in done) == ["201"] * 10 + ["insufficient_funds"] * 54
    assert await observer.fetchval("SELECT sum(balance_fen) FROM balance WHERE account = '1002'") == 0


async def test_two_processes_share_the_money_of_ten_payments(
    engine: PostingEngine, observer: Connection, book_url: str
) -> None:
    await engine.post(request(receipt(1000), "money"))
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.support.ledger_poster",
            book_url,
            name,
            "32",
            "100",
            stdout=asyncio.subprocess.PIPE,
        )
        for name in ("left", "right")
    ]
    outputs = [(await process.communicate())[0] for process in processes]
    done = [outcome for output in outputs for outcome in json.loads(output.decode().splitlines()[-1])]
    assert sorted(done) == ["201"] * 10 + ["insufficient_funds"] * 54
    assert await observer.fetchval("SELECT sum(balance_fen) FROM balance WHERE account = '1002'") == 0
    assert await broken_totals(observer) == []


async def test_single_entries_get_through_between_the_chunks_of_a_bulk_call(book_url: str) -> None:
    async with PostingEngine(book_url, EngineLimits(group_size=100)) as engine:
        bulk = asyncio.create_task(engine.post_many([request(accrual(1), f"b{n}") for n in range(2000)], atomic=False))
        await asyncio.sleep(0.05)
        single = await engine.post(request(accrual(2), "single"))
        assert not bulk.done()
        outcomes = await bulk
    last = max(orjson.loads(one.body)["seq"] for one in outcomes if isinstance(one, Answer))
    assert orjson.loads(single.body)["seq"] < last == 2001


async def test_all_or_nothing_posts_nothing_when_one_is_refused_and_remembers_the_refusal(
    engine: PostingEngine, observer: Connection
) -> None:
    wishes = [request(receipt(10), "a"), request(spending(11), "b"), request(accrual(1), "c")]
    first = await engine.post_many(wishes, atomic=True)
    assert [what(one) for one in first] == ["not_attempted", "insufficient_funds", "not_attempted"]
    assert first[0] is NOT_ATTEMPTED
    assert await posted(observer) == []
    again = await engine.post_many(wishes, atomic=True)
    assert [what(one) for one in again] == ["not_attempted", "insufficient_funds", "not_attempted"]
    good = await engine.post_many([wishes[0], wishes[2]], atomic=True)
    assert [what(one) for one in good] == ["201", "201"]
    replayed = await engine.post_many([wishes[0], request(accrual(7), "d"), wishes[1]], atomic=True)
    assert [what(one) for one in replayed] == ["201", "not_attempted", "insufficient_funds"]
    assert len(await posted(observer)) == 2


async def test_all_or_nothing_never_replays_what_it_took_back(engine: PostingEngine, observer: Connection) -> None:
    wishes = [request(accrual(1), "a"), request(accrual(1), "a"), request(spending(11), "b")]
    outcomes = await engine.post_many(wishes, atomic=True)
    assert [what(one) for one in outcomes] == ["not_attempted", "not_attempted", "insufficient_funds"]
    assert await posted(observer) == []


async def test_an_all_or_nothing_call_the_database_refuses_posts_nothing(
    engine: PostingEngine, observer: Connection
) -> None:
    wishes = [request(accrual(1), "a"), request(accrual(1, description="\x00"), "b")]
    assert {what(one) for one in await engine.post_many(wishes, atomic=True)} == {"invalid_request"}
    assert await posted(observer) == []


async def test_a_full_queue_refuses_with_503_and_loses_nothing(book_url: str, observer: Connection) -> None:
    async with PostingEngine(book_url, EngineLimits(queue_limit=5)) as engine:
        async with observer.transaction():
            await observer.execute("SELECT 1 FROM book FOR UPDATE")
            waiting = [asyncio.create_task(engine.post(request(accrual(1), f"k{n}"))) for n in range(5)]
            await asyncio.sleep(0.1)
            with pytest.raises(Problem) as raised:
                await engine.post(request(accrual(1), "one too many"))
            assert (raised.value.status, raised.value.headers["Retry-After"]) == (503, "2")
        assert {answer.status for answer in await asyncio.gather(*waiting)} == {201}
        assert (await engine.post(request(accrual(1), "one too many"))).status == 201


async def test_a_book_locked_too_long_is_unavailable_and_nothing_is_written(
    book_url: str, observer: Connection
) -> None:
    async with PostingEngine(book_url, EngineLimits(lock_seconds=0.2)) as engine:
        async with observer.transaction():
            await observer.execute("SELECT 1 FROM book FOR UPDATE")
            with pytest.raises(Problem, match="unavailable"):
                await engine.post(request(accrual(1), "k"))
        assert await posted(observer) == []
        assert (await engine.post(request(accrual(1), "k"))).status == 201


async def test_closing_finishes_what_was_accepted_and_refuses_the_rest(book_url: str, observer: Connection) -> None:
    engine = PostingEngine(book_url)
    await engine.start()
    wishes = [asyncio.create_task(engine.post(request(accrual(1), f"k{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    await engine.close()
    assert {answer.status for answer in await asyncio.gather(*wishes)} == {201}
    with pytest.raises(Problem, match="unavailable"):
        await engine.post(request(accrual(1), "late"))
    assert len(await posted(observer)) == 20


async def test_closing_does_not_wait_for_ever(book_url: str, observer: Connection) -> None:
    engine = PostingEngine(book_url, EngineLimits(shutdown_grace=0.2))
    await engine.start()
    async with observer.transaction():
        await observer.execute("SELECT 1 FROM book FOR UPDATE")
        first = asyncio.create_task(engine.post(request(accrual(1), "first")))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(engine.post(request(accrual(1), "second")))
        await asyncio.sleep(0)
        await engine.close()
        done = await asyncio.gather(first, second, return_exceptions=True)
    assert [what(one) for one in done] == ["unavailable", "unavailable"]
    assert await posted(observer) == []


async def test_months_get_their_rows_when_first_needed(engine: PostingEngine, observer: Connection) -> None:
    await engine.post(request(accrual(1, on=date(2026, 3, 1)), "k"))
    months = [row[0] for row in await observer.fetch("SELECT code FROM period ORDER BY 1")]
    assert months[:3] == ["2026-01", "2026-02", "2026-03"]
    today: date = await observer.fetchval("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")
    assert months[-1] == f"{today:%Y-%m}"


async def test_an_amount_that_would_overflow_a_total_is_refused_by_code(engine: PostingEngine) -> None:
    lines = [line("5001", "debit", 10**15), line("2303", "credit", 10**15)] * 100
    huge = draft("journal", *lines)
    outcomes = [await engine.post_many([request(huge, f"k{n}") for n in range(92)], atomic=False)]
    codes = [what(one) for one in outcomes[0]]
    assert codes == ["201"] * 91 + ["amount_out_of_range"]
