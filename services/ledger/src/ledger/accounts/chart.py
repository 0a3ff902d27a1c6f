"""The chart of accounts as data: what every fund of every book starts with.

Owns the reading of ``chart.yaml`` and the types of an account's attributes. Pure: no SQL, no HTTP.
"""

from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from ledger.journal.drafts import Basis, Side

BASES: tuple[Basis, ...] = ("financial", "budgetary", "control")


class ChartAccount(BaseModel):
    """One account of the chart.

    ``guarded``: its balance may never stand against its normal side.
    ``source``: ``pub`` (published chart) or ``assumed`` (our own choice).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: str
    basis: Basis
    normal_side: Side
    guarded: bool
    name_zh: str
    name_en: str
    source: Literal["pub", "assumed"]


class _ChartFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: list[ChartAccount]


@cache
def chart_of_accounts() -> tuple[ChartAccount, ...]:
    """Every account of the chart, in the file's order.

    Raises ``ValueError`` if a code stands twice: a chart that contradicts itself must not start a book.
    """
    text = resources.files("ledger.accounts").joinpath("chart.yaml").read_text(encoding="utf-8")
    accounts = tuple(TypeAdapter(_ChartFile).validate_python(yaml.safe_load(text)).accounts)
    codes = [account.code for account in accounts]
    if len(set(codes)) != len(codes):
        message = "chart.yaml lists an account code twice"
        raise ValueError(message)
    return accounts


@cache
def chart_account(code: str) -> ChartAccount | None:
    """Return the chart's account with this code, or nothing."""
    return next((account for account in chart_of_accounts() if account.code == code), None)


def basis_told_by(code: str) -> Basis:
    """Return the basis an account code belongs to by its form: letters are control, 6 to 8 budgetary, all else financial.

    For codes that stand in no table, such as one somebody wrote into a posting past every check.
    """
    if code.isalpha():
        return "control"
    return "budgetary" if code[:1] in {"6", "7", "8"} else "financial"
