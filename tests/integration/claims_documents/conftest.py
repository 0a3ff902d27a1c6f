from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine
from deploy.local.databases import Database
from deploy.local.environment import service_settings
from deploy.local.issuer import Issuer
from deploy.local.keys import ServiceKeys
from tests.support.claims_office import BOOK, Office
from tests.support.fixtures import UNREACHABLE, build_app
from tests.support.papers import pdf
from tests.support.servers import Templates

MOST_BYTES = 200_000
MOST_DOCUMENTS = 6


@dataclass
class Desk:
    """An office that takes documents; one for all tests of a file, so each uses claims and contents of its own."""

    office: Office
    database: Database
    folder: Path
    settings: dict[str, str]
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def paper(self, about: str = "") -> bytes:
        """A PDF nobody handed in before."""
        return pdf(f"{about} {next(self.numbers)}")

    async def claim(self) -> dict[str, Any]:
        """A claim of its own."""
        return await self.office.filed(await self.office.family(1))

    async def send(
        self,
        claim_id: object,
        content: bytes,
        name: str = "a.pdf",
        stated: str = "application/octet-stream",
        *,
        who: str = "intake",
        kind: str = "invoice",
        key: str | None = None,
        book: str = BOOK,
    ) -> httpx.Response:
        """Hand a file in."""
        headers = self.office.headers(who) | {"Idempotency-Key": key or f"desk-{next(self.numbers)}"}
        return await self.office.client.post(
            f"/v1/books/{book}/claims/{claim_id}/documents",
            params={"kind": kind},
            files={"file": (name, content, stated)},
            headers=headers,
        )

    async def stored(self, claim_id: object, content: bytes, **how: str) -> dict[str, Any]:
        """Hand in what must be taken."""
        answer = await self.send(claim_id, content, **how)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def listed(self, claim_id: object) -> list[dict[str, Any]]:
        """The claim's documents."""
        found: list[dict[str, Any]] = (await self.office.read(f"/claims/{claim_id}/documents"))["items"]
        return found

    def files(self) -> list[Path]:
        """Every file below the folder, the spool included."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
async def desk(
    templates: Templates, issuer: Issuer, service_keys: ServiceKeys, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    with templates.clone("claims") as database:
        folder = tmp_path_factory.mktemp("papers")
        settings = service_settings(database, issuer, service_keys, UNREACHABLE) | {
            "CLAIMS_DOCUMENT_FOLDER": str(folder),
            "CLAIMS_DOCUMENT_BYTES": str(MOST_BYTES),
            "CLAIMS_DOCUMENTS_PER_CLAIM": str(MOST_DOCUMENTS),
        }
        app = build_app("claims", settings)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=60) as client,
        ):
            office = Office(client, issuer)
            await office.programme()
            yield Desk(office, database, folder, settings)


@pytest.fixture
async def owner(desk: Desk) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(desk.database.owner_url, application_name="test-owner")
    yield engine
    await engine.dispose()


@pytest.fixture
async def service(desk: Desk) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(desk.database.service_url, application_name="test-service")
    yield engine
    await engine.dispose()
