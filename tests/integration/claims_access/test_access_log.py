"""The access log: a gapless chain a book that the database links and verification proves."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.access.rules import Action
from claims.access.service import record_access, verify
from common.database import sqlstate, transaction
from common.ids import uuid7
from deploy.local.issuer import Issuer

pytestmark = pytest.mark.anyio

BOOK = "610923"
SUBJECT = uuid7()
NOT_PERMITTED, APPEND_ONLY, BROKEN_LINK, NOT_NOW, CHECK = "42501", "FP101", "FP110", "FP111", "23514"
INSERT = """INSERT INTO access_record (book, position, at, person, action, subject, reason, detail, prev_hash, hash)
    SELECT '610923', {position}, {at}, 'x', '{action}', 'household', {reason}, '{{}}', {prev}, sha256('x')
    FROM access_head WHERE book = '610923'"""
WHOLE: dict[str, object] = {
    "position": "position + 1",
    "at": "clock_timestamp()",
    "action": "export",
    "reason": "NULL",
    "prev": "hash",
}
ATTACKS = [
    (INSERT.format(**WHOLE | {"position": "position + 2"}), BROKEN_LINK),
    (INSERT.format(**WHOLE | {"prev": "sha256('y')"}), BROKEN_LINK),
    (INSERT.format(**WHOLE | {"at": "now() - interval '1 day'"}), NOT_NOW),
    (INSERT.format(**WHOLE | {"at": "clock_timestamp() + interval '1 minute'"}), NOT_NOW),
    (INSERT.format(**WHOLE | {"action": "unmask"}), CHECK),
    ("UPDATE access_record SET person = 'nobody'", NOT_PERMITTED),
    ("DELETE FROM access_record", NOT_PERMITTED),
    ("TRUNCATE access_record", NOT_PERMITTED),
    ("UPDATE access_head SET position = 0", NOT_PERMITTED),
    ("UPDATE access_head SET hash = decode(repeat('00', 32), 'hex')", NOT_PERMITTED),
    ("DELETE FROM access_head", NOT_PERMITTED),
    ("INSERT INTO access_head (book, position) VALUES ('610922', 7)", NOT_PERMITTED),
]


async def log(engine: AsyncEngine, person: str, action: Action = Action.EXPORT, **other: Any) -> None:
    said: dict[str, Any] = {"subject": "register", "subject_id": None, **other}
    async with transaction(engine) as conn:
        await record_access(conn, book=BOOK, person=person, action=action, **said)


async def test_records_written_at_once_have_no_gap_and_verify(service: AsyncEngine) -> None:
    async def one(number: int) -> None:
        async with service.connect() as conn:
            said: dict[str, Any] = {"subject": "document", "subject_id": uuid7(), "detail": {"rows": number}}
            await record_access(conn, book=BOOK, person=f"p-{number}", action=Action.DOWNLOAD, **said)
            # An access that is not permitted in the end leaves no record and no gap.
            await (conn.rollback() if number % 5 == 0 else conn.commit())

    await asyncio.gather(*(one(number) for number in range(20)))
    found = await verify(service, BOOK)
    assert (found.broken_position, found.head.position) == (None, 16)
    assert (await verify(service, "610922")).head.position == 0


async def test_the_service_role_cannot_break_the_chain(service: AsyncEngine) -> None:
    await log(service, "a")
    for statement, code in ATTACKS:
        with pytest.raises(DBAPIError) as refused:
            async with service.begin() as conn:
                await conn.exec_driver_sql(statement)
        assert sqlstate(refused.value) == code, statement
    assert (await verify(service, BOOK)).head.position == 1


async def test_a_change_behind_the_services_back_is_found(owner: AsyncEngine, service: AsyncEngine) -> None:
    for person in ("a", "b", "c"):
        await log(service, person, Action.UNMASK, reason="核对身份", subject_id=SUBJECT, detail={"fields": "phone"})
    assert (await verify(service, BOOK)).broken_position is None
    await tampered(owner, "UPDATE access_record SET person = 'd' WHERE position = 2")
    assert (await verify(service, BOOK)).broken_position == 2
    await tampered(owner, "UPDATE access_record SET person = 'b' WHERE position = 2")
    await tampered(owner, "DELETE FROM access_record WHERE position = 3")
    assert (await verify(service, BOOK)).broken_position == 3


async def test_the_log_is_read_by_person_action_subject_and_day_and_by_auditors_alone(
    claims_client: httpx.AsyncClient, issuer: Issuer, service: AsyncEngine
) -> None:
    household = uuid7()
    await log(service, "a", Action.UNMASK, subject="household", subject_id=household, reason="核对身份")
    await log(service, "b", Action.DOWNLOAD, subject="document", detail={"rows": 1})
    await log(service, "a", Action.EXPORT, subject="register")

    async def found(who: str = "auditor", **query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {issuer.token(who, book=BOOK)}"}
        return await claims_client.get(f"/v1/books/{BOOK}/access-log", params=query, headers=headers)

    async def positions(**query: str) -> list[int]:
        return [one["position"] for one in (await found(**query)).json()["items"]]

    async with service.connect() as conn:
        day = str(await conn.scalar(sa.text("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date")))
    assert await positions() == [3, 2, 1]
    assert await positions(person="a") == [3, 1]
    assert await positions(action="download") == [2]
    assert await positions(subject="household") == [1]
    assert await positions(subject_id=str(household)) == [1]
    assert await positions(day=day) == [3, 2, 1]
    assert await positions(day="2020-01-01") == []
    first = (await found(limit="2")).json()
    assert await positions(cursor=first["next_cursor"]) == [1]
    assert (await found("payer")).status_code == 403
    verification = await claims_client.get(
        f"/v1/books/{BOOK}/access-log/verification",
        headers={"Authorization": f"Bearer {issuer.token('auditor', book=BOOK)}"},
    )
    assert verification.json()["verified"] is True
    assert verification.json()["records"] == 3


async def tampered(owner: AsyncEngine, statement: str) -> None:
    """Change the log as only its owner could, with the triggers taken away for a moment."""
    async with owner.begin() as conn:
        await conn.exec_driver_sql("ALTER TABLE access_record DISABLE TRIGGER USER")
        await conn.exec_driver_sql(statement)
        await conn.exec_driver_sql("ALTER TABLE access_record ENABLE TRIGGER USER")
