"""SQL attacks on purposes and versions of the budget, as the service's own role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from deploy.local.databases import Database
from tests.support.ledger_engine import BOOK, Forger, broken_totals, connect, seed_book

pytestmark = pytest.mark.anyio

ALLOT = (("allotted", "debit", 90, "repair", 2026), ("available", "credit", 90, "repair", 2026))


@pytest.fixture
async def forger(ledger_database: Database) -> AsyncIterator[Forger]:
    await seed_book(ledger_database.service_url)
    connection = await connect(ledger_database.service_url)
    made = Forger(connection)
    await made.month()
    yield made
    assert await broken_totals(connection) == []
    await connection.close()


async def decides(
    forger: Forger, version: int, *, kind: str = "budget", entry: str = "budget_version", says: str | None = None
) -> None:
    """A version's entry, its record right after it, and its row."""
    async with forger.connection.transaction():
        await forger.honest(*ALLOT, kind=entry)
        position = await forger.record(None, kind=kind)
        await row(forger, version, position, says=says)


async def decides_without_an_entry(forger: Forger, version: int) -> None:
    """As ``decides``, but claiming the entry before it."""
    async with forger.connection.transaction():
        await row(forger, version, await forger.record(None, kind="budget"))


async def row(forger: Forger, version: int, position: int, *, says: str | None = None) -> None:
    await forger.connection.execute(
        "INSERT INTO budget_version (book, position, fiscal_year, version, kind, authority, document, decided_on, seq,"
        " prepared_by, recorded_at) VALUES ($1, $2, 2026, $3, $4, 'x', 'x', $5, $6, 'x', now())",
        BOOK,
        position,
        version,
        says or ("original" if version == 1 else "amended"),
        date(2026, 1, 5),
        (await forger.head())["entry_seq"],
    )


async def refused(code: str, forger: Forger, version: int, **how: str) -> None:
    head = tuple(await forger.head())
    with pytest.raises(asyncpg.PostgresError) as raised:
        await decides(forger, version, **how)
    assert raised.value.sqlstate == code, raised.value
    assert tuple(await forger.head()) == head


async def test_versions_of_a_year_follow_one_another_from_the_original(forger: Forger) -> None:
    await refused("FP013", forger, 2)
    await refused("23514", forger, 1, says="amended")
    await decides(forger, 1)
    await refused("23505", forger, 1)
    await refused("FP013", forger, 3)
    await refused("23514", forger, 2, says="original")
    await decides(forger, 2)


async def test_a_version_stands_in_the_chain_right_after_its_own_entry(forger: Forger) -> None:
    await refused("FP010", forger, 1, kind="purpose")
    await refused("FP010", forger, 1, entry="allotment")
    await decides(forger, 1)
    # A second version cannot be made out of the same entry, nor out of a record without one.
    with pytest.raises(asyncpg.PostgresError) as raised:
        await decides_without_an_entry(forger, 2)
    assert raised.value.sqlstate == "FP010"


async def test_a_purpose_stands_in_the_chain(forger: Forger) -> None:
    async def sets(kind: str) -> None:
        async with forger.connection.transaction():
            position = await forger.record(None, kind=kind)
            await forger.connection.execute(
                "INSERT INTO purpose (book, fund, code, position, name_zh, name_en, kinds, sources, set_by)"
                " VALUES ($1, 'repair', 'roads', $2, 'x', 'x', '{}', '{}', 'x')",
                BOOK,
                position,
            )

    with pytest.raises(asyncpg.PostgresError) as raised:
        await sets("extension")
    assert raised.value.sqlstate == "FP010"
    await sets("purpose")
