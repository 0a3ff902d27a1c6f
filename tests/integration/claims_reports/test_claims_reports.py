"""Reports of claims against a plain recount of the claims themselves, and each file against its own JSON."""

from __future__ import annotations

import csv
import io
import itertools
import random
from datetime import date, timedelta
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
    await claims_age_where_they_stand(county, claims)
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


async def claims_age_where_they_stand(county: County, claims: list[Json]) -> None:
    day = date(2021, 7, 8)
    bounds = {"0-3": (0, 3), "4-7": (4, 7), "8-15": (8, 15), "16-30": (16, 30), "31-60": (31, 60), "61+": (61, 999)}
    waiting: dict[str, list[tuple[int, Json]]] = {}
    for claim in claims:
        history = (await county.get("claims", f"/claims/{claim['id']}", "county"))["history"]
        age = (day - date.fromisoformat(history[-1]["done_on"])).days
        if claim["status"] not in {"paid", "refused", "withdrawn"} and age >= 0:
            waiting.setdefault(claim["status"], []).append((age, claim))
    found = (await report(county, "ageing", day=day.isoformat())).json()
    assert {item["status"]: item["by_age"] for item in found["items"]} == {
        status: {label: sum(low <= age <= high for age, _ in ages) for label, (low, high) in bounds.items()}
        for status, ages in waiting.items()
    }
    assert {item["status"]: (item["claims"], item["benefit_fen"]) for item in found["items"]} == {
        status: (len(ages), sum(claim["benefit_fen"] for _, claim in ages)) for status, ages in waiting.items()
    }
    assert found["totals"]["claims"] == sum(map(len, waiting.values())) == sum(found["totals"]["by_age"].values())
    oldest = max(age for ages in waiting.values() for age, _ in ages)
    assert found["totals"]["oldest_since"] == (day - timedelta(days=oldest)).isoformat()
    made = [await report(county, "ageing", format=kind, day=day.isoformat()) for kind in ("csv", "xlsx")]
    lines = read_back(made[0].content, made[1].content)
    assert [line[1] for line in lines[1:]] == [str(one["claims"]) for one in [*found["items"], found["totals"]]]


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
