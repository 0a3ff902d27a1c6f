"""Programmes and their dated terms: what is written, what is refused, what is never changed."""

import asyncio

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.support.claims_office import Json, Office, row_counts, terms

pytestmark = pytest.mark.anyio

POLICY = {
    "year": 2021,
    "insurer": "演示保险公司（虚构）",
    "name": "2021年精准防贫保险（演示）",
    "funding": "county_paid",
}


async def test_a_policy_covers_its_calendar_year_and_is_found_again(office: Office) -> None:
    made = await office.made("/policies", POLICY, "county")
    assert made == {
        **POLICY,
        "id": made["id"],
        "valid_from": "2021-01-01",
        "valid_to": "2021-12-31",
        "created_at": made["created_at"],
        "created_by": "county-1",
        **dict.fromkeys(("pool_fen", "fee_bp", "surplus_rule")),
        "sources": dict.fromkeys(("pool_fen", "fee_bp", "surplus_rule")),
    }
    assert await office.read(f"/policies/{made['id']}") == made
    unnamed = await office.made(
        "/policies", {key: POLICY[key] for key in ("insurer", "funding")} | {"year": 2022}, "admin"
    )
    assert unnamed["name"] == "2022年精准防贫保险"
    first = await office.read("/policies", limit=1)
    assert first["items"] == [made]
    assert (await office.read("/policies", cursor=first["next_cursor"])) == {"items": [unnamed], "next_cursor": None}


POOL = {
    "funding": "insurer_pool",
    "pool_fen": 50_000_000,
    "fee_bp": 1_500,
    "surplus_rule": "carried_forward",
    "sources": {"pool_fen": "assumed", "fee_bp": "Wuyang", "surplus_rule": "Wei county 2017"},
}


async def test_a_programme_with_an_insurer_s_pool_says_what_the_pool_is_and_what_becomes_of_it(office: Office) -> None:
    made = await office.made("/policies", {**POLICY, **POOL}, "county")
    assert {name: made[name] for name in POOL} == POOL
    assert (await office.read(f"/policies/{made['id']}")) == made


async def test_every_fault_of_a_programme_s_figures_is_named_at_once(office: Office) -> None:
    bare = await office.post("/policies", {**POLICY, "funding": "insurer_pool"}, "county")
    assert bare.status_code == 422
    found = {(error["field"], error["code"]) for error in bare.json()["errors"]}
    assert found == {(name, "pool_figure_missing") for name in ("pool_fen", "fee_bp", "surplus_rule")}
    crooked = {**POLICY, "pool_fen": 1, "sources": {"fee_bp": "assumed"}}
    found = {(e["field"], e["code"]) for e in (await office.post("/policies", crooked, "county")).json()["errors"]}
    assert found == {
        ("pool_fen", "not_without_pool"),
        ("sources.pool_fen", "source_missing"),
        ("sources.fee_bp", "source_without_figure"),
    }
    over = await office.post("/policies", {**POLICY, **POOL, "fee_bp": 10_001}, "county")
    assert (over.status_code, over.json()["field"]) == (422, "fee_bp")


async def test_a_book_has_one_policy_a_year_however_many_write_it(office: Office) -> None:
    answers = await asyncio.gather(*(office.post("/policies", POLICY, "county") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "policy_exists"}


async def test_a_badly_formed_policy_is_refused(office: Office) -> None:
    for change, field in (
        ({"funding": "nobody"}, "funding"),
        ({"year": "2021"}, "year"),
        ({"year": 1899}, "year"),
        ({"insurer": ""}, "insurer"),
        ({"insurer": "a\u2028b"}, "insurer"),
        ({"premium_fen": 1}, "premium_fen"),
    ):
        refused = await office.post("/policies", {**POLICY, **change}, "county")
        assert (refused.status_code, refused.json()["field"]) == (422, field), change
    assert (await office.read("/policies"))["items"] == []


async def test_terms_are_shown_as_they_were_written_with_every_source(office: Office) -> None:
    policy = await office.made("/policies", POLICY, "county")
    body = terms(loss_kinds=["medical_bill"], valid_to="2021-06-30")
    body["sources"]["loss_kinds"] = "assumed"
    made = await office.made(f"/policies/{policy['id']}/terms", body, "county")
    assert {key: made[key] for key in body if key != "sources"} == {key: body[key] for key in body if key != "sources"}
    assert {name: text for name, text in made["sources"].items() if text is not None} == body["sources"]
    assert (made["status"], made["decided_by"], made["reason"]) == ("draft", None, None)
    assert (made["version"], made["supersedes"], made["tiers_measured_on"]) == (1, None, "excess_over_deductible")
    assert (await office.read(f"/policies/{policy['id']}/terms"))["items"] == [made]
    net = terms("accident", tiers=[{"from_fen": 300_000, "rate_bp": 10_000}])
    assert (await office.made(f"/policies/{policy['id']}/terms", net, "county"))["tiers_measured_on"] == "net_loss"
    accident = await office.read(f"/policies/{policy['id']}/terms", cause="accident")
    assert [(one["cause"], one["version"]) for one in accident["items"]] == [("accident", 1)]


TIER = {"from_fen": 0, "rate_bp": 5_000}
FAULTS: list[tuple[Json, str]] = [
    ({"cause": "bad_luck"}, "cause"),
    ({"valid_from": "2020-12-31"}, "valid_from"),
    ({"valid_from": "2022-01-01", "valid_to": "2022-06-30"}, "valid_from"),
    ({"valid_to": "2022-01-01"}, "valid_to"),
    ({"valid_from": "2021-06-02", "valid_to": "2021-06-01"}, "valid_to"),
    ({"valid_from": "2021-02-30"}, "valid_from"),
    ({"tiers": []}, "tiers"),
    ({"tiers": [{"from_fen": 1, "rate_bp": 5_000}]}, "tiers[0].from_fen"),
    ({"tiers": [TIER, {"from_fen": 0, "rate_bp": 6_000}]}, "tiers[1].from_fen"),
    ({"tiers": [TIER, {"from_fen": 900, "rate_bp": 6_000}, {"from_fen": 800, "rate_bp": 7_000}]}, "tiers[2].from_fen"),
    ({"tiers": [{"from_fen": 0, "rate_bp": 10_001}]}, "tiers[0].rate_bp"),
    ({"tiers": [{"from_fen": 0, "rate_bp": -1}]}, "tiers[0].rate_bp"),
    ({"tiers": [{"from_fen": 0, "rate_bp": 0.7}]}, "tiers[0].rate_bp"),
    ({"tier_mode": "whole_amount", "tiers": [TIER, {"from_fen": 900, "rate_bp": 4_999}]}, "tiers[1].rate_bp"),
    ({"tier_mode": "guess"}, "tier_mode"),
    ({"base": "village"}, "base"),
    ({"cap_fen": 299_999}, "cap_fen"),
    ({"cap_fen": 0}, "cap_fen"),
    ({"deductible_fen": -1}, "deductible_fen"),
    ({"deductible_fen": 10**16}, "deductible_fen"),
    ({"waiting_days": -1}, "waiting_days"),
    ({"reporting_days": 1.5}, "reporting_days"),
    ({"loss_kinds": ["medical_bill"]}, "sources.loss_kinds"),
    ({"loss_kinds": ["a", "a"], "sources": {**terms()["sources"], "loss_kinds": "x"}}, "loss_kinds"),
    ({"sources": {**terms()["sources"], "loss_kinds": "x"}}, "sources.loss_kinds"),
    ({"sources": {key: text for key, text in terms()["sources"].items() if key != "cap_fen"}}, "sources.cap_fen"),
    ({"sources": {**terms()["sources"], "cap_fen": " "}}, "sources.cap_fen"),
    ({"supersedes": 1}, "supersedes"),
    ({"warning_fen": 1}, "sources.warning_fen"),
    ({"claim_cap_fen": 299_999, "sources": {**terms()["sources"], "claim_cap_fen": "x"}}, "claim_cap_fen"),
    (
        {"household_cap_fen": 9_999_999, "sources": {**terms()["sources"], "household_cap_fen": "x"}},
        "household_cap_fen",
    ),
    ({"prior_payers": ["a", "a"], "sources": {**terms()["sources"], "prior_payers": "x"}}, "prior_payers"),
    ({"third_party": "excluded"}, "sources.third_party"),
    (
        {"required_documents": ["hearsay"], "sources": {**terms()["sources"], "required_documents": "x"}},
        "required_documents[0]",
    ),
    ({"third_party": "ignored"}, "third_party"),
    (
        {"exclusions": [{"code": "drunk driving", "text_zh": "酒驾", "text_en": "x", "source": "x"}]},
        "exclusions[0].code",
    ),
    ({"grades": [{"grade": 11, "amount_fen": 1}]}, "grades[0].grade"),
]


async def test_unsound_terms_are_refused_naming_the_figure_and_change_nothing(
    office: Office, owner: AsyncEngine
) -> None:
    policy = await office.made("/policies", POLICY, "county")
    async with owner.connect() as conn:
        before = await row_counts(conn)
    for change, field in FAULTS:
        refused = await office.post(f"/policies/{policy['id']}/terms", {**terms(), **change}, "county")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request"), (change, refused.text)
        assert refused.json()["field"] == field, change
    unknown = "/policies/0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0/terms"
    assert (await office.post(unknown, terms(), "county")).status_code == 404
    assert (await office.get(unknown)).status_code == 404
    async with owner.connect() as conn:
        assert await row_counts(conn) == before


async def test_several_faults_are_named_at_once(office: Office) -> None:
    policy = await office.made("/policies", POLICY, "county")
    bad = terms(
        cap_fen=1, valid_from="2020-01-01", tiers=[{"from_fen": 5, "rate_bp": 1}, {"from_fen": 5, "rate_bp": 1}]
    )
    refused = (await office.post(f"/policies/{policy['id']}/terms", bad, "county")).json()
    fields = {error["field"] for error in refused["errors"]}
    assert fields == {"valid_from", "cap_fen", "tiers[0].from_fen", "tiers[1].from_fen"}


async def test_terms_of_one_cause_do_not_overlap_unless_they_supersede(office: Office) -> None:
    policy = await office.made("/policies", POLICY, "county")
    path = f"/policies/{policy['id']}/terms"
    await office.in_force(policy, terms(valid_to="2021-06-30"))
    for days in (("2021-01-01", "2021-01-01"), ("2021-06-30", "2021-12-31"), ("2021-02-01", "2021-03-01")):
        refused = await office.post(path, terms(valid_from=days[0], valid_to=days[1]), "county")
        assert (refused.status_code, refused.json()["code"], refused.json()["version"]) == (409, "terms_overlap", 1), (
            days
        )
    await office.made(path, terms("accident"), "county")
    assert (await office.made(path, terms(valid_from="2021-07-01"), "county"))["version"] == 2
    assert (await office.made(path, terms(valid_from="2021-09-01", supersedes=2), "county"))["version"] == 3
    # Version 3 is in force there now, so taking over from version 2 once more is not enough.
    refused = await office.post(path, terms(valid_from="2021-08-01", supersedes=2), "county")
    assert (refused.status_code, refused.json()["version"]) == (409, 3)


async def test_of_overlapping_terms_written_at_once_one_is_accepted(office: Office) -> None:
    policy = await office.made("/policies", POLICY, "county")
    answers = await asyncio.gather(
        *(office.post(f"/policies/{policy['id']}/terms", terms(), "county") for _ in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]


async def test_terms_decide_nothing_until_a_second_person_approves_them(office: Office) -> None:
    policy = await office.made("/policies", POLICY, "county")
    path = f"/policies/{policy['id']}/terms"
    draft = await office.made(path, terms(), "county")
    claim = office.claim(await office.family())
    refused = await office.post("/claims", claim, "intake")
    assert (refused.status_code, refused.json()["code"]) == (409, "event_outside_policy")
    own = await office.post(f"{path}/{draft['id']}/approval", {"outcome": "approved"}, "county")
    assert (own.status_code, own.json()["code"]) == (409, "same_person")
    # The same person under another role is the same person.
    own = await office.post(f"{path}/{draft['id']}/approval", {"outcome": "approved"}, "admin", sub="county-1")
    assert (own.status_code, own.json()["code"]) == (409, "same_person")
    approved = await office.made(f"{path}/{draft['id']}/approval", {"outcome": "approved"}, "admin")
    assert (approved["status"], approved["created_by"], approved["decided_by"]) == ("approved", "county-1", "admin-1")
    assert (await office.made("/claims", claim, "intake"))["benefit_fen"] == 1_100_000
    again = await office.post(f"{path}/{draft['id']}/approval", {"outcome": "refused", "reason": "x"}, "admin")
    assert (again.status_code, again.json()["code"]) == (409, "terms_decided")


async def test_refused_terms_say_why_decide_nothing_and_make_room(office: Office) -> None:
    policy = await office.made("/policies", POLICY, "county")
    path = f"/policies/{policy['id']}/terms"
    draft = await office.made(path, terms(), "county")
    silent = await office.post(f"{path}/{draft['id']}/approval", {"outcome": "refused"}, "admin")
    assert (silent.status_code, silent.json()["field"]) == (422, "reason")
    refused = await office.made(f"{path}/{draft['id']}/approval", {"outcome": "refused", "reason": "比例有误"}, "admin")
    assert (refused["status"], refused["reason"]) == ("refused", "比例有误")
    asked = (await office.post("/eligibility-checks", office.claim(await office.family()), "intake")).json()
    assert (asked["outcome"], asked["terms_version"]) == ("refused", None)
    assert (await office.in_force(policy, terms()))["version"] == 2


async def test_a_preview_shows_old_against_new_slice_by_slice_and_stores_nothing(
    office: Office, owner: AsyncEngine
) -> None:
    policy = await office.programme()
    path = f"/policies/{policy['id']}/terms"
    draft = await office.made(path, terms(deductible_fen=500_000, supersedes=1), "county")
    async with owner.connect() as conn:
        before = await row_counts(conn)
    samples = [
        {"loss_fen": 5_000_000, "other_payments_fen": 3_200_000},
        {"loss_fen": 300_000},
        {"loss_fen": 20_300_000},
    ]
    answer = await office.post(f"{path}/{draft['id']}/preview", {"samples": samples}, "admin")
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["terms_version"], shown["compared_with"]) == (2, 1)
    found = [(one["old"]["benefit_fen"], one["new"]["benefit_fen"], one["change_fen"]) for one in shown["samples"]]
    assert found == [(1_100_000, 940_000, -160_000), (0, 0, 0), (10_000_000, 10_000_000, 0)]
    slices = [s["amount_fen"] for s in shown["samples"][0]["new"]["computation"] if s["step"].startswith("tier_")]
    assert slices == [700_000, 240_000]
    assert shown["samples"][2]["new"]["limited_by"] == "cap_fen"
    # Without samples: the losses at which a figure of either begins to matter.
    edges = (await office.post(f"{path}/{draft['id']}/preview", {}, "admin")).json()["samples"]
    assert {300_000, 500_000, 1_300_000, 1_500_000, 2_300_000, 2_500_000} < {one["loss_fen"] for one in edges}
    async with owner.connect() as conn:
        assert await row_counts(conn) == before
    other = await office.made("/policies", {**POLICY, "year": 2022}, "county")
    foreign = await office.post(f"/policies/{other['id']}/terms/{draft['id']}/preview", {}, "admin")
    assert foreign.status_code == 404


async def test_terms_are_put_in_force_in_the_order_in_which_they_take_over(office: Office) -> None:
    policy = await office.made("/policies", POLICY, "county")
    path = f"/policies/{policy['id']}/terms"
    await office.in_force(policy, terms())
    second = await office.made(path, terms(supersedes=1), "county")
    third = await office.made(path, terms(supersedes=2), "county")
    early = await office.post(f"{path}/{third['id']}/approval", {"outcome": "approved"}, "admin")
    assert (early.status_code, early.json()["code"], early.json()["version"]) == (409, "earlier_terms_open", 2)
    await office.made(f"{path}/{second['id']}/approval", {"outcome": "refused", "reason": "x"}, "admin")
    # It was to take over from a version that never came into force; the one in force it does not name.
    beside = await office.post(f"{path}/{third['id']}/approval", {"outcome": "approved"}, "admin")
    assert (beside.status_code, beside.json()["code"], beside.json()["version"]) == (409, "terms_overlap", 1)


async def test_of_two_people_deciding_a_draft_at_once_one_is_heard(office: Office) -> None:
    policy = await office.made("/policies", POLICY, "county")
    draft = await office.made(f"/policies/{policy['id']}/terms", terms(), "county")
    path = f"/policies/{policy['id']}/terms/{draft['id']}/approval"
    bodies = [{"outcome": "approved"}, {"outcome": "refused", "reason": "x"}] * 2
    answers = await asyncio.gather(
        *(office.post(path, body, "admin", sub=f"admin-{index}") for index, body in enumerate(bodies))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_the_terms_of_the_event_s_day_decide(office: Office) -> None:
    await office.programme(terms(valid_to="2021-06-30"), terms(valid_from="2021-07-01", deductible_fen=500_000))
    family = await office.family()
    for event_on, version, benefit in (("2021-06-30", 1, 1_100_000), ("2021-07-01", 2, 940_000)):
        body = office.claim(family, event_on=event_on, reported_on="2021-07-02")
        asked = (await office.post("/eligibility-checks", body, "intake")).json()
        assert (asked["terms_version"], asked["benefit_fen"]) == (version, benefit)


async def test_policies_and_terms_are_written_by_who_may(office: Office) -> None:
    policy = await office.made("/policies", POLICY, "county")
    for who in ("intake", "village", "town", "payer", "auditor", "officer", "checker"):
        assert (await office.post("/policies", {**POLICY, "year": 2023}, who)).status_code == 403, who
        assert (await office.post(f"/policies/{policy['id']}/terms", terms(), who)).status_code == 403, who
    for path in ("/policies", f"/policies/{policy['id']}", f"/policies/{policy['id']}/terms"):
        assert (await office.get(path, "officer")).status_code == 403
        assert (await office.client.get(f"/v1/books/{office.book}{path}")).status_code == 401
        foreign = f"/v1/books/610924{path}"
        assert (await office.client.get(foreign, headers=office.headers("county"))).status_code == 403


async def test_the_database_takes_no_approval_from_who_wrote_the_draft(office: Office, service: AsyncEngine) -> None:
    policy = await office.made("/policies", POLICY, "county")
    await office.made(f"/policies/{policy['id']}/terms", terms(), "county")
    approve = (
        "INSERT INTO terms_approval (book, terms_id, drafted_by, outcome, decided_by, decided_at)"
        " SELECT book, id, {drafted_by}, 'approved', created_by, now() FROM terms"
    )
    for drafted_by in ("created_by", "'somebody-else'"):
        with pytest.raises(sa.exc.IntegrityError):
            async with service.begin() as conn:
                await conn.execute(sa.text(approve.format(drafted_by=drafted_by)))


async def test_the_database_holds_the_bounds_of_terms(office: Office, service: AsyncEngine) -> None:
    await office.programme()
    copy = (
        "INSERT INTO terms SELECT book, gen_random_uuid(), policy_id, cause, 2, NULL, valid_from, valid_to, {columns},"
        " waiting_days, reporting_days, loss_kinds, sources, created_at, created_by FROM terms"
    )
    columns = ["deductible_fen", "tier_from_fen", "tier_rate_bp", "tier_mode", "base", "cap_fen"]
    for name, value in (
        ("cap_fen", "deductible_fen - 1"),
        ("tier_rate_bp", "ARRAY[10001, 0, 0]"),
        ("tier_rate_bp", "ARRAY[1, 2]"),
        ("tier_mode", "'guess'"),
        ("base", "'village'"),
    ):
        chosen = ", ".join(value if column == name else column for column in columns)
        with pytest.raises(sa.exc.IntegrityError):
            async with service.begin() as conn:
                await conn.execute(sa.text(copy.format(columns=chosen)))
