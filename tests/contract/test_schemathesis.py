"""Both live OpenAPI documents against a running system: nothing outside the document, no 5xx, every operation succeeds.

Requests are drawn from the documents and aimed at things made through the API before. `make test` draws at least
2,000 cases for each service from a fixed seed; `make test-long` ten times as many.
"""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from anyio.from_thread import BlockingPortal, start_blocking_portal
from schemathesis.core.result import Ok

from deploy.local.issuer import CLAIMS_SERVICE_SCOPES, roles
from tests.contract.access_table import TABLE, Row
from tests.contract.fuzzing import Fuzzer
from tests.contract.scene import Prepared, Scene
from tests.support.county import BOOK, County
from tests.support.stack import Stack, StackSeed, running_stack

log = logging.getLogger(__name__)
AT_LEAST = 2_000
SEED = 610_923
READY_MADE = 2
"""Requests prepared for each operation before anything is drawn: drawn ones may close months and spend the money."""
QUERIES: dict[str, dict[str, str]] = {
    "GET /working-days": {"year": "2021"},
    "/payment-lists": {"operation": "award", "fund": "industry"},
    "/payment-lists/template": {"operation": "award"},
    "/reports/account-ledger": {"fund": "insurance", "account": "1002", "from": "2021-01-01", "to": "2021-12-31"},
    "/reports/balance": {"fund": "insurance", "account": "1002"},
    "/reports/fund-execution": {"fiscal_year": "2021"},
    "/reports/general-ledger": {"fiscal_year": "2021"},
    "/reports/subsidiary-ledger": {"fund": "insurance", "account": "1002", "fiscal_year": "2021"},
    "/reports/carry-forward": {"fiscal_year": "2021"},
    "/reports/year-end": {"fiscal_year": "2021"},
    "POST /claims/{claim_id}/documents": {"kind": "invoice"},
    "/audit/journal": {"from": "2021-01-01", "to": "2021-12-31", "format": "jsonl"},
}
KNOWN_VALUES: dict[str, list[str]] = {
    "fund": ["insurance", "repair", "health"],
    "account": ["1002", "available", "encumbered"],
    "from": ["2021-01-01"],
    "to": ["2021-12-31"],
    "effective_from": ["2021-01-01"],
    "effective_to": ["2021-12-31"],
    "fiscal_year": ["2021", "all"],
    "town": ["610923100"],
    "status": ["open", "reported", "prepared"],
    "kind": ["invoice", "photo"],
}


@pytest.fixture
def system(seed: StackSeed) -> Iterator[Stack]:
    """A system of each test's own: what is drawn may spend its money and close its months."""
    with running_stack(seed=seed) as made:
        yield made


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with start_blocking_portal() as made:
        yield made


@pytest.fixture
def scene(system: Stack, portal: BlockingPortal) -> Iterator[Scene]:
    with (
        portal.wrap_async_context_manager(httpx.AsyncClient(base_url=system.url("ledger"), timeout=60)) as ledger,
        portal.wrap_async_context_manager(httpx.AsyncClient(base_url=system.url("claims"), timeout=60)) as claims,
    ):
        county = County(ledger, claims, system.issuer)
        portal.call(county.found)
        # One of the two whose tokens the fuzzer draws: only who proposed may withdraw.
        yield Scene(county, itertools.count(1), proposer="fuzz-1")


def fuzz_service(system: Stack, scene: Scene, portal: BlockingPortal, service: str, at_least: int) -> Fuzzer:
    """Prepare, then draw; answers what was seen."""
    schema = schemathesis.openapi.from_url(f"{system.url(service)}/openapi.json")
    operations: dict[str, Any] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result.err()
        operations[result.ok().label] = result.ok()
    scopes = sorted({*itertools.chain.from_iterable(roles().values()), *CLAIMS_SERVICE_SCOPES})
    tokens = tuple(
        system.issuer.token("everything", book="*", sub=f"fuzz-{number}", scopes=scopes) for number in (1, 2)
    )
    fuzzer = Fuzzer(system.url(service), BOOK, tokens, SEED)
    rows = {_label(row): row for row in TABLE if row.service == service}
    assert rows.keys() == operations.keys()
    pools: dict[str, list[Prepared]] = {}
    for label, row in rows.items():
        pools[label] = [portal.call(scene.prepared, row) for _ in range(READY_MADE)]
        query = QUERIES.get(f"{row.method} {row.path}") or QUERIES.get(row.path)
        fuzzer.prepared(operations[label], portal.call(scene.prepared, row), query)
    each = -(-at_least // len(operations)) + 3
    for label, operation in operations.items():
        fuzzer.boundary(operation, pools[label], each // 2)
        fuzzer.fuzz(operation, pools[label], KNOWN_VALUES, max(3, each - fuzzer.cases[label]))
    return fuzzer


def _label(row: Row) -> str:
    return f"{row.method} {row.path}" if row.path.startswith("/v1/") else f"{row.method} /v1/books/{{book}}{row.path}"


def judge(fuzzer: Fuzzer, labels: set[str], at_least: int) -> None:
    """All that a run must have shown."""
    log.info("%d cases, statuses %s", fuzzer.cases.total(), sum(fuzzer.answers.values(), Counter()))
    never = sorted(
        label for label in labels if not any(200 <= status < 300 for status in fuzzer.answers.get(label, ()))
    )
    assert not fuzzer.faults, "\n\n".join(fuzzer.faults.values())
    assert not never, f"no 2xx from: {never}"
    assert fuzzer.cases.total() >= at_least


def test_an_answer_outside_the_document_is_found(system: Stack, scene: Scene) -> None:
    """The checks are not asleep: against a document that promises less, or something else, the same answers are faults."""
    document = httpx.get(f"{system.url('ledger')}/openapi.json").json()
    reading = document["paths"]["/v1/books/{book}/chain"]["get"]["responses"]
    reading["200"]["content"]["application/json"]["schema"] = {"type": "object", "required": ["colour"]}
    del document["paths"]["/v1/books/{book}/periods"]["get"]["responses"]["200"]
    schema = schemathesis.openapi.from_dict(document)
    token = system.issuer.token("officer", book=BOOK)
    fuzzer = Fuzzer(system.url("ledger"), BOOK, (token,), SEED)
    for path in ("/v1/books/{book}/chain", "/v1/books/{book}/periods"):
        fuzzer.prepared(schema[path]["GET"], ({}, None), None)
    assert {kind for _, kind in fuzzer.faults} == {"JsonSchemaError 200", "UndefinedStatusCode 200"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("service", ["ledger", "claims"])
def test_no_answer_leaves_the_document_and_every_operation_succeeds(
    system: Stack, scene: Scene, portal: BlockingPortal, service: str
) -> None:
    fuzzer = fuzz_service(system, scene, portal, service, AT_LEAST)
    judge(fuzzer, {_label(row) for row in TABLE if row.service == service}, AT_LEAST)


@pytest.mark.long
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("service", ["ledger", "claims"])
def test_ten_times_as_many_requests_find_nothing_either(
    system: Stack, scene: Scene, portal: BlockingPortal, service: str
) -> None:
    fuzzer = fuzz_service(system, scene, portal, service, 10 * AT_LEAST)
    judge(fuzzer, {_label(row) for row in TABLE if row.service == service}, 10 * AT_LEAST)
