"""Who was what when: earlier states of households, people who leave, return and move, consents, possible duplicates with both records."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from claims.households.index_backfill import index_some_members
from claims.households.tables import household as household_table
from claims.households.tables import household_version, member_version
from claims.households.tables import member as member_table
from common.database import transaction
from common.dates import today_in_shanghai
from tests.integration.claims_households.register import household, id_number, member
from tests.integration.claims_register.office import Json, Office

pytestmark = pytest.mark.anyio

TODAY = today_in_shanghai().isoformat()
YESTERDAY = (today_in_shanghai() - timedelta(days=1)).isoformat()


async def test_earlier_state_is_shown_as_it_was_and_cannot_be_changed(
    office: Office, claims_client: httpx.AsyncClient
) -> None:
    made = await office.registered(household([member(1), member(2, "spouse")], bank_account="6217000000000000004"))
    path = f"/households/{made['id']}"
    spouse = made["members"][1]["id"]
    changes = {
        "category": "sudden_hardship",
        "members": {
            "change": [{"id": made["members"][0]["id"], "name": "赵改名"}],
            "remove": [{"id": spouse, "left_on": YESTERDAY, "reason": "moved_away"}],
        },
    }
    assert (await office.patch(path, changes, version=1)).status_code == 200
    back = {"members": {"come_back": [{"id": spouse, "returned_on": TODAY}]}}
    assert (await office.patch(path, back, version=2)).status_code == 200

    context = claims_client._transport.app.state.context  # type: ignore[attr-defined]
    async with transaction(context.engine) as conn:
        kept = (await conn.execute(sa.select(household_version).order_by(household_version.c.version))).mappings().all()
        people = (await conn.execute(sa.select(member_version))).mappings().all()
    assert [row["category"] for row in kept] == ["marginal_poverty_prone", "sudden_hardship"]
    assert sorted((row["since_version"], row["until_version"], row["left_reason"]) for row in people) == [
        (1, 2, None), (1, 2, None), (2, 3, "moved_away"),
    ]  # fmt: skip
    personal = context.personal(office.book)
    first = next(row for row in people if row["member_id"] != spouse and str(row["member_id"]) != spouse)
    assert personal.open_text(first["name_cipher"], "member.name", first["member_id"]) == "钱示例1"

    events = await office.all(f"{path}/history")
    assert [(event["version"], event["kind"]) for event in events] == [(1, "created"), (2, "edited"), (3, "edited")]
    assert "赵改名" not in str(events)
    now = (await office.get(path, as_of=TODAY)).json()
    assert [(one["name"], one["present"]) for one in now["members"]] == [("赵改名", True), ("钱示例2", True)]
    assert (await office.get(path, as_of=YESTERDAY)).status_code == 404
    async with transaction(context.engine) as conn:
        with pytest.raises(DBAPIError, match="permission denied"):
            await conn.execute(sa.update(household_version).values(category="general"))
    async with transaction(context.engine) as conn:
        with pytest.raises(DBAPIError, match="new version only"):
            await conn.execute(sa.update(household_table).values(category="general"))


async def test_who_moves_leaves_one_household_and_joins_the_other(office: Office) -> None:
    left = await office.registered(household([member(1), member(2, "daughter")]))
    joined = await office.registered(household([member(3)]))
    mover = left["members"][1]["id"]
    path = f"/households/{left['id']}/members/{mover}/move"
    head = f"/households/{left['id']}/members/{left['members'][0]['id']}/move"
    body = {"to_household_id": joined["id"], "moved_on": YESTERDAY, "relation": "儿媳"}
    assert (await office.post(head, body)).status_code == 422
    moved = await office.post(path, body, key="move")
    assert moved.status_code == 201, moved.text
    assert moved.json()["warnings"] == [
        warning for warning in moved.json()["warnings"] if warning["code"] != "possible_duplicate"
    ]
    assert (await office.post(path, body, key="move")).headers["Idempotent-Replayed"] == "true"
    came = moved.json()["members"][1]
    assert (came["relation"], came["moved_from"], came["joined_on"]) == ("child_in_law", mover, YESTERDAY)
    gone = (await office.get(f"/households/{left['id']}")).json()["members"][1]
    assert (gone["present"], gone["left_reason"], gone["left_on"]) == (False, "moved_household", YESTERDAY)
    assert (await office.post(path, body)).status_code == 422


async def test_consents_are_kept_with_their_withdrawals(office: Office) -> None:
    made = await office.registered()
    path = f"/households/{made['id']}/consents"
    body = {
        "kind": "data_comparison",
        "given_by": made["members"][0]["id"],
        "given_on": YESTERDAY,
        "document_reference": "授权书1号",
    }
    given = (await office.post(path, body)).json()
    assert (given["kind_name_zh"], given["withdrawn_on"]) == ("数据比对授权", None)
    wrong = await office.post(path, {**body, "kind": "anything", "given_by": made["id"], "given_on": "2199-01-01"})
    assert {error["field"] for error in wrong.json()["errors"]} == {"kind", "given_by", "given_on"}
    withdrawal = f"{path}/{given['id']}/withdrawal"
    assert (await office.post(withdrawal, {"withdrawn_on": "2000-01-01"})).status_code == 422
    assert (await office.post(withdrawal, {"withdrawn_on": TODAY})).json()["withdrawn_on"] == TODAY
    assert (await office.post(withdrawal, {"withdrawn_on": TODAY})).json()["code"] == "consent_withdrawn"
    listed = (await office.get(path)).json()["items"]
    assert [one["withdrawn_on"] for one in listed] == [TODAY]


async def twins(office: Office) -> tuple[Json, Json]:
    """Two households that share a phone, an account, and a person of the same name and birth under two numbers."""
    first = household([member(1, phone="13800000001")], bank_account="6217000000000000004")
    other = member(2, phone="13800000001") | {"name": "钱示例1", "id_number": id_number(order=2)}
    return await office.registered(first), await office.registered(
        household([other], bank_account="6217000000000000004")
    )


async def test_possible_duplicates_are_flagged_with_both_records_and_never_merged(
    office: Office, claims_client: httpx.AsyncClient
) -> None:
    one, two = await twins(office)
    found = [warning for warning in two["warnings"] if warning["code"] == "possible_duplicate"]
    assert {(warning["field"], warning["household_id"]) for warning in found} == {
        ("members[0].phone", one["id"]), ("members[0].name", one["id"]), ("bank_account", one["id"]),
    }  # fmt: skip
    listed = await office.all("/possible-duplicates")
    assert {(case["kind"], case["resolution"]) for case in listed} == {
        ("phone", "open"), ("name_birth", "open"), ("bank_account", "open"),
    }  # fmt: skip
    assert {(case["first"]["household_id"], case["second"]["household_id"]) for case in listed} == {
        (one["id"], two["id"])
    }
    person = next(case for case in listed if case["kind"] == "name_birth")
    assert person["second"]["household"]["members"][0]["id_number"].startswith("610923********")
    path = f"/possible-duplicates/{person['id']}/resolution"
    kept = await office.post(path, {"resolution": "different", "note": "入户核实，系两人"})
    assert "入户" not in kept.text
    await office.post(path, {"resolution": "same_person", "note": "复核：同一人"})
    again = await office.all("/possible-duplicates", resolution="same_person")
    assert [[said["note"] for said in case["resolutions"]] for case in again] == [["入户核实，系两人", "复核：同一人"]]
    assert len(await office.all("/possible-duplicates", resolution="open", household_id=two["id"])) == 2
    same = await office.registered(household([member(1)]))
    assert {
        (warning["field"], warning["household_id"])
        for warning in same["warnings"]
        if warning["code"] == "possible_duplicate"
    } == {("members[0].id_number", one["id"]), ("members[0].name", two["id"])}


async def test_members_older_than_the_index_are_indexed_and_flagged(
    office: Office, claims_client: httpx.AsyncClient
) -> None:
    context = claims_client._transport.app.state.context  # type: ignore[attr-defined]
    await office.registered(household([member(1)]))
    other = member(2) | {"name": "钱示例1"}
    await office.registered(household([other]))
    async with transaction(context.engine) as conn:
        flagged = await conn.execute(sa.select(member_table.c.name_birth_index).distinct())
        (before,) = flagged.scalars().all()
        await conn.execute(sa.update(member_table).values(name_birth_index=None))
    assert await index_some_members(context) == 2
    async with transaction(context.engine) as conn:
        assert (await conn.scalars(sa.select(member_table.c.name_birth_index).distinct())).all() == [before]
    assert await index_some_members(context) == 0
