from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from claims.payouts.ledger_client import LedgerClient
from claims.worker import Worker, WorkerSettings
from common.database import create_engine
from deploy.local.environment import constructor_arguments
from deploy.local.issuer import Issuer
from tests.support.county import County


@pytest.fixture
def county(ledger_client: httpx.AsyncClient, claims_client: httpx.AsyncClient, issuer: Issuer) -> County:
    return County(ledger_client, claims_client, issuer)


@pytest.fixture
async def worker(ledger_client: httpx.AsyncClient, claims_settings: dict[str, str]) -> AsyncIterator[Worker]:
    settings = WorkerSettings.model_validate(constructor_arguments(claims_settings))
    engine = create_engine(settings.database_url, application_name="test-worker")
    transport = ledger_client._transport
    async with LedgerClient("http://testserver", Path(settings.ledger_token_file), transport=transport) as client:
        yield Worker(engine, client, settings)
    await engine.dispose()
