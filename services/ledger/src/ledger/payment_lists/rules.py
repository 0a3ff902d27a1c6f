"""What the columns of a payment list are called, what a row says, and what makes two rows the same row. Pure.

A list holds one operation on one fund. Every field of the operation has a column, under its Chinese heading or its English one; amounts
are yuan there, because that is what lists are written in. A column nobody knows refuses the file: a misspelt source of money must not
pass for none, and names of people have no place in the ledger.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from common.spreadsheets.bad_rows import BadRow
from common.spreadsheets.cells import CellError, day_of, fen_of, text_of

if TYPE_CHECKING:
    from datetime import date

    from common.spreadsheets.reading import Cell, Row
    from ledger.operations.catalogue import Operation

DAY_FORMATS: Final = ("YYYY-MM-DD", "YYYY/MM/DD", "YYYY.MM.DD", "YYYYMMDD", "YYYY年MM月DD日")
_DATE: Final = "effective_on"


@dataclass(frozen=True, slots=True)
class Column:
    """A column a list may have: the field it fills, that field's type, and its headings."""

    field: str
    type: str
    zh: str
    en: str
    required: bool


Said = dict[str, int | str]
"""What a row says, as the operation's own call would: fen, ISO days, texts."""


class ListRow(NamedTuple):
    """A row that can be read; ``dated`` if it says its own date, else it has the list's."""

    row: int
    said: Said
    dated: bool


def columns_of(operation: Operation) -> tuple[Column, ...]:
    """Return every column a list of the operation may have, in the order of its fields; the date and the reference come last."""
    own = tuple(
        Column(name, spec.type, _heading_zh(spec.zh, spec.type), _heading_en(name, spec.type), spec.required)
        for name, spec in operation.fields.items()
    )
    return (
        *own,
        Column(_DATE, "date", "日期", _DATE, required=False),
        Column("reference", "text", "单据号", "reference", required=False),
    )


def _heading_zh(meaning: str, kind: str) -> str:
    short = re.split(r"；|（见", meaning)[0]
    return f"{short}（元）" if kind == "fen" else short


def _heading_en(name: str, kind: str) -> str:
    return re.sub(r"_fen$", "_yuan", name) if kind == "fen" else name


class Layout(NamedTuple):
    """Which column stands where, and what of the header row does not fit."""

    places: dict[int, Column]
    unknown: list[str]
    twice: list[str]
    missing: list[str]


def layout_of(columns: Sequence[Column], header: Sequence[Cell], *, date_given: bool) -> Layout:
    """Find the columns by their headings; blanks, letter case and full-width forms do not count.

    Without a date for the whole list, its column must be there. A cell below no heading is unknown by its row, not here.
    """
    by_heading = {_plain(heading): column for column in columns for heading in (column.zh, column.en)}
    places: dict[int, Column] = {}
    unknown: list[str] = []
    for index, cell in enumerate(header):
        heading = text_of(cell)
        if heading is None:
            continue
        column = by_heading.get(_plain(heading))
        if column is None:
            unknown.append(heading)
        else:
            places[index] = column
    counts = Counter(column.field for column in places.values())
    needed = {column.field for column in columns if column.required} | (set() if date_given else {_DATE})
    return Layout(
        places,
        unknown,
        [column.zh for column in columns if counts[column.field] > 1],
        [column.zh for column in columns if column.field in needed - counts.keys()],
    )


def _plain(heading: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", heading)).casefold()


def read_row(row: Row, layout: Layout, default_date: date | None) -> ListRow | BadRow:
    """Read one row; the first cell that cannot be read makes it bad, with its column and the reason."""
    said: Said = {} if default_date is None else {_DATE: default_date.isoformat()}
    dated = False
    for index, cell in enumerate(row.cells):
        if cell is None:
            continue
        column = layout.places.get(index)
        if column is None:
            return BadRow(
                row.number, f"#{index + 1}", "no_heading", "此格所在的列没有表头。", "Stands below no heading."
            )
        try:
            value = _value(cell, column.type)
        except CellError as error:
            return BadRow(row.number, column.zh, error.code, error.zh, error.en)
        if value is not None:
            said[column.field] = value
            dated = dated or column.field == _DATE
    return ListRow(row.number, said, dated)


def _value(cell: Cell, kind: str) -> int | str | None:
    if kind == "fen":
        return fen_of(cell)
    if kind == "date":
        return _day(cell)
    text = text_of(cell)
    if kind in {"year", "bp"} and text is not None:
        if not re.fullmatch("[0-9]{1,9}", text, re.ASCII):
            raise CellError("not_an_integer", "须为整数。", "Must be an integer.")
        return int(text)
    return text


def _day(cell: Cell) -> str | None:
    """Read a day in any of the usual forms: year, month, day are in this order in all of them, so none can be mistaken for another."""
    for day_format in DAY_FORMATS[:-1]:
        try:
            day = day_of(cell, day_format)
        except CellError as error:
            if error.code != "not_a_date":
                raise
        else:
            return None if day is None else day.isoformat()
    day = day_of(cell, DAY_FORMATS[-1])
    return None if day is None else day.isoformat()


class Keys(NamedTuple):
    """What makes a row the same row in whatever file it comes.

    ``own`` is of what the row itself says; ``other`` is what it would be with its date said by the list instead of the row, or the other
    way round. A list sent again under another date finds its rows by ``own``, one that got a column of dates by ``other``.
    """

    own: str
    other: str


def keys_of(operation: str, fund: str, rows: Sequence[ListRow]) -> list[Keys]:
    """Return each row's keys: equal for equal rows of the same operation and fund, in whatever file and order they come.

    Of rows with the same content the second is the second of every file. The keys are those of the first attempt; ``attempt`` makes the
    next.
    """
    seen: Counter[str] = Counter()
    keys = []
    for row in rows:
        undated = {name: value for name, value in row.said.items() if name != _DATE}
        marks = _mark(operation, fund, row.said), _mark(operation, fund, undated)
        own, other = marks if row.dated else reversed(marks)
        seen[own] += 1
        keys.append(Keys(f"list:{own}:{seen[own]}", f"list:{other}:{seen[own]}"))
    return keys


def _mark(operation: str, fund: str, said: Mapping[str, int | str]) -> str:
    content = json.dumps([operation, fund, said], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return sha256(content.encode("ascii")).hexdigest()


def attempt(key: str, number: int) -> str:
    """Return the key of a row's nth attempt, from 1: what was refused may be tried again when its reason is gone."""
    return f"{key}:{number}"
