"""Reading tables people hand in: what is understood, what is refused, and that hostile files cost nothing."""

from __future__ import annotations

import struct
import time
import tracemalloc
import zipfile
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from common.errors import Problem
from common.money import MAX_FEN, yuan
from common.spreadsheets.cells import CellError, day_of, fen_of, is_day_format, text_of
from common.spreadsheets.reading import Limits, Row, read_table
from tests.support.xlsx import MAIN, PARTS, RELATIONS, packed, sheet, xlsx

TABLE = '日期,金额,摘要\r\n2026-01-05,"1,234.50",付款\r\n\r\n2026-01-06,-3,"两\n行"\r\n'
ROWS = [
    Row(1, ("日期", "金额", "摘要")),
    Row(2, ("2026-01-05", "1,234.50", "付款")),
    Row(4, ("2026-01-06", "-3", "两 行")),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_each_encoding_with_the_numbers_a_spreadsheet_shows(encoding: str) -> None:
    assert read_table(TABLE.encode(encoding)) == ROWS


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    assert read_table(delimiter.join("甲乙丙").encode() + b"\n" + delimiter.join("123").encode()) == [
        Row(1, ("甲", "乙", "丙")),
        Row(2, ("1", "2", "3")),
    ]


def test_wrapped_numbers_and_invisible_characters_are_cleaned() -> None:
    content = '="62170000",\u202eabc\x07,"  ",x\t'.encode()
    assert read_table(content) == [Row(1, ("62170000", "abc", None, "x"))]


def test_an_xlsx_is_read_from_its_first_visible_sheet_with_gaps_numbers_dates_and_results_of_formulas() -> None:
    rows = read_table(
        xlsx([[], ["日期", "金额"], [], [date(2026, 1, 5), 1234.5, ("formula", "B4*2", "2469")], [None, "文"]])
    )
    assert rows == [
        Row(2, ("日期", "金额")),
        Row(4, (date(2026, 1, 5), Decimal("1234.5"), Decimal("2469.0"))),
        Row(5, (None, "文")),
    ]


BIG = packed({**PARTS, "xl/worksheets/sheet1.xml": b"<x>" + b" " * (70 * 1024 * 1024) + b"</x>"})
FAR = (
    f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
)
DOCTYPE = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet><sheetData>&b;</sheetData></worksheet>'
)


def _lying() -> bytes:
    """An archive whose directory says that a part of 70 MB has ten bytes."""
    size = (70 * 1024 * 1024 + 7).to_bytes(4, "little")
    return BIG.replace(size, (10).to_bytes(4, "little"))


REFUSED = {
    "empty": (b"", "no_rows"),
    "blank": (b",,\n ,\n", "no_rows"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old_spreadsheet"),
    "neither encoding": (b"a,b\n\xff\xff", "unknown_encoding"),
    "utf-16": ("日期,金额".encode("utf-16"), "unknown_encoding"),
    "nul": (b"a,\x00b", "unknown_encoding"),
    "open quote": (b'a,"b\n', "not_a_csv"),
    "endless cell": (b'"' + b"x" * 200_000 + b'"', "not_a_csv"),
    "too many bytes": (b"a" * (13 * 1024 * 1024), "file_too_large"),
    "too many rows": (b"a\n" * 20_001, "too_many_rows"),
    "too many columns": (b"a," * 101 + b"a", "too_many_columns"),
    "unpacks to 70 MB": (BIG, "file_too_large"),
    "lies about its size": (_lying(), "not_a_spreadsheet"),
    "a cell at the end of the world": (packed({**PARTS, "xl/worksheets/sheet1.xml": FAR}), "too_many_rows"),
    "a column far out": (
        packed({**PARTS, "xl/worksheets/sheet1.xml": FAR.replace("1048576", "9")}),
        "too_many_columns",
    ),
    "doctype": (packed({**PARTS, "xl/worksheets/sheet1.xml": DOCTYPE}), "not_a_spreadsheet"),
    "broken xml": (packed({**PARTS, "xl/worksheets/sheet1.xml": "<worksheet>"}), "not_a_spreadsheet"),
    "no sheets": (packed({"a.txt": "x"}), "not_a_spreadsheet"),
    "cut off": (xlsx([["a"]])[:-30], "not_a_spreadsheet"),
    "zip of rubbish": (b"PK\x03\x04" + b"\x00" * 100, "not_a_spreadsheet"),
    "hidden sheets only": (
        xlsx(
            [["a"]],
            **{"xl/workbook.xml": PARTS["xl/workbook.xml"].replace('name="明细"', 'state="veryHidden" name="明细"')},
        ),
        "not_a_spreadsheet",
    ),
    "a strange compression": (packed({**PARTS, "xl/a.xml": "<a/>"}, zipfile.ZIP_LZMA)[:-5], "not_a_spreadsheet"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(name: str) -> None:
    content, code = REFUSED[name]
    with pytest.raises(Problem) as raised:
        read_table(content)
    problem = raised.value
    assert (problem.code, problem.field, [error.code for error in problem.errors]) == (
        "invalid_request",
        "file",
        [code],
    )


def test_hostile_archives_cost_neither_memory_nor_time() -> None:
    started = time.perf_counter()
    for name in ("unpacks to 70 MB", "lies about its size", "a cell at the end of the world"):
        tracemalloc.start()
        with pytest.raises(Problem):
            read_table(REFUSED[name][0])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 200 * 1024 * 1024
    assert time.perf_counter() - started < 20


COUNTS = (
    '<styleSheet><cellXfs count="4294967295"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    '<sst count="18446744073709551615" uniqueCount="4294967295"><si><t>x</t></si></sst>',
)


@pytest.mark.parametrize("where", ["cell", "shared"])
@pytest.mark.parametrize("cut", [1, 1000])
def test_an_endless_text_is_refused_before_it_is_in_memory(where: str, cut: int) -> None:
    runs = "".join(f"<t>{'a' * (24 * 2**20 // cut)}</t>" for _ in range(cut))
    parts = {**PARTS, "xl/worksheets/sheet1.xml": sheet([["x"]])}
    if where == "cell":
        parts["xl/worksheets/sheet1.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="inlineStr"><is>{runs}</is></c></row></sheetData></worksheet>'
        )
    else:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}"><si>{runs}</si></sst>'
        parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(
            "</Relationships>",
            f'<Relationship Id="r9" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        )
    content = packed(parts)
    tracemalloc.start()
    with pytest.raises(Problem) as caught:
        read_table(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.errors[0].code == "cell_too_long"
    assert peak < 8 * 2**20


@pytest.mark.parametrize("is_zip64", [False, True])
def test_an_archive_of_endless_entries_is_refused_before_they_are_in_memory(*, is_zip64: bool) -> None:
    entry = b"PK\x01\x02" + bytes(24) + b"\x01\x00" + bytes(16) + b"a"
    directory = entry * 60_000
    stated = 0 if is_zip64 else len(directory)
    larger = b"PK\x06\x06" + bytes(36) + struct.pack("<QQ", len(directory), 4) + b"PK\x06\x07" + bytes(16)
    end = b"PK\x05\x06" + bytes(8) + struct.pack("<IIH", stated, 4, 0)
    content = b"PK\x03\x04" + directory + (larger if is_zip64 else b"") + end
    tracemalloc.start()
    with pytest.raises(Problem) as caught:
        read_table(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.errors[0].code == "not_a_spreadsheet"
    assert peak < 2**20


def test_counts_that_ask_for_all_memory_are_not_believed() -> None:
    rows = read_table(xlsx([[date(2026, 1, 5)]], **{"xl/styles.xml": COUNTS[0], "xl/sharedStrings.xml": COUNTS[1]}))
    assert rows == [Row(1, (date(2026, 1, 5),))]


FORMATS = {
    "yyyy-mm-dd": True,
    'yyyy"年"m"月"d"日"': True,
    "[$-804]yyyy/m/d;@": True,
    "m/d": True,
    "General": False,
    "0.00": False,
    "#,##0.00_);[Red](#,##0.00)": False,
    '"¥"#,##0.00': False,
    '0.00"days"': False,
    "0.00E+00": False,
}


@pytest.mark.parametrize(("code", "is_day"), FORMATS.items())
def test_a_number_is_a_day_where_its_format_says_so(code: str, *, is_day: bool) -> None:
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="200" formatCode="{escape(code, {chr(34): "&quot;"})}"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="200"/></cellXfs></styleSheet>'
    )
    (row,) = read_table(xlsx([[date(2026, 1, 5)]], **{"xl/styles.xml": styles}))
    assert row.cells == (date(2026, 1, 5) if is_day else Decimal(46027),)


PLAIN = (
    st.none()
    | st.integers(-(10**9), 10**9)
    | st.floats(-1e9, 1e9, width=32)
    | st.dates(date(1900, 3, 1), date(2199, 1, 1))
)
LETTERS = st.text("甲乙丙 abc019.,-", min_size=1, max_size=8).filter(lambda text: text == text.strip())


@given(st.lists(st.lists(PLAIN | LETTERS, min_size=1, max_size=5), min_size=1, max_size=8))
def test_an_honest_sheet_is_read_as_another_reader_reads_it(rows: list[list[object]]) -> None:
    content = xlsx(rows)
    theirs = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name("明细").to_python(skip_empty_area=False)
    try:
        ours = {row.number: row.cells for row in read_table(content)}
    except Problem:
        ours = {}
    for number, line in enumerate(theirs, 1):
        mine = [float(cell) if isinstance(cell, Decimal) else cell or "" for cell in ours.get(number, ())]
        assert mine == list(line)[: len(mine)]
        assert not any(line[len(mine) :])


def test_limits_are_the_callers() -> None:
    with pytest.raises(Problem):
        read_table(b"a\nb\nc", Limits(rows=2))
    assert len(read_table(b"a\nb\nc", Limits(rows=3))) == 3


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: b"PK\x03\x04" + rest))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        assert read_table(content)
    except Problem as problem:
        refused = problem
        assert refused.code == "invalid_request"


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_damaged_workbook_is_read_or_refused(at: int, flip: int) -> None:
    content = bytearray(xlsx([["日期", "金额"], [date(2026, 1, 5), 3]]))
    content[at % len(content)] ^= flip
    try:
        read_table(bytes(content))
    except Problem as problem:
        refused = problem
        assert refused.code == "invalid_request"


AMOUNTS = {
    "1,234.50": 123_450,
    "￥1,234.50": 123_450,
    "（1,234.50）": -123_450,
    "(¥ 5)": -500,
    "-¥5.1": -510,
    "¥-5.10": -510,
    "− 7": -700,
    "＋1，000．00": 100_000,
    "12元": 1_200,
    "CNY 0.01": 1,
    "1.500": 150,
    "0": 0,
    "-": None,
    "—": None,
    None: None,
    Decimal("1234.5"): 123_450,
    Decimal("0.30000000000000004"): 30,
    Decimal("8.199999999999999"): 820,
    Decimal(-3): -300,
}


@pytest.mark.parametrize(("cell", "fen"), AMOUNTS.items(), ids=repr)
def test_amounts_are_read_exactly(cell: str | Decimal | None, fen: int | None) -> None:
    assert fen_of(cell) == fen


BAD_AMOUNTS = {
    "": "not_an_amount",
    "x": "not_an_amount",
    "1,23": "not_an_amount",
    "12,345,6": "not_an_amount",
    "1.2.3": "not_an_amount",
    "(1": "not_an_amount",
    "1)": "not_an_amount",
    "(-1)": "not_an_amount",
    "--1": "not_an_amount",
    "-¥-1": "not_an_amount",
    "1e5": "not_an_amount",
    "一百元": "not_an_amount",
    "NaN": "not_an_amount",
    "$5": "not_an_amount",
    "1.005": "parts_of_a_fen",
    "10,000,000,000,000.01": "amount_too_large",
    Decimal("0.005"): "parts_of_a_fen",
    Decimal("1.00000002"): "parts_of_a_fen",
    Decimal("1E+300"): "amount_too_large",
    Decimal("NaN"): "not_an_amount",
    Decimal("Infinity"): "not_an_amount",
    date(2026, 1, 5): "not_an_amount",
}


@pytest.mark.parametrize(("cell", "code"), BAD_AMOUNTS.items(), ids=repr)
def test_what_is_not_exactly_fen_is_refused(cell: str | Decimal | date, code: str) -> None:
    with pytest.raises(CellError) as raised:
        fen_of(cell)
    assert raised.value.code == code


@given(st.integers(-MAX_FEN, MAX_FEN))
def test_every_printed_amount_reads_back(fen: int) -> None:
    assert fen_of(yuan(fen)) == fen


@given(st.integers(-(10**13), 10**13))
def test_every_amount_a_spreadsheet_stores_in_binary_reads_back(fen: int) -> None:
    stored = fen / 100  # what a spreadsheet program keeps; exact to a fen far beyond any county's sums
    assert fen_of(Decimal(repr(stored))) == fen
    assert fen_of(read_table(xlsx([[stored]]))[0].cells[0]) == fen


DAYS = (
    ("2026-01-05", "YYYY-MM-DD", date(2026, 1, 5)),
    ("2026-1-5", "YYYY-MM-DD", date(2026, 1, 5)),
    ("2026-01-05 10:22:33", "YYYY-MM-DD", date(2026, 1, 5)),
    ("20260105", "YYYYMMDD", date(2026, 1, 5)),
    (Decimal(20260105), "YYYYMMDD", date(2026, 1, 5)),
    ("5/1/2026", "DD/MM/YYYY", date(2026, 1, 5)),
    ("2026年1月5日", "YYYY年MM月DD日", date(2026, 1, 5)),
    ("２０２６/01/05", "YYYY/MM/DD", date(2026, 1, 5)),
    (datetime(2026, 1, 5, 23, 59), "YYYY-MM-DD", date(2026, 1, 5)),  # noqa: DTZ001 - a spreadsheet knows no zone
    (date(2026, 1, 5), "YYYYMMDD", date(2026, 1, 5)),
    (None, "YYYY-MM-DD", None),
)


@pytest.mark.parametrize(("cell", "day_format", "day"), DAYS)
def test_days_are_read(cell: str | Decimal | date | None, day_format: str, day: date | None) -> None:
    assert day_of(cell, day_format) == day


@pytest.mark.parametrize(
    ("cell", "day_format"),
    [
        ("2026-02-30", "YYYY-MM-DD"),
        ("05/01/2026", "YYYY-MM-DD"),
        ("2026115", "YYYYMMDD"),
        ("合计", "YYYY-MM-DD"),
        ("1899-12-31", "YYYY-MM-DD"),
        (Decimal("1.5"), "YYYYMMDD"),
        ("2026-01-05 x", "YYYY-MM-DD"),
    ],
)
def test_what_is_no_such_day_is_refused(cell: str | Decimal, day_format: str) -> None:
    with pytest.raises(CellError):
        day_of(cell, day_format)


DAY_FORMATS = {
    "YYYY-MM-DD": True,
    "DD.MM.YYYY": True,
    "YYYYMMDD": True,
    "YYYY-MM": False,
    "YYYY-MM-DD-DD": False,
    "YYYYY-MM-DD": False,
    "YY-MM-DD": False,
}


@pytest.mark.parametrize(("day_format", "good"), DAY_FORMATS.items())
def test_a_format_names_each_part_once(day_format: str, *, good: bool) -> None:
    assert is_day_format(day_format) is good


def test_texts_of_cells() -> None:
    assert text_of(Decimal("20260105.0")) == "20260105"
    assert text_of(Decimal("0.5")) == "0.5"
    assert text_of(date(2026, 1, 5)) == "2026-01-05"
    assert text_of(None) is None


def test_a_large_sheet_is_read_in_seconds() -> None:
    started = time.perf_counter()
    rows = read_table(
        packed({**PARTS, "xl/worksheets/sheet1.xml": sheet([["2026-01-05", 1.5, "摘要", "参考"]] * 20_000)})
    )
    assert len(rows) == 20_000
    assert time.perf_counter() - started < 15
