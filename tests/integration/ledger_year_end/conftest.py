"""A small year of a book with two funds, to be brought to its end."""

from __future__ import annotations

import asyncpg
import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import LedgerCalls
from tests.support.ledger_engine import broken_totals, connect

RESULTS = {"4001", "4603", "4604", "5001", "6001", "6609", "7101", "3301", "3302", "8501"}
"""The accounts that a closing empties."""


class Year(LedgerCalls):
    """A book that begins in November 2021: two funds, several sources, encumbrances; and a receipt of the year after."""

    encumbrances: dict[str, str]

    async def run(self) -> None:
        assert (await self.open_book("2021-11")).status_code == 201
        for fund, source, fen in (
            ("health", "county", 1_000_00),
            ("health", "donation", 200_00),
            ("health", "interest", 10_00),
            ("repair", "central", 500_00),
        ):
            body = {"amount_fen": fen, "source": source, "effective_on": "2021-11-05"}
            await self.made(f"/funds/{fund}/receipts", **body)
        for fund, fen in (("health", 900_00), ("repair", 400_00)):
            body = {"amount_fen": fen, "fiscal_year": 2021, "effective_on": "2021-11-06", "authority": "文号"}
            await self.made(f"/funds/{fund}/allotments", **body)
        self.encumbrances = {}
        for fund, fen in (("health", 300_00), ("repair", 100_00)):
            body = {"fund": fund, "fiscal_year": 2021, "amount_fen": fen, "purpose": "合同", "reference": f"HT-{fund}"}
            self.encumbrances[fund] = (await self.made("/encumbrances", **body, effective_on="2021-11-07"))["id"]
        paid = {"amount_fen": 120_00, "effective_on": "2021-12-08", "payee_ref": "p-1"}
        await self.made(f"/encumbrances/{self.encumbrances['health']}/liquidations", **paid)
        direct = {
            "amount_fen": 50_00,
            "effective_on": "2021-12-09",
            "payee_ref": "p-2",
            "purpose": "印刷",
            "source": "donation",
        }
        await self.made("/funds/health/payments", **direct)
        next_year = {"amount_fen": 70_00, "source": "central", "effective_on": "2022-01-10"}
        await self.made("/funds/health/receipts", **next_year)

    async def end(self) -> None:
        for month in ("2021-11", "2021-12"):
            await self.made(f"/periods/{month}/close")

    async def balances(self, fund: str, as_of: str = "2021-12-31") -> dict[str, int]:
        found = await self.read("/reports/trial-balance", as_of=as_of, fund=fund)
        return {item["account"]: item["balance_fen"] for item in found["items"] if item["balance_fen"]}

    async def execution(self, year: int, fund: str) -> tuple[int, int, int, int]:
        found = await self.read("/reports/fund-execution", fiscal_year=year)
        line = next(item for item in found["items"] if item["code"] == fund)
        allotted, encumbered = line["allotted_fen"], line["encumbered_fen"]
        return allotted, encumbered, line["expended_fen"], line["available_fen"]


@pytest.fixture
async def year(ledger_client: httpx.AsyncClient, issuer: Issuer) -> Year:
    made = Year(ledger_client, issuer)
    await made.run()
    return made


async def sound(year: Year, database: Database) -> None:
    """Every maintained figure is the sum of the postings, and the chain holds."""
    connection: asyncpg.Connection[asyncpg.Record] = await connect(database.owner_url)
    try:
        assert await broken_totals(connection) == []
    finally:
        await connection.close()
    assert (await year.read("/chain/verification"))["verified"] is True
