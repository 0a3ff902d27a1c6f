"""A ledger that holds books keeps every figure when it is brought from its first migration to the newest."""

from __future__ import annotations

import pytest

from deploy.local.migrate import alembic
from tests.support.ledger_engine import Forger, broken_totals, connect, seed_book
from tests.support.servers import Server

pytestmark = pytest.mark.anyio


async def test_books_survive_and_their_chain_tells_of_the_new_account(postgres: Server) -> None:
    database = postgres.create("ledger")
    try:
        first = alembic(database, ["upgrade", "0001"])
        assert first.returncode == 0, first.stderr
        await seed_book(database.service_url, without=("300101",))
        connection = await connect(database.service_url)
        forger = Forger(connection, first_shape=True)
        async with connection.transaction():
            await forger.month()
            await forger.honest(("1002", "debit", 100, "repair", 0, "county"), ("4001", "credit", 100))
            seq = await forger.entry(kind="allotment")
            await forger.postings(
                (seq, 1, "allotted", "debit", 9, "repair", 2026), (seq, 2, "available", "credit", 9, "repair", 2026)
            )
            await forger.record(seq)
            seq = await forger.entry(kind="encumber")
            held = await forger.encumbrance(seq, 5)
            await forger.postings(
                (seq, 1, "available", "debit", 5, "repair", 2026),
                (seq, 2, "encumbered", "credit", 5, "repair", 2026, "", held),
            )
            await forger.record(seq)
        head = await forger.head()
        await connection.close()

        upgraded = alembic(database, ["upgrade", "head"])
        assert upgraded.returncode == 0, upgraded.stderr
        connection = await connect(database.service_url)
        assert await broken_totals(connection) == []
        chained = await connection.fetchrow(
            "SELECT position, kind, prev_hash FROM chain_record ORDER BY position DESC LIMIT 1"
        )
        assert chained is not None
        assert (chained["position"], chained["kind"], chained["prev_hash"]) == (
            head["position"] + 1,
            "chart",
            head["hash"],
        )
        assert await connection.fetchval("SELECT count(*) FROM account WHERE code = '300101'") == 2
        kept = await connection.fetchrow("SELECT budget_year, remaining_fen FROM encumbrance_balance")
        assert tuple(kept or ()) == (2026, 5)
        async with connection.transaction():
            await Forger(connection).honest(("1002", "credit", 40, "repair", 0, "county"), ("5001", "debit", 40))
        assert await broken_totals(connection) == []
        await connection.close()
    finally:
        postgres.drop(database)
