"""July to December 2025. Each function is told in docs/fiscal-year.md under its month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support.fiscal_year.office import YEAR, FiscalOffice, Year, encumber, yuan


async def july(office: FiscalOffice, year: Year) -> None:
    """The budget is amended, and a part of it moved; June is opened again for a bill that came late."""
    del year
    version = {
        "fiscal_year": YEAR,
        "authority": "县政府常务会议",
        "effective_on": "2025-07-08",
        "decided_on": "2025-07-02",
    }
    await office.done(
        "/budget-versions",
        kind="amended",
        document="宁示〔2025〕20号",
        lines=[{"fund": "health", "change_fen": yuan(50_000)}],
        **version,
    )
    moved = [{"fund": "industry", "change_fen": -yuan(20_000)}, {"fund": "safety_net", "change_fen": yuan(20_000)}]
    await office.done("/budget-versions", kind="moved", document="宁示〔2025〕21号", lines=moved, **version)
    report = await office.read("/reports/budget-vs-actual", fiscal_year=YEAR, as_of="2025-07-07")
    health = next(one for one in report["items"] if one["fund"] == "health" and one["purpose_code"] is None)
    assert (health["original_fen"], health["amended_fen"], health["budget_fen"]) == (yuan(400_000), 0, yuan(400_000))
    assert (
        await office.post("/periods/2025-06/reopen", {"reason": "漏记一笔", "authority": "县财政局批复"})
    ).is_success
    await office.does("health", "payments", "2025-06-27", yuan(700), payee_ref="vendor-05", purpose="六月漏记的复印费")
    await office.month_ends("2025-06")


async def august(office: FiscalOffice, year: Year) -> None:
    """Money moves between funds: at once, and owed until it is settled."""
    del year
    said = {"fiscal_year": YEAR, "authority": "县领导小组", "reason": "救助资金不足"}
    await office.done(
        "/fund-transfers",
        from_fund="employment",
        to_fund="safety_net",
        amount_fen=yuan(10_000),
        effective_on="2025-08-05",
        **said,
    )
    owed = await office.done(
        "/fund-transfers",
        from_fund="industry",
        to_fund="education",
        amount_fen=yuan(6_000),
        settled_by="due",
        effective_on="2025-08-06",
        **said,
    )
    await office.done(
        "/fund-transfers/settlements", item=owed["item"], amount_fen=yuan(4_000), effective_on="2025-08-20"
    )


async def september(office: FiscalOffice, year: Year) -> None:
    """Gifts are spent for their purpose; a loan the reserve paid for comes back."""
    await office.does(
        "education",
        "restricted-gift-payments",
        "2025-09-10",
        yuan(30_000),
        item=year.ids["gift"],
        payee_ref="student-03",
        purpose="秋季助学",
    )
    await office.does(
        "industry",
        "reserve-recoveries",
        "2025-09-01",
        yuan(10_000),
        item=year.ids["reserve"],
        payee_ref="household-06",
        purpose="收回代偿",
        source="central",
    )


async def october(office: FiscalOffice, year: Year) -> None:
    """The pool is topped up; subsidies are recognised and paid; a grant comes back."""
    await office.does(
        "insurance",
        "pool-top-ups",
        "2025-10-09",
        yuan(100_000),
        item=year.ids["pool"],
        payee_ref="insurer-01",
        purpose="补足赔付缺口",
    )
    owed = await office.does(
        "industry", "subsidy-recognitions", "2025-10-12", yuan(4_000), payee_ref="household-07", purpose="产业直补"
    )
    await office.does(
        "industry",
        "subsidy-payments",
        "2025-10-20",
        yuan(4_000),
        item=owed["item"]["id"],
        payee_ref="household-07",
        purpose="产业直补",
    )
    await office.does(
        "industry",
        "grant-repayments",
        "2025-10-22",
        yuan(1_000),
        payee_ref="household-01",
        purpose="重复领取退回",
        source="central",
        fiscal_year=YEAR,
    )


async def november(office: FiscalOffice, year: Year) -> None:
    """Retentions are released and forfeited; what the reserve no longer needs goes back; contracts for the winter."""
    await office.does(
        "repair", "retention-releases", "2025-11-04", yuan(3_000), item=year.ids["retention"], purpose="质保期满"
    )
    await office.does(
        "repair", "retention-forfeitures", "2025-11-05", yuan(200), item=year.ids["retention_2"], purpose="渗漏未修"
    )
    await office.does(
        "industry", "reserve-releases", "2025-11-10", yuan(50_000), item=year.ids["reserve"], purpose="贷款结清"
    )
    until = {"expires_at": (datetime.now(UTC) + timedelta(days=20)).isoformat()}
    heating = await encumber(office, "education", yuan(9_000), "2025-11-12", "冬季取暖合同", **until)
    later = {"expires_at": (datetime.now(UTC) + timedelta(days=60)).isoformat(), "reason": "工期顺延"}
    await office.made(f"/encumbrances/{heating}/extension", **later)
    year.ids |= {
        "heating": heating,
        "study": await encumber(office, "employment", yuan(6_000), "2025-11-13", "调研合同"),
        "roof": await encumber(office, "repair", yuan(12_000), "2025-11-14", "屋面维修合同"),
    }
    await office.done(f"/encumbrances/{year.ids['contract']}/release", effective_on="2025-11-15")


async def december(office: FiscalOffice, year: Year) -> None:
    """The insurer's fee, the pool's surplus; a payment on the last day that the bank books in January."""
    pool = year.ids["pool"]
    await office.done(
        "/funds/insurance/pool-fees",
        item=pool,
        payouts_fen=yuan(120_003),
        fee_bp=1_500,
        purpose="2025年手续费",
        effective_on="2025-12-15",
    )
    await office.does(
        "insurance",
        "pool-surplus-returns",
        "2025-12-22",
        yuan(50_000),
        item=pool,
        purpose="2025年结余退回",
        source="central",
    )
    await office.does(
        "insurance",
        "pool-carry-forwards",
        "2025-12-24",
        yuan(100_000),
        item=pool,
        payee_ref="insurer-01",
        purpose="结转2026年防贫保",
    )
    last = await office.does("health", "payments", "2025-12-31", yuan(333), payee_ref="vendor-06", purpose="办公用品")
    year.ids["last"] = last["id"]
