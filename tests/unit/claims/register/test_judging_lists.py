"""Lists as town offices write them: headings, cells as spreadsheet programs keep them, and files that are no lists at all."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import xlsxwriter

from claims.households import reference
from claims.register import reading
from claims.register.judging import Judged, Judging, judge
from claims.register.reading import groups_of, survey
from common.errors import Problem
from common.spreadsheets.reading import Limits, stream_table
from tests.support.household_lists import (
    ACCOUNT,
    BIRTH,
    CADRE,
    HEADINGS,
    ID,
    INCOME,
    NAME,
    NUMBER,
    PHONE,
    TOWN,
    YEAR,
    household,
    write_xlsx,
)

TODAY = date(2026, 3, 1)
Cells = list[list[object]]


def sheet(rows: Cells, *, dates: bool = False) -> io.BytesIO:
    """An XLSX file of these cells, numbers and dates as such."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    page = book.add_worksheet()
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, date | datetime):
                page.write_datetime(at, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
            elif value is not None and value != "":
                page.write(at, column, value)
    del dates
    book.close()
    return out


def judged(file: io.BytesIO, places: frozenset[str] = frozenset()) -> list[Judged]:
    found = survey(file)
    judging = Judging("610923", found.columns, TODAY, places)
    return [judge(group, judging, found.elsewhere(group)) for group in groups_of(file, found.columns)]


def faults(made: list[Judged]) -> set[tuple[int, str, str]]:
    return {(bad.row, bad.column, bad.code) for one in made for bad in one.faults}


def listed(order: int = 1, **cells: object) -> Cells:
    """Headings and one household, with cells of its head's row replaced: ``c9=12`` is column 9."""
    rows: Cells = [list(row) for row in household(order)]
    for name, value in cells.items():
        rows[0][int(name[1:])] = value
    return [list(HEADINGS), *rows]


def test_cells_as_programs_keep_them_mean_what_they_show() -> None:
    rows = listed()
    born = str(rows[1][ID])[6:14]
    day = date(int(born[:4]), int(born[4:6]), int(born[6:]))
    rows[1][INCOME], rows[1][YEAR], rows[1][BIRTH] = Decimal("12300.5"), 2025, day
    rows[1][PHONE], rows[1][TOWN] = 13800000000, "　城关镇 "
    rows[1][ID] = "".join(chr(ord(one) + 0xFEE0) for one in str(rows[1][ID]))
    (one,) = judged(sheet(rows))
    assert not one.faults
    assert one.household is not None
    assert (one.household.annual_income_fen, one.household.income_year) == (1_230_050, 2025)
    assert one.household.members[0].phone == "+8613800000000"
    serial = (day - date(1899, 12, 30)).days
    for written in (serial, int(born), f"{born[:4]}/{born[4:6]}/{born[6:]}", f"{born[:4]}年{born[4:6]}月{born[6:]}日"):
        rows[1][BIRTH] = written
        assert not faults(judged(sheet(rows))), written


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        (ID, 990000194001010018.0, "number_lost_digits"),
        (ACCOUNT, 9999990000000000001.0, "number_lost_digits"),
        (NUMBER, 12345678901234567890.0, "number_lost_digits"),
        (NAME, "#REF!", "formula"),
        (CADRE, "@SUM(1)", "formula"),
        (INCOME, 1.005, "parts_of_a_fen"),
        (INCOME, True, "not_an_amount"),
        (YEAR, 20251, "not_a_year"),
        (BIRTH, -5, "not_a_date"),
    ],
)
def test_cells_that_have_lost_what_was_meant_are_refused(column: int, value: object, code: str) -> None:
    found = faults(judged(sheet(listed(0, **{f"c{column}": value}))))
    assert (2, HEADINGS[column], code) in found


def test_merged_household_numbers_refuse_the_household_and_say_why() -> None:
    rows = listed()
    for row in rows[2:]:
        row[NUMBER] = None
    (one,) = judged(sheet(rows))
    assert faults([one]) == {
        (2, "户编号", "household_refused"), (3, "户编号", "required"), (4, "户编号", "required"),
    }  # fmt: skip
    assert "合并" in one.faults[1].zh


def test_headings_stand_in_any_order_below_a_title_and_by_other_names() -> None:
    rows = listed()
    names = {"身份证号码": "公民身份号码", "家庭年收入（元）": " 年收入 ", "银行账号": "bank_account"}
    rows[0] = [names.get(str(heading), heading) for heading in rows[0]]
    turned: Cells = [
        ["宁陕县农户信息表"],
        [],
        ["", *reversed(rows[0]), "备注"],
        *(["", *reversed(row)] for row in rows[1:]),
    ]
    made = judged(sheet(turned))
    assert not faults(made)
    assert made[0].group.rows[0].number == 4


@pytest.mark.parametrize(
    ("headings", "code"),
    [
        (HEADINGS[1:], "missing_columns"),
        ((*HEADINGS, "身份证号"), "duplicate_columns"),
        ((*HEADINGS, "联系方试"), "unknown_columns"),
        (("甲", "乙"), "missing_columns"),
    ],
)
def test_wrong_headings_refuse_the_file_and_name_them(headings: tuple[str, ...], code: str) -> None:
    with pytest.raises(Problem) as refused:
        survey(sheet([list(headings), ["1"] * len(headings)]))
    assert [error.code for error in refused.value.errors] == [code]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "old_spreadsheet"),
        (b"PK\x03\x04" + b"\0" * 100, "not_a_spreadsheet"),
        (b"\x00\x01\x02", "unknown_encoding"),
        ('户编号\r\n"a'.encode(), "not_a_csv"),
        (b"\r\n\r\n", "no_rows"),
        (",".join(HEADINGS).encode(), "no_rows"),
    ],
)
def test_what_is_no_list_is_refused_as_a_whole(content: bytes, code: str) -> None:
    with pytest.raises(Problem) as refused:
        survey(io.BytesIO(content))
    assert [error.code for error in refused.value.errors] == [code]


def test_bombs_and_endless_lists_are_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_xlsx(tmp_path / "list.xlsx", 300)
    with (tmp_path / "list.xlsx").open("rb") as file:
        for limits, code in (
            (Limits(unpacked_bytes=10_000), "file_too_large"),
            (Limits(sent_bytes=1_000), "file_too_large"),
            (Limits(elements=500), "file_too_large"),
            (Limits(rows=50), "too_many_rows"),
            (Limits(columns=5), "too_many_columns"),
        ):
            monkeypatch.setattr(reading, "LIMITS", limits)
            with pytest.raises(Problem) as refused:
                survey(file)
            assert [error.code for error in refused.value.errors] == [code]


def test_rows_of_a_spreadsheet_come_one_after_the_other(tmp_path: Path) -> None:
    made = write_xlsx(tmp_path / "list.xlsx", 700)
    with (tmp_path / "list.xlsx").open("rb") as file:
        rows = stream_table(file)
        assert next(rows).number == 1
        assert [row.number for row in rows] == list(range(2, made.rows + 2))


def test_person_of_one_place_lists_that_place_only() -> None:
    assert not faults(judged(sheet(listed(0)), frozenset({"610923100213"})))
    assert faults(judged(sheet(listed(0)), frozenset({"610923109"}))) == {(2, "村", "outside_places")}


def test_category_is_assigned_within_its_days_only() -> None:
    assert reference.category_code("建档立卡贫困户", date(2020, 12, 31)) == "registered_poor"
    assert reference.category_code("建档立卡贫困户", date(2021, 1, 1)) is None
    assert reference.category_code("防止返贫致贫对象", date(2025, 12, 31)) is None
    assert reference.category_code("防止返贫致贫对象", date(2026, 1, 1)) == "return_prevention_object"
    assert reference.stored_category("registered_poor").name_zh == "建档立卡贫困户"
    assert (2, "农户类别", "unknown_category") in faults(judged(sheet(listed(0, c3="建档立卡贫困户"))))
