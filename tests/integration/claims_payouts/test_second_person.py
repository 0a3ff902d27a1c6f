"""The ledger asks for a second person everywhere: what claims were checked and approved needs none there, and a proposal is no receipt."""

from __future__ import annotations

import httpx
import orjson
import pytest

from tests.integration.claims_payouts.conftest import Post
from tests.support.county import County

pytestmark = pytest.mark.anyio

SERVICE = "service:claims"
EVERYTHING = {"rules": [{"kind": "*", "fund": "*", "from_fen": 0}]}


@pytest.fixture
async def strict(county: County) -> County:
    """A county whose ledger wants two people for everything."""
    await county.found()
    await county.post("ledger", "/approval-rules", EVERYTHING, "admin")
    return county


async def people(county: County, claim_id: str) -> dict[str, tuple[str, str, str]]:
    """The three names on the voucher of each of the claim's operations."""
    claim = await county.get("claims", f"/claims/{claim_id}", "county")
    found = {}
    for one in claim["money"]["operations"]:
        entry = await county.get("ledger", f"/journal-entries/{one['entry_id']}", "auditor")
        found[one["operation"]] = (entry["prepared_by"], entry["reviewed_by"], entry["posted_by"])
    return found


async def test_a_payout_brings_its_two_people_and_needs_no_third(strict: County, post: Post) -> None:
    claim_id = await strict.approved_claim(50_000)
    await post.until_idle()
    assert await strict.status(claim_id) == "encumbered"
    batch = await strict.approved_batch()
    await strict.bank_return(batch, "success")
    await post.until_idle()
    assert await strict.status(claim_id) == "paid"
    # The credit comes back later: the return has two people as well.
    await strict.bank_return(batch, "failure", on="2021-07-09")
    await post.until_idle()
    assert await strict.status(claim_id) == "payment_returned"
    assert await people(strict, claim_id) == {
        "encumber": ("town-1", "county-1", SERVICE),
        "liquidate": ("payer-1", "payer-2", SERVICE),
        "return": ("payer-1", "payer-2", SERVICE),
    }
    assert (await strict.get("ledger", "/proposals", "checker"))["items"] == []
    assert (await post.reconcile(strict.book)).matched
    # An officer's own payment of the same kind waits.
    body = {"fund": "insurance", "fiscal_year": 2021, "amount_fen": 1, "purpose": "测试", "effective_on": "2021-07-09"}
    assert (await strict.try_post("ledger", "/encumbrances", body, "officer")).status_code == 202


async def test_a_call_without_a_reviewer_waits_and_is_not_taken_for_done(strict: County, post: Post) -> None:
    claim_id = await strict.approved_claim(50_000)

    async def forgetful(request: httpx.Request) -> httpx.Response:
        said = orjson.loads(request.content)
        if request.method == "POST":
            del said["reviewed_by"]
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        return await post.line.pass_on(httpx.Request(request.method, request.url, headers=headers, json=said))

    post.line.fault = forgetful
    for _ in range(3):
        await post.round()
    assert post.worker.finished == 0
    claim = await strict.get("claims", f"/claims/{claim_id}", "county")
    (operation,) = claim["money"]["operations"]
    assert (claim["status"], operation["status"], operation["tries"]) == ("approved", "pending", 3)
    assert operation["entry_id"] is None
    # One proposal, however often it was sent; it moved nothing, and neither who prepared nor who sent it approves it.
    [proposal] = (await strict.get("ledger", "/proposals", "checker", status="waiting"))["items"]
    assert (proposal["prepared_by"], proposal["sent_by"]) == ("town-1", SERVICE)
    assert (await strict.insurance())["encumbered_fen"] == 0
    for person in ("town-1", SERVICE):
        answer = await strict.try_post("ledger", f"/proposals/{proposal['id']}/approval", {}, f"checker/{person}")
        assert (answer.status_code, answer.json()["code"]) == (409, "same_person")
