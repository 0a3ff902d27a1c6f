"""Purposes, versions of the budget and transfers between funds over HTTP, and the budget as it stood at any date."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.ledger_engine import broken_totals, connect

pytestmark = pytest.mark.anyio

ON = "2021-03-05"
DECIDED: Json = {"authority": "县人大", "document": "宁财预〔2021〕1号", "decided_on": "2021-01-10"}
PAY: Json = {"payee_ref": "p-1", "purpose": "测试", "effective_on": ON}


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer, ledger_database: Database) -> Any:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    for source, fen in (("central", 600), ("county", 400)):
        await calls.made("/funds/employment/receipts", amount_fen=fen, source=source, effective_on="2021-01-05")
    yield calls
    connection = await connect(ledger_database.owner_url)
    assert await broken_totals(connection) == []
    await connection.close()


async def version(ledger: LedgerCalls, kind: str, *lines: tuple[str, str | None, int], on: str = ON) -> httpx.Response:
    said = [{"fund": fund, "purpose_code": purpose, "change_fen": fen} for fund, purpose, fen in lines]
    body = {"fiscal_year": 2021, "kind": kind, "effective_on": on, "lines": said, **DECIDED}
    return await ledger.post("/budget-versions", body)


async def purpose(ledger: LedgerCalls, code: str, **rules: object) -> Json:
    return await ledger.made("/purposes", fund="employment", code=code, name_zh="用途", **rules)


def code(answer: httpx.Response) -> str | None:
    return answer.json().get("code") if answer.status_code >= 400 else None


async def test_versions_are_counted_and_each_stands_with_its_authority_and_its_entry(ledger: LedgerCalls) -> None:
    await purpose(ledger, "wages")
    assert code(await version(ledger, "amended", ("employment", None, 5))) == "out_of_order"
    first = await version(ledger, "original", ("employment", None, 300), ("employment", "wages", 200), on="2021-01-12")
    assert first.status_code == 201, first.text
    assert (first.json()["version"], first.json()["kind"]) == (1, "original")
    assert code(await version(ledger, "original", ("employment", None, 5))) == "out_of_order"
    amended = await version(ledger, "amended", ("health", None, 50), ("employment", None, -100), on="2021-02-20")
    assert amended.json()["version"] == 2
    assert code(await version(ledger, "moved", ("employment", None, -10), ("health", None, 9))) == "invalid_request"
    moved = await version(ledger, "moved", ("employment", None, -30), ("employment", "wages", 30))
    assert moved.json()["version"] == 3
    listed = (await ledger.read("/budget-versions", fiscal_year=2021))["items"]
    assert [one["version"] for one in listed] == [1, 2, 3]
    assert listed[1] == {**amended.json()}
    assert listed[0]["document"] == "宁财预〔2021〕1号"
    assert await ledger.read("/budget-versions/2021/2") == listed[1]
    for unknown in ("/budget-versions/2021/4", "/budget-versions/2022/1"):
        assert (await ledger.get(unknown)).status_code == 404
    assert (await ledger.get("/budget-versions/2021/0")).status_code == 422
    entry = await ledger.read(f"/journal-entries/{listed[2]['entry']}")
    assert [
        (line["account"], line["side"], line["amount_fen"], line["purpose_code"]) for line in entry["postings"]
    ] == [
        ("available", "debit", 30, None),
        ("allotted", "credit", 30, None),
        ("allotted", "debit", 30, "wages"),
        ("available", "credit", 30, "wages"),
    ]
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_versions_decided_at_once_are_counted_without_a_gap(ledger: LedgerCalls) -> None:
    await version(ledger, "original", ("employment", None, 300))
    answers = await asyncio.gather(*(version(ledger, "amended", ("health", None, n)) for n in range(1, 13)))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 14))
    listed = (await ledger.read("/budget-versions", fiscal_year=2021))["items"]
    assert [one["version"] for one in listed] == list(range(1, 14))


async def test_a_version_is_tried_is_conditional_and_waits_for_a_second_person(ledger: LedgerCalls) -> None:
    lines = [{"fund": "employment", "change_fen": 300}]
    body: Json = {"fiscal_year": 2021, "kind": "original", "effective_on": ON, "lines": lines, **DECIDED}
    tried = await ledger.post("/budget-versions?dry_run=true", body)
    assert (tried.status_code, tried.json()["version"], tried.headers["Dry-Run"]) == (201, 1, "true")
    seq = (await ledger.read("/chain"))["seq"]
    late = await ledger.post("/budget-versions", body | {"if_seq": seq - 1})
    assert (late.status_code, late.json()["field"]) == (412, "if_seq")
    poor = await ledger.post("/budget-versions", body | {"if_available_at_least_fen": 1})
    assert (poor.status_code, poor.json()["field"]) == (412, "if_available_at_least_fen")
    rule = {"rules": [{"kind": "budget_version", "fund": "*", "from_fen": 300}]}
    assert (await ledger.post("/approval-rules", rule, who="admin")).status_code == 201
    first, second = [await ledger.post("/budget-versions", body) for _ in range(2)]
    assert (await ledger.read("/budget-versions"))["items"] == []
    made = await approved(ledger, first)
    assert (made["version"], made["prepared_by"] == made["reviewed_by"]) == (1, False)
    # The second was the original too when it was asked for; by now there is one.
    again = await ledger.post(f"/proposals/{second.json()['proposal']['id']}/approval", {}, who="checker")
    assert code(again) == "out_of_order"
    [shown] = (await ledger.read("/budget-versions"))["items"]
    assert shown["reviewed_by"] == made["reviewed_by"]


@pytest.mark.parametrize(
    ("lines", "says", "field"),
    [
        ([("nofund", None, 5)], "not_found", "lines[0].fund"),
        ([("employment", "nothing", 5)], "not_found", "lines[0].purpose_code"),
        ([("employment", None, 5), ("employment", None, 6)], "invalid_request", "lines[1]"),
        ([("employment", None, 0)], "invalid_request", "lines[0].change_fen"),
        ([("employment", None, -1)], "insufficient_funds", None),
    ],
)
async def test_a_wrong_version_is_refused_where_it_is_wrong(
    ledger: LedgerCalls, lines: list[tuple[str, str | None, int]], says: str, field: str | None
) -> None:
    answer = await version(ledger, "original", *lines)
    assert code(answer) == says
    if field is not None:
        assert answer.json()["field"] == field
    assert (await ledger.read("/budget-versions"))["items"] == []


async def test_a_purpose_is_drawn_on_only_by_what_it_allows(ledger: LedgerCalls) -> None:
    await purpose(ledger, "wages", kinds=["welfare_wage"], sources=["central"])
    await version(ledger, "original", ("employment", None, 100), ("employment", "wages", 200))
    pay = {**PAY, "amount_fen": 50}
    assert (
        code(await ledger.post("/funds/employment/payments", pay | {"purpose_code": "wages"})) == "purpose_not_allowed"
    )
    wage = {**pay, "purpose_code": "wages"}
    from_county = await ledger.post("/funds/employment/welfare-wages", wage | {"source": "county"})
    assert code(from_county) == "purpose_not_allowed"
    await ledger.made("/funds/employment/welfare-wages", **wage, source="central")
    # Its budget is nobody else's, and nobody else's is its own.
    assert code(await ledger.post("/funds/employment/payments", pay | {"amount_fen": 101})) == "insufficient_funds"
    much = wage | {"source": "central", "amount_fen": 151}
    assert code(await ledger.post("/funds/employment/welfare-wages", much)) == "insufficient_funds"
    unknown = await ledger.post("/funds/employment/payments", pay | {"purpose_code": "nothing"})
    assert code(unknown) == "insufficient_funds"
    await purpose(ledger, "wages")
    await ledger.made("/funds/employment/payments", **pay, purpose_code="wages")
    [shown] = (await ledger.read("/purposes", fund="employment"))["items"]
    assert (shown["kinds"], shown["sources"]) == ([], [])
    held = {"fund": "employment", "fiscal_year": 2021, "amount_fen": 60, "purpose": "预留", "effective_on": ON}
    opened = await ledger.made("/encumbrances", **held, purpose_code="wages")
    assert opened["purpose_code"] == "wages"
    paid = await ledger.made(
        f"/encumbrances/{opened['id']}/liquidations", amount_fen=60, effective_on=ON, payee_ref="p-1"
    )
    assert paid["fund"]["available_fen"] == 100 + 200 - 50 - 50 - 60


async def test_a_purpose_of_one_code_above_and_below_is_counted_once(ledger: LedgerCalls) -> None:
    await ledger.made("/funds", code="repair.c01", parent="repair", name_zh="一号社区")
    for fund in ("repair", "repair.c01"):
        await ledger.made("/purposes", fund=fund, code="works", name_zh="用途")
    allotted = {"amount_fen": 30, "fiscal_year": 2021, "effective_on": ON, "authority": "文"}
    made = await ledger.made("/funds/repair.c01/allotments", **allotted, purpose_code="works")
    assert (made["fund"]["allotted_fen"], made["fund"]["available_fen"]) == (30, 30)


async def test_a_payment_is_taken_back_whatever_may_draw_on_its_purpose(ledger: LedgerCalls) -> None:
    await purpose(ledger, "works", kinds=["payment"], sources=["central"])
    await version(ledger, "original", ("employment", "works", 200))
    paid = await ledger.made(
        "/funds/employment/payments", **{**PAY, "amount_fen": 50}, purpose_code="works", source="central"
    )
    # Nobody may draw on it any more; what was drawn can still be given back.
    await purpose(ledger, "works", kinds=["welfare_wage"], sources=["county"])
    undo = {"effective_on": ON, "reason": "重复支付"}
    undone = await ledger.made(f"/funds/employment/payments/{paid['id']}/reversal", **undo)
    assert (undone["fund"]["available_fen"], undone["fund"]["expended_fen"]) == (200, 0)


async def test_budget_against_actual_stands_as_it_was_at_any_date(ledger: LedgerCalls) -> None:
    await purpose(ledger, "wages")
    await version(ledger, "original", ("employment", None, 300), ("employment", "wages", 200), on="2021-01-12")
    await version(ledger, "moved", ("employment", None, -40), ("employment", "wages", 40), on="2021-04-01")
    await version(ledger, "amended", ("employment", None, 15), on="2021-05-01")
    await ledger.made("/funds/employment/payments", **{**PAY, "amount_fen": 30, "effective_on": "2021-03-10"})
    await ledger.made(
        "/funds/employment/allotments", amount_fen=7, fiscal_year=2021, effective_on="2021-06-01", authority="文"
    )

    async def at(day: str) -> list[tuple[object, ...]]:
        found = await ledger.read("/reports/budget-vs-actual", fiscal_year=2021, as_of=day)
        names = (
            "purpose_code",
            "original_fen",
            "amended_fen",
            "moved_fen",
            "other_fen",
            "expended_fen",
            "available_fen",
        )
        return [tuple(item[name] for name in names) for item in found["items"]]

    assert await at("2021-01-11") == []
    assert await at("2021-01-31") == [(None, 300, 0, 0, 0, 0, 300), ("wages", 200, 0, 0, 0, 0, 200)]
    assert await at("2021-04-30") == [(None, 300, 0, -40, 0, 30, 230), ("wages", 200, 0, 40, 0, 0, 240)]
    assert await at("2021-12-31") == [(None, 300, 15, -40, 7, 30, 252), ("wages", 200, 0, 40, 0, 0, 240)]
    [general, _] = (await ledger.read("/reports/budget-vs-actual", fiscal_year=2021))["items"]
    # 30 of 282 fen.
    assert (general["budget_fen"], general["execution_bp"]) == (282, 1_064)


async def transferred(ledger: LedgerCalls, **changes: object) -> Any:
    body = {
        "from_fund": "employment",
        "to_fund": "health",
        "amount_fen": 500,
        "fiscal_year": 2021,
        "authority": "宁财农〔2021〕9号",
        "reason": "大病垫付不足",
        "effective_on": ON,
    } | changes
    return await ledger.post("/fund-transfers", body)


async def approved(ledger: LedgerCalls, asked: httpx.Response) -> Any:
    assert asked.status_code == 202, asked.text
    done = await ledger.post(f"/proposals/{asked.json()['proposal']['id']}/approval", {}, who="checker")
    assert done.status_code == 201, done.text
    return done.json()["result"]


async def balances(ledger: LedgerCalls, fund: str) -> dict[str, int]:
    found = await ledger.read("/reports/trial-balance", fund=fund)
    return {item["account"]: item["balance_fen"] for item in found["items"] if item["balance_fen"]}


async def test_a_transfer_books_both_funds_by_itself_and_needs_a_second_person(ledger: LedgerCalls) -> None:
    await version(ledger, "original", ("employment", None, 700))
    before = await balances(ledger, "employment")
    asked = await transferred(ledger)
    assert await balances(ledger, "employment") == before
    made = await approved(ledger, asked)
    giver, taker = await balances(ledger, "employment"), await balances(ledger, "health")
    assert {key: giver[key] - before.get(key, 0) for key in giver if giver[key] != before.get(key, 0)} == {
        "1002": -500, "300101": 500, "8001": -500, "8101": 500, "allotted": -500, "available": 500,
    }  # fmt: skip
    assert taker == {"1002": 500, "300101": -500, "8001": 500, "8101": -500, "allotted": 500, "available": -500}
    entry = await ledger.read(f"/journal-entries/{made['id']}")
    cash = [
        (one["fund"], one["side"], one["source"], one["amount_fen"])
        for one in entry["postings"]
        if one["account"] == "1002"
    ]
    assert cash == [("employment", "credit", "central", 500), ("health", "debit", "central", 500)]
    assert {(one["fund"], one["memo"]) for one in entry["postings"]} == {
        ("employment", "对方基金：health"),
        ("health", "对方基金：employment"),
    }
    assert entry["metadata"]["authority"] == "宁财农〔2021〕9号"
    assert (entry["prepared_by"] == entry["reviewed_by"]) is False


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"to_fund": "employment"}, "invalid_request"),
        ({"to_fund": "nofund"}, "not_found"),
        ({"amount_fen": 701}, "insufficient_funds"),
        ({"source": "county", "amount_fen": 401}, "insufficient_funds"),
        ({"settled_by": "due", "source": "county"}, "invalid_request"),
        ({"fiscal_year": 2022}, "invalid_request"),
        ({"from_purpose_code": "wages"}, "insufficient_funds"),
    ],
)
async def test_a_wrong_transfer_is_never_proposed(ledger: LedgerCalls, changes: Json, says: str) -> None:
    await version(ledger, "original", ("employment", None, 700))
    assert code(await transferred(ledger, **changes)) == says
    assert (await ledger.read("/proposals"))["items"] == []


async def test_what_is_owed_between_funds_is_settled_later_and_never_twice(ledger: LedgerCalls) -> None:
    await version(ledger, "original", ("employment", None, 700))
    made = await approved(ledger, await transferred(ledger, settled_by="due"))
    assert made["owed_fen"] == 500
    owed = await balances(ledger, "health")
    assert (owed["121801"], owed["300101"], owed["available"]) == (500, -500, -500)
    assert (await balances(ledger, "employment"))["230701"] == -500
    pay = {"item": made["item"], "amount_fen": 300, "effective_on": ON}
    first = await ledger.made("/fund-transfers/settlements", **pay)
    assert first["owed_fen"] == 200
    over = await ledger.post("/fund-transfers/settlements", pay)
    assert code(over) == "amount_exceeds_remaining"
    early = await ledger.post("/fund-transfers/settlements", pay | {"amount_fen": 1, "effective_on": "2021-03-04"})
    assert code(early) == "out_of_order"
    last = await ledger.made("/fund-transfers/settlements", **{**pay, "amount_fen": 200})
    assert last["owed_fen"] == 0
    settled = await balances(ledger, "health")
    assert settled == {"1002": 500, "300101": -500, "8001": 500, "8101": -500, "allotted": 500, "available": -500}
