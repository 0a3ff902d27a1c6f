"""Seen in the clear only for a reason on record; erased for good, with what accounting needs left standing."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.access.retention import erase_due, kept_since
from claims.access.sealed import SEALED
from claims.access.service import verify
from common.database import sqlstate
from deploy.local.issuer import Issuer
from tests.support.claims_office import BOOK, Office, id_number

pytestmark = pytest.mark.anyio

ACCOUNT, PHONE = "9999990000000000001", "19900000001"
REQUEST = {"legal_basis": "request", "reason": "本人书面申请"}
UNFINISHED, MONITORED, NOT_PERMITTED = "FP120", "FP121", "42501"
NOTICE = """INSERT INTO claim_notice SELECT book, id, 1, '2021-07-01', 5, 100, decision_version, event_count,
    '公示 孙示例1', 'notice', now(), 'x' FROM claim"""
ERASE = """INSERT INTO erasure (book, id, household_id, legal_basis, reason, by_person)
    SELECT book, gen_random_uuid(), id, 'request', 'x', 'x' FROM household"""


@pytest.fixture
def office(claims_client: httpx.AsyncClient, issuer: Issuer) -> Office:
    return Office(claims_client, issuer)


async def family_of(office: Office) -> dict[str, Any]:
    return await office.family(bank_account=ACCOUNT, responsible_cadre="李示例")


async def refused_claim(office: Office, family: dict[str, Any]) -> dict[str, Any]:
    """A claim that came to its end: the town refused it, with a note."""
    loss = [{"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": "FP-1"}]
    claim = await office.filed(family, loss=loss)
    answer = await office.step(claim, "town_check", "town", "refused", note="不符合条件")
    assert answer.status_code == 201, answer.text
    return claim


async def test_a_clear_value_is_shown_for_a_reason_that_is_recorded_and_nowhere_kept(
    office: Office, service: AsyncEngine
) -> None:
    await office.programme()
    family = await family_of(office)
    path = f"/households/{family['id']}/disclosure"
    body = {"fields": ["bank_account"], "reason": "银行退票，核对账号"}
    shown = (await office.post(path, body, "payer")).json()
    assert shown["bank_account"] == ACCOUNT
    assert [one["id_number"] for one in shown["members"]] == [None, None]
    body = {"fields": ["id_number", "phone"], "reason": "入户核对身份"}
    member = family["members"][1]["id"]
    shown = (await office.post(f"/households/{family['id']}/members/{member}/disclosure", body, "county")).json()
    assert (len(shown["members"]), shown["bank_account"]) == (1, None)
    number = shown["members"][0]["id_number"]
    assert family["members"][1]["id_number"] == number[:6] + "*" * 8 + number[-4:]
    claim = await office.filed(
        family, loss=[{"kind": "medical_bill", "amount_fen": 5_000_000, "document_number": "FP-7"}]
    )
    answer = await office.post(f"/claims/{claim['id']}/disclosure", {"reason": "与医院核对"}, "county")
    assert answer.json()["document_numbers"] == ["FP-7"]
    log = (await office.read("/access-log"))["items"]
    assert [(one["person"], one["action"], one["subject"], one["reason"]) for one in log] == [
        ("county-1", "unmask", "claim", "与医院核对"),
        ("county-1", "unmask", "member", "入户核对身份"),
        ("payer-1", "unmask", "household", "银行退票，核对账号"),
    ]
    assert log[1]["detail"] == {"fields": "id_number,phone", "members": 1}
    async with service.connect() as conn:
        kept = await conn.scalars(sa.text("SELECT body FROM idempotency_key"))
        assert [body for body in kept if ACCOUNT in body or number in body] == []

    nobody = {"fields": ["phone"], "reason": "核对"}
    assert (await office.post(path, nobody, "town")).status_code == 403
    for wrong in (
        {"fields": ["phone"]},
        {**nobody, "fields": []},
        {**nobody, "fields": ["name"]},
        {**nobody, "reason": f"致电{PHONE}"},
    ):
        assert (await office.post(path, wrong, "payer")).status_code == 422, wrong
    assert (await office.post(f"/households/{member}/disclosure", nobody, "payer")).status_code == 404
    assert len((await office.read("/access-log"))["items"]) == 3


async def bills_left(service: AsyncEngine, ids: str) -> set[bytes]:
    """The indexes of document numbers after an erasure, when notices and kept answers that mention these ids say nothing more."""
    async with service.connect() as conn:
        mentioned = sa.text("SELECT body::jsonb FROM idempotency_key WHERE status < 300 AND body ~ :ids")
        for body in await conn.scalars(mentioned, {"ids": ids}):
            assert "erased_at" in body or all(isinstance(value, str | int | None) for value in body.values()), body
        assert (await conn.execute(sa.text("SELECT text_zh, text_en FROM claim_notice"))).all() == [
            ("已抹除", "erased")
        ]
        left = (await conn.scalars(sa.text("SELECT document_index FROM claim_document"))).all()
    assert len(left) == 1
    return set(left)


async def test_nothing_new_is_taken_down_of_an_erased_household(office: Office) -> None:
    await office.programme()
    family = await family_of(office)
    claim = await refused_claim(office, family)
    answer = await office.post(f"/households/{family['id']}/erasure", REQUEST, "county")
    assert answer.status_code == 200, answer.text
    lead = {"channel": "cadre_visit", "household_id": family["id"], "reason": "住院", "found_on": "2021-06-01"}
    for path, body in (("/claims", office.claim(family)), ("/leads", lead)):
        refused = await office.post(path, body, "intake" if path == "/claims" else "village")
        assert (refused.status_code, refused.json()["code"]) == (409, "personal_data_erased"), path
    url = f"/v1/books/{BOOK}/households/{family['id']}"
    headers = office.headers("village") | {"If-Match": f'"{family["version"] + 1}"'}
    newcomer = {"name": "孙示例九", "id_number": id_number(900), "relation": "head"}
    for change in ({"members": {"add": [newcomer]}}, {"bank_account": ACCOUNT}):
        refused = await office.client.patch(url, json=change, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "personal_data_erased"), refused.text
    assert claim["number"] == (await office.read("/claims"))["items"][0]["number"]


async def test_an_erased_household_is_gone_from_every_sealed_column_and_its_figures_stay(
    office: Office, service: AsyncEngine, owner: AsyncEngine
) -> None:
    await office.programme()
    family = await family_of(office)
    claim = await refused_claim(office, family)
    lead = {"channel": "cadre_visit", "household_id": family["id"], "reason": "住院", "found_on": "2021-06-01"}
    made = await office.made("/leads", lead, "village")
    step = {"step": "lead_accepted", "outcome": "refused", "note": "不实", "done_on": "2021-06-01"}
    await office.post(f"/leads/{made['id']}/steps", step, "town")
    before = await office.read(f"/claims/{claim['id']}")
    number = (
        await office.post(
            f"/households/{family['id']}/disclosure", {"fields": ["id_number"], "reason": "核对"}, "county"
        )
    ).json()
    shown_number = number["members"][0]["id_number"]

    async with owner.begin() as conn:
        await conn.exec_driver_sql(NOTICE)
        bills = set((await conn.scalars(sa.text("SELECT document_index FROM claim_document"))).all())

    answer = await office.post(f"/households/{family['id']}/erasure", REQUEST, "county", key="erase-1")
    assert answer.status_code == 200, answer.text
    again = await office.post(f"/households/{family['id']}/erasure", REQUEST, "county", key="erase-1")
    assert (again.status_code, again.json()) == (200, answer.json())
    other = await office.post(f"/households/{family['id']}/erasure", REQUEST, "county")
    assert (other.status_code, other.json()["code"]) == (409, "already_erased")

    async with service.connect() as conn:
        for column in SEALED:
            query = f"SELECT count(*) FROM {column.table} WHERE {column.column} <> '\\x00'::bytea"  # noqa: S608
            assert (await conn.execute(sa.text(query))).scalar_one() == 0, column
        kept = (await conn.scalars(sa.text("SELECT body FROM idempotency_key WHERE body LIKE '%members%'"))).all()
        assert kept == []
    # A bill paid once must not be paid twice.
    assert bills == await bills_left(service, f"{family['id']}|{claim['id']}")
    shown = await office.read(f"/households/{family['id']}")
    assert [(one["name"], one["id_number"], one["left_reason"]) for one in shown["members"]] == [
        ("erased", "erased", "erased")
    ] * 2
    assert (shown["bank_account"], shown["responsible_cadre"]) == (None, None)
    found = await office.post("/households/search", {"id_number": shown_number}, "auditor")
    assert found.json()["items"] == []
    after = await office.read(f"/claims/{claim['id']}")
    assert (after["number"], after["status"], after["benefit_fen"]) == (
        before["number"],
        "refused",
        before["benefit_fen"],
    )
    assert (after["loss"], after["other_payments"]) == ([], [])
    assert {line["note"] for line in after["history"]} <= {"erased", None}
    gone = await office.get(f"/claims/{claim['id']}/decision")
    assert (gone.status_code, gone.json()["code"]) == (409, "personal_data_erased")
    gone = await office.post(f"/claims/{claim['id']}/decision/recomputation", None, "auditor")
    assert (gone.status_code, gone.json()["code"]) == (409, "personal_data_erased")
    gone = await office.get(f"/claims/{claim['id']}/decision/letter", "county")
    assert (gone.status_code, gone.json()["code"]) == (409, "personal_data_erased")
    reasons = await office.read("/reports/refusal-reasons")
    assert (reasons["refused_claims"], reasons["items"]) == (0, [])
    assert (await office.read(f"/leads/{made['id']}"))["reason"] == "erased"
    for path, body in (
        (f"/households/{family['id']}", {"fields": ["phone"], "reason": "核对"}),
        (f"/claims/{claim['id']}", {"reason": "核对"}),
    ):
        gone = await office.post(f"{path}/disclosure", body, "county")
        assert (gone.status_code, gone.json()["code"]) == (409, "personal_data_erased")
    assert (await office.read("/claims"))["items"][0]["number"] == before["number"]
    assert (await verify(service, BOOK)).broken_position is None
    assert (await office.read("/access-log", action="erasure"))["items"][0]["subject_id"] == family["id"]


async def test_one_member_is_erased_and_the_rest_of_the_household_stays(office: Office) -> None:
    await office.programme()
    family = await family_of(office)
    claim = await refused_claim(office, family)
    spouse = family["members"][1]["id"]
    answer = await office.post(f"/households/{family['id']}/members/{spouse}/erasure", REQUEST, "county")
    assert answer.status_code == 200, answer.text
    shown = await office.read(f"/households/{family['id']}")
    assert shown["members"][0] == family["members"][0]
    assert shown["members"][1]["name"] == "erased"
    assert shown["bank_account"] == family["bank_account"]
    assert (await office.read(f"/claims/{claim['id']}"))["loss"]
    gone = await office.post(
        f"/households/{family['id']}/members/{spouse}/disclosure", {"fields": ["phone"], "reason": "x"}, "county"
    )
    assert gone.json()["code"] == "personal_data_erased"


async def test_nobody_is_erased_while_claims_or_monitoring_go_on_not_even_by_the_services_role(
    office: Office, service: AsyncEngine
) -> None:
    await office.programme()
    family = await family_of(office)
    claim = await office.filed(family)
    path = f"/households/{family['id']}/erasure"
    refused = await office.post(path, REQUEST, "county")
    assert (refused.status_code, refused.json()["code"]) == (409, "claims_unfinished")
    assert refused.json()["claims"] == [claim["number"]]
    # A member without a claim is not held back by another's.
    spouse = family["members"][1]["id"]
    assert (
        await office.post(f"/households/{family['id']}/members/{spouse}/erasure", REQUEST, "county")
    ).status_code == 200
    assert (await office.post(path, REQUEST, "town")).status_code == 403
    assert (await office.post(path, {"reason": "x"}, "county")).status_code == 422
    for statement, code in (
        (ERASE, UNFINISHED),
        ("UPDATE erasure SET reason = 'y'", NOT_PERMITTED),
        ("DELETE FROM erasure", NOT_PERMITTED),
    ):
        with pytest.raises(DBAPIError) as error:
            async with service.begin() as conn:
                await conn.exec_driver_sql(statement)
        assert sqlstate(error.value) == code, statement
    assert (await office.read(f"/households/{family['id']}"))["members"][0] == family["members"][0]


async def test_who_is_past_the_retention_period_is_erased_by_age(
    office: Office, service: AsyncEngine, owner: AsyncEngine
) -> None:
    await office.programme()
    old, active, claiming = await family_of(office), await office.family(), await office.family()
    failing = await office.family()
    await office.filed(claiming)
    today = date(2027, 1, 1)
    assert kept_since(today) == date(2017, 1, 1)
    assert await erase_due(service, today) == 0
    # As it will be in more than ten years: two of the three were last touched long ago.
    async with owner.begin() as conn:
        await conn.execute(
            sa.text("UPDATE household SET updated_at = '2016-12-31T00:00:00Z' WHERE id::text = ANY(:ids)"),
            {"ids": [old["id"], claiming["id"], failing["id"]]},
        )
        await conn.exec_driver_sql(
            "CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''x''; END'"
        )
        await conn.exec_driver_sql(
            "CREATE TRIGGER fails BEFORE INSERT ON erasure FOR EACH ROW"
            f" WHEN (NEW.household_id = '{failing['id']}') EXECUTE FUNCTION fails()"
        )
    # One that the database refuses keeps nobody else's.
    assert await erase_due(service, today) == 1
    assert await erase_due(service, today) == 0
    async with owner.begin() as conn:
        await conn.exec_driver_sql("DROP FUNCTION fails CASCADE")
    assert (await office.read(f"/households/{old['id']}"))["members"][0]["name"] == "erased"
    assert (await office.read(f"/households/{active['id']}"))["members"] == active["members"]
    assert (await office.read(f"/households/{claiming['id']}"))["members"] == claiming["members"]
    record = (await office.read("/access-log"))["items"][0]
    assert (record["person"], record["action"], record["detail"]["legal_basis"]) == (
        "retention",
        "erasure",
        "retention_ended",
    )
