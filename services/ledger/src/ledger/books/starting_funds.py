"""The seven funds every new book starts with, as data (``funds/seven_funds.yaml``). Pure: no SQL, no HTTP."""

from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict


class StartingFund(BaseModel):
    """One of the seven funds: its code, its category and its names."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: str
    category: str
    name_zh: str
    name_en: str


class StartingFunds(BaseModel):
    """The seven funds in order, and the order in which a payment without a named source draws on their sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source_order: tuple[str, ...]
    funds: tuple[StartingFund, ...]


@cache
def starting_funds() -> StartingFunds:
    """Return what ``funds/seven_funds.yaml`` says. Raises ``ValueError`` if a code stands twice."""
    text = resources.files("ledger.funds").joinpath("seven_funds.yaml").read_text(encoding="utf-8")
    table = StartingFunds.model_validate(yaml.safe_load(text))
    if len({fund.code for fund in table.funds}) != len(table.funds):
        message = "seven_funds.yaml lists a fund code twice"
        raise ValueError(message)
    return table
