"""No clear personal value lies in any column of the claims database, nor in the logs, after everything was used."""

from __future__ import annotations

import io
import json

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from common.logging import configure_logging
from common.personal_data import personal_data_in
from deploy.local.databases import Database
from tests.integration.claims_households.register import Caller, household, id_number, lead, member, monitor

pytestmark = pytest.mark.anyio

SECRETS = (id_number(order=1), id_number(order=2), "13800000001", "13900000002", "6217000000000000004")
NAMES = ("钱示例1", "钱示例2", "赵改名", "孙示例")


async def everything(database: Database) -> dict[str, str]:
    """Every row of every table as text; binary columns are also read as text where they can be."""
    engine = create_async_engine(database.owner_url)
    found = {}
    try:
        async with engine.connect() as conn:
            tables = await conn.scalars(
                sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            )
            for table in tables.all():
                rows = (await conn.execute(sa.text(f'SELECT * FROM "{table}"'))).mappings()  # noqa: S608
                found[table] = json.dumps([dict(row) for row in rows], default=as_text, ensure_ascii=False)
    finally:
        await engine.dispose()
    return found


def as_text(value: object) -> str:
    return value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)


def planted_in(found: dict[str, str], *values: str) -> list[tuple[str, str]]:
    return [(table, value) for table, text in found.items() for value in values if value in text]


async def use_everything(caller: Caller) -> str:
    body = household(
        [member(1, phone="13800000001"), member(2, "spouse")],
        bank_account="6217000000000000004",
        responsible_cadre="孙示例",
    )
    made = await caller.registered(body)
    changes = {"change": [{"id": made["members"][1]["id"], "name": "赵改名", "phone": "13900000002"}]}
    assert (await caller.patch(f"/households/{made['id']}", {"members": changes}, version=1)).status_code == 200
    assert (await caller.post("/households", body)).json()["warnings"] != []
    await caller.search({"id_number": SECRETS[0]})
    await caller.search({"phone": SECRETS[2]})
    described = await caller.reported(description="钱示例1一家三口", reason="钱示例2住院")
    await monitor(caller, described["id"], household_id=made["id"])
    bad = household([member(1) | {"phone": "13800000001000"}])
    assert (await caller.post("/households", bad)).status_code == 422
    return str(made["id"])


async def test_no_personal_value_lies_clear_in_any_table(caller: Caller, claims_database: Database) -> None:
    await use_everything(caller)
    found = await everything(claims_database)
    assert {"household", "member", "lead", "lead_step", "idempotency_key", "household_event"} <= found.keys()
    assert planted_in(found, *SECRETS, *NAMES) == []


async def test_the_scan_finds_a_value_planted_on_purpose(caller: Caller, claims_database: Database) -> None:
    household_id = await use_everything(caller)
    engine = create_async_engine(claims_database.owner_url)
    async with engine.begin() as conn:
        await conn.execute(
            sa.text("UPDATE household SET bank_account_cipher = :clear WHERE id = :id"),
            {"clear": SECRETS[4].encode(), "id": household_id},
        )
    await engine.dispose()
    assert planted_in(await everything(claims_database), *SECRETS) == [("household", SECRETS[4])]


async def test_logs_and_answers_show_no_personal_number(caller: Caller) -> None:
    log = io.StringIO()
    configure_logging("claims", stream=log)
    household_id = await use_everything(caller)
    written = log.getvalue()
    assert written.count('"route": "/v1/books/{book}/households"') >= 2
    for value in (*SECRETS, *NAMES):
        assert value not in written
    shown = await caller.get(f"/households/{household_id}")
    assert personal_data_in(shown.text) is None
    assert all(value not in shown.text for value in SECRETS)


async def test_a_ciphertext_moved_to_another_row_does_not_open(caller: Caller, claims_database: Database) -> None:
    made = await caller.registered(household([member(1), member(2, "spouse")]))
    first, second = (one["id"] for one in made["members"])
    engine = create_async_engine(claims_database.owner_url)
    async with engine.begin() as conn:
        await conn.execute(
            sa.text("UPDATE member SET name_cipher = (SELECT name_cipher FROM member WHERE id = :a) WHERE id = :b"),
            {"a": first, "b": second},
        )
    await engine.dispose()
    assert (await caller.get(f"/households/{made['id']}")).status_code == 500


async def test_a_personal_number_in_a_leads_text_is_refused(caller: Caller) -> None:
    for field in ("reason", "description"):
        answer = await caller.post("/leads", lead(**{"description": "某户", field: f"联系 {SECRETS[2]}"}))
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
            422,
            "personal_data_in_text",
            field,
        )
