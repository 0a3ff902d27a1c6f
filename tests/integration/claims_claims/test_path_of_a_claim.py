"""A claim from the report to the wish for its money, and every way it can leave that path."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.claims.rules import Event
from claims.claims.store import set_status
from claims.payouts.tables import ledger_operation
from common.dates import today_in_shanghai
from tests.support.claims_office import BOOK, Json, Office, terms

pytestmark = pytest.mark.anyio
CAUSES = ["industry_failure", "serious_illness", "schooling", "natural_disaster", "accident"]


async def refuse_funds(service: AsyncEngine, claim: Json) -> None:
    """Let the ledger refuse the wish, as the worker records it."""
    async with service.begin() as conn:
        await conn.execute(
            sa.update(ledger_operation)
            .where(ledger_operation.c.book == BOOK, ledger_operation.c.status == "pending")
            .values(status="refused", refusal_code="insufficient_funds", finished_at=sa.func.now())
        )
        day = today_in_shanghai()
        await set_status(
            conn, BOOK, claim["id"], Event.AWAITING_FUNDS, by_person="service:claims", done_on=day, reference="no_money"
        )


async def test_a_claim_is_filed_checked_and_approved_and_asks_for_its_money(office: Office, owner: AsyncEngine) -> None:
    await office.programme()
    family = await office.family()
    claim = await office.filed(family)
    assert (claim["number"], claim["status"], claim["waiting_for"]) == ("610923-2021-000001", "reported", "town")
    assert (claim["outcome"], claim["benefit_fen"]) == ("eligible", 1_100_000)

    checked = await office.step(claim, "town_check", "town", note="入户核实", done_on="2021-06-15")
    assert checked.json()["claim"]["status"] == "under_review"
    assert checked.json()["claim"]["waiting_for"] == "county"
    approved = await office.step(claim, "county_approval", "county", done_on="2021-06-20")
    assert approved.status_code == 201, approved.text
    assert approved.json()["claim"]["status"] == "approved"

    found = await office.read(f"/claims/{claim['id']}")
    assert [(line["event"], line["by_person"], line["done_on"]) for line in found["history"]] == [
        ("filed", "intake-1", "2021-06-10"),
        ("town_passed", "town-1", "2021-06-15"),
        ("county_passed", "county-1", "2021-06-20"),
    ]
    assert found["history"][1]["note"] == "入户核实"
    assert (found["waiting_for"], found["next_steps"]) == ("ledger", [])
    assert [(one["operation"], one["status"]) for one in found["money"]["operations"]] == [("encumber", "pending")]
    decision = await office.read(f"/claims/{claim['id']}/decision")
    assert (decision["version"], decision["occasion"], decision["final"]) == (2, "approval", True)
    async with owner.connect() as conn:
        wish = (await conn.execute(sa.select(ledger_operation))).mappings().one()
    assert wish["key"] == f"claim:{claim['id']}:encumber:1"
    assert (wish["amount_fen"], wish["fiscal_year"]) == (1_100_000, 2021)
    assert wish["effective_on"].isoformat() == "2021-06-20"
    assert (wish["prepared_by"], wish["reviewed_by"]) == ("town-1", "county-1")


async def test_claims_of_all_five_causes_go_the_path(office: Office) -> None:
    await office.programme(*(terms(cause) for cause in CAUSES))
    for cause in CAUSES:
        await office.approved(await office.family(), cause=cause)
    listed = await office.read("/claims", status="approved")
    assert [item["cause"] for item in listed["items"]] == CAUSES
    assert {item["benefit_fen"] for item in listed["items"]} == {1_100_000}


async def test_a_claim_sent_back_is_completed_decided_again_and_checked_again(office: Office) -> None:
    await office.programme()
    family = await office.family()
    claim = await office.checked(family)
    back = await office.step(claim, "county_approval", "county", "sent_back", note="缺结算单")
    assert (back.json()["claim"]["status"], back.json()["claim"]["waiting_for"]) == ("sent_back", "intake")

    loss = [{"kind": "medical_bill", "amount_fen": 6_500_000, "document_number": "JS-2021-0009"}]
    completed = await office.step(claim, "completion", "intake", None, loss=loss)
    assert completed.status_code == 201, completed.text
    after = completed.json()["claim"]
    assert (after["status"], after["benefit_fen"], after["decision_version"]) == ("reported", 2_400_000, 2)
    assert (await office.read(f"/claims/{claim['id']}/decision"))["occasion"] == "completion"
    earlier = await office.read(f"/claims/{claim['id']}/decision", version=1)
    assert (earlier["occasion"], earlier["benefit_fen"]) == ("intake", 1_100_000)

    assert (await office.step(claim, "county_approval", "county")).json()["code"] == "out_of_order"
    assert (await office.step(claim, "town_check", "town")).status_code == 201
    assert (await office.step(claim, "county_approval", "county")).status_code == 201
    found = await office.read(f"/claims/{claim['id']}")
    assert [line["event"] for line in found["history"]] == [
        "filed",
        "town_passed",
        "county_sent_back",
        "completed",
        "town_passed",
        "county_passed",
    ]
    assert found["loss"] == [{**loss[0], "document_number": "******0009", "settlement_number": None}]
    # What others paid was not corrected, so it stands.
    assert found["other_payments"] == [{"payer": "medical_insurance", "amount_fen": 3_200_000}]


async def test_a_completion_may_not_state_less_loss_than_others_paid(office: Office) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    await office.step(claim, "town_check", "town", "sent_back", note="金额不符")
    loss = [{"kind": "medical_bill", "amount_fen": 3_199_999}]
    refused = await office.step(claim, "completion", "intake", loss=loss)
    assert (refused.status_code, refused.json()["code"]) == (409, "loss_below_other_payments")
    assert (await office.read(f"/claims/{claim['id']}"))["status"] == "sent_back"


@pytest.mark.parametrize(("step", "who"), [("town_check", "town"), ("county_approval", "county")])
async def test_a_refusal_ends_the_claim_and_needs_its_reason(office: Office, step: str, who: str) -> None:
    await office.programme()
    family = await office.family()
    claim = await (office.filed(family) if who == "town" else office.checked(family))
    silent = await office.step(claim, step, who, "refused")
    assert (silent.status_code, silent.json()["field"]) == (422, "note")
    assert (await office.step(claim, step, who, "refused", note="不属于保障范围")).status_code == 201
    found = await office.read(f"/claims/{claim['id']}")
    assert (found["status"], found["waiting_for"], found["next_steps"]) == ("refused", None, [])
    assert found["history"][-1]["note"] == "不属于保障范围"
    assert found["money"]["operations"] == []


async def test_a_claim_is_withdrawn_until_its_money_is_asked_for(office: Office) -> None:
    await office.programme()
    for before in ([], ["town_check"]):
        claim = await office.filed(await office.family())
        for step in before:
            await office.step(claim, step, "town")
        withdrawn = await office.step(claim, "withdrawal", "intake", None)
        assert withdrawn.json()["claim"]["status"] == "withdrawn"
    approved = await office.approved(await office.family())
    refused = await office.step(approved, "withdrawal", "intake", None)
    assert (refused.status_code, refused.json()["code"]) == (409, "out_of_order")


async def test_after_a_refusal_of_funds_the_county_asks_again_as_a_new_attempt(
    office: Office, service: AsyncEngine
) -> None:
    await office.programme()
    claim = await office.approved(await office.family())
    early = await office.step(claim, "funding_retry", "county", None)
    assert (early.status_code, early.json()["code"]) == (409, "out_of_order")
    await refuse_funds(service, claim)
    assert (await office.read(f"/claims/{claim['id']}"))["waiting_for"] == "county"

    day = today_in_shanghai().isoformat()
    again = await office.step(claim, "funding_retry", "county", None, sub="county-2", done_on=day)
    assert again.status_code == 201, again.text
    found = await office.read(f"/claims/{claim['id']}")
    assert found["status"] == "approved"
    attempts = [(one["operation"], one["attempt"], one["status"]) for one in found["money"]["operations"]]
    assert attempts == [("encumber", 1, "refused"), ("encumber", 2, "pending")]
    assert [line["event"] for line in found["history"]][-2:] == ["awaiting_funds", "funding_retried"]
    assert found["history"][-2]["reference"] == "no_money"


async def test_a_claim_without_funds_may_be_withdrawn(office: Office, service: AsyncEngine) -> None:
    await office.programme()
    claim = await office.approved(await office.family())
    await refuse_funds(service, claim)
    day = today_in_shanghai().isoformat()
    assert (await office.step(claim, "withdrawal", "intake", None, done_on=day)).status_code == 201


STEPS_BY_WHO = {
    "town_check": "town",
    "county_approval": "county",
    "completion": "intake",
    "withdrawal": "intake",
    "funding_retry": "county",
}
ALLOWED = {
    "reported": {"town_check", "withdrawal"},
    "under_review": {"county_approval", "withdrawal"},
    "sent_back": {"completion", "withdrawal"},
    "approved": set(),
    "refused": set(),
    "withdrawn": set(),
}


@pytest.mark.parametrize("status", ALLOWED)
async def test_a_step_out_of_order_is_refused_and_says_what_comes_next(office: Office, status: str) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    for step, outcome in {
        "reported": [],
        "under_review": [("town_check", "passed")],
        "sent_back": [("town_check", "sent_back")],
        "approved": [("town_check", "passed"), ("county_approval", "passed")],
        "refused": [("town_check", "refused")],
        "withdrawn": [("withdrawal", "passed")],
    }[status]:
        answer = await office.step(claim, step, STEPS_BY_WHO[step], outcome, note="说明")
        assert answer.status_code == 201, answer.text
    before = await office.read(f"/claims/{claim['id']}")
    assert (before["status"], set(before["next_steps"])) == (status, ALLOWED[status])
    for step, who in STEPS_BY_WHO.items():
        if step not in ALLOWED[status]:
            refused = await office.step(claim, step, who)
            assert (refused.status_code, refused.json()["code"]) == (409, "out_of_order"), step
            assert set(refused.json()["expected"]) == ALLOWED[status]
    assert await office.read(f"/claims/{claim['id']}") == before


async def test_filing_town_check_and_approval_lie_with_three_people(office: Office) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    own = await office.step(claim, "town_check", "town", sub="intake-1")
    assert (own.status_code, own.json()["code"], own.json()["duty"]) == (409, "same_person", "filing")
    assert (await office.step(claim, "town_check", "town", sub="wang")).status_code == 201
    for person in ("intake-1", "wang"):
        refused = await office.step(claim, "county_approval", "county", sub=person)
        assert (refused.status_code, refused.json()["code"]) == (409, "same_person")
    await office.step(claim, "county_approval", "county", "sent_back", sub="zhao", note="缺材料")
    # Who reviewed may not complete what is reviewed again; the same reviewers may review again.
    assert (await office.step(claim, "completion", "intake", None, sub="zhao")).json()["code"] == "same_person"
    assert (await office.step(claim, "completion", "intake", None, sub="intake-2")).status_code == 201
    assert (await office.step(claim, "town_check", "town", sub="intake-2")).json()["code"] == "same_person"
    assert (await office.step(claim, "town_check", "town", sub="wang")).status_code == 201
    assert (await office.step(claim, "county_approval", "county", sub="zhao")).status_code == 201


async def test_a_step_is_not_dated_in_the_future_before_the_event_or_before_the_step_before(office: Office) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    future = await office.step(claim, "town_check", "town", done_on="2199-01-01")
    assert (future.status_code, future.json()["field"]) == (422, "done_on")
    for day in ("2021-05-31", "2021-06-09"):
        early = await office.step(claim, "town_check", "town", done_on=day)
        assert (early.status_code, early.json()["code"], early.json()["not_before"]) == (
            409,
            "out_of_order",
            "2021-06-10",
        )
    assert (await office.step(claim, "town_check", "town", done_on="2021-06-10")).status_code == 201
    today = await office.post(f"/claims/{claim['id']}/steps", {"step": "withdrawal"}, "intake")
    assert today.json()["done_on"] == today_in_shanghai().isoformat()


MISFORMED: list[tuple[Json, str]] = [
    ({"step": "town_check"}, "outcome"),
    ({"step": "town_check", "outcome": "approved"}, "outcome"),
    ({"step": "home_visit", "outcome": "passed"}, "step"),
    ({"step": "completion", "outcome": "refused", "note": "x"}, "outcome"),
    ({"step": "town_check", "outcome": "passed", "loss": [{"kind": "a", "amount_fen": 1}]}, "loss"),
    ({"step": "town_check", "outcome": "passed", "other_payments": []}, "other_payments"),
    ({"step": "town_check", "outcome": "passed", "reviewed_checks": ["same_event"], "note": "x"}, "reviewed_checks"),
    ({"step": "town_check", "outcome": "passed", "reviewed_checks": ["cap"], "note": "x"}, "reviewed_checks"),
    ({"step": "town_check", "outcome": "passed", "done_on": 20210701}, "done_on"),
    ({"step": "town_check", "outcome": "passed", "done_on": "2021-02-30"}, "done_on"),
    ({"step": "town_check", "outcome": "passed", "amount_fen": 1}, "amount_fen"),
    ({"step": "town_check", "outcome": "passed", "note": "a\u0000b"}, "note"),
    ({"step": "completion", "loss": []}, "loss"),
    ({"step": "town_check", "outcome": "sent_back"}, "note"),
]


async def test_a_badly_formed_step_is_refused_and_changes_nothing(office: Office) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    for body, field in MISFORMED:
        who = "intake" if body["step"] == "completion" else "town"
        refused = await office.post(f"/claims/{claim['id']}/steps", body, who)
        assert refused.status_code in {400, 422}, (body, refused.text)
        assert refused.json()["code"] in {"invalid_request", "malformed_body"}
        if refused.status_code == 422:
            assert refused.json()["field"].startswith(field), body
    found = await office.read(f"/claims/{claim['id']}")
    assert (found["status"], len(found["history"])) == ("reported", 1)


async def test_a_settled_check_needs_its_reason(office: Office) -> None:
    await office.programme()
    claim = await office.checked(await office.family())
    refused = await office.step(claim, "county_approval", "county", reviewed_checks=["same_event"])
    assert (refused.status_code, refused.json()["field"]) == (422, "note")


async def test_a_note_may_not_carry_personal_numbers(office: Office) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    refused = await office.step(claim, "town_check", "town", note="联系电话 13800138000")
    assert (refused.status_code, refused.json()["code"]) == (422, "personal_data_in_text")


async def test_a_step_is_taken_by_who_may(office: Office) -> None:
    await office.programme()
    for step, may in STEPS_BY_WHO.items():
        for who in ("intake", "village", "town", "county", "auditor", "payer", "admin"):
            claim = await office.filed(await office.family())
            outcome = "passed" if step in {"town_check", "county_approval"} else None
            answer = await office.step(claim, step, who, outcome)
            if who == may:
                assert answer.status_code in {201, 409}
            else:
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (step, who)


async def test_a_repeated_step_has_one_effect(office: Office) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    body = {"step": "town_check", "outcome": "passed", "done_on": "2021-07-01"}
    first = await office.post(f"/claims/{claim['id']}/steps", body, "town", key="once")
    again = await office.post(f"/claims/{claim['id']}/steps", body, "town", key="once")
    assert (again.status_code, again.json(), again.headers["Idempotent-Replayed"]) == (201, first.json(), "true")
    assert len((await office.read(f"/claims/{claim['id']}"))["history"]) == 2
    other = await office.post(f"/claims/{claim['id']}/steps", {**body, "note": "x"}, "town", key="once")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
