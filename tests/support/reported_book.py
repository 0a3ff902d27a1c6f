"""A book for tests of reports: two years, takeover balances, purposes, back-dated entries, red entries, the adjusting period."""

from __future__ import annotations

from tests.support.ledger_calls import Json, LedgerCalls, small_book

FORMULA = "=HYPERLINK(0)"


def _line(fund: str, account: str, side: str, fen: int, **more: object) -> Json:
    return {"fund": fund, "account": account, "side": side, "amount_fen": fen, **more}


async def reported_book(ledger: LedgerCalls) -> None:
    """`small_book`, and what makes reports hard."""
    await small_book(ledger)
    await _takeover(ledger)
    await _purposes(ledger)
    await _typed_operations(ledger)
    # Back-dated into months with later entries, and a red entry that comes months after what it takes back.
    await ledger.entry(
        "2021-02-27",
        ("insurance", "1218", "debit", 7_77),
        ("insurance", "4604", "credit", 7_77),
        description=FORMULA,
        reference="+86",
    )
    cash = await ledger.entry(
        "2021-05-20",
        ("insurance", "1002", "debit", 3_33),
        ("insurance", "4604", "credit", 3_33),
        ("insurance", "8001", "debit", 3_33),
        ("insurance", "6609", "credit", 3_33),
        description="补记利息",
    )
    await ledger.made(f"/journal-entries/{cash['id']}/reversal", effective_on="2021-09-09", reason="冲销补记")
    await ledger.made("/funds/health/receipts", amount_fen=90_00, source="county", effective_on="2022-01-10")
    await ledger.made(
        "/funds/health/payments", amount_fen=10_00, effective_on="2022-02-03", payee_ref="p-9", purpose="迟付"
    )
    for month in range(1, 13):
        await ledger.made(f"/periods/2021-{month:02d}/close")
    await ledger.entry(
        "2021-12-31",
        ("health", "5001", "debit", 4_04),
        ("health", "2307", "credit", 4_04),
        description="审计调整",
        period="2021-13",
    )
    await ledger.made("/fiscal-years/2021/closing", reference="NZ-2021")


async def _takeover(ledger: LedgerCalls) -> None:
    lines = [
        _line("health", "1002", "debit", 500_00, source="city"),
        _line("health", "1218", "debit", 40_00),
        _line("health", "3001", "credit", 540_00),
        _line("health", "8001", "debit", 500_00),
        _line("health", "8101", "credit", 500_00),
    ]
    await ledger.made("/opening-balances", effective_on="2021-01-31", lines=lines)


async def _purposes(ledger: LedgerCalls) -> None:
    await ledger.made("/purposes", fund="health", code="meds", name_zh="@药品", name_en="Medicines")
    body = {
        "fiscal_year": 2021,
        "kind": "original",
        "authority": "县人大常委会",
        "document": "宁财预〔2021〕1号",
        "decided_on": "2021-01-31",
        "effective_on": "2021-02-01",
        "lines": [
            {"fund": "health", "change_fen": 200_00},
            {"fund": "health", "purpose_code": "meds", "change_fen": 100_00},
        ],
    }
    await ledger.made("/budget-versions", **body)
    held = {"fund": "health", "fiscal_year": 2021, "amount_fen": 60_00, "purpose": "药品采购", "purpose_code": "meds"}
    opened = await ledger.made("/encumbrances", **held, effective_on="2021-02-10")
    await ledger.made(
        f"/encumbrances/{opened['id']}/liquidations", amount_fen=20_01, effective_on="2021-02-20", payee_ref="p-1"
    )
    await ledger.made(
        "/funds/health/allotments", amount_fen=30_00, fiscal_year=2022, effective_on="2022-01-05", authority="文号"
    )


async def _typed_operations(ledger: LedgerCalls) -> None:
    body = {"amount_fen": 66_66, "giver_ref": "giver-1", "purpose": "捐赠", "effective_on": "2021-03-03"}
    await ledger.made("/funds/safety_net.custodial_care/free-gifts", **body)
