"""Every endpoint against every role, place, a foreign book and nobody: answered exactly as the handwritten table says."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.contract.access_table import COUNTY, ELSEWHERE, EMPTY, HERE, HIDDEN, NAMED, ROLES, SHARED, TABLE, Row
from tests.contract.scene import Scene
from tests.support.county import BOOK, County
from tests.support.stack import Stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

FOREIGN_BOOK = "610922"
FORBIDDEN = (403, "forbidden")
WHOLE_BOOK_AND_HERE: tuple[tuple[str, ...], ...] = ((), HERE[:1], HERE[1:])
# The system is shared by the tests of this file, so what they make is numbered on.
HOUSEHOLDS, NUMBERS = itertools.count(1), itertools.count(1)
QUERIES = {
    "GET /working-days": {"year": "2021"},
    "/households/export": {"format": "csv"},
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
    "/households/import": "a.csv",
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


def headers_of(scene: Scene, role: str, body: Any, *, book: str = BOOK, places: tuple[str, ...] = ()) -> dict[str, str]:
    """The headers of a person of this role and these places; a book that is to be opened is the person's own."""
    made = scene.county.headers(f"{role}/access-{role}")
    opened = body.get("code") if isinstance(body, dict) else None
    # A fund's code in a body is no book's.
    book = str(opened) if book == BOOK and str(opened).isdigit() else book
    token = scene.county.issuer.token(role, book=book, sub=f"access-{role}", places=places)
    return {**made, "Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.service} {row.method} {row.path}")
async def test_an_endpoint_lets_in_exactly_the_roles_and_places_of_its_row(scene: Scene, row: Row) -> None:
    allowed = row.roles.split()
    if row.place == EMPTY:
        await something_to_count(scene)
    parameters, body = await scene.prepared(row)

    async def ask(role: str, *places: str, foreign: bool = False) -> httpx.Response:
        book = FOREIGN_BOOK if foreign else parameters.get("book", BOOK)
        return await send(scene, row, headers_of(scene, role, body, book=book, places=places), parameters, body)

    without = await send(scene, row, {"Idempotency-Key": "access"}, parameters, body)
    assert without.status_code == httpx.codes.UNAUTHORIZED, without.text
    assert without.json()["code"] == "unauthenticated"
    assert without.headers["WWW-Authenticate"].startswith("Bearer")
    for role in ROLES:
        for places in WHOLE_BOOK_AND_HERE:
            who = (role, places)
            if places != HERE[1:]:
                assert refusal(await ask(role, *places, foreign=True)) == FORBIDDEN, who
            if role not in allowed or (places and row.place == COUNTY):
                assert refusal(await ask(role, *places)) == FORBIDDEN, who
                continue
            if row.method != "GET":
                parameters, body = await scene.prepared(row)
            answer = await ask(role, *places)
            assert answer.is_success, (who, answer.status_code, answer.text)
            assert row.place != EMPTY or holds_something(answer), (who, answer.text)
        if row.method != "GET" and role in allowed:
            parameters, body = await scene.prepared(row)
        for place in ELSEWHERE:
            check_elsewhere(row, await ask(role, place), allowed=role in allowed, who=(role, place))


async def something_to_count(scene: Scene) -> None:
    """Something of HERE in every list and report."""
    await scene.lead()
    await scene.claim()
    refused = await scene.claim()
    step = {"step": "town_check", "outcome": "refused", "note": "不属实", "done_on": "2021-06-10"}
    await scene.county.post("claims", f"/claims/{refused}/steps", step, "town")


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and code of a refusal; a success has no code."""
    return answer.status_code, "" if answer.is_success else answer.json()["code"]


def check_elsewhere(row: Row, answer: httpx.Response, *, allowed: bool, who: tuple[str, str]) -> None:
    """What a token of another place is told, by the row's word for it."""
    hidden = (404, "not_found")
    if not allowed:
        # Who may take another step is told that there is no such thing before whose this step is.
        assert refusal(answer) in ({FORBIDDEN, hidden} if row.path.endswith("_id}/steps") else {FORBIDDEN}), who
    elif row.place in {COUNTY, NAMED}:
        assert refusal(answer) == FORBIDDEN, (who, answer.text)
    elif row.place == HIDDEN:
        assert refusal(answer) == hidden, (who, answer.text)
    else:
        assert row.place in {EMPTY, SHARED}, row
        assert answer.is_success, (who, answer.status_code, answer.text)
        assert row.place == SHARED or not holds_something(answer), (who, answer.text)


def holds_something(answer: httpx.Response) -> bool:
    """Whether a list has an item, or a report a figure that is not zero."""
    if answer.headers["content-type"].startswith("text/csv"):
        return len(answer.text.splitlines()) > 1
    found = answer.json()
    return bool(found.get("items")) or any(isinstance(value, int) and value for value in found.values())


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
