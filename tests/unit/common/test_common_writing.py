"""Writing tables: what goes in comes out of a second program's reader, and nothing in them is run. Amounts in capitals."""

from __future__ import annotations

import csv
import io
import itertools
import subprocess
import sys
import tracemalloc
import zipfile
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from common.errors import Problem
from common.money import MAX_FEN, capitals, plain_yuan
from common.spreadsheets import writing
from common.spreadsheets.cells import fen_of
from common.spreadsheets.reading import read_table
from common.spreadsheets.workplace import Workplace
from common.spreadsheets.writing import Column, Line, Sheet, XlsxFile, csv_head, csv_lines

COLUMNS = (Column("摘要", width=40), Column("金额（元）", "amount"), Column("笔数", "whole", 8), Column("日期", "day"))
SHEET = Sheet("收支表", ("单位：元",), COLUMNS)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "  =1", '=HYPERLINK("x")')
LINES = [
    Line(("到账", 123_456_789, 3, date(2026, 1, 5))),
    Line(('=cmd|"x"', -5, 0, date(2026, 12, 31))),
    Line((None, None, None, None)),
    Line(("合计", 10**15 - 1, 3, None), strong=True),
]


def workbook(sheet: Sheet, lines: list[Line]) -> bytes:
    made = XlsxFile(sheet)
    made.write(lines)
    with made.finish() as file:
        return file.read()


def test_a_workbook_says_to_calamine_and_openpyxl_what_was_written() -> None:
    content = workbook(SHEET, LINES)
    rows = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    assert rows[:3] == [["收支表", "", "", ""], ["单位：元", "", "", ""], ["摘要", "金额（元）", "笔数", "日期"]]
    assert rows[3] == ["到账", 1234567.89, 3.0, date(2026, 1, 5)]
    assert rows[4] == ['=cmd|"x"', -0.05, 0.0, date(2026, 12, 31)]
    assert rows[-1] == ["合计", 9999999999999.99, 3.0, ""]
    page = openpyxl.load_workbook(BytesIO(content)).worksheets[0]
    amount, text = page["B4"], page["A5"]
    assert (amount.data_type, amount.number_format, page.freeze_panes) == ("n", "#,##0.00", "A4")
    # openpyxl takes a text that begins with = for a formula when it reads; the file says it is an inline text.
    assert text.value == '=cmd|"x"'
    assert page.column_dimensions["A"].width == pytest.approx(40, abs=1)
    assert page["A7"].font.b
    assert not page["A4"].font.b


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_is_run(text: str) -> None:
    content = workbook(Sheet("表", (), (Column("列"),)), [Line((text,))])
    with zipfile.ZipFile(BytesIO(content)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml
    assert 't="inlineStr"' in xml
    cell = next(csv.reader(io.StringIO(csv_lines(Sheet("表", (), (Column("列"),)), [Line((text,))]), newline="")))[0]
    assert cell == f"'{text}"


def test_a_csv_is_utf_8_with_a_mark_plain_yuan_and_quoted_texts() -> None:
    text = csv_head(SHEET) + csv_lines(SHEET, [*LINES, Line(('甲,"乙"\n丙', 100, 1, None))])
    assert text == (
        '\ufeff摘要,金额（元）,笔数,日期\r\n到账,1234567.89,3,2026-01-05\r\n"\'=cmd|""x""",-0.05,0,2026-12-31\r\n,,,\r\n'
        '合计,9999999999999.99,3,\r\n"甲,""乙""\n丙",1.00,1,\r\n'
    )


@settings(deadline=None)  # a workbook is written and read; what counts is what it says
@given(st.integers(-(10**17), 10**17))
@example(10**15 - 1)
@example(10**15)
@example(-(10**15))
def test_an_amount_comes_back_to_the_fen_whatever_its_size(fen: int) -> None:
    content = workbook(Sheet("表", (), (Column("金额", "amount"),)), [Line((fen,))])
    [[cell]] = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()[2:]
    if abs(fen) < 10**15:
        # What a program shows: the shortest decimal that means this number.
        assert isinstance(cell, float)
        assert Decimal(repr(cell)) * 100 == fen
    else:
        assert cell == plain_yuan(fen)
    if abs(fen) <= MAX_FEN:
        assert fen_of(read_table(content)[-1].cells[0]) == fen


def test_more_rows_than_a_worksheet_holds_are_refused_and_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_ROWS", 5)
    made = XlsxFile(SHEET)
    made.write(LINES[:2])
    with pytest.raises(Problem) as refused:
        made.write(LINES[:1])
    made.close()
    made.close()
    assert [(one.field, one.code) for one in refused.value.errors] == [("format", "too_many_rows")]


# The first eight are the examples of the rules for filling in payment instruments.
@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (168_032, "壹仟陆佰捌拾元零叁角贰分"),
        (10_700_053, "壹拾万柒仟元零伍角叁分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (99, "玖角玖分"),
        (100, "壹元整"),
        (1_000, "壹拾元整"),
        (1_001, "壹拾元零壹分"),
        (10_010, "壹佰元零壹角整"),
        (1_000_500_00, "壹佰万零伍佰元整"),
        (1_0000_5000_00, "壹亿零伍仟元整"),
        (10_0000_0001_00, "壹拾亿零壹元整"),
        (20_0003_0000_00, "贰拾亿零叁万元整"),
        (1_0000_0000_0000_00, "壹万亿元整"),
        (1_0001_0000_0000_00, "壹万零壹亿元整"),
        (1_0000_0010_0000_00, "壹万亿零壹拾万元整"),
        (10**15 - 1, "玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
        (10**15, "壹拾万亿元整"),
        (-123, "负壹元贰角叁分"),
    ],
)
def test_an_amount_is_written_in_capitals(fen: int, text: str) -> None:
    assert capitals(fen) == f"人民币{text}"


PLACES = {"拾": 10, "佰": 100, "仟": 1000}


def read_capitals(text: str) -> int:
    """Read capitals as a person does: digits with their places, groups, then 角 and 分."""
    whole, _, rest = text.removeprefix("人民币").rpartition("元")
    total = group = digit = 0
    for sign in whole:
        if sign in "零壹贰叁肆伍陆柒捌玖":
            digit = "零壹贰叁肆伍陆柒捌玖".index(sign)
        elif sign in PLACES:
            group, digit = group + digit * PLACES[sign], 0
        elif sign == "万":
            total, group, digit = total + (group + digit) * 10_000, 0, 0
        else:
            total, group, digit = (total + group + digit) * 10**8, 0, 0
    fen = (total + group + digit) * 100
    for sign, unit in itertools.pairwise(rest):
        if unit in "角分":
            fen += "零壹贰叁肆伍陆柒捌玖".index(sign) * (10 if unit == "角" else 1)
    return fen


@given(st.integers(0, 10**17))
def test_capitals_mean_the_amount_and_never_say_zero_twice(fen: int) -> None:
    text = capitals(fen)
    assert read_capitals(text) == fen
    assert "零零" not in text


def test_an_absurd_amount_has_no_capitals() -> None:
    with pytest.raises(ValueError, match="too large"):
        capitals(10**18)


def test_a_long_table_is_written_in_flat_memory() -> None:
    line = Line(("摘要" * 20, 123_456, 1, date(2026, 1, 5)))
    peaks = []
    for count in (500, 10_000):
        tracemalloc.start()
        made = XlsxFile(SHEET)
        for _ in range(count // 500):
            made.write([line] * 500)
        made.finish().close()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Ten thousand lines are two megabytes of XML; what is kept in memory is the packed file alone.
    assert peaks[1] - peaks[0] < 1024 * 1024


def test_a_killed_writer_leaves_its_workbook_where_the_next_start_empties_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exports"
    dies = (
        "import os, signal, sys; from pathlib import Path; from common.spreadsheets.workplace import WORKPLACE;"
        "from tests.unit.common.test_common_writing import *;"
        "WORKPLACE.settle(Path(sys.argv[1])); made = XlsxFile(SHEET); made.write(LINES);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", dies, str(folder)], check=False)
    [left] = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    place = Workplace()
    monkeypatch.setattr(writing, "WORKPLACE", place)
    place.folder = folder
    made = XlsxFile(SHEET)
    assert len(list(folder.iterdir())) == 2
    assert place.settle(folder) == 1  # what somebody writes stays
    assert not left.exists()
    made.write(LINES)
    made.finish().close()
    assert list(folder.iterdir()) == []
