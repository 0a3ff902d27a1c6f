"""Bank files 银行代发文件 and bank returns 银行回盘: written and read by a template that is data (`bank_templates`). Pure.

Amounts stand in the template's unit in the files and in fen everywhere else.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from claims.payouts.bank_layout import UnreadableLayoutError, read_rows, write_rows
from claims.payouts.bank_templates import PaymentValue, ReturnFile, ReturnValue, TotalsCell
from claims.payouts.rules import MAX_ITEMS, Control, Origin, ReturnRow
from claims.problems import BANK_RETURN_UNREADABLE
from common.errors import Problem
from common.money import MAX_FEN
from common.spreadsheets.cells import CellError
from common.spreadsheets.cells import fen_of as fen_of_cell
from common.spreadsheets.reading import Cell, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from claims.payouts.bank_templates import PaymentColumn, PaymentFile

_AMOUNT: Final = re.compile(r"([0-9]{1,14})(?:\.([0-9]{1,2}))?", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,16}", re.ASCII)
_COUNT: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_DAY: Final = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})", re.ASCII)
_FORMULA_STARTS: Final = "=+-@\t\r"
MAX_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class Credit:
    """One line for the bank, with the account in clear: exists only while a file is written."""

    position: int
    item_number: str
    holder: str
    account: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Returned:
    """A bank return as read: its rows, its control figures, and where in the file each stands."""

    rows: list[ReturnRow]
    control: Control
    origin: Origin


def yuan_text(fen: int) -> str:
    """Fen as plain yuan with two decimals and no separators: 509800 is `5098.00`."""
    return f"{fen // 100}.{fen % 100:02d}"


def fen_of(text: str) -> int | None:
    """Plain yuan text as fen, or None where it is not a positive amount with at most two decimals."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    return _positive(int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0")))


def _positive(fen: int) -> int | None:
    return fen if 0 < fen <= MAX_FEN else None


def day_of(text: str) -> dt.date | None:
    """`2021-07-15` or `20210715` as a date, or None."""
    match = _DAY.fullmatch(text)
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def unwritable_items(file: PaymentFile, credits_: Sequence[Credit]) -> list[str]:
    """The items whose holder or account the file cannot hold: a character the encoding or the separator rules out."""
    return [
        credit.item_number
        for credit in credits_
        if not (file.can_hold(_holder(credit)) and file.can_hold(credit.account))
    ]


def write_payment_file(file: PaymentFile, batch_number: str, credits_: Sequence[Credit]) -> Iterator[bytes]:
    """The file for the bank, line by line. Equal credits give equal bytes. The caller asked `unwritable_items` before."""
    rows = [[_cell(file, column, batch_number, credit) for column in file.columns] for credit in credits_]
    if file.headings:
        rows.insert(0, [column.heading for column in file.columns])
    total = sum(credit.amount_fen for credit in credits_)
    shown = {
        TotalsCell.LABEL: file.label or "",
        TotalsCell.COUNT: str(len(credits_)),
        TotalsCell.TOTAL: _amount_text(file, total),
    }
    rows.insert(0 if file.totals == "header" else len(rows), [shown[cell] for cell in file.totals_row])
    return write_rows(file, rows)


def _amount_text(file: PaymentFile | ReturnFile, fen: int) -> str:
    return yuan_text(fen) if file.amounts == "yuan" else str(fen)


def _holder(credit: Credit) -> str:
    # A name never begins like a formula; a spreadsheet would run it.
    return credit.holder.lstrip(_FORMULA_STARTS)


def _cell(file: PaymentFile, column: PaymentColumn, batch_number: str, credit: Credit) -> str:
    texts = {
        PaymentValue.POSITION: str(credit.position),
        PaymentValue.BATCH_NUMBER: batch_number,
        PaymentValue.ITEM_NUMBER: credit.item_number,
        PaymentValue.HOLDER: _holder(credit),
        PaymentValue.ACCOUNT: credit.account,
        PaymentValue.AMOUNT: _amount_text(file, credit.amount_fen),
        PaymentValue.FIXED: column.text or "",
    }
    return texts[column.value]


def read_return_file(file: ReturnFile, content: bytes) -> Returned | Problem:
    """Read a bank's return as text. The first fault is named by row and column."""
    try:
        lines = [
            (line.number, tuple[Cell, ...](cell or None for cell in line.cells)) for line in read_rows(file, content)
        ]
    except UnreadableLayoutError as error:
        return unreadable(error.line, file.encoding)
    return _read(file, lines)


def read_return_sheet(file: ReturnFile, content: bytes) -> Returned | Problem:
    """Read a bank's return as an XLSX file whose rows are the template's. The first fault is named by row and column."""
    width = len(file.columns)
    try:
        rows = read_table(content)
    except Problem as problem:
        return problem
    # A sheet has no cells where a row's last ones are empty.
    return _read(file, [(row.number, row.cells + (None,) * (width - len(row.cells))) for row in rows])


def _read(file: ReturnFile, lines: Sequence[tuple[int, tuple[Cell, ...]]]) -> Returned | Problem:
    if not lines:
        return unreadable(1, "/".join(column.heading for column in file.columns))
    number, cells = lines[0 if file.totals == "header" else -1]
    lines = lines[1:] if file.totals == "header" else lines[:-1]
    headings = [column.heading for column in file.columns]
    if file.headings:
        said = [_text(cell) for cell in lines[0][1]] if lines else []
        if sorted(said) != sorted(headings):
            return unreadable(lines[0][0] if lines else number, "/".join(headings))
        headings, lines = said, lines[1:]
    if not 1 <= len(lines) <= MAX_ITEMS:
        return unreadable(number, file.label or "/".join(file.totals_row))
    rows: list[ReturnRow] = []
    for line in lines:
        row = _read_row(file, headings, *line)
        if isinstance(row, Problem):
            return row
        rows.append(row)
    control = _read_totals(file, cells)
    if control is None:
        return unreadable(number, file.label or "/".join(file.totals_row))
    heading = {column.value.value: column.heading for column in file.columns}
    return Returned(rows, control, Origin(tuple(at for at, _ in lines), number, heading))


def _read_totals(file: ReturnFile, cells: Sequence[Cell]) -> Control | None:
    found = [cell for cell in cells if cell is not None]
    if len(found) != len(file.totals_row):
        return None
    said = dict(zip(file.totals_row, found, strict=True))
    count, total_fen = _text(said[TotalsCell.COUNT]), _fen(file, said[TotalsCell.TOTAL])
    if said.get(TotalsCell.LABEL) != file.label or not _COUNT.fullmatch(count) or total_fen is None:
        return None
    return Control(int(count), total_fen)


def _read_row(file: ReturnFile, headings: Sequence[str], number: int, cells: Sequence[Cell]) -> ReturnRow | Problem:
    if len(cells) != len(headings):
        return unreadable(number, "/".join(headings))
    headed = dict(zip(headings, cells, strict=True))
    cell = {column.value: headed[column.heading] for column in file.columns}
    heading = {column.value: column.heading for column in file.columns}
    outcome = file.outcomes.get(_text(cell[ReturnValue.OUTCOME]))
    amount_fen = _fen(file, cell[ReturnValue.AMOUNT])
    booked_on = _day(cell[ReturnValue.BOOKED_ON])
    reason = _text(cell.get(ReturnValue.REASON)) or None
    if outcome is None:
        return unreadable(number, heading[ReturnValue.OUTCOME])
    if amount_fen is None:
        return unreadable(number, heading[ReturnValue.AMOUNT])
    if booked_on is None:
        return unreadable(number, heading[ReturnValue.BOOKED_ON])
    if reason is not None and (len(reason) > MAX_REASON or not reason.isprintable()):
        return unreadable(number, heading[ReturnValue.REASON])
    return ReturnRow(_text(cell[ReturnValue.ITEM_NUMBER]), outcome, amount_fen, booked_on, reason)


def _text(cell: Cell) -> str:
    if isinstance(cell, Decimal) and cell == cell.to_integral_value():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _fen(file: ReturnFile, cell: Cell) -> int | None:
    if isinstance(cell, Decimal):
        try:
            fen = fen_of_cell(cell) if file.amounts == "yuan" else fen_of_cell(cell / 100)
        except CellError:
            return None
        return None if fen is None else _positive(fen)
    if file.amounts == "yuan":
        return fen_of(_text(cell))
    return _positive(int(_text(cell))) if _WHOLE.fullmatch(_text(cell)) else None


def _day(cell: Cell) -> dt.date | None:
    if isinstance(cell, dt.datetime):
        return cell.date()
    return cell if isinstance(cell, dt.date) else day_of(_text(cell))


def unreadable(row: int, column: str) -> Problem:
    """The refusal of a file at one place; row 0 is the file as a whole."""
    return BANK_RETURN_UNREADABLE.error(field=column, line=row, row=row, column=column)
