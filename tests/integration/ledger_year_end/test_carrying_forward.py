"""What becomes of a year's budget at its turn: carried or lapsed, by rules of the book; the next year begins where it ended."""

from __future__ import annotations

import pytest

from deploy.local.databases import Database
from tests.integration.ledger_year_end.conftest import RESULTS, Year, sound
from tests.support.ledger_calls import Json
from tests.support.servers import Server

pytestmark = pytest.mark.anyio


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
