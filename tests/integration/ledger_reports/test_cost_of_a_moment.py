"""A single balance in the past is found by index in a book of many postings: no table that grows with the book is read whole."""

import random
from datetime import date, timedelta

import httpx
import pytest
from sqlalchemy import Dialect, func, select
from sqlalchemy.dialects import postgresql

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from ledger.journal.standing import Cut, Wanted, standing
from tests.support.ledger_calls import LedgerCalls
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

ENTRIES = 8_000
DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
GROWING = ("posting", "journal_entry", "daily_total", "monthly_total", "chain_record")
HEALTH = Wanted("health", subtree=False, accounts=("1002",))
CUTS = {
    "lately": (Cut(date(2022, 12, 20), ENTRIES), HEALTH),
    "at the end of a month": (Cut(date(2022, 9, 30), ENTRIES), HEALTH),
    "years ago": (Cut(date(2021, 2, 10), ENTRIES), HEALTH),
    "of one source": (Cut(date(2021, 2, 10), ENTRIES), Wanted("health", accounts=("1002",), source="county")),
    "with the funds below": (Cut(date(2022, 3, 10), ENTRIES), Wanted("health", subtree=True, accounts=("1002",))),
    "by seq, lately": (Cut(date(2023, 1, 1), ENTRIES - 60), HEALTH),
    "by seq, at the beginning": (Cut(date(2023, 1, 1), 60), HEALTH),
    "by both": (Cut(date(2022, 6, 10), ENTRIES - 60), HEALTH),
}


@pytest.mark.timeout(120)
async def test_no_table_that_grows_is_read_whole_for_one_balance(
    ledger_client: httpx.AsyncClient, issuer: Issuer, postgres: Server, ledger_database: Database
) -> None:
    ledger = LedgerCalls(ledger_client, issuer)
    await ledger.open_book()
    chance = random.Random(8)
    for part in range(2):
        entries = [entry(chance, f"{part}-{number}") for number in range(ENTRIES // 2)]
        told = await ledger.made("/journal-entries/bulk", atomic=True, entries=entries)
        assert {result["status"] for result in told["results"]} == {"posted"}
    postgres.sql(ledger_database, "ANALYZE")
    for name, (cut, wanted) in CUTS.items():
        rows = standing(ledger.book, cut, ENTRIES, wanted)
        asked = select(func.sum(rows.c.debit_fen), func.sum(rows.c.credit_fen))
        statement = asked.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True})
        plan = postgres.sql(ledger_database, f"EXPLAIN (COSTS OFF) {statement}")
        assert "pk_" in plan or "ix_" in plan, plan
        for table in GROWING:
            assert f"Seq Scan on {table}" not in plan, f"{name}:\n{plan}"


def entry(chance: random.Random, key: str) -> dict[str, object]:
    fund = chance.choice(("health", "repair", "insurance", "education", "industry", "safety_net"))
    fen, source = chance.randint(1, 10**6), chance.choice(("central", "county", "city", "donation"))
    return {
        "idempotency_key": key,
        "effective_on": (date(2021, 1, 1) + timedelta(days=chance.randint(0, 729))).isoformat(),
        "description": "随机凭证",
        "postings": [
            {"fund": fund, "account": "1002", "side": "debit", "amount_fen": fen, "source": source},
            {"fund": fund, "account": "2307", "side": "credit", "amount_fen": fen},
        ],
    }
