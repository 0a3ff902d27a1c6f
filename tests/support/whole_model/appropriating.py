"""The budget: purposes and what may draw on them, versions by decision of an authority, and money and budget going over between funds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from tests.support.whole_model import chance as st
from tests.support.whole_model.asked_of_all import refused_for_its_date
from tests.support.whole_model.book import OK, Book, Draft, Item, Line, People, When
from tests.support.whole_model.money import bear
from tests.support.whole_model.operation import (
    FEN,
    FUNDS_DRAWN,
    PICK,
    PURPOSES,
    PURPOSES_DRAWN,
    SOURCE_OR_NONE,
    TERMS,
    WHENS,
    YEARS,
    Ids,
    Json,
    Operation,
    Posting,
    Request,
    Terms,
    credit,
    dated,
    debit,
    one_of,
    same,
)

DUE = "fund_due"


@dataclass(frozen=True, kw_only=True)
class SetPurpose(Operation):
    """A purpose under a fund, or its next version: which kinds of entry and sources may draw on it."""

    name: ClassVar[str] = "purpose"
    fund: str
    code: str
    kinds: frozenset[str]
    sources: frozenset[str]

    def request(self, book: Book, ids: Ids) -> Request:
        del book, ids
        body: Json = {"fund": self.fund, "code": self.code, "name_zh": "用途"}
        body |= {"kinds": sorted(self.kinds), "sources": sorted(self.sources)}
        return Request("/purposes", body, "li", self.terms.dry)

    def apply(self, book: Book) -> str:
        if self.fund not in book.funds:
            return "not_found"
        book.purposes[self.fund, self.code] = (self.kinds, self.sources)
        book.records += 1
        return OK


@dataclass(frozen=True, kw_only=True)
class Version(Posting):
    """A decision on a year's budget; ``changes`` are (fund, purpose, fen more or less)."""

    name: ClassVar[str] = "budget_version"
    what: str
    """``right`` is whichever kind is next: the original first, then amendments."""
    year: int
    changes: tuple[tuple[str, str, int], ...]
    when: When

    @property
    def counted_as(self) -> str:
        return "budget_move" if self.what == "moved" else self.name

    def bind(self, book: Book) -> Self:
        if self.what == "right":
            return replace(self, what="amended" if book.versions[self.year] else "original")
        return self

    def subject(self, book: Book) -> tuple[str, int]:
        del book
        return self.changes[0][0], self.year

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        lines = [
            {"fund": fund, "change_fen": fen} | ({"purpose_code": code} if code else {})
            for fund, code, fen in self.changes
        ]
        body: Json = {"fiscal_year": self.year, "kind": self.what, "authority": "县", "document": "文", "lines": lines}
        body |= {"decided_on": "2021-11-01"} | dated(self.when) | self.terms.said(book)
        return Request("/budget-versions", body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        problem = (
            self._badly_changed(book)
            or ("invalid_request" if self.year > self.when.year + 1 else None)
            or refused_for_its_date(book, self.when)
            or ("same_person" if people.same else None)
            or self._out_of_order(book)
        )
        if problem is not None:
            return problem
        for fund, code, fen in self.changes:
            if fen < 0 and -book.balance(fund, "available", self.year, purpose=code) < -fen:
                return "insufficient_funds"
        lines: list[Line] = []
        for fund, code, fen in self.changes:
            for account, side in zip(
                ("allotted", "available"), (debit, credit) if fen > 0 else (credit, debit), strict=True
            ):
                lines.append(side(fund, account, abs(fen), year=self.year, purpose=code))
        return Draft("budget_version", self.when, lines, people, after=self._decided)

    def _badly_changed(self, book: Book) -> str | None:
        seen: set[tuple[str, str]] = set()
        for fund, code, fen in self.changes:
            if fund not in book.funds or (code and book.purpose_for(fund, code) is None):
                return "not_found"
            if (fund, code) in seen or fen == 0:
                return "invalid_request"
            seen.add((fund, code))
        unequal = self.what == "moved" and sum(fen for _, _, fen in self.changes) != 0
        return "invalid_request" if unequal else None

    def _out_of_order(self, book: Book) -> str | None:
        return None if (self.what == "original") == (book.versions[self.year] == 0) else "out_of_order"

    def _decided(self, book: Book, _number: int) -> None:
        book.versions[self.year] += 1
        book.decided.append((self.year, book.versions[self.year], self.what, self.changes, self.when.on))
        book.records += 1

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        same((answer["version"], answer["seq"]), (book.versions[self.year], book.seq), self)

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        if "proposal" in answer:
            super().learn(ids, answer, book)
        else:
            ids.entries.append(str(answer["entry"]))


@dataclass(frozen=True, kw_only=True)
class Transfer(Posting):
    """Money and budget of one fund for another, in cash or owed; always with a second person."""

    name: ClassVar[str] = "transfer"
    fund: str
    to: str
    fen: int
    year: int
    in_cash: bool
    source: str | None
    purpose: str
    to_purpose: str
    when: When

    def subject(self, book: Book) -> tuple[str, int]:
        del book
        return self.fund, self.year

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        body: Json = {"from_fund": self.fund, "to_fund": self.to, "amount_fen": self.fen, "fiscal_year": self.year}
        body |= {"settled_by": "cash" if self.in_cash else "due", "authority": "县", "reason": "调剂"}
        said = {"source": self.source, "from_purpose_code": self.purpose, "to_purpose_code": self.to_purpose}
        body |= {name: value for name, value in said.items() if value} | dated(self.when) | self.terms.said(book)
        return Request("/fund-transfers", body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        problem = self._refused(book, people)
        if problem is not None:
            return problem
        parts: list[tuple[str, int]] | None = []
        if self.in_cash:
            parts = bear(book, self.fund, self.fen, self.source)
        if parts is None:
            return "insufficient_funds"
        give, take = {"year": self.year, "purpose": self.purpose}, {"year": self.year, "purpose": self.to_purpose}
        lines = [
            debit(self.fund, "300101", self.fen),
            credit(self.to, "300101", self.fen),
            *_moved(self.fund, self.to, parts),
        ]
        if not self.in_cash:
            lines.append(credit(self.fund, "230701", self.fen))
            lines.append(replace(debit(self.to, "121801", self.fen), item=len(book.items)))
        lines += [debit(self.fund, "available", self.fen, **give), credit(self.fund, "allotted", self.fen, **give)]  # type: ignore[arg-type]
        lines += [debit(self.to, "allotted", self.fen, **take), credit(self.to, "available", self.fen, **take)]  # type: ignore[arg-type]
        return Draft("fund_transfer", self.when, lines, people, wants_second=True, after=self._owed)

    def _refused(self, book: Book, people: People) -> str | None:
        if self.fund not in book.funds or self.to not in book.funds:
            return "not_found"
        if self.fund == self.to or (not self.in_cash and self.source) or self.year > self.when.year:
            return "invalid_request"
        problem = refused_for_its_date(book, self.when) or ("same_person" if people.same else None)
        short = -book.balance(self.fund, "available", self.year, purpose=self.purpose) < self.fen
        return problem or ("insufficient_funds" if short else None)

    def _owed(self, book: Book, _number: int) -> None:
        if not self.in_cash:
            new = Item(DUE, self.to, "121801", "debit", self.when.on, Counter({"": self.fen}), party=self.fund)
            book.items.append(new)

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        super().check(book, answer)
        extra: Json = {"fiscal_year": self.year, "as_of_seq": book.seq}
        same(answer["funds"], [extra | {"code": code} | book.figures(code, self.year) for code in (self.fund, self.to)])

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        super().learn(ids, answer, book)
        if answer.get("item") is not None:
            ids.items.append(str(answer["item"]))


def _moved(giver: str, taker: str, parts: list[tuple[str, int]]) -> list[Line]:
    """Cash goes from one fund's bank to another's, with its budgetary lines."""
    lines: list[Line] = []
    for source, fen in parts:
        lines += [credit(giver, "1002", fen, source), debit(taker, "1002", fen, source)]
    total = sum(fen for _, fen in parts)
    if total:
        lines += [debit(giver, "8101", total), credit(giver, "8001", total)]
        lines += [debit(taker, "8001", total), credit(taker, "8101", total)]
    return lines


@dataclass(frozen=True, kw_only=True)
class Settlement(Posting):
    """The cash of an earlier transfer follows, in part or whole."""

    name: ClassVar[str] = "settlement"
    pick: int
    fen: int
    source: str | None
    when: When

    def bind(self, book: Book) -> Self | None:
        fit = [number for number, one in enumerate(book.items) if one.kind == DUE or self.pick == 7]
        place = one_of(fit, self.pick)
        if place is None:
            return None
        # Mostly not before it was owed.
        early = self.pick < 6 and self.when.on < book.items[fit[place]].on
        when = When(book.items[fit[place]].on) if early else self.when
        return replace(self, pick=fit[place], when=when)

    def subject(self, book: Book) -> tuple[str, int]:
        return book.items[self.pick].party, self.when.year

    def request(self, book: Book, ids: Ids) -> Request:
        body: Json = {"item": ids.items[self.pick], "amount_fen": self.fen} | dated(self.when) | self.terms.said(book)
        body |= {"source": self.source} if self.source else {}
        return Request("/fund-transfers/settlements", body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        item = book.items[self.pick]
        if item.kind != DUE:
            return "not_found"
        problem = refused_for_its_date(book, self.when) or ("same_person" if people.same else None)
        if problem is not None:
            return problem
        if self.when.on < item.on:
            return "out_of_order"
        if self.fen > item.remaining_total:
            return "amount_exceeds_remaining"
        parts = bear(book, item.party, self.fen, self.source)
        if parts is None:
            return "insufficient_funds"
        lines = [
            debit(item.party, "230701", self.fen),
            replace(credit(item.fund, "121801", self.fen), item=self.pick),
            *_moved(item.party, item.fund, parts),
        ]
        return Draft("transfer_settlement", self.when, lines, people, after=self._settled)

    def _settled(self, book: Book, _number: int) -> None:
        book.items[self.pick].settled[""] += self.fen

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        super().check(book, answer)
        same(answer["owed_fen"], book.items[self.pick].remaining_total, self)


_DRY = st.sampled_from((Terms(), Terms(), Terms(), Terms(), Terms(), Terms(dry=True)))
_KINDS = ("payment", "liquidation", "student_aid", "project_stage", "clinic_subsidy", "restricted_gift_payment")
_CHANGE = st.tuples(
    st.sampled_from(("health", "health", "repair", "repair.c01", "industry")),
    st.sampled_from(("", "", *PURPOSES)),
    st.integers(-20, 40),
)
_TO = st.sampled_from(("industry", "repair", "repair.c01", "health", "insurance"))
STRATEGIES: dict[str, st.Chance[Any]] = {
    "purpose": st.builds(
        SetPurpose,
        fund=FUNDS_DRAWN,
        code=st.sampled_from(PURPOSES),
        kinds=st.frozensets(st.sampled_from(_KINDS), max_size=3),
        sources=st.frozensets(st.sampled_from(("central", "county", "donation")), max_size=2),
        terms=_DRY,
    ),
    "budget_version": st.builds(
        Version,
        what=st.sampled_from(("right", "right", "right", "right", "moved", "original")),
        year=st.sampled_from((2021, 2021, 2021, 2022, 2023)),
        changes=st.lists(_CHANGE, min_size=1, max_size=3),
        when=WHENS,
        terms=TERMS,
    ),
    "budget_move": st.builds(
        lambda fund, to, code, fen, when, terms: Version(
            what="moved", year=2021, changes=((fund, code, -fen), (to, "", fen)), when=when, terms=terms
        ),
        FUNDS_DRAWN,
        _TO,
        PURPOSES_DRAWN,
        FEN,
        WHENS,
        TERMS,
    ),
    "transfer": st.builds(
        lambda source, **drawn: Transfer(source=source if drawn["in_cash"] or drawn["fen"] > 35 else None, **drawn),
        fund=FUNDS_DRAWN,
        to=_TO,
        fen=FEN,
        year=YEARS,
        in_cash=st.booleans(),
        source=st.one_of(st.none(), SOURCE_OR_NONE),
        purpose=PURPOSES_DRAWN,
        to_purpose=PURPOSES_DRAWN,
        when=WHENS,
        terms=st.one_of(
            TERMS, st.builds(Terms, st.just("li"), reviewed_by=st.just("wang")), st.builds(Terms, st.just("wang"))
        ),
    ),
    "settlement": st.builds(Settlement, pick=PICK, fen=FEN, source=SOURCE_OR_NONE, when=WHENS, terms=TERMS),
}
