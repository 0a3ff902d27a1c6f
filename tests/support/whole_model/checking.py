"""Maker and checker: the book's rules, and what becomes of a proposal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from tests.support.whole_model import chance as st
from tests.support.whole_model.asked_of_all import refusal
from tests.support.whole_model.book import OK, Book, People, Rule
from tests.support.whole_model.operation import PEOPLE, PICK, Ids, Operation, Request, Terms, about, one_of, tried


@dataclass(frozen=True, kw_only=True)
class SetRules(Operation):
    """Which entries need a second person from now on."""

    name: ClassVar[str] = "set_rules"
    rules: tuple[Rule, ...]

    def request(self, book: Book, ids: Ids) -> Request:
        del book, ids
        rules = [{"kind": rule.kind, "fund": rule.fund, "from_fen": rule.from_fen} for rule in self.rules]
        return Request("/approval-rules", {"rules": rules}, "li", self.terms.dry)

    def apply(self, book: Book) -> str:
        if any(rule.fund not in {"*", *book.funds} for rule in self.rules):
            return "unknown_fund_in_rule"
        book.rules = self.rules
        book.records += 1
        return OK


@dataclass(frozen=True, kw_only=True)
class OnProposal(Operation):
    """A decision on a proposal."""

    pick: int
    who: str
    waiting_only: bool = True

    def bind(self, book: Book) -> Self | None:
        found = [
            number for number, one in enumerate(book.proposals) if not self.waiting_only or one.status == "waiting"
        ]
        place = one_of(found, self.pick)
        return None if place is None else replace(self, pick=found[place])


def approve(book: Book, number: int, who: str) -> str:
    """Do what was proposed under both names; whatever is refused by then leaves it waiting."""
    found = book.proposals[number]
    if found.status != "waiting":
        return "proposal_not_waiting"
    if who in {found.people.prepared, found.people.posted}:
        return "same_person"
    draft = found.wish.plan(book, People(found.people.prepared, who, who))
    if isinstance(draft, str):
        return draft
    if about(draft) != found.fen:
        return "proposal_outdated"
    if (problem := refusal(book, draft)) is not None:
        return problem
    found.entry = book.post(draft)
    found.status = "approved"
    book.records += 1
    return OK


@dataclass(frozen=True, kw_only=True)
class Approve(OnProposal):
    """A second person approves: what was proposed is done now."""

    name: ClassVar[str] = "approve"

    def request(self, book: Book, ids: Ids) -> Request:
        del book
        return Request(f"/proposals/{ids.proposals[self.pick]}/approval", {}, self.who, self.terms.dry)

    def apply(self, book: Book) -> str:
        return approve(book, self.pick, self.who)

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        book.proposals[self.pick].wish.check(book, answer["result"])

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        book.proposals[self.pick].wish.learn(ids, answer["result"], book)


@dataclass(frozen=True, kw_only=True)
class ApproveMany(Operation):
    """Several proposals are approved in one call."""

    name: ClassVar[str] = "approve_many"
    picks: tuple[int, ...]
    who: str
    atomic: bool

    def bind(self, book: Book) -> Self | None:
        places = [one_of(book.proposals, pick) for pick in self.picks]
        found = tuple(dict.fromkeys(place for place in places if place is not None))
        return replace(self, picks=found) if found else None

    def request(self, book: Book, ids: Ids) -> Request:
        del book
        body = {"ids": [ids.proposals[pick] for pick in self.picks], "atomic": self.atomic}
        return Request("/proposals/approvals", body, self.who, self.terms.dry)

    def apply(self, book: Book) -> str:
        work = tried(book) if self.atomic else book
        outcomes = []
        for pick in self.picks:
            outcomes.append(approve(work, pick, self.who))
            if self.atomic and outcomes[-1] != OK:
                rest = len(self.picks) - len(outcomes)
                return ",".join(["not_attempted"] * (len(outcomes) - 1) + outcomes[-1:] + ["not_attempted"] * rest)
        if self.atomic:
            for pick in self.picks:
                approve(book, pick, self.who)
        return ",".join(outcomes)

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        for pick, result in zip(self.picks, answer["results"], strict=True):
            if result["status"] == "approved":
                book.proposals[pick].wish.learn(ids, result["approval"]["result"], book)


@dataclass(frozen=True, kw_only=True)
class Refuse(OnProposal):
    """A second person says no."""

    name: ClassVar[str] = "refuse"

    def request(self, book: Book, ids: Ids) -> Request:
        del book
        return Request(f"/proposals/{ids.proposals[self.pick]}/refusal", {"reason": "否"}, self.who, self.terms.dry)

    def apply(self, book: Book) -> str:
        found = book.proposals[self.pick]
        if found.status != "waiting":
            return "proposal_not_waiting"
        if self.who in {found.people.prepared, found.people.posted}:
            return "same_person"
        found.status = "refused"
        book.records += 1
        return OK


@dataclass(frozen=True, kw_only=True)
class Withdraw(OnProposal):
    """Who proposed it takes it back."""

    name: ClassVar[str] = "withdraw"

    def request(self, book: Book, ids: Ids) -> Request:
        del book
        return Request(f"/proposals/{ids.proposals[self.pick]}/withdrawal", {}, self.who, self.terms.dry)

    def apply(self, book: Book) -> str:
        found = book.proposals[self.pick]
        if found.status != "waiting":
            return "proposal_not_waiting"
        if self.who not in {found.people.prepared, found.people.posted}:
            return "not_the_proposer"
        found.status = "withdrawn"
        book.records += 1
        return OK


_RULE = st.builds(
    Rule,
    st.sampled_from(("*", "*", "payment", "receipt", "liquidation", "encumber", "journal", "release", "allotment")),
    st.sampled_from(("*", "*", "health", "repair", "repair.c01")),
    st.integers(0, 30),
)
_DRY = st.sampled_from((Terms(), Terms(), Terms(), Terms(), Terms(), Terms(dry=True)))
_DECIDED: dict[str, Any] = {
    "pick": PICK,
    "who": st.sampled_from((PEOPLE[0], *PEOPLE[1:], *PEOPLE[1:], *PEOPLE[1:])),
    "waiting_only": st.sampled_from((True, True, True, False)),
    "terms": _DRY,
}
STRATEGIES: dict[str, st.Chance[Any]] = {
    "set_rules": st.builds(SetRules, rules=st.lists(_RULE, max_size=2), terms=_DRY),
    "approve": st.builds(Approve, **_DECIDED),
    "approve_many": st.builds(
        ApproveMany,
        picks=st.lists(PICK, min_size=1, max_size=4),
        who=_DECIDED["who"],
        atomic=st.booleans(),
        terms=_DRY,
    ),
    "refuse": st.builds(Refuse, **_DECIDED),
    "withdraw": st.builds(Withdraw, **_DECIDED | {"who": st.sampled_from(PEOPLE)}),
}
