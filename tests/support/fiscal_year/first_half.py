"""January to June 2025. Each function is told in docs/fiscal-year.md under its month."""

from __future__ import annotations

from tests.support.bank import MAPPING
from tests.support.fiscal_year.office import COMMUNITY, FUNDS, YEAR, FiscalOffice, Year, encumber, yuan

OPENING = {
    "industry": 200_000,
    "employment": 50_000,
    "health": 80_000,
    "education": 30_000,
    "safety_net": 40_000,
    "repair": 60_000,
    "insurance": 100_000,
}
BUDGET = {
    "industry": 600_000,
    "employment": 300_000,
    "health": 400_000,
    "education": 200_000,
    "safety_net": 250_000,
    "repair": 300_000,
    "insurance": 900_000,
}
SHARES = (("central", 40), ("province", 30), ("city", 10), ("county", 20))


async def january(office: FiscalOffice, year: Year) -> None:
    """Open the book, bring in the old system's balances, the budget and the money."""
    assert (await office.open_book("2025-01", name="防贫基金示例账套")).status_code == 201
    await office.made("/funds", code=COMMUNITY, parent="repair", name_zh="一号社区大修基金")
    rules = [
        {"kind": "project_stage", "fund": "*", "from_fen": yuan(50_000)},
        {"kind": "journal", "fund": "*", "from_fen": 0},
    ]
    assert (await office.post("/approval-rules", {"rules": rules}, "admin")).is_success
    for fund, code, name, more in (
        ("employment", "wages", "公益岗位工资", {"kinds": ["welfare_wage"]}),
        ("education", "aid", "助学金", {"kinds": ["student_aid"], "sources": ["central", "province", "county"]}),
    ):
        await office.made("/purposes", fund=fund, code=code, name_zh=name, **more)
    lines = [line for fund in FUNDS for line in _opening(fund, yuan(OPENING[fund]))]
    await office.done("/opening-balances", effective_on="2025-01-01", lines=lines)
    account = {
        "code": "main",
        "bank_name": "示例银行",
        "name_zh": "防贫基金专户",
        "number": "99990000123456789",
        "funds": [*FUNDS],
    }
    await office.made("/bank-accounts", **account)
    await office.made("/bank-accounts/main/column-mapping", **MAPPING)

    budget = [{"fund": fund, "change_fen": yuan(fen)} for fund, fen in BUDGET.items()]
    budget += [
        {"fund": "employment", "purpose_code": "wages", "change_fen": yuan(60_000)},
        {"fund": "education", "purpose_code": "aid", "change_fen": yuan(20_000)},
        {"fund": COMMUNITY, "change_fen": yuan(5_000)},
    ]
    version = {
        "fiscal_year": YEAR,
        "authority": "县人民代表大会",
        "document": "宁示〔2025〕1号",
        "decided_on": "2025-01-10",
    }
    await office.done("/budget-versions", kind="original", effective_on="2025-01-12", lines=budget, **version)
    for fund in FUNDS:
        for source, percent in SHARES:
            await office.does(fund, "receipts", "2025-01-15", yuan(BUDGET[fund] * percent // 100), source=source)
    pool = await office.does(
        "insurance", "pool-prepayments", "2025-01-20", yuan(600_000), payee_ref="insurer-01", purpose="2025年防贫保"
    )
    reserve = await office.does(
        "industry", "reserves", "2025-01-22", yuan(100_000), purpose="贷款风险补偿", party_ref="bank-01"
    )
    year.ids |= {"pool": pool["item"]["id"], "reserve": reserve["item"]["id"]}
    await office.refused(
        "/funds/health/payments",
        "insufficient_funds",
        amount_fen=yuan(10_000_000),
        payee_ref="p",
        purpose="过大",
        effective_on="2025-01-23",
    )


def _opening(fund: str, fen: int) -> list[dict[str, object]]:
    return [
        {"fund": fund, "account": "1002", "side": "debit", "amount_fen": fen, "source": "county"},
        {"fund": fund, "account": "3001", "side": "credit", "amount_fen": fen},
        {"fund": fund, "account": "8001", "side": "debit", "amount_fen": fen},
        {"fund": fund, "account": "8101", "side": "credit", "amount_fen": fen},
    ]


async def february(office: FiscalOffice, year: Year) -> None:
    """Grants of every fund, gifts, levies: what is paid at once."""
    on = "2025-02-14"
    await office.does(
        "industry", "awards", on, yuan(5_000), payee_ref="household-01", purpose="茶叶产业奖补", source="central"
    )
    await office.does("industry", "awards", on, yuan(7_000), payee_ref="household-02", purpose="中药材奖补")
    await office.does("employment", "training-grants", on, yuan(1_200), payee_ref="trainee-01", purpose="月嫂培训")
    await office.does("employment", "startup-supports", on, yuan(5_000), payee_ref="household-03", purpose="农家乐创业")
    await office.does(
        "education",
        "student-aids",
        on,
        yuan(3_000),
        payee_ref="student-01",
        purpose="春季助学",
        purpose_code="aid",
        source="county",
    )
    await office.refused(
        "/funds/education/student-aids",
        "purpose_not_allowed",
        amount_fen=1,
        payee_ref="s",
        purpose="测试",
        purpose_code="aid",
        source="city",
        effective_on=on,
    )
    await office.does("education", "early-education-grants", on, yuan(800), payee_ref="centre-01", purpose="养育未来")
    await office.does("safety_net", "relief-grants", on, yuan(2_000), payee_ref="household-04", purpose="临时救助")
    await office.does("repair", "clinic-subsidies", on, yuan(1_500), payee_ref="clinic-01", purpose="卫生室修缮")
    await office.does("repair", "village-doctor-subsidies", on, yuan(900), payee_ref="doctor-01", purpose="村医补助")
    await office.does(COMMUNITY, "overhaul-levies", on, yuan(1_000), party_ref="owner-0102", purpose="大修金")
    await office.does(COMMUNITY, "overhaul-levies", on, yuan(1_000), party_ref="owner-0103", purpose="大修金")
    await office.made("/givers", ref="giver-01", name="示例捐赠人", contact="示例地址")
    gift = await office.does(
        "education", "restricted-gifts", on, yuan(50_000), giver_ref="giver-01", purpose="资助困难学生"
    )
    named = await office.does("education", "named-gifts", on, yuan(2_000), party_ref="giver-02", purpose="指定资助")
    await office.does("safety_net", "free-gifts", on, yuan(10_000), giver_ref="giver-01", purpose="社会捐赠")
    await office.does(
        "education",
        "named-gift-payments",
        "2025-02-20",
        yuan(2_000),
        item=named["item"]["id"],
        payee_ref="student-02",
        purpose="转付",
    )
    year.ids["gift"] = gift["item"]["id"]


async def march(office: FiscalOffice, year: Year) -> None:
    """Reserve budget, pay it in parts, send a payment back; advances, care fees, the first wages of the year."""
    contract = await encumber(office, "repair", yuan(80_000), "2025-03-03", "水利管护合同")
    first = await office.done(
        f"/encumbrances/{contract}/liquidations",
        amount_fen=yuan(30_000),
        payee_ref="vendor-01",
        effective_on="2025-03-10",
    )
    await office.done(
        f"/encumbrances/{contract}/liquidations",
        amount_fen=yuan(20_000),
        payee_ref="vendor-01",
        effective_on="2025-03-17",
    )
    back = {"effective_on": "2025-03-18", "reason": "账户已销户"}
    await office.done(f"/encumbrances/{contract}/liquidations/{first['id']}/return", **back)
    await office.done(
        f"/encumbrances/{contract}/liquidations",
        amount_fen=yuan(30_000),
        payee_ref="vendor-01",
        effective_on="2025-03-20",
    )
    group = [await encumber(office, "safety_net", yuan(1_000), "2025-03-04", f"救助 {number}") for number in range(5)]
    items = [{"id": one, "amount_fen": yuan(1_000), "payee_ref": f"household-1{n}"} for n, one in enumerate(group[:3])]
    await office.done("/encumbrances/liquidations", items=items, effective_on="2025-03-21")
    await office.done("/encumbrances/releases", ids=group[3:], effective_on="2025-03-22", reason="对象死亡")
    advance = await office.does(
        "health",
        "advances",
        "2025-03-12",
        yuan(45_000),
        payee_ref="hospital-01",
        purpose="县域外就医垫付",
        due_on="2025-06-30",
    )
    await office.does(
        "safety_net", "family-shares", "2025-03-24", yuan(300), party_ref="household-05", purpose="托养费家庭分担"
    )
    await office.does(
        "safety_net",
        "custodial-care-fees",
        "2025-03-25",
        yuan(1_200),
        family_share_fen=yuan(300),
        payee_ref="home-01",
        purpose="3月托养费",
    )
    year.ids |= {"contract": contract, "advance": advance["item"]["id"]}
    both = await office.read("/balances", fund="repair")
    assert both["as_of_seq"] == (await office.read("/chain"))["seq"]
    assert [one["id"] for one in both["encumbrances"]] == [contract]


async def april(office: FiscalOffice, year: Year) -> None:
    """A repair project in stages, with retentions; a payment that was wrong is taken back by a red entry."""
    project = {"payee_ref": "vendor-02", "purpose": "水管维修一期"}
    stage = await office.does(
        "repair",
        "project-stages",
        "2025-04-10",
        yuan(60_000),
        retention_fen=yuan(3_000),
        retention_due_on="2025-10-31",
        **project,
    )
    second = await office.does(
        "repair", "project-stages", "2025-04-24", yuan(20_000), retention_fen=yuan(1_000), **project
    )
    wrong = await office.does(
        "repair", "payments", "2025-04-11", yuan(4_000), payee_ref="vendor-03", purpose="录入错误"
    )
    await office.done(
        f"/funds/repair/payments/{wrong['id']}/reversal", effective_on="2025-04-12", reason="收款方录入错误"
    )
    await office.does(
        COMMUNITY, "overhaul-payments", "2025-04-15", yuan(600), payee_ref="vendor-04", purpose="电梯大修"
    )
    year.ids |= {"retention": stage["item"]["id"], "retention_2": second["item"]["id"]}


async def may(office: FiscalOffice, year: Year) -> None:
    """The insurer pays claims out of the pool; the reserve pays for a loss."""
    pool, reserve = year.ids["pool"], year.ids["reserve"]
    for number in range(3):
        await office.does(
            "insurance",
            "pool-payouts",
            "2025-05-18",
            yuan(40_000 + number),
            item=pool,
            payee_ref=f"claim-payee-{number}",
            purpose=f"claim:2025-{number:06d}",
        )
    await office.does(
        "industry", "reserve-draws", "2025-05-12", yuan(30_000), item=reserve, payee_ref="bank-01", purpose="贷款代偿"
    )


async def june(office: FiscalOffice, year: Year) -> None:
    """Two insurers and the household settle the advance, a part is forgiven; interest comes in."""
    item = year.ids["advance"]
    for payer, fen in (("basic_insurance", 25_000), ("critical_illness_insurance", 10_000), ("household", 5_000)):
        await office.does(
            "health", "advance-settlements", "2025-06-20", yuan(fen), item=item, payer=payer, payee_ref=f"{payer}-01"
        )
    [open_] = await office.all_of("/open-items", kind="advance", status="open")
    assert (open_["remaining_fen"], open_["party_ref"]) == (yuan(5_000), "hospital-01")
    await office.does(
        "health", "advance-forgivenesses", "2025-06-25", yuan(2_000), item=item, purpose="县领导小组批准减免"
    )
    await office.does("health", "receipts", "2025-06-21", yuan(500) + 37, source="interest")
