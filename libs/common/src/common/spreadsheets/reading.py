"""Reading the tables people hand in: bytes of a CSV (UTF-8 or GB18030) or XLSX file become rows of cells with their row numbers.

Row numbers are those a spreadsheet program shows: of the sheet, or of the CSV record, empty ones counted. A cell is a
text, a number as the exact decimal of what the file holds, a date, an instant without zone, or None. What a column means is
the caller's business; `common.spreadsheets.cells` turns cells into amounts and days.

The file is not trusted: its size, rows, columns and unpacked size are bounded, and nothing of it is run. Everything that makes a file
unreadable as a whole is raised as ``invalid_request`` naming ``file``.
"""

import codecs
import csv
import io
import os
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import BinaryIO, Final, TypeAlias

from common.spreadsheets.text import cell_text, fault, too_many
from common.spreadsheets.workbook import MOST_ELEMENTS, sheet_rows, sheet_rows_in_order

MEBIBYTE: Final = 1024 * 1024
_XLSX_START: Final = b"PK\x03\x04"
_OLD_EXCEL_START: Final = b"\xd0\xcf\x11\xe0"
_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_DELIMITERS: Final = (",", "\t", ";")
_LOOKED_AT: Final = 10
"""So many lines tell which character parts the cells of a CSV file."""

Cell: TypeAlias = str | Decimal | date | datetime | None
"""What stands in a cell. A text is one line, stripped and never empty."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be: bytes as sent and unpacked, rows and columns."""

    sent_bytes: int = 12 * MEBIBYTE
    unpacked_bytes: int = 64 * MEBIBYTE
    rows: int = 20_000
    columns: int = 100
    elements: int = MOST_ELEMENTS
    """Elements of XML in an XLSX file: two or three a cell."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number, counted from 1 as a spreadsheet program shows it, and its cells from column A on."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it."""
        return all(cell is None for cell in self.cells)


DEFAULT_LIMITS: Final = Limits()


def read_table(content: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Row]:
    """Return the rows of a CSV file, or of the first visible sheet of an XLSX file; what it is, its bytes tell.

    Empty rows are left out, their numbers stay used. Raises ``invalid_request`` naming ``file``: ``file_too_large``, ``too_many_rows``,
    ``too_many_columns``, ``old_spreadsheet``, ``not_a_spreadsheet``, ``unknown_encoding``, ``not_a_csv``, ``no_rows``.
    """
    if len(content) > limits.sent_bytes:
        raise _file_too_large()
    if content.startswith(_OLD_EXCEL_START):
        raise _old_spreadsheet()
    rows = _xlsx_rows if content.startswith(_XLSX_START) else _csv_rows
    kept = [row for row in rows(content, limits) if not row.is_blank]
    if not kept:
        raise fault("no_rows", "文件中没有数据。", "The file holds no rows.")
    return kept


def stream_table(file: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> Generator[Row]:
    """Yield the rows of a file as `read_table` does, in memory that does not grow with its rows.

    The file is read several times and must be seekable; close the iterator to let go of it. Raises as `read_table` while rows are taken,
    and ``rows_out_of_order`` for an XLSX file whose rows do not ascend.
    """
    if file.seek(0, os.SEEK_END) > limits.sent_bytes:
        raise _file_too_large()
    file.seek(0)
    start = file.read(len(_OLD_EXCEL_START))
    file.seek(0)
    if start.startswith(_OLD_EXCEL_START):
        raise _old_spreadsheet()
    found = False
    for row in _streamed_xlsx(file, limits) if start.startswith(_XLSX_START) else _streamed_csv(file, limits):
        if not row.is_blank:
            found = True
            yield row
    if not found:
        raise fault("no_rows", "文件中没有数据。", "The file holds no rows.")


def _streamed_xlsx(file: BinaryIO, limits: Limits) -> Iterator[Row]:
    for number, cells in sheet_rows_in_order(
        file,
        unpacked_bytes=limits.unpacked_bytes,
        rows=limits.rows,
        columns=limits.columns,
        elements=limits.elements,
    ):
        yield Row(number, tuple(cells.get(column) for column in range(1, max(cells) + 1)))


def _streamed_csv(file: BinaryIO, limits: Limits) -> Iterator[Row]:
    encoding = _encoding_of(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        delimiter = _delimiter(text.read(8192))
        text.seek(0)
        yield from _csv_records(text, delimiter, limits)
    finally:
        text.detach()  # the file is the caller's to close


def _encoding_of(file: BinaryIO) -> str:
    """As `_decoded`, piece by piece."""
    for encoding in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        file.seek(0)
        try:
            while piece := file.read(64 * 1024):
                if "\x00" in decoder.decode(piece):
                    break
            else:
                decoder.decode(b"", final=True)
                return encoding
        except UnicodeDecodeError:
            continue
    raise _unknown_encoding()


def _xlsx_rows(content: bytes, limits: Limits) -> Iterator[Row]:
    grid = sheet_rows(content, unpacked_bytes=limits.unpacked_bytes, rows=limits.rows, columns=limits.columns)
    for number, cells in sorted(grid.items()):
        yield Row(number, tuple(cells.get(column) for column in range(1, max(cells) + 1)))


def _csv_rows(content: bytes, limits: Limits) -> Iterator[Row]:
    text = _decoded(content)
    yield from _csv_records(io.StringIO(text, newline=""), _delimiter(text), limits)


def _csv_records(lines: Iterable[str], delimiter: str, limits: Limits) -> Iterator[Row]:
    try:
        records = csv.reader(lines, delimiter=delimiter, strict=True)
        for number, record in enumerate(records, 1):
            if number > limits.rows:
                raise too_many("rows", limits.rows)
            if len(record) > limits.columns:
                raise too_many("columns", limits.columns)
            yield Row(number, tuple(cell_text(value) for value in record))
    except csv.Error:
        raise fault("not_a_csv", "CSV 格式有误（引号不配对或单元格过长）。", "Is not well-formed CSV.") from None


def _decoded(content: bytes) -> str:
    """UTF-8 is tried first: no text of some length in GB18030 passes for it, while GB18030 accepts nearly everything."""
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _unknown_encoding()


def _delimiter(text: str) -> str:
    start = "\n".join(text[:8192].splitlines()[:_LOOKED_AT])
    return max(_DELIMITERS, key=start.count)


def _file_too_large() -> Exception:
    return fault("file_too_large", "文件过大。", "The file is too large.")


def _old_spreadsheet() -> Exception:
    return fault(
        "old_spreadsheet",
        "不支持旧版 XLS 或加密的文件，请另存为 XLSX 或 CSV。",
        "Old XLS files and encrypted ones are not read: save it as XLSX or CSV.",
    )


def _unknown_encoding() -> Exception:
    return fault("unknown_encoding", "文件须为 UTF-8 或 GB18030 编码。", "Must be encoded as UTF-8 or GB18030.")
