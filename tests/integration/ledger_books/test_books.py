"""Opening and reading books over HTTP."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from common.dates import month_code, today_in_shanghai
from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from ledger.accounts.chart import chart_of_accounts
from tests.support.ledger_calls import LedgerCalls
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

SEVEN = ["industry", "employment", "health", "education", "safety_net", "repair", "insurance"]


@pytest.fixture
def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    return LedgerCalls(ledger_client, issuer)


async def test_a_new_book_has_the_seven_funds_and_the_chart(ledger: LedgerCalls) -> None:
    response = await ledger.open_book()
    assert response.status_code == 201
    book = response.json()
    assert [fund["code"] for fund in book["funds"]] == SEVEN
    assert {account["code"] for account in book["accounts"]} == {one.code for one in chart_of_accounts()}
    assert (await ledger.get("")).json() == book
    for code in SEVEN:
        page = await ledger.read("/accounts", fund=code, limit=1000)
        assert len(page["items"]) == len(chart_of_accounts())


async def test_the_first_record_of_the_chain_tells_of_the_book(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    await ledger.open_book()
    head = await ledger.read("/chain")
    assert (head["position"], head["seq"], head["suite"]) == (1, 0, "sha256")
    kinds = postgres.sql(ledger_database, "SELECT kind, position, content::jsonb ->> 'first_period' FROM chain_record")
    assert kinds.strip() == "book|1|2021-01"
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_every_month_up_to_the_current_one_is_open(ledger: LedgerCalls) -> None:
    first = today_in_shanghai().replace(day=1) - timedelta(days=40)
    await ledger.open_book(month_code(first))
    months = (await ledger.read("/periods"))["items"]
    assert [month["code"] for month in months] == [
        month_code(first),
        month_code(first.replace(day=28) + timedelta(days=4)),
        month_code(today_in_shanghai()),
    ]
    assert {month["status"] for month in months} == {"open"}


async def test_a_second_book_with_the_code_is_refused_and_changes_nothing(ledger: LedgerCalls) -> None:
    first = (await ledger.open_book()).json()
    second = await ledger.open_book(name="另一个名称")
    assert (second.status_code, second.json()["code"]) == (409, "book_exists")
    assert (await ledger.get("")).json() == first


async def test_the_same_key_answers_the_same_and_a_changed_body_is_refused(ledger: LedgerCalls) -> None:
    body = {"code": "610923", "name": "测试账套", "first_period": "2021-01"}
    headers = ledger.headers("admin") | {"Idempotency-Key": "book-1"}
    first = await ledger.client.post("/v1/books", json=body, headers=headers)
    again = await ledger.client.post("/v1/books", json=body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    changed = await ledger.client.post("/v1/books", json=body | {"name": "改名"}, headers=headers)
    assert (changed.status_code, changed.json()["code"]) == (409, "idempotency_key_reused")


async def test_twenty_at_once_open_one_book(ledger: LedgerCalls) -> None:
    responses = await asyncio.gather(*(ledger.open_book() for _ in range(20)))
    assert sorted(response.status_code for response in responses) == [201] + [409] * 19
    assert (await ledger.read("/chain"))["position"] == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first_period": month_code(today_in_shanghai().replace(day=28) + timedelta(days=4))}, "first_period"),
        ({"first_period": "2200-01"}, "first_period"),
        ({"first_period": "1999-12"}, "first_period"),
        ({"first_period": "2021-13"}, "first_period"),
        ({"first_period": "2021-1"}, "first_period"),
        ({"first_period": 202101}, "first_period"),
        ({"code": "61092"}, "code"),
        ({"code": "６１０９２３"}, "code"),
        ({"code": 610923}, "code"),
        ({"name": ""}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_malformed_book_is_refused(ledger: LedgerCalls, changes: dict[str, object], field: str) -> None:
    response = await ledger.open_book(**changes)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert field in {error["field"] for error in response.json()["errors"]}
    assert (await ledger.get("")).status_code == 404


async def test_an_id_number_in_the_name_is_refused(ledger: LedgerCalls) -> None:
    response = await ledger.open_book(name="张三 11010519491231002X")
    assert (response.status_code, response.json()["code"]) == (422, "personal_data_in_text")


async def test_opening_needs_the_scope_and_the_book(ledger: LedgerCalls) -> None:
    body = {"code": "610923", "name": "测试账套", "first_period": "2021-01"}
    for headers, status in (
        ({}, 401),
        (ledger.headers("officer"), 403),
        ({"Authorization": f"Bearer {ledger.issuer.token('admin', book='610924')}"}, 403),
    ):
        response = await ledger.client.post("/v1/books", json=body, headers=headers | {"Idempotency-Key": "k"})
        assert response.status_code == status
    assert (await ledger.get("")).status_code == 404


async def test_everything_below_an_unknown_book_is_not_found(ledger: LedgerCalls) -> None:
    paths = ("", "/accounts", "/periods", "/reports/trial-balance", "/chain", "/chain/verification", "/audit/journal")
    for path in (*paths, "/reports/fund-execution?fiscal_year=2021"):
        response = await ledger.client.get(f"/v1/books/610923{path}", headers=ledger.headers("auditor"))
        assert (path, response.status_code, response.json()["code"]) == (path, 404, "not_found")
    response = await ledger.post("/periods/2021-01/close")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_accounts_are_paged_and_an_unknown_fund_is_not_found(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    seen: list[str] = []
    cursor = None
    while True:
        page = await ledger.read("/accounts", fund="health", limit=10, **({"cursor": cursor} if cursor else {}))
        seen += [account["code"] for account in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(one.code for one in chart_of_accounts())
    everything = await ledger.read("/accounts", limit=1000)
    assert len(everything["items"]) == 7 * len(chart_of_accounts())
    assert (await ledger.get("/accounts", fund="unknown")).status_code == 404
    assert (await ledger.get("/accounts", fund="health", cursor="abc")).status_code == 422


async def test_a_failed_commit_is_not_a_201(ledger: LedgerCalls, postgres: Server, ledger_database: Database) -> None:
    postgres.sql(
        ledger_database,
        """
        CREATE FUNCTION fail_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END $$;
        CREATE CONSTRAINT TRIGGER fail_late AFTER INSERT ON chain_record DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION fail_late();
        """,
    )
    assert (await ledger.open_book()).status_code == 503
    assert (await ledger.get("")).status_code == 404
    assert postgres.sql(ledger_database, "SELECT count(*) FROM idempotency_key").strip() == "0"
