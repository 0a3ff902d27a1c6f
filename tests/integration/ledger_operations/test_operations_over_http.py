"""What each fund does, over HTTP on the real database: the lives of advances, retentions, pools, reserves, gifts and levies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.fixtures import ClientFactory
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.ledger_engine import broken_totals, connect

pytestmark = pytest.mark.anyio

ON = "2021-03-05"
FUNDS = ("industry", "employment", "health", "education", "safety_net", "repair", "insurance")


class Office(LedgerCalls):
    """A book whose seven funds have money of two sources and budget of 2021."""

    async def does(self, fund: str, path: str, **body: object) -> Any:
        """Do an operation that must succeed, as the officer."""
        return await self.made(f"/funds/{fund}/{path}", **{"effective_on": ON, **body})

    async def refuses(self, fund: str, path: str, **body: object) -> str:
        """Do an operation that must be refused; its code."""
        answer = await self.post(f"/funds/{fund}/{path}", {"effective_on": ON, **body})
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["code"])

    async def balances(self, fund: str) -> dict[str, int]:
        """The fund's balances by account, debit minus credit, without nothing."""
        found = await self.read("/reports/trial-balance", fund=fund)
        return {item["account"]: item["balance_fen"] for item in found["items"] if item["balance_fen"]}


@pytest.fixture
async def office(ledger_client: httpx.AsyncClient, issuer: Issuer) -> Office:
    return await opened(Office(ledger_client, issuer))


async def opened(calls: Office) -> Office:
    assert (await calls.open_book()).status_code == 201
    for fund in FUNDS:
        for source, fen in (("central", 600), ("county", 400)):
            await calls.does(fund, "receipts", amount_fen=fen, source=source)
        await calls.does(fund, "allotments", amount_fen=1_000, fiscal_year=2021, authority="文1")
    return calls


BEFORE = {"1002": 1_000, "4001": -1_000, "8001": 1_000, "6001": -1_000, "allotted": 1_000, "available": -1_000}


def moved(now: dict[str, int]) -> dict[str, int]:
    """What moved since the fund got its money and budget."""
    keys = BEFORE.keys() | now.keys()
    return {key: now.get(key, 0) - BEFORE.get(key, 0) for key in sorted(keys) if now.get(key, 0) != BEFORE.get(key, 0)}


@pytest.fixture(autouse=True)
async def whole(ledger_database: Database) -> Any:
    """Whatever a test did, every maintained figure is the sum of its postings."""
    yield
    connection = await connect(ledger_database.owner_url)
    assert await broken_totals(connection) == []
    await connection.close()


GRANTS = [
    ("industry", "awards"),
    ("employment", "training-grants"),
    ("employment", "startup-supports"),
    ("employment", "welfare-wages"),
    ("education", "student-aids"),
    ("education", "early-education-grants"),
    ("safety_net", "relief-grants"),
    ("repair", "clinic-subsidies"),
    ("repair", "village-doctor-subsidies"),
]


@pytest.mark.parametrize(("fund", "path"), GRANTS)
async def test_a_grant_draws_on_the_sources_in_order_and_on_budget_or_an_encumbrance(
    office: Office, fund: str, path: str
) -> None:
    paid = await office.does(fund, path, amount_fen=700, payee_ref="p-1", purpose="测试")
    entry = await office.read(f"/journal-entries/{paid['id']}")
    cash = [(line["source"], line["amount_fen"]) for line in entry["postings"] if line["account"] == "1002"]
    assert cash == [("central", 600), ("county", 100)]
    spent = {"1002": -700, "5001": 700, "7101": 700, "8001": -700, "available": 700, "expended": -700}
    assert moved(await office.balances(fund)) == spent
    held = await office.made(
        "/encumbrances", fund=fund, fiscal_year=2021, amount_fen=200, purpose="预留", effective_on=ON
    )
    more = {"amount_fen": 150, "payee_ref": "p-2", "purpose": "测试", "encumbrance": held["id"]}
    await office.does(fund, path, **more)
    assert (await office.read(f"/encumbrances/{held['id']}"))["remaining_fen"] == 50
    assert await office.refuses(fund, path, **more) == "amount_exceeds_remaining"
    assert await office.refuses(fund, path, amount_fen=101, payee_ref="p", purpose="测试") == "insufficient_funds"
    assert await office.refuses(fund, path, amount_fen=0, payee_ref="p", purpose="测试") == "invalid_request"
    other = "health" if fund != "health" else "repair"
    assert await office.refuses(other, path, amount_fen=1, payee_ref="p", purpose="测试") == "operation_not_of_fund"
    assert await office.refuses("nofund", path, amount_fen=1, payee_ref="p", purpose="测试") == "not_found"


async def test_an_advance_is_settled_by_several_and_partly_forgiven_by_a_second_person(office: Office) -> None:
    made = await office.does(
        "health", "advances", amount_fen=900, payee_ref="hospital-1", purpose="垫付", due_on="2021-06-30"
    )
    item = made["item"]
    assert (item["remaining_fen"], item["status"], item["due_on"]) == (900, "open", "2021-06-30")
    assert moved(await office.balances("health")) == {
        "1002": -900, "1218": 900, "available": 900, "encumbered": -900,
    }  # fmt: skip
    held = item["encumbrance"]
    plain = {"amount_fen": 1, "effective_on": ON, "payee_ref": "p"}
    assert (await office.post(f"/encumbrances/{held}/liquidations", plain)).json()["code"] == "encumbrance_held"
    assert (await office.post(f"/encumbrances/{held}/release", {"effective_on": ON})).json()[
        "code"
    ] == "encumbrance_held"

    settles = {"item": item["id"], "payee_ref": "insurer-1"}
    early = {**settles, "amount_fen": 1, "payer": "household", "effective_on": "2021-03-04"}
    assert await office.refuses("health", "advance-settlements", **early) == "out_of_order"
    first = await office.does("health", "advance-settlements", **settles, amount_fen=650, payer="basic_insurance")
    assert first["item"]["remaining_fen"] == 250
    entry = await office.read(f"/journal-entries/{first['id']}")
    back = [(line["source"], line["amount_fen"]) for line in entry["postings"] if line["account"] == "1002"]
    assert back == [("central", 600), ("county", 50)]
    await office.does("health", "advance-settlements", **settles, amount_fen=50, payer="household")
    over = {**settles, "amount_fen": 201, "payer": "household"}
    assert await office.refuses("health", "advance-settlements", **over) == "amount_exceeds_remaining"
    [listed] = (await office.read("/open-items", fund="health", kind="advance", status="open"))["items"]
    assert (listed["remaining_fen"], listed["sources"][0]["source"]) == (200, "central")
    assert listed["age_days"] > 1_000
    assert listed["overdue_days"] > 1_000

    wish = {"item": item["id"], "amount_fen": 200, "purpose": "批准减免", "effective_on": ON}
    asked = await office.post("/funds/health/advance-forgivenesses", wish)
    assert asked.status_code == 202, asked.text
    done = await office.post(f"/proposals/{asked.json()['proposal']['id']}/approval", {}, who="checker")
    assert done.status_code == 201, done.text
    assert done.json()["result"]["item"]["status"] == "settled"
    assert moved(await office.balances("health")) == {
        "1002": -200, "5001": 200, "7101": 200, "8001": -200, "available": 200, "expended": -200,
    }  # fmt: skip
    assert (await office.read(f"/encumbrances/{held}"))["remaining_fen"] == 0


async def test_a_project_is_paid_in_stages_with_a_retention_released_later(office: Office) -> None:
    held = await office.made(
        "/encumbrances", fund="repair", fiscal_year=2021, amount_fen=500, purpose="水管", effective_on=ON
    )
    stage = {"amount_fen": 400, "retention_fen": 40, "payee_ref": "v-1", "purpose": "一期", "encumbrance": held["id"]}
    first = await office.does("repair", "project-stages", **stage, retention_due_on="2022-03-05")
    assert first["item"]["remaining_fen"] == 40
    assert (await office.read(f"/encumbrances/{held['id']}"))["remaining_fen"] == 100
    whole_part = {**stage, "encumbrance": None, "amount_fen": 100, "retention_fen": 0}
    second = await office.does("repair", "project-stages", **whole_part)
    assert second["item"] is None
    too_much = {**whole_part, "retention_fen": 101}
    assert await office.refuses("repair", "project-stages", **too_much) == "invalid_request"
    assert moved(await office.balances("repair")) == {
        "1002": -460, "2307": -40, "5001": 500, "7101": 460, "8001": -460,
        "available": 600, "encumbered": -140, "expended": -460,
    }  # fmt: skip
    item = first["item"]["id"]
    await office.does("repair", "retention-releases", item=item, amount_fen=25, purpose="验收")
    await office.does("repair", "retention-forfeitures", item=item, amount_fen=15, purpose="未修")
    assert (await office.read(f"/open-items/{item}"))["status"] == "settled"
    assert moved(await office.balances("repair")) == {
        "1002": -485, "5001": 485, "7101": 485, "8001": -485, "available": 585, "encumbered": -100, "expended": -485,
    }  # fmt: skip


async def test_the_insurers_pool_is_filled_drawn_topped_up_carried_and_given_back(office: Office) -> None:
    buy = {"payee_ref": "insurer-1", "purpose": "2021年防贫保"}
    pool = (await office.does("insurance", "pool-prepayments", **buy, amount_fen=300))["item"]["id"]
    await office.does("insurance", "pool-payouts", item=pool, amount_fen=200, payee_ref="c-1", purpose="claim:1")
    fee = await office.does("insurance", "pool-fees", item=pool, payouts_fen=203, fee_bp=1_500, purpose="手续费")
    # 15% of 203 fen is 30.45: 30 fen.
    assert fee["item"]["remaining_fen"] == 300 - 200 - 30
    short = {"item": pool, "amount_fen": 71, "payee_ref": "c-2", "purpose": "claim:2"}
    assert await office.refuses("insurance", "pool-payouts", **short) == "amount_exceeds_remaining"
    await office.does("insurance", "pool-top-ups", **buy, item=pool, amount_fen=100)
    back = await office.does(
        "insurance", "pool-surplus-returns", item=pool, amount_fen=50, purpose="结余", source="central"
    )
    assert back["item"]["remaining_fen"] == 120
    next_pool = await office.does("insurance", "pool-carry-forwards", **buy, item=pool, amount_fen=120)
    assert next_pool["item"]["remaining_fen"] == 120
    assert next_pool["item"]["id"] != pool
    assert (await office.read(f"/open-items/{pool}"))["status"] == "settled"
    assert moved(await office.balances("insurance")) == {
        "1002": -350, "1214": 120, "5001": 230, "7101": 350, "8001": -350, "available": 350, "expended": -350,
    }  # fmt: skip


async def test_a_reserve_is_set_aside_drawn_recovered_and_given_back(office: Office) -> None:
    made = await office.does("industry", "reserves", amount_fen=300, purpose="风险补偿", party_ref="bank-1")
    item = made["item"]["id"]
    assert moved(await office.balances("industry")) == {"available": 300, "encumbered": -300}
    await office.does("industry", "reserve-draws", item=item, amount_fen=120, payee_ref="bank-1", purpose="代偿")
    await office.does(
        "industry", "reserve-recoveries", item=item, amount_fen=20, payee_ref="h-1", purpose="收回", source="central"
    )
    released = await office.does("industry", "reserve-releases", item=item, amount_fen=200, purpose="结清")
    assert released["item"]["status"] == "settled"
    assert moved(await office.balances("industry")) == {
        "1002": -100, "5001": 100, "7101": 100, "8001": -100, "available": 100, "expended": -100,
    }  # fmt: skip


async def test_a_reserve_gets_back_no_more_than_it_paid(office: Office) -> None:
    # The fund has spent more than the reserve has: what comes back is still the reserve's.
    await office.does("industry", "awards", amount_fen=200, payee_ref="h-2", purpose="奖补", source="central")
    made = await office.does("industry", "reserves", amount_fen=300, purpose="风险补偿")
    back: Json = {"item": made["item"]["id"], "payee_ref": "h-1", "purpose": "收回", "source": "central"}
    assert await office.refuses("industry", "reserve-recoveries", **back, amount_fen=1) == "amount_exceeds_remaining"
    drawn: Json = {"item": made["item"]["id"], "payee_ref": "bank-1", "purpose": "代偿", "amount_fen": 120}
    await office.does("industry", "reserve-draws", **drawn)
    await office.does("industry", "reserve-recoveries", **back, amount_fen=100)
    assert await office.refuses("industry", "reserve-recoveries", **back, amount_fen=21) == "amount_exceeds_remaining"
    await office.does("industry", "reserve-recoveries", **back, amount_fen=20)
    assert moved(await office.balances("industry")) == {
        "1002": -200, "5001": 200, "7101": 200, "8001": -200, "available": 500, "encumbered": -300, "expended": -200,
    }  # fmt: skip


async def test_gifts_keep_their_purpose_and_tell_what_is_left(office: Office) -> None:
    gift = {"giver_ref": "giver-1", "purpose": "助学"}
    first = await office.does("education", "restricted-gifts", **gift, amount_fen=500)
    await office.does("education", "free-gifts", **gift, amount_fen=200)
    await office.does("education", "free-gifts", **gift, amount_fen=100)
    named = await office.does("education", "named-gifts", party_ref="giver-2", purpose="指定", amount_fen=90)
    await office.does("education", "allotments", amount_fen=1_000, fiscal_year=2021, authority="文2")
    pay = {"payee_ref": "s-1", "purpose": "助学金"}
    # Nothing but the gift's own operation takes the gift's money.
    await office.does("education", "student-aids", **pay, amount_fen=1_250)
    assert await office.refuses("education", "student-aids", **pay, amount_fen=51) == "insufficient_funds"
    paid = await office.does("education", "restricted-gift-payments", **pay, item=first["item"]["id"], amount_fen=450)
    entry = await office.read(f"/journal-entries/{paid['id']}")
    assert {(line["account"], line["source"]) for line in entry["postings"] if line["source"]} == {
        ("1002", "gift"), ("7101", "gift"), ("expended", "gift"),
    }  # fmt: skip
    over = {**pay, "item": first["item"]["id"], "amount_fen": 51}
    assert await office.refuses("education", "restricted-gift-payments", **over) == "amount_exceeds_remaining"
    await office.does("education", "named-gift-payments", **pay, item=named["item"]["id"], amount_fen=90)
    gifts = (await office.read("/donations", fund="education"))["items"]
    told = [(one["kind"], one["receipt_number"], one["amount_fen"], one["unspent_fen"]) for one in gifts]
    # Of 300 free fen 250 are spent: the first gift wholly, of the second 50.
    assert told == [
        ("restricted_gift", "2021-0001", 500, 50),
        ("free_gift", "2021-0002", 200, 0),
        ("free_gift", "2021-0003", 100, 50),
        ("named_gift", "2021-0004", 90, 0),
    ]


async def test_money_of_others_is_paid_only_for_them(office: Office) -> None:
    await office.made("/funds", code="repair.c01", parent="repair", name_zh="一号社区")
    await office.does("repair.c01", "overhaul-levies", party_ref="o-1", purpose="大修金", amount_fen=80)
    assert await office.balances("repair.c01") == {"1002": 80, "2901": -80}
    pay = {"payee_ref": "v-1", "purpose": "电梯"}
    assert await office.refuses("repair.c01", "overhaul-payments", **pay, amount_fen=81) == "insufficient_funds"
    await office.does("repair.c01", "overhaul-payments", **pay, amount_fen=30)
    await office.does("safety_net", "family-shares", party_ref="h-1", purpose="分担", amount_fen=40)
    fee = {"payee_ref": "home-1", "purpose": "托养费", "amount_fen": 120}
    assert await office.refuses("safety_net", "custodial-care-fees", **fee, family_share_fen=41) == "insufficient_funds"
    assert await office.refuses("safety_net", "custodial-care-fees", **fee, family_share_fen=121) == "invalid_request"
    await office.does("safety_net", "custodial-care-fees", **fee, family_share_fen=40)
    assert moved(await office.balances("safety_net")) == {
        "1002": -80, "5001": 80, "7101": 80, "8001": -80, "available": 80, "expended": -80,
    }  # fmt: skip


async def test_subsidies_are_recognised_then_paid_and_grants_paid_back(office: Office) -> None:
    due = await office.does("industry", "subsidy-recognitions", amount_fen=200, payee_ref="h-1", purpose="直补")
    assert moved(await office.balances("industry")) == {"2303": -200, "5001": 200}
    pay = {"item": due["item"]["id"], "payee_ref": "h-1", "purpose": "直补"}
    paid = await office.does("industry", "subsidy-payments", **pay, amount_fen=200)
    assert paid["item"]["status"] == "settled"
    back = {"payee_ref": "h-1", "purpose": "退回", "source": "central", "amount_fen": 50}
    await office.does("industry", "grant-repayments", **back, fiscal_year=2021)
    assert moved(await office.balances("industry")) == {
        "1002": -150, "5001": 150, "7101": 150, "8001": -150, "available": 150, "expended": -150,
    }  # fmt: skip
    await office.does("industry", "grant-repayments", **back, fiscal_year=2020)
    after = moved(await office.balances("industry"))
    assert (after["3001"], after["8101"], after["available"]) == (-50, -50, 150)


async def wages(count: int, **changes: object) -> list[Json]:
    return [
        {
            "operation": "welfare_wage",
            "fund": "employment",
            "idempotency_key": f"2021-03/post-{number:04d}",
            "amount_fen": 60_000,
            "payee_ref": f"post-{number:04d}",
            "purpose": "2021年3月公益岗位工资",
            "effective_on": ON,
        }
        | changes
        for number in range(1, count + 1)
    ]


async def test_1104_posts_are_paid_in_one_call_item_by_item_or_all_or_nothing(office: Office) -> None:
    entries = await wages(1_104)
    refused = (await office.made("/operations/batch", atomic=True, entries=entries))["results"]
    assert [one["status"] for one in refused] == ["refused"] + ["not_attempted"] * 1_103
    total = 1_104 * 60_000
    await office.does("employment", "receipts", amount_fen=total - 1_000, source="county")
    await office.does("employment", "allotments", amount_fen=total - 1_000, fiscal_year=2021, authority="文2")
    fresh = [{**one, "idempotency_key": f"{one['idempotency_key']}/2"} for one in entries]
    wrong = [*fresh[:-1], {**fresh[-1], "payee_ref": ""}]
    spoilt = (await office.made("/operations/batch", atomic=True, entries=wrong))["results"]
    assert [one["status"] for one in spoilt] == ["not_attempted"] * 1_103 + ["refused"]
    assert spoilt[-1]["problem"]["code"] == "invalid_request"
    some = (await office.made("/operations/batch", atomic=False, entries=wrong))["results"]
    assert [one["status"] for one in some] == ["posted"] * 1_103 + ["refused"]
    again = (await office.made("/operations/batch", atomic=False, entries=fresh))["results"]
    assert [one["status"] for one in again] == ["replayed"] * 1_103 + ["posted"]
    funds = (await office.read("/funds", fiscal_year=2021))["items"]
    figures = next(one for one in funds if one["code"] == "employment")
    assert (figures["expended_fen"], figures["cash_fen"], figures["available_fen"]) == (total, 0, 0)


async def test_an_item_of_a_batch_is_the_same_request_as_its_own_call(office: Office) -> None:
    [item] = await wages(1, amount_fen=60)
    [first] = (await office.made("/operations/batch", entries=[item]))["results"]
    alone = {name: value for name, value in item.items() if name not in {"operation", "fund", "idempotency_key"}}
    answer = await office.post("/funds/employment/welfare-wages", alone, key=str(item["idempotency_key"]))
    assert (answer.status_code, answer.headers["Idempotent-Replayed"]) == (201, "true")
    assert answer.json() == first["posted"]
    changed = await office.post(
        "/funds/employment/welfare-wages", alone | {"amount_fen": 61}, key=str(item["idempotency_key"])
    )
    assert changed.json()["code"] == "idempotency_key_reused"
    [unknown] = (await office.made("/operations/batch", entries=[{**item, "operation": "nothing"}]))["results"]
    assert (unknown["problem"]["code"], unknown["problem"]["field"]) == ("invalid_request", "operation")


async def test_what_a_fund_did_is_taken_back_by_a_red_entry(office: Office) -> None:
    back = {"effective_on": ON, "reason": "录入错误"}
    for fund, path in GRANTS:
        paid = await office.does(fund, path, amount_fen=70, payee_ref="p-1", purpose="测试")
        wrong_place = await office.post(f"/funds/{fund}/advances/{paid['id']}/reversal", back)
        assert (wrong_place.status_code, wrong_place.json()["field"]) == (404, "entry")
        await office.made(f"/funds/{fund}/{path}/{paid['id']}/reversal", **back)
        assert moved(await office.balances(fund)) == {}
        again = await office.post(f"/funds/{fund}/{path}/{paid['id']}/reversal", back)
        assert again.json()["code"] == "already_reversed"
        nowhere = await office.post(f"/funds/{fund}/nothing/{paid['id']}/reversal", back)
        assert (nowhere.status_code, nowhere.json()["field"]) == (422, "operation")


async def test_a_red_entry_gives_an_open_item_back_what_still_stands(office: Office) -> None:
    back = {"effective_on": ON, "reason": "录入错误"}
    pool = await office.does("insurance", "pool-prepayments", amount_fen=500, payee_ref="insurer-1", purpose="防贫保")
    item = {"item": pool["item"]["id"], "payee_ref": "claim-1", "purpose": "赔付"}
    wrong = await office.does("insurance", "pool-payouts", **item, amount_fen=200)
    # While a payout stands on it the prepayment is not taken back whole.
    whole = await office.post(f"/funds/insurance/pool-prepayments/{pool['id']}/reversal", back)
    assert whole.json()["code"] == "amount_exceeds_remaining"
    await office.made(f"/funds/insurance/pool-payouts/{wrong['id']}/reversal", **back)
    assert (await office.read(f"/open-items/{pool['item']['id']}"))["remaining_fen"] == 500
    await office.made(f"/funds/insurance/pool-prepayments/{pool['id']}/reversal", **back)
    assert (await office.read(f"/open-items/{pool['item']['id']}"))["status"] == "settled"
    assert moved(await office.balances("insurance")) == {}

    gift = await office.does("education", "restricted-gifts", giver_ref="giver-1", purpose="助学", amount_fen=300)
    given = {"item": gift["item"]["id"], "payee_ref": "student-1", "purpose": "助学"}
    spent = await office.does("education", "restricted-gift-payments", **given, amount_fen=100)
    refused = await office.post(f"/funds/education/restricted-gifts/{gift['id']}/reversal", back)
    assert refused.status_code == 409
    await office.made(f"/funds/education/restricted-gift-payments/{spent['id']}/reversal", **back)
    await office.made(f"/funds/education/restricted-gifts/{gift['id']}/reversal", **back)
    assert moved(await office.balances("education")) == {}


async def test_what_moved_an_encumbrance_has_its_own_way_back(office: Office) -> None:
    back = {"effective_on": ON, "reason": "录入错误"}
    made = await office.does("health", "advances", amount_fen=90, payee_ref="hospital-1", purpose="垫付")
    refused = await office.post(f"/funds/health/advances/{made['id']}/reversal", back)
    assert (refused.status_code, refused.json()["code"]) == (409, "typed_operation_entry")


INVENTED = """
operations:
  - operation: road_upkeep
    path: road-upkeeps
    funds: [repair]
    title_zh: 村道养护
    title_en: Upkeep of a village road, with a guarantee kept back
    fields:
      amount_fen: {type: fen, zh: 总额, en: The whole}
      guarantee_bp: {type: bp, zh: 保证金比例, en: The share kept back}
      payee_ref: {type: party, zh: 收款方, en: Who is paid}
      purpose: {type: text, zh: 用途, en: What for}
    detail: purpose
    payee: payee_ref
    amounts: {guarantee: what is kept back, cost: the whole}
    takes:
      guarantee: {share: {of: amount_fen, bp: guarantee_bp}}
      cost: {field: amount_fen}
    opens: {kind: guarantee, account: "2307", side: credit, amount: guarantee, party: payee_ref}
    lines:
      - {basis: financial, side: debit, account: "1214", amount: guarantee, mark: assumed}
      - {basis: financial, side: credit, account: "2307", amount: guarantee, item: new, mark: assumed}
      - {basis: control, side: debit, account: available, amount: cost, year: budget, mark: assumed}
      - {basis: control, side: credit, account: expended, amount: cost, year: budget, mark: assumed}
    example: {amount_fen: 1000, guarantee_bp: 500, payee_ref: v-1, purpose: 养护, effective_on: "2026-05-01"}
"""


async def test_an_invented_kind_of_operation_needs_a_template_and_no_code(
    clients: ClientFactory, ledger_settings: dict[str, str], issuer: Issuer, tmp_path: Path
) -> None:
    (tmp_path / "county.yaml").write_text(INVENTED, encoding="utf-8")
    settings = ledger_settings | {"LEDGER_EXTRA_OPERATIONS": str(tmp_path)}
    async with clients("ledger", settings) as client:
        office = await opened(Office(client, issuer))
        body = {"amount_fen": 300, "guarantee_bp": 500, "payee_ref": "v-1", "purpose": "养护"}
        made = await office.does("repair", "road-upkeeps", **body)
        assert (made["entry"]["kind"], made["item"]["kind"], made["item"]["remaining_fen"]) == (
            "road_upkeep",
            "guarantee",
            15,
        )
        assert moved(await office.balances("repair")) == {"1214": 15, "2307": -15, "available": 300, "expended": -300}
        assert await office.refuses("health", "road-upkeeps", **body) == "operation_not_of_fund"
        assert await office.refuses("repair", "road-upkeeps", **body, surprise=1) == "invalid_request"
        assert await office.refuses("repair", "road-upkeeps", **{**body, "amount_fen": 701}) == "insufficient_funds"
        batch = [
            {"operation": "road_upkeep", "fund": "repair", "idempotency_key": f"r-{n}", "effective_on": ON, **body}
            for n in (1, 2)
        ]
        results = (await office.made("/operations/batch", entries=batch))["results"]
        assert [one["status"] for one in results] == ["posted", "posted"]
        listed = [one["operation"] for one in (await office.read("/operations"))["items"]]
        assert listed[-1] == "road_upkeep"
        rules = {"rules": [{"kind": "road_upkeep", "fund": "repair", "from_fen": 0}]}
        assert (await office.post("/approval-rules", rules, who="admin")).status_code == 201
        small = {**body, "amount_fen": 20, "effective_on": ON}
        asked = await office.post("/funds/repair/road-upkeeps", small)
        assert asked.status_code == 202
        done = await office.post(f"/proposals/{asked.json()['proposal']['id']}/approval", {}, who="checker")
        assert done.status_code == 201, done.text
        assert (await office.read("/chain/verification"))["verified"] is True
        document = (await client.get("/openapi.json")).json()
        assert "/v1/books/{book}/funds/{fund}/road-upkeeps" in document["paths"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("    path: road-upkeeps", "    path: payments"),
        (
            "amount: cost, year: budget, mark: assumed}\n    example",
            "amount: guarantee, year: budget, mark: assumed}\n    example",
        ),
        ("      cost: {field: amount_fen}", "      cost: {field: nothing}"),
        ("title_zh: 村道养护", "title_zh: 村道养护\n    surprise: 1"),
    ],
)
async def test_a_template_that_does_not_fit_keeps_the_service_from_starting(
    clients: ClientFactory, ledger_settings: dict[str, str], tmp_path: Path, change: str, says: str
) -> None:
    text = INVENTED.replace(change, says)
    assert text != INVENTED
    (tmp_path / "county.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"road_upkeep|surprise|balance"):
        async with clients("ledger", ledger_settings | {"LEDGER_EXTRA_OPERATIONS": str(tmp_path)}):
            raise AssertionError("the service started")
