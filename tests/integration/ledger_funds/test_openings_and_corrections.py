"""Opening balances taken over once, and operations taken back by red entries, over HTTP."""

import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.servers import Server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    return calls


def line(account: str, side: str, fen: object, fund: str = "health", **more: object) -> Json:
    return {"fund": fund, "account": account, "side": side, "amount_fen": fen} | more


def opening(*lines: Json, **more: object) -> Json:
    return {"effective_on": "2021-01-01", "lines": list(lines)} | more


WHOLE = [
    line("1002", "debit", 70, source="county"),
    line("1002", "debit", 30),
    line("3001", "credit", 100),
    line("8001", "debit", 100),
    line("8101", "credit", 100),
    line("allotted", "debit", 60),
    line("available", "credit", 60),
    line("allotted", "debit", 40, budget_year=2020),
    line("expended", "credit", 40, budget_year=2020, source="city"),
]


async def test_balances_of_the_old_system_are_taken_over_and_can_be_spent(ledger: LedgerCalls) -> None:
    body = opening(*WHOLE, line("1002", "debit", 5, "repair"), line("3001", "credit", 5, "repair"))
    made = await ledger.made("/opening-balances", **body)
    health, repair = made["funds"]
    assert health | {"code": "health", "fiscal_year": 2021, "available_fen": 60, "cash_fen": 100} == health
    assert repair | {"code": "repair", "cash_fen": 5, "allotted_fen": 0} == repair
    entry = await ledger.read(f"/journal-entries/{made['id']}")
    assert (entry["kind"], len(entry["postings"])) == ("opening", 11)
    assert entry["postings"][8] | {"budget_year": 2020, "source": "city"} == entry["postings"][8]
    payment = {"amount_fen": 60, "effective_on": "2021-01-02", "payee_ref": "p", "purpose": "药费"}
    paid = await ledger.made("/funds/health/payments", **payment)
    assert paid["fund"] | {"available_fen": 0, "cash_fen": 40} == paid["fund"]
    page = await ledger.read("/funds", fiscal_year="all")
    found = next(item for item in page["items"] if item["code"] == "health")
    assert found | {"allotted_fen": 100, "expended_fen": 100, "available_fen": 0} == found


async def test_a_fund_takes_its_opening_over_once(ledger: LedgerCalls) -> None:
    await ledger.made("/opening-balances", **opening(*WHOLE))
    for lines in (WHOLE, [*WHOLE, line("1002", "debit", 1, "repair"), line("3001", "credit", 1, "repair")]):
        again = await ledger.post("/opening-balances", opening(*lines))
        assert (again.status_code, again.json()["code"], again.json()["fund"]) == (
            409,
            "opening_already_posted",
            "health",
        )
    await ledger.made(
        "/opening-balances", **opening(line("1002", "debit", 1, "repair"), line("3001", "credit", 1, "repair"))
    )


CASH, SURPLUS = line("1002", "debit", 5), line("3001", "credit", 5)
BAD_OPENINGS: list[tuple[Json, int, str, str | None]] = [
    (opening(), 422, "invalid_request", "lines"),
    (opening(CASH), 422, "invalid_request", "lines"),
    (opening(CASH, line("3001", "credit", 4)), 422, "unbalanced_entry", "postings"),
    (opening(CASH, line("3001", "credit", 5, "repair")), 422, "unbalanced_entry", "postings"),
    (opening(CASH, line("8101", "credit", 5)), 422, "unbalanced_entry", "postings"),
    (opening(CASH, line("9999", "credit", 5)), 422, "unknown_account", "lines[1].account"),
    (opening(CASH, line("3001", "credit", 5, "nowhere")), 422, "unknown_account", "lines[1].account"),
    (
        opening(line("available", "debit", 5), line("encumbered", "credit", 5)),
        422,
        "invalid_request",
        "lines[1].account",
    ),
    (opening(CASH, SURPLUS | {"source": "county"}), 422, "invalid_request", "lines[1].source"),
    (opening(CASH | {"budget_year": 2021}, SURPLUS), 422, "invalid_request", "lines[0].budget_year"),
    (
        opening(line("allotted", "debit", 5, budget_year=2022), line("available", "credit", 5, budget_year=2022)),
        422,
        "invalid_request",
        "lines[0].budget_year",
    ),
    (opening(line("3001", "debit", 5), line("1002", "credit", 5)), 409, "insufficient_funds", None),
    (opening(CASH | {"side": "left"}, SURPLUS), 422, "invalid_request", "lines[0].side"),
    (opening(CASH | {"amount_fen": 0}, SURPLUS), 422, "invalid_request", "lines[0].amount_fen"),
    (opening(CASH | {"memo": "李四 13912345678"}, SURPLUS), 422, "personal_data_in_text", "lines[0].memo"),
    (opening(CASH, SURPLUS, effective_on="2020-12-31"), 422, "invalid_request", "effective_on"),
    (opening(CASH, SURPLUS, effective_on="2999-12-31"), 422, "invalid_request", "effective_on"),
]


async def test_wrong_openings_are_refused_and_change_nothing(ledger: LedgerCalls) -> None:
    for body, status, code, field in BAD_OPENINGS:
        response = await ledger.post("/opening-balances", body)
        problem = response.json()
        assert (response.status_code, problem["code"], problem.get("field")) == (status, code, field), body
    assert (await ledger.read("/chain"))["seq"] == 0


async def funded(ledger: LedgerCalls) -> tuple[str, str, str]:
    receipt = await ledger.made("/funds/health/receipts", amount_fen=100, source="county", effective_on="2021-03-01")
    allotment = await ledger.made(
        "/funds/health/allotments", amount_fen=100, fiscal_year=2021, effective_on="2021-03-01", authority="文1"
    )
    payment = await ledger.made(
        "/funds/health/payments", amount_fen=40, effective_on="2021-03-02", payee_ref="p", purpose="药费"
    )
    return receipt["id"], allotment["id"], payment["id"]


async def reverse(
    ledger: LedgerCalls, operation: str, entry: str, on: str = "2021-03-05", fund: str = "health"
) -> httpx.Response:
    return await ledger.post(
        f"/funds/{fund}/{operation}/{entry}/reversal", {"effective_on": on, "reason": "金额录入错误"}
    )


async def test_a_payment_an_allotment_and_a_receipt_are_taken_back_by_red_entries(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    receipt, allotment, payment = await funded(ledger)
    for operation, entry in (("receipts", receipt), ("allotments", allotment)):
        early = await reverse(ledger, operation, entry)
        assert (early.status_code, early.json()["code"]) == (409, "insufficient_funds"), operation
    after: Json = {}
    for operation, entry in (("payments", payment), ("allotments", allotment), ("receipts", receipt)):
        made = await reverse(ledger, operation, entry)
        assert made.status_code == 201, made.text
        red = await ledger.read(f"/journal-entries/{made.json()['id']}")
        assert (red["red"], red["undoes"], red["kind"]) == (True, entry, "reversal")
        again = await reverse(ledger, operation, entry)
        assert (again.status_code, again.json()["code"]) == (409, "already_reversed")
        after = made.json()["fund"]
    assert after | {"allotted_fen": 0, "available_fen": 0, "expended_fen": 0, "cash_fen": 0} == after
    # Red entries take turnover back instead of adding to it.
    turnover = postgres.sql(ledger_database, "SELECT sum(debit_fen), sum(credit_fen) FROM balance")
    assert turnover.strip() == "0|0"
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_an_operation_is_taken_back_only_as_what_it_is_and_within_its_year(ledger: LedgerCalls) -> None:
    receipt, allotment, payment = await funded(ledger)
    table = [
        (await reverse(ledger, "receipts", payment), 404, "not_found"),
        (await reverse(ledger, "payments", payment, fund="repair"), 404, "not_found"),
        (await reverse(ledger, "payments", payment, fund="nowhere"), 404, "not_found"),
        (await reverse(ledger, "encumbrances", payment), 422, "invalid_request"),
        (await reverse(ledger, "payments", payment, on="2021-03-01"), 409, "out_of_order"),
        (await reverse(ledger, "payments", payment, on="2022-01-01"), 409, "out_of_order"),
        (await reverse(ledger, "receipts", receipt, on="2022-01-01"), 409, "out_of_order"),
    ]
    for response, status, code in table:
        assert (response.status_code, response.json()["code"]) == (status, code), response.url
    assert (await reverse(ledger, "payments", payment)).status_code == 201
    # An indicator keeps its own year, so it may be taken back in the next one.
    assert (await reverse(ledger, "allotments", allotment, on="2022-01-01")).status_code == 201
