"""Open items, purposes, restricted gifts, transfers, the adjusting period, conditions and dry runs, through the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from common.errors import Problem
from ledger.journal.drafts import (
    Act,
    Answer,
    Cell,
    Conditions,
    EntryDraft,
    Fill,
    Json,
    LineDraft,
    Needs,
    NewItem,
    PostedEntry,
    PostedRecord,
    PostingRequest,
    RecordDraft,
    SideRow,
)
from ledger.journal.engine import PostingEngine
from ledger.journal.state import BookState
from tests.support.ledger_engine import (
    BOOK,
    Forger,
    accrual,
    broken_totals,
    connect,
    draft,
    line,
    receipt,
    request,
    seed_book,
)

pytestmark = pytest.mark.anyio
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
ITEM = UUID(int=7)


async def code(engine: PostingEngine, entry: EntryDraft | PostingRequest) -> str:
    """The status of the answer, or the code of the refusal."""
    asked = entry if isinstance(entry, PostingRequest) else needing(entry)
    try:
        return str((await engine.post(asked)).status)
    except Problem as problem:
        return problem.code


def needing(entry: EntryDraft) -> PostingRequest:
    """A request that loads the items its lines name."""
    made = request(entry, f"k-{uuid4()}")
    items = frozenset(one.item for one in entry.lines if one.item is not None)
    return replace(made, needs=replace(made.needs, items=items))


def advance(*parts: tuple[str, int]) -> EntryDraft:
    """An advance out of the sources, as one open item."""
    lines: list[LineDraft] = []
    for source, fen in parts:
        lines += [
            line("1218", "debit", fen, source=source, item=ITEM),
            line("1002", "credit", fen, source=source),
        ]
    return draft(
        "advance", *lines, new_item=NewItem(ITEM, "advance", "repair", "1218", "debit", party_ref="hospital-1")
    )


def settlement(*parts: tuple[str, int], on: date = date(2026, 1, 6)) -> EntryDraft:
    """Money coming back for the advance."""
    lines: list[LineDraft] = []
    for source, fen in parts:
        lines += [
            line("1002", "debit", fen, source=source),
            line("1218", "credit", fen, source=source, item=ITEM),
        ]
    return draft("advance_settlement", *lines, on=on)


async def test_an_item_is_settled_by_source_and_never_beyond_what_stands_open(
    engine: PostingEngine, observer: Connection
) -> None:
    for source in ("county", "central"):
        assert await code(engine, receipt(100, source=source)) == "201"
    assert await code(engine, settlement(("county", 1))) == "not_found"
    assert await code(engine, advance(("county", 60), ("central", 40))) == "201"
    assert await code(engine, settlement(("county", 61))) == "amount_exceeds_remaining"
    assert await code(engine, settlement(("county", 50), ("central", 41))) == "amount_exceeds_remaining"
    assert await code(engine, settlement(("county", 50), ("central", 40))) == "201"
    assert await code(engine, settlement(("county", 11))) == "amount_exceeds_remaining"
    assert await code(engine, settlement(("province", 1))) == "amount_exceeds_remaining"
    rows = await observer.fetch(
        "SELECT source, opened_fen, settled_fen, remaining_fen FROM open_item_balance ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [("central", 40, 40, 0), ("county", 60, 50, 10)]
    assert await broken_totals(observer) == []


async def test_two_settlements_in_one_group_cannot_take_the_same_money(engine: PostingEngine) -> None:
    await engine.post(needing(receipt(100)))
    await engine.post(needing(advance(("county", 60))))
    outcomes = await engine.post_many([needing(settlement(("county", 40))) for _ in range(3)], atomic=False)
    assert [one.code if isinstance(one, Problem) else "ok" for one in outcomes] == [
        "ok",
        "amount_exceeds_remaining",
        "amount_exceeds_remaining",
    ]


async def test_an_item_belongs_to_its_fund_and_account(engine: PostingEngine) -> None:
    await engine.post(needing(receipt(100)))
    await engine.post(needing(advance(("county", 60))))
    elsewhere = draft("journal", line("1214", "debit", 5), line("1214", "credit", 5, item=ITEM))
    assert await code(engine, elsewhere) == "not_found"


async def test_cash_of_a_restricted_gift_moves_only_under_its_name(engine: PostingEngine, observer: Connection) -> None:
    def gift(fen: int, item: UUID | None, side: str = "debit") -> tuple[LineDraft, LineDraft]:
        other = "credit" if side == "debit" else "debit"
        return line("1002", side, fen, source="gift", item=item), line("4603", other, fen)

    assert await code(engine, draft("gift", *gift(70, None))) == "gift_not_named"
    new = NewItem(ITEM, "gift", "repair", "1002", "debit", details={"receipt_number": 1})
    assert await code(engine, draft("gift", *gift(70, ITEM), new_item=new)) == "201"
    assert await code(engine, receipt(50)) == "201"
    # A payment that names no source never takes the gift.
    unnamed = draft("journal", line("5001", "debit", 60), line("1002", "credit", 60), non_budget=True)
    assert await code(engine, unnamed) == "insufficient_funds"
    assert await code(engine, draft("gift_payment", *gift(71, ITEM, "credit"))) == "insufficient_funds"
    assert await code(engine, draft("gift_payment", *gift(70, ITEM, "credit"))) == "201"
    assert await broken_totals(observer) == []


async def test_a_purpose_keeps_its_budget_to_itself_and_to_whom_it_allows(
    engine: PostingEngine, observer: Connection
) -> None:
    def spends(kind: str, purpose: str, source: str = "county") -> EntryDraft:
        return draft(
            kind,
            line("available", "debit", 30, budget_year=2026, purpose_code=purpose),
            line("expended", "credit", 30, budget_year=2026, source=source, purpose_code=purpose),
        )

    def allots(purpose: str, fen: int, fund: str = "repair") -> EntryDraft:
        return draft(
            "allotment",
            line("allotted", "debit", fen, fund, budget_year=2026, purpose_code=purpose),
            line("available", "credit", fen, fund, budget_year=2026, purpose_code=purpose),
        )

    assert await code(engine, allots("roads", 50)) == "not_found"
    await _purpose(engine, "repair", "roads", ["payment"], ["county"])
    assert await code(engine, allots("roads", 50, "health")) == "not_found"
    assert await code(engine, allots("roads", 50)) == "201"
    assert await code(engine, spends("payment", "")) == "insufficient_funds"
    assert await code(engine, spends("award", "roads")) == "purpose_not_allowed"
    assert await code(engine, spends("payment", "roads", "central")) == "purpose_not_allowed"
    assert await code(engine, spends("payment", "roads")) == "201"
    assert await code(engine, spends("payment", "roads")) == "insufficient_funds"
    await _purpose(engine, "repair", "roads", [], [])
    assert await code(engine, allots("roads", 30)) == "201"
    assert await code(engine, spends("award", "roads", "central")) == "201"
    assert await broken_totals(observer) == []


async def _purpose(engine: PostingEngine, fund: str, purpose: str, kinds: list[str], sources: list[str]) -> None:
    row: dict[str, Cell | Fill] = {
        "fund": fund,
        "code": purpose,
        "position": Fill.POSITION,
        "name_zh": "道路",
        "name_en": "Roads",
        "kinds": kinds,
        "sources": sources,
        "set_by": "a",
    }

    def plan(_state: BookState) -> Act:
        return Act((RecordDraft("purpose", lambda _entry: {"code": purpose}, (SideRow("purpose", row),)),), _position)

    await engine.post(PostingRequest(BOOK, f"k-{uuid4()}", b"", Needs(), plan, _never))


def _position(_entry: PostedEntry | None, records: tuple[PostedRecord, ...], _state: BookState) -> dict[str, Json]:
    return {"position": records[0].position}


def _never(_entry: PostedEntry, _state: BookState) -> dict[str, Json]:
    raise AssertionError("an act renders itself")


async def test_money_crosses_funds_only_with_its_counterpart(engine: PostingEngine, observer: Connection) -> None:
    await engine.post(needing(receipt(100)))
    out = (line("300101", "debit", 40), line("1002", "credit", 40, source="county"))
    into = (line("1002", "debit", 40, "health", source="county"), line("300101", "credit", 40, "health"))
    assert await code(engine, draft("fund_transfer", *out)) == "counterpart_missing"
    owed = (line("300101", "debit", 5), line("230701", "credit", 5))
    assert await code(engine, draft("fund_transfer", *out, *into, *owed)) == "counterpart_missing"
    assert await code(engine, draft("fund_transfer", *out, *into)) == "201"
    owing = (line("121801", "debit", 5, "health"), line("300101", "credit", 5, "health"))
    assert await code(engine, draft("fund_transfer", *owed, *owing)) == "201"
    assert await observer.fetchval("SELECT sum(balance_fen) FROM balance WHERE account = '300101'") == 0


async def test_a_dry_run_is_decided_and_proved_and_leaves_nothing(engine: PostingEngine, observer: Connection) -> None:
    tried = replace(request(receipt(100), "k"), dry_run=True)
    answer = await engine.post(tried)
    assert (answer.status, answer.dry_run, answer.replayed) == (201, True, False)
    assert orjson.loads(answer.body)["seq"] == 1
    assert await observer.fetchval("SELECT count(*) FROM journal_entry") == 0
    assert await observer.fetchval("SELECT count(*) FROM idempotency_key") == 0
    wrong = replace(request(draft("journal", line("9999", "debit", 1), line("5001", "credit", 1)), "w"), dry_run=True)
    assert await code(engine, wrong) == "unknown_account"
    [done, again] = await engine.post_many([tried, replace(tried, key="k2")], atomic=True)
    assert isinstance(done, Answer)
    assert isinstance(again, Answer)
    assert [orjson.loads(one.body)["seq"] for one in (done, again)] == [1, 2]
    real = await engine.post(replace(tried, dry_run=False))
    assert (real.status, real.dry_run, real.replayed) == (201, False, False)


async def test_conditions_are_asked_first_and_their_refusal_is_not_remembered(
    engine: PostingEngine, observer: Connection
) -> None:
    await engine.post(needing(receipt(100)))
    asked = replace(request(accrual(5), "k"), conditions=Conditions(if_seq=2))
    assert await code(engine, asked) == "precondition_failed"
    assert await code(engine, replace(asked, conditions=Conditions(if_seq=1))) == "201"
    rich = replace(request(accrual(5), "r"), conditions=Conditions(at_least_fen=1, fund="repair", year=2026))
    assert await code(engine, rich) == "precondition_failed"
    allots = draft(
        "allotment", line("allotted", "debit", 1, budget_year=2026), line("available", "credit", 1, budget_year=2026)
    )
    assert await code(engine, allots) == "201"
    assert await code(engine, rich) == "201"
    assert await broken_totals(observer) == []


async def test_the_adjusting_period_is_named_and_opens_between_december_and_the_next_closing(
    book_url: str,
) -> None:
    await seed_book(book_url, book="610924", first_period="2025-11")
    connection = await connect(book_url)
    async with PostingEngine(book_url) as engine:

        def adjusts(on: date = date(2025, 12, 31), period: str = "2025-13") -> PostingRequest:
            return request(replace(accrual(5, on=on), period=period), f"k-{uuid4()}", book="610924")

        assert await code(engine, adjusts()) == "period_closed"
        assert await code(engine, adjusts(on=date(2025, 12, 30))) == "invalid_request"
        assert await code(engine, adjusts(period="2026-13")) == "invalid_request"
        await engine.post(request(accrual(1, on=date(2026, 1, 5)), "first", book="610924"))
        await _close(connection, "610924", "2025-11", "2025-12")
        assert await code(engine, adjusts()) == "201"
        rows = await connection.fetch(
            "SELECT month, debit_fen FROM monthly_total WHERE book = '610924' AND account = '5001' ORDER BY month"
        )
        assert [tuple(row) for row in rows] == [("2025-13", 5), ("2026-01", 1)]
        with pytest.raises(asyncpg.PostgresError) as raised:
            await _close(connection, "610924", "2026-01")
        assert raised.value.sqlstate == "FP013"
        await _close(connection, "610924", "2025-13", "2026-01")
        assert await code(engine, adjusts()) == "period_closed"
        assert await broken_totals(connection) == []
    await connection.close()


async def _close(connection: Connection, book: str, *months: str) -> None:
    forger = Forger(connection, book)
    for month in months:
        async with connection.transaction():
            position = await forger.record(None)
            await connection.execute(
                "INSERT INTO period_event (book, code, action, position, by_person) VALUES ($1, $2, 'close', $3, 'x')",
                book,
                month,
                position,
            )
