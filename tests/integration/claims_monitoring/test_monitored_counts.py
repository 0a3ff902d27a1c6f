"""What the summary reads: leads, monitored households and people, from stored rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from claims.monitoring import store
from claims.monitoring.income_lines import income_line_for
from claims.places import WHOLE_BOOK
from deploy.local.databases import Database
from tests.integration.claims_households.register import BOOK, Caller, household, member, monitor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def connection(claims_database: Database) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(claims_database.service_url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as conn:
        yield conn
    await engine.dispose()


async def test_counts_are_of_households_ever_determined_and_people_present(
    caller: Caller, connection: AsyncConnection
) -> None:
    assert await store.count_monitored(connection, BOOK, WHOLE_BOOK) == (0, 0)
    three = await caller.registered(household([member(1), member(2, "spouse"), member(3, "son")]))
    one = await caller.registered(household([member(4)]))
    await caller.registered(household([member(5)]))
    reported = [await caller.reported(household_id=made["id"]) for made in (three, one)]
    for lead in reported:
        assert (await monitor(caller, lead["id"])).status_code == 201
    await caller.reported(channel="self_report", description="某户")
    assert await store.count_monitored(connection, BOOK, WHOLE_BOOK) == (2, 4)
    assert await store.count_leads(connection, BOOK, WHOLE_BOOK) == 3
    assert await store.count_leads_by_channel(connection, BOOK, WHOLE_BOOK) == {"self_report": 1, "village_sweep": 2}
    assert await store.count_leads(connection, "610924", WHOLE_BOOK) == 0

    left = {"remove": [{"id": three["members"][2]["id"], "left_on": "2021-05-01", "reason": "moved_away"}]}
    assert (await caller.patch(f"/households/{three['id']}", {"members": left}, version=2)).status_code == 200
    for step, day, who in (
        ("support_measures", "2021-04-01", "town"),
        ("follow_up_visits", "2021-05-01", "town"),
        ("risk_eliminated", "2021-06-01", "county"),
    ):
        await caller.step(reported[1]["id"], step, day, who=who)
    assert (await caller.get(f"/households/{one['id']}")).json()["monitored"] is False
    assert await store.count_monitored(connection, BOOK, WHOLE_BOOK) == (2, 3)

    events = await store.monitoring_history(connection, BOOK, UUID(one["id"]))
    past = [(event.kind, event.effective_on) for event in events]
    assert past == [("started", date(2021, 3, 15)), ("ended", date(2021, 6, 1))]


async def test_the_only_income_line_known_is_the_published_one(connection: AsyncConnection) -> None:
    line = await income_line_for(connection, BOOK, 2021)
    assert line is not None
    assert (line.scope, line.amount_fen, line.source_mark) == ("61", 600_000, "pub")
    assert await income_line_for(connection, BOOK, 2022) is None
    assert await income_line_for(connection, "510100", 2021) is None


async def test_a_county_records_its_income_line_with_a_source_and_corrects_it_with_a_reason(
    caller: Caller, connection: AsyncConnection
) -> None:
    body = {"year": 2022, "amount_fen": 650_000, "source": "省级文件"}
    refused = await caller.post("/income-lines", body, who="intake")
    assert refused.status_code == 403
    made = await caller.post("/income-lines", body, who="county")
    assert (made.status_code, made.json()["revision"], made.json()["in_force"]) == (201, 1, True)
    again = await caller.post("/income-lines", body, who="admin")
    assert (again.status_code, again.json()["code"]) == (409, "income_line_exists")
    corrected = await caller.post(
        "/income-lines", body | {"amount_fen": 660_000, "correction_reason": "录入有误"}, who="county"
    )
    assert (corrected.status_code, corrected.json()["revision"]) == (201, 2)
    line = await income_line_for(connection, BOOK, 2022)
    assert line is not None
    assert line.amount_fen == 660_000
    items = (await caller.get("/income-lines")).json()["items"]
    assert [(one["scope"], one["year"], one["revision"], one["in_force"]) for one in items] == [
        ("61", 2021, 1, True),
        ("610923", 2022, 2, True),
        ("610923", 2022, 1, False),
    ]
    nothing = await caller.post(
        "/income-lines", {"year": 2023, "amount_fen": 1, "source": "x", "correction_reason": "y"}, who="county"
    )
    assert (nothing.status_code, nothing.json()["code"]) == (409, "income_line_missing")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_fen": 0}, "amount_fen"),
        ({"amount_fen": "1"}, "amount_fen"),
        ({"year": 1999}, "year"),
        ({"source": ""}, "source"),
    ],
)
async def test_an_income_line_that_cannot_be_right_is_refused(
    caller: Caller, change: dict[str, object], field: str
) -> None:
    body = {"year": 2022, "amount_fen": 650_000, "source": "省级文件", **change}
    answer = await caller.post("/income-lines", body, who="county")
    assert (answer.status_code, answer.json()["field"]) == (422, field)
