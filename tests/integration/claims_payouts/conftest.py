"""Both services in process on PostgreSQL, and a worker whose rounds the test runs itself."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from claims.payouts import api
from claims.payouts.ledger_client import LedgerClient
from claims.payouts.reconciliation import reconcile
from claims.payouts.schemas import Reconciliation
from claims.worker import Worker, WorkerSettings
from common.database import create_engine
from deploy.local.environment import constructor_arguments
from deploy.local.issuer import Issuer
from tests.support.county import County

Handler = Callable[[httpx.Request], Awaitable[httpx.Response]]


class Line(httpx.AsyncBaseTransport):
    """The line to the ledger. `fault` may answer, lose or delay a call instead of passing it on."""

    def __init__(self, ledger: httpx.AsyncBaseTransport) -> None:
        self._ledger = ledger
        self.fault: Handler | None = None
        self.calls: list[str] = []

    async def pass_on(self, request: httpx.Request) -> httpx.Response:
        """Let the ledger answer."""
        return await self._ledger.handle_async_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.calls.append(request.headers["Idempotency-Key"])
        return await (self.fault or self.pass_on)(request)


@dataclass
class Post:
    """The worker's post: rounds run by hand over a line that can fail."""

    worker: Worker
    line: Line

    async def round(self) -> int:
        """One round, with no pause after an unknown outcome: the test is the clock."""
        async with self.worker.engine.begin() as conn:
            await conn.exec_driver_sql("UPDATE ledger_operation SET due_at = now() WHERE status = 'pending'")
        return await self.worker.one_round()

    async def until_idle(self) -> int:
        """Rounds until nothing is due; answers how many wishes were delivered."""
        delivered = 0
        while worked := await self.round():
            delivered += worked
        return delivered

    async def reconcile(self, book: str) -> Reconciliation:
        """Both sides compared over the same line."""
        return await reconcile(self.worker.engine, self.worker.client, book)


@pytest.fixture
def county(ledger_client: httpx.AsyncClient, claims_client: httpx.AsyncClient, issuer: Issuer) -> County:
    return County(ledger_client, claims_client, issuer)


@pytest.fixture
async def post(ledger_client: httpx.AsyncClient, claims_settings: dict[str, str]) -> AsyncIterator[Post]:
    settings = WorkerSettings.model_validate(constructor_arguments(claims_settings))
    line = Line(ledger_client._transport)
    engine = create_engine(settings.database_url, application_name="test-worker")
    client = LedgerClient("http://testserver", Path(settings.ledger_token_file), timeout_seconds=10, transport=line)
    async with client:
        yield Post(Worker(engine, client, settings), line)
    await engine.dispose()


@pytest.fixture
def api_reaches_the_ledger(
    monkeypatch: pytest.MonkeyPatch, ledger_client: httpx.AsyncClient, claims_settings: dict[str, str]
) -> None:
    """What the claims service asks of the ledger while it answers goes to the ledger of the test, in process."""
    token = Path(WorkerSettings.model_validate(constructor_arguments(claims_settings)).ledger_token_file)
    monkeypatch.setattr(
        api, "_ledger", lambda _ctx: LedgerClient("http://testserver", token, transport=Line(ledger_client._transport))
    )
