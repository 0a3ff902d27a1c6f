"""A whole fiscal year of the seven funds over HTTP: from the old system's balances to the next year's opening (docs/fiscal-year.md)."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from ledger.audit import hledger
from ledger.audit.entries import yuan_text
from tests.support.fiscal_year.months import MONTHS, POSTS
from tests.support.fiscal_year.office import FUNDS, FiscalOffice, Year
from tests.support.stack import Stack, StackSeed, running_stack

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def system(seed: StackSeed) -> Iterator[Stack]:
    with running_stack(("ledger",), seed=seed) as stack:
        yield stack


@pytest.fixture
async def office(system: Stack) -> AsyncIterator[FiscalOffice]:
    async with httpx.AsyncClient(base_url=system.url("ledger"), timeout=60) as client:
        yield FiscalOffice(client, system.issuer, "610925")


# Every kind of entry the year must have had, by hand: the operations of the seven funds, and what the budget, the year's end
# and corrections book.
KINDS = {
    "opening", "budget_version", "receipt", "payment", "encumber", "liquidation", "return", "release", "fund_transfer",
    "transfer_settlement",
    "reversal", "journal", "year_end_closing", "budget_lapse", "carry_forward", "encumbrance_lapse",
    "award", "reserve_set_aside", "reserve_draw", "reserve_recovery", "reserve_release", "training_grant", "startup_support",
    "welfare_wage", "advance", "advance_settlement", "advance_forgiveness", "student_aid", "early_education_grant", "relief_grant",
    "family_share",
    "custodial_care_fee", "overhaul_levy", "overhaul_payment", "project_stage", "retention_release",
    "retention_forfeiture", "clinic_subsidy", "village_doctor_subsidy", "pool_prepayment", "pool_top_up", "pool_payout", "pool_fee",
    "pool_surplus_return", "pool_carry_forward", "restricted_gift", "restricted_gift_payment", "free_gift", "named_gift",
    "named_gift_payment", "subsidy_recognition", "subsidy_payment", "grant_repayment",
}  # fmt: skip
DOCUMENT = Path(__file__).parents[2] / "docs/fiscal-year.md"
HLEDGER = shutil.which("hledger")
Key = tuple[str, str, str]


async def test_a_fiscal_year_from_the_old_balances_to_the_next_opening(office: FiscalOffice, tmp_path: Path) -> None:
    year = Year()
    for month, happens in MONTHS.items():
        await happens(office, year)
        if month != "2025-01":
            await office.wages(month, POSTS)
        late = frozenset({year.ids["last"]}) if month == "2025-12" else frozenset[str]()
        await office.month_ends(month, late=late, excused="对账单次月补到" if month == "2025-05" else None)
    assert office.approved == ["project_stage", "advance_forgiveness", "fund_transfer", "fund_transfer"]

    closing = await adjusted_and_closed(office, year)
    await the_next_year_begins(office, year, closing)
    entries = [json.loads(line) for line in (await exported(office, "jsonl")).splitlines()]
    assert {entry["kind"] for entry in entries} == KINDS
    assert (await office.read("/chain/verification"))["verified"] is True
    assert table_of(closing) in DOCUMENT.read_text(encoding="utf-8"), table_of(closing)
    hledger_agrees(await exported(office, "hledger", to="2025-12-31"), closing, tmp_path)


async def adjusted_and_closed(office: FiscalOffice, year: Year) -> dict[Key, int]:
    """Adjust in period 13, close the year, carry forward; return every balance it leaves."""
    del year
    adjustment = {
        "effective_on": "2025-12-31",
        "period": "2025-13",
        "description": "补提十二月应付办公费",
        "postings": [
            {"fund": "health", "account": "5001", "side": "debit", "amount_fen": 12_345},
            {"fund": "health", "account": "2307", "side": "credit", "amount_fen": 12_345},
        ],
    }
    await office.done("/journal-entries", **adjustment)
    await office.refused("/periods/2025-13/close", "checklist_failed")
    closed = await office.done("/fiscal-years/2025/closing")
    assert {entry["fund"] for entry in closed["entries"]} == {*FUNDS}
    rules = [
        {"fund": "*", "available": "lapse", "encumbered": "carry"},
        {"fund": "repair", "available": "carry", "encumbered": "carry"},
        {"fund": "employment", "available": "lapse", "encumbered": "lapse"},
    ]
    assert (await office.post("/carry-forward-rules", {"rules": rules}, "admin")).is_success
    await office.done("/fiscal-years/2025/carry-forward")
    assert (await office.post("/periods/2025-13/close", {"reason": "年度结账"})).is_success
    for period in ("2025-12", "2025-13"):
        late = {"amount_fen": 1, "source": "county", "effective_on": "2025-12-31"} | (
            {"period": period} if period[5:] == "13" else {}
        )
        await office.refused("/funds/health/receipts", "period_closed", **late)
    balances = await balances_on(office, "2025-12-31")
    results = {"4001", "4603", "4604", "5001", "6001", "6609", "7101", "3301", "3302", "8501"}
    assert {account for (_, account, _), fen in balances.items() if fen} & results == set()
    return balances


async def the_next_year_begins(office: FiscalOffice, year: Year, closing: dict[Key, int]) -> None:
    """What 2026 finds is what 2025 left, account by account; work goes on in it."""
    report = await office.read("/reports/year-end", fiscal_year=2025)
    assert (report["equal"], {one["equal"] for one in report["items"]}) == (True, {True})
    found: dict[Key, int] = defaultdict(int)
    for one in report["items"]:
        assert one["opening_fen"] == one["closing_fen"]
        found[one["fund"], one["account"], one["basis"]] += one["opening_fen"]
    assert {key: fen for key, fen in found.items() if fen} == {key: fen for key, fen in closing.items() if fen}
    carried = await office.read("/reports/carry-forward", fiscal_year=2025)
    outcomes = {one["encumbrance"]: one["outcome"] for one in carried["items"]}
    assert (outcomes[year.ids["study"]], outcomes[year.ids["roof"]], outcomes[year.ids["heating"]]) == (
        "lapsed",
        "carried",
        "carried",
    )
    assert carried["still_standing"] == 0
    # The carried contract is paid in the new year, out of the new year's budget; late bank lines of the old one come in.
    paid = {"amount_fen": 12_000_00, "payee_ref": "vendor-07", "effective_on": "2026-01-09"}
    await office.done(f"/encumbrances/{year.ids['roof']}/liquidations", **paid)
    execution = await office.read("/reports/fund-execution", fiscal_year=2026)
    repair = next(one for one in execution["items"] if one["code"] == "repair")
    assert repair["expended_fen"] == 12_000_00
    await office.does("industry", "receipts", "2026-01-15", 100_000_00, source="central")
    await office.month_ends("2026-01")
    for key, fen in (await balances_on(office, "2025-12-31")).items():
        assert closing.get(key, 0) == fen, key


async def balances_on(office: FiscalOffice, day: str) -> dict[Key, int]:
    """Every account's balance at the end of a day, debit minus credit."""
    report = await office.read("/reports/trial-balance", as_of=day)
    return {(one["fund"], one["account"], one["basis"]): one["balance_fen"] for one in report["items"]}


async def exported(office: FiscalOffice, form: str, **question: str) -> str:
    """The audit export of the book."""
    answer = await office.get("/audit/journal", format=form, **question)
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.content.decode("utf-8")


def table_of(closing: dict[Key, int]) -> str:
    """The document's table: one line for every account that stands."""
    lines = ["| fund | basis | account | balance |", "| --- | --- | --- | ---: |"]
    lines += [
        f"| {fund} | {basis} | {account} | {yuan_text(fen)} |"
        for (fund, account, basis), fen in sorted(closing.items())
        if fen
    ]
    return "\n".join(lines) + "\n"


def hledger_agrees(journal: str, closing: dict[Key, int], folder: Path) -> None:
    """hledger, which knows nothing of us, computes the same closing balances from the export."""
    if HLEDGER is None:
        pytest.skip("hledger is not installed: the year was done, its export was not recomputed by hledger")
    file = folder / "year.journal"
    file.write_text(journal, encoding="utf-8")
    for check in (("check",), ("check", "--strict")):
        subprocess.run([HLEDGER, "-f", str(file), *check], check=True, capture_output=True)
    command = [HLEDGER, "-f", str(file), "balance", "--flat", "-N", "-E", "-O", "csv"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    read = dict(list(csv.reader(io.StringIO(shown)))[1:])
    names = {
        hledger.account_name(basis, account, fund): fen  # type: ignore[arg-type] # a basis by its name
        for (fund, account, basis), fen in closing.items()
    }
    computed = {name: (f"{yuan_text(fen)} CNY" if fen else "0") for name, fen in names.items()}
    assert {name: said for name, said in read.items() if said != "0"} == {
        name: said for name, said in computed.items() if said != "0"
    }
