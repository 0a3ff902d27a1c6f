"""What comes back is what was spent, of its source, purpose and year; what is held for one is never spent for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.issuer import Issuer
from tests.support.fixtures import ClientFactory
from tests.support.ledger_calls import Json, LedgerCalls

pytestmark = pytest.mark.anyio

ON = "2021-03-05"
BACK: Json = {"effective_on": ON, "reason": "误记"}
PAID: Json = {"payee_ref": "p-1", "purpose": "测试"}


class Office(LedgerCalls):
    """A book of its own; each test gives its funds what they need."""

    async def does(self, fund: str, place: str, **body: object) -> Any:
        """Do an operation that must succeed."""
        return await self.made(f"/funds/{fund}/{place}", **{"effective_on": ON, **body})

    async def refused(self, fund: str, place: str, **body: object) -> str:
        """Do an operation that must be refused; its code."""
        answer = await self.post(f"/funds/{fund}/{place}", {"effective_on": ON, **body})
        assert answer.status_code == 409, answer.text
        return str(answer.json()["code"])

    async def back(self, fund: str, place: str, entry: Json, who: str = "officer") -> httpx.Response:
        """Take an operation back."""
        return await self.post(f"/funds/{fund}/{place}/{entry['id']}/reversal", BACK, who)

    async def money(self, fund: str, *, cash: int = 1_000, budget: int = 1_000) -> None:
        """Give a fund cash of the county and budget."""
        if cash:
            await self.does(fund, "receipts", amount_fen=cash, source="county")
        if budget:
            await self.does(fund, "allotments", amount_fen=budget, fiscal_year=2021, authority="文1")


@pytest.fixture
async def office(ledger_client: httpx.AsyncClient, issuer: Issuer) -> Office:
    calls = Office(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    return calls


async def test_no_more_comes_back_than_was_spent(office: Office) -> None:
    await office.money("education")
    back: Json = {**PAID, "source": "county", "fiscal_year": 2021}
    assert await office.refused("education", "grant-repayments", amount_fen=1, **back) == "more_than_was_spent"
    paid = await office.does("education", "student-aids", amount_fen=600, **PAID)
    await office.does("education", "grant-repayments", amount_fen=600, **back)
    # What was paid back is not taken back once more by a red entry.
    again = await office.back("education", "student-aids", paid)
    assert (again.status_code, again.json()["code"]) == (409, "more_than_was_spent")
    funds = (await office.read("/funds", fiscal_year=2021))["items"]
    assert next(one["available_fen"] for one in funds if one["code"] == "education") == 1_000


async def test_what_comes_back_is_of_the_source_it_was_paid_from(office: Office) -> None:
    await office.money("insurance")
    pool = await office.does("insurance", "pool-prepayments", amount_fen=1_000, **PAID)
    surplus: Json = {"item": pool["item"]["id"], "amount_fen": 400, "purpose": "结余"}
    code = await office.refused("insurance", "pool-surplus-returns", **surplus, source="central")
    assert code == "more_than_was_spent"
    await office.does("insurance", "pool-surplus-returns", **surplus, source="county")


async def test_a_surplus_goes_back_to_the_purpose_that_paid_the_pool(office: Office) -> None:
    await office.money("insurance", budget=0)
    await office.made("/purposes", fund="insurance", code="policy", name_zh="保费", kinds=["pool_prepayment"])
    said = {"fiscal_year": 2021, "authority": "县人大", "document": "文1", "decided_on": ON, "effective_on": ON}
    lines = [{"fund": "insurance", "purpose_code": "policy", "change_fen": 1_000}]
    await office.made("/budget-versions", kind="original", lines=lines, **said)
    pool = await office.does("insurance", "pool-prepayments", amount_fen=1_000, purpose_code="policy", **PAID)
    surplus: Json = {"item": pool["item"]["id"], "amount_fen": 400, "purpose": "结余", "source": "county"}
    await office.does("insurance", "pool-surplus-returns", **surplus)
    assert await office.refused("insurance", "payments", amount_fen=400, **PAID) == "insufficient_funds"
    await office.does("insurance", "pool-prepayments", amount_fen=400, purpose_code="policy", **PAID)


async def test_a_pool_carried_into_the_next_year_is_still_last_years_money(office: Office) -> None:
    await office.money("insurance")
    pool = await office.does("insurance", "pool-prepayments", amount_fen=1_000, **PAID)
    carried: Json = {"item": pool["item"]["id"], "amount_fen": 1_000, "effective_on": "2022-01-05"}
    carried_pool = await office.does("insurance", "pool-carry-forwards", **carried, **PAID)
    surplus: Json = {"item": carried_pool["item"]["id"], "amount_fen": 1_000, "purpose": "结余", "source": "county"}
    await office.does("insurance", "pool-surplus-returns", **surplus, effective_on="2022-02-05")
    execution = await office.read("/reports/fund-execution", fiscal_year=2022)
    line = next(one for one in execution["items"] if one["code"] == "insurance")
    assert (line["available_fen"], line["expended_fen"]) == (0, 0)


@pytest.mark.parametrize(
    ("year", "account"), [({"fiscal_year": 2022}, "5001"), ({"fiscal_year": 2021}, "3001"), ({}, "3001")]
)
async def test_a_payout_that_comes_back_is_of_its_own_year_not_of_the_pools(
    office: Office, year: dict[str, int], account: str
) -> None:
    await office.money("insurance")
    pool = await office.does("insurance", "pool-prepayments", amount_fen=1_000, **PAID)
    payout: Json = {"item": pool["item"]["id"], "amount_fen": 300, "payee_ref": "c-1", "purpose": "claim:1"}
    await office.does("insurance", "pool-payouts", **payout, effective_on="2022-01-05")
    back = await office.does("insurance", "pool-payout-returns", **payout, **year, effective_on="2022-01-20")
    entry = await office.read(f"/journal-entries/{back['id']}")
    credited = [one["account"] for one in entry["postings"] if one["side"] == "credit" and one["account"][0] in "35"]
    assert credited == [account]


async def test_a_gift_for_a_named_person_is_nobody_elses(office: Office) -> None:
    await office.money("safety_net")
    for fund, place, more in (
        ("repair", "overhaul-payments", {"amount_fen": 200}),
        ("safety_net", "custodial-care-fees", {"amount_fen": 300, "family_share_fen": 200}),
    ):
        gift = await office.does(fund, "named-gifts", amount_fen=200, party_ref="giver-1", purpose="某学生")
        assert await office.refused(fund, place, **more, **PAID) == "insufficient_funds"
        await office.does(fund, "named-gift-payments", item=gift["item"]["id"], amount_fen=200, **PAID)
        assert (await office.read(f"/open-items/{gift['item']['id']}"))["status"] == "settled"


async def test_a_levy_that_was_spent_is_not_taken_back_out_of_a_gift(office: Office) -> None:
    levy = await office.does("repair", "overhaul-levies", amount_fen=200, party_ref="owner-1", purpose="大修金")
    await office.does("repair", "overhaul-payments", amount_fen=200, **PAID)
    await office.does("repair", "named-gifts", amount_fen=200, party_ref="giver-1", purpose="某学生")
    assert (await office.back("repair", "overhaul-levies", levy)).json()["code"] == "insufficient_funds"


async def test_money_of_others_covers_no_reservation_of_the_fund(office: Office) -> None:
    await office.money("repair", cash=0)
    receipt = await office.does("repair", "receipts", amount_fen=1_000, source="county")
    reserved = {"fund": "repair", "fiscal_year": 2021, "amount_fen": 1_000, "purpose": "合同", "effective_on": ON}
    await office.made("/encumbrances", **reserved)
    await office.does("repair", "overhaul-levies", amount_fen=1_000, party_ref="owner-1", purpose="大修金")
    assert (await office.back("repair", "receipts", receipt)).json()["code"] == "budget_lines_missing"


async def test_where_budget_was_reserved_ahead_of_its_cash_a_wrong_entry_is_still_taken_back(office: Office) -> None:
    await office.money("repair", cash=0, budget=5_000)
    reserved = {"fund": "repair", "fiscal_year": 2021, "amount_fen": 5_000, "purpose": "合同", "effective_on": ON}
    await office.made("/encumbrances", **reserved)
    receipt = await office.does("repair", "receipts", amount_fen=300, source="county")
    levy = await office.does("repair", "overhaul-levies", amount_fen=300, party_ref="owner-1", purpose="大修金")
    assert (await office.back("repair", "overhaul-levies", levy)).status_code == 201
    assert (await office.back("repair", "receipts", receipt)).status_code == 201


TWO_ALWAYS = """
operations:
  - operation: road_upkeep
    path: road-upkeeps
    funds: [repair]
    shape: grant
    approval: always
    title_zh: 村道养护
    title_en: Upkeep of a village road
    example: {amount_fen: 500000, payee_ref: household-0193, purpose: 村道, source: central, effective_on: "2026-04-10"}
"""


async def test_what_always_takes_two_people_is_taken_back_by_two(
    clients: ClientFactory, ledger_settings: dict[str, str], issuer: Issuer, tmp_path: Path
) -> None:
    (tmp_path / "own.yaml").write_text(TWO_ALWAYS, encoding="utf-8")
    async with clients("ledger", ledger_settings | {"LEDGER_EXTRA_OPERATIONS": str(tmp_path)}) as client:
        office = Office(client, issuer)
        assert (await office.open_book()).status_code == 201
        await office.money("repair")
        wish = {"effective_on": ON, "amount_fen": 300, **PAID}
        asked = (await office.post("/funds/repair/road-upkeeps", wish)).json()["proposal"]
        done = (await office.post(f"/proposals/{asked['id']}/approval", {}, "checker")).json()["result"]
        back = await office.back("repair", "road-upkeeps", done)
        assert back.status_code == 202
        assert (await office.post(f"/proposals/{back.json()['proposal']['id']}/approval", {}, "checker")).is_success
        funds = (await office.read("/funds", fiscal_year=2021))["items"]
        assert next(one["expended_fen"] for one in funds if one["code"] == "repair") == 0
