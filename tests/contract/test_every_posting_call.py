"""Every POST of the ledger, one by one, on the running system: tried dry, under conditions, and where everything needs a second person.

A dry run answers as the real call would and leaves nothing. A condition that does not hold answers 412 and is not remembered. What a
second person approves is what the call itself would have done. Between a call and its twin nothing else posts, so that even sequence
numbers, voucher numbers and figures must be the same.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.contract.access_table import TABLE, Row
from tests.contract.scene import Scene
from tests.contract.test_access import QUERIES, headers_of, sent_as
from tests.support.county import BOOK, County
from tests.support.ledger_calls import Json
from tests.support.stack import Stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

HOUSEHOLDS, NUMBERS = itertools.count(500), itertools.count(10_001)
# These ask: there is nothing to try. Who was shown a giver in the clear is kept each time.
ASKING = {"/bank-accounts/{account}/match-proposals", "/givers/{ref}/disclosure"}
POSTS = [row for row in TABLE if row.service == "ledger" and row.method == "POST" and row.path not in ASKING]
# Each item of these carries a key or a number of its own: a repetition is told item by item.
ITEM_BY_ITEM = {
    "/journal-entries/bulk",
    "/operations/batch",
    "/proposals/approvals",
    "/payment-lists",
    "/encumbrances/expiry",
}
# These are one act of several entries: conditions are the act's, a repetition is told entry by entry, and every entry waits by itself.
GROUPS = {"/encumbrances/liquidations", "/encumbrances/releases"}
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
    "/encumbrances/{id}/extension",
    "/carry-forward-rules",
    "/givers",
    "/givers/{ref}/erasure",
    "/bank-accounts",
    "/bank-accounts/{account}/column-mapping",
    "/bank-accounts/{account}/statements",
    "/bank-accounts/{account}/matches",
    "/bank-accounts/{account}/matches/{match}/undo",
    *ITEM_BY_ITEM,
    # Done in a book of its own, whose sequence and rules the tests of the year-end know.
    "/fiscal-years/{year}/closing",
    "/fiscal-years/{year}/carry-forward",
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
        self.scene, self._row, self._body = scene, row, body
        path = row.path if row.path.startswith("/v1/") else f"/v1/books/{parameters.get('book', BOOK)}{row.path}"
        self._path = path.format(**parameters)
        self._headers = headers_of(scene, row.roles.split()[0], body, book=parameters.get("book", BOOK))

    async def send(self, conditions: dict[str, int] | None = None, *, dry: bool = False) -> httpx.Response:
        query = {**QUERIES.get(self._row.path, {}), **({"dry_run": "true"} if dry else {})}
        body = self._body if conditions is None else {**(self._body or {}), **conditions}
        sent = sent_as(self._row, body)
        return await self.scene.county.ledger.post(self._path, **sent, params=query, headers=self._headers)


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
    if row.path == "/encumbrances/expiry":
        assert again.json()["results"] == []  # what expired is released: nothing is left to find
    elif row.path in ITEM_BY_ITEM | GROUPS:
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


EVERYTHING = {"rules": [{"kind": "*", "fund": "*", "from_fen": 0}]}
# Who stands on the voucher, and how many records of proposals and rules came before it.
APART = {"prepared_by", "reviewed_by", "posted_by", "position"}
# These ask for a second person by themselves: there is no call of one person to compare with.
ALWAYS = {"/fund-transfers", "/funds/{fund}/advance-forgivenesses"}


@asynccontextmanager
async def two_people_for_everything(scene: Scene) -> AsyncIterator[None]:
    """Every entry of the book needs a second person meanwhile."""
    await scene.county.post("ledger", "/approval-rules", EVERYTHING, "admin")
    try:
        yield
    finally:
        await scene.county.post("ledger", "/approval-rules", {"rules": []}, "admin")


async def approved(scene: Scene, proposals: list[Json]) -> list[Json]:
    """What a checker's approval of all of them answers, after the officer who sent them has tried with a checker's token."""
    ids = [one["id"] for one in proposals]
    officer, checker = "checker/access-officer", "checker/second-person"
    for one in ids:
        own = await scene.county.try_post("ledger", f"/proposals/{one}/approval", {}, officer)
        assert (own.status_code, own.json()["code"]) == (409, "same_person")
    own = await scene.county.try_post("ledger", "/proposals/approvals", {"ids": ids, "atomic": True}, officer)
    assert {one["status"] for one in own.json()["results"]} <= {"refused", "not_attempted"}
    done = await scene.county.post("ledger", "/proposals/approvals", {"ids": ids}, checker)
    assert {one["status"] for one in done["results"]} == {"approved"}, done
    return [one["approval"] for one in done["results"]]


def plain(answer: object) -> str:
    """An answer without what every call draws anew, and without what a second person changes."""

    def without(value: object) -> object:
        if isinstance(value, dict):
            return {name: without(one) for name, one in value.items() if name not in APART}
        return [without(one) for one in value] if isinstance(value, list) else value

    return DRAWN.sub("…", json.dumps(without(answer), ensure_ascii=False, sort_keys=True))


@pytest.mark.parametrize(
    "row", [row for row in POSTS if row.path not in UNCONDITIONAL | GROUPS], ids=lambda row: row.path
)
async def test_what_a_second_person_approves_is_what_the_call_would_have_done(scene: Scene, row: Row) -> None:
    await scene.county.post("ledger", "/approval-rules", {"rules": []}, "admin")
    call = await prepared(scene, row)
    alone = await call.send(dry=True)
    async with two_people_for_everything(scene):
        sent = await call.send()
        assert sent.status_code == httpx.codes.ACCEPTED, sent.text
        proposal = sent.json()["proposal"]
        assert (proposal["status"], proposal["sent_by"]) == ("waiting", "access-officer")
        [done] = await approved(scene, [proposal])
    entry = await scene.county.get("ledger", f"/journal-entries/{done['proposal']['entry']}", "auditor")
    names = tuple(entry[name] for name in ("prepared_by", "reviewed_by", "posted_by"))
    assert names == ("access-officer", "second-person", "second-person")
    assert entry["kind"] == proposal["kind"]
    if row.path in ALWAYS:
        assert alone.status_code == httpx.codes.ACCEPTED
    else:
        assert plain(done["result"]) == plain(alone.json())


@pytest.mark.parametrize("path", ["/journal-entries/bulk", "/operations/batch"])
async def test_each_item_of_a_bulk_call_waits_for_its_second_person(scene: Scene, path: str) -> None:
    row = next(row for row in POSTS if row.path == path)
    await scene.county.post("ledger", "/approval-rules", {"rules": []}, "admin")
    call = await prepared(scene, row)
    async with two_people_for_everything(scene):
        results = (await call.send()).json()["results"]
        assert {one["status"] for one in results} == {"proposed"}
        done = await approved(scene, [one["proposal"] for one in results])
    assert len({one["proposal"]["entry"] for one in done}) == len(results)
