"""An insurer's pool pays what is in it and no more; what was wrongly paid comes back once, to where it came from."""

import asyncio

import httpx
import pytest

from tests.integration.claims_payouts.conftest import Post
from tests.support.county import County, return_body

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("api_reaches_the_ledger")]


async def operations(county: County, claim_id: str) -> list[tuple[str, str]]:
    money = (await county.get("claims", f"/claims/{claim_id}", "county"))["money"]
    return [(one["operation"], one["status"]) for one in money["operations"]]


async def recover(county: County, claim_id: str, fen: int, *, on: str = "2021-07-20") -> dict[str, object]:
    body = {"amount_fen": fen, "received_on": on, "reason": "重复申报，农户退回"}
    made = await county.post("claims", f"/claims/{claim_id}/recoveries", body, "payer")
    path = f"/claims/{claim_id}/recoveries/{made['id']}/decision"
    same = await county.try_post("claims", path, {}, "payer")
    assert (same.status_code, same.json()["code"]) == (409, "same_person")
    return await county.post("claims", path, {}, "payer/payer-2")


async def paid(county: County, post: Post, *benefits: int) -> list[str]:
    claims = [await county.approved_claim(benefit) for benefit in benefits]
    await post.until_idle()
    await county.bank_return(await county.approved_batch(), "success")
    await post.until_idle()
    assert {await county.status(claim_id) for claim_id in claims} == {"paid"}
    return claims


async def test_an_insurers_pool_pays_its_claims_and_the_budget_does_not(county: County, post: Post) -> None:
    await county.found(pool_fen=60_000)
    (claim_id,) = await paid(county, post, 40_000)
    assert await operations(county, claim_id) == [("pool_reserve", "done"), ("pool_payout", "done")]
    fund = await county.insurance()
    # Only the prepayment moved the county's money; the payout moved the insurer's.
    assert (fund["expended_fen"], fund["encumbered_fen"], await county.pool_fen()) == (60_000, 0, 20_000)
    short = await county.approved_claim(20_001)
    fits = await county.approved_claim(20_000)
    await post.until_idle()
    assert (await county.status(short), await county.status(fits)) == ("awaiting_funds", "encumbered")
    trail = (await county.get("claims", f"/claims/{short}", "county"))["money"]["operations"]
    assert (trail[0]["refusal_code"], "20000" in trail[0]["refusal_detail"]) == ("pool_insufficient", True)
    policy = (await county.get("claims", "/policies", "county"))["items"][0]
    shown = await county.get("claims", f"/policies/{policy['id']}/pool", "auditor")
    assert (shown["remaining_fen"], shown["reserved_fen"], shown["free_fen"]) == (20_000, 20_000, 0)
    assert (await post.reconcile(county.book)).matched


async def test_claims_that_race_for_a_pool_are_never_promised_more_than_is_in_it(county: County, post: Post) -> None:
    await county.found(pool_fen=25_000)
    claims = [await county.approved_claim(10_000) for _ in range(5)]
    # All five look at the pool before any of them is judged.
    await post.until_idle()
    states = [await county.status(claim_id) for claim_id in claims]
    assert sorted(states) == ["awaiting_funds"] * 3 + ["encumbered"] * 2


async def test_a_credit_the_insurers_bank_gives_back_fills_the_pool_and_is_paid_again(
    county: County, post: Post
) -> None:
    await county.found(pool_fen=50_000)
    (claim_id,) = await paid(county, post, 50_000)
    batch = (await county.get("claims", "/payout-batches", "auditor"))["items"][0]
    items = (await county.get("claims", f"/payout-batches/{batch['id']}", "auditor"))["items"]
    await county.post(
        "claims", f"/payout-batches/{batch['id']}/bank-return", return_body(items, "failure", "2021-07-08"), "payer"
    )
    await post.until_idle()
    assert (await county.status(claim_id), await county.pool_fen()) == ("payment_returned", 50_000)
    other = await county.approved_claim(1)
    await post.until_idle()
    # The money that came back is still this household's.
    assert await county.status(other) == "awaiting_funds"
    await county.bank_return(await county.approved_batch(), "success", on="2021-07-12")
    await post.until_idle()
    assert (await county.status(claim_id), await county.pool_fen()) == ("paid", 0)
    assert (await post.reconcile(county.book)).matched


async def test_money_the_ledger_took_back_without_our_knowing_is_still_its_claims(county: County, post: Post) -> None:
    await county.found(pool_fen=50_000)
    (claim_id,) = await paid(county, post, 50_000)
    batch = (await county.get("claims", "/payout-batches", "auditor"))["items"][0]
    items = (await county.get("claims", f"/payout-batches/{batch['id']}", "auditor"))["items"]
    await county.post(
        "claims", f"/payout-batches/{batch['id']}/bank-return", return_body(items, "failure", "2021-07-08"), "payer"
    )

    async def lose_the_answer(request: httpx.Request) -> httpx.Response:
        answer = await post.line.pass_on(request)
        if request.method == "POST":
            message = "the answer is lost"
            raise httpx.ReadTimeout(message, request=request)
        return answer

    post.line.fault = lose_the_answer
    await post.round()
    other = await county.approved_claim(1)
    await post.round()
    # The pool holds the money again, and the return is not confirmed: nobody else may be promised it.
    assert (await county.pool_fen(), await county.status(other)) == (50_000, "approved")
    post.line.fault = None
    await post.until_idle()
    assert (await county.status(claim_id), await county.status(other)) == ("payment_returned", "awaiting_funds")


async def test_a_batch_is_paid_by_one_hand(county: County, post: Post) -> None:
    await county.found()
    own = await county.approved_claim(1_000)
    await post.until_idle()
    figures = {"pool_fen": 9_000, "fee_bp": 1_500, "surplus_rule": "carried_forward"}
    body = {
        "year": 2021,
        "insurer": "示例保险公司二",
        "name": "2021年第二方案",
        "funding": "insurer_pool",
        **figures,
        "sources": dict.fromkeys(figures, "assumed"),
    }
    second = await county.try_post("claims", "/policies", body, "county")
    batch = await county.post("claims", "/payout-batches", {}, "payer")
    assert ([item["claim_id"] for item in batch["items"]], batch["policy_id"]) == ([own], None)
    if second.is_success:
        item = await county.prepay(9_000)
        await county.name_pool(second.json()["id"], item)
        again = await county.try_post(
            "claims", f"/policies/{second.json()['id']}/pool", {"open_item_id": item}, "county"
        )
        assert (again.status_code, again.json()["code"]) == (409, "pool_named")


async def test_of_two_who_name_a_pool_at_once_one_does(county: County) -> None:
    await county.found()
    figures = {"pool_fen": 9_000, "fee_bp": 1_500, "surplus_rule": "carried_forward"}
    body = {"year": 2022, "insurer": "示例保险公司", "name": "2022年方案", "funding": "insurer_pool"}
    body |= {**figures, "sources": dict.fromkeys(figures, "assumed")}
    policy = await county.post("claims", "/policies", body, "county")
    path, named = f"/policies/{policy['id']}/pool", {"open_item_id": await county.prepay(9_000)}
    answers = await asyncio.gather(*(county.try_post("claims", path, named, "county") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert {answer.json().get("code", "named") for answer in answers} == {"named", "pool_named"}


async def test_a_wrong_payment_comes_back_in_parts_and_never_more_than_was_paid(county: County, post: Post) -> None:
    await county.found()
    (claim_id,) = await paid(county, post, 50_000)
    before = await county.insurance()
    first = await recover(county, claim_id, 20_000)
    assert (first["status"], first["parts"]) == ("booking", [{"source": "county", "amount_fen": 20_000}])
    await post.until_idle()
    fund = await county.insurance()
    assert (fund["cash_fen"] - before["cash_fen"], before["expended_fen"] - fund["expended_fen"]) == (20_000, 20_000)
    body = {"amount_fen": 30_001, "received_on": "2021-07-21", "reason": "多付"}
    over = await county.try_post("claims", f"/claims/{claim_id}/recoveries", body, "payer")
    assert (over.status_code, over.json()["code"], over.json()["open_fen"]) == (409, "recovery_exceeds_paid", 30_000)
    early = body | {"amount_fen": 1, "received_on": "2021-07-01"}
    refused = await county.try_post("claims", f"/claims/{claim_id}/recoveries", early, "payer")
    assert (refused.status_code, refused.json()["field"]) == (422, "received_on")
    await recover(county, claim_id, 30_000, on="2021-07-22")
    await post.until_idle()
    money = (await county.get("claims", f"/claims/{claim_id}", "county"))["money"]
    assert [one["status"] for one in money["recoveries"]] == ["booked", "booked"]
    assert (await county.insurance())["expended_fen"] == 0
    summary = await county.get("claims", "/reports/summary", "county")
    # Nobody keeps anything of it: it reached no household.
    assert (summary["households_paid"], summary["amount_paid_fen"]) == (0, 0)
    assert (await post.reconcile(county.book)).matched


async def test_two_recoveries_at_once_never_take_back_more_than_was_paid(county: County, post: Post) -> None:
    await county.found()
    (claim_id,) = await paid(county, post, 1_000)
    body = {"amount_fen": 600, "received_on": "2021-07-20", "reason": "多付"}
    answers = await asyncio.gather(
        *(county.try_post("claims", f"/claims/{claim_id}/recoveries", body, "payer") for _ in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]


async def test_a_recovery_from_a_pool_goes_back_into_the_pool(county: County, post: Post) -> None:
    await county.found(pool_fen=50_000)
    (claim_id,) = await paid(county, post, 50_000)
    await recover(county, claim_id, 12_345)
    await post.until_idle()
    assert await county.pool_fen() == 12_345
    assert [one[0] for one in await operations(county, claim_id)] == ["pool_reserve", "pool_payout", "pool_recover"]
    other = await county.approved_claim(12_345)
    await post.until_idle()
    assert await county.status(other) == "encumbered"
    assert (await post.reconcile(county.book)).matched


async def test_an_unpaid_claim_has_nothing_to_recover(county: County, post: Post) -> None:
    await county.found()
    claim_id = await county.approved_claim(1_000)
    await post.until_idle()
    body = {"amount_fen": 1, "received_on": "2021-07-20", "reason": "多付"}
    answer = await county.try_post("claims", f"/claims/{claim_id}/recoveries", body, "payer")
    assert (answer.status_code, answer.json()["code"]) == (409, "claim_not_paid")
