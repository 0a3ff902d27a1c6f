"""Reconciliation names every difference between the two services, to the fen and both ways, and waits for what is under way."""

import httpx
import pytest

from tests.integration.claims_payouts.conftest import Post
from tests.support.county import County

pytestmark = pytest.mark.anyio


async def kinds(post: Post, county: County) -> list[tuple[str, int, int]]:
    compared = await post.reconcile(county.book)
    assert compared.matched is (not compared.differences)
    return [(one.kind, one.claims_fen, one.ledger_fen) for one in compared.differences]


async def test_a_wish_not_yet_confirmed_is_in_flight_on_either_side_of_the_ledgers_commit(
    county: County, post: Post
) -> None:
    await county.found()
    await county.approved_claim(5_000)
    assert await kinds(post, county) == [("in_flight", 5_000, 0)]

    async def lose(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            await post.line.pass_on(request)
            raise httpx.ReadTimeout("lost")
        return await post.line.pass_on(request)

    post.line.fault = lose
    await post.round()
    assert await kinds(post, county) == [("in_flight", 0, 0)]
    post.line.fault = None
    await post.until_idle()
    assert await kinds(post, county) == []


async def test_what_the_ledger_did_by_itself_is_named(county: County, post: Post) -> None:
    await county.found()
    claim_id = await county.approved_claim(5_000)
    other = await county.approved_claim(7_000)
    await post.until_idle()
    stray = {
        "fund": "insurance",
        "fiscal_year": 2021,
        "amount_fen": 900,
        "purpose": "手工冻结",
        "effective_on": "2021-06-21",
    }
    await county.post("ledger", "/encumbrances", stray, "officer")
    assert await kinds(post, county) == [("unknown_to_claims", 0, 900)]
    await county.post("ledger", "/encumbrances", stray | {"reference": f"claim:{claim_id}"}, "officer")
    money = (await county.get("claims", f"/claims/{other}", "county"))["money"]
    release = {"effective_on": "2021-06-22", "reason": "手工解冻"}
    await county.post("ledger", f"/encumbrances/{money['encumbrance_id']}/release", release, "officer")
    assert sorted(await kinds(post, county)) == [
        ("duplicate_in_ledger", 0, 900),
        ("released_in_ledger", 0, 7_000),
        ("unknown_to_claims", 0, 900),
    ]


async def test_a_payment_somebody_made_in_the_ledger_by_hand_is_named(county: County, post: Post) -> None:
    await county.found()
    claim_id = await county.approved_claim(5_000)
    await post.until_idle()
    money = (await county.get("claims", f"/claims/{claim_id}", "county"))["money"]
    body = {"amount_fen": 1, "effective_on": "2021-06-22", "payee_ref": "somebody"}
    await county.post("ledger", f"/encumbrances/{money['encumbrance_id']}/liquidations", body, "officer")
    assert await kinds(post, county) == [("liquidated_differs", 0, 1)]


async def test_other_funds_are_not_the_insurances_business(county: County, post: Post) -> None:
    await county.found()
    for path, body in (
        ("receipts", {"amount_fen": 900, "source": "county", "effective_on": "2021-01-10"}),
        ("allotments", {"amount_fen": 900, "fiscal_year": 2021, "effective_on": "2021-01-12", "authority": "测试"}),
    ):
        await county.post("ledger", f"/funds/repair/{path}", body, "officer")
    stray = {
        "fund": "repair",
        "fiscal_year": 2021,
        "amount_fen": 900,
        "purpose": "维修",
        "effective_on": "2021-06-21",
        "reference": "claim:01957c6e-1111-7c3e-9b1d-2f4a6c8e0b12",
    }
    await county.post("ledger", "/encumbrances", stray, "officer")
    assert await kinds(post, county) == []


async def test_without_the_ledger_the_answer_is_unavailable_with_a_time_to_come_back(county: County) -> None:
    answer = await county.try_get("claims", "/reconciliation", "auditor")
    assert (answer.status_code, answer.json()["code"]) == (503, "ledger_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.usefixtures("api_reaches_the_ledger")
async def test_a_reservation_released_in_the_ledger_is_made_anew_and_the_claim_is_paid(
    county: County, post: Post
) -> None:
    await county.found()
    claim_id = await county.approved_claim(5_000)
    await post.until_idle()
    mend = {"claim_id": claim_id, "act": "reserve_again", "reason": "冻结资金被误解冻"}
    early = await county.try_post("claims", "/reconciliation/mends", mend, "payer")
    assert (early.status_code, early.json()["code"]) == (409, "nothing_to_mend")
    money = (await county.get("claims", f"/claims/{claim_id}", "county"))["money"]
    release = {"effective_on": "2021-06-22", "reason": "手工解冻"}
    await county.post("ledger", f"/encumbrances/{money['encumbrance_id']}/release", release, "officer")
    [found] = (await post.reconcile(county.book)).differences
    assert (found.kind, found.mend.path, found.mend.body) == (
        "released_in_ledger",
        "/reconciliation/mends",
        {"claim_id": claim_id, "act": "reserve_again", "reason": "…"},
    )
    await county.post("claims", "/reconciliation/mends", mend, "payer")
    assert await county.status(claim_id) == "approved"
    await post.until_idle()
    assert (await county.status(claim_id), await kinds(post, county)) == ("encumbered", [])
    await county.bank_return(await county.approved_batch(), "success")
    await post.until_idle()
    assert (await county.status(claim_id), await kinds(post, county)) == ("paid", [])
    assert [one[0] for one in (await county.insurance()).items() if one == ("expended_fen", 5_000)] == ["expended_fen"]


@pytest.mark.usefixtures("api_reaches_the_ledger")
async def test_a_reservation_renewed_for_a_batch_moves_out_of_a_closed_month_and_holds_the_batch_until_then(
    county: County, post: Post
) -> None:
    await county.found()
    claim_id = await county.approved_claim(5_000)
    await post.until_idle()
    batch = await county.post("claims", "/payout-batches", {}, "payer")
    money = (await county.get("claims", f"/claims/{claim_id}", "county"))["money"]
    release = {"effective_on": "2021-06-22", "reason": "手工解冻"}
    await county.post("ledger", f"/encumbrances/{money['encumbrance_id']}/release", release, "officer")
    mend = {"claim_id": claim_id, "act": "reserve_again", "reason": "冻结资金被误解冻"}
    await county.post("claims", "/reconciliation/mends", mend, "payer")
    for outcome in ("approved", "refused"):
        path = f"/payout-batches/{batch['id']}/approval"
        waits = await county.try_post("claims", path, {"outcome": outcome}, "payer/payer-2")
        assert (waits.status_code, waits.json()["code"]) == (409, "reservation_pending")
    for month in range(1, 9):
        await county.post("ledger", f"/periods/2021-{month:02d}/close", {}, "officer")
    await post.until_idle()
    batch = await county.post("claims", f"/payout-batches/{batch['id']}/approval", {}, "payer/payer-2")
    await county.bank_return(batch, "success")
    await post.until_idle()
    trail = (await county.get("claims", f"/claims/{claim_id}", "county"))["money"]["operations"]
    assert [(one["operation"], one["status"], one["effective_on"]) for one in trail] == [
        ("encumber", "done", "2021-06-20"),
        ("encumber", "refused", "2021-06-20"),
        ("encumber", "done", "2021-09-01"),
        ("liquidate", "done", "2021-09-01"),
    ]
    assert (await county.status(claim_id), await kinds(post, county)) == ("paid", [])


@pytest.mark.usefixtures("api_reaches_the_ledger")
async def test_what_is_not_confirmed_is_asked_again_at_once_on_request(county: County, post: Post) -> None:
    await county.found()
    claim_id = await county.approved_claim(5_000)
    mend = {"claim_id": claim_id, "act": "ask_again", "reason": "账务系统已恢复"}
    made = await county.post("claims", "/reconciliation/mends", mend, "payer")
    assert made["operations"] == 1
    await post.until_idle()
    idle = await county.try_post("claims", "/reconciliation/mends", mend, "payer")
    assert (idle.status_code, idle.json()["code"]) == (409, "nothing_to_mend")
