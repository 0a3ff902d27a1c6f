"""The voucher as CSV and XLSX, read back by other programs, says what the entry's JSON says."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook

from common.money import capitals
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls

pytestmark = pytest.mark.anyio

HEADINGS = [
    "日期", "凭证字号", "核算基础", "摘要", "基金代码", "基金名称", "科目编码", "科目名称", "来源、年度与用途", "借方（元）", "贷方（元）",
    "制单", "复核", "记账",
]  # fmt: skip
# The accounts of a direct payment, by the basis they belong to.
ACCOUNTS = {
    "5001": "financial",
    "1002": "financial",
    "7101": "budgetary",
    "8001": "budgetary",
    "available": "control",
    "expended": "control",
}
BASES = {"financial": "财务会计", "budgetary": "预算会计", "control": "预算指标"}


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    money = {"amount_fen": 100_000, "source": "county", "effective_on": "2021-03-01"}
    await calls.made("/funds/repair/receipts", **money)
    said = {"fiscal_year": 2021, "authority": "文1", "effective_on": "2021-03-01"}
    await calls.made("/funds/repair/allotments", amount_fen=100_000, **said)
    return calls


async def paid(ledger: LedgerCalls, purpose: str) -> Json:
    """A payment's entry, with lines on three bases."""
    body = {"amount_fen": 12_345, "effective_on": "2021-03-05", "payee_ref": "vendor-1", "purpose": purpose}
    made = await ledger.made("/funds/repair/payments", **body)
    return await ledger.read(f"/journal-entries/{made['id']}")


async def rows(ledger: LedgerCalls, entry: Json, form: str) -> list[list[Any]]:
    """The table's rows below the notes: headings, lines and sums, as the program that reads them has them."""
    answer = await ledger.get(f"/journal-entries/{entry['id']}/voucher", format=form)
    assert answer.status_code == 200, answer.text
    assert f"voucher-{ledger.book}-{entry['seq']}.{form}" in answer.headers["Content-Disposition"]
    if form == "csv":
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    return sheet[next(number for number, row in enumerate(sheet) if row[0] == "日期") :]


def expected(entry: Json) -> list[tuple[str, str, str, Decimal | None, Decimal | None]]:
    """Basis, fund, account, debit and credit in yuan of each line, and of the sum of each basis, in the order of the bases."""
    told: list[tuple[str, str, str, Decimal | None, Decimal | None]] = []
    for basis, name in BASES.items():
        lines = [line for line in entry["postings"] if ACCOUNTS[line["account"]] == basis]
        sums = {"debit": Decimal(0), "credit": Decimal(0)}
        for line in lines:
            fen = Decimal(line["amount_fen"]) / 100
            sums[line["side"]] += fen
            sides = (fen, None) if line["side"] == "debit" else (None, fen)
            told.append((name, line["fund"], line["account"], *sides))
        if lines:
            told.append((name, "", "", sums["debit"], sums["credit"]))
    return told


def amount(cell: object) -> Decimal | None:
    return None if cell in {"", None} else round(Decimal(str(cell)), 2)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_voucher_taken_away_says_what_the_entry_says(ledger: LedgerCalls, form: str) -> None:
    entry = await paid(ledger, "水管维修")
    headings, *lines = await rows(ledger, entry, form)
    assert headings == HEADINGS
    shown = [(row[2], row[4], row[6], amount(row[9]), amount(row[10])) for row in lines]
    assert shown == expected(entry)
    day: object = "2021-03-05" if form == "csv" else date(2021, 3, 5)
    people = [entry["prepared_by"], entry["reviewed_by"] or "", entry["posted_by"]]
    for row in lines:
        assert (row[0], row[1], row[11:]) == (day, f"记字第{entry['voucher_number']}号", people)
    assert {row[3] for row in lines if row[4] == ""} == {f"合计 {capitals(12_345)}"}


async def test_a_summary_that_looks_like_a_formula_stays_a_text(ledger: LedgerCalls) -> None:
    entry = await paid(ledger, "=1+1")
    _, line, *_ = await rows(ledger, entry, "xlsx")
    assert isinstance(line[3], str)
    text = (await ledger.get(f"/journal-entries/{entry['id']}/voucher", format="csv")).text
    assert not any(cell.startswith("=") for row in csv.reader(io.StringIO(text)) for cell in row)


async def test_what_is_no_voucher_is_refused(ledger: LedgerCalls) -> None:
    entry = await paid(ledger, "水管维修")
    wrong = await ledger.get(f"/journal-entries/{entry['id']}/voucher", format="pdf")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "format")
    unknown = await ledger.get("/journal-entries/0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0/voucher", format="csv")
    assert unknown.status_code == 404
