"""Payment lists over HTTP on the real database: previewed, paid once, every bad row named, all rows or the good ones."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import anyio
import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.ledger_engine import broken_totals, connect
from tests.support.xlsx import xlsx

pytestmark = pytest.mark.anyio

HEADINGS = ("发放金额（元）", "收款方引用号", "用途", "日期")
WAGE = ("600.00", "post-{}", "2021年5月公益岗位工资", "2021-05-31")


def csv_file(*rows: Sequence[str], encoding: str = "utf-8-sig") -> bytes:
    """A file with these rows; nothing in them needs quotes."""
    return "".join(",".join(row) + "\r\n" for row in rows).encode(encoding)


def wages(count: int, *extra: Sequence[str]) -> bytes:
    """The monthly wages of so many posts, and more rows below."""
    return csv_file(HEADINGS, *([cell.format(number) for cell in WAGE] for number in range(count)), *extra)


class Office(LedgerCalls):
    """A book whose employment fund has 10 posts' wages, as money and as budget."""

    async def send(self, file: bytes, **query: object) -> httpx.Response:
        """Hand in a list."""
        wanted = {"operation": "welfare_wage", "fund": "employment", **query}
        return await self.client.post(
            f"/v1/books/{self.book}/payment-lists",
            params={
                name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in wanted.items()
            },
            files={"file": ("list.csv", file)},
            headers=self.headers("officer"),
        )

    async def takes(self, file: bytes, **query: object) -> Json:
        """Hand in a list that must be answered with 200."""
        answer = await self.send(file, **query)
        assert answer.status_code == 200, answer.text
        told: Json = answer.json()
        return told

    async def paid_fen(self) -> int:
        """What the employment fund has spent of its budget."""
        funds = (await self.read("/funds", fiscal_year=2021))["items"]
        return int(next(one for one in funds if one["code"] == "employment")["expended_fen"])

    async def fund_with(self, fen: int) -> None:
        """Give the employment fund money and budget."""
        await self.fund_with_on(fen, "2021-01-05")

    async def fund_with_on(self, fen: int, on: str) -> None:
        """Give it on a day."""
        await self.made("/funds/employment/receipts", amount_fen=fen, source="county", effective_on=on)
        said = {"fiscal_year": 2021, "authority": "文1", "effective_on": on}
        await self.made("/funds/employment/allotments", amount_fen=fen, **said)


@pytest.fixture
async def office(ledger_client: httpx.AsyncClient, issuer: Issuer) -> Office:
    calls = Office(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    await calls.fund_with(600_000)
    return calls


@pytest.fixture(autouse=True)
async def whole(ledger_database: Database) -> Any:
    """Whatever a test did, every maintained figure is the sum of its postings."""
    yield
    connection = await connect(ledger_database.owner_url)
    assert await broken_totals(connection) == []
    await connection.close()


def statuses(told: Json) -> list[str]:
    return [one["status"] for one in told["results"]]


async def test_the_same_file_twice_pays_once_in_whatever_order_and_form(office: Office) -> None:
    preview = await office.send(wages(3), dry_run=True)
    assert preview.headers["Dry-Run"] == "true"
    assert (preview.json()["posted"], preview.json()["posted_fen"]) == (3, 180_000)
    assert await office.paid_fen() == 0

    first = await office.takes(wages(3))
    assert statuses(first) == ["posted"] * 3
    assert [one["row"] for one in first["results"]] == [2, 3, 4]
    entry = await office.read(f"/journal-entries/{first['results'][0]['entry']}")
    assert (entry["voucher_number"], entry["payee_ref"]) == (first["results"][0]["voucher_number"], "post-0")

    again = await office.takes(wages(3))
    assert statuses(again) == ["replayed"] * 3
    assert [one["entry"] for one in again["results"]] == [one["entry"] for one in first["results"]]
    # Other order, other columns' order, English headings, a spreadsheet's own numbers and dates: the same rows still.
    rows = [
        ("effective_on", "purpose", "payee_ref", "amount_yuan"),
        *((date(2021, 5, 31), WAGE[2], f"post-{number}", Decimal(600)) for number in (2, 0, 1)),
    ]
    assert statuses(await office.takes(xlsx(rows))) == ["replayed"] * 3
    assert statuses(await office.takes(wages(3).decode("utf-8-sig").encode("gb18030"))) == ["replayed"] * 3
    assert await office.paid_fen() == 180_000


async def test_equal_rows_of_one_file_are_as_many_payments_and_a_longer_file_pays_only_what_is_new(
    office: Office,
) -> None:
    twice = csv_file(HEADINGS, *[[cell.format(1) for cell in WAGE]] * 2)
    assert statuses(await office.takes(twice)) == ["posted", "posted"]
    thrice = csv_file(HEADINGS, *[[cell.format(1) for cell in WAGE]] * 3)
    assert statuses(await office.takes(thrice)) == ["replayed", "replayed", "posted"]
    assert await office.paid_fen() == 180_000


BAD = [
    (("六百", "post-x", "工资", "2021-05-31"), "发放金额（元）", "not_an_amount"),
    (("600.001", "post-x", "工资", "2021-05-31"), "发放金额（元）", "parts_of_a_fen"),
    (("-600", "post-x", "工资", "2021-05-31"), "发放金额（元）", "too_small"),
    (("0", "post-x", "工资", "2021-05-31"), "发放金额（元）", "too_small"),
    (("", "post-x", "工资", "2021-05-31"), "发放金额（元）", "required"),
    (("600", "", "工资", "2021-05-31"), "收款方引用号", "required"),
    (("600", "post-x", "张三 110101199003074477", "2021-05-31"), "用途", "personal_data_in_text"),
    (("600", "post-x", "工资", "2021-02-30"), "日期", "not_a_date"),
    (("600", "post-x", "工资", ""), "日期", "required"),
    (("600", "post-x", "工资", "2021-05-31", "多余"), "#5", "no_heading"),
]


@pytest.mark.parametrize(("row", "column", "code"), BAD)
async def test_a_bad_row_is_named_with_its_number_column_and_reason(
    office: Office, row: tuple[str, ...], column: str, code: str
) -> None:
    file = wages(2, row)
    refused = await office.send(file)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["bad_rows"]) == (422, "bad_rows", 1)
    assert problem["errors"][0]["field"] == f"file[4].{column}"
    assert await office.paid_fen() == 0
    preview = await office.takes(file, dry_run=True)
    [bad] = preview["bad_rows"]
    assert (bad["row"], bad["column"], bad["code"]) == (4, column, code)
    assert bad["detail_zh"]
    assert bad["detail_en"]
    assert "110101" not in refused.text
    assert (preview["rows"], preview["posted"]) == (3, 2)
    good = await office.takes(file, mode="good")
    assert (statuses(good), len(good["bad_rows"])) == (["posted", "posted"], 1)
    # The mended file pays the row that was left out, and no other again.
    assert statuses(await office.takes(wages(3), mode="good")) == ["replayed", "replayed", "posted"]


async def test_the_date_may_be_said_once_for_the_whole_list(office: Office) -> None:
    file = csv_file(HEADINGS[:3], ("600", "post-1", "工资"))
    missing = (await office.send(file)).json()
    assert (missing["errors"][0]["field"], missing["errors"][0]["code"]) == ("file", "column_missing")
    assert statuses(await office.takes(file, effective_on="2021-05-31")) == ["posted"]
    # Said by the row or by the list, it is the same payment; the list sent again under another date is the same list.
    with_date = csv_file(HEADINGS, ("600", "post-1", "工资", "2021-05-31"))
    assert statuses(await office.takes(with_date)) == ["replayed"]
    assert statuses(await office.takes(file, effective_on="2021-06-30")) == ["replayed"]
    # A row that says another date says another thing.
    other_day = csv_file(HEADINGS, ("600", "post-1", "工资", "2021-06-30"))
    assert statuses(await office.takes(other_day)) == ["posted"]
    assert statuses(await office.takes(other_day)) == ["replayed"]


async def test_a_list_retried_under_a_later_date_pays_only_what_was_left(office: Office) -> None:
    file = csv_file(HEADINGS[:3], *((WAGE[0], f"post-{number}", "工资") for number in range(12)))
    first = await office.takes(file, mode="good", effective_on="2021-05-31")
    assert Counter(statuses(first)) == {"posted": 10, "refused": 2}
    assert (await office.post("/periods/2021-01/close", {})).is_success
    await office.fund_with_on(120_000, "2021-06-01")
    done = await office.takes(file, effective_on="2021-06-01")
    assert Counter(statuses(done)) == {"replayed": 10, "posted": 2}
    assert await office.paid_fen() == 12 * 60_000


async def test_an_id_is_the_same_however_it_is_spelled(office: Office) -> None:
    await office.made("/funds/insurance/receipts", amount_fen=1_000, source="county", effective_on="2021-01-05")
    said = {"fiscal_year": 2021, "authority": "文1", "effective_on": "2021-01-05"}
    await office.made("/funds/insurance/allotments", amount_fen=1_000, **said)
    pool = {"amount_fen": 900, "payee_ref": "insurer-1", "purpose": "防贫保", "effective_on": "2021-01-06"}
    item = (await office.made("/funds/insurance/pool-prepayments", **pool))["item"]["id"]
    headings = ("保险资金池", "赔付金额（元）", "收款方引用号", "事由", "日期")
    template = (await office.get("/payment-lists/template", operation="pool_payout")).content.decode("utf-8-sig")
    assert set(headings) <= set(template.strip().split(",")), template
    told = [
        await office.takes(
            csv_file(headings, (spelled, "1.00", "claim-1", "赔付", "2021-02-01")),
            operation="pool_payout",
            fund="insurance",
        )
        for spelled in (item, item.upper(), item.replace("-", ""))
    ]
    assert [statuses(one) for one in told] == [["posted"], ["replayed"], ["replayed"]]
    assert (await office.read(f"/open-items/{item}"))["remaining_fen"] == 800


async def test_what_was_taken_back_is_not_paid_by_the_same_row_again(office: Office) -> None:
    [paid] = (await office.takes(wages(1)))["results"]
    back = {"effective_on": "2021-05-31", "reason": "重复"}
    red = await office.made(f"/funds/employment/welfare-wages/{paid['entry']}/reversal", **back)
    [again] = (await office.takes(wages(1)))["results"]
    assert (again["status"], again["entry"], again["taken_back_by"]) == ("replayed", paid["entry"], red["id"])
    assert await office.paid_fen() == 0


@pytest.mark.parametrize("number", ["1E+5000", "1E+800000", "Infinity", "NaN", "sNaN", "1E-400"])
async def test_a_number_nobody_counts_with_is_a_bad_amount_and_costs_nothing(office: Office, number: str) -> None:
    plain = xlsx([HEADINGS, (Decimal(0), Decimal(1), "工资", "2021-05-31")])
    for place in ("A2", "B2"):
        written = zipfile.ZipFile(io.BytesIO(plain)).read("xl/worksheets/sheet1.xml").decode()
        sheet = re.sub(rf'(<c r="{place}"[^>]*><v>)[^<]*', rf"\g<1>{number}", written)
        made = xlsx([HEADINGS], **{"xl/worksheets/sheet1.xml": sheet})
        assert number in sheet
        told = await office.takes(made, dry_run=True, mode="good")
        assert (told["rows"], len(told["bad_rows"])) == (1, 1), told


async def test_a_fee_tells_no_amount_of_its_base(office: Office) -> None:
    headings = "保险资金池,计费的赔付总额（元）,费率（万分之一）,事由,日期"
    row = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0,1000.00,1500,手续费,2021-05-31"
    told = await office.takes(f"{headings}\n{row}\n".encode(), operation="pool_fee", fund="insurance", dry_run=True)
    assert (told["posted_fen"], told["results"][0]["amount_fen"]) == (None, None)


REFUSED: list[tuple[bytes, dict[str, object], str, str]] = [
    (csv_file((*HEADINGS, "姓名"), ("600", "p", "工资", "2021-05-31", "示例人")), {}, "file", "column_unknown"),
    (csv_file((*HEADINGS, "amount_fen"), ("600", "p", "工资", "2021-05-31", "1")), {}, "file", "column_unknown"),
    (csv_file((*HEADINGS, "purpose"), ("600", "p", "工资", "2021-05-31", "工资")), {}, "file", "column_twice"),
    (csv_file(HEADINGS[1:], ("p", "工资", "2021-05-31")), {}, "file", "column_missing"),
    (csv_file(HEADINGS), {}, "file", "no_rows"),
    (b"PK\x03\x04 no workbook", {}, "file", "not_a_spreadsheet"),
    (b"", {}, "file", "no_rows"),
    (wages(1), {"operation": "nothing"}, "operation", "unknown"),
    (wages(1), {"mode": "some"}, "mode", "not_allowed"),
    (wages(1), {"colour": "red"}, "colour", "unknown_parameter"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "query", "field", "code"), REFUSED)
async def test_a_file_that_does_not_fit_is_refused_by_name(
    office: Office, file: bytes, query: dict[str, object], field: str, code: str
) -> None:
    answer = await office.send(file, **query)
    assert answer.status_code == 422
    assert (answer.json()["field"], answer.json()["errors"][0]["code"]) == (field, code)
    assert await office.paid_fen() == 0


async def test_an_unknown_fund_and_a_fund_of_another_kind_are_refused(office: Office) -> None:
    unknown = await office.send(wages(1), fund="nofund")
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["field"]) == (404, "not_found", "fund")
    [other] = (await office.takes(wages(1), fund="health"))["results"]
    assert (other["status"], other["problem"]["code"]) == ("refused", "operation_not_of_fund")


async def test_what_a_rule_refused_is_paid_by_the_same_file_when_the_reason_is_gone(office: Office) -> None:
    """The fund pays ten posts; with twelve all or nothing leaves everything, the good rows leave two."""
    told = await office.takes(wages(12))
    assert Counter(statuses(told)) == {"refused": 1, "not_attempted": 11}
    assert await office.paid_fen() == 0
    some = await office.takes(wages(12), mode="good")
    assert Counter(statuses(some)) == {"posted": 10, "refused": 2}
    assert {one["problem"]["code"] for one in some["results"] if one["status"] == "refused"} == {"insufficient_funds"}
    assert Counter(statuses(await office.takes(wages(12), mode="good"))) == {"replayed": 10, "refused": 2}
    await office.fund_with(120_000)
    done = await office.takes(wages(12))
    assert Counter(statuses(done)) == {"replayed": 10, "posted": 2}
    assert await office.paid_fen() == 12 * 60_000


async def test_one_file_sent_by_many_at_once_pays_once(office: Office) -> None:
    told: list[Json] = []

    async def send() -> None:
        told.append(await office.takes(wages(10)))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(send)
    assert Counter(status for one in told for status in statuses(one)) == {"posted": 10, "replayed": 70}
    assert await office.paid_fen() == 600_000


async def test_a_list_waits_for_its_second_person_and_may_be_sent_again_after_a_refusal(office: Office) -> None:
    rules = {"rules": [{"kind": "welfare_wage", "fund": "employment", "from_fen": 60_000}]}
    assert (await office.post("/approval-rules", rules, "admin")).is_success
    first = await office.takes(wages(2))
    assert statuses(first) == ["proposed", "proposed"]
    assert statuses(await office.takes(wages(2))) == ["replayed", "replayed"]
    refused, waiting = (one["proposal"] for one in first["results"])
    assert (await office.post(f"/proposals/{refused}/refusal", {"reason": "岗位已撤销"}, "checker")).is_success
    again = await office.takes(wages(2))
    assert statuses(again) == ["proposed", "replayed"]
    assert again["results"][0]["proposal"] != refused
    assert again["results"][1]["proposal"] == waiting
    assert (await office.post(f"/proposals/{waiting}/approval", {}, "checker")).is_success
    assert statuses(await office.takes(wages(2))) == ["replayed", "replayed"]
    [_, approved] = (await office.takes(wages(2)))["results"]
    assert approved["entry"] is not None  # what waited is told with its entry once it is approved
    assert await office.paid_fen() == 60_000


async def test_1104_wages_come_as_one_file(office: Office) -> None:
    await office.fund_with(1_104 * 60_000 - 600_000)
    preview = await office.takes(wages(1_104), dry_run=True)
    assert (preview["posted"], preview["posted_fen"]) == (1_104, 66_240_000)
    done = await office.takes(wages(1_104))
    assert (done["posted"], done["posted_fen"]) == (1_104, 66_240_000)
    assert (await office.takes(wages(1_104)))["replayed"] == 1_104
    assert await office.paid_fen() == 66_240_000


async def test_the_empty_list_has_headings_that_are_read(office: Office) -> None:
    answer = await office.get("/payment-lists/template", operation="welfare_wage")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    headings = answer.content.decode("utf-8-sig").strip().split(",")
    assert headings == [
        "发放金额（元）", "收款方引用号", "用途", "资金来源", "核销的冻结指标", "预算年度", "指标用途代码", "日期", "单据号",
    ]  # fmt: skip
    row = ("600", "post-1", "工资", "county", "", "2021", "", "2021/5/31", "GZ-05")
    [told] = (await office.takes(csv_file(headings, row)))["results"]
    entry = await office.read(f"/journal-entries/{told['entry']}")
    assert (entry["reference"], entry["effective_on"]) == ("GZ-05", "2021-05-31")
    missing = await office.get("/payment-lists/template", operation="nothing")
    assert (missing.status_code, missing.json()["field"]) == (422, "operation")
