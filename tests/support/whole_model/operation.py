"""What all operations share: who asks, under which conditions, as a trial or in earnest; and how a wish becomes an entry."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self, TypeVar

from tests.support.whole_model import chance as st
from tests.support.whole_model.asked_of_all import refusal
from tests.support.whole_model.book import (
    BASIS,
    NOT_ATTEMPTED,
    OK,
    PROPOSED,
    Book,
    Draft,
    Line,
    People,
    Proposal,
    Rule,
    When,
)

Json = dict[str, Any]
Thing = TypeVar("Thing")
Plan = Callable[[Book, People], Draft | str]
PEOPLE = ("li", "wang", "zhao")
FUNDS = ("health", "repair", "repair.c01")
"""The funds the sequences are about; the last is a sub-fund that some sequences create."""
FUNDS_DRAWN = st.sampled_from(("health", "health", "health", "repair", "repair", "repair.c01"))
FEN = st.integers(1, 40)
PICK = st.integers(0, 7)
YEARS = st.sampled_from((2021, 2021, 2021, 2022))
SOURCES_DRAWN = st.sampled_from(("central", "county", "county", "donation", "interest"))
SOURCE_OR_NONE = st.one_of(st.none(), st.none(), SOURCES_DRAWN)
PURPOSES = ("aid", "works")
PURPOSES_DRAWN = st.sampled_from(("",) * 12 + PURPOSES)
DAYS = ("2021-12-10", "2021-12-10", "2021-12-31", "2021-12-31", "2021-11-15", "2022-01-05", "2022-02-20")
WHENS = st.one_of(
    *(st.sampled_from(DAYS).map(When) for _ in range(18)),
    st.just(When("2021-12-31", "2021-13")),
    st.sampled_from(
        [When("2021-10-31"), When("2190-01-01"), When("2022-01-05", "2021-13"), When("2022-12-31", "2021-13")]
    ),
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: a POST below the book, by a person."""

    path: str
    body: Json
    who: str
    dry: bool = False


@dataclass(slots=True)
class Ids:
    """The ids the ledger gave, each in the place of the model's number."""

    entries: list[str] = field(default_factory=list)
    encumbrances: list[str] = field(default_factory=list)
    proposals: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    keys: int = 0

    def fresh_key(self) -> str:
        """An idempotency key nobody used yet in the book."""
        self.keys += 1
        return f"key-{self.keys}"


@dataclass(frozen=True, slots=True)
class Terms:
    """Who asks, for whom, reviewed by whom; conditions; whether it is only tried. ``if_seq`` is how far beside the truth it is."""

    who: str = PEOPLE[0]
    on_behalf_of: str | None = None
    reviewed_by: str | None = None
    if_seq: int | None = None
    at_least: int | None = None
    dry: bool = False

    @property
    def people(self) -> People:
        """The names on the voucher."""
        return People(self.on_behalf_of or self.who, self.who, self.reviewed_by)

    def __repr__(self) -> str:
        said = {"on_behalf_of": self.on_behalf_of, "reviewed_by": self.reviewed_by, "if_seq": self.if_seq}
        said |= {"at_least": self.at_least, "dry": self.dry or None}
        return f"Terms({', '.join([self.who, *(f'{name}={one}' for name, one in said.items() if one is not None)])})"

    def said(self, book: Book) -> Json:
        """What they add to a body."""
        seq = None if self.if_seq is None else book.seq + self.if_seq
        fields = {
            "prepared_by": self.on_behalf_of,
            "reviewed_by": self.reviewed_by,
            "if_seq": seq,
            "if_available_at_least_fen": self.at_least,
        }
        return {name: value for name, value in fields.items() if value is not None}


WHO = st.sampled_from((PEOPLE[0], PEOPLE[0], PEOPLE[0], PEOPLE[1]))
PLAIN = st.builds(Terms, WHO)
SPECIAL = st.one_of(
    st.builds(Terms, WHO, dry=st.just(value=True)),
    st.builds(Terms, WHO, reviewed_by=st.sampled_from(PEOPLE)),
    st.builds(Terms, WHO, on_behalf_of=st.sampled_from(PEOPLE), reviewed_by=st.sampled_from((None, *PEOPLE))),
    st.builds(Terms, WHO, if_seq=st.sampled_from((0, 0, 1))),
    st.builds(Terms, WHO, at_least=FEN),
)
TERMS = st.one_of(*(PLAIN for _ in range(7)), SPECIAL)


def same(shown: object, expected: object, about: object = "") -> None:
    """Assert that two things are equal, and say both if they are not: pytest explains only the asserts of test modules."""
    if shown != expected:
        raise AssertionError(f"{about}\nthe ledger shows {shown}\nthe model expects {expected}")


def one_of(things: Sequence[Thing], pick: int) -> int | None:
    """The number of the picked thing, or nothing where there are none."""
    return pick % len(things) if things else None


def debit(fund: str, account: str, fen: int, source: str = "", year: int = 0, purpose: str = "") -> Line:
    """A line on the debit side."""
    return Line(fund, account, "debit", fen, source, year, purpose)


def credit(fund: str, account: str, fen: int, source: str = "", year: int = 0, purpose: str = "") -> Line:
    """A line on the credit side."""
    return Line(fund, account, "credit", fen, source, year, purpose)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Anything a person can ask of a book. Its fields are drawn; picks choose among what there is."""

    name: ClassVar[str]
    terms: Terms = Terms()

    @property
    def counted_as(self) -> str:
        """Its name in the figures of a run."""
        return self.name

    def bind(self, book: Book) -> Self | None:
        """The operation with its picks settled; nothing if what it is about does not exist yet."""
        del book
        return self

    def request(self, book: Book, ids: Ids) -> Request:
        """What is sent."""
        raise NotImplementedError

    def apply(self, book: Book) -> str:
        """Do it to the model: ``ok``, ``proposed`` or the refusal's code."""
        raise NotImplementedError

    @property
    def pause(self) -> float:
        """How many seconds to wait after it, for the clock to say what the model says."""
        return 0

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        """Hold the answer of a success against the model right after it."""

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        """Remember the ids of what the operation made."""


@dataclass(frozen=True, kw_only=True)
class Posting(Operation):
    """An operation that makes an entry, or a proposal where the book wants a second person."""

    def subject(self, book: Book) -> tuple[str, int] | None:
        """The fund and year whose available a condition asks about."""
        raise NotImplementedError

    def shown(self, book: Book) -> tuple[str, int] | None:
        """The fund and year whose figures the answer shows."""
        return self.subject(book)

    def kept(self) -> Self:
        """What a proposal remembers of it: neither people nor conditions."""
        return replace(self, terms=Terms())

    def plan(self, book: Book, people: People) -> Draft | str:
        """The entry, or the code of what the operation itself refuses."""
        raise NotImplementedError

    def apply(self, book: Book) -> str:
        people = self.terms.people
        if self.terms.if_seq:
            return "precondition_failed"
        subject = self.subject(book)
        if self.terms.at_least is not None and subject is not None and subject[0] in book.funds:
            available = -book.total(subject[0], "available", subject[1])
            if available < self.terms.at_least:
                return "precondition_failed"
        return submit(book, self, people)

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        entry = answer.get("entry", answer)
        last = book.entries[-1]
        shown = (entry["seq"], entry["kind"], entry["period"], entry["voucher_number"])
        same(shown, (book.seq, last.draft.kind, last.draft.when.period, last.voucher), self)
        of = self.shown(book)
        if of is not None and "fund" in answer:
            expected = book.figures(*of) | {"code": of[0], "fiscal_year": of[1], "as_of_seq": book.seq}
            same(answer["fund"], expected, self)

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        if len(ids.entries) < book.seq:
            ids.entries.append(str(answer.get("entry", answer)["id"]))
        if len(ids.proposals) < len(book.proposals):
            ids.proposals.append(str(answer["proposal"]["id"]))


def submit(book: Book, wish: Posting, people: People, plan: Plan | None = None) -> str:
    """Decide a wish: refuse it, propose it, or post it. ``plan`` stands for its own, if it is part of a greater act."""
    draft = (plan or wish.plan)(book, people)
    if isinstance(draft, str):
        return draft
    problem = "same_person" if people.vouched_by_the_sender else refusal(book, draft)
    if problem is not None:
        return problem
    if needs_second(book, draft):
        book.proposals.append(Proposal(wish.kept(), people, draft.kind, draft.when.period, about(draft)))
        book.records += 1
        return PROPOSED
    book.post(draft)
    return OK


def submit_all(book: Book, wishes: Sequence[Posting], *, atomic: bool) -> str:
    """Decide several wishes of one call, each by itself, or all or none; list what became of each."""
    work = tried(book) if atomic else book
    outcomes: list[str] = []
    for wish in wishes:
        outcomes.append(submit(work, wish, wish.terms.people))
        if atomic and outcomes[-1] not in {OK, PROPOSED}:
            rest = len(wishes) - len(outcomes)
            return ",".join([NOT_ATTEMPTED] * (len(outcomes) - 1) + outcomes[-1:] + [NOT_ATTEMPTED] * rest)
    for wish in wishes if atomic else ():
        submit(book, wish, wish.terms.people)
    return ",".join(outcomes)


def needs_second(book: Book, draft: Draft) -> bool:
    """Whether nobody reviewed an entry that the book's rules, or the operation, want reviewed."""
    if draft.people.reviewed is not None:
        return False
    funds = {line.fund for line in draft.lines}
    return draft.wants_second or any(covers(rule, draft.kind, funds, about(draft)) for rule in book.rules)


def about(draft: Draft) -> int:
    """What an entry is about: its debits on the basis where they are most."""
    sums = dict.fromkeys(BASIS.values(), 0)
    for line in draft.lines:
        if line.side == "debit":
            sums[BASIS[line.account]] += line.fen
    return max(sums.values())


def covers(rule: Rule, kind: str, funds: set[str], fen: int) -> bool:
    """Whether a rule is about an entry of a kind on these funds, of so much."""
    fits = rule.fund == "*" or any(code == rule.fund or code.startswith(f"{rule.fund}.") for code in funds)
    return rule.kind in {"*", kind} and fits and fen >= rule.from_fen


def tried(book: Book) -> Book:
    """A copy to try something on."""
    return copy.deepcopy(book)


def dated(when: When) -> Json:
    """The date as a body says it."""
    return {"effective_on": when.on} | ({"period": when.named} if when.named else {})
