"""A book with money in the insurance fund and one bank account for it."""

import httpx
import pytest

from deploy.local.issuer import Issuer
from tests.support.bank import ACCOUNT, MAPPING, open_account
from tests.support.ledger_calls import LedgerCalls


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    """The book, opened in January 2021."""
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book("2021-01")).status_code == 201
    return calls


@pytest.fixture
async def bank(ledger: LedgerCalls) -> LedgerCalls:
    """The book with the account ``main`` and its mapping."""
    await open_account(ledger)
    await ledger.made(f"{ACCOUNT}/column-mapping", **MAPPING)
    return ledger
