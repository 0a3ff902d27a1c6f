"""Decisions where they meet the database: what-if, approval under lock, caps, duplicates, terms that change, recomputation."""

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.claims.store import update_claim
from claims.eligibility.model import Decision, Inputs
from claims.eligibility.rules import RULES, decide
from common.database import sqlstate
from common.errors import Problem
from tests.support.claims_office import BOOK, Json, Office, household, id_number, row_counts, terms

pytestmark = pytest.mark.anyio


def outcomes(decision: Json) -> dict[str, str]:
    return {check["code"]: check["outcome"] for check in decision["checks"]}


async def refused_approval(office: Office, claim: Json, **other: Any) -> Json:
    answer = await office.step(claim, "county_approval", "county", **other)
    assert answer.status_code == 409, answer.text
    found: Json = answer.json()
    return found


async def settled_approval(office: Office, claim: Json, *checks: str) -> httpx.Response:
    return await office.step(
        claim, "county_approval", "county", reviewed_checks=list(checks), note="经查为不同的住院，分别理赔"
    )


async def test_a_what_if_is_the_decision_a_claim_gets_and_stores_nothing(office: Office, owner: AsyncEngine) -> None:
    await office.programme()
    family = await office.family()
    body = office.claim(family)
    async with owner.connect() as conn:
        before = await row_counts(conn)
    asked = await office.post("/eligibility-checks", body, "village", key="ignored")
    assert asked.status_code == 200, asked.text
    without_key = await office.client.post(
        f"/v1/books/{office.book}/eligibility-checks", json=body, headers=office.headers("intake")
    )
    assert without_key.json() == asked.json()
    async with owner.connect() as conn:
        assert await row_counts(conn) == before
    claim = await office.made("/claims", body, "intake")
    stored = await office.read(f"/claims/{claim['id']}/decision")
    own = {"version", "occasion", "final", "decided_at", "decided_by"}
    assert {key: value for key, value in stored.items() if key not in own} == asked.json()


async def test_a_what_if_lists_every_reason_also_those_a_filing_refuses_outright(office: Office) -> None:
    await office.programme()
    family, other = await office.family(annual_income_fen=99_999_999), await office.family()
    change = {
        "claimant_member_id": other["members"][0]["id"],
        "event_on": "2199-01-01",
        "reported_on": "2198-01-01",
        "other_payments": [{"payer": "x", "amount_fen": 9_000_000}],
    }
    asked = (await office.post("/eligibility-checks", {**office.claim(family), **change}, "intake")).json()
    assert asked["outcome"] == "refused"
    failing = {code for code, outcome in outcomes(asked).items() if outcome == "fail"}
    assert failing == {"policy_in_force", "terms_in_force", "dates", "claimant_is_member"}
    in_year = {**change, "event_on": "2021-06-01", "reported_on": "2022-06-01"}
    asked = (await office.post("/eligibility-checks", {**office.claim(family), **in_year}, "intake")).json()
    failing = {code for code, outcome in outcomes(asked).items() if outcome == "fail"}
    assert failing == {"claimant_is_member", "covered_group", "reporting_period", "prior_payers", "deductible"}
    assert asked["computation"][-1]["amount_fen"] == asked["benefit_fen"] == 0


async def test_a_what_if_needs_a_household_and_the_scope(office: Office) -> None:
    await office.programme()
    body = office.claim(await office.family())
    missing = {**body, "household_id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"}
    assert (await office.post("/eligibility-checks", missing, "intake")).status_code == 404
    assert (await office.post("/eligibility-checks", body, "officer")).status_code == 403
    assert (await office.post("/eligibility-checks", {**body, "cause": "bad_luck"}, "intake")).status_code == 422


async def test_a_decision_speaks_the_reader_s_language_and_shows_both(office: Office) -> None:
    await office.programme()
    claim = await office.filed(await office.family())
    english = await office.read(f"/claims/{claim['id']}/decision")
    chinese = (await office.get(f"/claims/{claim['id']}/decision", language="zh-CN")).json()
    for one, other in zip(english["checks"], chinese["checks"], strict=True):
        assert (one["reason"], other["reason"]) == (one["reason_en"], one["reason_zh"])
    assert [(step["step"], step["amount_fen"]) for step in english["computation"]] == [
        ("loss", 5_000_000),
        ("other_payments", 3_200_000),
        ("net_loss", 1_800_000),
        ("deductible", 300_000),
        ("excess", 1_500_000),
        ("tier_1", 700_000),
        ("tier_2", 400_000),
        ("tiers_total", 1_100_000),
        ("cap_remaining", 10_000_000),
        ("benefit", 1_100_000),
    ]
    assert chinese["computation"][-1]["explanation"] == english["computation"][-1]["explanation_zh"]
    assert {check["code"]: check["source"] for check in english["checks"]}["deductible"] == "Qingdao 2022"
    assert (await office.get(f"/claims/{claim['id']}/decision", version=2)).status_code == 404
    assert (await office.get("/claims/0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0/decision")).status_code == 404


async def test_an_ineligible_claim_cannot_be_approved_and_every_reason_is_given(office: Office) -> None:
    await office.programme()
    family = await office.family(annual_income_fen=99_999_999)
    claim = await office.checked(family, loss=[{"kind": "medical_bill", "amount_fen": 3_300_000}])
    refused = await refused_approval(office, claim)
    assert (refused["code"], refused["reasons"]) == ("not_eligible", ["covered_group", "deductible"])
    assert {error["code"] for error in refused["errors"]} == {"covered_group", "deductible"}
    found = await office.read(f"/claims/{claim['id']}")
    assert (found["status"], found["money"]["operations"]) == ("under_review", [])


async def test_an_approval_decides_by_what_the_register_says_then(office: Office) -> None:
    await office.programme()
    family = await office.family()
    claim = await office.checked(family)
    headers = office.headers("intake") | {"If-Match": f'"{family["version"]}"'}
    raised = await office.client.patch(
        f"/v1/books/{office.book}/households/{family['id']}",
        json={"annual_income_fen": 99_999_999, "income_year": 2021},
        headers=headers,
    )
    assert raised.status_code == 200, raised.text
    refused = await refused_approval(office, claim)
    assert refused["reasons"] == ["covered_group"]
    # The decision of the intake stands as it was stored.
    assert (await office.read(f"/claims/{claim['id']}/decision"))["outcome"] == "eligible"


async def test_without_an_income_line_nothing_is_approved(office: Office) -> None:
    await office.programme(terms(valid_from="2022-01-01"), year=2022)
    family = await office.family()
    claim = await office.filed(family, event_on="2022-06-01", reported_on="2022-06-02")
    assert claim["outcome"] == "needs_review"
    assert (await office.step(claim, "town_check", "town", done_on="2022-07-01")).status_code == 201
    refused = await refused_approval(office, claim, done_on="2022-07-01")
    assert (refused["code"], refused["year"]) == ("income_line_missing", 2022)
    line = {"year": 2022, "amount_fen": 650_000, "source": "assumed for this test"}
    await office.made("/income-lines", line, "county")
    assert (await office.step(claim, "county_approval", "county", done_on="2022-07-01")).status_code == 201


async def test_a_check_that_needs_review_is_settled_in_writing_by_the_county(office: Office) -> None:
    await office.programme()
    family = await office.family(income_year=2019)
    claim = await office.checked(family)
    refused = await refused_approval(office, claim)
    assert (refused["code"], refused["reasons"]) == ("review_needed", ["covered_group"])
    settled = await office.step(
        claim, "county_approval", "county", reviewed_checks=["covered_group"], note="入户核实2021年收入低于监测线"
    )
    assert settled.status_code == 201, settled.text
    decision = await office.read(f"/claims/{claim['id']}/decision")
    assert (decision["outcome"], outcomes(decision)["covered_group"]) == ("eligible", "pass")
    check = next(check for check in decision["checks"] if check["code"] == "covered_group")
    assert check["inputs"]["settled_by_reviewer"] is True


async def test_the_same_event_is_noticed_and_yields_to_the_claim_filed_first(office: Office) -> None:
    await office.programme()
    family = await office.family()
    first, second = await office.checked(family), await office.checked(family)
    assert (first["outcome"], second["outcome"]) == ("eligible", "needs_review")
    assert (await office.step(first, "county_approval", "county")).status_code == 201
    refused = await refused_approval(office, second)
    assert (refused["code"], refused["reasons"]) == ("review_needed", ["same_event"])
    assert first["number"] in refused["errors"][0]["detail"]


async def test_a_document_claimed_before_stops_the_later_claim_until_the_first_is_given_up(office: Office) -> None:
    await office.programme()
    loss = [{"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": "INV-2021-77"}]
    first = await office.checked(await office.family(), loss=loss)
    again = [{**loss[0], "document_number": "inv 2021 77"}]
    second = await office.checked(await office.family(), loss=again)
    decision = await office.read(f"/claims/{second['id']}/decision")
    assert outcomes(decision)["duplicate_document"] == "fail"
    assert (await refused_approval(office, second))["reasons"] == ["duplicate_document"]
    # The later claim does not stop the earlier one.
    assert outcomes(await office.read(f"/claims/{first['id']}/decision"))["duplicate_document"] == "pass"
    assert (await office.step(first, "withdrawal", "intake", None)).status_code == 201
    assert (await office.step(second, "county_approval", "county")).status_code == 201


async def test_of_two_claims_with_one_document_only_one_is_ever_approved(office: Office) -> None:
    await office.programme()
    loss = [{"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": "INV-1"}]
    claims: list[Json] = []
    for _ in range(4):
        claims.append(
            await office.filed(await office.family(), loss=[{**loss[0], "document_number": f"own-{len(claims)}"}])
        )
    # All four are corrected to one document: each then stands beside three others.
    for claim in claims:
        await office.step(claim, "town_check", "town", "sent_back", note="票据号有误")
        assert (await office.step(claim, "completion", "intake", loss=loss)).status_code == 201
        await office.step(claim, "town_check", "town")
    answers = await asyncio.gather(*(office.step(claim, "county_approval", "county") for claim in reversed(claims)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_claims_racing_for_one_household_cap_never_exceed_it(office: Office) -> None:
    await office.programme(terms(base="household", cap_fen=2_500_000))
    family = await office.family(4)
    claims = [
        await office.checked(family, member=index, event_on=f"2021-06-0{index + 1}", reported_on="2021-06-10")
        for index in range(4)
    ]
    answers = await asyncio.gather(*(office.step(claim, "county_approval", "county") for claim in claims))
    approved = [answer.json()["claim"]["benefit_fen"] for answer in answers if answer.status_code == 201]
    assert sorted(approved) == [300_000, 1_100_000, 1_100_000]
    stopped = [answer.json() for answer in answers if answer.status_code != 201]
    assert [(one["code"], one["reasons"]) for one in stopped] == [("not_eligible", ["cap"])]


CAPS: dict[str, Any] = {"household_cap_fen": 2_500_000, "household_year_cap_fen": 2_900_000, "claim_cap_fen": 1_000_000}


async def test_claims_of_two_causes_racing_for_caps_of_person_household_and_year_never_exceed_one(
    office: Office,
) -> None:
    capped = terms(cap_fen=1_100_000, **CAPS)
    capped["sources"] |= dict.fromkeys(CAPS, "assumed")
    await office.programme(capped, {**capped, "cause": "accident"})
    family = await office.family(3)
    claims = [
        await office.checked(family, member=member, cause=cause)
        for cause in ("serious_illness", "accident")
        for member in range(3)
    ]
    answers = await asyncio.gather(*(office.step(claim, "county_approval", "county") for claim in claims))
    approved = [answer.json()["claim"] for answer in answers if answer.status_code == 201]
    assert sum(claim["benefit_fen"] for claim in approved) == 2_900_000
    for cause in ("serious_illness", "accident"):
        assert sum(claim["benefit_fen"] for claim in approved if claim["cause"] == cause) <= 2_500_000
    assert {answer.json()["code"] for answer in answers if answer.status_code != 201} == {"not_eligible"}
    last = min(approved, key=lambda claim: claim["benefit_fen"])
    decision = await office.read(f"/claims/{last['id']}/decision")
    inputs = next(check["inputs"] for check in decision["checks"] if check["code"] == "cap")
    assert (inputs["limited_by"], inputs["household_year_cap_remaining_fen"]) == (
        ("household_year_cap_fen", 900_000) if last["benefit_fen"] == 900_000 else (inputs["limited_by"], 400_000)
    )


async def test_the_database_itself_lets_no_claim_beyond_a_cap(office: Office, service: AsyncEngine) -> None:
    await office.programme(terms(base="household", cap_fen=1_100_000))
    family = await office.family(2)
    await office.approved(family)
    second = await office.checked(family, member=1, event_on="2021-06-02")
    forged = (
        "WITH decided AS (INSERT INTO claim_decision (book, claim_id, version, occasion, details_version, rule_version,"
        " outcome, benefit_fen, terms_id, terms_version, inputs_cipher, content_cipher, final, at, by_person)"
        " SELECT c.book, c.id, 2, 'approval', 1, 2, 'eligible', 1, t.id, t.version, 'x', 'x', true, now(), 'x'"
        " FROM claim c JOIN terms t ON t.book = c.book WHERE c.number = :number)"
        " INSERT INTO claim_event (book, claim_id, position, event, step, step_outcome, duty, status_before, status_after,"
        " by_person, done_on, at) SELECT book, id, 3, 'county_passed', 'county_approval', 'passed', 'county_approval',"
        " 'under_review', 'approved', 'x', '2021-07-01', now()"
        " FROM claim WHERE number = :number"
    )
    approve = (
        "UPDATE claim SET status = 'approved', event_count = 3, decision_version = 2, outcome = 'eligible', benefit_fen = 1,"
        " approved_by = 'x', approved_on = '2021-07-01', funding_attempt = 1 WHERE number = :number"
    )
    async with service.connect() as conn:
        await conn.execute(sa.text(forged), {"number": second["number"]})
        with pytest.raises(DBAPIError) as refused:
            await conn.execute(sa.text(approve), {"number": second["number"]})
        assert sqlstate(refused.value) == "FP130"
        await conn.rollback()
        await conn.execute(sa.text(forged), {"number": second["number"]})
        standing = {
            "status": "approved",
            "event_count": 3,
            "decision_version": 2,
            "outcome": "eligible",
            "benefit_fen": 1,
        }
        approval = {"approved_by": "x", "approved_on": dt.date(2021, 7, 1), "funding_attempt": 1}
        with pytest.raises(Problem) as answered:
            await update_claim(conn, BOOK, UUID(second["id"]), **standing, **approval)
    assert (answered.value.status, answered.value.code) == (409, "cap_exceeded")


async def test_a_settlement_claimed_before_stops_the_later_claim_however_it_was_entered(office: Office) -> None:
    await office.programme()
    loss = [{"kind": "medical_bill", "amount_fen": 5_000_000, "settlement_number": "SET-2021-3"}]
    first = await office.checked(await office.family(), loss=loss)
    as_invoice = [{"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": "set 2021 3"}]
    second = await office.checked(await office.family(), loss=as_invoice)
    assert (await refused_approval(office, second))["reasons"] == ["duplicate_document"]
    shown = await office.read(f"/claims/{first['id']}")
    assert shown["loss"][0]["settlement_number"].startswith("*")
    assert "2021-3" not in str(shown)


async def test_an_earlier_claim_still_open_is_noticed_and_settled_in_writing(office: Office) -> None:
    await office.programme()
    family = await office.family()
    first = await office.checked(family)
    second = await office.checked(family, event_on="2021-06-02")
    refused = await refused_approval(office, second)
    assert (refused["code"], refused["reasons"]) == ("review_needed", ["open_claim"])
    assert (await office.step(first, "county_approval", "county")).status_code == 201
    assert (await office.step(second, "county_approval", "county")).status_code == 201


GRADES = [{"grade": grade, "amount_fen": (11 - grade) * 1_000_000} for grade in range(10, 0, -1)]


async def test_what_is_stated_of_an_accident_decides_it_and_a_completion_corrects_it(office: Office) -> None:
    by_grade = terms(
        "accident",
        deductible_fen=0,
        tiers=[],
        grades=GRADES,
        third_party="excluded",
        exclusions=[{"code": "drunk_driving", "text_zh": "酒后驾驶", "text_en": "drunk driving", "source": "assumed"}],
    )
    del by_grade["sources"]["tiers"]
    by_grade["sources"] |= {"grades": "Qingdao 2022", "third_party": "Qingdao 2022"}
    await office.programme(by_grade)
    stated: dict[str, Any] = {
        "cause": "accident",
        "disability_grade": 8,
        "circumstances": ["drunk_driving"],
        "other_payments": [],
    }
    claim = await office.checked(await office.family(), **stated)
    decision = await office.read(f"/claims/{claim['id']}/decision")
    assert (outcomes(decision)["exclusions"], outcomes(decision)["liable_third_party"]) == ("fail", "needs_review")
    assert "酒后驾驶" in next(check["reason_zh"] for check in decision["checks"] if check["code"] == "exclusions")
    assert (await office.step(claim, "county_approval", "county", "sent_back", note="情形有误")).status_code == 201
    corrected: dict[str, Any] = {"circumstances": [], "disability_grade": 7, "liable_third_party": False}
    assert (await office.step(claim, "completion", "intake", None, **corrected)).status_code == 201
    assert (await office.step(claim, "town_check", "town")).status_code == 201
    assert (await office.step(claim, "county_approval", "county")).status_code == 201
    shown = await office.read(f"/claims/{claim['id']}")
    assert (shown["benefit_fen"], {name: shown[name] for name in corrected}) == (4_000_000, corrected)
    misplaced = await office.step(claim, "county_approval", "county", disability_grade=1)
    assert (misplaced.status_code, misplaced.json()["field"]) == (422, "disability_grade")


async def gone(office: Office, left_on: str, reason: str) -> Json:
    """A household whose second member left it."""
    family = await office.family(annual_income_fen=500_000)
    change = {"members": {"remove": [{"id": family["members"][1]["id"], "left_on": left_on, "reason": reason}]}}
    headers = office.headers("intake") | {"If-Match": f'"{family["version"]}"'}
    path = f"/v1/books/{office.book}/households/{family['id']}"
    changed = await office.client.patch(path, json=change, headers=headers)
    assert changed.status_code == 200, changed.text
    return family


async def test_the_claimant_s_state_on_the_day_of_the_event_decides_whether_a_claim_is_taken(office: Office) -> None:
    await office.programme()
    for left_on, reason, code in (
        ("2021-05-31", "died", "died_before_event"),
        ("2021-05-31", "moved_away", "left_before_event"),
        ("2021-06-30", "recorded_in_error", "not_a_member"),
    ):
        refused = await office.post("/claims", office.claim(await gone(office, left_on, reason), 1), "intake")
        assert (refused.status_code, refused.json()["field"]) == (422, "claimant_member_id"), refused.text
        assert refused.json()["errors"][0]["code"] == code
    assert (await office.filed(await gone(office, "2021-06-30", "moved_away"), 1))["outcome"] == "eligible"
    # Who died of it was covered: the county says in writing who receives the money.
    died = await office.checked(await gone(office, "2021-06-01", "died"), 1)
    assert (await refused_approval(office, died))["reasons"] == ["claimant_is_member"]
    settled = await settled_approval(office, died, "claimant_is_member")
    assert settled.status_code == 201, settled.text


async def test_one_person_in_two_households_has_one_cap(office: Office) -> None:
    await office.programme(terms(cap_fen=2_000_000))
    homes = []
    for number in range(3):
        made = await office.made("/households", household(7, 20 + number), "intake")
        homes.append(await office.read(f"/households/{made['id']}"))
    claims = [
        await office.checked(home, event_on=f"2021-06-0{index + 1}", reported_on="2021-06-10")
        for index, home in enumerate(homes)
    ]
    answers = await asyncio.gather(*(settled_approval(office, claim, "open_claim") for claim in claims))
    approved = [answer.json()["claim"]["benefit_fen"] for answer in answers if answer.status_code == 201]
    assert sorted(approved) == [900_000, 1_100_000]


async def corrected_number(office: Office, home: Json, order: int, member: int = 0) -> None:
    """Correct a member's ID number in the register."""
    home = await office.read(f"/households/{home['id']}")
    path = f"/v1/books/{office.book}/households/{home['id']}"
    change = {"members": {"change": [{"id": home["members"][member]["id"], "id_number": id_number(order)}]}}
    headers = office.headers("intake") | {"If-Match": f'"{home["version"]}"'}
    changed = await office.client.patch(path, json=change, headers=headers)
    assert changed.status_code == 200, changed.text


async def test_a_corrected_id_number_gives_nobody_a_second_cap(office: Office) -> None:
    await office.programme(terms(cap_fen=1_100_000))
    family = await office.family()
    before = await office.approved(family)
    await corrected_number(office, family, 900)
    again = await office.filed(family, event_on="2021-06-02")
    assert again["outcome"] == "refused"
    decision = await office.read(f"/claims/{again['id']}/decision")
    check = next(check for check in decision["checks"] if check["code"] == "cap")
    assert (check["outcome"], check["inputs"]["consumed_by"]) == ("fail", [before["number"]])


async def test_a_person_registered_twice_has_one_cap_once_the_number_is_corrected(office: Office) -> None:
    await office.programme(terms(cap_fen=1_100_000))
    made = [await office.made("/households", household(*who), "intake") for who in ((901,), (902, 903))]
    homes = [await office.read(f"/households/{one['id']}") for one in made]
    claims = [
        await office.checked(home, event_on=f"2021-06-0{index + 1}", reported_on="2021-06-10")
        for index, home in enumerate(homes)
    ]
    await corrected_number(office, homes[0], 902)
    answers = await asyncio.gather(*(settled_approval(office, claim, "open_claim") for claim in claims))
    approved = [answer.json()["claim"]["benefit_fen"] for answer in answers if answer.status_code == 201]
    assert approved == [1_100_000]


async def test_one_event_of_one_person_is_noticed_in_two_households_also_where_the_cap_is_the_household_s(
    office: Office,
) -> None:
    await office.programme(terms(base="household"))
    homes = []
    for other in (911, 912):
        made = await office.made("/households", household(910, other), "intake")
        homes.append(await office.read(f"/households/{made['id']}"))
    first, second = await office.filed(homes[0]), await office.filed(homes[1])
    assert (first["outcome"], second["outcome"]) == ("eligible", "needs_review")


async def test_caps_are_counted_by_person_cause_and_year(office: Office) -> None:
    await office.programme(terms(cap_fen=1_100_000), terms("accident", cap_fen=1_100_000))
    family = await office.family()
    await office.approved(family)
    spouse = await office.approved(family, member=1)
    other_cause = await office.approved(family, cause="accident")
    for claim in (spouse, other_cause):
        assert (await office.read(f"/claims/{claim['id']}"))["benefit_fen"] == 1_100_000
    again = await office.filed(family, event_on="2021-06-02")
    assert again["outcome"] == "refused"
    decision = await office.read(f"/claims/{again['id']}/decision")
    check = next(check for check in decision["checks"] if check["code"] == "cap")
    assert (check["outcome"], check["inputs"]["consumed_by"]) == ("fail", ["610923-2021-000001"])


async def test_new_terms_change_open_claims_and_no_final_decision(office: Office) -> None:
    policy = await office.programme()
    final = await office.approved(await office.family())
    open_claim = await office.checked(await office.family())
    before = await office.read(f"/claims/{final['id']}/decision")
    newer = terms(deductible_fen=500_000, supersedes=1)
    await office.in_force(policy, newer)
    assert await office.read(f"/claims/{final['id']}/decision") == before
    assert (await office.read(f"/claims/{open_claim['id']}/decision"))["terms_version"] == 1
    assert (await office.step(open_claim, "county_approval", "county")).status_code == 201
    after = await office.read(f"/claims/{open_claim['id']}/decision")
    assert (after["terms_version"], after["benefit_fen"]) == (2, 700_000 + 240_000)


async def test_every_stored_decision_is_made_again_byte_for_byte(office: Office, owner: AsyncEngine) -> None:
    await office.programme()
    claims = [
        await office.approved(await office.family()),
        await office.filed(await office.family(annual_income_fen=99_999_999)),
        await office.filed(await office.family(income_year=2019)),
    ]
    async with owner.connect() as conn:
        before = await row_counts(conn)
    for claim in claims:
        stored = await office.read(f"/claims/{claim['id']}/decision")
        for version in range(1, stored["version"] + 1):
            path = f"/claims/{claim['id']}/decision/recomputation?version={version}"
            again = (await office.post(path, None, "auditor")).json()
            assert (again["same_answer"], again["differences"], again["version"]) == (True, [], version)
            if version == stored["version"]:
                assert again["recomputed_benefit_fen"] == stored["benefit_fen"]
    async with owner.connect() as conn:
        assert await row_counts(conn) == before


async def test_recomputation_says_what_differs(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.programme()
    claim = await office.filed(await office.family())

    def generous(inputs: Inputs) -> Decision:
        return replace(decide(inputs), benefit_fen=1_200_000)

    monkeypatch.setitem(RULES, 2, generous)
    answer = await office.post(f"/claims/{claim['id']}/decision/recomputation", None, "auditor")
    assert answer.status_code == 200, answer.text
    again = answer.json()
    assert (again["same_answer"], again["differences"]) == (False, ["benefit_fen"])
    assert (again["stored_benefit_fen"], again["recomputed_benefit_fen"]) == (1_100_000, 1_200_000)
    assert (await office.post(f"/claims/{claim['id']}/decision/recomputation", None, "officer")).status_code == 403


async def test_a_monitored_household_s_claim_is_covered_whatever_its_income(office: Office) -> None:
    await office.programme()
    family = await office.family(annual_income_fen=99_999_999)
    lead = {"channel": "village_sweep", "reason": "大病支出", "found_on": "2021-03-01", "household_id": family["id"]}
    made = await office.made("/leads", lead, "intake")
    for step, day, who in (
        ("lead_accepted", "2021-03-02", "intake"),
        ("village_town_verification", "2021-03-05", "village"),
        ("joint_review", "2021-03-08", "town"),
        ("county_determination", "2021-03-12", "county"),
        ("registered", "2021-03-15", "county"),
    ):
        body = {"step": step, "outcome": "passed", "note": "已核实", "done_on": day}
        await office.made(f"/leads/{made['id']}/steps", body, who)
    assert (await office.filed(family))["outcome"] == "eligible"
