"""Givers over HTTP on the real database: sealed, masked, shown for a reason that is kept, erased while the gifts and the chain stay."""

from __future__ import annotations

import asyncpg
import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import LedgerCalls
from tests.support.ledger_engine import connect

pytestmark = pytest.mark.anyio

NAME, CONTACT = "欧阳示例", "示例县示例镇示例路示例号"
BODY = {"ref": "giver-01", "name": NAME, "contact": CONTACT}
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


@pytest.fixture
async def office(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    return calls


async def everything(database: Database) -> str:
    """Every row of every table, as text; bytes as the text they would be."""
    connection = await connect(database.owner_url)
    try:
        found = []
        for table in await connection.fetch(TABLES):
            rows = await connection.fetch(f'SELECT * FROM "{table["relname"]}"')  # noqa: S608 - a name from the catalogue
            found += [
                value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                for row in rows
                for value in row.values()
            ]
        return "\n".join(found)
    finally:
        await connection.close()


async def test_a_giver_is_sealed_masked_and_shown_for_a_reason_that_is_kept(
    office: LedgerCalls, ledger_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    made = await office.post("/givers", BODY, key="giver")
    assert (made.status_code, made.json()["ref"]) == (201, "giver-01")
    again = await office.post("/givers", BODY, key="giver")
    assert (again.text, again.headers["Idempotent-Replayed"]) == (made.text, "true")
    assert (await office.post("/givers", BODY | {"name": "别人"})).json()["code"] == "giver_exists"
    shown = await office.read("/givers/giver-01")
    assert (shown["name"], shown["contact_known"], shown["erased_at"]) == ("欧***", True, None)
    await office.made("/givers", ref="giver-02", name="示例县慈善协会")
    listed = (await office.read("/givers"))["items"]
    assert [(one["ref"], one["name"], one["contact_known"]) for one in listed] == [
        ("giver-01", "欧***", True),
        ("giver-02", "示例县慈善协会", False),
    ]
    disclosed = await office.post("/givers/giver-01/disclosure", {"reason": "开具捐赠票据"})
    assert disclosed.json() == {"ref": "giver-01", "name": NAME, "contact": CONTACT}
    connection = await connect(ledger_database.owner_url)
    kept = await connection.fetch("SELECT ref, by_person, reason FROM giver_disclosure")
    assert [tuple(row) for row in kept] == [("giver-01", "officer-1", "开具捐赠票据")]
    await connection.close()
    stored = await everything(ledger_database)
    assert "giver-01" in stored
    for secret in (NAME, CONTACT):
        assert secret not in stored
        assert secret not in caplog.text


async def test_an_erased_giver_is_gone_while_the_gift_and_the_chain_stay(
    office: LedgerCalls, ledger_database: Database
) -> None:
    await office.made("/givers", **BODY)
    gift = {"giver_ref": "giver-01", "purpose": "资助学生", "amount_fen": 5_000, "effective_on": "2021-03-05"}
    await office.made("/funds/education/restricted-gifts", **gift)
    erased = await office.post("/givers/giver-01/erasure", {"reason": "捐赠人书面要求"}, key="erase")
    assert erased.status_code == 200
    assert (
        await office.post("/givers/giver-01/erasure", {"reason": "捐赠人书面要求"}, key="erase")
    ).text == erased.text
    shown = await office.read("/givers/giver-01")
    assert (shown["name"], shown["contact_known"]) == (None, False)
    assert shown["erased_at"] == erased.json()["erased_at"]
    for path, body in (("disclosure", {"reason": "开具捐赠票据"}), ("erasure", {"reason": "再次"})):
        assert (await office.post(f"/givers/giver-01/{path}", body)).json()["code"] == "giver_erased"
    assert (await office.post("/givers", BODY)).json()["code"] == "giver_exists"
    [told] = (await office.read("/donations", fund="education"))["items"]
    assert (told["giver_ref"], told["amount_fen"], told["unspent_fen"]) == ("giver-01", 5_000, 5_000)
    assert (await office.read("/chain/verification"))["verified"] is True
    connection = await connect(ledger_database.owner_url)
    assert await connection.fetchval("SELECT count(*) FROM giver_person") == 0
    await connection.close()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ref": "有空格 的", "name": "示例"}, "ref"),
        ({"ref": "110101199003074477", "name": "示例"}, "ref"),
        ({"ref": "g", "name": ""}, "name"),
        ({"ref": "g"}, "name"),
        ({"ref": "g", "name": "示" * 101}, "name"),
        ({"ref": "g", "name": "示例", "contact": ""}, "contact"),
        ({"ref": "g", "name": "示例", "phone": "1"}, "phone"),
    ],
)
async def test_a_wrong_giver_is_refused_by_field(office: LedgerCalls, body: dict[str, object], field: str) -> None:
    answer = await office.post("/givers", body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await office.read("/givers"))["items"] == []


async def test_unknown_givers_and_reasons_that_are_missing_are_refused(office: LedgerCalls) -> None:
    assert (await office.get("/givers/nobody")).status_code == 404
    for path in ("disclosure", "erasure"):
        assert (await office.post(f"/givers/nobody/{path}", {"reason": "测试"})).status_code == 404
        assert (await office.post(f"/givers/nobody/{path}", {})).json()["field"] == "reason"


async def test_the_service_can_only_add_and_nobody_comes_back_under_an_erased_reference(
    office: LedgerCalls, ledger_database: Database
) -> None:
    await office.made("/givers", **BODY)
    await office.made("/givers/giver-01/erasure", reason="测试")
    connection = await connect(ledger_database.service_url)
    for statement in (
        "DELETE FROM giver",
        "DELETE FROM giver_person",
        "UPDATE giver_person SET contact_sealed = NULL",
        "DELETE FROM giver_disclosure",
        "UPDATE giver_erasure SET reason = ''",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    with pytest.raises(asyncpg.PostgresError) as refused:
        await connection.execute("INSERT INTO giver_person VALUES ($1, 'giver-01', '\\x00', NULL)", office.book)
    assert refused.value.sqlstate == "FP040"
    await connection.close()
