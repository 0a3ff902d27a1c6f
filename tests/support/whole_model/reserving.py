"""The life of an encumbrance: reserving, paying in parts, the bank's returns, releasing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

from tests.support.whole_model import chance as st
from tests.support.whole_model.asked_of_all import refused_for_its_date
from tests.support.whole_model.book import Book, Draft, Encumbrance, Line, People, When
from tests.support.whole_model.money import bear
from tests.support.whole_model.operation import (
    FEN,
    FUNDS_DRAWN,
    PICK,
    PURPOSES_DRAWN,
    SOURCE_OR_NONE,
    TERMS,
    WHENS,
    YEARS,
    Ids,
    Posting,
    Request,
    credit,
    dated,
    debit,
    one_of,
    same,
)

FAR = "2160-01-01T00:00:00Z"
PAST = "2020-01-01T00:00:00Z"
SOON = "2026, soon"
"""An expiry that passes right after the call; the driver waits for it."""
_A_MOMENT = timedelta(milliseconds=500)


@dataclass(frozen=True, kw_only=True)
class Encumber(Posting):
    """Budget is reserved."""

    name: ClassVar[str] = "encumber"
    fund: str
    fen: int
    year: int
    when: When
    expires_at: str | None = None
    purpose: str = ""

    def subject(self, book: Book) -> tuple[str, int]:
        del book
        return self.fund, self.year

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        body = {"fund": self.fund, "amount_fen": self.fen, "fiscal_year": self.year, "purpose": "用途"}
        body |= dated(self.when) | self.terms.said(book)
        soon = (datetime.now(UTC) + _A_MOMENT).isoformat() if self.expires_at == SOON else self.expires_at
        said = {"expires_at": soon, "purpose_code": self.purpose or None}
        body |= {name: value for name, value in said.items() if value is not None}
        return Request("/encumbrances", body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        if self.fund not in book.funds:
            return "not_found"
        if self.year > self.when.year or self.expires_at == PAST:
            return "invalid_request"
        if problem := refused_for_its_date(book, self.when) or ("same_person" if people.same else None):
            return problem
        if -book.balance(self.fund, "available", self.year, purpose=self.purpose) < self.fen:
            return "insufficient_funds"
        lines = [
            debit(self.fund, "available", self.fen, year=self.year, purpose=self.purpose),
            _encumbered(self.fund, "credit", self.fen, self.year, self.purpose, len(book.encumbrances)),
        ]
        new = Encumbrance(self.fund, self.year, self.purpose, self.when.on, self.fen, expires_at=self.expires_at)
        new.expired = self.expires_at == SOON
        return Draft("encumber", self.when, lines, people, after=lambda b, _: b.encumbrances.append(replace(new)))

    def kept(self) -> Self:
        return replace(super().kept(), expires_at=PAST if self.expires_at == SOON else self.expires_at)

    @property
    def pause(self) -> float:
        return _A_MOMENT.total_seconds() if self.expires_at == SOON else 0

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        super().check(book, answer)
        # It is told before its time is over.
        shown = replace(book.encumbrances[-1], expired=False)
        assert_shown(shown, answer)

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        super().learn(ids, answer, book)
        if len(ids.encumbrances) < len(book.encumbrances):
            ids.encumbrances.append(str(answer["id"]))


def _encumbered(fund: str, side: str, fen: int, year: int, purpose: str, number: int) -> Line:
    return Line(fund, "encumbered", side, fen, "", year, purpose, number)


def assert_shown(found: Encumbrance, answer: Mapping[str, Any]) -> None:
    """Hold an encumbrance of an answer against the model's."""
    shown = {
        "fund": found.fund,
        "fiscal_year": found.year,
        "status": found.status,
        "purpose_code": found.purpose or None,
        "opened_on": found.on,
        "amount_fen": found.amount,
        "liquidated_fen": found.liquidated - found.returned,
        "returned_fen": found.returned,
        "payable_fen": found.payable,
        "released_fen": found.released,
        "remaining_fen": found.remaining,
    }
    # The answer of a new encumbrance has its fund's figures under the fund's name.
    fund = answer["fund"] if isinstance(answer["fund"], str) else answer["fund"]["code"]
    same({name: answer[name] for name in shown} | {"fund": fund}, shown)


@dataclass(frozen=True, kw_only=True)
class OnEncumbrance(Posting):
    """An operation on an encumbrance."""

    pick: int
    when: When

    def bind(self, book: Book) -> Self | None:
        number = one_of(book.encumbrances, self.pick)
        return None if number is None else replace(self, pick=number)

    def subject(self, book: Book) -> tuple[str, int]:
        found = book.encumbrances[self.pick]
        return found.fund, found.year

    def lines_of(self, found: Encumbrance, side: str, fen: int) -> Line:
        """The line on encumbered."""
        return _encumbered(found.fund, side, fen, found.year, found.purpose, self.pick)

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        super().check(book, answer)
        assert_shown(book.encumbrances[self.pick], answer["encumbrance"])


@dataclass(frozen=True, kw_only=True)
class Liquidate(OnEncumbrance):
    """A part or all of an encumbrance is paid; what the bank gave back before is paid first."""

    name: ClassVar[str] = "liquidate"
    fen: int
    source: str | None

    def request(self, book: Book, ids: Ids) -> Request:
        body = {"amount_fen": self.fen, "payee_ref": "p"} | dated(self.when) | self.terms.said(book)
        body |= {"source": self.source} if self.source else {}
        path = f"/encumbrances/{ids.encumbrances[self.pick]}/liquidations"
        return Request(path, body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:  # noqa: PLR0911 - one for each refusal
        found = book.encumbrances[self.pick]
        if problem := refused_for_its_date(book, self.when) or ("same_person" if people.same else None):
            return problem
        if found.held_by is not None:
            return "encumbrance_held"
        if found.status != "open":
            return "encumbrance_not_open"
        if self.when.on < found.on:
            return "out_of_order"
        if self.fen > found.remaining:
            return "amount_exceeds_remaining"
        paid = bear(book, found.fund, self.fen, self.source)
        if paid is None:
            return "insufficient_funds"
        return Draft("liquidation", self.when, self._lines(found, paid), people, after=self._paid)

    def _lines(self, found: Encumbrance, paid: list[tuple[str, int]]) -> list[Line]:
        again = min(found.payable, self.fen)
        lines = [
            Line(found.fund, "2303", "debit", again, encumbrance=self.pick),
            debit(found.fund, "5001", self.fen - again),
            *(credit(found.fund, "1002", fen, name) for name, fen in paid),
            *(debit(found.fund, "7101", fen, name) for name, fen in paid),
            credit(found.fund, "8001", self.fen),
            self.lines_of(found, "debit", self.fen),
            *(credit(found.fund, "expended", fen, name, found.year, found.purpose) for name, fen in paid),
        ]
        return [line for line in lines if line.fen]

    def _paid(self, book: Book, number: int) -> None:
        found = book.encumbrances[self.pick]
        found.payable -= min(found.payable, self.fen)
        found.liquidated += self.fen
        found.payments.append(number)


@dataclass(frozen=True, kw_only=True)
class Return(OnEncumbrance):
    """The bank gave a whole liquidation back."""

    name: ClassVar[str] = "return"
    part: int

    def bind(self, book: Book) -> Self | None:
        paid = [number for number, one in enumerate(book.encumbrances) if one.payments]
        place = one_of(paid, self.pick)
        if place is None:
            return None
        payments = book.encumbrances[paid[place]].payments
        return replace(self, pick=paid[place], part=payments[self.part % len(payments)])

    def request(self, book: Book, ids: Ids) -> Request:
        path = f"/encumbrances/{ids.encumbrances[self.pick]}/liquidations/{ids.entries[self.part]}/return"
        return Request(
            path, {"reason": "退"} | dated(self.when) | self.terms.said(book), self.terms.who, self.terms.dry
        )

    def plan(self, book: Book, people: People) -> Draft | str:
        found, payment = book.encumbrances[self.pick], book.entries[self.part]
        if problem := refused_for_its_date(book, self.when) or ("same_person" if people.same else None):
            return problem
        if payment.undone_by is not None:
            return "already_reversed"
        if self.when.on < payment.draft.when.on:
            return "out_of_order"
        paid = [(line.source, line.fen) for line in payment.draft.lines if line.account == "1002"]
        fen = sum(part for _, part in paid)
        this_year = payment.draft.when.year == self.when.year
        lines = [
            *(debit(found.fund, "1002", part, name) for name, part in paid),
            Line(found.fund, "2303", "credit", fen, encumbrance=self.pick),
            debit(found.fund, "8001", fen),
            *(credit(found.fund, "7101", part, name) for name, part in paid if this_year),
            *([] if this_year else [credit(found.fund, "8101", fen)]),
            *(debit(found.fund, "expended", part, name, found.year, found.purpose) for name, part in paid),
            self.lines_of(found, "credit", fen),
        ]

        def after(book: Book, _number: int) -> None:
            book.encumbrances[self.pick].returned += fen
            book.encumbrances[self.pick].payable += fen

        return Draft("return", self.when, lines, people, undoes=self.part, after=after)


@dataclass(frozen=True, kw_only=True)
class Release(OnEncumbrance):
    """What is left goes back to available; what the bank gave back will be paid to nobody."""

    name: ClassVar[str] = "release"

    def request(self, book: Book, ids: Ids) -> Request:
        path = f"/encumbrances/{ids.encumbrances[self.pick]}/release"
        return Request(path, dated(self.when) | self.terms.said(book), self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        found = book.encumbrances[self.pick]
        if problem := refused_for_its_date(book, self.when) or ("same_person" if people.same else None):
            return problem
        if found.held_by is not None:
            return "encumbrance_held"
        if not found.remaining:
            return "encumbrance_not_open"
        if self.when.on < found.on:
            return "out_of_order"
        lines = [
            Line(found.fund, "2303", "debit", found.payable, encumbrance=self.pick),
            credit(found.fund, "5001", found.payable),
            self.lines_of(found, "debit", found.remaining),
            credit(found.fund, "available", found.remaining, year=found.year, purpose=found.purpose),
        ]
        return Draft("release", self.when, [line for line in lines if line.fen], people, after=self._released)

    def _released(self, book: Book, _number: int) -> None:
        found = book.encumbrances[self.pick]
        found.released += found.remaining
        found.payable = 0


STRATEGIES: dict[str, st.Chance[Any]] = {
    "encumber": st.builds(
        Encumber,
        fund=FUNDS_DRAWN,
        fen=FEN,
        year=YEARS,
        when=WHENS,
        purpose=PURPOSES_DRAWN,
        expires_at=st.sampled_from((None, None, None, None, None, FAR, PAST)),
        terms=TERMS,
    ),
    "liquidate": st.builds(Liquidate, pick=PICK, when=WHENS, fen=FEN, source=SOURCE_OR_NONE, terms=TERMS),
    "return": st.builds(Return, pick=PICK, when=WHENS, part=PICK, terms=TERMS),
    "release": st.builds(Release, pick=PICK, when=WHENS, terms=TERMS),
}
