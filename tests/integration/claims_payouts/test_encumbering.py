"""An approved claim's money is reserved exactly once, whatever happens to the line; a refusal waits for an explicit retry."""

import asyncio

import httpx
import pytest

from claims.worker import Worker
from tests.integration.claims_payouts.conftest import Post
from tests.support.county import County

pytestmark = pytest.mark.anyio


async def test_an_approved_claim_is_encumbered_with_its_entry_on_record(county: County, post: Post) -> None:
    await county.found()
    claim_id = await county.approved_claim(50_000)
    assert await county.status(claim_id) == "approved"
    assert await post.until_idle() == 1
    claim = await county.get("claims", f"/claims/{claim_id}", "county")
    assert claim["status"] == "encumbered"
    (operation,) = claim["money"]["operations"]
    entry = await county.get("ledger", f"/journal-entries/{operation['entry_id']}", "auditor")
    assert (entry["seq"], entry["hash"]) == (operation["seq"], operation["hash"])
    assert entry["effective_on"] == "2021-06-20"
    assert (entry["prepared_by"], entry["reviewed_by"]) == ("town-1", "county-1")
    found = await county.get("ledger", "/encumbrances", "auditor", reference=f"claim:{claim_id}")
    assert [(one["id"], one["amount_fen"], one["fiscal_year"]) for one in found["items"]] == [
        (claim["money"]["encumbrance_id"], 50_000, 2021)
    ]
    assert (await county.insurance())["encumbered_fen"] == 50_000


async def test_while_the_ledger_is_away_claims_are_approved_and_nothing_is_lost(county: County, post: Post) -> None:
    await county.found()

    async def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    post.line.fault = away
    claims = [await county.approved_claim(10_000 + number) for number in range(3)]
    for _ in range(3):
        await post.round()
    assert {await county.status(claim_id) for claim_id in claims} == {"approved"}
    assert post.worker.finished == 0
    post.line.fault = None
    await post.until_idle()
    assert post.worker.finished == len(claims)
    assert {await county.status(claim_id) for claim_id in claims} == {"encumbered"}
    assert (await county.insurance())["encumbered_fen"] == 30_003
    assert (await post.reconcile(county.book)).matched


@pytest.mark.parametrize("failure", ["timeout", "server_error", "garbage"])
async def test_an_answer_lost_after_the_commit_is_asked_for_again_under_the_same_key(
    county: County, post: Post, failure: str
) -> None:
    await county.found()
    claim_id = await county.approved_claim(20_000)

    async def lose(request: httpx.Request) -> httpx.Response:
        answer = await post.line.pass_on(request)
        assert answer.status_code == 201
        if failure == "timeout":
            raise httpx.ReadTimeout("lost")
        return httpx.Response(502) if failure == "server_error" else httpx.Response(201, content=b"{")

    post.line.fault = lose
    await post.round()
    assert await county.status(claim_id) == "approved"
    post.line.fault = None
    await post.until_idle()
    assert await county.status(claim_id) == "encumbered"
    assert post.line.calls == [f"claim:{claim_id}:encumber:1"] * 2
    assert (await county.insurance())["encumbered_fen"] == 20_000


async def test_a_refusal_waits_for_a_recorded_retry_which_is_a_new_attempt(county: County, post: Post) -> None:
    await county.found(allotted_fen=0)
    claim_id = await county.approved_claim(30_000)
    await post.until_idle()
    claim = await county.get("claims", f"/claims/{claim_id}", "county")
    assert claim["status"] == "awaiting_funds"
    assert claim["money"]["operations"][0]["refusal_code"] == "insufficient_funds"
    await county.allot(50_000)
    assert await post.until_idle() == 0
    body = {"step": "funding_retry", "outcome": "passed", "note": "指标已下达", "done_on": "2021-06-25"}
    await county.post("claims", f"/claims/{claim_id}/steps", body, "county")
    await post.until_idle()
    assert await county.status(claim_id) == "encumbered"
    assert post.line.calls == [f"claim:{claim_id}:encumber:1", f"claim:{claim_id}:encumber:2"]
    assert (await county.insurance())["encumbered_fen"] == 30_000


async def test_several_workers_share_the_work_and_each_wish_has_one_effect(county: County, post: Post) -> None:
    await county.found()
    claims = [await county.approved_claim(1_000 + number) for number in range(6)]
    others = [Worker(post.worker.engine, post.worker.client, post.worker.settings) for _ in range(3)]
    worked = await asyncio.gather(*(worker.one_round() for worker in [post.worker, *others]))
    assert sum(worked) == 6
    assert len(post.line.calls) == len(set(post.line.calls)) == 6
    assert {await county.status(claim_id) for claim_id in claims} == {"encumbered"}
    assert (await county.insurance())["encumbered_fen"] == sum(1_000 + number for number in range(6))


async def test_a_lease_that_ran_out_lets_another_worker_finish_and_the_late_one_changes_nothing(
    county: County, post: Post
) -> None:
    await county.found()
    claim_id = await county.approved_claim(40_000)
    held, may_go = asyncio.Event(), asyncio.Event()

    async def hold(request: httpx.Request) -> httpx.Response:
        answer = await post.line.pass_on(request)
        held.set()
        await may_go.wait()
        return answer

    post.line.fault = hold
    late = asyncio.create_task(post.worker.one_round())
    await held.wait()
    post.line.fault = None
    assert await post.worker.one_round() == 0
    async with post.worker.engine.begin() as conn:
        await conn.exec_driver_sql("UPDATE ledger_operation SET lease_until = now() - interval '1 second'")
    assert await post.worker.one_round() == 1
    may_go.set()
    await late
    # The late one found its wish finished and left without a fault.
    assert post.worker.finished == 2
    claim = await county.get("claims", f"/claims/{claim_id}", "county")
    assert claim["status"] == "encumbered"
    assert [line["event"] for line in claim["history"]].count("encumbered") == 1
    assert (await county.insurance())["encumbered_fen"] == 40_000


async def test_an_entry_into_a_closed_month_is_refused_and_waits(county: County, post: Post) -> None:
    await county.found()
    claim_id = await county.approved_claim(5_000)
    for month in range(1, 7):
        await county.post("ledger", f"/periods/2021-{month:02d}/close", {}, "officer")
    await post.until_idle()
    claim = await county.get("claims", f"/claims/{claim_id}", "county")
    assert (claim["status"], claim["money"]["operations"][0]["refusal_code"]) == ("awaiting_funds", "period_closed")
