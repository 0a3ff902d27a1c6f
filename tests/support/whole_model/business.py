"""What each of the seven funds does: any operation of the catalogue, alone or many in one call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from tests.support.whole_model import chance as st
from tests.support.whole_model.asked_of_all import refused_for_its_date
from tests.support.whole_model.book import Book, Draft, Encumbrance, Item, People, When
from tests.support.whole_model.business_kinds import (
    BACK,
    DEBIT_ITEMS,
    EVERY_FUND,
    KINDS,
    NEW_BUDGET,
    OF_ITS_BUDGET,
    Kind,
)
from tests.support.whole_model.business_ways import WAYS, Asked, Effects
from tests.support.whole_model.operation import (
    FEN,
    PICK,
    PURPOSES_DRAWN,
    SOURCES_DRAWN,
    TERMS,
    WHENS,
    Ids,
    Json,
    Operation,
    Posting,
    Request,
    Terms,
    dated,
    one_of,
    same,
    submit_all,
)


@dataclass(frozen=True, kw_only=True)
class Business(Posting):
    """Any operation of the catalogue. ``pick`` chooses among the items of its kind, ``drawn_from`` among the fund's encumbrances."""

    name: ClassVar[str] = "business"
    what: str
    fund: str | None
    """None is the item's, or ``home`` if that has it, or the first fund that does."""
    home: str
    fen: int
    part: int
    source: str | None
    year: int | None
    purpose: str
    pick: int
    drawn_from: int | None
    when: When
    item: int | None = None
    given: int | None = None

    @property
    def counted_as(self) -> str:
        return self.what

    @property
    def kind(self) -> Kind:
        """What the operation is."""
        return KINDS[self.what]

    def bind(self, book: Book) -> Self | None:
        item = None
        if self.kind.item:
            # The last pick takes an item of whatever kind.
            fit = [n for n, one in enumerate(book.items) if one.kind == self.kind.item or self.pick == 7]
            place = one_of(fit, self.pick)
            if place is None:
                return None
            item = fit[place]
        first = self.kind.funds[0] if self.home not in self.kind.funds else self.home
        fund = self.fund or (first if item is None else book.items[item].fund)
        given = None
        if self.drawn_from is not None and "encumbrance" in self.kind.fields:
            own = [n for n, one in enumerate(book.encumbrances) if one.fund == fund or self.drawn_from == 7]
            place = one_of(own, self.drawn_from)
            given = None if place is None else own[place]
        bound = replace(self, fund=fund, item=item, given=given)
        if item is None or self.pick > 5:
            return bound
        # Mostly what can be done with the item: not before it, and no more than is left of it.
        found = book.items[item]
        left = found.remaining_total if self.what != "reserve_recovery" else self.fen
        when = self.when if self.when.on >= found.on else When(found.on)
        return replace(bound, fen=min(self.fen, left or self.fen), when=when)

    @property
    def _fund(self) -> str:
        assert self.fund is not None
        return self.fund

    def subject(self, book: Book) -> tuple[str, int]:
        del book
        return self._fund, self._own_year

    @property
    def _own_year(self) -> int:
        said = self.year if "fiscal_year" in self.kind.fields else None
        if self.what == "grant_repayment":
            said = self.year or self.when.year
        return said or self.when.year

    def shown(self, book: Book) -> tuple[str, int]:
        return self._fund, max(line.year for line in book.entries[-1].draft.lines) or self._own_year

    def request(self, book: Book, ids: Ids) -> Request:
        return Request(
            f"/funds/{self._fund}/{self.kind.place}",
            self.body(ids) | self.terms.said(book),
            self.terms.who,
            self.terms.dry,
        )

    def body(self, ids: Ids) -> Json:
        """What is sent, without people and conditions."""
        amount = "payouts_fen" if "fee_bp" in self.kind.fields else "amount_fen"
        said: Json = {amount: self.fen}
        if self.item is not None:
            said["item"] = ids.items[self.item]
        worth: Json = {
            "source": self.source or "county",
            "source?": self.source,
            "encumbrance": None if self.given is None else ids.encumbrances[self.given],
            "fiscal_year": self._own_year if self.what == "grant_repayment" else self.year,
            "purpose_code": self.purpose or None,
            "payer": "household",
            "family_share_fen": self.part,
            "retention_fen": self.part,
            "fee_bp": 100 * (1 + self.part),
        }
        for name in self.kind.fields:
            value = worth.get(name, "p")
            if value is not None:
                said[name.rstrip("?")] = value
        return said | dated(self.when)

    def plan(self, book: Book, people: People) -> Draft | str:
        problem = self._refused(book, people)
        if problem is not None:
            return problem
        asked = self._asked(book)
        return self._lacking(asked) or self._draft(asked, people)

    def _refused(self, book: Book, people: People) -> str | None:
        if self._fund not in book.funds:
            return "not_found"
        if self._fund.split(".", maxsplit=1)[0] not in self.kind.funds:
            return "operation_not_of_fund"
        if self._own_year > self.when.year:
            return "invalid_request"
        return (
            refused_for_its_date(book, self.when)
            or ("same_person" if people.same else None)
            or self._wrong_names(book)
            or self._out_of_order(book)
        )

    def _wrong_names(self, book: Book) -> str | None:
        if self.item is not None:
            item = book.items[self.item]
            if (item.kind, item.fund) != (self.kind.item, self._fund):
                return "not_found"
        if self.given is None:
            return None
        found = book.encumbrances[self.given]
        if found.fund != self._fund:
            return "not_found"
        if found.held_by is not None:
            return "encumbrance_held"
        if found.status != "open":
            return "encumbrance_not_open"
        return "out_of_order" if self.when.on < found.on else None

    def _out_of_order(self, book: Book) -> str | None:
        if self.item is not None and self.when.on < book.items[self.item].on:
            return "out_of_order"
        return None

    def _asked(self, book: Book) -> Asked:
        item = None if self.item is None else book.items[self.item]
        held = item.encumbrance if item is not None and self.kind.way in OF_ITS_BUDGET else None
        moved = self.given if self.given is not None else held
        purpose = self.purpose if "purpose_code" in self.kind.fields else ""
        budget = (self._own_year, purpose)
        if moved is not None:
            budget = (book.encumbrances[moved].year, book.encumbrances[moved].purpose)
        said_year = self.year if "fiscal_year" in self.kind.fields else None
        paid_in = budget[0] if item is None else said_year or item.of_year
        fen = self.fen
        if "fee_bp" in self.kind.fields:
            # A share in basis points, half a fen rounded up.
            fen = (2 * self.fen * 100 * (1 + self.part) + 10_000) // 20_000
        source = self.source
        if "source" in self.kind.fields:
            source = self.source or "county"
        elif "source?" not in self.kind.fields:
            source = None
        return Asked(
            book, self._fund, *budget, fen, self.part, source, self.item, held, self.given, paid_in == self.when.year
        )

    def _lacking(self, a: Asked) -> str | None:
        """A part that is more than the whole, an amount that comes to nothing, too little budget."""
        parted = {"shared", "staged"}
        if a.fen == 0 or (self.kind.way in parted and a.part > a.fen):
            return "invalid_request"
        drawn = a.fen - a.part if self.kind.way == "shared" else a.fen
        if self.kind.way in NEW_BUDGET and a.given is None:
            short = drawn and -a.book.balance(a.fund, "available", a.year, purpose=a.purpose) < drawn
            return "insufficient_funds" if short else None
        moved = a.given if a.given is not None else a.reserved
        takes = moved is not None and self.kind.way not in BACK
        return "amount_exceeds_remaining" if takes and a.book.encumbrances[moved or 0].remaining < drawn else None

    def _draft(self, a: Asked, people: People) -> Draft | str:
        done = WAYS[self.kind.way](a, self.kind)
        if isinstance(done, str):
            return done
        lines = [line for line in done.lines if line.fen]

        def after(book: Book, _number: int) -> None:
            self._register(book, a, done)

        always = self.what == "advance_forgiveness"
        return Draft(self.what, self.when, lines, people, wants_second=always, after=after)

    def _register(self, book: Book, a: Asked, done: Effects) -> None:
        """Move the encumbrances and items."""
        moved = a.given if a.given is not None else a.reserved
        if done.moves is not None and moved is not None:
            name, fen = done.moves
            setattr(book.encumbrances[moved], name, getattr(book.encumbrances[moved], name) + fen)
        opens = self.kind.opens and sum(fen for _, fen in done.opened)
        if opens:
            holds = len(book.encumbrances) if done.reserves else None
            account = {"reserve": "encumbered", "pool": "1214"}.get(self.kind.opens, self.kind.on)
            side = "debit" if self.kind.opens in DEBIT_ITEMS else "credit"
            new = Item(self.kind.opens, a.fund, account, side, self.when.on, Counter(), Counter(), holds, a.purpose)
            if a.item is not None:
                new.paid_in = book.items[a.item].of_year
            book.items.append(new)
            if holds is not None:
                reserved = Encumbrance(
                    a.fund, a.year, a.purpose, self.when.on, done.reserves, held_by=len(book.items) - 1
                )
                book.encumbrances.append(reserved)
        named = None if a.item is None else book.items[a.item]
        adds_to = book.items[-1] if opens else named
        if adds_to is not None:
            adds_to.opened.update(dict(done.opened))
        if named is not None:
            named.settled.update(dict(done.settled))

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        super().check(book, answer)
        if answer["item"] is not None:
            number = -1 if self.kind.opens or self.item is None else self.item
            same(answer["item"]["remaining_fen"], book.items[number].remaining_total, self)

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        super().learn(ids, answer, book)
        learn_item(ids, answer)


@dataclass(frozen=True, kw_only=True)
class OperateMany(Operation):
    """Several operations in one call: each by itself, or all or none. Its outcome is the list of theirs."""

    name: ClassVar[str] = "batch"
    wishes: tuple[Business, ...]
    atomic: bool

    def bind(self, book: Book) -> Self | None:
        bound = tuple(wish.kept() for wish in (one.bind(book) for one in self.wishes) if wish is not None)
        return replace(self, wishes=bound) if bound else None

    def request(self, book: Book, ids: Ids) -> Request:
        del book
        entries = [
            wish.body(ids) | {"operation": wish.what, "fund": wish.fund, "idempotency_key": ids.fresh_key()}
            for wish in self.wishes
        ]
        return Request("/operations/batch", {"atomic": self.atomic, "entries": entries}, "li", self.terms.dry)

    def apply(self, book: Book) -> str:
        return submit_all(book, self.wishes, atomic=self.atomic)

    def learn(self, ids: Ids, answer: Mapping[str, Any], book: Book) -> None:
        del book
        for result in answer["results"]:
            if result["status"] == "posted":
                ids.entries.append(str(result["posted"]["id"]))
                learn_item(ids, result["posted"])
            elif result["status"] == "proposed":
                ids.proposals.append(str(result["proposal"]["id"]))


def learn_item(ids: Ids, answer: Mapping[str, Any]) -> None:
    """Remember the item an operation opened, and the budget it holds."""
    item = answer.get("item")
    if item is None or item["id"] in ids.items:
        return
    ids.items.append(str(item["id"]))
    if item["encumbrance"] is not None:
        ids.encumbrances.append(str(item["encumbrance"]))


def _business(names: tuple[str, ...], homes: tuple[str, ...] = EVERY_FUND) -> st.Chance[Business]:
    return st.builds(
        Business,
        what=st.sampled_from(names),
        home=st.sampled_from(homes),
        fund=st.sampled_from((None,) * 9 + ("health", "repair.c01")),
        fen=FEN,
        part=st.integers(0, 12),
        source=st.one_of(st.none(), st.none(), st.none(), SOURCES_DRAWN),
        year=st.sampled_from((None, None, None, None, 2021, 2022)),
        purpose=PURPOSES_DRAWN,
        pick=PICK,
        drawn_from=st.sampled_from((None, None, None, 0, 1, 2, 7)),
        when=WHENS,
        terms=TERMS,
    )


_ANYWHERE = tuple(name for name, kind in KINDS.items() if kind.funds == EVERY_FUND)
STRATEGIES: dict[str, st.Chance[Any]] = {
    **{f"business.{fund}": _business(tuple(n for n, k in KINDS.items() if k.funds == (fund,))) for fund in EVERY_FUND},
    "batch": st.builds(
        OperateMany,
        wishes=st.lists(
            st.one_of(
                _business(("welfare_wage",)), _business(("welfare_wage", "student_aid")), _business(tuple(KINDS))
            ),
            min_size=1,
            max_size=4,
        ),
        atomic=st.booleans(),
        terms=st.sampled_from((Terms(), Terms(), Terms(), Terms(dry=True))),
    ),
    "business.any": _business(_ANYWHERE),
    **{f"business.any.{fund}": _business(_ANYWHERE, (fund,)) for fund in EVERY_FUND},
}
