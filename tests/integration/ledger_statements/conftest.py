"""One reported book for a whole file of tests: reports change nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.environment import service_settings
from deploy.local.issuer import Issuer
from deploy.local.keys import ServiceKeys
from tests.support.fixtures import UNREACHABLE, build_app
from tests.support.ledger_calls import LedgerCalls
from tests.support.reported_book import reported_book
from tests.support.servers import Templates


@dataclass(frozen=True)
class Reported:
    """The book over HTTP, and its database."""

    ledger: LedgerCalls
    database: Database


@pytest.fixture(scope="module")
async def reported(templates: Templates, issuer: Issuer, service_keys: ServiceKeys) -> AsyncIterator[Reported]:
    """The book."""
    with templates.clone("ledger") as database:
        app = build_app("ledger", service_settings(database, issuer, service_keys, UNREACHABLE))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=60) as client,
        ):
            calls = LedgerCalls(client, issuer)
            await reported_book(calls)
            yield Reported(calls, database)


@pytest.fixture
def ledger(reported: Reported) -> LedgerCalls:
    """The book over HTTP."""
    return reported.ledger
