"""The ledger serves only through a role that cannot rewrite what is posted."""

from __future__ import annotations

import httpx
import pytest

from deploy.local.databases import Database
from tests.support.fixtures import ClientFactory

pytestmark = pytest.mark.anyio


async def test_the_restricted_role_is_ready(ledger_client: httpx.AsyncClient) -> None:
    response = await ledger_client.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "ready")


async def test_the_owner_role_is_not_ready(
    clients: ClientFactory, ledger_settings: dict[str, str], ledger_database: Database
) -> None:
    settings = ledger_settings | {"LEDGER_DATABASE_URL": ledger_database.owner_url}
    async with clients("ledger", settings) as client:
        response = await client.get("/readyz")
    assert (response.status_code, response.json()["failed"]) == (503, ["database_role"])
