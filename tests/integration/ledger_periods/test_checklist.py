"""What a period is closed against, over HTTP: every failed item is named, the bank's alone can be excused, the chain keeps why."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from ledger.periods import bank_port
from tests.support.ledger_calls import LedgerCalls
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

RECEIPT = {"amount_fen": 100_00, "source": "county", "effective_on": "2021-12-05"}
EXCUSE = {"excuses": [{"item": "bank_reconciled", "reason": "对账单次月补到"}]}


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book("2021-11")).status_code == 201
    return calls


async def statuses(ledger: LedgerCalls, period: str) -> dict[str, str]:
    found = await ledger.read(f"/periods/{period}/checklist")
    return {item["code"]: item["status"] for item in found["items"]}


async def test_the_checklist_of_a_quiet_month_passes(ledger: LedgerCalls) -> None:
    found = await ledger.read("/periods/2021-11/checklist")
    assert (found["period"], found["status"], found["ready"]) == ("2021-11", "open", True)
    assert [(item["code"], item["status"]) for item in found["items"]] == [
        ("earlier_periods_closed", "passed"),
        ("period_ended", "passed"),
        ("proposals_decided", "passed"),
        ("balances_proved", "passed"),
        ("bank_reconciled", "not_applicable"),
        ("year_closed", "not_applicable"),
    ]
    assert all(item["title_zh"] and item["title_en"] for item in found["items"])
    assert (await ledger.get("/periods/2021-10/checklist")).status_code == 404
    assert (await ledger.get("/periods/2021-13/checklist")).status_code == 404


async def test_a_month_out_of_order_keeps_its_code_and_names_every_failed_item(ledger: LedgerCalls) -> None:
    await _propose(ledger, "2021-12-06")
    refused = await ledger.post("/periods/2021-12/close")
    assert (refused.status_code, refused.json()["code"]) == (409, "out_of_order")
    assert refused.json()["failed"] == ["earlier_periods_closed", "proposals_decided"]


async def _propose(ledger: LedgerCalls, on: str) -> dict[str, Any]:
    rules = {"rules": [{"kind": "receipt", "fund": "*", "from_fen": 0}]}
    assert (await ledger.post("/approval-rules", rules, who="admin")).status_code == 201
    made = await ledger.post("/funds/health/receipts", RECEIPT | {"effective_on": on})
    assert made.status_code == 202
    proposal: dict[str, Any] = made.json()["proposal"]
    return proposal


async def test_a_waiting_proposal_keeps_its_month_open(ledger: LedgerCalls) -> None:
    proposal = await _propose(ledger, "2021-11-06")
    refused = await ledger.post("/periods/2021-11/close")
    assert (refused.status_code, refused.json()["code"]) == (409, "checklist_failed")
    assert refused.json()["failed"] == ["proposals_decided"]
    said = {"reason": "附件不全"}
    assert (await ledger.post(f"/proposals/{proposal['id']}/refusal", said, who="checker")).status_code == 200
    assert (await ledger.post("/periods/2021-11/close")).status_code == 200


TAMPER = (
    (
        "monthly_total",
        "UPDATE monthly_total SET debit_fen = debit_fen + 1 WHERE account = '1002' AND month = '2021-12'",
    ),
    ("daily_total", "UPDATE daily_total SET credit_fen = credit_fen + 1 WHERE account = '4001' AND day = '2021-12-05'"),
    ("balance", "UPDATE balance SET debit_fen = debit_fen + 1 WHERE account = '1002'"),
    ("missing day", "DELETE FROM daily_total WHERE account = '8001'"),
    ("missing month", "DELETE FROM monthly_total WHERE account = '8001'"),
    ("unchained", "DELETE FROM chain_record WHERE seq = 1"),
    ("lost line", "DELETE FROM posting WHERE seq = 1 AND line = 2"),
)


@pytest.mark.parametrize(("what", "statement"), TAMPER, ids=[what for what, _ in TAMPER])
async def test_a_figure_that_is_not_the_sum_of_its_postings_keeps_the_month_open(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database, what: str, statement: str
) -> None:
    await ledger.made("/funds/health/receipts", **RECEIPT)
    await ledger.made("/periods/2021-11/close")
    assert (await statuses(ledger, "2021-12"))["balances_proved"] == "passed"
    postgres.sql(ledger_database, f"SET session_replication_role = replica; {statement}")
    refused = await ledger.post("/periods/2021-12/close")
    assert (refused.status_code, refused.json()["code"]) == (409, "checklist_failed")
    assert refused.json()["failed"] == ["balances_proved"]
    # The months that are closed are not asked again, and the ones after it stand on their own postings.
    assert (await statuses(ledger, "2022-02"))["balances_proved"] == "passed"


async def test_an_unreconciled_bank_is_excused_with_a_reason_that_the_chain_keeps(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreconciled(_connection: AsyncConnection, _book: str, _month: str) -> str:
        return "unreconciled"

    monkeypatch.setattr(bank_port, "reconciliation_status", unreconciled)
    refused = await ledger.post("/periods/2021-11/close")
    assert (refused.json()["code"], refused.json()["failed"]) == ("checklist_failed", ["bank_reconciled"])
    await ledger.made("/periods/2021-11/close", **EXCUSE)
    told = postgres.sql(ledger_database, "SELECT content FROM chain_record WHERE kind = 'period'")
    assert '"excuses":[{"item":"bank_reconciled","reason":"对账单次月补到"}]' in told
    assert (await ledger.read("/chain/verification"))["verified"] is True


@pytest.mark.parametrize(
    "excuses",
    [
        [{"item": "balances_proved", "reason": "稍后再查"}],
        [{"item": "proposals_decided", "reason": "不办了"}],
        [{"item": "bank_reconciled"}],
        [{"item": "bank_reconciled", "reason": ""}],
        EXCUSE["excuses"] * 2,
    ],
)
async def test_nothing_but_the_bank_is_excused_and_never_without_a_reason(
    ledger: LedgerCalls, excuses: list[dict[str, str]]
) -> None:
    refused = await ledger.post("/periods/2021-11/close", {"excuses": excuses})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


async def test_the_adjusting_period_asks_the_bank_about_december(
    ledger: LedgerCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def reconciled(_connection: AsyncConnection, _book: str, month: str) -> str:
        asked.append(month)
        return "reconciled"

    monkeypatch.setattr(bank_port, "reconciliation_status", reconciled)
    await ledger.made("/funds/health/receipts", **RECEIPT)
    for month in ("2021-11", "2021-12"):
        await ledger.made(f"/periods/{month}/close")
    await ledger.made("/fiscal-years/2021/closing")
    assert (await statuses(ledger, "2021-13"))["bank_reconciled"] == "passed"
    assert asked == ["2021-11", "2021-12", "2021-12"]


async def test_an_excuse_nobody_needs_is_not_recorded(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    await ledger.made("/periods/2021-11/close", **EXCUSE)
    assert "excuses" not in postgres.sql(ledger_database, "SELECT content FROM chain_record WHERE kind = 'period'")


async def test_january_does_not_close_before_the_results_of_the_year_before_it(ledger: LedgerCalls) -> None:
    await ledger.made("/funds/health/receipts", **RECEIPT)
    for month in ("2021-11", "2021-12"):
        await ledger.made(f"/periods/{month}/close")
    refused = await ledger.post("/periods/2022-01/close")
    assert (refused.json()["code"], refused.json()["failed"]) == ("checklist_failed", ["year_closed"])
    await ledger.made("/fiscal-years/2021/closing")
    assert (await statuses(ledger, "2022-01"))["year_closed"] == "passed"
    waits = await ledger.post("/periods/2022-01/close")
    assert (waits.json()["code"], waits.json()["next_period"]) == ("out_of_order", "2021-13")
    await ledger.made("/periods/2021-13/close")
    await ledger.made("/periods/2022-01/close")


async def test_a_closing_that_fails_its_checklist_stands_under_its_key(ledger: LedgerCalls) -> None:
    await _propose(ledger, "2021-11-06")
    first = await ledger.post("/periods/2021-11/close", key="close")
    again = await ledger.post("/periods/2021-11/close", key="close")
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_a_dry_run_of_a_closing_leaves_the_month_open(ledger: LedgerCalls) -> None:
    tried = await ledger.post("/periods/2021-11/close?dry_run=true")
    assert (tried.status_code, tried.json()["status"], tried.headers["Dry-Run"]) == (200, "closed", "true")
    assert (await ledger.read("/periods"))["items"][0]["status"] == "open"


async def test_proposals_racing_a_closing_wait_in_an_open_month_or_are_refused(ledger: LedgerCalls) -> None:
    proposal = await _propose(ledger, "2021-12-01")
    posts = [ledger.post("/funds/health/receipts", RECEIPT | {"effective_on": "2021-11-20"}) for _ in range(10)]
    closing, *answers = await asyncio.gather(ledger.post("/periods/2021-11/close"), *posts)
    status = (await ledger.read("/periods"))["items"][0]["status"]
    waiting = (await ledger.read("/proposals", status="waiting"))["items"]
    in_month = [one for one in waiting if one["period"] == "2021-11"]
    assert {answer.status_code for answer in answers} <= {202, 409}
    # Never both: a closed month, and a wish dated in it.
    assert (closing.status_code, status, in_month) == (200, "closed", []) or (closing.status_code, status) == (
        409,
        "open",
    )
    assert proposal["id"] in {one["id"] for one in waiting}
