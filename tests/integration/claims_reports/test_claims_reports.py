"""Reports of claims against a plain recount of the claims themselves, and each file against its own JSON."""

from __future__ import annotations

import csv
import io
import itertools
import random
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from claims.names import name_of
from claims.worker import Worker
from tests.support.county import DEDUCTIBLE_FEN, County, account_number, id_number
from tests.support.full_path import STEPS as FULL_PATH
from tests.support.full_path import FullPath

pytestmark = pytest.mark.anyio

Json = dict[str, Any]
PLACES = (("610923100", "610923100213"), ("610923101", "610923101200"), ("610923102", "610923102200"))
CAUSES = ("schooling", "accident")
PAGE = (Path(__file__).parents[3] / "docs" / "claims-reports.md").read_text(encoding="utf-8")
GRANTED = {"approved", "awaiting_funds", "encumbered", "in_batch", "paid", "payment_returned"}
COUNTS = ("claims", "open_claims", "approved_claims", "refused_claims", "withdrawn_claims", "paid_claims")
AMOUNTS = ("open_fen", "approved_fen", "paid_fen")


class Office:
    """Brings claims of random places, causes and days to every status."""

    def __init__(self, county: County, worker: Worker) -> None:
        self.county, self.worker = county, worker
        self.random = random.Random(8)

    async def filed(self, benefit_fen: int, **other: object) -> Json:
        order = next(self.county.households)
        town, village = self.random.choice(PLACES)
        household = await self.county.post(
            "claims",
            "/households",
            {
                "town": town,
                "village": village,
                "category": "marginal_poverty_prone",
                "members": [{"name": f"钱示例{order}", "id_number": id_number(order), "relation": "head"}],
                "annual_income_fen": 400_000,
                "income_year": 2021,
                "bank_account": account_number(order),
            }
            | other,
            "intake",
        )
        body = {
            "household_id": household["id"],
            "claimant_member_id": household["members"][0]["id"],
            "cause": self.random.choice(CAUSES),
            "event_on": "2021-05-01",
            "reported_on": f"2021-0{self.random.randint(5, 6)}-{self.random.randint(10, 28)}",
            "loss": [{"kind": "tuition", "amount_fen": benefit_fen + DEDUCTIBLE_FEN}],
            "other_payments": [],
        }
        return await self.county.post("claims", "/claims", body, "intake")

    async def step(self, claim: Json, step: str, who: str, outcome: str = "passed", day: str = "2021-07-01") -> None:
        body = {"step": step, "outcome": outcome, "note": "核对", "done_on": day}
        await self.county.post("claims", f"/claims/{claim['id']}/steps", body, who)

    async def approved(self, benefit_fen: int) -> Json:
        claim = await self.filed(benefit_fen)
        await self.step(claim, "town_check", "town")
        await self.step(claim, "county_approval", "county")
        return claim

    async def every_status(self) -> None:
        for _ in range(3):
            await self.filed(self.random.randint(1, 400_000))
        await self.step(await self.filed(70_001), "town_check", "town")
        await self.step(await self.filed(3_000), "town_check", "town", "sent_back")
        await self.step(await self.filed(5_555), "withdrawal", "intake")
        for day, other in (("2021-07-01", {"annual_income_fen": 99_000_000}), ("2021-08-02", {})):
            refused = await self.filed(10_000, **other)
            await self.step(refused, "town_check", "town", "refused", day)
        below = await self.filed(-1)
        await self.step(below, "town_check", "town", "refused", "2021-08-03")
        payable = [await self.approved(self.random.randint(1, 300_000)) for _ in range(5)]
        await self.approved(900_000)  # more than the fund has left: waits for funds
        await self.worker.one_round()
        batch = await self.county.approved_batch(*(claim["id"] for claim in payable[:4]))
        await self.county.bank_return(batch, "success", items=[0, 1, 2])
        await self.worker.one_round()
        await self.county.bank_return(batch, "failure", items=[2], on="2021-07-09")
        await self.worker.one_round()
        await self.approved(4_000)  # the worker has not seen it yet

    async def recount(self) -> list[Json]:
        """Every claim as the API shows it, with what was paid on it."""
        rows = []
        for claim in (await self.county.get("claims", "/claims", "county", limit="1000"))["items"]:
            money = (await self.county.get("claims", f"/claims/{claim['id']}", "county"))["money"]
            paid = [item["amount_fen"] for item in money["items"] if item["status"] == "paid"]
            rows.append(claim | {"paid": paid, "month": claim["reported_on"][:7]})
        return rows


def figures(claims: list[Json]) -> Json:
    """The figures of some claims, added up one by one."""
    under_way = [one for one in claims if one["status"] in {"reported", "under_review", "sent_back"}]
    granted = [one for one in claims if one["status"] in GRANTED]
    return {
        "claims": len(claims),
        "open_claims": len(under_way),
        "approved_claims": len(granted),
        "refused_claims": sum(one["status"] == "refused" for one in claims),
        "withdrawn_claims": sum(one["status"] == "withdrawn" for one in claims),
        "paid_claims": sum(bool(one["paid"]) for one in claims),
        "open_fen": sum(one["benefit_fen"] for one in under_way),
        "approved_fen": sum(one["benefit_fen"] for one in granted),
        "paid_fen": sum(sum(one["paid"]) for one in claims),
    }


async def report(county: County, name: str, who: str = "county", **query: str) -> httpx.Response:
    answer = await county.try_get("claims", f"/reports/{name}", who, **query)
    assert answer.status_code == 200, answer.text
    return answer


def read_back(csv_file: bytes, xlsx_file: bytes) -> list[list[str]]:
    """The lines of the CSV file, which both readers of workbooks must find in the XLSX file too, below its title."""
    lines = list(csv.reader(io.StringIO(csv_file.decode("utf-8-sig"))))
    written: list[list[Any]] = [
        list(row) for row in openpyxl.load_workbook(io.BytesIO(xlsx_file)).worksheets[0].iter_rows(values_only=True)
    ]
    again: list[list[Any]] = CalamineWorkbook.from_filelike(io.BytesIO(xlsx_file)).get_sheet_by_index(0).to_python()
    assert all(heading in PAGE for heading in lines[0]), lines[0]
    for rows in (written, again):
        start = next(index for index, row in enumerate(rows) if row[: len(lines[0])] == lines[0])
        assert [
            [plain(heading, cell) for heading, cell in zip(lines[0], row, strict=True)] for row in rows[start:]
        ] == lines
    return lines


def plain(heading: str, cell: object) -> str:
    """A cell of a workbook as CSV writes it."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, date):
        return cell.strftime("%Y-%m-%d")
    return f"{Decimal(str(cell)):.2f}" if heading.endswith("（元）") else f"{Decimal(str(cell)):.0f}"


async def test_claims_are_counted_as_a_plain_recount_counts_them(county: County, worker: Worker) -> None:
    await county.found(allotted_fen=1_300_000)
    await accident_terms(county)
    office = Office(county, worker)
    await office.every_status()
    claims = await office.recount()
    statuses = {one["status"] for one in claims}
    assert statuses >= {"reported", "under_review", "sent_back", "refused", "withdrawn", "awaiting_funds", "approved"}
    assert statuses >= {"encumbered", "in_batch", "paid", "payment_returned"}

    words = ("status", "cause", "town", "month")
    for chosen in [*itertools.permutations(words, 1), *itertools.permutations(words, 2), words]:
        found = (await report(county, "claims", by=",".join(chosen))).json()
        groups: dict[tuple[str, ...], list[Json]] = {}
        for one in claims:
            groups.setdefault(tuple(one[by] for by in chosen), []).append(one)
        assert {
            tuple(item[by] for by in chosen): {name: item[name] for name in COUNTS + AMOUNTS} for item in found["items"]
        } == {key: figures(group) for key, group in groups.items()}
        assert found["totals"] == figures(claims)
        assert len(found["items"]) == len(groups)

    part = [one for one in claims if "2021-05-20" <= one["reported_on"] <= "2021-06-15" and one["cause"] == "accident"]
    narrow = {"from": "2021-05-20", "to": "2021-06-15", "cause": "accident"}
    found = (await report(county, "claims", by="town", **narrow)).json()
    assert found["totals"] == figures(part)
    nothing = (await report(county, "claims", **{"from": "2021-12-01"})).json()
    assert (nothing["items"], nothing["totals"]) == ([], figures([]))

    await files_say_what_the_json_says(county)
    await refusals_name_their_reasons(county, claims)
    await claims_age_as_counted_by_hand(county, claims, [date(2021, 6, 20), date(2021, 7, 8), date(2021, 7, 15)])
    await places_see_their_own(county, claims)
    await programmes_show_their_result(county, claims)


async def accident_terms(county: County) -> None:
    """The programme's second cause, under the terms of the first."""
    policy = (await county.get("claims", "/policies", "county"))["items"][0]
    terms = (await county.get("claims", f"/policies/{policy['id']}/terms", "county"))["items"][0]
    wanted = (
        "valid_from",
        "valid_to",
        "deductible_fen",
        "tiers",
        "tier_mode",
        "base",
        "cap_fen",
        "waiting_days",
        "reporting_days",
    )
    body = {name: terms[name] for name in wanted} | {"cause": "accident", "sources": terms["sources"]}
    draft = await county.post("claims", f"/policies/{policy['id']}/terms", body, "county")
    approval = f"/policies/{policy['id']}/terms/{draft['id']}/approval"
    await county.post("claims", approval, {"outcome": "approved"}, "admin")


async def files_say_what_the_json_says(county: County) -> None:
    query = {"by": "status,town"}
    said = (await report(county, "claims", **query)).json()
    made = [(await report(county, "claims", "auditor", format=kind, **query)) for kind in ("csv", "xlsx")]
    assert "filename*=UTF-8''%E7%90%86%E8%B5%94" in made[0].headers["content-disposition"]
    lines = read_back(made[0].content, made[1].content)
    assert lines[0][:4] == ["状态", "乡镇代码", "乡镇", "件数"]
    rows = [
        [
            name_of("statuses", item["status"], "zh"),
            item["town"],
            item["town_name"],
            *(str(item[name]) for name in COUNTS),
            *(f"{Decimal(item[name]) / 100:.2f}" for name in AMOUNTS),
        ]
        for item in said["items"]
    ]
    assert lines[1:-1] == rows
    assert lines[-1][3:] == [
        *(str(said["totals"][name]) for name in COUNTS),
        *(f"{Decimal(said['totals'][name]) / 100:.2f}" for name in AMOUNTS),
    ]
    reasons = (await report(county, "refusal-reasons")).json()
    made = [await report(county, "refusal-reasons", "auditor", format=kind) for kind in ("csv", "xlsx")]
    lines = read_back(made[0].content, made[1].content)
    assert [line[1:] for line in lines[1:-1]] == [
        [item["code"], item["name_zh"], str(item["claims"])] for item in reasons["items"]
    ]
    assert lines[-1] == ["合计", "", "", str(reasons["refused_claims"])]
    log = (await county.get("claims", "/access-log", "auditor", subject="report"))["items"]
    assert [(line["action"], line["detail"]["report"], line["detail"]["format"]) for line in log] == [
        ("export", "refusal-reasons", "xlsx"),
        ("export", "refusal-reasons", "csv"),
        ("export", "claims", "xlsx"),
        ("export", "claims", "csv"),
    ]


async def refusals_name_their_reasons(county: County, claims: list[Json]) -> None:
    wanted: dict[str, int] = {}
    refused = [one for one in claims if one["status"] == "refused"]
    for one in refused:
        checks = (await county.get("claims", f"/claims/{one['id']}/decision", "county"))["checks"]
        for code in [check["code"] for check in checks if check["outcome"] == "fail"]:
            wanted[code] = wanted.get(code, 0) + 1
    found = (await report(county, "refusal-reasons")).json()
    assert {item["code"]: item["claims"] for item in found["items"] if item["kind"] == "check"} == wanted
    assert set(wanted) >= {"covered_group", "deductible"}
    # On the short path no reviewer has to choose a reason; it counts as other.
    assert [(item["code"], item["claims"]) for item in found["items"] if item["kind"] == "reason"] == [("other", 3)]
    assert (found["refused_claims"], found["by_rule"], found["by_reviewer"]) == (3, 2, 1)
    august = (await report(county, "refusal-reasons", **{"from": "2021-08-01", "to": "2021-08-31"})).json()
    assert (august["refused_claims"], august["by_rule"], august["by_reviewer"]) == (2, 1, 1)


async def places_see_their_own(county: County, claims: list[Json]) -> None:
    town = PLACES[0][0]
    token = county.issuer.token("town", book=county.book, places=[town])
    for name in ("claims", "refusal-reasons"):
        answer = await county.claims.get(
            f"/v1/books/{county.book}/reports/{name}", headers={"Authorization": f"Bearer {token}"}
        )
        own = [one for one in claims if one["town"] == town]
        found = answer.json()
        if name == "claims":
            assert found["totals"] == figures(own)
        else:
            assert found["refused_claims"] == figures(own)["refused_claims"]


BESIDE = {"sent_back": "completion", "awaiting_funds": "funding_retry"}
BOUNDS = {"0-3": (0, 3), "4-7": (4, 7), "8-15": (8, 15), "16-30": (16, 30), "31-60": (31, 60), "61+": (61, 9_999)}
AGEING_HEADINGS = [
    "件数",
    "测算或批准金额（元）",
    *(f"{label}天" for label in BOUNDS),
    "已逾期",
    "三日内到期",
    "无时限",
]


async def ageing_by_hand(county: County, claims: list[Json], day: date) -> dict[tuple[str | None, ...], list[Json]]:
    """The claims that wait on a day, one by one, by whom they wait for, status and step."""
    groups: dict[tuple[str | None, ...], list[Json]] = {}
    for claim in claims:
        read = await county.get("claims", f"/claims/{claim['id']}", "county")
        if read["waiting_for"] is None and read["status"] != "on_hold":
            continue
        since = date.fromisoformat(read["waiting_since"] or read["history"][-1]["done_on"])
        if since > day:
            continue
        key = (read["waiting_for"], read["status"], BESIDE.get(read["status"], read["next_step"]))
        due = read["due_on"] and date.fromisoformat(read["due_on"])
        left = None if due is None else (due - day).days
        row = {"age": (day - since).days, "since": since, "due": due, "left": left, "fen": read["benefit_fen"]}
        groups.setdefault(key, []).append(row)
    return groups


def aged(rows: list[Json]) -> Json:
    """The figures of some waiting claims."""
    dues = [row["due"].isoformat() for row in rows if row["due"]]
    return {
        "claims": len(rows),
        "benefit_fen": sum(row["fen"] for row in rows),
        "by_age": {label: sum(low <= row["age"] <= high for row in rows) for label, (low, high) in BOUNDS.items()},
        "overdue": sum(row["left"] is not None and row["left"] < 0 for row in rows),
        "due_soon": sum(row["left"] is not None and 0 <= row["left"] <= 3 for row in rows),
        "without_deadline": sum(row["due"] is None for row in rows),
        "oldest_since": min((row["since"].isoformat() for row in rows), default=None),
        "earliest_due_on": min(dues, default=None),
    }


async def claims_age_as_counted_by_hand(county: County, claims: list[Json], days: list[date]) -> list[Json]:
    """Hold the ageing report of each day against the recount, and the last one against its files; answers its lines."""
    found: Json = {}
    for day in days:
        found = (await report(county, "ageing", day=day.isoformat())).json()
        groups = await ageing_by_hand(county, claims, day)
        lines = [dict(item) for item in found["items"]]
        assert {tuple(one.pop(name) for name in ("waiting_for", "status", "step")): one for one in lines} == {
            key: aged(rows) for key, rows in groups.items()
        }
        assert len(found["items"]) == len(groups)
        assert found["totals"] == aged([row for rows in groups.values() for row in rows])
    made = [await report(county, "ageing", format=kind, day=days[-1].isoformat()) for kind in ("csv", "xlsx")]
    lines_of_file = read_back(made[0].content, made[1].content)
    assert lines_of_file[0] == ["待办", "状态", "待办步骤", *AGEING_HEADINGS, "最早停留日期", "最早到期日"]
    for line, one in zip(lines_of_file[1:], [*found["items"], found["totals"]], strict=True):
        numbers = (*one["by_age"].values(), one["overdue"], one["due_soon"], one["without_deadline"])
        money = f"{Decimal(one['benefit_fen']) / 100:.2f}"
        days_of_line = (one["oldest_since"] or "", one["earliest_due_on"] or "")
        assert line[3:] == [str(one["claims"]), money, *map(str, numbers), *days_of_line]
    assert lines_of_file[-1][:3] == ["合计", "", ""]
    items: list[Json] = found["items"]
    return items


async def test_the_full_path_ages_by_step_and_its_refusals_count_by_reason(county: County) -> None:
    people = FullPath(county)
    await people.found()
    await people.filed()
    held = await people.until(await people.filed(), "home_visit")
    await people.step(held, "hold", "county/comparer", "2021-06-08", note="等候其他部门结论")
    back = await people.until(await people.filed(), "village_review")
    await people.notice(back)
    await people.step(back, "public_notice", "village/reviewer", "2021-06-15", outcome="sent_back", note="缺材料")
    for last in ("home_visit", "data_comparison", "survey", "county_approval"):
        await people.until(await people.filed(), last)
    for code, step in (("event_not_proven", "home_visit"), ("not_covered", "home_visit"), ("not_covered", "survey")):
        refused = await people.filed()
        if step == "survey":
            await people.until(refused, "town_check")
        who, day = FULL_PATH[step]
        await people.step(refused, step, who, day, outcome="refused", note="核对", reason_code=code)
    claims = (await county.get("claims", "/claims", "county", limit="1000"))["items"]

    # Deadlines end on 12 June (the very day) and on 10 June (three days after the 7th).
    days = [date(2021, 6, 7), date(2021, 6, 12), date(2021, 6, 18), date(2021, 7, 20)]
    items = await claims_age_as_counted_by_hand(county, claims, days)
    assert {(one["waiting_for"], one["status"], one["step"]) for one in items} == {
        ("village", "reported", "home_visit"),
        ("county", "reported", "data_comparison"),
        ("village", "reported", "village_review"),
        ("intake", "sent_back", "completion"),
        ("county", "under_review", "county_approval"),
        ("ledger", "approved", None),
        (None, "on_hold", "data_comparison"),
    }
    # Who asks the lists of tasks finds as many overdue as the report counts today.
    overdue = (await county.get("claims", "/tasks", "auditor", overdue="true", limit="1000"))["items"]
    today = (await report(county, "ageing")).json()
    assert len(overdue) == today["totals"]["overdue"] > 0

    found = (await report(county, "refusal-reasons")).json()
    assert (found["refused_claims"], found["by_rule"], found["by_reviewer"]) == (3, 0, 3)
    assert [(one["kind"], one["code"], one["name_zh"], one["claims"]) for one in found["items"]] == [
        ("reason", "not_covered", "不属于保障范围或保障对象", 2),
        ("reason", "event_not_proven", "事件无法核实", 1),
    ]
    made = [await report(county, "refusal-reasons", format=kind) for kind in ("csv", "xlsx")]
    assert read_back(made[0].content, made[1].content)[1:] == [
        ["审核人员选定", "not_covered", "不属于保障范围或保障对象", "2"],
        ["审核人员选定", "event_not_proven", "事件无法核实", "1"],
        ["合计", "", "", "3"],
    ]


async def programmes_show_their_result(county: County, claims: list[Json]) -> None:
    pool = {"funding": "insurer_pool", "pool_fen": 5_000_000, "fee_bp": 1_500, "surplus_rule": "carried_forward"}
    sources = dict.fromkeys(("pool_fen", "fee_bp", "surplus_rule"), "assumed")
    body = {"year": 2022, "insurer": "示例保险公司", "name": "2022年方案", "sources": sources} | pool
    await county.post("claims", "/policies", body, "county")
    found = (await report(county, "programme-results")).json()
    paid, unused = found["items"]
    assert {name: paid[name] for name in COUNTS + AMOUNTS} == figures(claims)
    assert (paid["year"], paid["funding"], paid["paid_households"]) == (2021, "county_paid", 2)
    assert [paid[name] for name in ("pool_fen", "fee_bp", "fee_fen", "surplus_fen", "surplus_rule")] == [None] * 5
    assert {name: unused[name] for name in COUNTS + AMOUNTS} == figures([])
    assert {name: unused[name] for name in pool} == pool
    assert (unused["fee_fen"], unused["surplus_fen"]) == (0, 5_000_000)
    assert (await report(county, "programme-results", year="2022")).json()["items"] == [unused]
    made = [await report(county, "programme-results", format=kind) for kind in ("csv", "xlsx")]
    lines = read_back(made[0].content, made[1].content)
    assert [line[:4] for line in lines[1:]] == [
        ["2021", "2021年方案", "示例保险公司", "县级直接支付"],
        ["2022", "2022年方案", "示例保险公司", "保险资金池"],
    ]
    assert lines[1][8:] == [
        "",
        f"{Decimal(paid['approved_fen']) / 100:.2f}",
        f"{Decimal(paid['paid_fen']) / 100:.2f}",
        "",
        "",
        "",
    ]
    assert lines[2][8:] == ["50000.00", "0.00", "0.00", "0.00", "50000.00", "结转下年"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"by": "person"}, "by"),
        ({"by": "town,town"}, "by"),
        ({"by": ""}, "by"),
        ({"from": "2021-06-02", "to": "2021-06-01"}, "to"),
        ({"from": "2021-02-30"}, "from"),
        ({"town": "不存在镇"}, "town"),
        ({"cause": "flu"}, "cause"),
        ({"format": "pdf"}, "format"),
        ({"month": "2021-06"}, "month"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_by_field(
    county: County, query: dict[str, str], field: str
) -> None:
    answer = await county.try_get("claims", "/reports/claims", "county", **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [one["field"] for one in answer.json()["errors"]] == [field]
