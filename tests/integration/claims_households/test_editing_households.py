"""Editing households over HTTP: versions, members coming and going, history."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.databases import Database
from tests.integration.claims_households.register import Caller, household, id_number, member

pytestmark = pytest.mark.anyio


async def history(database: Database) -> list[tuple[int, str, dict[str, Any], str]]:
    engine = create_async_engine(database.owner_url)
    try:
        async with engine.connect() as conn:
            rows = await conn.execute(
                sa.text("SELECT version, kind, changes, by_person FROM household_event ORDER BY version")
            )
            return [(row.version, row.kind, row.changes, row.by_person) for row in rows]
    finally:
        await engine.dispose()


async def test_an_edit_needs_the_version_that_was_read(caller: Caller) -> None:
    made = await caller.registered()
    path = f"/households/{made['id']}"
    shown = await caller.get(path)
    assert shown.headers["ETag"] == '"1"'
    change = {"category": "sudden_hardship"}
    assert (await caller.patch(path, change, version=None)).status_code == 428
    assert (await caller.patch(path, change, version=2)).status_code == 412
    done = await caller.patch(path, change, version=1)
    assert (done.status_code, done.headers["ETag"], done.json()["version"]) == (200, '"2"', 2)
    assert (await caller.patch(path, change, version=1)).status_code == 412
    weak = caller.headers("intake", **{"If-Match": "*"})
    answer = await caller.client.patch(f"/v1/books/610923{path}", json=change, headers=weak)
    assert answer.status_code == 412


async def test_of_two_edits_of_one_version_one_wins(caller: Caller) -> None:
    path = f"/households/{(await caller.registered())['id']}"
    answers = await asyncio.gather(
        *(caller.patch(path, {"annual_income_fen": n, "income_year": 2020}, version=1) for n in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert (await caller.get(path)).json()["version"] == 2


async def test_who_changed_what_is_kept_without_personal_values(caller: Caller, claims_database: Database) -> None:
    made = await caller.registered(household([member(1, phone="13800000001")]))
    body = {
        "village": "朱家嘴村",
        "annual_income_fen": 5,
        "income_year": 2021,
        "bank_account": "6217000000000000004",
        "responsible_cadre": "李示例",
        "members": {"change": [{"id": made["members"][0]["id"], "phone": "13900000002"}]},
    }
    done = await caller.patch(f"/households/{made['id']}", body, version=1, who="village")
    assert done.status_code == 200
    assert done.json()["updated_by"] == "village-1"
    assert done.json()["members"][0]["phone"] == "139****0002"
    assert done.json()["members"][0]["name"] == "钱示例1"
    head = made["members"][0]["id"]
    assert await history(claims_database) == [
        (1, "created", {}, "intake-1"),
        (
            2,
            "edited",
            {
                "village_code": ["610923100213", "610923100210"],
                "annual_income_fen": [1_000_000, 5],
                "income_year": [2020, 2021],
                "bank_account": [None, None],
                "responsible_cadre": [None, None],
                "members": [{"present": [head]}, {"present": [head], "changed": [head]}],
            },
            "village-1",
        ),
    ]


async def test_members_come_go_and_exchange_roles_in_one_edit(caller: Caller) -> None:
    made = await caller.registered(household([member(1), member(2, "spouse"), member(3, "son")]))
    head, spouse, son = (one["id"] for one in made["members"])
    changes = {
        "change": [{"id": head, "relation": "spouse"}, {"id": spouse, "relation": "户主"}],
        "add": [member(4, "儿媳")],
        "remove": [{"id": son, "left_on": "2021-05-01", "reason": "separated_household"}],
    }
    done = await caller.patch(f"/households/{made['id']}", {"members": changes}, version=1)
    assert done.status_code == 200, done.text
    shown = (await caller.get(f"/households/{made['id']}")).json()["members"]
    assert [(one["id"] in {head, spouse, son}, one["relation"], one["present"]) for one in shown] == [
        (True, "spouse", True),
        (True, "head", True),
        (True, "son", False),
        (False, "child_in_law", True),
    ]
    assert shown[2]["left_reason"] == "separated_household"


async def test_two_members_numbers_can_be_exchanged(caller: Caller) -> None:
    made = await caller.registered(household([member(1), member(2, "spouse")]))
    first, second = (one["id"] for one in made["members"])
    changes = {
        "change": [
            {"id": first, "id_number": id_number(order=2)},
            {"id": second, "id_number": id_number(order=1)},
        ]
    }
    done = await caller.patch(f"/households/{made['id']}", {"members": changes}, version=1)
    assert done.status_code == 200, done.text
    assert done.json()["warnings"] == []
    shown = (await caller.get(f"/households/{made['id']}")).json()["members"]
    assert [one["id_number"][-4:] for one in shown] == [id_number(order=2)[-4:], id_number(order=1)[-4:]]


async def test_a_phone_or_account_can_be_taken_away(caller: Caller) -> None:
    made = await caller.registered(household([member(1, phone="13800000001")], bank_account="6217000000000000004"))
    changes = {"members": {"change": [{"id": made["members"][0]["id"], "phone": None}]}, "bank_account": None}
    done = (await caller.patch(f"/households/{made['id']}", changes, version=1)).json()
    assert done["members"][0]["phone"] is None
    assert done["bank_account"] is None
    assert (await caller.search({"phone": "13800000001"})).json()["items"] == []


UNKNOWN = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("nothing", {}, "body", "empty"),
    ("a town without its village", {"town": "江口镇"}, "body", "village_required"),
    ("an income without its year", {"annual_income_fen": 5}, "body", "income_needs_year"),
    ("no category", {"category": None}, "body", "not_removable"),
    ("a village of another town", {"village": "610923102204"}, "village", "unknown_division"),
    ("an unknown category", {"category": "poor"}, "category", "unknown_category"),
    ("no head any more", {"members": {"change": [{"id": "HEAD", "relation": "son"}]}}, "members", "one_head"),
    (
        "a member of nobody",
        {"members": {"change": [{"id": UNKNOWN, "phone": None}]}},
        "members.change[0].id",
        "unknown_member",
    ),
    (
        "a member twice",
        {"members": {"change": [{"id": "HEAD", "name": "甲"}, {"id": "HEAD", "name": "乙"}]}},
        "members.change[1].id",
        "unknown_member",
    ),
    ("no name", {"members": {"change": [{"id": "HEAD", "name": None}]}}, "members.change[0].name", "not_removable"),
    (
        "a departure in the future",
        {"members": {"remove": [{"id": "SPOUSE", "left_on": "2199-01-01", "reason": "died"}]}},
        "members.remove[0].left_on",
        "future_date",
    ),
    (
        "somebody who is there",
        {"members": {"add": [member(2, "son")]}},
        "members.add[0].id_number",
        "person_twice",
    ),
    (
        "a birth date of somebody else",
        {"members": {"change": [{"id": "HEAD", "birth_on": "1981-01-01"}]}},
        "members.change[0].birth_on",
        "birth_on_disagrees",
    ),
]


@pytest.mark.parametrize(("body", "field", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_an_edit_that_cannot_be_right_changes_nothing(
    caller: Caller, body: dict[str, Any], field: str, code: str
) -> None:
    made = await caller.registered(household([member(1), member(2, "spouse")]))
    names = {"HEAD": made["members"][0]["id"], "SPOUSE": made["members"][1]["id"]}
    for change in body.get("members", {}).get("change", []) + body.get("members", {}).get("remove", []):
        change["id"] = names.get(change["id"], change["id"])
    answer = await caller.patch(f"/households/{made['id']}", body, version=1)
    assert answer.status_code == 422, answer.text
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert (await caller.get(f"/households/{made['id']}")).json()["version"] == 1


async def test_a_household_of_another_book_is_not_found(caller: Caller) -> None:
    made = await caller.registered()
    elsewhere = Caller(caller.client, caller.issuer, book="610924")
    assert (await elsewhere.get(f"/households/{made['id']}")).status_code == 404
    assert (await elsewhere.patch(f"/households/{made['id']}", {"category": "general"}, version=1)).status_code == 404
    assert (await elsewhere.get("/households")).json()["items"] == []
    assert (await caller.get("/households/not-an-id")).status_code in {404, 422}


async def test_readers_do_not_edit(caller: Caller) -> None:
    made = await caller.registered()
    for who in ("auditor", "payer", "officer"):
        answer = await caller.patch(f"/households/{made['id']}", {"category": "general"}, version=1, who=who)
        assert answer.status_code == 403
