"""Receipts, allotments, direct payments and the figures of funds over HTTP."""

import httpx
import pytest

from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls

pytestmark = pytest.mark.anyio

RECEIPT = {"amount_fen": 500, "source": "county", "effective_on": "2021-03-01"}
ALLOTMENT = {"amount_fen": 800, "fiscal_year": 2021, "effective_on": "2021-03-01", "authority": "宁财农〔2021〕12号"}
PAYMENT = {"amount_fen": 120, "effective_on": "2021-03-02", "payee_ref": "vendor-1", "purpose": "印刷费"}


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    return calls


async def figures(ledger: LedgerCalls, code: str, year: object = "2021") -> Json:
    page = await ledger.read("/funds", fiscal_year=year, limit=1000)
    return next(item for item in page["items"] if item["code"] == code)


async def test_money_comes_in_is_allotted_and_is_paid(ledger: LedgerCalls) -> None:
    received = await ledger.made("/funds/health/receipts", **RECEIPT, reference="JK-1")
    assert (received["seq"], received["voucher_number"], received["warnings"]) == (1, 1, [])
    assert received["entry"]["id"] == received["id"]
    allotted = await ledger.made("/funds/health/allotments", **ALLOTMENT)
    assert allotted["warnings"][0]["code"] == "allotment_exceeds_cash"
    assert (allotted["warnings"][0]["unspent_fen"], allotted["warnings"][0]["cash_fen"]) == (800, 500)
    paid = await ledger.made("/funds/health/payments", **PAYMENT)
    assert paid["fund"] == {
        "code": "health",
        "fiscal_year": 2021,
        "allotted_fen": 800,
        "encumbered_fen": 0,
        "expended_fen": 120,
        "available_fen": 680,
        "cash_fen": 380,
        "as_of_seq": 3,
    }
    listed = await figures(ledger, "health")
    assert {name: listed[name] for name in paid["fund"]} == paid["fund"]
    entry = await ledger.read(f"/journal-entries/{paid['id']}")
    assert (entry["hash"], entry["kind"], entry["payee_ref"]) == (paid["hash"], "payment", "vendor-1")
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_the_default_year_is_the_latest_with_an_allotment(ledger: LedgerCalls) -> None:
    await ledger.made("/funds/health/allotments", **ALLOTMENT)
    await ledger.made("/funds/repair/allotments", **ALLOTMENT | {"fiscal_year": 2020, "amount_fen": 7})
    page = await ledger.read("/funds")
    assert {item["fiscal_year"] for item in page["items"]} == {2021}
    assert (await figures(ledger, "repair"))["allotted_fen"] == 0
    assert (await figures(ledger, "repair", 2020))["allotted_fen"] == 7
    everything = await figures(ledger, "repair", "all")
    assert (everything["allotted_fen"], everything["fiscal_year"]) == (7, None)


async def test_a_book_without_allotments_shows_this_year_with_zeros(ledger: LedgerCalls) -> None:
    page = await ledger.read("/funds")
    assert len(page["items"]) == 7
    assert page["next_cursor"] is None
    assert {item["available_fen"] for item in page["items"]} == {0}
    assert {item["as_of_seq"] for item in page["items"]} == {0}


async def test_funds_are_paged_in_one_stable_order_and_one_year(ledger: LedgerCalls) -> None:
    await ledger.made("/funds/health/allotments", **ALLOTMENT)
    await ledger.made("/funds", code="repair.roads", parent="repair", name_zh="村道养护")
    seen: list[str] = []
    cursor = None
    while True:
        page = await ledger.read("/funds", limit=3, **({"cursor": cursor} if cursor else {}))
        assert {item["fiscal_year"] for item in page["items"]} == {2021}
        seen += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]
        # A later allotment must not move the list to another year halfway.
        await ledger.made("/funds/health/allotments", **ALLOTMENT | {"fiscal_year": 2022})
        if cursor is None:
            break
    assert seen == [
        "industry",
        "employment",
        "health",
        "education",
        "safety_net",
        "repair",
        "insurance",
        "repair.roads",
    ]


async def test_a_parent_shows_its_own_figures_and_everything_below(ledger: LedgerCalls) -> None:
    for code, parent in (
        ("repair.overhaul", "repair"),
        ("repair.overhaul.c01", "repair.overhaul"),
        ("repair.roads", "repair"),
    ):
        await ledger.made("/funds", code=code, parent=parent, name_zh=code)
    for fen, code in ((1, "repair"), (20, "repair.overhaul"), (300, "repair.overhaul.c01"), (4000, "repair.roads")):
        await ledger.made(f"/funds/{code}/receipts", **RECEIPT | {"amount_fen": fen})
        answer = await ledger.made(f"/funds/{code}/allotments", **ALLOTMENT | {"amount_fen": fen})
        shown = await figures(ledger, code)
        assert {name: shown[name] for name in answer["fund"]} == answer["fund"]
    for code, fen in (("repair", 4321), ("repair.overhaul", 320), ("repair.overhaul.c01", 300), ("repair.roads", 4000)):
        found = await figures(ledger, code)
        assert (found["allotted_fen"], found["available_fen"], found["cash_fen"]) == (fen, fen, fen)


async def test_a_sub_fund_has_every_account_and_its_record_in_the_chain(ledger: LedgerCalls) -> None:
    made = await ledger.made("/funds", code="repair.water", parent="repair", name_zh="农村供水", name_en="Rural water")
    assert (made["category"], made["parent"], made["name_en"]) == ("repair", "repair", "Rural water")
    head = await ledger.read("/chain")
    assert (head["position"], head["hash"]) == (made["chain_position"], made["hash"])
    own = (await ledger.read("/accounts", fund="repair.water", limit=1000))["items"]
    parents = (await ledger.read("/accounts", fund="repair", limit=1000))["items"]
    assert [one["code"] for one in own] == [one["code"] for one in parents]
    assert (await ledger.read("/chain/verification"))["verified"] is True


BAD_FUNDS: list[tuple[Json, int, str, str]] = [
    ({"code": "repair"}, 422, "invalid_request", "code"),
    ({"code": "roads"}, 422, "invalid_request", "code"),
    ({"code": "repair.roads.east"}, 422, "invalid_request", "code"),
    ({"code": "repairroads"}, 422, "invalid_request", "code"),
    ({"code": "repair."}, 422, "invalid_request", "code"),
    ({"code": "repair.Roads"}, 422, "invalid_request", "code"),
    ({"code": "repair." + "x" * 60}, 422, "invalid_request", "code"),
    ({"parent": "nowhere", "code": "nowhere.roads"}, 404, "not_found", "parent"),
    ({"name_zh": "电话13912345678"}, 422, "personal_data_in_text", "name_zh"),
    ({"name_zh": "\x00"}, 422, "invalid_request", "name_zh"),
    ({"colour": "red"}, 422, "invalid_request", "colour"),
]


async def test_wrong_sub_funds_are_refused(ledger: LedgerCalls) -> None:
    for change, status, code, field in BAD_FUNDS:
        response = await ledger.post(
            "/funds", {"code": "repair.roads", "parent": "repair", "name_zh": "村道养护"} | change
        )
        problem = response.json()
        assert (response.status_code, problem["code"], problem["field"]) == (status, code, field), change
    assert len((await ledger.read("/funds"))["items"]) == 7


async def test_a_fund_exists_once(ledger: LedgerCalls) -> None:
    body = {"code": "repair.roads", "parent": "repair", "name_zh": "村道养护"}
    first = await ledger.post("/funds", body, key="k")
    again = await ledger.post("/funds", body, key="k")
    assert (first.status_code, again.status_code, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert again.json() == first.json()
    other = await ledger.post("/funds", body, key="k2")
    assert (other.status_code, other.json()["code"]) == (409, "fund_exists")


BAD_AMOUNTS = [0, -1, 1.5, "100", True, None, 10**15 + 1, 10**30]


AMOUNTS_IN: list[tuple[str, Json]] = [
    ("/funds/health/receipts", RECEIPT),
    ("/funds/health/allotments", ALLOTMENT),
    ("/funds/health/payments", PAYMENT),
    ("/encumbrances", {"fund": "health", "fiscal_year": 2021, "purpose": "x", "effective_on": "2021-03-01"}),
    (
        "/encumbrances/01890000-0000-7000-8000-000000000001/liquidations",
        {"effective_on": "2021-03-01", "payee_ref": "p"},
    ),
]


async def test_amounts_are_positive_integers_of_fen(ledger: LedgerCalls) -> None:
    for path, body in AMOUNTS_IN:
        for amount in BAD_AMOUNTS:
            response = await ledger.post(path, body | {"amount_fen": amount})
            problem = response.json()
            told = (response.status_code, problem["code"], problem.get("field"))
            assert told == (422, "invalid_request", "amount_fen"), (path, amount)
    assert (await ledger.read("/chain"))["seq"] == 0


BAD_INPUT: list[tuple[str, Json, int, str, str | None]] = [
    ("/funds/nowhere/receipts", RECEIPT, 404, "not_found", "fund"),
    ("/funds/no-where/payments", PAYMENT, 404, "not_found", "fund"),
    ("/funds/nowhere/allotments", ALLOTMENT, 404, "not_found", "fund"),
    ("/funds/health/receipts", RECEIPT | {"source": "lottery"}, 422, "invalid_request", "source"),
    ("/funds/health/receipts", RECEIPT | {"source": None}, 422, "invalid_request", "source"),
    ("/funds/health/receipts", RECEIPT | {"effective_on": "2999-01-01"}, 422, "invalid_request", "effective_on"),
    ("/funds/health/receipts", RECEIPT | {"effective_on": "2020-12-31"}, 422, "invalid_request", "effective_on"),
    ("/funds/health/receipts", RECEIPT | {"effective_on": "2021-02-30"}, 422, "invalid_request", "effective_on"),
    ("/funds/health/receipts", RECEIPT | {"effective_on": 20210301}, 422, "invalid_request", "effective_on"),
    ("/funds/health/receipts", RECEIPT | {"reference": "a\x00b"}, 422, "invalid_request", "reference"),
    (
        "/funds/health/receipts",
        RECEIPT | {"reference": "612424199001011231"},
        422,
        "personal_data_in_text",
        "reference",
    ),
    ("/funds/health/allotments", ALLOTMENT | {"fiscal_year": 2023}, 422, "invalid_request", "fiscal_year"),
    ("/funds/health/allotments", ALLOTMENT | {"fiscal_year": 10**9}, 422, "invalid_request", "fiscal_year"),
    ("/funds/health/allotments", ALLOTMENT | {"fiscal_year": "2021"}, 422, "invalid_request", "fiscal_year"),
    ("/funds/health/allotments", ALLOTMENT | {"authority": "  "}, 422, "invalid_request", "authority"),
    ("/funds/health/payments", PAYMENT | {"fiscal_year": 2022}, 422, "invalid_request", "fiscal_year"),
    ("/funds/health/payments", PAYMENT | {"payee_ref": "13912345678"}, 422, "personal_data_in_text", "payee_ref"),
    ("/funds/health/payments", PAYMENT | {"purpose": "张三 139 1234 5678"}, 422, "personal_data_in_text", "purpose"),
    ("/funds/health/payments", PAYMENT | {"metadata": {}}, 422, "invalid_request", "metadata"),
    ("/funds/health/payments", PAYMENT | {"reviewed_by": "wang"}, 403, "forbidden", None),
]


async def test_bad_input_is_named_and_changes_nothing(ledger: LedgerCalls) -> None:
    for path, body, status, code, field in BAD_INPUT:
        response = await ledger.post(path, body)
        problem = response.json()
        assert (response.status_code, problem["code"], problem.get("field")) == (status, code, field), (path, body)
    assert (await ledger.read("/chain"))["seq"] == 0


async def test_lone_surrogates_are_refused(ledger: LedgerCalls) -> None:
    headers = ledger.headers("officer") | {"Idempotency-Key": "s", "Content-Type": "application/json"}
    raw = '{"amount_fen":1,"source":"county","effective_on":"2021-03-01","reference":"\\ud800"}'
    response = await ledger.client.post("/v1/books/610923/funds/health/receipts", content=raw, headers=headers)
    assert response.status_code in {400, 422}
    assert (await ledger.read("/chain"))["seq"] == 0


async def test_nothing_is_booked_into_a_closed_month(ledger: LedgerCalls) -> None:
    for month in ("2021-01", "2021-02", "2021-03"):
        await ledger.made(f"/periods/{month}/close")
    for path, body in (("receipts", RECEIPT), ("allotments", ALLOTMENT), ("payments", PAYMENT)):
        response = await ledger.post(f"/funds/health/{path}", body)
        assert (response.status_code, response.json()["code"]) == (409, "period_closed")


async def test_a_service_names_the_people_it_acts_for(ledger: LedgerCalls, issuer: Issuer) -> None:
    headers = {"Authorization": f"Bearer {issuer.claims_service_token()}", "Idempotency-Key": "s-1"}
    people = {"prepared_by": "zhang", "reviewed_by": "li"}
    url = "/v1/books/610923/funds/health/receipts"
    made = await ledger.client.post(url, json=RECEIPT | people, headers=headers)
    assert made.status_code == 201, made.text
    entry = await ledger.read(f"/journal-entries/{made.json()['id']}")
    assert (entry["prepared_by"], entry["reviewed_by"], entry["posted_by"]) == ("zhang", "li", "service:claims")
    same = await ledger.client.post(
        url, json=RECEIPT | {"prepared_by": "li", "reviewed_by": "li"}, headers=headers | {"Idempotency-Key": "s-2"}
    )
    assert (same.status_code, same.json()["code"]) == (409, "same_person")


async def test_a_payment_without_a_source_is_split_and_the_split_is_on_record(ledger: LedgerCalls) -> None:
    for source, fen in (("county", 70), ("central", 50), ("donation", 30)):
        await ledger.made("/funds/health/receipts", **RECEIPT | {"source": source, "amount_fen": fen})
    await ledger.made("/funds/health/allotments", **ALLOTMENT)
    paid = await ledger.made("/funds/health/payments", **PAYMENT | {"amount_fen": 130})
    entry = await ledger.read(f"/journal-entries/{paid['id']}")
    for account in ("1002", "expended"):
        shares = [(one["source"], one["amount_fen"]) for one in entry["postings"] if one["account"] == account]
        assert shares == [("central", 50), ("county", 70), ("donation", 10)]
    refused = await ledger.post("/funds/health/payments", PAYMENT | {"amount_fen": 21})
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["account"]) == (409, "insufficient_funds", "1002")
    assert (problem["available_fen"], problem["requested_fen"]) == (20, 21)


async def test_an_odd_fiscal_year_is_refused(ledger: LedgerCalls) -> None:
    for year in ("21", "2021.0", "all2", "", "0", "two", "99999"):
        response = await ledger.get("/funds", fiscal_year=year)
        assert (response.status_code, response.json()["field"]) == (422, "fiscal_year"), year


async def test_funds_of_an_unknown_book_are_not_found(ledger_client: httpx.AsyncClient, issuer: Issuer) -> None:
    stranger = LedgerCalls(ledger_client, issuer, book="610924")
    for response in (
        await stranger.get("/funds"),
        await stranger.get("/encumbrances"),
        await stranger.post("/funds", {"code": "repair.roads", "parent": "repair", "name_zh": "村道"}),
        await stranger.post("/funds/health/receipts", RECEIPT),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
