"""A plain model of funds and encumbrances: dictionaries and integers, no postings, no templates.

Says of any sequence of operations what must come of it; the ledger is compared with it. Years are 2021 and 2022; an
operation happens ``early`` (2021-06-15) or late (2022-03-01).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import strategies as st

FUNDS = ("health", "repair")
SOURCES = ("central", "province", "city", "county", "donation", "interest")
EARLY, LATE = "2021-06-15", "2022-03-01"
OK = "ok"


@dataclass(frozen=True)
class Operation:
    """One step; ``target`` picks an encumbrance and ``part`` one of its liquidations, modulo how many there are."""

    name: Literal["receipt", "allotment", "payment", "encumber", "liquidate", "return", "release"]
    fund: str
    fen: int
    source: str | None
    year: int
    early: bool
    target: int
    part: int

    @property
    def on(self) -> str:
        """The business date."""
        return EARLY if self.early else LATE


# What happens often stands often: most steps are about an encumbrance, in its year, and name no source.
_NAMES = ["receipt", "allotment", "payment"] + ["encumber"] * 3 + ["liquidate"] * 6 + ["return"] * 4 + ["release"]
operations = st.builds(
    Operation,
    name=st.sampled_from(_NAMES),
    fund=st.sampled_from(FUNDS),
    fen=st.integers(min_value=1, max_value=30),
    source=st.sampled_from([None, None, None, None, None, None, *SOURCES]),
    year=st.sampled_from([2021, 2021, 2021, 2022]),
    early=st.sampled_from([True, True, True, False]),
    target=st.integers(min_value=0, max_value=5),
    part=st.integers(min_value=0, max_value=5),
)


@dataclass
class Liquidation:
    """One payment of an encumbrance: what each source gave, and whether the bank returned it."""

    paid: Counter[str]
    on: str
    returned: bool = False


@dataclass
class Encumbrance:
    """What one purpose has reserved, and its history."""

    fund: str
    year: int
    amount: int
    on: str
    remaining: int
    released: int = 0
    payable: int = 0
    liquidations: list[Liquidation] = field(default_factory=list)

    @property
    def status(self) -> str:
        """Where it stands."""
        if self.remaining:
            return "open"
        return "released" if self.released else "liquidated"


class FundModel:
    """Expected figures of a book after a sequence of operations."""

    def __init__(self) -> None:
        self.allotted: Counter[tuple[str, int]] = Counter()
        self.available: Counter[tuple[str, int]] = Counter()
        self.encumbered: Counter[tuple[str, int]] = Counter()
        self.expended: Counter[tuple[str, int, str]] = Counter()
        self.cash: Counter[tuple[str, str]] = Counter()
        self.expense: Counter[str] = Counter()
        self.encumbrances: list[Encumbrance] = []

    def apply(self, step: Operation) -> str:
        """Do a step if the rules allow it; say ``ok`` or the refusal's code. Steps without a target are ``skipped``."""
        return str(getattr(self, f"_{step.name}")(step))

    def expended_of(self, fund: str, year: int) -> int:
        """What a fund has spent of a year's budget, over all sources."""
        return sum(fen for (f, y, _), fen in self.expended.items() if (f, y) == (fund, year))

    def cash_of(self, fund: str) -> int:
        """A fund's money over all sources."""
        return sum(fen for (f, _), fen in self.cash.items() if f == fund)

    def target(self, step: Operation) -> int | None:
        """The number of the encumbrance a step is about."""
        return step.target % len(self.encumbrances) if self.encumbrances else None

    def part(self, step: Operation) -> int | None:
        """The number of the liquidation a return is about."""
        number = self.target(step)
        if number is None or not self.encumbrances[number].liquidations:
            return None
        return step.part % len(self.encumbrances[number].liquidations)

    def _receipt(self, step: Operation) -> str:
        self.cash[step.fund, step.source or "county"] += step.fen
        return OK

    def _allotment(self, step: Operation) -> str:
        self.allotted[step.fund, step.year] += step.fen
        self.available[step.fund, step.year] += step.fen
        return OK

    def _payment(self, step: Operation) -> str:
        if step.year > int(step.on[:4]):
            return "invalid_request"
        if self.available[step.fund, step.year] < step.fen:
            return "insufficient_funds"
        paid = self._taken(step.fund, step.fen, step.source)
        if paid is None:
            return "insufficient_funds"
        self.available[step.fund, step.year] -= step.fen
        self.expense[step.fund] += step.fen
        self._spend(step.fund, step.year, paid)
        return OK

    def _encumber(self, step: Operation) -> str:
        if step.year > int(step.on[:4]):
            return "invalid_request"
        if self.available[step.fund, step.year] < step.fen:
            return "insufficient_funds"
        self.available[step.fund, step.year] -= step.fen
        self.encumbered[step.fund, step.year] += step.fen
        self.encumbrances.append(Encumbrance(step.fund, step.year, step.fen, step.on, step.fen))
        return OK

    def _liquidate(self, step: Operation) -> str:
        number = self.target(step)
        if number is None:
            return "skipped"
        found = self.encumbrances[number]
        if found.status != "open":
            return "encumbrance_not_open"
        if step.on < found.on:
            return "out_of_order"
        if step.fen > found.remaining:
            return "amount_exceeds_remaining"
        paid = self._taken(found.fund, step.fen, step.source)
        if paid is None:
            return "insufficient_funds"
        found.remaining -= step.fen
        self.encumbered[found.fund, found.year] -= step.fen
        settled = min(found.payable, step.fen)
        found.payable -= settled
        self.expense[found.fund] += step.fen - settled
        self._spend(found.fund, found.year, paid)
        found.liquidations.append(Liquidation(paid, step.on))
        return OK

    def _return(self, step: Operation) -> str:
        number, part = self.target(step), self.part(step)
        if number is None or part is None:
            return "skipped"
        found = self.encumbrances[number]
        payment = found.liquidations[part]
        if payment.returned:
            return "already_reversed"
        if step.on < payment.on:
            return "out_of_order"
        payment.returned = True
        fen = payment.paid.total()
        found.remaining += fen
        found.payable += fen
        self.encumbered[found.fund, found.year] += fen
        for source, share in payment.paid.items():
            self.cash[found.fund, source] += share
            self.expended[found.fund, found.year, source] -= share
        return OK

    def _release(self, step: Operation) -> str:
        number = self.target(step)
        if number is None:
            return "skipped"
        found = self.encumbrances[number]
        if not found.remaining:
            return "encumbrance_not_open"
        if step.on < found.on:
            return "out_of_order"
        self.encumbered[found.fund, found.year] -= found.remaining
        self.available[found.fund, found.year] += found.remaining
        found.released += found.remaining
        self.expense[found.fund] -= found.payable
        found.remaining = found.payable = 0
        return OK

    def _taken(self, fund: str, fen: int, source: str | None) -> Counter[str] | None:
        taken: Counter[str] = Counter()
        for name in SOURCES if source is None else (source,):
            taken[name] = min(self.cash[fund, name], fen - taken.total())
        if taken.total() < fen:
            return None
        for name, share in taken.items():
            self.cash[fund, name] -= share
        return +taken

    def _spend(self, fund: str, year: int, paid: Counter[str]) -> None:
        for source, share in paid.items():
            self.expended[fund, year, source] += share
