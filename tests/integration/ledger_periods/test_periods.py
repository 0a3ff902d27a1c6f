"""Closing and reopening months over HTTP."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from common.dates import month_code, next_month, today_in_shanghai
from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import LedgerCalls
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

RECEIPT = {"amount_fen": 100_00, "source": "county"}
WHY = {"reason": "漏记退票", "authority": "县财政局〔2021〕3号"}


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book("2021-01")).status_code == 201
    return calls


async def close_all_ended_months(ledger: LedgerCalls) -> str:
    """Close every month that has ended; answer the current one."""
    current = month_code(today_in_shanghai())
    month = "2021-01"
    while month < current:
        assert (await ledger.post(f"/periods/{month}/close")).status_code == 200
        month = next_month(month)
    return current


async def test_nothing_posts_into_a_closed_month_and_it_does_again_once_reopened(ledger: LedgerCalls) -> None:
    closed = await ledger.made("/periods/2021-01/close", reason="一月账务已核对")
    assert (closed["code"], closed["status"], closed["last_event"]["by"]) == ("2021-01", "closed", "officer-1")
    refused = await ledger.post("/funds/health/receipts", RECEIPT | {"effective_on": "2021-01-31"})
    assert (refused.status_code, refused.json()["code"]) == (409, "period_closed")
    await ledger.made("/funds/health/receipts", **RECEIPT, effective_on="2021-02-01")

    reopened = await ledger.made("/periods/2021-01/reopen", reason="漏记退票", authority="县财政局〔2021〕3号")
    event = reopened["last_event"]
    assert (reopened["status"], event["reason"], event["authority"]) == ("open", "漏记退票", "县财政局〔2021〕3号")
    await ledger.made("/funds/health/receipts", **RECEIPT, effective_on="2021-01-31")
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_months_close_in_order_and_reopen_from_the_last_one_back(ledger: LedgerCalls) -> None:
    early = await ledger.post("/periods/2021-02/close")
    assert (early.status_code, early.json()["code"]) == (409, "out_of_order")
    assert early.json()["next_period"] == "2021-01"
    await ledger.made("/periods/2021-01/close")
    await ledger.made("/periods/2021-02/close")
    again = await ledger.post("/periods/2021-02/close")
    assert (again.status_code, again.json()["code"]) == (409, "period_closed")
    inner = await ledger.post("/periods/2021-01/reopen", WHY)
    assert (inner.status_code, inner.json()["code"]) == (409, "out_of_order")
    await ledger.made("/periods/2021-02/reopen", **WHY)
    await ledger.made("/periods/2021-01/reopen", **WHY)
    none_left = await ledger.post("/periods/2021-01/reopen", WHY)
    assert (none_left.status_code, none_left.json()["code"]) == (409, "out_of_order")


@pytest.mark.parametrize("said", [None, {}, {"reason": "漏记"}, {"authority": "批复"}, WHY | {"reason": ""}])
async def test_reopening_says_why_and_on_whose_authority(ledger: LedgerCalls, said: dict[str, object] | None) -> None:
    await ledger.made("/periods/2021-01/close")
    refused = await ledger.post("/periods/2021-01/reopen", said)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert (await ledger.read("/periods"))["items"][0]["status"] == "closed"


async def test_the_current_month_and_months_the_book_does_not_have_are_refused(ledger: LedgerCalls) -> None:
    current = await close_all_ended_months(ledger)
    refused = await ledger.post(f"/periods/{current}/close")
    assert (refused.status_code, refused.json()["code"]) == (409, "period_not_ended")
    for month in (next_month(current), "2020-12", "2199-01", "2021-13", "2020-13"):
        response = await ledger.post(f"/periods/{month}/close")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("month", ["2021-14", "2021-00", "2021-1", "202101", "１２", "2021-01-01"])
async def test_a_malformed_month_is_refused(ledger: LedgerCalls, month: str) -> None:
    response = await ledger.post(f"/periods/{month}/close")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


async def test_a_reason_must_be_a_text_without_personal_data(ledger: LedgerCalls) -> None:
    response = await ledger.post("/periods/2021-01/close", {"reason": "问 11010519491231002X"})
    assert (response.status_code, response.json()["code"]) == (422, "personal_data_in_text")
    assert (await ledger.post("/periods/2021-01/close", {"reason": ""})).status_code == 422
    assert (await ledger.post("/periods/2021-01/close", {"surprise": 1})).status_code == 422
    assert (await ledger.read("/periods"))["items"][0]["status"] == "open"


async def test_one_key_closes_once_and_answers_the_same_after_a_reopening(ledger: LedgerCalls) -> None:
    first = await ledger.post("/periods/2021-01/close", key="close-1")
    await ledger.made("/periods/2021-01/reopen", **WHY)
    again = await ledger.post("/periods/2021-01/close", key="close-1")
    assert (again.status_code, again.content, again.headers["Idempotent-Replayed"]) == (200, first.content, "true")
    assert (await ledger.read("/periods"))["items"][0]["status"] == "open"
    other = await ledger.post("/periods/2021-02/close", key="close-1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_refusal_is_remembered_under_its_key(ledger: LedgerCalls) -> None:
    refused = await ledger.post("/periods/2021-02/close", key="early")
    await ledger.made("/periods/2021-01/close")
    again = await ledger.post("/periods/2021-02/close", key="early")
    assert (refused.status_code, again.status_code) == (409, 409)
    assert again.json() == refused.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (await ledger.post("/periods/2021-02/close", key="later")).status_code == 200


async def test_closing_needs_its_scope_and_its_key(ledger: LedgerCalls) -> None:
    for who in ("auditor", "admin", "payer"):
        assert (await ledger.post("/periods/2021-01/close", who=who)).status_code == 403
    without = await ledger.client.post(
        f"/v1/books/{ledger.book}/periods/2021-01/close", headers=ledger.headers("officer")
    )
    assert (without.status_code, without.json()["code"]) == (422, "invalid_request")
    assert (await ledger.post("/periods/2021-01/close", who="checker")).status_code == 200


async def test_twenty_at_once_close_a_month_once(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    responses = await asyncio.gather(*(ledger.post("/periods/2021-01/close") for _ in range(20)))
    assert sorted(response.status_code for response in responses) == [200] + [409] * 19
    assert postgres.sql(ledger_database, "SELECT count(*) FROM period_event").strip() == "1"


async def test_a_payment_racing_a_closing_is_before_it_or_refused(ledger: LedgerCalls) -> None:
    posts = [ledger.post("/funds/health/receipts", RECEIPT | {"effective_on": "2021-01-15"}) for _ in range(30)]
    closing, *receipts = await asyncio.gather(ledger.post("/periods/2021-01/close"), *posts)
    assert closing.status_code == 200
    assert {response.status_code for response in receipts} <= {201, 409}
    made = sum(response.status_code == 201 for response in receipts)
    lines = await ledger.read("/reports/account-ledger", fund="health", account="1002")
    assert lines["closing_balance_fen"] == made * 100_00
    late = await ledger.post("/funds/health/receipts", RECEIPT | {"effective_on": "2021-01-15"})
    assert (late.status_code, late.json()["code"]) == (409, "period_closed")
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_periods_are_paged_oldest_first(ledger: LedgerCalls) -> None:
    await ledger.made("/periods/2021-01/close")
    seen = []
    cursor = None
    while True:
        page = await ledger.read("/periods", limit=7, **({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 7
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    expected = ["2021-01"]
    while expected[-1] < month_code(today_in_shanghai()):
        expected.append(next_month(expected[-1]))
    assert [month["code"] for month in seen] == expected
    assert [month["status"] for month in seen] == ["closed"] + ["open"] * (len(expected) - 1)
    assert seen[0]["last_event"]["position"] == 2
    assert seen[1]["last_event"] is None


async def test_a_book_that_begins_this_month_has_nothing_to_close(
    ledger_client: httpx.AsyncClient, issuer: Issuer
) -> None:
    calls = LedgerCalls(ledger_client, issuer, "610924")
    current = month_code(today_in_shanghai())
    await calls.open_book(current)
    refused = await calls.post(f"/periods/{current}/close")
    assert (refused.status_code, refused.json()["code"]) == (409, "period_not_ended")
    tomorrow = today_in_shanghai() + timedelta(days=1)
    early = await calls.post("/funds/health/receipts", RECEIPT | {"effective_on": tomorrow.isoformat()})
    assert early.status_code == 422
