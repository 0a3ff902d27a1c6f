"""The fixtures named in `tests/conftest.py`.

Everything lives in throw-away folders and databases. Servers are per test process, so that xdist's
processes never meet. Async tests use anyio's plugin (`pytestmark = pytest.mark.anyio`).
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import Protocol

import httpx
import pytest
from fastapi import FastAPI

from deploy.local.databases import Database
from deploy.local.environment import constructor_arguments, service_settings
from deploy.local.issuer import Issuer
from deploy.local.keys import ServiceKeys
from tests.support.servers import Server, Templates, running_server
from tests.support.stack import Stack, StackSeed, running_stack, stack_seed

UNREACHABLE = "http://127.0.0.1:9"


class ClientFactory(Protocol):
    """Opens a client for a service's app over an in-process transport, its lifespan running."""

    def __call__(
        self, service: str, settings: dict[str, str], *, raise_app_exceptions: bool = False
    ) -> AbstractAsyncContextManager[httpx.AsyncClient]: ...


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the loop the services run on."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running throw-away PostgreSQL with the six roles."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def templates(postgres: Server) -> Templates:
    """Migrated databases to clone."""
    return Templates(postgres)


@pytest.fixture
def ledger_database(templates: Templates) -> Iterator[Database]:
    """A fresh migrated ledger database: `.owner_url`, `.service_url`, `.reader_url`."""
    with templates.clone("ledger") as database:
        yield database


@pytest.fixture
def claims_database(templates: Templates) -> Iterator[Database]:
    """A fresh migrated claims database: `.owner_url`, `.service_url`, `.reader_url`."""
    with templates.clone("claims") as database:
        yield database


@pytest.fixture(scope="session")
def seed() -> Iterator[StackSeed]:
    """Migrated data that stacks start from."""
    with stack_seed() as made:
        yield made


@pytest.fixture
def stack(seed: StackSeed) -> Iterator[Stack]:
    """The whole system as real processes; for other shapes use `running_stack(…, seed=seed)`."""
    with running_stack(seed=seed) as made:
        yield made


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """A development issuer with a key of its own: `issuer.token("officer", book=…, sub=…, scopes=…)`."""
    made = Issuer(tmp_path_factory.mktemp("issuer"))
    made.ensure()
    return made


@pytest.fixture(scope="session")
def service_keys(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> ServiceKeys:
    """Fingerprint keys, key ring and the claims service's token."""
    made = ServiceKeys(tmp_path_factory.mktemp("keys"))
    made.ensure(issuer)
    return made


@pytest.fixture
def ledger_settings(ledger_database: Database, issuer: Issuer, service_keys: ServiceKeys) -> dict[str, str]:
    """The ledger's settings by environment name, on `ledger_database`."""
    return service_settings(ledger_database, issuer, service_keys, UNREACHABLE)


@pytest.fixture
def claims_settings(claims_database: Database, issuer: Issuer, service_keys: ServiceKeys) -> dict[str, str]:
    """The claims service's settings by environment name; its ledger cannot be reached."""
    return service_settings(claims_database, issuer, service_keys, UNREACHABLE)


def build_app(service: str, settings: dict[str, str]) -> FastAPI:
    """Build a service's app from settings given by environment name."""
    arguments = constructor_arguments(settings)
    made = import_module(f"{service}.settings").Settings(**arguments)
    app = import_module(f"{service}.app").create(made)
    if not isinstance(app, FastAPI):
        message = f"{service}.app.create answered {type(app).__name__}, not an app"
        raise TypeError(message)
    return app


@pytest.fixture
def clients() -> ClientFactory:
    """A factory of clients, for tests that need two at once or settings of their own."""

    @asynccontextmanager
    async def open_client(
        service: str, settings: dict[str, str], *, raise_app_exceptions: bool = False
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = build_app(service, settings)
        # By default what the app lets through becomes its 500 answer, as a real client would see it.
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=raise_app_exceptions)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=60) as client,
        ):
            yield client

    return open_client


@pytest.fixture
async def ledger_client(clients: ClientFactory, ledger_settings: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the ledger's app, in process, on a database of its own."""
    async with clients("ledger", ledger_settings) as client:
        yield client


@pytest.fixture
async def claims_client(clients: ClientFactory, claims_settings: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the claims service's app, in process, on a database of its own."""
    async with clients("claims", claims_settings) as client:
        yield client
