"""What one entry reads does not grow with the book, even where no statistics exist yet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeAlias
from uuid import UUID

import asyncpg
import orjson
import pytest

from common.ids import uuid7
from ledger.journal.drafts import EntryDraft, NewEncumbrance
from ledger.journal.engine import EngineLimits, PostingEngine
from tests.support.ledger_engine import accrual, draft, line, request

pytestmark = pytest.mark.anyio
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

ENTRIES = 2_000
# Balances and accounts of the fund, months, and the few rows the entry itself is about.
MOST_ROWS = 300
READ = """
    SELECT sum(coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0))
           + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)
    FROM pg_stat_user_tables"""


def encumber(fen: int) -> EntryDraft:
    new = NewEncumbrance(uuid7(), "repair", 2026, fen, "x")
    return draft(
        "encumber",
        line("available", "debit", fen, budget_year=2026),
        line("encumbered", "credit", fen, budget_year=2026, encumbrance=new.id),
        new_encumbrance=new,
    )


async def read_so_far(connection: Connection, engine: PostingEngine) -> int:
    """Rows read so far, once the engine's one session has handed in its counts."""
    assert engine._writer is not None
    async with engine._writer.pool.acquire() as session:
        await session.execute("SELECT pg_stat_force_next_flush()")
    await connection.execute("SELECT pg_stat_clear_snapshot()")
    total: int = await connection.fetchval(READ)
    return total


@pytest.fixture
async def engine(book_url: str) -> AsyncIterator[PostingEngine]:
    async with PostingEngine(book_url, EngineLimits(connections=1)) as made:
        yield made


async def test_an_entry_reads_no_more_in_a_grown_book(
    engine: PostingEngine, observer: Connection, owner: Connection
) -> None:
    # The engine's session makes its plans now, on empty tables, and keeps them.
    first = await engine.post(request(accrual(1), "first"))
    lines = (line("allotted", "debit", 10**9, budget_year=2026), line("available", "credit", 10**9, budget_year=2026))
    await engine.post(request(draft("allotment", *lines), "allotment"))
    for table in ("journal_entry", "posting", "encumbrance", "idempotency_key", "chain_record"):
        await owner.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    wishes = [request(encumber(1) if n % 2 else accrual(1), f"k{n}") for n in range(ENTRIES)]
    await engine.post_many(wishes, atomic=False)
    undone = UUID(orjson.loads(first.body)["id"])
    red = replace(draft("reversal", *accrual(1).lines, red=True), undoes=undone)
    before = await read_so_far(observer, engine)
    for number, wish in enumerate((accrual(1), encumber(1), red)):
        await engine.post(request(wish, f"after-{number}"))
    await engine.post(request(accrual(1), "k0", mark=wishes[0].fingerprint))
    grown = await read_so_far(observer, engine) - before
    assert 0 < grown < 4 * MOST_ROWS
