"""Leads over HTTP: the six channels, the eight steps, and the household that becomes monitored."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from common.dates import today_in_shanghai
from tests.integration.claims_households.register import (
    PATH_TO_MONITORED,
    Caller,
    household,
    lead,
    member,
    monitor,
)

pytestmark = pytest.mark.anyio

NOBODY = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"


async def test_a_lead_arrives_through_each_of_the_six_channels(caller: Caller) -> None:
    made = await caller.registered()
    names = []
    for channel in (
        "village_sweep",
        "cadre_visit",
        "data_screening",
        "department_check",
        "self_report",
        "public_supervision",
    ):
        more = {"department": "县民政局"} if channel == "department_check" else {}
        reported = await caller.reported(channel=channel, household_id=made["id"], **more)
        assert (reported["status"], reported["next_steps"]) == ("open", ["lead_accepted"])
        assert (reported["town"], reported["village"]) == (made["town"], made["village"])
        names.append(reported["channel_name_zh"])
    assert names == ["镇村排查", "帮扶干部调查", "大数据系统筛查", "县行业部门联合排查", "风险农户申报", "社会监督发现"]


async def test_a_lead_shows_its_texts_only_where_they_are_asked_for(caller: Caller) -> None:
    reported = await caller.reported(description="河边一户三口", town="江口镇", village="高桥村")
    assert "reason" not in reported
    shown = (await caller.get(f"/leads/{reported['id']}")).json()
    assert (shown["description"], shown["reason"], shown["steps"]) == ("河边一户三口", "收入明显下降", [])
    assert shown["village"] == "610923102204"


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("about nobody", {}, 422, "body"),
    ("an unknown channel", {"description": "某户", "channel": "rumour"}, 422, "channel"),
    ("a department check without its department", {"description": "某户", "channel": "department_check"}, 422, "body"),
    ("a department elsewhere", {"description": "某户", "department": "县民政局"}, 422, "body"),
    ("found in the future", {"description": "某户", "found_on": "2199-01-01"}, 422, "found_on"),
    ("found on no day", {"description": "某户", "found_on": "2021-02-30"}, 422, "found_on"),
    ("found on a number", {"description": "某户", "found_on": 20210301}, 422, "found_on"),
    ("a blank reason", {"description": "某户", "reason": " "}, 422, "reason"),
    ("a NUL in the reason", {"description": "某户", "reason": "a\u0000b"}, 422, "reason"),
    ("a reason without end", {"description": "某户", "reason": "长" * 2001}, 422, "reason"),
    ("a village without its town", {"description": "某户", "village": "高桥村"}, 422, "body"),
    ("an unknown town", {"description": "某户", "town": "无此镇"}, 422, "town"),
    ("a household and a place", {"household_id": NOBODY, "town": "江口镇"}, 422, "body"),
    ("an unknown household", {"household_id": NOBODY}, 404, "household_id"),
    ("an unknown field", {"description": "某户", "urgent": True}, 422, "urgent"),
]


@pytest.mark.parametrize(("change", "status", "field"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_a_lead_that_cannot_be_right_is_refused_by_field(
    caller: Caller, change: dict[str, Any], status: int, field: str
) -> None:
    answer = await caller.post("/leads", lead(**change))
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert (await caller.get("/leads")).json()["items"] == []


async def test_a_lone_surrogate_in_a_text_is_refused(caller: Caller) -> None:
    headers = caller.headers("intake", **{"Idempotency-Key": "s", "Content-Type": "application/json"})
    body = b'{"channel": "self_report", "description": "x", "reason": "\\ud800", "found_on": "2021-03-01"}'
    answer = await caller.client.post("/v1/books/610923/leads", content=body, headers=headers)
    assert answer.status_code in {400, 422}


async def test_registering_a_lead_makes_its_household_monitored_until_the_risk_is_gone(caller: Caller) -> None:
    made = await caller.registered(household(category="general"))
    reported = await caller.reported(household_id=made["id"])
    missing = await monitor(caller, reported["id"])
    assert (missing.status_code, missing.json()["field"]) == (422, "category")
    done = await caller.step(reported["id"], "registered", "2021-03-15", who="county", category="sudden_hardship")
    assert (done.status_code, done.json()["status"]) == (201, "monitored")
    assert done.json()["next_steps"] == ["support_measures"]

    shown = (await caller.get(f"/households/{made['id']}")).json()
    assert (shown["monitored"], shown["monitored_from"], shown["category"]) == (True, "2021-03-15", "sudden_hardship")
    assert shown["version"] == 2
    kept = await caller.patch(f"/households/{made['id']}", {"category": "general"}, version=2)
    assert (kept.status_code, kept.json()["code"]) == (409, "monitored_category")

    for step, day, who in (
        ("support_measures", "2021-04-01", "town"),
        ("follow_up_visits", "2021-05-01", "village"),
        ("follow_up_visits", "2021-06-01", "village"),
        ("support_measures", "2021-06-15", "county"),
        ("follow_up_visits", "2021-07-01", "town"),
    ):
        assert (await caller.step(reported["id"], step, day, who=who)).status_code == 201
    gone = await caller.step(reported["id"], "risk_eliminated", "2021-09-01", who="county")
    assert gone.json()["status"] == "eliminated"
    assert (await caller.get(f"/households/{made['id']}")).json()["monitored"] is False

    back = await caller.step(reported["id"], "risk_eliminated", "2021-10-01", who="county", outcome="rolled_back")
    assert (back.json()["status"], back.json()["next_steps"]) == ("monitored", ["support_measures"])
    shown = (await caller.get(f"/households/{made['id']}")).json()
    assert (shown["monitored"], shown["monitored_from"]) == (True, "2021-10-01")
    steps = (await caller.get(f"/leads/{reported['id']}")).json()["steps"]
    assert [one["position"] for one in steps] == list(range(1, 13))
    assert steps[4]["category"] == "sudden_hardship"
    assert {one["by_person"] for one in steps} == {"intake-1", "village-1", "town-1", "county-1"}


async def test_a_household_stays_monitored_while_another_of_its_leads_stands(caller: Caller) -> None:
    made = await caller.registered()
    first, second = [await caller.reported(household_id=made["id"]) for _ in range(2)]
    for one in (first, second):
        assert (await monitor(caller, one["id"])).status_code == 201
    for one, day, monitored in ((first, "2021-09-01", True), (second, "2021-08-01", False)):
        await caller.step(one["id"], "support_measures", "2021-04-01", who="town")
        await caller.step(one["id"], "follow_up_visits", "2021-05-01", who="town")
        assert (await caller.step(one["id"], "risk_eliminated", day, who="county")).status_code == 201
        assert (await caller.get(f"/households/{made['id']}")).json()["monitored"] is monitored


async def test_a_refused_lead_takes_no_further_step(caller: Caller) -> None:
    reported = await caller.reported(description="某户")
    refused = await caller.step(reported["id"], "lead_accepted", "2021-03-02", who="intake", outcome="refused")
    assert (refused.json()["status"], refused.json()["next_steps"]) == ("refused", [])
    after = await caller.step(reported["id"], "village_town_verification", "2021-03-03", who="village")
    assert (after.status_code, after.json()["code"], after.json()["expected"]) == (409, "out_of_order", [])


async def test_steps_come_in_order_and_never_twice(caller: Caller) -> None:
    reported = await caller.reported(description="某户")
    for step, _, who in PATH_TO_MONITORED[1:]:
        early = await caller.step(reported["id"], step, "2021-03-20", who=who)
        assert (early.status_code, early.json()["code"]) == (409, "out_of_order")
        assert early.json()["expected"] == ["lead_accepted"]
    assert (await caller.step(reported["id"], "lead_accepted", "2021-03-02", who="intake")).status_code == 201
    twice = await caller.step(reported["id"], "lead_accepted", "2021-03-02", who="intake")
    assert twice.json()["expected"] == ["village_town_verification"]


async def test_dates_of_steps_run_forward(caller: Caller) -> None:
    reported = await caller.reported(description="某户")
    before = await caller.step(reported["id"], "lead_accepted", "2021-02-28", who="intake")
    assert (before.status_code, before.json()["not_before"]) == (409, "2021-03-01")
    tomorrow = (today_in_shanghai() + timedelta(days=1)).isoformat()
    future = await caller.step(reported["id"], "lead_accepted", tomorrow, who="intake")
    assert (future.status_code, future.json()["field"]) == (422, "done_on")
    await caller.step(reported["id"], "lead_accepted", "2021-03-05", who="intake")
    earlier = await caller.step(reported["id"], "village_town_verification", "2021-03-04", who="village")
    assert (earlier.status_code, earlier.json()["code"]) == (409, "out_of_order")


STEP_REFUSED = [
    ({"step": "dancing"}, "step"),
    ({"outcome": "rolled_back"}, "outcome"),
    ({"outcome": "refused", "note": None}, "note"),
    ({"category": "sudden_hardship"}, "category"),
    ({"done_on": "yesterday"}, "done_on"),
    ({"household_id": "x"}, "household_id"),
]


@pytest.mark.parametrize(("change", "field"), STEP_REFUSED)
async def test_a_step_that_cannot_be_right_is_refused_by_field(
    caller: Caller, change: dict[str, Any], field: str
) -> None:
    reported = await caller.reported(description="某户")
    body = {"step": "lead_accepted", "outcome": "passed", "done_on": "2021-03-02", "note": "核实", **change}
    answer = await caller.post(f"/leads/{reported['id']}/steps", body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_each_step_is_taken_by_who_may(caller: Caller) -> None:
    allowed = {
        "lead_accepted": {"intake", "village", "town"},
        "village_town_verification": {"village", "town"},
        "joint_review": {"town"},
        "county_determination": {"county"},
        "registered": {"county"},
        "support_measures": {"village", "town", "county"},
        "follow_up_visits": {"village", "town"},
        "risk_eliminated": {"county"},
    }
    reported = await caller.reported(description="某户")
    for step, who_may in allowed.items():
        for who in ("intake", "village", "town", "county", "auditor", "officer"):
            # The day is before the lead was found: whoever may take the step meets 409, nobody changes anything.
            answer = await caller.step(reported["id"], step, "2021-02-01", who=who)
            assert answer.status_code == (409 if who in who_may else 403), (step, who)


async def test_the_county_decides_by_somebody_who_did_not_verify(caller: Caller) -> None:
    reported = await caller.reported(description="某户")
    everything = caller.issuer.token(
        "county", book="610923", sub="busy-1", scopes=["claims:read", "claims:village", "claims:town", "claims:county"]
    )
    headers = {"Authorization": f"Bearer {everything}"}
    answers = []
    for number, (step, day, _) in enumerate(PATH_TO_MONITORED[:4]):
        body = {"step": step, "outcome": "passed", "done_on": day}
        answer = await caller.client.post(
            f"/v1/books/610923/leads/{reported['id']}/steps",
            json=body,
            headers=headers | {"Idempotency-Key": f"busy-{number}"},
        )
        answers.append(answer)
    assert [answer.status_code for answer in answers] == [201, 201, 201, 409]
    assert answers[-1].json()["code"] == "same_person"


async def test_a_described_lead_gets_its_household_on_the_way(caller: Caller) -> None:
    first, second = await caller.registered(), await caller.registered(household([member(2)]))
    reported = await caller.reported(description="某户")
    missing = await monitor(caller, reported["id"])
    assert (missing.status_code, missing.json()["field"]) == (422, "household_id")
    nobody = await caller.step(reported["id"], "registered", "2021-03-15", who="county", household_id=NOBODY)
    assert (nobody.status_code, nobody.json()["field"]) == (404, "household_id")
    done = await caller.step(reported["id"], "registered", "2021-03-15", who="county", household_id=first["id"])
    assert (done.json()["household_id"], done.json()["village"]) == (first["id"], first["village"])
    other = await caller.step(reported["id"], "support_measures", "2021-04-01", who="town", household_id=second["id"])
    assert (other.status_code, other.json()["code"]) == (409, "lead_household_fixed")


async def test_a_step_is_taken_once_under_one_key(caller: Caller) -> None:
    reported = await caller.reported(description="某户")
    body = {"step": "lead_accepted", "outcome": "passed", "done_on": "2021-03-02"}
    answers = await asyncio.gather(
        *(caller.post(f"/leads/{reported['id']}/steps", body, key="same") for _ in range(10))
    )
    assert [answer.status_code for answer in answers] == [201] * 10
    assert len({answer.text for answer in answers}) == 1
    assert len((await caller.get(f"/leads/{reported['id']}")).json()["steps"]) == 1


async def test_of_many_callers_with_keys_of_their_own_one_takes_the_step(caller: Caller) -> None:
    reported = await caller.reported(description="某户")
    answers = await asyncio.gather(
        *(caller.step(reported["id"], "lead_accepted", "2021-03-02", who="intake") for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9


async def test_two_leads_registered_at_once_start_monitoring_once(caller: Caller) -> None:
    made = await caller.registered()
    leads = [await caller.reported(household_id=made["id"]) for _ in range(4)]
    for one in leads:
        for step, day, who in PATH_TO_MONITORED[:4]:
            assert (await caller.step(one["id"], step, day, who=who)).status_code == 201
    answers = await asyncio.gather(*(caller.step(one["id"], "registered", "2021-03-15", who="county") for one in leads))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert (await caller.get(f"/households/{made['id']}")).json()["version"] == 2


async def test_leads_are_listed_by_channel_status_town_and_household(caller: Caller) -> None:
    made = await caller.registered()
    first = await caller.reported(household_id=made["id"])
    second = await caller.reported(description="某户", channel="self_report", town="江口镇")
    await caller.step(second["id"], "lead_accepted", "2021-03-02", who="intake", outcome="refused")
    for query, expected in (
        ({}, [first, second]),
        ({"channel": "self_report"}, [second]),
        ({"status": "refused"}, [second]),
        ({"status": "open"}, [first]),
        ({"town": "城关镇"}, [first]),
        ({"town": "610923102"}, [second]),
        ({"household_id": made["id"]}, [first]),
    ):
        items = (await caller.get("/leads", **query)).json()["items"]
        assert [one["id"] for one in items] == [one["id"] for one in expected], query
    page = (await caller.get("/leads", limit="1")).json()
    rest = (await caller.get("/leads", limit="1", cursor=page["next_cursor"])).json()
    assert ([one["id"] for one in page["items"] + rest["items"]], rest["next_cursor"]) == (
        [first["id"], second["id"]],
        None,
    )
    assert (await caller.get("/leads", status="done")).status_code == 422


async def test_leads_of_another_book_are_not_found(caller: Caller) -> None:
    reported = await caller.reported(description="某户")
    elsewhere = Caller(caller.client, caller.issuer, book="610924")
    assert (await elsewhere.get(f"/leads/{reported['id']}")).status_code == 404
    assert (await elsewhere.step(reported["id"], "lead_accepted", "2021-03-02", who="intake")).status_code == 404
    made = await caller.registered()
    assert (await elsewhere.post("/leads", lead(household_id=made["id"]))).status_code == 404


async def test_who_may_report_and_read_leads(caller: Caller) -> None:
    statuses = {
        who: (await caller.post("/leads", lead(description="某户"), who=who)).status_code
        for who in ("intake", "village", "town", "county", "auditor", "payer", "officer", "checker", "admin")
    }
    assert statuses == {"intake": 201, "village": 201, "town": 201, "county": 201} | dict.fromkeys(
        ("auditor", "payer", "officer", "checker", "admin"), 403
    )
    assert (await caller.get("/leads", who="auditor")).status_code == 200
    assert (await caller.get("/leads", who="officer")).status_code == 403
    assert (await caller.client.get("/v1/books/610923/leads")).status_code == 401


async def test_the_eight_steps_can_be_read(caller: Caller) -> None:
    steps = (await caller.get("/lead-steps")).json()
    assert [one["name_zh"] for one in steps["items"]] == [
        "线索受理",
        "村镇核实",
        "四支队伍联合会审",
        "县级比对认定",
        "纳入监测",
        "落实帮扶",
        "跟踪回访",
        "风险消除",
    ]
    assert all(one["source"] for one in steps["items"])
