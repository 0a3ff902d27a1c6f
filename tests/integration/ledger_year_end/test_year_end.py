"""A small year over HTTP to its end: closed, adjusted, closed again, carried forward; the next year begins where it ended."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.ledger_engine import broken_totals, connect
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

RESULTS = {"4001", "4603", "4604", "5001", "6001", "6609", "7101", "3301", "3302", "8501"}
WHY = {"reason": "漏记", "authority": "县财政局〔2022〕1号"}


class Year(LedgerCalls):
    """A book that begins in November 2021: two funds, several sources, encumbrances; and a receipt of the year after."""

    encumbrances: dict[str, str]

    async def run(self) -> None:
        assert (await self.open_book("2021-11")).status_code == 201
        for fund, source, fen in (
            ("health", "county", 1_000_00),
            ("health", "donation", 200_00),
            ("health", "interest", 10_00),
            ("repair", "central", 500_00),
        ):
            body = {"amount_fen": fen, "source": source, "effective_on": "2021-11-05"}
            await self.made(f"/funds/{fund}/receipts", **body)
        for fund, fen in (("health", 900_00), ("repair", 400_00)):
            body = {"amount_fen": fen, "fiscal_year": 2021, "effective_on": "2021-11-06", "authority": "文号"}
            await self.made(f"/funds/{fund}/allotments", **body)
        self.encumbrances = {}
        for fund, fen in (("health", 300_00), ("repair", 100_00)):
            body = {"fund": fund, "fiscal_year": 2021, "amount_fen": fen, "purpose": "合同", "reference": f"HT-{fund}"}
            self.encumbrances[fund] = (await self.made("/encumbrances", **body, effective_on="2021-11-07"))["id"]
        paid = {"amount_fen": 120_00, "effective_on": "2021-12-08", "payee_ref": "p-1"}
        await self.made(f"/encumbrances/{self.encumbrances['health']}/liquidations", **paid)
        direct = {
            "amount_fen": 50_00,
            "effective_on": "2021-12-09",
            "payee_ref": "p-2",
            "purpose": "印刷",
            "source": "donation",
        }
        await self.made("/funds/health/payments", **direct)
        next_year = {"amount_fen": 70_00, "source": "central", "effective_on": "2022-01-10"}
        await self.made("/funds/health/receipts", **next_year)

    async def end(self) -> None:
        for month in ("2021-11", "2021-12"):
            await self.made(f"/periods/{month}/close")

    async def balances(self, fund: str, as_of: str = "2021-12-31") -> dict[str, int]:
        found = await self.read("/reports/trial-balance", as_of=as_of, fund=fund)
        return {item["account"]: item["balance_fen"] for item in found["items"] if item["balance_fen"]}

    async def execution(self, year: int, fund: str) -> tuple[int, int, int, int]:
        found = await self.read("/reports/fund-execution", fiscal_year=year)
        line = next(item for item in found["items"] if item["code"] == fund)
        allotted, encumbered = line["allotted_fen"], line["encumbered_fen"]
        return allotted, encumbered, line["expended_fen"], line["available_fen"]


@pytest.fixture
async def year(ledger_client: httpx.AsyncClient, issuer: Issuer) -> Year:
    made = Year(ledger_client, issuer)
    await made.run()
    return made


async def sound(year: Year, database: Database) -> None:
    """Every maintained figure is the sum of the postings, and the chain holds."""
    connection: asyncpg.Connection[asyncpg.Record] = await connect(database.owner_url)
    try:
        assert await broken_totals(connection) == []
    finally:
        await connection.close()
    assert (await year.read("/chain/verification"))["verified"] is True


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


async def test_by_default_what_is_promised_is_carried_and_what_is_not_lapses(
    year: Year, ledger_database: Database
) -> None:
    await year.end()
    answer = await year.made("/fiscal-years/2021/carry-forward")
    assert [(entry["fund"], entry["kind"]) for entry in answer["entries"]] == [
        ("health", "carry_forward"),
        ("health", "budget_lapse"),
        ("repair", "carry_forward"),
        ("repair", "budget_lapse"),
    ]
    # 900 allotted, 120 + 50 spent, 180 promised: 550 lapse.
    assert await year.execution(2021, "health") == (170_00, 0, 170_00, 0)
    assert await year.execution(2022, "health") == (180_00, 180_00, 0, 0)
    report = await year.read("/reports/carry-forward", fiscal_year=2021)
    figures = {fund["fund"]: fund for fund in report["funds"]}
    assert figures["health"]["available_lapsed_fen"] == 550_00
    assert figures["health"]["encumbered_carried_fen"] == 180_00
    assert report["still_standing"] == 0
    held = next(item for item in report["items"] if item["fund"] == "health")
    assert (held["encumbrance"], held["outcome"], held["amount_fen"]) == (
        year.encumbrances["health"],
        "carried",
        180_00,
    )
    assert held["entry"] == answer["entries"][0]["id"]
    assert (await year.post("/fiscal-years/2021/carry-forward", {})).json()["nothing_left"] is True
    # The encumbrance is the same one, and the next year pays it.
    paid = {"amount_fen": 180_00, "effective_on": "2022-01-20", "payee_ref": "p-1"}
    await year.made(f"/encumbrances/{year.encumbrances['health']}/liquidations", **paid)
    assert await year.execution(2022, "health") == (180_00, 0, 180_00, 0)
    await sound(year, ledger_database)


async def test_a_rule_of_the_fund_lets_encumbrances_lapse_and_carries_what_is_available(
    year: Year, ledger_database: Database
) -> None:
    rules = [
        {"fund": "*", "available": "lapse", "encumbered": "lapse"},
        {"fund": "repair", "available": "carry", "encumbered": "lapse"},
    ]
    assert (await year.post("/carry-forward-rules", {"rules": rules}, who="admin")).status_code == 201
    await year.end()
    await year.made("/fiscal-years/2021/carry-forward")
    assert await year.execution(2021, "health") == (170_00, 0, 170_00, 0)
    assert await year.execution(2022, "health") == (0, 0, 0, 0)
    assert await year.execution(2021, "repair") == (0, 0, 0, 0)
    assert await year.execution(2022, "repair") == (400_00, 0, 0, 400_00)
    released = await year.read(f"/encumbrances/{year.encumbrances['repair']}")
    assert (released["status"], released["released_fen"]) == ("released", 100_00)
    first = await year.read("/reports/carry-forward", fiscal_year=2021, limit=1)
    second = await year.read("/reports/carry-forward", fiscal_year=2021, limit=1, cursor=first["next_cursor"])
    shown = [*first["items"], *second["items"]]
    assert [(item["fund"], item["outcome"], item["amount_fen"]) for item in shown] == [
        ("health", "lapsed", 180_00),
        ("repair", "lapsed", 100_00),
    ]
    assert second["next_cursor"] is None
    await sound(year, ledger_database)


async def test_an_encumbrance_somebody_is_still_owed_is_carried_whatever_the_rule(year: Year) -> None:
    rules = [{"fund": "*", "available": "lapse", "encumbered": "lapse"}]
    assert (await year.post("/carry-forward-rules", {"rules": rules}, who="admin")).status_code == 201
    held = year.encumbrances["health"]
    entries = (await year.read("/journal-entries", fund="health"))["items"]
    [paid] = [entry["id"] for entry in entries if entry["kind"] == "liquidation"]
    said = {"effective_on": "2021-12-20", "reason": "账号有误"}
    await year.made(f"/encumbrances/{held}/liquidations/{paid}/return", **said)
    await year.end()
    await year.made("/fiscal-years/2021/carry-forward")
    report = await year.read("/reports/carry-forward", fiscal_year=2021)
    outcomes = {item["fund"]: (item["outcome"], item["amount_fen"]) for item in report["items"]}
    assert outcomes == {"health": ("carried", 300_00), "repair": ("lapsed", 100_00)}


async def test_the_rules_of_carrying_forward_are_versions_in_the_chain(year: Year) -> None:
    rules = {"rules": [{"fund": "repair", "available": "carry", "encumbered": "carry"}]}
    new = await year.read("/carry-forward-rules")
    assert (new["rules"], new["default"]["available"], new["default"]["encumbered"]) == ([], "lapse", "carry")
    made = await year.post("/carry-forward-rules", rules, who="admin")
    assert made.status_code == 201
    await year.post("/carry-forward-rules", {"rules": []}, who="admin")
    shown = await year.read("/carry-forward-rules")
    assert (shown["rules"], [version["rules"] for version in shown["versions"]]) == ([], [[], rules["rules"]])
    unknown = await year.post("/carry-forward-rules", {"rules": [rules["rules"][0] | {"fund": "nothing"}]}, who="admin")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_fund_in_rule")
    twice = await year.post("/carry-forward-rules", {"rules": rules["rules"] * 2}, who="admin")
    assert (twice.status_code, twice.json()["code"]) == (422, "duplicate_fund_in_rules")
    assert (await year.read("/chain/verification"))["verified"] is True


async def test_the_next_year_begins_where_this_one_ended(
    year: Year, postgres: Server, ledger_database: Database
) -> None:
    await year.end()
    await year.made("/fiscal-years/2021/closing")
    await year.made("/fiscal-years/2021/carry-forward")
    await year.made("/periods/2021-13/close")
    report = await year.read("/reports/year-end", fiscal_year=2021)
    assert (report["equal"], report["closing_on"], report["opening_on"]) == (True, "2021-12-31", "2022-01-01")
    lines = {
        (one["fund"], one["account"], one["budget_year"], one["source"]): one["closing_fen"] for one in report["items"]
    }
    # By hand: the year's receipts less its payments, by source; January's receipt is in neither column.
    assert lines["health", "1002", None, "county"] == 880_00
    assert lines["health", "1002", None, "donation"] == 150_00
    assert ("health", "1002", None, "central") not in lines
    assert lines["health", "encumbered", 2022, None] == -180_00
    assert not RESULTS & {account for _, account, _, _ in lines}
    assert all(one["closing_fen"] == one["opening_fen"] for one in report["items"])
    broken = "UPDATE daily_total SET debit_fen = debit_fen + 1 WHERE account = '1002' AND day = '2022-01-10'"
    postgres.sql(ledger_database, f"SET session_replication_role = replica; {broken}")
    assert (await year.read("/reports/year-end", fiscal_year=2021))["equal"] is False


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


async def test_a_gift_stays_bound_to_its_purpose_and_an_open_advance_keeps_its_budget(
    year: Year, ledger_database: Database
) -> None:
    on: Json = {"effective_on": "2021-12-10"}
    rules = [{"fund": "*", "available": "lapse", "encumbered": "lapse"}]
    assert (await year.post("/carry-forward-rules", {"rules": rules}, who="admin")).status_code == 201
    gift = {"amount_fen": 80_00, "giver_ref": "giver-1", "purpose": "助学"}
    given = await year.made("/funds/education/restricted-gifts", **gift, **on)
    allotment = {"amount_fen": 100_00, "fiscal_year": 2021, "authority": "文号"}
    await year.made("/funds/education/allotments", **allotment, **on)
    paid = {"amount_fen": 30_00, "payee_ref": "student-1", "purpose": "助学金", "item": given["item"]["id"]}
    await year.made("/funds/education/restricted-gift-payments", **paid, **on)
    advanced = {"amount_fen": 40_00, "payee_ref": "hospital-1", "purpose": "垫付"}
    await year.made("/funds/health/advances", **advanced, **on)
    await year.end()
    await year.made("/fiscal-years/2021/closing")
    education = await year.balances("education")
    assert RESULTS.isdisjoint(education)
    assert (education["3001"], education["8201"], education.get("8202", 0)) == (-50_00, -50_00, 0)
    await year.made("/fiscal-years/2021/carry-forward")
    report = await year.read("/reports/carry-forward", fiscal_year=2021)
    outcomes = sorted((item["fund"], item["outcome"], item["amount_fen"]) for item in report["items"])
    assert outcomes == [
        ("health", "carried", 40_00),
        ("health", "lapsed", 180_00),
        ("repair", "lapsed", 100_00),
    ]
    # The household settles the next year: the advance's budget goes back to the year that has it now.
    items = (await year.read("/open-items", fund="health"))["items"]
    [advance] = [item["id"] for item in items if item["kind"] == "advance"]
    settled = {
        "amount_fen": 40_00,
        "payer": "household",
        "payee_ref": "p-9",
        "effective_on": "2022-02-01",
        "item": advance,
    }
    await year.made("/funds/health/advance-settlements", **settled)
    assert await year.execution(2022, "health") == (40_00, 0, 0, 40_00)
    await sound(year, ledger_database)


async def test_a_purpose_keeps_its_budget_over_the_turn_of_the_year(year: Year, ledger_database: Database) -> None:
    purpose = {"fund": "repair", "code": "roads", "name_zh": "村道养护", "kinds": [], "sources": []}
    made = await year.post("/purposes", purpose)
    assert made.status_code == 201, made.text
    rules = [{"fund": "repair", "available": "carry", "encumbered": "carry"}]
    assert (await year.post("/carry-forward-rules", {"rules": rules}, who="admin")).status_code == 201
    on: Json = {"effective_on": "2021-12-10"}
    allotment = {"amount_fen": 70_00, "fiscal_year": 2021, "authority": "文号", "purpose_code": "roads"}
    await year.made("/funds/repair/allotments", **allotment, **on)
    await year.end()
    await year.made("/fiscal-years/2021/carry-forward")
    report = await year.read("/reports/carry-forward", fiscal_year=2021)
    carried = {
        fund["purpose_code"]: fund["available_carried_fen"] for fund in report["funds"] if fund["fund"] == "repair"
    }
    assert carried == {None: 300_00, "roads": 70_00}
    lines = (await year.read("/reports/year-end", fiscal_year=2021))["items"]
    [roads] = [one for one in lines if one["purpose_code"] == "roads" and one["account"] == "available"]
    assert (roads["budget_year"], roads["closing_fen"], roads["equal"]) == (2022, -70_00, True)
    await sound(year, ledger_database)
