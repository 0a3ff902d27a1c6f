"""The closing table as data: reading ``closing.yaml``, and proving that it empties everything it must. Pure: no SQL, no HTTP."""

from collections import Counter
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from ledger.accounts.chart import chart_of_accounts
from ledger.journal.drafts import NO_SOURCE, SOURCES, TIED_SOURCES

Mark = Literal["published", "assumed"]
_RESULTS = ("4", "5", "6", "7")
"""First digits of the accounts that hold one year's results: revenue and expense on both bases."""


class Emptied(BaseModel):
    """Accounts emptied for the sources of some groups."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    accounts: list[str]
    groups: list[str]
    mark: Mark


class Closing(BaseModel):
    """One closing: what is emptied, what it passes through, where it stays."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    basis: Literal["financial", "budgetary"]
    emptied: list[Emptied] = Field(alias="from")
    through: list[str]
    to: str
    mark: Mark
    note: str | None = None


class ClosingTable(BaseModel):
    """Every closing of a year, in order."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    groups: dict[str, list[str]]
    closings: list[Closing]

    def taken(self, closing: Closing) -> list[tuple[str, str]]:
        """Return the (account, source) pairs a closing empties, in the table's order."""
        return [
            (account, source)
            for part in closing.emptied
            for account in part.accounts
            for group in part.groups
            for source in self.groups[group]
        ]

    def emptied_accounts(self) -> tuple[str, ...]:
        """Return every account that has no balance once a year is closed."""
        codes = [account for closing in self.closings for part in closing.emptied for account in part.accounts]
        return tuple(dict.fromkeys([*codes, *(code for closing in self.closings for code in closing.through)]))


@cache
def closing_table() -> ClosingTable:
    """Return the shipped table.

    Raises ``ValueError`` if it would leave something standing or take it twice: such a table must not close a year.
    """
    text = resources.files("ledger.year_end").joinpath("closing.yaml").read_text(encoding="utf-8")
    return proved(ClosingTable.model_validate(yaml.safe_load(text)))


def proved(table: ClosingTable) -> ClosingTable:
    """Return the table if it empties every revenue and expense account of the chart, for every source, exactly once."""
    basis_of = {account.code: account.basis for account in chart_of_accounts()}
    sources = {NO_SOURCE, *SOURCES, *TIED_SOURCES}
    grouped = Counter(source for group in table.groups.values() for source in group)
    if grouped != Counter(sources):
        raise ValueError("closing.yaml must put every source of money into exactly one group")
    taken = Counter(pair for closing in table.closings for pair in table.taken(closing))
    wanted = Counter((code, source) for code in basis_of if code[0] in _RESULTS for source in sources)
    if taken != wanted:
        raise ValueError(f"closing.yaml takes wrongly: {sorted(((taken - wanted) + (wanted - taken)).keys())}")
    passed = [code for closing in table.closings for code in closing.through]
    if len(set(passed)) != len(passed):
        raise ValueError("closing.yaml passes through an account twice")
    for closing in table.closings:
        codes = [*(code for part in closing.emptied for code in part.accounts), *closing.through, closing.to]
        if any(basis_of.get(code) != closing.basis for code in codes):
            raise ValueError(f"closing.yaml leaves its basis on the way to {closing.to}")
    return table
