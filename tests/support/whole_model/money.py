"""Money and budget coming and going: receipts, allotments, direct payments, balances taken over, and taking them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from tests.support.whole_model import chance as st
from tests.support.whole_model.asked_of_all import refused_for_its_date
from tests.support.whole_model.book import Book, Draft, Line, People, When
from tests.support.whole_model.operation import (
    FEN,
    FUNDS_DRAWN,
    PICK,
    PURPOSES_DRAWN,
    SOURCE_OR_NONE,
    SOURCES_DRAWN,
    TERMS,
    WHENS,
    YEARS,
    Ids,
    Json,
    Posting,
    Request,
    credit,
    dated,
    debit,
    one_of,
    same,
)

INCOME = {"donation": ("4603", "6609"), "interest": ("4604", "6609")}
FISCAL = ("4001", "6001")


def bear(book: Book, fund: str, fen: int, source: str | None) -> list[tuple[str, int]] | None:
    """Which sources of cash bear a payment; nothing if they cannot."""
    if source is not None:
        return [(source, fen)] if book.balance(fund, "1002", 0, source) >= fen else None
    parts = book.split(fund, fen)
    enough = all(book.balance(fund, "1002", 0, name) >= part for name, part in parts)
    return parts if enough else None


@dataclass(frozen=True, kw_only=True)
class Receipt(Posting):
    """Money arrives."""

    name: ClassVar[str] = "receipt"
    fund: str
    fen: int
    source: str
    when: When

    def subject(self, book: Book) -> tuple[str, int]:
        del book
        return self.fund, self.when.year

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        body = {"amount_fen": self.fen, "source": self.source, **dated(self.when), **self.terms.said(book)}
        return Request(f"/funds/{self.fund}/receipts", body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        if self.fund not in book.funds:
            return "not_found"
        if problem := refused_for_its_date(book, self.when) or ("same_person" if people.same else None):
            return problem
        financial, budgetary = INCOME.get(self.source, FISCAL)
        lines = [
            debit(self.fund, "1002", self.fen, self.source),
            credit(self.fund, financial, self.fen),
            debit(self.fund, "8001", self.fen),
            credit(self.fund, budgetary, self.fen, self.source),
        ]
        return Draft("receipt", self.when, lines, people)


@dataclass(frozen=True, kw_only=True)
class Allotment(Posting):
    """Budget becomes available; for next year at the earliest a year ahead."""

    name: ClassVar[str] = "allotment"
    fund: str
    fen: int
    year: int
    when: When
    purpose: str = ""

    def subject(self, book: Book) -> tuple[str, int]:
        del book
        return self.fund, self.year

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        body = {"amount_fen": self.fen, "fiscal_year": self.year, "authority": "文"} | dated(self.when)
        body |= self.terms.said(book) | ({"purpose_code": self.purpose} if self.purpose else {})
        return Request(f"/funds/{self.fund}/allotments", body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        if self.fund not in book.funds:
            return "not_found"
        if self.year > self.when.year + 1:
            return "invalid_request"
        if problem := refused_for_its_date(book, self.when) or ("same_person" if people.same else None):
            return problem
        lines = [
            debit(self.fund, "allotted", self.fen, year=self.year, purpose=self.purpose),
            credit(self.fund, "available", self.fen, year=self.year, purpose=self.purpose),
        ]
        return Draft("allotment", self.when, lines, people)

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        super().check(book, answer)
        unspent = -book.total(self.fund, "available") - book.total(self.fund, "encumbered")
        same(bool(answer["warnings"]), (unspent > book.total(self.fund, "1002")))


@dataclass(frozen=True, kw_only=True)
class Payment(Posting):
    """A payment without a prior encumbrance."""

    name: ClassVar[str] = "payment"
    fund: str
    fen: int
    source: str | None
    year: int | None
    when: When
    purpose: str = ""

    def subject(self, book: Book) -> tuple[str, int]:
        del book
        return self.fund, self.year or self.when.year

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        body = {"amount_fen": self.fen, "payee_ref": "p", "purpose": "用途"} | dated(self.when) | self.terms.said(book)
        said = {"source": self.source, "fiscal_year": self.year, "purpose_code": self.purpose or None}
        body |= {name: value for name, value in said.items() if value is not None}
        return Request(f"/funds/{self.fund}/payments", body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        year = self.year or self.when.year
        if self.fund not in book.funds:
            return "not_found"
        if year > self.when.year:
            return "invalid_request"
        if problem := refused_for_its_date(book, self.when) or ("same_person" if people.same else None):
            return problem
        if -book.balance(self.fund, "available", year, purpose=self.purpose) < self.fen:
            return "insufficient_funds"
        paid = bear(book, self.fund, self.fen, self.source)
        if paid is None:
            return "insufficient_funds"
        lines = [
            debit(self.fund, "5001", self.fen),
            *(credit(self.fund, "1002", fen, name) for name, fen in paid),
            *(debit(self.fund, "7101", fen, name) for name, fen in paid),
            credit(self.fund, "8001", self.fen),
            debit(self.fund, "available", self.fen, year=year, purpose=self.purpose),
            *(credit(self.fund, "expended", fen, name, year, self.purpose) for name, fen in paid),
        ]
        return Draft("payment", self.when, lines, people)


@dataclass(frozen=True, kw_only=True)
class Correction(Posting):
    """A receipt, an allotment or a payment is taken back by a red entry."""

    name: ClassVar[str] = "correction"
    pick: int
    when: When
    beside: bool = False
    """Ask it of another fund."""

    def bind(self, book: Book) -> Self | None:
        kinds = ("receipt", "allotment", "payment")
        found = [number for number, entry in enumerate(book.entries) if entry.draft.kind in kinds]
        number = one_of(found, self.pick)
        return None if number is None else replace(self, pick=found[number])

    def _fund(self, book: Book) -> str:
        return "industry" if self.beside else book.entries[self.pick].draft.lines[0].fund

    def subject(self, book: Book) -> tuple[str, int]:
        return self._fund(book), self.when.year

    def shown(self, book: Book) -> tuple[str, int]:
        undone = book.entries[self.pick].draft
        return self._fund(book), max(line.year for line in undone.lines) or undone.when.year

    def request(self, book: Book, ids: Ids) -> Request:
        kind = book.entries[self.pick].draft.kind
        body = {"reason": "误"} | dated(self.when) | self.terms.said(book)
        path = f"/funds/{self._fund(book)}/{kind}s/{ids.entries[self.pick]}/reversal"
        return Request(path, body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        undone = book.entries[self.pick]
        if self.beside:
            return "not_found"
        if problem := refused_for_its_date(book, self.when) or ("same_person" if people.same else None):
            return problem
        if undone.undone_by is not None:
            return "already_reversed"
        moved_money = undone.draft.kind != "allotment"
        if self.when.on < undone.draft.when.on or (moved_money and self.when.year != undone.draft.when.year):
            return "out_of_order"
        return Draft("reversal", self.when, undone.draft.lines, people, red=True, undoes=self.pick)


@dataclass(frozen=True, kw_only=True)
class Opening(Posting):
    """Balances are taken over from the old system, once per fund."""

    name: ClassVar[str] = "opening"
    funds: tuple[str, ...]
    fen: int
    source: str
    what: str
    when: When

    def subject(self, book: Book) -> tuple[str, int]:
        del book
        return self.funds[0], self.when.year

    def shown(self, book: Book) -> None:
        del book

    def _lines(self) -> list[Line]:
        year, fen = self.when.year, self.fen
        money = [("1002", "debit", fen, self.source, 0), ("3001", "credit", fen, "", 0)]
        money += [("8001", "debit", fen, "", 0), ("8101", "credit", fen, "", 0)]
        budget = [("allotted", "debit", fen + 3, "", year), ("available", "credit", fen, "", year)]
        budget += [("expended", "credit", 3, self.source, year)]
        pieces = {
            "money": money,
            "budget": [*money, *budget],
            "next_year": [*money, ("allotted", "debit", 1, "", year + 1), ("available", "credit", 1, "", year + 1)],
            "encumbered": [*money, ("allotted", "debit", fen, "", year), ("encumbered", "credit", fen, "", year)],
            "unbalanced": money[:3],
            "debt": [("1002", "credit", fen, self.source, 0), ("3001", "debit", fen, "", 0)],
            "owed": [("121801", "debit", fen, "", 0), ("3001", "credit", fen, "", 0)],
        }
        return [Line(fund, *piece) for fund in self.funds for piece in pieces[self.what]]

    def request(self, book: Book, ids: Ids) -> Request:
        del ids
        lines: list[Json] = []
        for line in self._lines():
            said: Json = {"fund": line.fund, "account": line.account, "side": line.side, "amount_fen": line.fen}
            said |= {"source": line.source} if line.source else {}
            said |= {"budget_year": line.year} if line.year else {}
            lines.append(said)
        body = {"lines": lines} | dated(self.when) | self.terms.said(book)
        return Request("/opening-balances", body, self.terms.who, self.terms.dry)

    def plan(self, book: Book, people: People) -> Draft | str:
        if any(fund not in book.funds for fund in self.funds[:1]):
            return "unknown_account"
        if self.what in {"encumbered", "next_year"}:
            return "invalid_request"
        if any(fund not in book.funds for fund in self.funds):
            return "unknown_account"
        if problem := refused_for_its_date(book, self.when) or ("same_person" if people.same else None):
            return problem
        return Draft("opening", self.when, self._lines(), people, opening=self.funds)

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        super().check(book, answer)
        extra: Json = {"fiscal_year": self.when.year, "as_of_seq": book.seq}
        same(answer["funds"], [extra | {"code": f} | book.figures(f, self.when.year) for f in self.funds])


_WHATS = ("money", "budget", "budget", "next_year", "encumbered", "unbalanced", "debt", "owed")
STRATEGIES: dict[str, st.Chance[Any]] = {
    "receipt": st.builds(Receipt, fund=FUNDS_DRAWN, fen=FEN, source=SOURCES_DRAWN, when=WHENS, terms=TERMS),
    "allotment": st.builds(
        Allotment,
        fund=FUNDS_DRAWN,
        fen=FEN,
        year=st.sampled_from((2021, 2021, 2022, 2023)),
        when=WHENS,
        purpose=PURPOSES_DRAWN,
        terms=TERMS,
    ),
    "payment": st.builds(
        Payment,
        fund=FUNDS_DRAWN,
        fen=FEN,
        source=SOURCE_OR_NONE,
        year=st.one_of(st.none(), YEARS),
        purpose=PURPOSES_DRAWN,
        when=WHENS,
        terms=TERMS,
    ),
    "correction": st.builds(
        Correction, pick=PICK, when=WHENS, beside=st.sampled_from((False, False, False, False, True)), terms=TERMS
    ),
    "opening": st.builds(
        Opening,
        funds=st.lists(st.sampled_from(("health", "repair", "repair.c01")), min_size=1, max_size=2, unique=True),
        fen=FEN,
        source=SOURCES_DRAWN,
        what=st.sampled_from(_WHATS),
        when=WHENS,
        terms=TERMS,
    ),
}
