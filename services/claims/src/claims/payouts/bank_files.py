"""Bank files 银行代发文件 and bank returns 银行回盘 as CSV text: written and read by a template that is data (`bank_templates.yaml`).

Pure but for reading the shipped template file once. Amounts stand in yuan with two decimals in the files and in fen everywhere else.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from claims.payouts.rules import MAX_ITEMS, BankOutcome, Control, ReturnRow
from claims.problems import BANK_RETURN_UNREADABLE
from common.money import MAX_FEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from common.errors import Problem

Heading = Annotated[str, StringConstraints(min_length=1, max_length=40)]
_AMOUNT: Final = re.compile(r"([0-9]{1,14})(?:\.([0-9]{1,2}))?", re.ASCII)
_DAY: Final = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})", re.ASCII)
_FORMULA_STARTS: Final = "=+-@\t\r"
MAX_REASON: Final = 200


class PaymentValue(StrEnum):
    """What a column of the payment file can hold."""

    POSITION = "position"
    ITEM_NUMBER = "item_number"
    HOLDER = "holder"
    ACCOUNT = "account"
    AMOUNT_YUAN = "amount_yuan"
    PURPOSE = "purpose"


class ReturnValue(StrEnum):
    """What a column of a bank return can hold."""

    ITEM_NUMBER = "item_number"
    OUTCOME = "outcome"
    AMOUNT_YUAN = "amount_yuan"
    BOOKED_ON = "booked_on"
    REASON = "reason"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PaymentColumn(_Data):
    """One column of the file for the bank."""

    heading: Heading
    value: PaymentValue


class ReturnColumn(_Data):
    """One column of the bank's return."""

    heading: Heading
    value: ReturnValue


class Template(_Data):
    """One bank's formats; the head of `bank_templates.yaml` explains each field."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,30}$")]
    encoding: Literal["utf-8-sig", "gb18030"]
    totals: Literal["header", "trailer"]
    payment: list[PaymentColumn] = Field(min_length=3)
    purpose: Heading
    returned: list[ReturnColumn] = Field(min_length=4)
    outcomes: dict[str, BankOutcome]
    sum_label: Heading

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        paid = {column.value for column in self.payment}
        if not {PaymentValue.ITEM_NUMBER, PaymentValue.ACCOUNT, PaymentValue.AMOUNT_YUAN} <= paid:
            message = f"{self.code}: the payment file needs item number, account and amount"
            raise ValueError(message)
        if len(self.returned) != len({column.value for column in self.returned}):
            message = f"{self.code}: a value stands in two columns of the return"
            raise ValueError(message)
        if set(ReturnValue) - {column.value for column in self.returned} - {ReturnValue.REASON}:
            message = f"{self.code}: the return needs item number, outcome, amount and booking day"
            raise ValueError(message)
        if set(self.outcomes.values()) != set(BankOutcome):
            message = f"{self.code}: the return must be able to say success and failure"
            raise ValueError(message)
        return self

    @property
    def charset(self) -> str:
        """The name of the encoding in a Content-Type header."""
        return "utf-8" if self.encoding == "utf-8-sig" else self.encoding


@dataclass(frozen=True, slots=True)
class Credit:
    """One line for the bank, with the account in clear: exists only while a file is written."""

    position: int
    item_number: str
    holder: str
    account: str
    amount_fen: int


@cache
def templates() -> dict[str, Template]:
    """The shipped templates by code. Raises `pydantic.ValidationError` where the data is wrong."""
    text = resources.files(__package__).joinpath("bank_templates.yaml").read_text(encoding="utf-8")
    return {template.code: template for template in TypeAdapter(list[Template]).validate_python(yaml.safe_load(text))}


def yuan_text(fen: int) -> str:
    """Fen as plain yuan with two decimals and no separators: 509800 is `5098.00`."""
    return f"{fen // 100}.{fen % 100:02d}"


def fen_of(text: str) -> int | None:
    """Plain yuan text as fen, or None where it is not a positive amount with at most two decimals."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    fen = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
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


def write_payment_file(template: Template, credits_: Sequence[Credit]) -> Iterator[bytes]:
    """The file for the bank in the template's encoding, line by line; the totals row is count and total in yuan."""
    totals = [template.sum_label, str(len(credits_)), yuan_text(sum(credit.amount_fen for credit in credits_))]
    lines: list[list[str]] = [[column.heading for column in template.payment]]
    lines += [[_cell(template, column.value, credit) for column in template.payment] for credit in credits_]
    lines.insert(0 if template.totals == "header" else len(lines), totals)
    for number, line in enumerate(lines):
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow(line)
        # Only the first line may carry the byte order mark.
        yield text.getvalue().encode(template.encoding if number == 0 else template.charset)


def _cell(template: Template, value: PaymentValue, credit: Credit) -> str:
    match value:
        case PaymentValue.POSITION:
            return str(credit.position)
        case PaymentValue.ITEM_NUMBER:
            return credit.item_number
        case PaymentValue.HOLDER:
            # A name never begins like a formula; a spreadsheet would run it.
            return credit.holder.lstrip(_FORMULA_STARTS)
        case PaymentValue.ACCOUNT:
            return credit.account
        case PaymentValue.AMOUNT_YUAN:
            return yuan_text(credit.amount_fen)
        case PaymentValue.PURPOSE:
            return template.purpose


def read_return_file(template: Template, content: bytes) -> tuple[list[ReturnRow], Control] | Problem:
    """Read a bank's return: heading row, one row an item, totals row last. The first fault is named by row and column."""
    try:
        text = content.decode(template.encoding)
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return _unreadable(0, template.encoding)
    lines = [[cell.strip() for cell in line] for line in lines if any(cell.strip() for cell in line)]
    if not lines or sorted(lines[0]) != sorted(column.heading for column in template.returned):
        return _unreadable(1, "/".join(column.heading for column in template.returned))
    if not 1 <= len(lines) - 2 <= MAX_ITEMS:
        return _unreadable(len(lines), template.sum_label)
    rows: list[ReturnRow] = []
    for number, line in enumerate(lines[1:-1], start=2):
        row = _read_row(template, lines[0], line, number)
        if not isinstance(row, ReturnRow):
            return row
        rows.append(row)
    control = _read_totals(template, lines[-1])
    return _unreadable(len(lines), template.sum_label) if control is None else (rows, control)


def _read_totals(template: Template, line: list[str]) -> Control | None:
    match [cell for cell in line if cell]:
        case [template.sum_label, count, total] if re.fullmatch(r"[0-9]{1,6}", count, re.ASCII):
            total_fen = fen_of(total)
            return None if total_fen is None else Control(int(count), total_fen)
        case _:
            return None


def _read_row(template: Template, headings: list[str], line: list[str], number: int) -> ReturnRow | Problem:
    if len(line) != len(headings):
        return _unreadable(number, "/".join(headings))
    headed = dict(zip(headings, line, strict=True))
    text = {column.value: headed[column.heading] for column in template.returned}
    heading = {column.value: column.heading for column in template.returned}
    outcome = template.outcomes.get(text[ReturnValue.OUTCOME])
    amount_fen = fen_of(text[ReturnValue.AMOUNT_YUAN])
    booked_on = day_of(text[ReturnValue.BOOKED_ON])
    reason = text.get(ReturnValue.REASON) or None
    if outcome is None:
        return _unreadable(number, heading[ReturnValue.OUTCOME])
    if amount_fen is None:
        return _unreadable(number, heading[ReturnValue.AMOUNT_YUAN])
    if booked_on is None:
        return _unreadable(number, heading[ReturnValue.BOOKED_ON])
    if reason is not None and (len(reason) > MAX_REASON or not reason.isprintable()):
        return _unreadable(number, heading[ReturnValue.REASON])
    return ReturnRow(text[ReturnValue.ITEM_NUMBER], outcome, amount_fen, booked_on, reason)


def _unreadable(row: int, column: str) -> Problem:
    return BANK_RETURN_UNREADABLE.error(field=column, line=row, row=row, column=column)
