"""What the database refuses the claims service's own role, and what the reader never sees."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.databases import Database
from tests.integration.claims_households.register import Caller, household, member, monitor

pytestmark = pytest.mark.anyio

APPEND_ONLY = ("household_event", "lead_step", "monitoring_event", "income_line", "idempotency_key")
DENIED = "42501"
EXCLUSION = "23P01"


async def sqlstate_of(url: str, statement: str) -> str | None:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as conn:
            await conn.execute(sa.text(statement))
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        return str(getattr(cause, "sqlstate", None))
    finally:
        await engine.dispose()
    return None


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_history_cannot_be_changed_by_the_service_nor_by_the_owner(
    caller: Caller, claims_database: Database, table: str
) -> None:
    made = await caller.registered()
    await monitor(caller, (await caller.reported(household_id=made["id"]))["id"])
    column = "scope" if table == "income_line" else "book"
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
        assert await sqlstate_of(claims_database.service_url, statement) == DENIED
        assert await sqlstate_of(claims_database.owner_url, statement) == "FP101"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM household",
        "DELETE FROM member",
        "DELETE FROM lead",
        "UPDATE household SET created_by = 'x'",
        "UPDATE household SET book = '610924'",
        "UPDATE member SET household_id = id",
        "UPDATE lead SET reason_cipher = ''",
        "UPDATE lead SET found_on = '2020-01-01'",
        "CREATE TABLE mine (a int)",
        "CREATE TEMP TABLE mine (a int)",
    ],
)
async def test_the_service_cannot_do_what_no_use_case_does(claims_database: Database, statement: str) -> None:
    assert await sqlstate_of(claims_database.service_url, statement) == DENIED


async def test_the_database_refuses_a_second_head_and_the_same_person_twice(
    caller: Caller, claims_database: Database
) -> None:
    made = await caller.registered(household([member(1), member(2, "spouse")]))
    second = made["members"][1]["id"]
    for change in (
        "relation = 'head', since_version = since_version + 1",
        "id_number_index = (SELECT id_number_index FROM member WHERE position = 1)",
    ):
        statement = f"UPDATE member SET {change} WHERE id = '{second}'"  # noqa: S608
        assert await sqlstate_of(claims_database.service_url, statement) == EXCLUSION


@pytest.mark.parametrize(
    "column",
    [
        "member.name_cipher",
        "member.id_number_index",
        "household.bank_account_cipher",
        "household.responsible_cadre_cipher",
        "lead.reason_cipher",
        "lead_step.note_cipher",
        "idempotency_key.body",
    ],
)
async def test_the_reader_sees_no_sealed_column(claims_database: Database, column: str) -> None:
    table, name = column.split(".")
    assert await sqlstate_of(claims_database.reader_url, f"SELECT {name} FROM {table}") == DENIED  # noqa: S608


async def test_the_reader_sees_what_is_not_secret(caller: Caller, claims_database: Database) -> None:
    await caller.registered()
    assert await sqlstate_of(claims_database.reader_url, "SELECT town_code, category FROM household") is None
    assert await sqlstate_of(claims_database.reader_url, "SELECT relation FROM member") is None
