"""Writing the tables people take away: one `Sheet` and its lines become CSV or XLSX, line by line, in flat memory.

Amounts are fen and come out as plain yuan with two decimals: in CSV as text, in XLSX as number cells, whose file keeps the decimal
exactly. Spreadsheet programs count with 15 significant digits: an amount that needs more is written as a text cell, so that no
program shows a rounded sum. No text is ever run: in XLSX it is a text cell, in CSV one that begins like a formula gets an apostrophe.
"""

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Final, Literal, TypeAlias

import xlsxwriter
from xlsxwriter.format import Format

from common.money import plain_yuan
from common.spreadsheets.workplace import WORKPLACE
from common.validation import invalid_field

Kind: TypeAlias = Literal["text", "amount", "whole", "day"]
"""What a column holds: texts, amounts in fen, whole numbers, days."""
Value: TypeAlias = str | int | date | None

BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it the spreadsheet programs county offices use read Chinese as another encoding."""
CSV_MEDIA_TYPE: Final = "text/csv; charset=utf-8"
XLSX_MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXACT_FEN: Final = 10**15
"""Amounts below this have at most 15 digits: what a spreadsheet program shows and adds exactly."""
MOST_ROWS: Final = 1_048_576
"""Rows of a worksheet."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_KEPT_IN_MEMORY: Final = 4 * 1024 * 1024
_NUMBER_FORMATS: Final[dict[Kind, str]] = {"amount": "#,##0.00", "whole": "0", "day": "yyyy-mm-dd", "text": "@"}
_FONT: Final = "SimSun"
_LONGEST_NAME: Final = 31
_ROW_HEIGHT: Final = 18
"""Points: Chinese fonts are cut off in rows of the default height."""
_NOT_IN_NAME: Final = str.maketrans(dict.fromkeys("[]:*?/\\'"))


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, what it holds, and how many half-width characters it is wide."""

    heading: str
    kind: Kind = "text"
    width: int = 14


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table on its way out: its title, lines below the title (XLSX only), and its columns."""

    title: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line's values, a column each; a ``strong`` one is a sum."""

    values: tuple[Value, ...]
    strong: bool = False


def safe_cell(text: str | None) -> str:
    """Return a text cell no spreadsheet runs as a formula: an apostrophe stands before a text that begins like one."""
    if text is None:
        return ""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def csv_head(sheet: Sheet) -> str:
    """Return the byte order mark and the line of headings."""
    return BYTE_ORDER_MARK + _csv([[safe_cell(column.heading) for column in sheet.columns]])


def csv_lines(sheet: Sheet, lines: Iterable[Line]) -> str:
    """Return lines as CSV, each ended by CR LF."""
    return _csv(
        [_csv_cell(column.kind, value) for column, value in zip(sheet.columns, line.values, strict=True)]
        for line in lines
    )


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _csv_cell(kind: Kind, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return plain_yuan(value) if kind == "amount" else str(value)
    return safe_cell(value)


class XlsxFile:
    """A workbook of one worksheet, written line by line: title, notes, headings that stay in sight, lines.

    Every call computes and writes files: call it from a thread where a loop must not wait. Close it whatever happens.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._held = ExitStack()
        folder = self._held.enter_context(WORKPLACE.room())
        # Has no name there, so it is gone with the process. Handed on by `finish`.
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115
            max_size=_KEPT_IN_MEMORY, dir=None if WORKPLACE.folder is None else str(WORKPLACE.folder)
        )
        self._book = xlsxwriter.Workbook(self._file, {"constant_memory": True, "tmpdir": folder})
        self._page = self._book.add_worksheet(sheet.title.translate(_NOT_IN_NAME)[:_LONGEST_NAME])
        self._formats = {
            (kind, strong): self._format(kind, strong=strong) for kind in _NUMBER_FORMATS for strong in (False, True)
        }
        self._too_long = {strong: self._format("text", strong=strong, align="right") for strong in (False, True)}
        self._row = 0
        self._open = True
        self._handed_on = False
        self._head()

    def write(self, lines: Iterable[Line]) -> None:
        """Add lines. Raises ``invalid_request`` naming ``format`` where a worksheet holds no more."""
        for line in lines:
            if self._row >= MOST_ROWS:
                raise invalid_field(
                    "format",
                    "too_many_rows",
                    f"超过 {MOST_ROWS} 行，请缩小范围或导出 CSV。",
                    f"Has more than {MOST_ROWS} rows: narrow the range, or take CSV.",
                )
            for place, (column, value) in enumerate(zip(self._sheet.columns, line.values, strict=True)):
                self._cell(place, column.kind, value, strong=line.strong)
            self._row += 1

    def finish(self) -> IO[bytes]:
        """Return the whole file, to be read from its beginning and closed by the caller."""
        self._end_writing()
        self._file.seek(0)
        self._handed_on = True
        return self._file

    def close(self) -> None:
        """Let go of everything but a file that was handed on."""
        self._end_writing()
        if not self._handed_on:
            self._file.close()

    def _end_writing(self) -> None:
        if self._open:
            self._open = False
            with self._held:
                self._book.close()

    def _head(self) -> None:
        page, columns = self._page, self._sheet.columns
        for place, column in enumerate(columns):
            page.set_column(place, place, column.width)
        page.set_default_row(_ROW_HEIGHT)
        page.set_landscape()
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
        page.set_paper(9)  # A4
        page.fit_to_pages(1, 0)
        title = self._book.add_format({"bold": True, "font_size": 16, "font_name": _FONT})
        page.set_row(0, 2 * _ROW_HEIGHT)
        page.write_string(0, 0, self._sheet.title, title)
        note = self._book.add_format({"font_name": _FONT})
        for number, text in enumerate(self._sheet.notes, 1):
            page.write_string(number, 0, text, note)
        self._row = 1 + len(self._sheet.notes)
        heading = self._book.add_format(
            {"bold": True, "border": 1, "bg_color": "#E7E6E6", "align": "center", "text_wrap": True, "font_name": _FONT}
        )
        for place, column in enumerate(columns):
            page.write_string(self._row, place, column.heading, heading)
        page.repeat_rows(self._row)
        self._row += 1
        page.freeze_panes(self._row, 0)

    def _format(self, kind: Kind, *, strong: bool, align: str | None = None) -> Format:
        wanted: dict[str, object] = {
            "num_format": _NUMBER_FORMATS[kind],
            "border": 1,
            "valign": "vcenter",
            "font_name": _FONT,
            "bold": strong,
        }
        return self._book.add_format(wanted if align is None else {**wanted, "align": align})

    def _cell(self, place: int, kind: Kind, value: Value, *, strong: bool) -> None:
        cell_format = self._formats[kind, strong]
        if value is None or value == "":
            self._page.write_blank(self._row, place, None, cell_format)
        elif isinstance(value, date):
            self._page.write_datetime(self._row, place, datetime.combine(value, time.min), cell_format)
        elif isinstance(value, int):
            if kind == "amount" and abs(value) >= EXACT_FEN:
                self._page.write_string(self._row, place, plain_yuan(value), self._too_long[strong])
            else:
                number = Decimal(value).scaleb(-2) if kind == "amount" else Decimal(value)
                self._page.write(self._row, place, number, cell_format)
        else:
            self._page.write_string(self._row, place, value, self._formats["text", strong])
