"""From the rows of a bank's file to lines of a statement, by a mapping of its columns. Pure.

A line is taken whole or not at all: the first cell that cannot be read makes its row bad, with the reason. Personal numbers in free
text are masked here, before anything is stored or shown.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Final, NamedTuple

from common.personal_data import masked, masked_name
from common.spreadsheets.bad_rows import BadRow
from common.spreadsheets.cells import CellError, day_of, fen_of, text_of
from common.spreadsheets.reading import Cell, Row

LONGEST_TEXT: Final = 500
FIELDS: Final = ("date", "amount", "debit", "credit", "balance", "reference", "counterparty", "text")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Where a bank's file has what: headings of columns, the row they stand in, and the form of its dates.

    Either ``amount`` (money in positive, money out negative) or ``debit`` (借方, money out) and ``credit`` (贷方, money in).
    """

    date: str
    date_format: str
    header_row: int = 1
    amount: str | None = None
    debit: str | None = None
    credit: str | None = None
    balance: str | None = None
    reference: str | None = None
    counterparty: str | None = None
    text: str | None = None

    def headings(self) -> dict[str, str]:
        """The heading of every field that has one."""
        named = ((name, getattr(self, name)) for name in FIELDS)
        return {name: heading for name, heading in named if heading is not None}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line as the bank has it: fen, positive in and negative out. Texts are as in the file; `masked_text` is for storing."""

    row: int
    booked_on: date
    amount_fen: int
    balance_fen: int | None
    reference: str | None
    counterparty: str | None
    text: str | None
    occurrence: int = 1
    """Which of the file's lines with the same content this is, from 1."""

    @property
    def content(self) -> tuple[str | int | None, ...]:
        """What makes a line the same line when it comes in another file."""
        return (self.booked_on.isoformat(), self.amount_fen, self.reference, self.text, self.balance_fen)


class Read(NamedTuple):
    """What a file gives: lines in the order of time, bad rows, and the rows whose balance does not follow from the line before."""

    lines: list[StatementLine]
    bad: list[BadRow]
    breaks: list[int]


def columns_of(mapping: ColumnMapping, rows: Sequence[Row]) -> tuple[dict[str, int], list[str]]:
    """Return the column index of each mapped field, and the headings the header row lacks or has twice."""
    header = next((row for row in rows if row.number == mapping.header_row), Row(mapping.header_row, ()))
    names = [_heading(text_of(cell) or "") for cell in header.cells]
    found: dict[str, int] = {}
    missing: list[str] = []
    for field, heading in mapping.headings().items():
        wanted = _heading(heading)
        if names.count(wanted) == 1:
            found[field] = names.index(wanted)
        else:
            missing.append(heading)
    return found, missing


def read_rows(mapping: ColumnMapping, columns: Mapping[str, int], rows: Iterable[Row], today: date) -> Read:
    """Read every row below the headings."""
    lines: list[StatementLine] = []
    bad: list[BadRow] = []
    headings = mapping.headings()
    for row in rows:
        if row.number <= mapping.header_row:
            continue
        reader = _RowReader(row, columns, mapping.date_format, today)
        try:
            lines.append(reader.line())
        except CellError as error:
            heading = headings.get(reader.field, reader.field)
            bad.append(BadRow(row.number, heading, error.code, error.zh, error.en))
    ordered = chronological(lines)
    return Read(_numbered(ordered), bad, breaks(ordered))


def chronological(lines: Sequence[StatementLine]) -> list[StatementLine]:
    """Bring a file's lines into the order of time; files run either way, which days and balances tell."""
    forth = sum(1 for a, b in pairwise(lines) if a.booked_on < b.booked_on or _follows(a, b))
    back = sum(1 for a, b in pairwise(lines) if a.booked_on > b.booked_on or _follows(b, a))
    ordered = list(reversed(lines)) if back > forth else list(lines)
    return sorted(ordered, key=lambda line: line.booked_on)


def breaks(lines: Sequence[StatementLine]) -> list[int]:
    """Return the rows whose balance is not the balance before plus their amount: something is missing or out of place there."""
    return [
        after.row
        for before, after in pairwise(lines)
        if before.balance_fen is not None and after.balance_fen is not None and not _follows(before, after)
    ]


def masked_text(text: str | None) -> str | None:
    """Return a text as it may be stored: personal numbers masked, cut to a line's length."""
    return None if text is None else masked(text[:LONGEST_TEXT])


def masked_counterparty(name: str | None) -> str | None:
    """Return who is on the other side as may be shown: a person's name but for its first character hidden, an organisation's whole."""
    if name is None:
        return None
    return masked_name(name[:LONGEST_TEXT])


def _numbered(lines: Iterable[StatementLine]) -> list[StatementLine]:
    seen: Counter[tuple[str | int | None, ...]] = Counter()
    numbered: list[StatementLine] = []
    for line in lines:
        seen[line.content] += 1
        numbered.append(replace(line, occurrence=seen[line.content]))
    return numbered


def _follows(before: StatementLine, after: StatementLine) -> bool:
    return (
        before.balance_fen is not None
        and after.balance_fen is not None
        and before.balance_fen + after.amount_fen == after.balance_fen
    )


def _heading(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


class _RowReader:
    """Reads one row; ``field`` is the one being read, for the reason."""

    def __init__(self, row: Row, columns: Mapping[str, int], day_format: str, today: date) -> None:
        self._row, self._columns, self._day_format, self._today = row, columns, day_format, today
        self.field = "date"

    def line(self) -> StatementLine:
        booked_on = day_of(self._cell("date"), self._day_format)
        if booked_on is None:
            raise CellError("required", "日期为空。", "The date is empty.")
        if booked_on > self._today:
            raise CellError("in_the_future", "日期晚于今天。", "The date lies after today.")
        amount = self._amount()
        balance = fen_of(self._cell("balance"))
        reference, counterparty, text = (text_of(self._cell(name)) for name in ("reference", "counterparty", "text"))
        return StatementLine(self._row.number, booked_on, amount, balance, reference, counterparty, text)

    def _amount(self) -> int:
        if "amount" in self._columns:
            amount = fen_of(self._cell("amount")) or 0
        else:
            paid = fen_of(self._cell("debit")) or 0
            received = fen_of(self._cell("credit")) or 0
            if paid and received:
                raise CellError("both_sides", "借方与贷方同时有金额。", "Debit and credit both have an amount.")
            amount = received - paid
        if amount == 0:
            raise CellError("required", "没有发生额。", "Has no amount.")
        return amount

    def _cell(self, field: str) -> Cell:
        index = self._columns.get(field)
        if index is None:
            return None
        self.field = field
        return self._row.cells[index] if index < len(self._row.cells) else None
