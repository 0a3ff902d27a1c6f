"""Pure arithmetic of the statements, in integers of fen: ranges of days, openings and closings, directions, months.

Opening balances taken over from the old system stand in entries of their own kind. In a range that contains such an entry it counts as
opening balance and not as turnover 发生额, as the books of a county have it: nothing was received or paid that day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from common.errors import Problem
from common.validation import invalid_field
from ledger.accounts.chart import BASES
from ledger.journal.drafts import Basis
from ledger.reports.rules import FundNode

Direction = Literal["debit", "credit", "even"]
"""On which side a balance stands: 借, 贷, or 平 (nothing)."""


@dataclass(frozen=True, slots=True)
class RangeQuestion:
    """Which days are asked for: from one to another, a fiscal year, or a month ``YYYY-MM``; never two of these."""

    first_day: date | None = None
    last_day: date | None = None
    fiscal_year: int | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a range, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Moved:
    """Turnover of what ``key`` says (a fund and an account, perhaps a source …), in fen; red entries have lowered it."""

    key: tuple[str, ...]
    debit_fen: int
    credit_fen: int

    @property
    def net_fen(self) -> int:
        """Debit minus credit."""
        return self.debit_fen - self.credit_fen


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What an opening entry of a day put onto ``key``."""

    moved: Moved
    effective_on: date


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a fund, with the names of both."""

    fund: str
    code: str
    basis: Basis
    name_zh: str
    name_en: str
    fund_name_zh: str
    fund_name_en: str


@dataclass(frozen=True, slots=True)
class AccountLine:
    """Opening balance (debit minus credit), turnover and closing balance of one account of one fund over a range."""

    account: Account
    opening_fen: int
    debit_fen: int
    credit_fen: int

    @property
    def closing_fen(self) -> int:
        """Opening plus turnover, debit minus credit."""
        return self.opening_fen + self.debit_fen - self.credit_fen

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands or moved on it."""
        return not (self.opening_fen or self.debit_fen or self.credit_fen)


@dataclass(frozen=True, slots=True)
class MonthSums:
    """An account's month: its turnover 本月合计, the year's so far 本年累计, and the balance at its end."""

    month: str
    debit_fen: int
    credit_fen: int
    year_debit_fen: int
    year_credit_fen: int
    balance_fen: int


def span_of(question: RangeQuestion, book_begins: date, today: date) -> Span:
    """Return the days asked for; by default from the book's first day to today. A year or month that runs ends today.

    Raises ``invalid_request``: ``conflicting_range``, ``in_the_future``, ``before_from``.
    """
    ranged = question.first_day is not None or question.last_day is not None
    if (question.fiscal_year is not None) + (question.period is not None) + ranged > 1:
        named = "fiscal_year" if question.fiscal_year is not None else "period"
        raise invalid_field(
            named,
            "conflicting_range",
            "起止日期、会计年度、会计月份只能选择一种。",
            "Say days, a fiscal year or a month: one of them.",
        )
    if question.fiscal_year is not None:
        return _running("fiscal_year", year_of(question.fiscal_year), today)
    if question.period is not None:
        return _running("period", _month(question.period), today)
    first = question.first_day or book_begins
    if question.first_day is not None and first > today:
        raise future("from")
    last = question.last_day or max(today, first)
    if last < first:
        raise invalid_field("to", "before_from", "截止日期早于起始日期。", "Ends before it begins.")
    return Span(first, last)


def year_of(year: int) -> Span:
    """Return the days of a fiscal year."""
    return Span(date(year, 1, 1), date(year, 12, 31))


def _month(code: str) -> Span:
    first = date.fromisoformat(f"{code}-01")
    beyond = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return Span(first, date.fromordinal(beyond.toordinal() - 1))


def _running(field: str, span: Span, today: date) -> Span:
    if span.first > today:
        raise future(field)
    return Span(span.first, min(span.last, today))


def day_or_today(field: str, day: date | None, today: date) -> date:
    """Return the day asked for, or today. Raises ``invalid_request`` for a later one."""
    if day is not None and day > today:
        raise future(field)
    return day or today


def future(field: str) -> Problem:
    """Return the refusal of a day after today."""
    return invalid_field(field, "in_the_future", "日期不得晚于今天。", "The date must not be after today.")


def taken_over_within(taken: Iterable[TakenOver], span: Span) -> dict[tuple[str, ...], Moved]:
    """Return what opening entries within a range put onto each key."""
    found: dict[tuple[str, ...], Moved] = {}
    for one in taken:
        if span.first <= one.effective_on <= span.last:
            found[one.moved.key] = plus(found.get(one.moved.key), one.moved)
    return found


def plus(one: Moved | None, other: Moved) -> Moved:
    """Return two turnovers of one key together."""
    if one is None:
        return other
    return replace(one, debit_fen=one.debit_fen + other.debit_fen, credit_fen=one.credit_fen + other.credit_fen)


@dataclass(frozen=True, slots=True)
class Movement:
    """What stood on a key when a range began, and what moved in it, opening entries counted as standing."""

    key: tuple[str, ...]
    opening_fen: int
    debit_fen: int
    credit_fen: int

    @property
    def closing_fen(self) -> int:
        """Opening plus turnover, debit minus credit."""
        return self.opening_fen + self.debit_fen - self.credit_fen


def movements(
    before: Iterable[Moved], until: Iterable[Moved], taken: Mapping[tuple[str, ...], Moved]
) -> list[Movement]:
    """Return each key's movement between two cuts of its cumulative turnover, ``taken`` moved from turnover to opening."""
    earlier = {one.key: one for one in before}
    found = []
    for one in until:
        start = earlier.get(one.key) or Moved(one.key, 0, 0)
        over = taken.get(one.key) or Moved(one.key, 0, 0)
        found.append(
            Movement(
                one.key,
                start.net_fen + over.net_fen,
                one.debit_fen - start.debit_fen - over.debit_fen,
                one.credit_fen - start.credit_fen - over.credit_fen,
            )
        )
    return found


def account_lines(
    moved: Iterable[Movement], accounts: Mapping[tuple[str, str], Account], order: Mapping[str, tuple[int, str]]
) -> list[AccountLine]:
    """Return the lines of accounts on which something stands or moved: funds in order, then by basis and code."""
    lines = [
        AccountLine(accounts[one.key[0], one.key[1]], one.opening_fen, one.debit_fen, one.credit_fen) for one in moved
    ]
    return sorted(
        (line for line in lines if not line.is_blank),
        key=lambda line: (*order[line.account.fund], BASES.index(line.account.basis), line.account.code),
    )


def rolled_up(moved: Iterable[Movement], funds: Sequence[FundNode]) -> list[Movement]:
    """Return movements by fund and account in which every fund contains those below it."""
    parents = {fund.code: fund.parent for fund in funds}
    sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in moved:
        above: str | None = one.key[0]
        while above is not None:
            total = sums[above, *one.key[1:]]
            for place, fen in enumerate((one.opening_fen, one.debit_fen, one.credit_fen)):
                total[place] += fen
            above = parents[above]
    return [Movement(key, *total) for key, total in sums.items()]


def subtree(funds: Iterable[FundNode], fund: str | None) -> list[FundNode]:
    """Return a fund and those below it, or all funds."""
    return [one for one in funds if fund is None or one.code == fund or one.code.startswith(f"{fund}.")]


def direction(balance_fen: int) -> Direction:
    """Tell on which side a balance (debit minus credit) stands."""
    return "even" if balance_fen == 0 else ("debit" if balance_fen > 0 else "credit")


def sides(balance_fen: int) -> tuple[int, int]:
    """Return a balance as the two columns of a 科目余额表: what stands on the debit and what on the credit side."""
    return max(balance_fen, 0), max(-balance_fen, 0)


def month_sums(
    opening_fen: int, months: Iterable[tuple[str, int, int]], before: Mapping[str, tuple[int, int]]
) -> list[MonthSums]:
    """Return the sums of months (code, debit, credit) in order, with the year's so far and running balances.

    ``before`` is each year's turnover ahead of the first month shown, so that 本年累计 counts from January.
    """
    found: list[MonthSums] = []
    balance_fen = opening_fen
    year, so_far = "", (0, 0)
    for month, debit_fen, credit_fen in months:
        if month[:4] != year:
            year = month[:4]
            so_far = before.get(year, (0, 0))
        so_far = (so_far[0] + debit_fen, so_far[1] + credit_fen)
        balance_fen += debit_fen - credit_fen
        found.append(MonthSums(month, debit_fen, credit_fen, *so_far, balance_fen))
    return found
