"""The time of encumbrances over HTTP: what expires soon, extensions, what expired given back, and the history of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import LedgerCalls
from tests.support.ledger_engine import broken_totals, connect
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

NOWHERE = "01890000-0000-7000-8000-000000000001"
ON = "2021-03-09"
REASON = {"reason": "工程延期验收"}
Expire = Callable[[str], None]


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer, ledger_database: Database) -> Any:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    for fund in ("insurance", "repair"):
        await calls.made(f"/funds/{fund}/receipts", amount_fen=1000, source="county", effective_on="2021-03-01")
        await calls.made(
            f"/funds/{fund}/allotments", amount_fen=1000, fiscal_year=2021, effective_on="2021-03-01", authority="文1"
        )
    yield calls
    connection = await connect(ledger_database.owner_url)
    assert await broken_totals(connection) == []
    await connection.close()


@pytest.fixture
def expire(postgres: Server, ledger_database: Database) -> Expire:
    """Let an encumbrance's time be over, as if its days had gone by."""

    def over(one: str) -> None:
        moved = "UPDATE encumbrance_balance SET expires_at = now() - interval '1 s' WHERE id = "
        postgres.sql(ledger_database, f"{moved}'{one}'")

    return over


def days_from_now(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def encumbered(ledger: LedgerCalls, fen: int = 100, **changes: object) -> str:
    body = {
        "fund": "insurance",
        "fiscal_year": 2021,
        "amount_fen": fen,
        "purpose": "理赔",
        "effective_on": "2021-03-02",
    }
    return str((await ledger.made("/encumbrances", **body | changes))["id"])


async def extended(ledger: LedgerCalls, one: str, expires_at: object, **changes: object) -> httpx.Response:
    return await ledger.post(f"/encumbrances/{one}/extension", {"expires_at": expires_at, **REASON, **changes})


async def said(answer: httpx.Response) -> tuple[int, str, str | None]:
    body = answer.json()
    return answer.status_code, body.get("code", ""), body.get("field")


async def test_what_expires_soon_is_listed_the_soonest_first(ledger: LedgerCalls, expire: Expire) -> None:
    late = await encumbered(ledger, expires_at=days_from_now(29))
    soon = await encumbered(ledger, expires_at=days_from_now(3))
    below = await encumbered(ledger, expires_at=days_from_now(5), fund="repair")
    await encumbered(ledger, expires_at=days_from_now(31))
    await encumbered(ledger)
    gone = await encumbered(ledger, expires_at=days_from_now(4))
    expire(gone)
    paid = await encumbered(ledger, expires_at=days_from_now(4))
    await ledger.made(f"/encumbrances/{paid}/liquidations", amount_fen=100, effective_on=ON, payee_ref="p")

    async def listed(**query: object) -> list[str]:
        found: list[str] = []
        while True:
            page = await ledger.read("/encumbrances/expiring", limit=1, **query)
            found += [one["id"] for one in page["items"]]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    assert await listed() == [soon, below, late]
    assert await listed(within_days=4) == [soon]
    assert await listed(fund="insurance") == [soon, late]
    [first] = (await ledger.read("/encumbrances/expiring", within_days=3))["items"]
    assert (first["days_left"], first["status"]) == (2, "open")
    for query in ({"within_days": 0}, {"within_days": 3661}, {"cursor": "x"}):
        assert (await ledger.get("/encumbrances/expiring", **query)).status_code == 422
    assert (await ledger.get("/encumbrances/expiring", fund="nowhere")).status_code == 404


async def test_an_extension_puts_the_expiry_off_and_opens_an_expired_one_again(
    ledger: LedgerCalls, expire: Expire
) -> None:
    one = await encumbered(ledger, expires_at=days_from_now(1))
    later = datetime.now(UTC) + timedelta(days=9)
    answer = await extended(ledger, one, later.isoformat())
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert datetime.fromisoformat(shown["expires_at"]) == later
    assert (shown["extension"]["by_person"], shown["extension"]["reason"]) == ("officer-1", "工程延期验收")
    assert (await ledger.read(f"/encumbrances/{one}"))["expires_at"] == shown["expires_at"]
    assert (await ledger.read("/chain"))["position"] == shown["extension"]["position"]
    expire(one)
    pay = {"amount_fen": 30, "effective_on": ON, "payee_ref": "p"}
    assert (await said(await ledger.post(f"/encumbrances/{one}/liquidations", pay)))[1] == "encumbrance_not_open"
    assert (await extended(ledger, one, days_from_now(20))).json()["status"] == "open"
    await ledger.made(f"/encumbrances/{one}/liquidations", **pay)
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_an_extension_is_refused_where_there_is_nothing_to_put_off(ledger: LedgerCalls, expire: Expire) -> None:
    one = await encumbered(ledger, expires_at=days_from_now(5))
    for expires_at, says in (
        (days_from_now(4), (422, "invalid_request", "expires_at")),
        (days_from_now(-1), (422, "invalid_request", "expires_at")),
        ("2099-12-31T00:00:00", (422, "invalid_request", "expires_at")),
        (4102444800, (422, "invalid_request", "expires_at")),
        (None, (422, "invalid_request", "expires_at")),
    ):
        assert await said(await extended(ledger, one, expires_at)) == says
    same = (await ledger.read(f"/encumbrances/{one}"))["expires_at"]
    assert await said(await extended(ledger, one, same)) == (422, "invalid_request", "expires_at")
    personal = await extended(ledger, one, days_from_now(9), reason="电话13912345678")
    assert (await said(personal))[1:] == ("personal_data_in_text", "reason")
    never = await encumbered(ledger)
    assert await said(await extended(ledger, never, days_from_now(9))) == (422, "invalid_request", "expires_at")
    assert (await said(await extended(ledger, NOWHERE, days_from_now(9))))[:2] == (404, "not_found")
    expire(one)
    await ledger.made(f"/encumbrances/{one}/release", effective_on=ON)
    assert (await said(await extended(ledger, one, days_from_now(9))))[:2] == (409, "encumbrance_not_open")
    assert (await ledger.read(f"/encumbrances/{one}/history"))["items"][-1]["what"] == "entry"


async def test_the_history_tells_every_entry_and_extension_in_order(ledger: LedgerCalls) -> None:
    one = await encumbered(ledger, 300, expires_at=days_from_now(1))
    other = await encumbered(ledger, 50)
    paid = await ledger.made(f"/encumbrances/{one}/liquidations", amount_fen=200, effective_on=ON, payee_ref="p-1")
    await extended(ledger, one, days_from_now(2))
    back = {"effective_on": ON, "reason": "户名不符"}
    await ledger.made(f"/encumbrances/{one}/liquidations/{paid['id']}/return", **back)
    await ledger.made(f"/encumbrances/{one}/release", effective_on=ON)
    items = (await ledger.read(f"/encumbrances/{one}/history"))["items"]
    assert [
        (
            item["what"],
            (item["entry"] or {}).get("kind"),
            item["change_fen"],
            item["remaining_fen"],
            item["fiscal_year"],
        )
        for item in items
    ] == [
        ("entry", "encumber", 300, 300, 2021),
        ("entry", "liquidation", -200, 100, 2021),
        ("extension", None, 0, 100, 2021),
        ("entry", "return", 200, 300, 2021),
        ("entry", "release", -300, 0, 2021),
    ]
    assert [item["position"] for item in items] == sorted(item["position"] for item in items)
    assert (items[1]["payee_ref"], items[2]["reason"]) == ("p-1", "工程延期验收")
    # In pages it is the same history.
    paged: list[Any] = []
    cursor: dict[str, object] = {}
    while True:
        page = await ledger.read(f"/encumbrances/{one}/history", limit=2, **cursor)
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert paged == items
    assert len((await ledger.read(f"/encumbrances/{other}/history"))["items"]) == 1
    assert (await ledger.get(f"/encumbrances/{NOWHERE}/history")).status_code == 404


async def test_what_expired_is_given_back_and_asked_again_answers_the_same(ledger: LedgerCalls, expire: Expire) -> None:
    ids = [await encumbered(ledger, 10 + n, expires_at=days_from_now(1)) for n in range(4)]
    kept = await encumbered(ledger, 7, expires_at=days_from_now(1))
    for one in ids:
        expire(one)
    tried = await ledger.post("/encumbrances/expiry?dry_run=true", {}, key="e-1")
    assert [one["status"] for one in tried.json()["results"]] == ["posted"] * 4
    first = (await ledger.post("/encumbrances/expiry", {"most": 3}, key="e-1")).json()
    assert [(one["id"], one["status"]) for one in first["results"]] == [(one, "posted") for one in ids[:3]]
    assert first["more"] is True
    entry = await ledger.read(f"/journal-entries/{first['results'][0]['posted']['id']}")
    assert (entry["kind"], entry["description"]) == ("release", "解除冻结：到期自动解除")
    assert entry["metadata"]["reason"] == "到期自动解除"
    assert entry["metadata"]["expired_at"] < first["expired_by"]
    assert entry["prepared_by"] == "officer-1"
    assert [(one["account"], one["side"], one["amount_fen"]) for one in entry["postings"]] == [
        ("encumbered", "debit", 10),
        ("available", "credit", 10),
    ]
    expire(kept)
    again = (await ledger.post("/encumbrances/expiry", {"most": 3}, key="e-1")).json()
    assert [(one["id"], one["status"]) for one in again["results"]] == [(one, "replayed") for one in ids[:3]]
    rest = (await ledger.post("/encumbrances/expiry", {})).json()
    assert [(one["id"], one["status"]) for one in rest["results"]] == [(ids[3], "posted"), (kept, "posted")]
    assert rest["more"] is False
    assert (await ledger.post("/encumbrances/expiry", {})).json()["results"] == []
    assert (await ledger.read("/encumbrances", status="expired"))["items"] == []


async def test_an_expired_one_that_the_bank_fills_again_is_given_back_again(
    ledger: LedgerCalls, expire: Expire
) -> None:
    one = await encumbered(ledger, 100, expires_at=days_from_now(1))
    paid = await ledger.made(f"/encumbrances/{one}/liquidations", amount_fen=60, effective_on=ON, payee_ref="p")
    expire(one)
    amounts: dict[str, int] = {}
    for remaining in (40, 60):
        [done] = (await ledger.post("/encumbrances/expiry", {})).json()["results"]
        assert done["status"] == "posted"
        entry = await ledger.read(f"/journal-entries/{done['posted']['id']}")
        amounts = {line["account"]: line["amount_fen"] for line in entry["postings"]}
        assert amounts["encumbered"] == remaining
        if remaining == 40:
            back = {"effective_on": ON, "reason": "户名不符"}
            await ledger.made(f"/encumbrances/{one}/liquidations/{paid['id']}/return", **back)
    # What was given back the second time had been paid: its debt and its expense go too.
    assert (amounts["2303"], amounts["5001"]) == (60, 60)


async def test_budget_that_an_open_item_holds_is_left_to_the_item(ledger: LedgerCalls, expire: Expire) -> None:
    stage = {
        "amount_fen": 500,
        "retention_fen": 50,
        "payee_ref": "builder-1",
        "purpose": "道路维修",
        "effective_on": ON,
    }
    answer = await ledger.post("/funds/repair/project-stages", stage)
    if answer.status_code == 422:
        pytest.fail(answer.text)
    [held] = (await ledger.read("/encumbrances", fund="repair", status="open"))["items"]
    expire(held["id"])
    assert (await ledger.post("/encumbrances/expiry", {})).json()["results"] == []
    assert (await said(await extended(ledger, held["id"], days_from_now(9))))[:2] == (409, "encumbrance_held")


async def test_a_release_that_needs_a_second_person_is_proposed_once(ledger: LedgerCalls, expire: Expire) -> None:
    one = await encumbered(ledger, 100, expires_at=days_from_now(1))
    expire(one)
    rule = {"rules": [{"kind": "release", "fund": "*", "from_fen": 0}]}
    assert (await ledger.post("/approval-rules", rule, who="admin")).status_code == 201
    [asked] = (await ledger.post("/encumbrances/expiry", {})).json()["results"]
    assert asked["status"] == "proposed"
    [again] = (await ledger.post("/encumbrances/expiry", {})).json()["results"]
    assert (again["status"], again["proposal"]["id"]) == ("replayed", asked["proposal"]["id"])
    assert len((await ledger.read("/proposals", status="waiting"))["items"]) == 1
    approval = f"/proposals/{asked['proposal']['id']}/approval"
    assert (await ledger.post(approval, {}, who="checker")).status_code == 201
    assert (await ledger.read(f"/encumbrances/{one}"))["status"] == "released"


async def test_one_extended_after_it_was_proposed_is_not_released_by_the_approval(
    ledger: LedgerCalls, expire: Expire
) -> None:
    one = await encumbered(ledger, 100, expires_at=days_from_now(1))
    expire(one)
    rule = {"rules": [{"kind": "release", "fund": "*", "from_fen": 0}]}
    assert (await ledger.post("/approval-rules", rule, who="admin")).status_code == 201
    [asked] = (await ledger.post("/encumbrances/expiry", {})).json()["results"]
    assert (await extended(ledger, one, days_from_now(3))).status_code == 201
    late = await ledger.post(f"/proposals/{asked['proposal']['id']}/approval", {}, who="checker")
    assert (await said(late))[:2] == (409, "encumbrance_not_open")
    assert (await ledger.read(f"/encumbrances/{one}"))["remaining_fen"] == 100


async def test_sweeping_paying_and_extending_at_once_moves_each_once(ledger: LedgerCalls, expire: Expire) -> None:
    ids = [await encumbered(ledger, 20, expires_at=days_from_now(1)) for _ in range(20)]
    for one in ids:
        expire(one)
    answers = await asyncio.gather(
        *(ledger.post("/encumbrances/expiry", {}) for _ in range(4)),
        *(extended(ledger, one, days_from_now(3)) for one in ids[:10]),
    )
    assert all(answer.status_code in {200, 201, 409} for answer in answers)
    shown = [await ledger.read(f"/encumbrances/{one}") for one in ids]
    assert {one["status"] for one in shown[10:]} == {"released"}
    for found, answer in zip(shown, answers[4:], strict=False):
        # Whoever was first decided: extended and open with all of it, or released and never extended.
        expected = ("open", 20) if answer.status_code == 201 else ("released", 0)
        assert (found["status"], found["remaining_fen"]) == expected
