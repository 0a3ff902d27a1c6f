"""Encumbrances over HTTP: paid in parts, returned, paid again, released, expired, listed."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

NOWHERE = "01890000-0000-7000-8000-000000000001"
ENCUMBRANCE: Json = {
    "fund": "insurance",
    "fiscal_year": 2021,
    "amount_fen": 300,
    "purpose": "防贫保理赔",
    "effective_on": "2021-03-02",
    "reference": "claim:1",
}
PAYMENT: Json = {"amount_fen": 100, "effective_on": "2021-03-09", "payee_ref": "payee-1"}


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    for source, fen in (("central", 150), ("county", 850)):
        await calls.made("/funds/insurance/receipts", amount_fen=fen, source=source, effective_on="2021-03-01")
    await calls.made(
        "/funds/insurance/allotments", amount_fen=1000, fiscal_year=2021, effective_on="2021-03-01", authority="文1"
    )
    return calls


async def encumber(ledger: LedgerCalls, **changes: object) -> Json:
    return await ledger.made("/encumbrances", **ENCUMBRANCE | changes)


async def liquidate(ledger: LedgerCalls, encumbrance: object, **changes: object) -> Json:
    return await ledger.made(f"/encumbrances/{encumbrance}/liquidations", **PAYMENT | changes)


async def give_back(ledger: LedgerCalls, encumbrance: object, liquidation: object, on: str = "2021-03-11") -> Json:
    return await ledger.made(
        f"/encumbrances/{encumbrance}/liquidations/{liquidation}/return", effective_on=on, reason="户名不符"
    )


async def refused(ledger: LedgerCalls, path: str, body: Json) -> tuple[int, str]:
    head = await ledger.read("/chain")
    response = await ledger.post(path, body)
    assert await ledger.read("/chain") == head
    return response.status_code, response.json()["code"]


async def test_an_encumbrance_is_answered_with_its_entry_and_the_funds_figures(ledger: LedgerCalls) -> None:
    made = await encumber(ledger, expires_at="2099-12-31T16:00:00+08:00")
    amounts = {name: made[name] for name in ("status", "amount_fen", "liquidated_fen", "released_fen", "remaining_fen")}
    assert amounts == {
        "status": "open",
        "amount_fen": 300,
        "liquidated_fen": 0,
        "released_fen": 0,
        "remaining_fen": 300,
    }
    assert made["id"] != made["entry"]["id"]
    assert (made["fund"]["encumbered_fen"], made["fund"]["available_fen"]) == (300, 700)
    read = await ledger.read(f"/encumbrances/{made['id']}")
    assert read["fund"] == "insurance"
    assert {name: made[name] for name in read if name != "fund"} == {
        name: read[name] for name in read if name != "fund"
    }
    assert read["expires_at"] == "2099-12-31T08:00:00.000000Z"
    # The entry tells it too, so that the chain covers it.
    entry = await ledger.read(f"/journal-entries/{made['entry']['id']}")
    assert entry["metadata"] == {"expires_at": read["expires_at"]}


async def test_an_encumbrance_is_paid_returned_paid_again_and_released(ledger: LedgerCalls) -> None:
    made = await encumber(ledger)
    first = await liquidate(ledger, made["id"], amount_fen=200)
    assert first["encumbrance"]["remaining_fen"] == 100
    assert (first["fund"]["expended_fen"], first["fund"]["cash_fen"]) == (200, 800)
    entry = await ledger.read(f"/journal-entries/{first['id']}")
    assert [one["source"] for one in entry["postings"] if one["account"] == "1002"] == ["central", "county"]
    back = await give_back(ledger, made["id"], first["id"])
    assert back["encumbrance"] | {"liquidated_fen": 0, "payable_fen": 200, "remaining_fen": 300} == back["encumbrance"]
    assert back["encumbrance"]["status"] == "open"
    assert (back["fund"]["expended_fen"], back["fund"]["cash_fen"]) == (0, 1000)
    again = await liquidate(ledger, made["id"], amount_fen=250, effective_on="2021-03-12")
    accounts = [
        (one["account"], one["amount_fen"])
        for one in (await ledger.read(f"/journal-entries/{again['id']}"))["postings"]
    ]
    assert accounts[:2] == [("2303", 200), ("5001", 50)]
    done = await ledger.made(f"/encumbrances/{made['id']}/release", effective_on="2021-04-01")
    assert done["encumbrance"]["status"] == "released"
    assert {done["encumbrance"][name] for name in ("released_fen",)} == {50}
    assert (
        done["fund"] | {"encumbered_fen": 0, "expended_fen": 250, "available_fen": 750, "cash_fen": 750} == done["fund"]
    )
    trial = await ledger.read("/reports/trial-balance", fund="insurance")
    balances = {item["account"]: item["balance_fen"] for item in trial["items"]}
    assert (balances["5001"], balances["2303"], balances["1002"]) == (250, 0, 750)
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_refusals_of_payments_returns_and_releases(ledger: LedgerCalls) -> None:
    made = await encumber(ledger)
    paid = await liquidate(ledger, made["id"])
    other = await encumber(ledger, reference="claim:2")
    mine, back = f"/encumbrances/{made['id']}", {"effective_on": "2021-03-11", "reason": "退"}
    table: list[tuple[str, Json, int, str]] = [
        (f"/encumbrances/{NOWHERE}/liquidations", PAYMENT, 404, "not_found"),
        (f"/encumbrances/{NOWHERE}/release", {"effective_on": "2021-03-11"}, 404, "not_found"),
        ("/encumbrances/1/liquidations", PAYMENT, 422, "invalid_request"),
        (f"{mine}/liquidations/{NOWHERE}/return", back, 404, "not_found"),
        (f"{mine}/liquidations/{made['entry']['id']}/return", back, 404, "not_found"),
        (f"/encumbrances/{other['id']}/liquidations/{paid['id']}/return", back, 404, "not_found"),
        (f"{mine}/liquidations/{paid['id']}/return", back | {"effective_on": "2021-03-08"}, 409, "out_of_order"),
        (f"{mine}/liquidations/{paid['id']}/return", back | {"reason": "电话13912345678"}, 409, "personal"),
        (f"{mine}/liquidations", PAYMENT | {"amount_fen": 201}, 409, "amount_exceeds_remaining"),
        (f"{mine}/liquidations", PAYMENT | {"source": "donation"}, 409, "insufficient_funds"),
        (f"{mine}/liquidations", PAYMENT | {"effective_on": "2021-03-01"}, 409, "out_of_order"),
        (f"{mine}/liquidations", PAYMENT | {"effective_on": "2999-01-01"}, 422, "invalid_request"),
        (f"{mine}/release", {"effective_on": "2021-03-01"}, 409, "out_of_order"),
        ("/encumbrances", ENCUMBRANCE | {"amount_fen": 401}, 409, "insufficient_funds"),
        ("/encumbrances", ENCUMBRANCE | {"fiscal_year": 2022}, 422, "invalid_request"),
        ("/encumbrances", ENCUMBRANCE | {"expires_at": "2021-12-31T00:00:00Z"}, 422, "invalid_request"),
        ("/encumbrances", ENCUMBRANCE | {"expires_at": "2099-12-31T00:00:00"}, 422, "invalid_request"),
        ("/encumbrances", ENCUMBRANCE | {"expires_at": 4102444800}, 422, "invalid_request"),
        ("/encumbrances", ENCUMBRANCE | {"expires_at": "4102444800"}, 422, "invalid_request"),
        ("/encumbrances", ENCUMBRANCE | {"expires_at": "2099-13-31T00:00:00Z"}, 422, "invalid_request"),
        ("/encumbrances", ENCUMBRANCE | {"expires_at": "9999-12-31T23:59:59-23:59"}, 422, "invalid_request"),
        ("/encumbrances", ENCUMBRANCE | {"fund": "nowhere"}, 404, "not_found"),
        ("/encumbrances", ENCUMBRANCE | {"purpose": "张三 612424199001011231"}, 422, "personal_data_in_text"),
    ]
    for path, body, status, code in table:
        expected = (422, "personal_data_in_text") if code == "personal" else (status, code)
        assert await refused(ledger, path, body) == expected, (path, body)
    await give_back(ledger, made["id"], paid["id"])
    assert await refused(ledger, f"{mine}/liquidations/{paid['id']}/return", back) == (409, "already_reversed")
    await ledger.made(f"{mine}/release", effective_on="2021-03-12")
    for path, body in ((f"{mine}/liquidations", PAYMENT), (f"{mine}/release", {"effective_on": "2021-03-12"})):
        assert await refused(ledger, path, body) == (409, "encumbrance_not_open")


async def test_an_entry_of_an_encumbrance_is_not_reversed_but_returned(ledger: LedgerCalls) -> None:
    made = await encumber(ledger)
    paid = await liquidate(ledger, made["id"])
    reversal = {"effective_on": "2021-03-11", "reason": "误记"}
    for entry in (made["entry"]["id"], paid["id"]):
        assert await refused(ledger, f"/journal-entries/{entry}/reversal", reversal) == (409, "typed_operation_entry")


async def test_an_encumbrance_expires_by_the_databases_clock(ledger: LedgerCalls) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    made = await encumber(ledger, expires_at=soon)
    paid = await liquidate(ledger, made["id"])
    assert made["status"] == "open"
    await asyncio.sleep(3.1)
    assert (await ledger.read(f"/encumbrances/{made['id']}"))["status"] == "expired"
    assert [one["id"] for one in (await ledger.read("/encumbrances", status="expired"))["items"]] == [made["id"]]
    assert (await ledger.read("/encumbrances", status="open"))["items"] == []
    path = f"/encumbrances/{made['id']}"
    assert await refused(ledger, f"{path}/liquidations", PAYMENT) == (409, "encumbrance_not_open")
    await give_back(ledger, made["id"], paid["id"])
    released = await ledger.made(f"{path}/release", effective_on="2021-03-12")
    assert released["encumbrance"] | {"status": "released", "released_fen": 300} == released["encumbrance"]
    assert released["fund"]["available_fen"] == 1000


async def test_last_years_encumbrance_is_paid_in_the_new_year_from_last_years_figures(ledger: LedgerCalls) -> None:
    made = await encumber(ledger)
    paid = await liquidate(ledger, made["id"], effective_on="2022-01-10", amount_fen=300)
    assert paid["fund"] | {"fiscal_year": 2021, "expended_fen": 300} == paid["fund"]
    back = await give_back(ledger, made["id"], paid["id"], on="2023-01-05")
    lines = (await ledger.read(f"/journal-entries/{back['id']}"))["postings"]
    assert ("8101", "credit") in {(one["account"], one["side"]) for one in lines}
    assert back["encumbrance"]["status"] == "open"


async def test_encumbrances_are_listed_by_fund_status_and_reference_in_pages(ledger: LedgerCalls) -> None:
    ids = [(await encumber(ledger, amount_fen=10 + n, reference=f"claim:{n % 3}"))["id"] for n in range(7)]
    await liquidate(ledger, ids[1], amount_fen=11)
    await ledger.made(f"/encumbrances/{ids[2]}/release", effective_on="2021-03-03")

    async def listed(**query: str) -> list[str]:
        found: list[str] = []
        while True:
            response = await ledger.get("/encumbrances", limit=2, **query)
            page = response.json()
            found += [item["id"] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    assert await listed() == ids
    assert await listed(fund="insurance") == ids
    assert await listed(fund="health") == []
    assert await listed(status="liquidated") == [ids[1]]
    assert await listed(status="released") == [ids[2]]
    assert await listed(status="open") == [ids[0], *ids[3:]]
    assert await listed(reference="claim:0") == [ids[0], ids[3], ids[6]]
    assert await listed(reference="claim:0", status="open", fund="insurance") == [ids[0], ids[3], ids[6]]
    for query, status in (
        ({"fund": "nowhere"}, 404),
        ({"status": "gone"}, 422),
        ({"cursor": "x"}, 422),
        ({"limit": 0}, 422),
    ):
        assert (await ledger.get("/encumbrances", **query)).status_code == status
    assert (await ledger.get(f"/encumbrances/{NOWHERE}")).status_code == 404
    assert (await ledger.get("/encumbrances/1")).status_code == 422


async def test_remainders_add_up_to_what_is_encumbered(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    for number in range(3):
        made = await encumber(ledger, amount_fen=100 + number)
        paid = await liquidate(ledger, made["id"], amount_fen=40)
        if number:
            await give_back(ledger, made["id"], paid["id"])
    sums = postgres.sql(
        ledger_database,
        """SELECT (SELECT sum(remaining_fen) FROM encumbrance_balance),
                  (SELECT -sum(balance_fen) FROM balance WHERE account = 'encumbered'),
                  (SELECT sum(CASE WHEN side = 'credit' THEN amount_fen ELSE -amount_fen END) FROM posting WHERE account = 'encumbered')""",
    )
    assert sums.strip() == "263|263|263"
