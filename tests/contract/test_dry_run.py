"""A dry run answers as the real call would and leaves nothing; a condition that does not hold answers 412 and is not remembered.

Every POST of the ledger, one by one, on the running system. Between a dry run and its real call nothing else posts, so that even
sequence numbers, voucher numbers and figures must be the same.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.contract.access_table import TABLE, Row
from tests.contract.scene import Scene
from tests.contract.test_access import headers_of
from tests.support.county import BOOK, County
from tests.support.ledger_calls import Json
from tests.support.stack import Stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

HOUSEHOLDS, NUMBERS = itertools.count(500), itertools.count(10_001)
POSTS = [row for row in TABLE if row.service == "ledger" and row.method == "POST"]
# Each item of these carries a key or a number of its own: a repetition is told item by item.
BULK = {"/journal-entries/bulk", "/operations/batch", "/proposals/approvals"}
# What moves no money by itself has no condition on money; the items of a bulk call have theirs in a test of its own.
UNCONDITIONAL = {
    "/v1/books",
    "/funds",
    "/purposes",
    "/approval-rules",
    "/proposals/{id}/approval",
    "/proposals/{id}/refusal",
    "/proposals/{id}/withdrawal",
    "/periods/{period}/close",
    "/periods/{period}/reopen",
    *BULK,
}
# Every table with all its rows: whatever is stored, changed or taken away shows.
CONTENT = """
SELECT format('SELECT %L, count(*), md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '''')) FROM %I t', relname, relname)
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
\\gexec
"""
# What a call draws anew: ids, hashes, instants.
DRAWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|\d{4}-\d\d-\d\dT[0-9:.]+Z|测试\d+")


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


class Call:
    """One request of a row, to be sent again and again under one key."""

    def __init__(self, scene: Scene, row: Row, parameters: dict[str, str], body: dict[str, object] | None) -> None:
        self._scene, self._body = scene, body
        path = row.path if row.path.startswith("/v1/") else f"/v1/books/{BOOK}{row.path}"
        self._path = path.format(**parameters)
        self._headers = headers_of(scene, row.roles.split()[0], body)

    async def send(self, conditions: dict[str, int] | None = None, *, dry: bool = False) -> httpx.Response:
        query = {"dry_run": "true"} if dry else None
        body = self._body if conditions is None else {**(self._body or {}), **conditions}
        return await self._scene.county.ledger.post(self._path, json=body, params=query, headers=self._headers)


async def prepared(scene: Scene, row: Row) -> Call:
    parameters, body = await scene.prepared(row)
    return Call(scene, row, parameters, body)


def told(answer: httpx.Response) -> str:
    """An answer without what every call draws anew."""
    return DRAWN.sub("…", answer.text)


@pytest.mark.parametrize("row", POSTS, ids=lambda row: row.path)
async def test_a_dry_run_answers_as_the_real_call_and_leaves_nothing(running: Stack, scene: Scene, row: Row) -> None:
    call = await prepared(scene, row)
    before = running.sql("ledger", CONTENT)
    tried = await call.send(dry=True)
    assert tried.is_success, tried.text
    assert tried.headers["Dry-Run"] == "true"
    assert running.sql("ledger", CONTENT) == before

    done = await call.send()
    assert done.is_success, done.text
    assert not {"Dry-Run", "Idempotent-Replayed"} & {name.title() for name in done.headers}
    assert (tried.status_code, told(tried)) == (done.status_code, told(done))
    after = running.sql("ledger", CONTENT)
    assert after != before

    # The key is taken now: trying it once more says what it said, as the call itself would.
    again = await call.send(dry=True)
    assert (again.status_code, again.headers["Dry-Run"]) == (done.status_code, "true")
    if row.path in BULK:
        assert {one["status"] for one in again.json()["results"]} == {"replayed"}
    else:
        assert (again.text, again.headers["Idempotent-Replayed"]) == (done.text, "true")
    assert running.sql("ledger", CONTENT) == after


@pytest.mark.parametrize("field", ["if_seq", "if_available_at_least_fen"])
@pytest.mark.parametrize("row", [row for row in POSTS if row.path not in UNCONDITIONAL], ids=lambda row: row.path)
async def test_a_condition_that_does_not_hold_is_not_remembered(
    running: Stack, scene: Scene, row: Row, field: str
) -> None:
    call = await prepared(scene, row)
    seq = int((await scene.county.get("ledger", "/chain", "auditor"))["seq"])
    wrong = {"if_seq": seq + 1, "if_available_at_least_fen": 10**15}[field]
    before = running.sql("ledger", CONTENT)
    for dry in (True, False):
        unmet = await call.send({field: wrong}, dry=dry)
        assert (unmet.status_code, unmet.json()["code"], unmet.json()["field"]) == (412, "precondition_failed", field)
    assert running.sql("ledger", CONTENT) == before
    met = await call.send({"if_seq": seq})
    assert met.is_success, met.text


@pytest.mark.parametrize("path", ["/journal-entries/bulk", "/operations/batch"])
async def test_each_item_of_a_bulk_call_has_its_own_conditions(scene: Scene, path: str) -> None:
    row = next(row for row in POSTS if row.path == path)
    parameters, body = await scene.prepared(row)
    assert body is not None
    first: Json = body["entries"][0]  # type: ignore[index] # a list of objects
    seq = int((await scene.county.get("ledger", "/chain", "auditor"))["seq"])
    items = [
        {**first, "idempotency_key": f"{first['idempotency_key']}-{number}", "if_seq": wanted}
        for number, wanted in enumerate((seq, seq, seq + 1))
    ]
    call = Call(scene, row, parameters, {"atomic": False, "entries": items})
    results = (await call.send()).json()["results"]
    # The first moves the sequence on: the second's condition no longer holds, the third's does.
    assert [one["status"] for one in results] == ["posted", "refused", "posted"]
    assert results[1]["problem"]["code"] == "precondition_failed"
