"""The columns of a payment list, what its rows say, and which rows are the same: tables by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from common.spreadsheets.bad_rows import BadRow
from common.spreadsheets.reading import Cell, Row
from ledger.operations.catalogue import catalogue
from ledger.payment_lists.rules import Layout, ListRow, attempt, columns_of, keys_of, layout_of, read_row

COLUMNS = columns_of(catalogue().operation("welfare_wage"))
HEADER: tuple[Cell, ...] = ("发放金额（元）", "收款方引用号", "用途", "日期", "预算年度")
LAYOUT = layout_of(COLUMNS, HEADER, date_given=False)


@pytest.mark.parametrize(
    ("header", "unknown", "twice", "missing"),
    [
        (HEADER, [], [], []),
        (("amount_yuan", "PAYEE_REF", "purpose", "effective_on"), [], [], []),
        (("发放金额(元)", " 收款方 引用号", "用途", "日期"), [], [], []),
        ((None, *HEADER), [], [], []),
        (HEADER[1:], [], [], ["发放金额（元）"]),
        (HEADER[:3], [], [], ["日期"]),
        ((*HEADER, "effective_on"), [], ["日期"], []),
        ((*HEADER, "amount_fen", "姓名"), ["amount_fen", "姓名"], [], []),
    ],
)
def test_headings_are_found_however_they_are_written(
    header: tuple[Cell, ...], unknown: list[str], twice: list[str], missing: list[str]
) -> None:
    found = layout_of(COLUMNS, header, date_given=False)
    assert (found.unknown, found.twice, found.missing) == (unknown, twice, missing)


def test_without_a_date_column_the_list_has_one_date() -> None:
    layout = layout_of(COLUMNS, HEADER[:3], date_given=True)
    assert layout.missing == []
    assert _said(layout, ("600", "p", "工资"), date(2021, 5, 31))["effective_on"] == "2021-05-31"
    dated = layout_of(COLUMNS, HEADER, date_given=True)
    assert _said(dated, ("600", "p", "工资", "2021-06-01"), date(2021, 5, 31))["effective_on"] == "2021-06-01"


def _said(layout: Layout, cells: tuple[Cell, ...], on: date | None = None) -> dict[str, int | str]:
    found = read_row(Row(2, cells), layout, on)
    assert isinstance(found, ListRow), found
    return found.said


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("600", "p", "工资", "2021-05-31"), {"amount_fen": 60_000, "effective_on": "2021-05-31"}),
        (("¥1,234.56", "p", "工资", "2021年5月31日"), {"amount_fen": 123_456, "effective_on": "2021-05-31"}),
        ((Decimal("0.07"), "p", "工资", date(2021, 5, 31)), {"amount_fen": 7, "effective_on": "2021-05-31"}),
        (("600", Decimal(17), "工资", "2021/5/31"), {"payee_ref": "17", "effective_on": "2021-05-31"}),
        (("600", "p", "工资", "20210531", Decimal(2021)), {"fiscal_year": 2021, "effective_on": "2021-05-31"}),
        (("600", "p", "工资", "2021.05.31", "2020"), {"fiscal_year": 2020, "effective_on": "2021-05-31"}),
    ],
)
def test_a_row_says_what_its_own_call_would(cells: tuple[Cell, ...], said: dict[str, int | str]) -> None:
    assert _said(LAYOUT, cells).items() >= said.items()


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        (("x",), "发放金额（元）", "not_an_amount"),
        (("0.001",), "发放金额（元）", "parts_of_a_fen"),
        (("1", "p", "工资", "31.05.2021"), "日期", "not_a_date"),
        (("1", "p", "工资", "0021-05-31"), "日期", "date_out_of_range"),
        (("1", "p", "工资", "2021-05-31", "二〇二一"), "预算年度", "not_an_integer"),
        (("1", "p", "工资", "2021-05-31", "2021.5"), "预算年度", "not_an_integer"),
        (("1", "p", "工资", "2021-05-31", None, "x"), "#6", "no_heading"),
    ],
)
def test_the_first_cell_that_cannot_be_read_makes_its_row_bad(cells: tuple[Cell, ...], column: str, code: str) -> None:
    found = read_row(Row(9, cells), LAYOUT, None)
    assert isinstance(found, BadRow)
    assert (found.row, found.column, found.code) == (9, column, code)


def _row(dated: bool, **said: int | str) -> ListRow:  # noqa: FBT001 - reads as a table
    return ListRow(2, {"payee_ref": "a", "effective_on": "2021-05-31", **said}, dated)


def test_keys_stand_for_the_operation_the_fund_the_content_and_which_of_equal_rows_it_is() -> None:
    one, other = _row(True, amount_fen=1), _row(True, amount_fen=2)
    turned = one._replace(row=9, said=dict(reversed(one.said.items())))
    first, second, third = keys_of("award", "industry", [one, other, turned])
    assert len({first.own, second.own, third.own}) == 3
    assert keys_of("award", "industry", [other, turned, one]) == [second, first, third]
    assert keys_of("award", "industry", [one]) == [first]
    assert keys_of("award", "repair", [one])[0].own != first.own
    assert keys_of("relief_grant", "industry", [one])[0].own != first.own
    assert attempt(first.own, 1) != attempt(first.own, 2)
    assert len(attempt(first.own, 10)) < 200


def test_the_lists_date_is_no_part_of_a_row_and_a_row_that_says_it_is_the_other_way_to_say_it() -> None:
    [undated] = keys_of("award", "industry", [_row(False, amount_fen=1)])
    [later] = keys_of("award", "industry", [_row(False, amount_fen=1, effective_on="2021-06-01")])
    [dated] = keys_of("award", "industry", [_row(True, amount_fen=1)])
    assert undated.own == later.own
    assert undated.other != later.other
    assert (dated.own, dated.other) == (undated.other, undated.own)
