"""A book with money, and people of different subjects at work in it."""

import httpx
import pytest

from deploy.local.issuer import Issuer
from tests.support.second_person import ON, Office


@pytest.fixture
async def office(ledger_client: httpx.AsyncClient, issuer: Issuer) -> Office:
    calls = Office(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    await calls.made("/funds/health/receipts", amount_fen=10_000, source="county", effective_on=ON)
    await calls.made("/funds/health/allotments", amount_fen=10_000, fiscal_year=2021, effective_on=ON, authority="文1")
    return calls
