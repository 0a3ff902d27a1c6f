"""What happens to encumbrances besides paying one: groups as one act, more time, and the end of their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from tests.support.whole_model import chance as st
from tests.support.whole_model.book import NOT_ATTEMPTED, OK, PROPOSED, REPLAYED, Book, Draft, People, When
from tests.support.whole_model.operation import (
    FEN,
    FUNDS_DRAWN,
    PEOPLE,
    PICK,
    SOURCE_OR_NONE,
    TERMS,
    WHENS,
    Ids,
    Json,
    Operation,
    Request,
    Terms,
    covers,
    dated,
    one_of,
    submit,
    tried,
)
from tests.support.whole_model.reserving import FAR, PAST, SOON, Encumber, Liquidate, Release, assert_shown

FARTHER = "2170-01-01T00:00:00Z"
_SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, kw_only=True)
class Extend(Operation):
    """An encumbrance gets more time; an expired one with something left is open again."""

    name: ClassVar[str] = "extension"
    pick: int
    until: str

    def bind(self, book: Book) -> Self | None:
        # Mostly one that has an end.
        ending = [n for n, one in enumerate(book.encumbrances) if one.expires_at or self.pick > 5]
        place = one_of(ending, self.pick)
        return None if place is None else replace(self, pick=ending[place])

    def request(self, book: Book, ids: Ids) -> Request:
        del book
        path = f"/encumbrances/{ids.encumbrances[self.pick]}/extension"
        return Request(path, {"expires_at": self.until, "reason": "展期"}, self.terms.who, self.terms.dry)

    def apply(self, book: Book) -> str:
        found = book.encumbrances[self.pick]
        if found.held_by is not None:
            return "encumbrance_held"
        if not found.remaining:
            return "encumbrance_not_open"
        if found.expires_at is None or self.until == PAST or self.until <= found.expires_at:
            return "invalid_request"
        found.expires_at, found.expired = self.until, False
        book.records += 1
        return OK

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        assert_shown(book.encumbrances[self.pick], answer)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A liquidation or release that waits with its group if any of the group does."""

    wish: Liquidate | Release
    group: tuple[tuple[int, int | None], ...]
    """(encumbrance, fen; None is all that remains) of every member."""

    def plan(self, book: Book, people: People) -> Draft | str:
        """As alone, but for the second person."""
        draft = self.wish.plan(book, people)
        if isinstance(draft, Draft) and self._all_wait(book, draft.kind):
            draft.wants_second = True
        return draft

    def _all_wait(self, book: Book, kind: str) -> bool:
        return any(
            covers(rule, kind, {book.encumbrances[n].fund}, book.encumbrances[n].remaining if fen is None else fen)
            for n, fen in self.group
            for rule in book.rules
        )


@dataclass(frozen=True, kw_only=True)
class Group(Operation):
    """Many encumbrances paid or given back as one act. Its outcome is the list of theirs."""

    picks: tuple[int, ...]
    when: When

    def bind(self, book: Book) -> Self | None:
        places = [one_of(book.encumbrances, pick) for pick in self.picks]
        found = tuple(place for place in places if place is not None)
        return replace(self, picks=found) if found else None

    def members(self) -> Sequence[Liquidate | Release]:
        """The single acts."""
        raise NotImplementedError

    def apply(self, book: Book) -> str:
        wishes = self.members()
        group = tuple((one.pick, one.fen if isinstance(one, Liquidate) else None) for one in wishes)
        work = tried(book)
        outcomes: list[str] = []
        for one in wishes:
            outcomes.append(self._one(work, one, group, first=not outcomes))
            if outcomes[-1] == "precondition_failed":
                return "precondition_failed"
            if outcomes[-1] not in {OK, PROPOSED}:
                rest = len(wishes) - len(outcomes)
                return ",".join([NOT_ATTEMPTED] * (len(outcomes) - 1) + outcomes[-1:] + [NOT_ATTEMPTED] * rest)
        for one in wishes:
            self._one(book, one, group, first=False)
        return ",".join(outcomes)

    def _one(
        self, book: Book, wish: Liquidate | Release, group: tuple[tuple[int, int | None], ...], *, first: bool
    ) -> str:
        terms = self.terms
        found = book.encumbrances[wish.pick]
        short = terms.at_least is not None and -book.total(found.fund, "available", found.year) < terms.at_least
        if (first and terms.if_seq) or short:
            return "precondition_failed"
        return submit(book, wish, terms.people, plan=Member(wish=wish, group=group).plan)

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        del book
        learn_results(ids, answer)


def learn_results(ids: Ids, answer: Mapping[str, Any]) -> None:
    """Remember the entries and proposals of a list of results."""
    for result in answer["results"]:
        if result["status"] == "posted":
            ids.entries.append(str(result["posted"]["entry"]["id"]))
        elif result["status"] == "proposed":
            ids.proposals.append(str(result["proposal"]["id"]))


@dataclass(frozen=True, kw_only=True)
class GroupLiquidate(Group):
    """Payments; one encumbrance may stand in it twice."""

    name: ClassVar[str] = "group_liquidation"
    amounts: tuple[int, ...]
    source: str | None

    def members(self) -> Sequence[Liquidate]:
        return [
            Liquidate(pick=pick, fen=fen, source=self.source, when=self.when)
            for pick, fen in zip(self.picks, self.amounts, strict=False)
        ]

    def request(self, book: Book, ids: Ids) -> Request:
        items: list[Json] = []
        for one in self.members():
            said: Json = {"id": ids.encumbrances[one.pick], "amount_fen": one.fen, "payee_ref": "p"}
            items.append(said | ({"source": one.source} if one.source else {}))
        body = {"items": items} | dated(self.when) | self.terms.said(book)
        return Request("/encumbrances/liquidations", body, self.terms.who, self.terms.dry)


@dataclass(frozen=True, kw_only=True)
class GroupRelease(Group):
    """What is left goes back; none twice."""

    name: ClassVar[str] = "group_release"

    def members(self) -> Sequence[Release]:
        return [Release(pick=pick, when=self.when) for pick in self.picks]

    def request(self, book: Book, ids: Ids) -> Request:
        body: Json = {"ids": [ids.encumbrances[pick] for pick in self.picks], "reason": "取消"}
        return Request(
            "/encumbrances/releases", body | dated(self.when) | self.terms.said(book), self.terms.who, self.terms.dry
        )

    def apply(self, book: Book) -> str:
        return "invalid_request" if len(set(self.picks)) < len(self.picks) else super().apply(book)


@dataclass(frozen=True, kw_only=True)
class ExpiryRelease(Release):
    """The release of one expired encumbrance; refused once it is not expired any more."""

    name: ClassVar[str] = "expiry_release"

    def plan(self, book: Book, people: People) -> Draft | str:
        found = book.encumbrances[self.pick]
        if found.held_by is not None:
            return "encumbrance_held"
        return super().plan(book, people) if found.status == "expired" else "encumbrance_not_open"


@dataclass(frozen=True, kw_only=True)
class Expiry(Operation):
    """What expired encumbrances have left goes back, each by itself, once for each end of its time."""

    name: ClassVar[str] = "expiry"

    def request(self, book: Book, ids: Ids) -> Request:
        del book, ids
        return Request("/encumbrances/expiry", {}, self.terms.who, self.terms.dry)

    def apply(self, book: Book) -> str:
        outcomes = []
        expired = [n for n, one in enumerate(book.encumbrances) if one.status == "expired" and one.held_by is None]
        for number in expired:
            one = book.encumbrances[number]
            mark = (number, str(one.expires_at), one.returned)
            if mark in book.swept:
                outcomes.append(REPLAYED)
                continue
            wish = ExpiryRelease(pick=number, when=When(datetime.now(_SHANGHAI).date().isoformat()))
            outcomes.append(submit(book, wish, People(self.terms.who, self.terms.who)))
            book.swept.add(mark)
        return ",".join(outcomes) or OK

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        del book
        learn_results(ids, answer)


_GROUP: dict[str, Any] = {"picks": st.lists(PICK, min_size=1, max_size=3), "when": WHENS, "terms": TERMS}
_DRY = st.sampled_from((Terms(), Terms(), Terms(), Terms(), Terms(dry=True)))
STRATEGIES: dict[str, st.Chance[Any]] = {
    "extension": st.builds(
        Extend, pick=PICK, until=st.sampled_from((FARTHER, FARTHER, FARTHER, FAR, PAST)), terms=_DRY
    ),
    "brief": st.builds(
        Encumber,
        fund=FUNDS_DRAWN,
        fen=st.integers(1, 12),
        year=st.just(2021),
        when=WHENS,
        expires_at=st.sampled_from((SOON, SOON, SOON, FAR)),
    ),
    "group_liquidation": st.builds(
        GroupLiquidate,
        **_GROUP,
        amounts=st.tuples(st.integers(1, 12), st.integers(1, 12), FEN),
        source=SOURCE_OR_NONE,
    ),
    "group_release": st.builds(GroupRelease, **_GROUP),
    "expiry": st.builds(
        Expiry, terms=st.builds(Terms, st.sampled_from(PEOPLE), dry=st.sampled_from((False, False, False, False, True)))
    ),
}
