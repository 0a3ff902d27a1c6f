"""Decisions where they meet the database: what-if, approval under lock, caps, duplicates, terms that change, recomputation."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.eligibility.model import Decision, Inputs
from claims.eligibility.rules import RULES, decide
from tests.support.claims_office import Json, Office, household, id_number, row_counts, terms

pytestmark = pytest.mark.anyio


def outcomes(decision: Json) -> dict[str, str]:
    return {check["code"]: check["outcome"] for check in decision["checks"]}


async def refused_approval(office: Office, claim: Json, **other: Any) -> Json:
    answer = await office.step(claim, "county_approval", "county", **other)
    assert answer.status_code == 409, answer.text
    found: Json = answer.json()
    return found


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
    answers = await asyncio.gather(*(office.step(claim, "county_approval", "county") for claim in claims))
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
    answers = await asyncio.gather(*(office.step(claim, "county_approval", "county") for claim in claims))
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

    monkeypatch.setitem(RULES, 1, generous)
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
