"""Every endpoint against every role, a foreign book and nobody: 401, 403 and 2xx exactly as the handwritten table says."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.contract.access_table import ROLES, TABLE, Row
from tests.contract.scene import Scene
from tests.support.county import BOOK, County
from tests.support.stack import Stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

FOREIGN_BOOK = "610922"
# The system is shared by the tests of this file, so what they make is numbered on.
HOUSEHOLDS, NUMBERS = itertools.count(1), itertools.count(1)
QUERIES = {
    "/reports/account-ledger": {"fund": "insurance", "account": "1002", "from": "2021-01-01", "to": "2021-12-31"},
    "/reports/balance": {"fund": "insurance", "account": "1002"},
    "/reports/fund-execution": {"fiscal_year": "2021"},
    "/reports/general-ledger": {"fiscal_year": "2021"},
    "/reports/subsidiary-ledger": {"fund": "insurance", "account": "1002", "fiscal_year": "2021"},
    "/reports/budget-vs-actual": {"fiscal_year": "2021"},
    "/reports/carry-forward": {"fiscal_year": "2021"},
    "/reports/year-end": {"fiscal_year": "2021"},
    "/payment-lists": {"operation": "award", "fund": "industry"},
    "/payment-lists/template": {"operation": "award"},
    "POST /claims/{claim_id}/documents": {"kind": "invoice"},
    "/audit/journal": {"from": "2021-01-01", "to": "2021-12-31", "format": "jsonl"},
}
# Operations that take a file, and what the file is called.
FILES = {
    "/bank-accounts/{account}/statements": "a.csv",
    "/payment-lists": "a.csv",
    "/claims/{claim_id}/documents": "a.pdf",
}
FREE = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"}


@pytest.fixture
async def scene(running: Stack) -> AsyncIterator[Scene]:
    async with (
        httpx.AsyncClient(base_url=running.url("ledger"), timeout=60) as ledger,
        httpx.AsyncClient(base_url=running.url("claims"), timeout=60) as claims,
    ):
        county = County(ledger, claims, running.issuer, households=HOUSEHOLDS)
        if (await county.try_get("ledger", "/funds", "officer")).status_code == httpx.codes.NOT_FOUND:
            await county.found()
        yield Scene(county, NUMBERS)


def sent_as(row: Row, body: Any) -> dict[str, Any]:
    """How the body is sent: that of a file names its one part."""
    if row.path in FILES and isinstance(body, dict):
        return {"files": {"file": (FILES[row.path], body["file"].encode())}}
    return {"json": body}


def query_of(row: Row) -> dict[str, str] | None:
    """The query a request of this row needs."""
    return QUERIES.get(f"{row.method} {row.path}") or QUERIES.get(row.path)


async def send(
    scene: Scene, row: Row, headers: dict[str, str], parameters: dict[str, str], body: Any
) -> httpx.Response:
    client = scene.county.ledger if row.service == "ledger" else scene.county.claims
    path = row.path if row.path.startswith("/v1/") else f"/v1/books/{parameters.get('book', BOOK)}{row.path}"
    extra = {"If-Match": '"1"'} if row.method == "PATCH" else {}
    return await client.request(
        row.method,
        path.format(**parameters),
        **sent_as(row, body),
        params=query_of(row),
        headers=headers | extra,
    )


def headers_of(
    scene: Scene, role: str, body: dict[str, object] | None, *, book: str = BOOK, foreign: bool = False
) -> dict[str, str]:
    """The headers of a person of this role; a book that is to be opened is the person's own."""
    made = scene.county.headers(f"{role}/access-{role}")
    book = FOREIGN_BOOK if foreign else str((body or {}).get("code", book)).partition(".")[0]
    token_book = book if book.isdigit() else BOOK
    made["Authorization"] = f"Bearer {scene.county.issuer.token(role, book=token_book, sub=f'access-{role}')}"
    return made


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.service} {row.method} {row.path}")
async def test_an_endpoint_lets_in_exactly_the_roles_of_its_row(scene: Scene, row: Row) -> None:
    allowed = row.roles.split()
    parameters, body = await scene.prepared(row)

    without = await send(scene, row, {"Idempotency-Key": "access"}, parameters, body)
    assert without.status_code == httpx.codes.UNAUTHORIZED, without.text
    assert without.json()["code"] == "unauthenticated"
    assert without.headers["WWW-Authenticate"].startswith("Bearer")
    for role in ROLES:
        stranger = await send(scene, row, headers_of(scene, role, body, foreign=True), parameters, body)
        assert (stranger.status_code, stranger.json()["code"]) == (403, "forbidden"), (role, stranger.text)
        if role in allowed:
            parameters, body = await scene.prepared(row)
        book = parameters.get("book", BOOK)
        answer = await send(scene, row, headers_of(scene, role, body, book=book), parameters, body)
        if role in allowed:
            assert answer.is_success, (role, answer.status_code, answer.text)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (role, answer.text)


@pytest.mark.parametrize("service", ["ledger", "claims"])
async def test_every_endpoint_has_a_row(scene: Scene, service: str) -> None:
    client = scene.county.ledger if service == "ledger" else scene.county.claims
    document = (await client.get("/openapi.json")).json()
    served = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if path not in FREE
    }
    listed = {
        (row.method, row.path if row.path.startswith("/v1/") else f"/v1/books/{{book}}{row.path}")
        for row in TABLE
        if row.service == service
    }
    assert served == listed


@pytest.mark.parametrize("service", ["ledger", "claims"])
@pytest.mark.parametrize("path", sorted(FREE))
async def test_health_metrics_and_documentation_need_no_token(scene: Scene, service: str, path: str) -> None:
    client = scene.county.ledger if service == "ledger" else scene.county.claims
    assert (await client.get(path, follow_redirects=True)).is_success
