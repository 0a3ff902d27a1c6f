"""Claims on the full path over HTTP: five causes from the report to the follow-up, every side exit, and every wrong way to take a step."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine, sqlstate
from common.dates import today_in_shanghai
from deploy.local.databases import Database
from tests.integration.claims_payouts.conftest import Post
from tests.support.county import County
from tests.support.full_path import CAUSES, LOST_FEN, NOTICE_UP_ON, STEPS, FullPath

pytestmark = pytest.mark.anyio
Json = dict[str, Any]


@pytest.fixture
async def service(claims_database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(claims_database.service_url, application_name="test-service")
    yield engine
    await engine.dispose()


@pytest.fixture
def people(county: County) -> FullPath:
    return FullPath(county)


async def test_one_claim_of_each_cause_goes_the_whole_path_with_separate_people(
    people: FullPath, county: County, post: Post
) -> None:
    await people.found()
    claims = [await people.filed(cause) for cause in CAUSES]
    texts = {}
    for claim in claims:
        assert (claim["status"], claim["next_step"], claim["waiting_for"]) == ("reported", "home_visit", "village")
        approved = await people.until(claim, "county_approval")
        assert (approved["status"], approved["benefit_fen"]) == ("approved", LOST_FEN)
        shown = await county.get("claims", f"/claims/{claim['id']}/notice", "auditor")
        texts[claim["cause"]] = shown["text_zh"]
    # What was made public names no person, and illness, accident and schooling cannot be told apart.
    assert all("钱**" in text and "示例" not in text and "5000.00" in text for text in texts.values())
    reason = {cause: next(line for line in text.splitlines() if "事由" in line) for cause, text in texts.items()}
    assert reason["serious_illness"] == reason["accident"] == reason["schooling"]

    await post.until_idle()
    batch = await county.approved_batch(*(claim["id"] for claim in claims))
    await county.bank_return(batch, "success")
    await post.until_idle()
    for claim in claims:
        paid = await people.read(claim)
        assert (paid["status"], paid["next_step"], paid["waiting_for"]) == ("paid", "follow_up", "village")
        assert paid["next_steps"] == ["follow_up"]
        early = await people.try_step(claim, "follow_up", "village/visitor", "2021-07-04")
        assert (early.status_code, early.json()["code"]) == (409, "out_of_order")
        closed = await people.step(claim, "follow_up", "village/visitor", "2021-07-20")
        assert (closed["status"], closed["waiting_for"], closed["due_on"]) == ("closed", None, None)
        history = (await people.read(claim))["history"]
        assert [line["event"] for line in history] == [
            "filed",
            "home_visit_passed",
            "data_comparison_passed",
            "village_review_passed",
            "public_notice_passed",
            "town_passed",
            "survey_passed",
            "county_passed",
            "encumbered",
            "in_batch",
            "paid",
            "follow_up_passed",
        ]
        holders = {(line["duty"], line["by_person"]) for line in history if line["duty"]}
        assert len({duty for duty, _ in holders}) == len({person for _, person in holders}) == len(holders) == 7
    assert (await county.insurance())["expended_fen"] == LOST_FEN * len(CAUSES)
    assert (await post.reconcile(county.book)).matched


async def test_one_claim_goes_through_each_side_exit(people: FullPath, county: County) -> None:
    await people.found()
    # Sent back for completion, from any step: the review goes on where the path says.
    for step, goes_on in (("home_visit", "home_visit"), ("town_check", "village_review")):
        claim = await people.filed()
        before = list(STEPS)[list(STEPS).index(step) - 1]
        if step != "home_visit":
            await people.until(claim, before)
        who, day = STEPS[step]
        back = await people.step(claim, step, who, day, outcome="sent_back", note="缺材料")
        assert (back["status"], back["next_step"], back["waiting_for"]) == ("sent_back", goes_on, "intake")
        again = await people.step(claim, "completion", "intake/clerk", day)
        assert (again["status"], again["next_step"]) == ("reported", goes_on)

    # Refused with a reason, appealed, approved by other people; each claim names the other.
    refused = await people.filed("serious_illness")
    await people.until(refused, "data_comparison")
    silent = await people.try_step(
        refused, "village_review", "village/reviewer", "2021-06-09", outcome="refused", note="不符"
    )
    assert (silent.status_code, silent.json()["field"]) == (422, "reason_code")
    ended = await people.step(
        refused,
        "village_review",
        "village/reviewer",
        "2021-06-09",
        outcome="refused",
        note="不符",
        reason_code="not_covered",
    )
    assert (ended["status"], ended["waiting_for"]) == ("refused", None)
    appeals = f"/claims/{refused['id']}/appeals"
    for day, code in (("2021-06-08", "out_of_order"), ("2021-08-09", "appeal_too_late")):
        wrong = await county.try_post("claims", appeals, {"reason": "请重新核实", "appealed_on": day}, "intake")
        assert (wrong.status_code, wrong.json()["code"]) == (409, code)
    made = await county.post("claims", appeals, {"reason": "请重新核实", "appealed_on": "2021-06-09"}, "intake")
    assert (made["appeal_of"], made["status"], made["outcome"]) == (refused["id"], "reported", "eligible")
    assert (await people.read(refused))["appealed_by"] == made["id"]
    twice = await county.try_post("claims", appeals, {"reason": "再次申诉"}, "intake")
    assert (twice.status_code, twice.json()["code"]) == (409, "not_appealable")
    day = "2021-06-10"
    for step in ("home_visit", "data_comparison"):
        await people.step(made, step, STEPS[step][0], day, outcome="passed")
    same = await people.try_step(made, "village_review", "village/reviewer", day, outcome="passed")
    assert (same.status_code, same.json()["code"]) == (409, "same_person")
    await people.step(made, "village_review", "village/reviewer-2", day, outcome="passed")
    await people.notice(made, who="village/reviewer-2")
    approved = await people.until(made, "county_approval", after="village_review", suffix="-2")
    assert approved["status"] == "approved"

    # Withdrawn.
    withdrawn = await people.filed()
    assert (await people.step(withdrawn, "withdrawal", "intake", "2021-06-07"))["status"] == "withdrawn"

    # On hold and resumed: the days that were left go on.
    held = await people.until(await people.filed(), "home_visit")
    assert (held["waiting_since"], held["due_on"]) == ("2021-06-07", "2021-06-10")
    on_hold = await people.step(held, "hold", "county/comparer", "2021-06-08", note="等候其他部门结论")
    assert (on_hold["status"], on_hold["next_step"], on_hold["due_on"]) == ("on_hold", "data_comparison", None)
    assert on_hold["waiting_for"] is None
    stopped = await people.try_step(held, "data_comparison", "county/comparer", "2021-06-09", outcome="passed")
    assert (stopped.status_code, stopped.json()["expected"]) == (409, ["withdrawal", "resumption"])
    resumed = await people.step(held, "resumption", "county/comparer", "2021-06-15")
    # Two working days were left; 14 June is a holiday, 15 June the resumption.
    assert (resumed["status"], resumed["due_on"]) == ("reported", "2021-06-17")


WRONG_LEVEL = {"village": "town", "town": "county", "county": "village"}


async def test_a_step_is_refused_to_the_wrong_level_the_same_person_out_of_order_and_in_the_future(
    people: FullPath, county: County
) -> None:
    await people.found()
    claim = await people.filed()
    for step, (who, day) in STEPS.items():
        before = await people.read(claim)
        role = who.partition("/")[0]
        wrong: list[tuple[str, str, str, int, str]] = [
            (step, f"{WRONG_LEVEL[role]}/nobody", day, 403, "forbidden"),
            (step, "intake/clerk", day, 403, "forbidden"),
            (step, f"{role}/clerk", day, 409, "same_person"),
            (step, who, "2199-01-01", 422, "invalid_request"),
            (step, who, "2021-06-04", 409, "out_of_order"),
        ]
        for other, (another, _) in STEPS.items():
            if other != step:
                wrong.append((other, another, day, 409, "out_of_order"))
        for other, earlier in itertools.islice(STEPS.items(), list(STEPS).index(step)):
            taker, taken_duty = earlier[0].partition("/")[2], other
            if {taken_duty, step} != {"village_review", "public_notice"}:
                wrong.append((step, f"{role}/{taker}", day, 409, "same_person"))
        for name, person, on, status, code in wrong:
            answer = await people.try_step(claim, name, person, on, outcome="passed")
            assert (answer.status_code, answer.json()["code"]) == (status, code), (step, name, person, answer.text)
        if step == "public_notice":
            bare = await people.try_step(claim, step, who, day, outcome="passed")
            assert (bare.status_code, bare.json()["code"]) == (409, "notice_not_published")
            await people.notice(claim)
        assert await people.read(claim) == before
        await people.step(claim, step, who, day, outcome="passed")


async def test_who_puts_up_a_notice_takes_no_step_of_another_duty_and_no_part_in_the_appeal(
    people: FullPath, county: County, service: AsyncEngine
) -> None:
    """One person with the tokens of a village, a town and the county."""
    await people.found()
    claim = await people.until(await people.filed(), "village_review")
    filer = await county.try_post(
        "claims", f"/claims/{claim['id']}/notice", {"published_on": NOTICE_UP_ON}, "village/clerk"
    )
    assert (filer.status_code, filer.json()["code"], filer.json()["duty"]) == (409, "same_person", "filing")
    await people.notice(claim, who="village/printer")
    await people.step(claim, "public_notice", *STEPS["public_notice"], outcome="passed")
    check = await people.try_step(claim, "town_check", "town/printer", STEPS["town_check"][1], outcome="passed")
    assert (check.status_code, check.json()["code"], check.json()["duty"]) == (409, "same_person", "village_review")
    with pytest.raises(DBAPIError) as refused:
        async with service.begin() as conn:
            await conn.execute(sa.text(TOWN_CHECK_BY_THE_PRINTER))
    assert sqlstate(refused.value) == TWO_DUTIES
    await people.step(
        claim, "town_check", "town/checker", STEPS["town_check"][1], outcome="refused", note="不符", reason_code="other"
    )

    body = {"reason": "申诉", "appealed_on": "2021-06-25"}
    appeal = await county.post("claims", f"/claims/{claim['id']}/appeals", body, "intake/clerk")
    for step in ("home_visit", "data_comparison", "village_review"):
        await people.step(appeal, step, f"{STEPS[step][0]}-2", "2021-06-26", outcome="passed")
    again = {"published_on": "2021-06-26"}
    for who in ("printer", "reviewer", "checker"):
        answer = await county.try_post("claims", f"/claims/{appeal['id']}/notice", again, f"village/{who}")
        assert (answer.status_code, answer.json()["code"], answer.json()["duty"]) == (
            409,
            "same_person",
            "appealed_claim",
        )
    await people.notice(appeal, "2021-06-26", "village/reviewer-2")
    for who in ("visitor-2", "checker", "printer"):  # another duty on the appeal; decided the claim; put up its notice
        with pytest.raises(DBAPIError) as refused:
            async with service.begin() as conn:
                await conn.execute(sa.text(NOTICE_ANEW), {"claim_id": appeal["id"], "by_person": who})
        assert sqlstate(refused.value) == TWO_DUTIES, who
    raised = {"reason": "有异议", "raised_on": "2021-06-27"}
    await county.post("claims", f"/claims/{appeal['id']}/objections", raised, "intake")
    ruling = {"outcome": "dismissed", "reason": "经核实不实", "resolved_on": "2021-06-28"}
    path = f"/claims/{appeal['id']}/objections/1/resolution"
    for who in ("town/checker", "county/printer"):
        answer = await county.try_post("claims", path, ruling, who)
        assert (answer.status_code, answer.json()["duty"]) == (409, "appealed_claim"), answer.text
    await county.post("claims", path, ruling, "town/umpire")


async def test_objections_stop_the_clock_of_a_notice(people: FullPath, county: County) -> None:
    await people.found()
    claim = await people.until(await people.filed(), "village_review")
    path = f"/claims/{claim['id']}"
    early = await county.try_post("claims", f"{path}/objections", {"reason": "有固定收入"}, "intake")
    assert (early.status_code, early.json()["code"]) == (409, "notice_not_published")
    before = await county.try_post("claims", f"{path}/notice", {"published_on": "2021-06-08"}, "village/reviewer")
    assert (before.status_code, before.json()["not_before"]) == (409, "2021-06-09")
    up = await people.notice(claim)
    assert (up["runs_until"], up["days"]) == ("2021-06-15", 5)
    short = await people.try_step(claim, "public_notice", "village/reviewer", "2021-06-14", outcome="passed")
    assert (short.status_code, short.json()["code"], short.json()["runs_until"]) == (
        409,
        "notice_running",
        "2021-06-15",
    )

    raised = {"reason": "该户有固定收入", "raised_on": "2021-06-12"}
    told = await county.post("claims", f"{path}/objections", raised, "intake")
    assert (told["runs_until"], told["objections"][0]["reason"]) == (None, None)
    stopped = await people.try_step(claim, "public_notice", "village/reviewer", "2021-06-20", outcome="passed")
    assert (stopped.status_code, stopped.json()["code"], stopped.json()["objections"]) == (409, "objection_open", [1])
    # A new notice would wipe the objection out.
    anew = await county.try_post("claims", f"{path}/notice", {"published_on": "2021-06-10"}, "village/reviewer")
    assert (anew.status_code, anew.json()["code"], anew.json()["objections"]) == (409, "objection_open", [1])
    ruling = {"outcome": "dismissed", "reason": "经核实为一次性收入", "resolved_on": "2021-06-15"}
    partial = await county.try_post("claims", f"{path}/objections/1/resolution", ruling, "town/reviewer")
    assert (partial.status_code, partial.json()["code"]) == (409, "same_person")
    done = await county.post("claims", f"{path}/objections/1/resolution", ruling, "town/umpire")
    # Two days had run, the three from the 12th to the 14th do not count.
    assert done["runs_until"] == "2021-06-18"
    again = await county.try_post("claims", f"{path}/objections/1/resolution", ruling, "town/umpire")
    assert (again.status_code, again.json()["code"]) == (409, "objection_resolved")
    shown = await county.get("claims", f"{path}/notice", "auditor")
    assert shown["objections"][0]["reason"] == "该户有固定收入"

    await county.post(
        "claims", f"{path}/objections", {"reason": "另有车辆", "raised_on": "2021-06-16"}, "village/reviewer"
    )
    upheld = {"outcome": "upheld", "reason": "属实", "resolved_on": "2021-06-17"}
    await county.post("claims", f"{path}/objections/2/resolution", upheld, "county/umpire")
    barred = await people.try_step(claim, "public_notice", "village/reviewer", "2021-07-20", outcome="passed")
    assert (barred.status_code, barred.json()["code"]) == (409, "objection_upheld")
    anew = await county.try_post("claims", f"{path}/notice", {"published_on": "2021-06-18"}, "village/reviewer")
    assert (anew.status_code, anew.json()["code"]) == (409, "objection_upheld")
    await people.step(
        claim,
        "public_notice",
        "village/reviewer",
        "2021-06-20",
        outcome="refused",
        note="异议成立",
        reason_code="objection_upheld",
    )


async def test_the_year_past_the_table_is_refused_until_an_admin_records_it(people: FullPath, county: County) -> None:
    await people.found()
    missing = await county.try_get("claims", "/working-days", "auditor", year="2199")
    assert (missing.status_code, missing.json()["code"], missing.json()["year"]) == (409, "working_days_missing", 2199)
    body = {"year": 2199, "days_off": ["2199-01-01"], "working_weekends": [], "authority": "测试机关"}
    stray = await county.try_post("claims", "/working-days", body | {"days_off": ["2199-01-05"]}, "admin")
    assert (stray.status_code, stray.json()["field"]) == (422, "days_off[0]")
    assert (await county.try_post("claims", "/working-days", body, "county")).status_code == 403
    body["days_off"] = ["2199-01-01"] if today_in_shanghai().year < 2199 else []
    made = await county.post("claims", "/working-days", body, "admin")
    assert (made["revision"], made["origin"]) == (1, "recorded")
    known = await county.try_post("claims", "/working-days", body, "admin")
    assert (known.status_code, known.json()["code"]) == (409, "working_days_known")
    corrected = await county.post("claims", "/working-days", body | {"correction_reason": "调休变更"}, "admin")
    assert corrected["revision"] == 2
    published = await county.get("claims", "/working-days", "auditor", year="2021")
    assert (published["origin"], published["working_days"]) == ("published", 250)


async def test_drawn_and_large_claims_are_looked_at_by_a_second_person(people: FullPath, county: County) -> None:
    await people.found(second_look_from_fen=LOST_FEN)
    claim = await people.until(await people.filed(), "survey")
    assert (claim["next_step"], claim["waiting_for"]) == ("second_look", "county")
    skipped = await people.try_step(claim, "county_approval", "county/approver", "2021-06-20", outcome="passed")
    assert (skipped.status_code, skipped.json()["expected"]) == (409, ["second_look", "withdrawal", "hold"])
    same = await people.try_step(claim, "second_look", "county/surveyor", "2021-06-18", outcome="passed")
    assert same.json()["code"] == "same_person"
    await people.step(claim, "second_look", "county/second", "2021-06-18", outcome="passed")
    assert (await people.step(claim, "county_approval", "county/approver", "2021-06-20", outcome="passed"))[
        "status"
    ] == "approved"


async def test_the_survey_assesses_the_loss_and_more_than_was_made_public_goes_back(people: FullPath) -> None:
    await people.found()
    claim = await people.until(await people.filed(), "town_check")
    loss = [{"kind": "tuition", "amount_fen": 700_000}]
    lower = await people.step(claim, "survey", "county/surveyor", "2021-06-17", outcome="passed", loss=loss)
    assert lower["benefit_fen"] == 400_000
    assert (await people.step(claim, "county_approval", "county/approver", "2021-06-20", outcome="passed"))[
        "status"
    ] == "approved"
    claim = await people.until(await people.filed(), "town_check")
    loss = [{"kind": "tuition", "amount_fen": 900_000}]
    await people.step(claim, "survey", "county/surveyor", "2021-06-17", outcome="passed", loss=loss)
    more = await people.try_step(claim, "county_approval", "county/approver", "2021-06-20", outcome="passed")
    assert (more.status_code, more.json()["code"]) == (409, "notice_exceeded")


async def test_what_waits_for_whom_and_what_is_overdue(people: FullPath, county: County) -> None:
    await people.found()
    late, later = await people.filed(), await people.until(await people.filed(), "home_visit")
    tasks = (await county.get("claims", "/tasks", "auditor"))["items"]
    assert [(one["claim_id"], one["task"], one["waiting_for"], one["due_on"]) for one in tasks] == [
        (later["id"], "data_comparison", "county", "2021-06-10"),
        (late["id"], "home_visit", "village", "2021-06-12"),
    ]
    days = (today_in_shanghai() - today_in_shanghai().replace(2021, 6, 12)).days
    assert tasks[1]["days_overdue"] == days
    first = await county.get("claims", "/tasks", "auditor", limit="1", overdue="true")
    rest = await county.get("claims", "/tasks", "auditor", limit="1", overdue="true", cursor=first["next_cursor"])
    assert [first["items"][0], rest["items"][0]] == tasks
    assert rest["next_cursor"] is None
    for query, found in (({"waiting_for": "village"}, late), ({"waiting_for": "county", "overdue": "true"}, later)):
        assert [one["id"] for one in (await county.get("claims", "/claims", "auditor", **query))["items"]] == [
            found["id"]
        ]


async def test_steps_are_taken_in_batches_each_on_its_own(people: FullPath, county: County) -> None:
    await people.found()
    claims = [await people.filed() for _ in range(3)]
    items: list[Json] = [
        {
            "claim_id": claim["id"],
            "idempotency_key": f"batch-{place}",
            "step": "home_visit",
            "outcome": "passed",
            "done_on": "2021-06-07",
        }
        for place, claim in enumerate(claims)
    ]
    items[1]["done_on"] = "2021-06-01"
    items.append({**items[0], "idempotency_key": "batch-9", "step": "town_check"})
    sent = await county.post("claims", "/claims/steps/batch", {"steps": items}, "village/visitor")
    assert [one["status"] for one in sent["results"]] == ["taken", "refused", "taken", "refused"]
    assert [one["problem"] and one["problem"]["code"] for one in sent["results"]] == [
        None,
        "out_of_order",
        None,
        "forbidden",
    ]
    again = await county.post("claims", "/claims/steps/batch", {"steps": items}, "village/visitor")
    assert [one["status"] for one in again["results"]] == ["replayed", "refused", "replayed", "refused"]
    # The key space is that of single calls.
    alone = {name: items[0][name] for name in ("step", "outcome", "done_on")}
    single = await county.try_post("claims", f"/claims/{claims[0]['id']}/steps", alone, "village/visitor", "batch-0")
    assert (single.status_code, single.headers["Idempotent-Replayed"]) == (201, "true")
    assert [(await people.read(claim))["next_step"] for claim in claims] == [
        "data_comparison",
        "home_visit",
        "data_comparison",
    ]


TWO_DUTIES, UNEARNED = "FP104", "FP105"
TOWN_CHECK_BY_THE_PRINTER = (
    "INSERT INTO claim_event (book, claim_id, position, event, step, step_outcome, duty, status_before, status_after,"
    " by_person, done_on, at) SELECT book, id, event_count + 1, 'town_passed', 'town_check', 'passed',"
    " 'town_check', status, 'under_review', 'printer', '2021-07-01', now() FROM claim"
)
NOTICE_ANEW = (
    "INSERT INTO claim_notice (book, claim_id, version, published_on, days, benefit_fen, decision_version, event_position, text_zh,"
    " text_en, at, by_person) SELECT book, claim_id, version + 1, published_on, days, benefit_fen, decision_version, event_position,"
    " text_zh, text_en, now(), :by_person FROM claim_notice WHERE claim_id = :claim_id"
)
ATTACKS = {
    "an approval on the full path needs every step": (
        "INSERT INTO claim_event (book, claim_id, position, event, step, step_outcome, duty, status_before, status_after,"
        " by_person, done_on, at) SELECT book, id, event_count + 1, 'county_passed', 'county_approval', 'passed',"
        " 'county_approval', status, 'approved', 'x', '2021-07-01', now() FROM claim"
    ),
    "a notice does not pass while an objection is open": (
        "INSERT INTO claim_event (book, claim_id, position, event, step, step_outcome, duty, status_before, status_after,"
        " by_person, done_on, at) SELECT book, id, event_count + 1, 'public_notice_passed', 'public_notice', 'passed',"
        " 'village_review', status, 'reported', 'reviewer', '2021-07-01', now() FROM claim"
    ),
}


async def test_the_database_holds_the_path_too(people: FullPath, county: County, service: AsyncEngine) -> None:
    await people.found()
    claim = await people.until(await people.filed(), "village_review")
    await people.notice(claim)
    await county.post(
        "claims", f"/claims/{claim['id']}/objections", {"reason": "有异议", "raised_on": NOTICE_UP_ON}, "intake"
    )
    for name, statement in ATTACKS.items():
        with pytest.raises(DBAPIError) as refused:
            async with service.begin() as conn:
                await conn.execute(sa.text(statement))
        assert sqlstate(refused.value) == UNEARNED, name
