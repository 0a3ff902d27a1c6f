"""A small year over HTTP to its end: closed, adjusted, closed again, by whom, once, whatever comes at the same time."""

from __future__ import annotations

import asyncio

import pytest

from deploy.local.databases import Database
from tests.integration.ledger_year_end.conftest import RESULTS, Year, sound
from tests.support.ledger_calls import Json

pytestmark = pytest.mark.anyio

WHY = {"reason": "漏记", "authority": "县财政局〔2022〕1号"}


async def test_closing_takes_every_result_to_where_it_stays_and_leaves_the_next_year_alone(
    year: Year, ledger_database: Database
) -> None:
    await year.end()
    answer = await year.post("/fiscal-years/2021/closing", {"reference": "NZ-2021"})
    closed = answer.json()
    assert (answer.status_code, closed["period"], closed["nothing_left"]) == (201, "2021-13", False)
    assert [
        (entry["fund"], entry["kind"], entry["voucher_type"], entry["voucher_number"]) for entry in closed["entries"]
    ] == [
        ("health", "year_end_closing", "转", 1),
        ("repair", "year_end_closing", "转", 2),
    ]
    # 1,000 + 200 + 10 received, 120 + 50 spent; fiscal 1,000 - 120; free 210 - 50.
    health = await year.balances("health")
    assert RESULTS.isdisjoint(health)
    assert (health["3001"], health["8101"], health["8202"], health["8001"]) == (-1040_00, -880_00, -160_00, 1040_00)
    repair = await year.balances("repair")
    assert (repair["3001"], repair["8101"], repair.get("8202", 0)) == (-500_00, -500_00, 0)
    # The adjusting period is December 31, and nothing of the day before it; what came in January is January's.
    assert (await year.balances("health", "2021-12-30"))["4001"] == -1000_00
    assert (await year.balances("health", "2022-01-31"))["4001"] == -70_00
    entry = await year.read(f"/journal-entries/{closed['entries'][0]['id']}")
    assert (entry["period"], entry["effective_on"], entry["reference"]) == ("2021-13", "2021-12-31", "NZ-2021")
    await sound(year, ledger_database)


async def test_a_late_adjustment_is_closed_by_itself_and_then_there_is_nothing_left(
    year: Year, ledger_database: Database
) -> None:
    await year.end()
    await year.made("/fiscal-years/2021/closing")
    nothing = await year.post("/fiscal-years/2021/closing", {})
    assert (nothing.status_code, nothing.json()["nothing_left"], nothing.json()["entries"]) == (200, True, [])
    late = (("health", "5001", "debit", 30_00), ("health", "2303", "credit", 30_00))
    await year.entry("2021-12-31", *late, period="2021-13")
    [entry] = (await year.made("/fiscal-years/2021/closing"))["entries"]
    # 5001 to 3301 to 3302 to 3001: the residual alone.
    assert (entry["fund"], entry["lines"], entry["debit_fen"]) == ("health", 6, 3 * 30_00)
    assert (await year.balances("health"))["3001"] == -1010_00
    assert (await year.post("/fiscal-years/2021/closing", {})).json()["nothing_left"] is True
    await sound(year, ledger_database)


async def test_one_key_closes_once_and_a_fund_made_since_is_not_asked(year: Year) -> None:
    await year.end()
    first = await year.post("/fiscal-years/2021/closing", {}, key="closing")
    await year.made("/funds", code="repair.c01", parent="repair", name_zh="一号社区")
    late = (("repair.c01", "5001", "debit", 9), ("repair.c01", "2303", "credit", 9))
    await year.entry("2021-12-31", *late, period="2021-13")
    again = await year.post("/fiscal-years/2021/closing", {}, key="closing")
    assert (again.status_code, again.json(), again.headers["Idempotent-Replayed"]) == (201, first.json(), "true")
    other = await year.post("/fiscal-years/2021/closing", {"reference": "x"}, key="closing")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    [entry] = (await year.made("/fiscal-years/2021/closing"))["entries"]
    assert entry["fund"] == "repair.c01"


async def test_a_dry_run_tells_the_entries_and_leaves_nothing(year: Year) -> None:
    await year.end()
    before = (await year.read("/chain"))["position"]
    tried = await year.post("/fiscal-years/2021/closing?dry_run=true", {}, key="try")
    assert (tried.status_code, tried.headers["Dry-Run"], len(tried.json()["entries"])) == (201, "true", 2)
    assert (await year.read("/chain"))["position"] == before
    assert [period["code"] for period in (await year.read("/periods"))["items"]][:3] == [
        "2021-11",
        "2021-12",
        "2022-01",
    ]
    assert (await year.post("/fiscal-years/2021/closing", {}, key="try")).status_code == 201


async def test_who_sends_an_end_of_a_year_is_not_its_reviewer_and_the_refused_key_does_nothing_else(year: Year) -> None:
    await year.end()
    before = await year.read("/chain")
    # Sent for one person, under the name of the very sender as its reviewer.
    said = {"prepared_by": "li", "reviewed_by": "runner"}
    sender = year.headers("tester", sub="runner", scopes=("ledger:periods", "ledger:post", "ledger:act_for"))
    for replayed in (None, "true"):
        refused = await year.client.post(
            f"/v1/books/{year.book}/fiscal-years/2021/closing", json=said, headers=sender | {"Idempotency-Key": "end"}
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "same_person")
        assert refused.headers.get("Idempotent-Replayed") == replayed
    for path, body in (
        ("/fiscal-years/2021/closing", {}),
        ("/fiscal-years/2021/carry-forward", {}),
        ("/funds/health/receipts", {"amount_fen": 1, "source": "county", "effective_on": "2022-01-10"}),
    ):
        other = await year.post(path, body, key="end")
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused"), path
    assert await year.read("/chain") == before


@pytest.mark.parametrize("path", ["closing", "carry-forward"])
async def test_a_year_that_is_not_ready_is_not_ended(year: Year, path: str) -> None:
    early = await year.post(f"/fiscal-years/2021/{path}", {})
    assert (early.status_code, early.json()["code"], early.json()["next_period"]) == (409, "out_of_order", "2021-11")
    await year.made("/periods/2021-11/close")
    assert (await year.post(f"/fiscal-years/2021/{path}", {})).json()["next_period"] == "2021-12"
    for unknown in ("2020", "2199"):
        absent = await year.post(f"/fiscal-years/{unknown}/{path}", {})
        assert (absent.status_code, absent.json()["code"]) == (404, "not_found")
    await year.made("/periods/2021-12/close")
    seq = (await year.read("/reports/year-end", fiscal_year=2021))["seq"]
    late = await year.post(f"/fiscal-years/2021/{path}", {"if_seq": seq - 1})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    for wrong in ({"period": "2021-13"}, {"if_available_at_least_fen": 1}, {"effective_on": "2021-12-31"}):
        assert (await year.post(f"/fiscal-years/2021/{path}", wrong)).status_code == 422
    assert (await year.post(f"/fiscal-years/2021/{path}", {"if_seq": seq})).status_code == 201


async def test_a_waiting_proposal_of_the_year_holds_its_end(year: Year) -> None:
    rules = {"rules": [{"kind": "journal", "fund": "health", "from_fen": 0}]}
    await year.end()
    assert (await year.post("/approval-rules", rules, who="admin")).status_code == 201
    postings = [
        {"fund": "health", "account": account, "side": side, "amount_fen": 5}
        for account, side in (("5001", "debit"), ("2303", "credit"))
    ]
    body = {"effective_on": "2021-12-31", "period": "2021-13", "description": "补提", "postings": postings}
    waiting = await year.post("/journal-entries", body)
    assert waiting.status_code == 202
    refused = await year.post("/fiscal-years/2021/closing", {})
    assert (refused.status_code, refused.json()["code"], refused.json()["waiting"]) == (409, "proposals_wait", 1)
    approved = await year.post(f"/proposals/{waiting.json()['proposal']['id']}/approval", {}, who="checker")
    assert approved.status_code == 201
    assert (await year.post("/fiscal-years/2021/closing", {})).status_code == 201


async def test_where_a_second_person_is_needed_the_closing_waits_fund_by_fund(
    year: Year, ledger_database: Database
) -> None:
    await year.end()
    rules = {"rules": [{"kind": kind, "fund": "*", "from_fen": 0} for kind in ("year_end_closing", "carry_forward")]}
    assert (await year.post("/approval-rules", rules, who="admin")).status_code == 201
    asked = await year.post("/fiscal-years/2021/closing", {})
    assert (asked.status_code, asked.json()["entries"], len(asked.json()["proposals"])) == (202, [], 2)
    ids = [proposal["id"] for proposal in asked.json()["proposals"]]
    own = await year.post("/proposals/approvals", {"ids": ids, "atomic": True})
    assert own.status_code == 403
    done = await year.post("/proposals/approvals", {"ids": ids, "atomic": True}, who="checker")
    assert [result["status"] for result in done.json()["results"]] == ["approved", "approved"]
    assert RESULTS.isdisjoint(await year.balances("health"))
    assert (await year.post("/fiscal-years/2021/closing", {})).json()["nothing_left"] is True
    carried = await year.post("/fiscal-years/2021/carry-forward", {})
    # The lapse of what is available needs nobody; the carrying waits.
    assert (carried.status_code, {entry["kind"] for entry in carried.json()["entries"]}) == (202, {"budget_lapse"})
    for proposal in carried.json()["proposals"]:
        assert (await year.post(f"/proposals/{proposal['id']}/approval", {}, who="checker")).status_code == 201
    assert await year.execution(2022, "health") == (180_00, 180_00, 0, 0)
    await sound(year, ledger_database)


async def test_a_closing_proposed_twice_is_approved_once(year: Year, ledger_database: Database) -> None:
    await year.end()
    rules = {"rules": [{"kind": "year_end_closing", "fund": "*", "from_fen": 0}]}
    assert (await year.post("/approval-rules", rules, who="admin")).status_code == 201
    first, second = [(await year.post("/fiscal-years/2021/closing", {})).json()["proposals"] for _ in range(2)]
    for proposal in first:
        assert (await year.post(f"/proposals/{proposal['id']}/approval", {}, who="checker")).status_code == 201
    for proposal in second:
        again = await year.post(f"/proposals/{proposal['id']}/approval", {}, who="checker")
        assert (again.status_code, again.json()["code"]) == (409, "nothing_left")
        assert (await year.read(f"/proposals/{proposal['id']}"))["status"] == "waiting"
        refused = await year.post(f"/proposals/{proposal['id']}/refusal", {"reason": "重复提交"}, who="checker")
        assert refused.status_code == 200
    await sound(year, ledger_database)


async def test_a_checker_approves_the_amount_that_was_proposed_and_no_other(
    year: Year, ledger_database: Database
) -> None:
    await year.end()
    rules = {"rules": [{"kind": "*", "fund": "*", "from_fen": 0}]}
    assert (await year.post("/approval-rules", rules, who="admin")).status_code == 201
    asked = (await year.post("/fiscal-years/2021/carry-forward", {})).json()["proposals"]
    carried = next(one for one in asked if one["kind"] == "carry_forward" and one["funds"] == ["health"])
    assert carried["amount_fen"] == 2 * 180_00  # out of the one year and into the other
    # The rules change meanwhile: the same wish would carry the available too.
    changed = {"rules": [{"fund": "*", "available": "carry", "encumbered": "carry"}]}
    assert (await year.post("/carry-forward-rules", changed, who="admin")).is_success
    refused = await year.post(f"/proposals/{carried['id']}/approval", {}, who="checker")
    assert (refused.status_code, refused.json()["code"]) == (409, "proposal_outdated")
    assert refused.json()["proposed_fen"] == 2 * 180_00
    assert (await year.read(f"/proposals/{carried['id']}"))["status"] == "waiting"
    await sound(year, ledger_database)


async def test_the_adjusting_period_is_a_period_of_the_book_and_seals_the_year(year: Year) -> None:
    await year.end()
    late = (("repair", "5001", "debit", 9), ("repair", "2303", "credit", 9))
    await year.entry("2021-12-31", *late, period="2021-13")
    codes = [period["code"] for period in (await year.read("/periods"))["items"]]
    assert codes[:4] == ["2021-11", "2021-12", "2021-13", "2022-01"]
    begun = await year.post("/periods/2021-12/reopen", WHY)
    assert (begun.status_code, begun.json()["code"]) == (409, "adjusting_period_begun")
    early = await year.post("/periods/2021-13/close")
    assert (early.json()["code"], early.json()["failed"]) == ("checklist_failed", ["year_closed"])
    await year.made("/fiscal-years/2021/closing")
    await year.made("/periods/2021-13/close")
    for period in ("2021-13", None):
        postings = [
            {"fund": "repair", "account": account, "side": side, "amount_fen": 9}
            for account, side in (("5001", "debit"), ("2303", "credit"))
        ]
        body = {"effective_on": "2021-12-31", "period": period, "description": "迟到", "postings": postings}
        refused = await year.post("/journal-entries", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "period_closed")
    for path in ("closing", "carry-forward"):
        refused = await year.post(f"/fiscal-years/2021/{path}", {})
        assert (refused.status_code, refused.json()["code"]) == (409, "period_closed")
    assert (await year.post("/periods/2021-12/reopen", WHY)).json()["code"] == "out_of_order"
    await year.made("/periods/2021-13/reopen", **WHY)
    await year.entry("2021-12-31", *late, period="2021-13")


async def test_twenty_closings_at_once_close_the_year_once(year: Year, ledger_database: Database) -> None:
    await year.end()
    answers = await asyncio.gather(*(year.post("/fiscal-years/2021/closing", {}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert (await year.balances("health"))["3001"] == -1040_00
    await sound(year, ledger_database)


async def test_adjustments_racing_the_closing_are_in_it_or_left_for_the_next(
    year: Year, ledger_database: Database
) -> None:
    await year.end()
    late = [
        {"fund": "health", "account": account, "side": side, "amount_fen": 7}
        for account, side in (("5001", "debit"), ("2303", "credit"))
    ]
    body: Json = {"effective_on": "2021-12-31", "period": "2021-13", "description": "补提", "postings": late}
    calls = [year.post("/journal-entries", body) for _ in range(15)]
    await asyncio.gather(year.post("/fiscal-years/2021/closing", {}), *calls)
    left = (await year.balances("health")).get("5001", 0)
    assert left % 7 == 0
    await year.post("/fiscal-years/2021/closing", {})
    health = await year.balances("health")
    assert RESULTS.isdisjoint(health)
    assert health["3001"] == -1040_00 + 15 * 7
    await sound(year, ledger_database)
