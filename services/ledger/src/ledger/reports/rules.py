"""Pure arithmetic of the reports, in integers only.

Sums per basis, parents with their descendants, running balances, execution rates, days below zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from ledger.accounts.chart import BASES
from ledger.journal.drafts import Basis


@dataclass(frozen=True, slots=True)
class Turnover:
    """Cumulative turnover of one account of one fund, in fen; red entries have lowered it."""

    fund: str
    account: str
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One line of the trial balance."""

    fund: str
    account: str
    basis: Basis
    name_zh: str
    name_en: str
    debit_fen: int
    credit_fen: int

    @property
    def balance_fen(self) -> int:
        """Debit minus credit."""
        return self.debit_fen - self.credit_fen


@dataclass(frozen=True, slots=True)
class TrialTotal:
    """Debit and credit of one basis of one fund: equal, or the books are broken."""

    fund: str
    basis: Basis
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class FundNode:
    """A fund's place in the tree and its names; ``position`` orders the list."""

    code: str
    parent: str | None
    position: int
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class ControlFigures:
    """The four budget indicators of one fund and year, in fen, as positive amounts.

    allotted = available + encumbered + expended.
    """

    allotted_fen: int = 0
    encumbered_fen: int = 0
    expended_fen: int = 0
    available_fen: int = 0

    def __add__(self, other: "ControlFigures") -> "ControlFigures":
        """Return the sum of two funds' figures."""
        return ControlFigures(
            self.allotted_fen + other.allotted_fen,
            self.encumbered_fen + other.encumbered_fen,
            self.expended_fen + other.expended_fen,
            self.available_fen + other.available_fen,
        )


def trial_totals(lines: Iterable[TrialLine]) -> list[TrialTotal]:
    """Return sums per fund and basis, in the order the lines have."""
    sums: dict[tuple[str, Basis], list[int]] = defaultdict(lambda: [0, 0])
    for line in lines:
        pair = sums[line.fund, line.basis]
        pair[0] += line.debit_fen
        pair[1] += line.credit_fen
    return [TrialTotal(fund, basis, debit, credit) for (fund, basis), (debit, credit) in sums.items()]


def fund_order(funds: Sequence[FundNode]) -> dict[str, tuple[int, str]]:
    """Return the place of every fund in lists: top funds by position, each followed by the funds below it, by code."""
    by_code = {fund.code: fund for fund in funds}

    def top(fund: FundNode) -> FundNode:
        while fund.parent is not None:
            fund = by_code[fund.parent]
        return fund

    return {fund.code: (top(fund).position, fund.code) for fund in funds}


def trial_order(line: TrialLine, funds: Mapping[str, tuple[int, str]]) -> tuple[int, str, int, str]:
    """Return a line's place: funds in their order, then financial, budgetary, control, then account codes."""
    return (*funds[line.fund], BASES.index(line.basis), line.account)


def with_descendants(funds: Sequence[FundNode], own: Mapping[str, ControlFigures]) -> dict[str, ControlFigures]:
    """Return what each fund shows: its own figures plus those of every fund below it."""
    shown = {fund.code: ControlFigures() for fund in funds}
    parents = {fund.code: fund.parent for fund in funds}
    for code, figures in own.items():
        above: str | None = code
        while above is not None:
            shown[above] += figures
            above = parents[above]
    return shown


def execution_rate_basis_points(expended_fen: int, allotted_fen: int) -> int | None:
    """Expended as basis points (1/100 %) of allotted, rounded half up; nothing where nothing was allotted."""
    if allotted_fen == 0:
        return None
    return (expended_fen * 20_000 + allotted_fen) // (2 * allotted_fen)


def percent_text(basis_points: int | None) -> str | None:
    """Basis points as a percentage with two decimals: ``4468`` is ``44.68%``."""
    return None if basis_points is None else f"{basis_points // 100}.{basis_points % 100:02d}%"


def running_balances(opening_fen: int, movements: Iterable[int]) -> list[int]:
    """Return the balance after each movement (debit minus credit), starting from the opening balance."""
    balances = []
    balance_fen = opening_fen
    for movement_fen in movements:
        balance_fen += movement_fen
        balances.append(balance_fen)
    return balances


@dataclass(frozen=True, slots=True)
class Movement:
    """What one entry moved on one balance, in fen; positive on the account's normal side."""

    seq: int
    effective_on: date
    fen: int


@dataclass(frozen=True, slots=True)
class NegativeStretch:
    """Days in a row, first and last included, at whose end a balance stands below zero, and the entries that made it so."""

    first_day: date
    last_day: date
    lowest_fen: int
    lowest_on: date
    """The first day on which it stands so low."""
    made_by: tuple[int, ...]
    """Their seqs: for each of the days, the entry that took it below zero for good."""


def negative_stretches(movements: Sequence[Movement]) -> list[NegativeStretch]:
    """Return every stretch of days at whose end one balance stands below zero, oldest first.

    ``movements`` are all of the balance's, in the order of posting; in that order it never falls below zero, so that it is only
    by their dates that a day can show it there, and the last day never does.
    """
    by_day: dict[date, int] = defaultdict(int)
    for one in movements:
        by_day[one.effective_on] += one.fen
    days = sorted(by_day)
    balances = running_balances(0, [by_day[day] for day in days])
    stretches: list[NegativeStretch] = []
    for (day, following), balance_fen in zip(pairwise(days), balances, strict=False):
        if balance_fen < 0:
            made_by = _made_by(movements, day, balance_fen)
            stretch = NegativeStretch(day, following - timedelta(days=1), balance_fen, day, (made_by,))
            if stretches and stretches[-1].last_day == day - timedelta(days=1):
                stretch = _joined(stretches.pop(), stretch)
            stretches.append(stretch)
    return stretches


def _made_by(movements: Sequence[Movement], day: date, balance_fen: int) -> int:
    """Return the entry that took a day's balance below zero for good: the last before which it was not."""
    for one in reversed(movements):
        if one.effective_on <= day:
            balance_fen -= one.fen
            if balance_fen >= 0:
                return one.seq
    raise ValueError(day)


def _joined(earlier: NegativeStretch, later: NegativeStretch) -> NegativeStretch:
    lowest = min(earlier, later, key=lambda one: one.lowest_fen)
    return NegativeStretch(
        earlier.first_day,
        later.last_day,
        lowest.lowest_fen,
        lowest.lowest_on,
        tuple(sorted({*earlier.made_by, *later.made_by})),
    )
