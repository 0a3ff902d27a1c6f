"""Months close in order and reopen from the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tests.support.whole_model import chance as st
from tests.support.whole_model.book import FIRST_MONTH, OK, Book
from tests.support.whole_model.operation import Ids, Operation, Request, Terms

MONTHS = ("2021-11", "2021-12", "2022-01", "2022-02")


def months_of(book: Book) -> dict[str, str]:
    """The months the sequences speak of, and the adjusting periods that have an entry, oldest first."""
    return {code: book.periods.get(code, "open") for code in sorted({*MONTHS, *book.periods})}


def waiting_in(book: Book, first: str, last: str, *, besides: frozenset[str] = frozenset()) -> bool:
    """Whether a proposal dated in these periods waits, of kinds that matter."""
    return any(
        one.status == "waiting" and first <= one.period <= last and one.kind not in besides for one in book.proposals
    )


def _year_that_must_be_closed(period: str) -> int | None:
    """The year into which nothing could post once the period is closed; the books begin in November."""
    if period.endswith("-13"):
        return int(period[:4])
    return int(period[:4]) - 1 if period.endswith("-01") and f"{int(period[:4]) - 1}-12" >= FIRST_MONTH else None


@dataclass(frozen=True, kw_only=True)
class MonthMove(Operation):
    """A month closes or reopens. ``month`` None means the next one that could be, so that sequences get somewhere."""

    month: str | None

    def _month(self, book: Book) -> str:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Close(MonthMove):
    """A month closes once every one before it is closed."""

    name: ClassVar[str] = "close"

    def _month(self, book: Book) -> str:
        if self.month is not None:
            return self.month
        return next((code for code, status in months_of(book).items() if status == "open"), MONTHS[-1])

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        return Request(f"/periods/{self._month(book)}/close", {}, "li", self.terms.dry)

    def apply(self, book: Book) -> str:
        month, months = self._month(book), months_of(book)
        if month < FIRST_MONTH:
            return "not_found"
        if book.periods.get(month) == "closed":
            return "period_closed"
        if month.endswith("-13") and month not in months:
            return "not_found"
        if next(code for code in (*months, month) if months.get(code, "open") == "open") != month:
            return "out_of_order"
        ended = _year_that_must_be_closed(month)
        if waiting_in(book, month, month) or (ended is not None and book.results_left(ended)):
            return "checklist_failed"
        book.periods[month] = "closed"
        book.records += 1
        return OK


@dataclass(frozen=True, kw_only=True)
class Reopen(MonthMove):
    """The latest closed month opens again."""

    name: ClassVar[str] = "reopen"

    def _month(self, book: Book) -> str:
        closed = [code for code, status in months_of(book).items() if status == "closed"]
        return self.month or (closed[-1] if closed else MONTHS[0])

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        body = {"reason": "误", "authority": "文"}
        return Request(f"/periods/{self._month(book)}/reopen", body, "li", self.terms.dry)

    def apply(self, book: Book) -> str:
        month = self._month(book)
        if month < FIRST_MONTH:
            return "not_found"
        if month.endswith("-13") and month not in book.periods:
            return "not_found"
        closed = [code for code, status in months_of(book).items() if status == "closed"]
        if not closed or closed[-1] != month:
            return "out_of_order"
        if f"{month[:4]}-13" in book.periods and month.endswith("-12"):
            return "adjusting_period_begun"
        book.periods[month] = "open"
        book.records += 1
        return OK


_MONTH = st.sampled_from((None, None, None, None, None, None, *MONTHS, "2021-13", "2021-10"))
_DRY = st.sampled_from((Terms(), Terms(), Terms(), Terms(), Terms(), Terms(dry=True)))
STRATEGIES: dict[str, st.Chance[Any]] = {
    "close": st.builds(Close, month=_MONTH, terms=_DRY),
    "reopen": st.builds(Reopen, month=_MONTH, terms=_DRY),
}
