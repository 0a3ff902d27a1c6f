"""Every report as CSV and XLSX, read back by other programs, says what its JSON says, figure by figure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from python_calamine import CalamineWorkbook

from common.web import files
from ledger.statements import api
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.reported_book import FORMULA

pytestmark = pytest.mark.anyio

Cells = list[Any]
"""A row as the test expects it: amounts as Decimal yuan, other values as themselves, nothing as None."""
SIDE = {"debit": "借", "credit": "贷", "even": "平"}
BASIS = {"financial": "财务会计", "budgetary": "预算会计", "control": "预算指标"}
SOURCE = {
    "central": "中央财政", "province": "省级财政", "city": "市级财政", "county": "县级财政", "donation": "社会捐赠", "interest": "利息",
    "gift": "限定用途捐赠", "agency": "受托代理资金", None: None,
}  # fmt: skip


PAGE = (Path(__file__).parents[3] / "docs" / "reports.md").read_text(encoding="utf-8")


def yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


def yuans(line: Json, *names: str) -> list[Decimal]:
    return [yuan(line[f"{name}_fen"]) for name in names]


def balances(report: Json) -> Iterator[Cells]:
    six = ("opening_debit", "opening_credit", "debit", "credit", "closing_debit", "closing_credit")
    for one in report["items"]:
        names = [one["fund"], one["fund_name_zh"], one["account"], one["name_zh"], BASIS[one["basis"]]]
        yield [*names, *yuans(one, *six)]
    for one in report["totals"]:
        yield ["合计", None, None, None, BASIS[one["basis"]], *yuans(one, *six)]


def month_rows(months: list[Json]) -> Iterator[tuple[str, str, list[Any]]]:
    for one in months:
        standing = [SIDE[one["direction"]], abs(yuan(one["balance_fen"]))]
        yield one["month"], "本月合计", [*yuans(one, "debit", "credit"), *standing]
        yield one["month"], "本年累计", [*yuans(one, "year_debit", "year_credit"), *standing]


def general(report: Json) -> Iterator[Cells]:
    for one in report["items"]:
        names = [one["fund"], one["fund_name_zh"], one["account"], one["name_zh"]]
        opening = [SIDE[one["opening_direction"]], abs(yuan(one["opening_fen"]))]
        yield [*names, None, "年初余额", None, None, *opening]
        for month, said, figures in month_rows(one["months"]):
            yield [*names, month, said, *figures]


def subsidiary(report: Json) -> Iterator[Cells]:
    opening = [SIDE[report["opening_direction"]], abs(yuan(report["opening_fen"]))]
    yield [date.fromisoformat(report["first_day"]), None, "期初余额", None, None, None, None, None, *opening]
    sums = list(month_rows(report["months"]))
    for one in report["items"]:
        while sums and sums[0][0] < one["effective_on"][:7]:
            month, said, figures = sums.pop(0)
            yield [None, None, f"{month} {said}", None, None, None, *figures]
        yield [
            date.fromisoformat(one["effective_on"]),
            f"{one['voucher_type']}-{one['voucher_number']}",
            one["description"],
            " ".join(one["opposite_accounts"]) or None,
            SOURCE[one["source"]],
            one["reference"],
            *yuans(one, "debit", "credit"),
            SIDE[one["direction"]],
            abs(yuan(one["balance_fen"])),
        ]
    for month, said, figures in sums:
        yield [None, None, f"{month} {said}", None, None, None, *figures]
    closing = [*yuans(report, "debit", "credit"), SIDE[report["closing_direction"]], abs(yuan(report["closing_fen"]))]
    yield [date.fromisoformat(report["last_day"]), None, "合计", None, None, None, *closing]


def by_source(report: Json) -> Iterator[Cells]:
    five = ("opening", "received", "paid", "balance", "expended")
    for one in report["items"]:
        yield [one["fund"], one["fund_name_zh"], SOURCE[one["source"]], *yuans(one, *five)]
    yield ["合计", None, None, *yuans(report["total"], *five)]


FOUR = ("allotted", "encumbered", "expended", "available")


def by_purpose(report: Json) -> Iterator[Cells]:
    for one in report["items"]:
        names = [one["fund"], one["fund_name_zh"], one["purpose_code"], one["purpose_name_zh"]]
        yield [*names, *yuans(one, *FOUR), one["execution_rate"]]
    yield ["合计", None, None, None, *yuans(report["total"], *FOUR), report["total"]["execution_rate"]]


def cash(report: Json) -> Iterator[Cells]:
    for one in report["items"]:
        names = [one["fund"], one["fund_name_zh"]]
        yield [*names, "期初结存", None, None, *yuans(one, "opening")]
        for said, kind in (("收入", "receipts"), ("支出", "payments")):
            for line in one[kind]:
                yield [*names, said, line["title_zh"], line["postings"], *yuans(line, "amount")]
            yield [*names, f"{said}合计", None, None, *yuans(one, kind)]
        yield [*names, "期末结存", None, None, *yuans(one, "closing")]
    names_of = {"期初结存": "opening", "收入合计": "receipts", "支出合计": "payments", "期末结存": "closing"}
    for said, name in names_of.items():
        yield ["合计", None, said, None, None, *yuans(report["total"], name)]


def trial(report: Json) -> Iterator[Cells]:
    for one in report["items"]:
        names = [one["fund"], one["account"], one["name_zh"], BASIS[one["basis"]]]
        yield [*names, *yuans(one, "debit", "credit", "balance")]
    for one in report["totals"]:
        difference = yuan(one["debit_fen"] - one["credit_fen"])
        yield [one["fund"], None, "合计", BASIS[one["basis"]], *yuans(one, "debit", "credit"), difference]


def funds(report: Json) -> Iterator[Cells]:
    for one in report["items"]:
        yield [one["code"], one["parent"], one["name_zh"], *yuans(one, *FOUR), one["execution_rate"]]
    yield ["合计", None, None, *yuans(report["total"], *FOUR), report["total"]["execution_rate"]]


def account(report: Json) -> Iterator[Cells]:
    yield [
        date.fromisoformat(report["effective_from"]),
        None,
        "期初余额",
        *[None] * 6,
        *yuans(report, "opening_balance"),
    ]
    for one in report["items"]:
        voucher = f"{one['voucher_type']}-{one['voucher_number']}"
        texts = [one["description"], one["reference"], one["memo"], one["budget_year"], SOURCE[one["source"]]]
        day = date.fromisoformat(one["effective_on"])
        yield [day, voucher, *texts, *yuans(one, "debit", "credit", "balance")]
    last = date.fromisoformat(report["effective_to"])
    yield [last, None, "合计", *[None] * 4, *yuans(report, "debit", "credit", "closing_balance")]


@dataclass(frozen=True)
class Report:
    """A report, a question for it that has an answer, one whose answer is empty, its first headings and what its rows are."""

    path: str
    question: dict[str, str]
    empty: dict[str, str]
    title: str
    headings: tuple[str, ...]
    rows: Callable[[Json], Iterator[Cells]]


OF = {"fund": "insurance", "account": "1002"}
NOTHING = {"from": "2020-01-01", "to": "2020-12-31"}
# Written by hand: a report without a row here has no file that anybody looked into.
REPORTS = (
    Report("account-balances", {"fiscal_year": "2021"}, NOTHING, "科目余额表", ("基金代码", "基金名称", "科目编码"), balances),
    Report("account-balances", {"include_descendants": "true"}, NOTHING, "科目余额表", ("基金代码", "基金名称"), balances),
    Report("general-ledger", {"fiscal_year": "2021"}, {"fiscal_year": "2019"}, "总账", ("基金代码", "基金名称"), general),
    Report("subsidiary-ledger", OF, OF | NOTHING, "明细账", ("日期", "凭证字号", "摘要", "对方科目"), subsidiary),
    Report("subsidiary-ledger", {"fund": "insurance", "account": "1218"}, OF | NOTHING, "明细账", ("日期",), subsidiary),
    Report("execution-by-source", {}, {"as_of": "2019-12-31"}, "资金执行情况表（按来源）", ("基金代码", "基金名称", "资金来源"), by_source),
    Report("execution-by-purpose", {"fiscal_year": "2021"}, {"fiscal_year": "2030"}, "资金执行情况表（按用途）", ("基金代码",), by_purpose),
    Report("receipts-and-payments", {"fiscal_year": "2021"}, NOTHING, "收支表", ("基金代码", "基金名称", "类别", "项目"), cash),
    Report("trial-balance", {}, {"as_of": "2019-12-31"}, "试算平衡表", ("基金代码", "科目编码"), trial),
    Report("fund-execution", {"fiscal_year": "2021"}, {"fiscal_year": "2030"}, "资金执行情况表", ("基金代码", "上级基金"), funds),
    Report("account-ledger", OF, OF | NOTHING, "科目账", ("日期", "凭证字号", "摘要", "外部单据号"), account),
)  # fmt: skip
EACH = pytest.mark.parametrize("report", REPORTS, ids=lambda report: f"{report.path} {' '.join(report.question)}")


def calamine(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python(skip_empty_area=False)


def from_xlsx(cell: object, wanted: object) -> object:
    if cell == "":
        return None
    if isinstance(wanted, Decimal):
        # A number cell: what a program shows is the shortest decimal that means it.
        return Decimal(repr(cell)) if isinstance(cell, float) else cell
    return int(cell) if isinstance(wanted, int) and isinstance(cell, float) else cell


def from_csv(cell: str, wanted: object) -> object:
    if cell == "":
        return None
    if isinstance(wanted, Decimal):
        assert re.fullmatch(r"-?[0-9]+\.[0-9]{2}", cell), cell
        return Decimal(cell)
    if isinstance(wanted, date):
        return date.fromisoformat(cell)
    if isinstance(wanted, int):
        return int(cell)
    assert cell[0] not in "=+-@＝＋－＠"
    return cell.removeprefix("'")


def compared(
    found: list[list[Any]], wanted: list[Cells], read: Callable[[Any, object], object]
) -> tuple[list[Cells], list[Cells]]:
    assert len(found) == len(wanted)
    shown = [
        [read(cell, one) for cell, one in zip(row, cells, strict=True)]
        for row, cells in zip(found, wanted, strict=True)
    ]
    return shown, wanted


async def whole(ledger: LedgerCalls, report: Report, question: dict[str, str]) -> Json:
    """The JSON, all pages of it."""
    answer = await ledger.read(f"/reports/{report.path}", **question)
    cursor = answer.get("next_cursor")
    while cursor:
        page = await ledger.read(f"/reports/{report.path}", **question, cursor=cursor)
        answer["items"] += page["items"]
        cursor = page["next_cursor"]
    return answer


@EACH
async def test_an_xlsx_says_what_the_json_says(ledger: LedgerCalls, report: Report) -> None:
    wanted = list(report.rows(await whole(ledger, report, report.question)))
    assert len(wanted) > 3
    answer = await ledger.get(f"/reports/{report.path}", **report.question, format="xlsx")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert re.fullmatch(
        rf"attachment; filename=\"{report.path}-610923[-a-z0-9._]*\.xlsx\"; filename\*=UTF-8''[%A-Za-z0-9._-]+",
        answer.headers["content-disposition"],
    )
    rows = calamine(answer.content)
    assert rows[0][0] == report.title
    assert rows[1][0] == "账套：610923 测试账套"
    assert "单位：元" in rows[2][0]
    assert tuple(rows[3][: len(report.headings)]) == report.headings
    shown, expected = compared(rows[4:], wanted, from_xlsx)
    assert shown == expected


@EACH
async def test_a_csv_says_what_the_json_says(ledger: LedgerCalls, report: Report) -> None:
    wanted = list(report.rows(await whole(ledger, report, report.question)))
    answer = await ledger.get(f"/reports/{report.path}", **report.question, format="csv")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    text = answer.content.decode("utf-8")
    assert text.startswith("\ufeff")
    headings, *rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert tuple(headings[: len(report.headings)]) == report.headings
    assert f"| {' | '.join(headings)} |" in PAGE, "docs/reports.md shows other columns"
    assert f"`GET /reports/{report.path}`" in PAGE
    shown, expected = compared(rows, wanted, from_csv)
    assert shown == expected


@EACH
async def test_a_second_program_finds_number_cells_formats_and_headings_that_stay(
    ledger: LedgerCalls, report: Report
) -> None:
    wanted = list(report.rows(await whole(ledger, report, report.question)))
    answer = await ledger.get(f"/reports/{report.path}", **report.question, format="xlsx")
    page = openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0]
    assert page.freeze_panes == "A5"
    widths = [page.column_dimensions[get_column_letter(place)].width for place in range(1, page.max_column + 1)]
    assert all(6 <= width <= 60 for width in widths)
    last = list(page.iter_rows(min_row=5))[-1]
    assert [cell.font.b for cell in last if cell.value is not None and isinstance(wanted[-1][0], str | date)]
    assert all(cell.font.b for cell in last)
    for row, cells in zip(page.iter_rows(min_row=5), wanted, strict=True):
        for cell, one in zip(row, cells, strict=True):
            if isinstance(one, Decimal):
                assert (cell.data_type, cell.number_format) == ("n", "#,##0.00")
                assert Decimal(str(cell.value)) == one
            elif isinstance(one, date):
                assert (cell.data_type, cell.number_format) == ("d", "yyyy-mm-dd")


@EACH
async def test_an_empty_report_is_a_table_without_figures(ledger: LedgerCalls, report: Report) -> None:
    wanted = list(report.rows(await whole(ledger, report, report.empty)))
    for row in wanted:
        assert not any(cell for cell in row if isinstance(cell, Decimal))
    answer = await ledger.get(f"/reports/{report.path}", **report.empty, format="xlsx")
    shown, expected = compared(calamine(answer.content)[4:], wanted, from_xlsx)
    assert shown == expected
    answer = await ledger.get(f"/reports/{report.path}", **report.empty, format="csv")
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 1 + len(wanted)


@EACH
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "pdf"}, "format"),
        ({"format": ""}, "format"),
        ({"wanted": "csv"}, "wanted"),
        ({"fund": "No Fund"}, "fund"),
    ],
)
async def test_a_question_that_cannot_be_is_refused_by_name(
    ledger: LedgerCalls, report: Report, change: dict[str, str], field: str
) -> None:
    for format_ in ("json", "csv", "xlsx"):
        answer = await ledger.get(f"/reports/{report.path}", **{"format": format_, **report.question, **change})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert field in {error["field"] for error in answer.json()["errors"]}


async def test_a_summary_that_looks_like_a_formula_stays_a_text(ledger: LedgerCalls) -> None:
    question = {"fund": "insurance", "account": "1218"}
    lines = (await ledger.read("/reports/subsidiary-ledger", **question))["items"]
    assert FORMULA in {line["description"] for line in lines}
    answer = await ledger.get("/reports/subsidiary-ledger", **question, format="xlsx")
    assert FORMULA in {row[2] for row in calamine(answer.content)}
    assert b"<f>" not in answer.content
    text = (await ledger.get("/reports/subsidiary-ledger", **question, format="csv")).text
    assert f",'{FORMULA}," in text
    assert ",'+86," in text


async def test_a_file_of_many_pages_holds_every_line_once(ledger: LedgerCalls, monkeypatch: pytest.MonkeyPatch) -> None:
    question = {"fund": "insurance", "account": "1002"}
    at_once = (await ledger.get("/reports/subsidiary-ledger", **question, format="csv")).text
    monkeypatch.setattr(api, "MOST_LINES", 2)
    monkeypatch.setattr(files, "_AT_ONCE", 3)
    by_two = (await ledger.get("/reports/subsidiary-ledger", **question, format="csv")).text
    assert by_two == at_once


async def test_a_page_of_a_file_is_refused(ledger: LedgerCalls) -> None:
    question = {"fund": "insurance", "account": "1002", "limit": "1"}
    for path in ("subsidiary-ledger", "account-ledger"):
        cursor = (await ledger.read(f"/reports/{path}", **question))["next_cursor"]
        answer = await ledger.get(f"/reports/{path}", **question, cursor=cursor, format="csv")
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("cursor", "not_with_a_file")]
