"""The end of a year: its results are closed, its budget lapses or is carried, by rules of the book, in the adjusting period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from tests.support.whole_model import chance as st
from tests.support.whole_model.book import (
    FIRST_MONTH,
    LAST_MONTH,
    NOTHING,
    OK,
    PROPOSED,
    Book,
    Draft,
    Line,
    People,
    When,
)
from tests.support.whole_model.months import months_of, waiting_in
from tests.support.whole_model.operation import (
    Ids,
    Operation,
    Posting,
    Request,
    Terms,
    credit,
    debit,
    submit,
    tried,
)

CLOSING = "year_end_closing"
STEPS = {"closing": (CLOSING,), "carry-forward": ("encumbrance_lapse", "carry_forward", "budget_lapse")}
OF_THE_YEAR_END = frozenset(step for steps in STEPS.values() for step in steps)
FISCAL = ("", "central", "province", "city", "county")
FREE = ("donation", "interest")
RESTRICTED = ("gift", "agency")
WAYS: tuple[tuple[dict[str, tuple[str, ...]], tuple[str, ...]], ...] = (
    (dict.fromkeys(("4001", "4603", "4604", "5001"), FISCAL + FREE + RESTRICTED), ("3301", "3302", "3001")),
    (dict.fromkeys(("6001", "7101"), FISCAL), ("8101",)),
    (dict.fromkeys(("6001", "6609", "7101"), RESTRICTED), ("8201",)),
    ({"6001": FREE, "6609": FREE + FISCAL, "7101": FREE}, ("8501", "8202")),
)
"""What is emptied for which sources, and the stations its result passes until it stays (docs/year-end.md)."""


def not_ready(book: Book, year: int, people: People) -> str | None:
    """Why the end of a year cannot be booked yet, or no more."""
    december, adjusting = f"{year}-12", f"{year}-13"
    if not FIRST_MONTH <= december <= LAST_MONTH:
        return "not_found"
    if people.same:
        return "same_person"
    months = months_of(book)
    if december not in months or any(status == "open" for code, status in months.items() if code <= december):
        return "out_of_order"
    if book.status_of(adjusting) != "open":
        return "period_closed"
    return "proposals_wait" if waiting_in(book, f"{year}-01", adjusting, besides=OF_THE_YEAR_END) else None


def _moving(fund: str, account: str, source: str, fen: int) -> list[Line]:
    """The line that moves a balance, debit minus credit, by so much; none for nothing."""
    if not fen:
        return []
    return [(debit if fen > 0 else credit)(fund, account, abs(fen), source)]


def closing_lines(book: Book, fund: str, year: int) -> list[Line]:
    """What empties the fund's results: each account, then each station on the way, then where it stays."""
    stood = book.at_the_end_of(year)
    lines: list[Line] = []
    for emptied, stations in WAYS:
        taken = [stood[fund, account, source] for account, sources in emptied.items() for source in sources]
        for account, sources in emptied.items():
            for source in sources:
                lines += _moving(fund, account, source, -stood[fund, account, source])
        lines += _moving(fund, stations[0], "", sum(fen for fen in taken if fen > 0))
        lines += _moving(fund, stations[0], "", sum(fen for fen in taken if fen < 0))
        result = sum(taken)
        for station, following in pairwise(stations):
            lines += [*_moving(fund, station, "", -result), *_moving(fund, following, "", result)]
    return lines


@dataclass(frozen=True, kw_only=True)
class YearEndStep(Posting):
    """One step of the year's end of one fund; as an operation of its own only once it was proposed."""

    name: ClassVar[str] = "year_end_step"
    step: str
    fund: str
    year: int

    def plan(self, book: Book, people: People) -> Draft | str:
        problem = not_ready(book, self.year, people)
        if problem is not None:
            return problem
        lines = self._lines(book)
        if not lines:
            return NOTHING
        when = When(f"{self.year}-12-31", f"{self.year}-13")
        return Draft(self.step, when, lines, people, voucher_type="转", after=self._after(book))

    def _lines(self, book: Book) -> list[Line]:
        if self.step == CLOSING:
            return closing_lines(book, self.fund, self.year)
        steps = {
            "encumbrance_lapse": self._encumbrance_lapse,
            "carry_forward": self._carry_forward,
            "budget_lapse": self._budget_lapse,
        }
        return steps[self.step](book)

    def shown(self, book: Book) -> None:
        del book

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        last = book.entries[-1]
        shown = (answer["seq"], answer["kind"], answer["fund"], answer["lines"])
        assert shown == (book.seq, self.step, self.fund, len(last.draft.lines)), answer

    def _standing(self, book: Book) -> dict[int, bool]:
        """The fund's encumbrances of the year with something left, and whether each is carried."""
        keeps = book.carry_rule(self.fund)[1] == "carry"
        return {
            number: keeps or one.held_by is not None or one.payable > 0
            for number, one in enumerate(book.encumbrances)
            if (one.fund, one.year) == (self.fund, self.year) and one.remaining
        }

    def _available(self, book: Book) -> dict[str, int]:
        return {
            purpose: -fen
            for (fund, account, year, _, purpose), fen in book.balances.items()
            if (fund, account, year) == (self.fund, "available", self.year) and fen < 0
        }

    def _encumbrance_lapse(self, book: Book) -> list[Line]:
        lines: list[Line] = []
        back: Counter[str] = Counter()
        for number, carried in self._standing(book).items():
            one = book.encumbrances[number]
            if not carried:
                lines.append(Line(self.fund, "encumbered", "debit", one.remaining, "", self.year, one.purpose, number))
                back[one.purpose] += one.remaining
        return lines + [credit(self.fund, "available", fen, "", self.year, purpose) for purpose, fen in back.items()]

    def _carry_forward(self, book: Book) -> list[Line]:
        lines: list[Line] = []
        over: Counter[str] = Counter()
        for number, carried in self._standing(book).items():
            one = book.encumbrances[number]
            if carried:
                for side, year in (("debit", self.year), ("credit", self.year + 1)):
                    lines.append(Line(self.fund, "encumbered", side, one.remaining, "", year, one.purpose, number))
                over[one.purpose] += one.remaining
        if book.carry_rule(self.fund)[0] == "carry":
            for purpose, fen in self._available(book).items():
                lines.append(debit(self.fund, "available", fen, "", self.year, purpose))
                lines.append(credit(self.fund, "available", fen, "", self.year + 1, purpose))
                over[purpose] += fen
        for purpose, fen in over.items():
            lines.append(credit(self.fund, "allotted", fen, "", self.year, purpose))
            lines.append(debit(self.fund, "allotted", fen, "", self.year + 1, purpose))
        return lines

    def _budget_lapse(self, book: Book) -> list[Line]:
        if book.carry_rule(self.fund)[0] == "carry":
            return []
        lines: list[Line] = []
        for purpose, fen in self._available(book).items():
            lines.append(debit(self.fund, "available", fen, "", self.year, purpose))
            lines.append(credit(self.fund, "allotted", fen, "", self.year, purpose))
        return lines

    def _after(self, book: Book) -> Callable[[Book, int], None]:
        standing = self._standing(book)

        def after(book: Book, _number: int) -> None:
            for number, carried in standing.items():
                if self.step == "encumbrance_lapse" and not carried:
                    book.encumbrances[number].released += book.encumbrances[number].remaining
                if self.step == "carry_forward" and carried:
                    book.encumbrances[number].year += 1

        return after


@dataclass(frozen=True, kw_only=True)
class YearEnd(Operation):
    """Every step of every fund in one transaction: all or nothing."""

    name: ClassVar[str] = "year_end"
    what: str
    year: int

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        return Request(f"/fiscal-years/{self.year}/{self.what}", self.terms.said(book), self.terms.who, self.terms.dry)

    def apply(self, book: Book) -> str:
        if self.terms.if_seq:
            return "precondition_failed"
        problem = not_ready(book, self.year, self.terms.people)
        if problem is not None:
            return problem
        outcomes = self._all(tried(book))
        refused = [outcome for outcome in outcomes if outcome not in {OK, PROPOSED, NOTHING}]
        if refused:
            return refused[0]
        self._all(book)
        return PROPOSED if PROPOSED in outcomes else OK if OK in outcomes else NOTHING

    def _all(self, book: Book) -> list[str]:
        steps = [(fund, step) for fund in list(book.funds) for step in STEPS[self.what]]
        return [
            submit(book, YearEndStep(step=step, fund=fund, year=self.year), self.terms.people) for fund, step in steps
        ]

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        ids.entries += [str(entry["id"]) for entry in answer["entries"]]
        ids.proposals += [str(proposal["id"]) for proposal in answer["proposals"]]


@dataclass(frozen=True, kw_only=True)
class SetCarryRules(Operation):
    """What becomes of each fund's budget from now on: of what is available, and of what is encumbered."""

    name: ClassVar[str] = "carry_rules"
    rules: tuple[tuple[str, str, str], ...]

    def request(self, book: Book, ids: Ids) -> Request:
        del book, ids
        rules = [{"fund": fund, "available": one, "encumbered": other} for fund, one, other in self.rules]
        return Request("/carry-forward-rules", {"rules": rules}, "li", self.terms.dry)

    def apply(self, book: Book) -> str:
        seen: set[str] = set()
        for fund, _, _ in self.rules:
            if fund in seen:
                return "duplicate_fund_in_rules"
            if fund not in {"*", *book.funds}:
                return "unknown_fund_in_rule"
            seen.add(fund)
        book.carry_rules = self.rules
        book.records += 1
        return OK


_TERMS = st.one_of(
    *(st.just(Terms()) for _ in range(6)),
    st.builds(Terms, dry=st.just(value=True)),
    st.builds(Terms, if_seq=st.sampled_from((0, 1))),
    st.builds(Terms, st.just("li"), reviewed_by=st.sampled_from(("li", "wang"))),
    st.builds(Terms, st.just("wang"), on_behalf_of=st.just("li"), reviewed_by=st.sampled_from(("wang", "zhao"))),
)
_TREATED = st.sampled_from(("lapse", "carry"))
STRATEGIES: dict[str, st.Chance[Any]] = {
    "year_end": st.builds(
        YearEnd,
        what=st.sampled_from(tuple(STEPS)),
        year=st.sampled_from((2021, 2021, 2021, 2021, 2021, 2021, 2022, 2020, 2030)),
        terms=_TERMS,
    ),
    "carry_rules": st.builds(
        SetCarryRules,
        rules=st.lists(
            st.tuples(st.sampled_from(("*", "health", "repair", "repair.c01")), _TREATED, _TREATED), max_size=3
        ),
        terms=st.sampled_from((Terms(), Terms(), Terms(), Terms(), Terms(dry=True))),
    ),
}
