"""Bank templates 银行文件模板 as data: one bank's file for payments and its return, proved when they are loaded."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Literal, Self

import yaml
from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from claims.payouts.bank_layout import Data, Layout
from claims.payouts.rules import BankOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Heading = Annotated[str, StringConstraints(min_length=1, max_length=40)]
TemplateName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,30}$")]


class PaymentValue(StrEnum):
    """What a column of the payment file can hold."""

    POSITION = "position"
    BATCH_NUMBER = "batch_number"
    ITEM_NUMBER = "item_number"
    HOLDER = "holder"
    ACCOUNT = "account"
    AMOUNT = "amount"
    FIXED = "fixed"


class ReturnValue(StrEnum):
    """What a column of a bank return can hold."""

    ITEM_NUMBER = "item_number"
    OUTCOME = "outcome"
    AMOUNT = "amount"
    BOOKED_ON = "booked_on"
    REASON = "reason"
    IGNORED = "ignored"


class TotalsCell(StrEnum):
    """What a cell of the totals row can hold."""

    LABEL = "label"
    COUNT = "count"
    TOTAL = "total"


class PaymentColumn(Data):
    """One column of the file for the bank; `text` is the content of a `fixed` column, and of no other."""

    heading: Heading
    value: PaymentValue
    text: Annotated[str, StringConstraints(max_length=100)] | None = None

    @model_validator(mode="after")
    def _fixed_has_its_text(self) -> Self:
        if (self.value is PaymentValue.FIXED) != (self.text is not None):
            message = f"{self.heading}: a fixed column has its text, and no other has one"
            raise ValueError(message)
        return self


class ReturnColumn(Data):
    """One column of the bank's return."""

    heading: Heading
    value: ReturnValue


class _File(Layout):
    headings: bool
    totals: Literal["header", "trailer"]
    totals_row: tuple[TotalsCell, ...]
    label: Heading | None = None
    amounts: Literal["yuan", "fen"]

    def _refuse_bad_totals(self) -> None:
        cells = Counter(self.totals_row)
        if cells[TotalsCell.COUNT] != 1 or cells[TotalsCell.TOTAL] != 1 or cells[TotalsCell.LABEL] > 1:
            message = "the totals row names count and total once each, and its label at most once"
            raise ValueError(message)
        if (TotalsCell.LABEL in cells) != (self.label is not None):
            message = "the totals row has a label exactly where the label is given"
            raise ValueError(message)

    def _refuse_unwritable(self, words: Iterable[str]) -> None:
        for word in words:
            if not self.can_hold(word):
                message = f"{word!r} cannot stand in this file"
                raise ValueError(message)


def _refuse_twice(what: str, words: Sequence[str]) -> None:
    twice = [word for word, times in Counter(words).items() if times > 1]
    if twice:
        message = f"{what} stands twice: {twice[0]}"
        raise ValueError(message)


class PaymentFile(_File):
    """The file for the bank."""

    columns: tuple[PaymentColumn, ...] = Field(min_length=3)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        self._refuse_bad_totals()
        values = [column.value for column in self.columns]
        _refuse_twice("a heading", [column.heading for column in self.columns])
        _refuse_twice("a value", [value for value in values if value is not PaymentValue.FIXED])
        if not {PaymentValue.ITEM_NUMBER, PaymentValue.ACCOUNT, PaymentValue.AMOUNT} <= set(values):
            message = "the payment file needs item number, account and amount"
            raise ValueError(message)
        self._refuse_unwritable([self.label or ""])
        self._refuse_unwritable(word for column in self.columns for word in (column.heading, column.text or ""))
        return self


class ReturnFile(_File):
    """The bank's return."""

    columns: tuple[ReturnColumn, ...] = Field(min_length=4)
    outcomes: dict[str, BankOutcome]

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        self._refuse_bad_totals()
        values = [column.value for column in self.columns]
        _refuse_twice("a heading", [column.heading for column in self.columns])
        _refuse_twice("a value", [value for value in values if value is not ReturnValue.IGNORED])
        if {*ReturnValue} - {*values} - {ReturnValue.REASON, ReturnValue.IGNORED}:
            message = "the return needs item number, outcome, amount and booking day"
            raise ValueError(message)
        if set(self.outcomes.values()) != set(BankOutcome):
            message = "the return must be able to say success and failure"
            raise ValueError(message)
        self._refuse_unwritable([self.label or "", *self.outcomes])
        self._refuse_unwritable(column.heading for column in self.columns)
        return self


class Template(Data):
    """One bank's formats; the head of `bank_templates.yaml` explains each field."""

    code: TemplateName
    name_zh: Heading
    payment: PaymentFile
    returned: ReturnFile


def load_templates(text: str) -> dict[str, Template]:
    """The templates of a YAML text by code. Raises `ValueError` (of pydantic) naming what is wrong."""
    found = TypeAdapter(list[Template]).validate_python(yaml.safe_load(text), strict=False)
    _refuse_twice("a template", [template.code for template in found])
    return {template.code: template for template in found}


@cache
def templates() -> dict[str, Template]:
    """The shipped templates by code."""
    return load_templates(resources.files(__package__).joinpath("bank_templates.yaml").read_text(encoding="utf-8"))
