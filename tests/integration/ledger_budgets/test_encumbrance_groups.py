"""Groups of encumbrances over HTTP: one act, all or nothing, once, and for a second person as a whole."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.ledger_engine import broken_totals, connect

pytestmark = pytest.mark.anyio

NOWHERE = "01890000-0000-7000-8000-000000000001"
ON = "2021-03-09"


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer, ledger_database: Database) -> Any:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    for source, fen in (("central", 150), ("county", 850)):
        await calls.made("/funds/insurance/receipts", amount_fen=fen, source=source, effective_on="2021-03-01")
    await calls.made(
        "/funds/insurance/allotments", amount_fen=1000, fiscal_year=2021, effective_on="2021-03-01", authority="文1"
    )
    yield calls
    connection = await connect(ledger_database.owner_url)
    assert await broken_totals(connection) == []
    await connection.close()


async def encumbered(ledger: LedgerCalls, *amounts: int) -> list[str]:
    common = {"fund": "insurance", "fiscal_year": 2021, "purpose": "防贫保理赔", "effective_on": "2021-03-02"}
    return [(await ledger.made("/encumbrances", amount_fen=fen, **common))["id"] for fen in amounts]


def liquidations(*shares: tuple[str, int], **changes: object) -> Json:
    items = [{"id": one, "amount_fen": fen, "payee_ref": f"p-{n}"} for n, (one, fen) in enumerate(shares)]
    return {"items": items, "effective_on": ON, "reference": "batch:1"} | changes


def releases(*ids: str, **changes: object) -> Json:
    return {"ids": list(ids), "effective_on": ON, "reason": "项目取消"} | changes


def statuses(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["status"] for one in answer.json()["results"]]


async def rules(ledger: LedgerCalls, *said: Json) -> None:
    answer = await ledger.post("/approval-rules", {"rules": list(said)}, who="admin")
    assert answer.status_code == 201, answer.text


async def head(ledger: LedgerCalls) -> Json:
    return await ledger.read("/chain")


async def test_a_group_is_paid_as_one_act_with_an_entry_each(ledger: LedgerCalls) -> None:
    first, second = await encumbered(ledger, 100, 200)
    # The second has two payees; the source goes over from central to county in the middle.
    answer = await ledger.post("/encumbrances/liquidations", liquidations((first, 100), (second, 120), (second, 30)))
    assert statuses(answer) == ["posted"] * 3
    results = answer.json()["results"]
    assert [one["id"] for one in results] == [first, second, second]
    assert [one["posted"]["encumbrance"]["remaining_fen"] for one in results] == [0, 80, 50]
    assert results[2]["posted"]["fund"]["expended_fen"] == 250
    entry = await ledger.read(f"/journal-entries/{results[1]['posted']['id']}")
    assert [
        (one["account"], one["side"], one["amount_fen"], one["source"]) for one in entry["postings"]
    ] == [
        ("5001", "debit", 120, None),
        ("1002", "credit", 50, "central"),
        ("1002", "credit", 70, "county"),
        ("7101", "debit", 50, "central"),
        ("7101", "debit", 70, "county"),
        ("8001", "credit", 120, None),
        ("encumbered", "debit", 120, None),
        ("expended", "credit", 50, "central"),
        ("expended", "credit", 70, "county"),
    ]  # fmt: skip
    assert (entry["payee_ref"], entry["reference"]) == ("p-1", "batch:1")
    # Each is an ordinary liquidation: the bank can give one of them back.
    back = {"effective_on": ON, "reason": "户名不符"}
    path = f"/encumbrances/{second}/liquidations/{results[1]['posted']['id']}/return"
    assert (await ledger.made(path, **back))["encumbrance"]["remaining_fen"] == 170


@pytest.mark.parametrize(
    ("last", "code"),
    [((1, 201), "amount_exceeds_remaining"), ((None, 1), "not_found"), ((0, 1), "encumbrance_not_open")],
)
async def test_one_that_cannot_be_paid_keeps_all_of_them_out(
    ledger: LedgerCalls, last: tuple[int | None, int], code: str
) -> None:
    ids = await encumbered(ledger, 100, 200)
    which, fen = last
    before = await head(ledger)
    body = liquidations((ids[0], 100), (NOWHERE if which is None else ids[which], fen), (ids[1], 1))
    for _ in range(2):  # asked again it is refused again
        answer = await ledger.post("/encumbrances/liquidations", body, key="group-1")
        assert statuses(answer) == ["not_attempted", "refused", "not_attempted"]
        assert answer.json()["results"][1]["problem"]["code"] == code
    assert await head(ledger) == before


async def test_the_same_group_happens_once_and_another_under_its_key_not_at_all(ledger: LedgerCalls) -> None:
    ids = await encumbered(ledger, 100, 200)
    body = liquidations((ids[0], 60), (ids[1], 70))
    first = await ledger.post("/encumbrances/liquidations", body, key="group-1")
    stood = await head(ledger)
    again = await ledger.post("/encumbrances/liquidations", body, key="group-1")
    assert statuses(again) == ["replayed", "replayed"]
    assert [one["posted"] for one in again.json()["results"]] == [one["posted"] for one in first.json()["results"]]
    shorter = await ledger.post("/encumbrances/liquidations", liquidations((ids[0], 60)), key="group-1")
    assert (shorter.status_code, shorter.json()["code"]) == (409, "idempotency_key_reused")
    assert await head(ledger) == stood


async def test_a_refused_group_stays_refused_and_its_key_is_its_own(ledger: LedgerCalls) -> None:
    ids = await encumbered(ledger, 100, 200)
    body = liquidations((ids[0], 100), (ids[1], 201))
    first = await ledger.post("/encumbrances/liquidations", body, key="group-1")
    assert statuses(first) == ["not_attempted", "refused"]
    # By now the first of them would be refused too, and for another reason.
    await ledger.made(f"/encumbrances/{ids[0]}/release", effective_on=ON)
    stood = await head(ledger)
    again = await ledger.post("/encumbrances/liquidations", body, key="group-1")
    assert statuses(again) == ["not_attempted", "refused"]
    assert again.json()["results"][1]["problem"]["code"] == "amount_exceeds_remaining"
    other = {"effective_on": ON, "amount_fen": 1, "payee_ref": "p-1"}
    for path, said in (
        ("/encumbrances/liquidations", liquidations((ids[1], 1))),
        ("/encumbrances/releases", {"ids": [ids[1]], "effective_on": ON, "reason": "取消"}),
        (f"/encumbrances/{ids[1]}/liquidations", other),
    ):
        answer = await ledger.post(path, said, key="group-1")
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused"), path
    assert await head(ledger) == stood


async def test_a_group_that_names_what_is_unknown_leaves_its_key_free(ledger: LedgerCalls) -> None:
    ids = await encumbered(ledger, 100, 200)
    wrong = await ledger.post("/encumbrances/liquidations", liquidations((ids[0], 1), (NOWHERE, 1)), key="group-1")
    assert statuses(wrong) == ["not_attempted", "refused"]
    mended = await ledger.post("/encumbrances/liquidations", liquidations((ids[0], 1), (ids[1], 1)), key="group-1")
    assert statuses(mended) == ["posted", "posted"]


async def test_a_group_is_released_as_one_act_also_expired_and_half_paid_ones(ledger: LedgerCalls) -> None:
    ids = await encumbered(ledger, 100, 200, 300)
    await ledger.made(f"/encumbrances/{ids[1]}/liquidations", amount_fen=50, effective_on=ON, payee_ref="p")
    answer = await ledger.post("/encumbrances/releases", releases(*ids))
    assert statuses(answer) == ["posted"] * 3
    assert [one["posted"]["encumbrance"]["released_fen"] for one in answer.json()["results"]] == [100, 150, 300]
    assert answer.json()["results"][2]["posted"]["fund"]["available_fen"] == 950
    before = await head(ledger)
    again = await ledger.post("/encumbrances/releases", releases(*ids))
    assert statuses(again) == ["refused", "not_attempted", "not_attempted"]
    assert again.json()["results"][0]["problem"]["code"] == "encumbrance_not_open"
    assert await head(ledger) == before


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("releases", releases(NOWHERE, NOWHERE), "ids[1]"),
        ("releases", releases(), "ids"),
        ("releases", {"ids": [NOWHERE], "effective_on": ON}, "reason"),
        ("releases", releases("1"), "ids[0]"),
        ("liquidations", liquidations(), "items"),
        ("liquidations", liquidations((NOWHERE, 0)), "items[0].amount_fen"),
        ("liquidations", liquidations((NOWHERE, 1), effective_on="2021-02-30"), "effective_on"),
    ],
)
async def test_a_badly_shaped_group_is_refused_where_it_is_wrong(
    ledger: LedgerCalls, path: str, body: Json, field: str
) -> None:
    answer = await ledger.post(f"/encumbrances/{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert answer.json()["field"] == field


async def test_if_one_needs_a_second_person_all_of_them_wait(ledger: LedgerCalls) -> None:
    ids = await encumbered(ledger, 100, 200, 300)
    await rules(ledger, {"kind": "liquidation", "fund": "insurance", "from_fen": 250})
    small = await ledger.post("/encumbrances/liquidations", liquidations((ids[0], 10), (ids[1], 20)))
    assert statuses(small) == ["posted", "posted"]
    asked = await ledger.post("/encumbrances/liquidations", liquidations((ids[0], 10), (ids[2], 250)), key="big")
    assert statuses(asked) == ["proposed", "proposed"]
    assert (await ledger.read(f"/encumbrances/{ids[0]}"))["remaining_fen"] == 90
    replayed = await ledger.post("/encumbrances/liquidations", liquidations((ids[0], 10), (ids[2], 250)), key="big")
    assert statuses(replayed) == ["replayed", "replayed"]
    waiting = [one["proposal"]["id"] for one in asked.json()["results"]]
    own = await ledger.post("/proposals/approvals", {"ids": waiting, "atomic": True}, who="officer")
    assert own.status_code == 403
    done = await ledger.post("/proposals/approvals", {"ids": waiting, "atomic": True}, who="checker")
    assert statuses(done) == ["approved", "approved"]
    left = [(await ledger.read(f"/encumbrances/{one}"))["remaining_fen"] for one in ids]
    assert left == [80, 180, 50]
    await rules(ledger, {"kind": "release", "fund": "*", "from_fen": 180})
    assert statuses(await ledger.post("/encumbrances/releases", releases(ids[0], ids[2]))) == ["posted", "posted"]
    assert statuses(await ledger.post("/encumbrances/releases", releases(ids[1]))) == ["proposed"]


async def test_a_group_is_tried_and_conditional(ledger: LedgerCalls) -> None:
    ids = await encumbered(ledger, 100, 200)
    before = await head(ledger)
    tried = await ledger.post("/encumbrances/releases?dry_run=true", releases(*ids), key="try")
    assert statuses(tried) == ["posted", "posted"]
    assert tried.headers["Dry-Run"] == "true"
    assert await head(ledger) == before
    seq = before["seq"]
    late = await ledger.post("/encumbrances/releases", releases(*ids, if_seq=seq - 1), key="try")
    assert (late.status_code, late.json()["field"]) == (412, "if_seq")
    poor = await ledger.post("/encumbrances/releases", releases(*ids, if_available_at_least_fen=701), key="try")
    assert (poor.status_code, poor.json()["field"]) == (412, "if_available_at_least_fen")
    done = await ledger.post(
        "/encumbrances/releases", releases(*ids, if_seq=seq, if_available_at_least_fen=700), key="try"
    )
    assert statuses(done) == ["posted", "posted"]


async def test_a_thousand_are_paid_in_one_call(ledger: LedgerCalls) -> None:
    [one] = await encumbered(ledger, 1000)
    answer = await ledger.post("/encumbrances/liquidations", liquidations(*[(one, 1)] * 1000))
    assert statuses(answer) == ["posted"] * 1000
    assert answer.json()["results"][-1]["posted"]["encumbrance"]["status"] == "liquidated"
    seqs = [each["posted"]["seq"] for each in answer.json()["results"]]
    assert seqs == list(range(seqs[0], seqs[0] + 1000))
    over = await ledger.post("/encumbrances/liquidations", liquidations(*[(one, 1)] * 1001))
    assert (over.status_code, over.json()["code"]) == (422, "invalid_request")


async def test_an_unknown_book_is_not_found(ledger: LedgerCalls) -> None:
    ledger.book = "610929"
    for path, body in (("releases", releases(NOWHERE)), ("liquidations", liquidations((NOWHERE, 1))), ("expiry", {})):
        answer = await ledger.post(f"/encumbrances/{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
