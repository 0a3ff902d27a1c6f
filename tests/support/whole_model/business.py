"""What each of the seven funds does: the operations of the catalogue, each told once more by its money, its budget and its open items.

``KINDS`` is written by hand from docs/domain/accounting.md: which funds have an operation, its place, what a request says, and which of the
few ways of moving money it goes. The ways are below it; what they book on the three bases is arithmetic, not a template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from tests.support.whole_model import chance as st
from tests.support.whole_model.asked_of_all import refused_for_its_date
from tests.support.whole_model.book import SOURCES, Book, Draft, Encumbrance, Item, Line, People, When
from tests.support.whole_model.money import bear
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
    credit,
    dated,
    debit,
    one_of,
    same,
    submit_all,
)

Parts = list[tuple[str, int]]
"""Amounts by source of money."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An operation: its place, the funds that have it, the way it goes, and what its request says besides the amount.

    ``on`` is the account its money is spent on or its item stands on; ``item`` the kind of item it names, ``opens`` the one it opens.
    """

    place: str
    funds: tuple[str, ...]
    way: str
    fields: tuple[str, ...] = ()
    on: str = ""
    item: str = ""
    opens: str = ""


_ANY = ("industry", "employment", "health", "education", "safety_net", "repair", "insurance")
_BUDGET = ("fiscal_year", "purpose_code")
_DRAWN = ("payee_ref", "purpose", "source?", "encumbrance", *_BUDGET)


def _grant(place: str, fund: str) -> Kind:
    return Kind(place, (fund,), "spent", _DRAWN, on="5001")


KINDS: dict[str, Kind] = {
    "award": _grant("awards", "industry"),
    "training_grant": _grant("training-grants", "employment"),
    "startup_support": _grant("startup-supports", "employment"),
    "welfare_wage": _grant("welfare-wages", "employment"),
    "student_aid": _grant("student-aids", "education"),
    "early_education_grant": _grant("early-education-grants", "education"),
    "relief_grant": _grant("relief-grants", "safety_net"),
    "clinic_subsidy": _grant("clinic-subsidies", "repair"),
    "village_doctor_subsidy": _grant("village-doctor-subsidies", "repair"),
    "subsidy_recognition": Kind(
        "subsidy-recognitions", _ANY, "owed", ("payee_ref", "purpose"), on="2303", opens="subsidy_payable"
    ),
    "subsidy_payment": Kind("subsidy-payments", _ANY, "spent", _DRAWN, on="2303", item="subsidy_payable"),
    "grant_repayment": Kind("grant-repayments", _ANY, "repaid", ("payee_ref", "purpose", "source", *_BUDGET)),
    "reserve_set_aside": Kind(
        "reserves", ("industry",), "reserved", ("purpose", *_BUDGET), on="encumbered", opens="reserve"
    ),
    "reserve_draw": Kind(
        "reserve-draws", ("industry",), "out_of_reserve", ("payee_ref", "purpose", "source?"), item="reserve"
    ),
    "reserve_recovery": Kind(
        "reserve-recoveries", ("industry",), "into_reserve", ("payee_ref", "purpose", "source"), item="reserve"
    ),
    "reserve_release": Kind("reserve-releases", ("industry",), "unreserved", ("purpose",), item="reserve"),
    "advance": Kind(
        "advances", ("health",), "advanced", ("payee_ref", "purpose", "source?", *_BUDGET), on="1218", opens="advance"
    ),
    "advance_settlement": Kind(
        "advance-settlements", ("health",), "settled", ("payer", "payee_ref"), on="1218", item="advance"
    ),
    "advance_forgiveness": Kind(
        "advance-forgivenesses", ("health",), "forgiven", ("purpose",), on="1218", item="advance"
    ),
    "family_share": Kind("family-shares", ("safety_net",), "entrusted", ("party_ref", "purpose")),
    "custodial_care_fee": Kind(
        "custodial-care-fees",
        ("safety_net",),
        "shared",
        ("family_share_fen", "payee_ref", "purpose", "source?", *_BUDGET),
    ),
    "overhaul_levy": Kind("overhaul-levies", ("repair",), "entrusted", ("party_ref", "purpose")),
    "overhaul_payment": Kind("overhaul-payments", ("repair",), "handed_on", ("payee_ref", "purpose")),
    "project_stage": Kind(
        "project-stages", ("repair",), "staged", ("retention_fen", *_DRAWN), on="2307", opens="retention"
    ),
    "retention_release": Kind(
        "retention-releases", ("repair",), "retention_paid", ("purpose", "source?"), on="2307", item="retention"
    ),
    "retention_forfeiture": Kind(
        "retention-forfeitures", ("repair",), "retention_lost", ("purpose",), on="2307", item="retention"
    ),
    "pool_prepayment": Kind("pool-prepayments", ("insurance",), "spent", _DRAWN, on="1214", opens="pool"),
    "pool_top_up": Kind("pool-top-ups", ("insurance",), "spent", _DRAWN, on="1214", item="pool"),
    "pool_payout": Kind("pool-payouts", ("insurance",), "of_the_pool", ("payee_ref", "purpose"), item="pool"),
    "pool_fee": Kind("pool-fees", ("insurance",), "of_the_pool", ("fee_bp", "purpose"), item="pool"),
    "pool_surplus_return": Kind(
        "pool-surplus-returns", ("insurance",), "pool_returned", ("purpose", "source"), item="pool"
    ),
    "pool_carry_forward": Kind(
        "pool-carry-forwards", ("insurance",), "pool_carried", ("payee_ref", "purpose"), item="pool", opens="pool"
    ),
    "restricted_gift": Kind(
        "restricted-gifts", _ANY, "given", ("giver_ref", "purpose"), on="1002", opens="restricted_gift"
    ),
    "restricted_gift_payment": Kind(
        "restricted-gift-payments", _ANY, "gift_spent", ("payee_ref", "purpose", *_BUDGET), item="restricted_gift"
    ),
    "free_gift": Kind("free-gifts", _ANY, "given", ("giver_ref", "purpose"), on="4603", opens="free_gift"),
    "named_gift": Kind("named-gifts", _ANY, "entrusted", ("party_ref", "purpose"), on="2901", opens="named_gift"),
    "named_gift_payment": Kind("named-gift-payments", _ANY, "handed_on", ("payee_ref", "purpose"), item="named_gift"),
}
DEBIT_ITEMS = frozenset({"advance", "pool", "restricted_gift"})
"""Kinds of items a debit adds to: what others owe the fund, and gifts in its bank."""
OF_ITS_BUDGET = frozenset(
    {"out_of_reserve", "into_reserve", "unreserved", "settled", "forgiven", "retention_paid", "retention_lost"}
)
"""Ways that move the budget the item holds."""


@dataclass(slots=True)
class _Asked:
    """What an operation found: whose budget, and its amounts; ``part`` is what of the whole is kept back or borne by another."""

    book: Book
    fund: str
    year: int
    purpose: str
    fen: int
    part: int
    source: str | None
    item: int | None
    reserved: int | None
    given: int | None
    this_year: bool


@dataclass(slots=True)
class _Effects:
    """What an operation books, and what it does to the registers: ``moves`` names a total of the encumbrance it moves."""

    lines: list[Line]
    opened: Parts = field(default_factory=list)
    settled: Parts = field(default_factory=list)
    moves: tuple[str, int] | None = None
    reserves: int = 0


def _paid(a: _Asked, parts: Parts, on: str, item: int | None = None) -> list[Line]:
    """Money leaves the bank for an expense or a debt, on the two bases of accounting."""
    fen = sum(part for _, part in parts)
    lines = [replace(debit(a.fund, on, fen), item=item)]
    for source, part in parts:
        lines += [credit(a.fund, "1002", part, source), debit(a.fund, "7101", part, source)]
    return [*lines, credit(a.fund, "8001", fen)]


def _expended(a: _Asked, parts: Parts) -> list[Line]:
    return [credit(a.fund, "expended", part, source, a.year, a.purpose) for source, part in parts]


def _available(a: _Asked, side: str, fen: int) -> Line:
    return Line(a.fund, "available", side, fen, "", a.year, a.purpose)


def _encumbered(a: _Asked, side: str, fen: int, number: int | None, item: int | None = None) -> Line:
    return Line(a.fund, "encumbered", side, fen, "", a.year, a.purpose, number, item)


def _drawn(a: _Asked, fen: int) -> Line:
    """What is spent leaves available, or the encumbrance that was named."""
    return _available(a, "debit", fen) if a.given is None else _encumbered(a, "debit", fen, a.given)


def _cash(a: _Asked, fen: int, source: str | None = None) -> Parts | str:
    parts = bear(a.book, a.fund, fen, source or a.source) if fen else []
    return "insufficient_funds" if parts is None else parts


def _spent(a: _Asked, kind: Kind) -> _Effects | str:
    parts = _cash(a, a.fen)
    if isinstance(parts, str):
        return parts
    item = len(a.book.items) if kind.opens else a.item
    lines = [*_paid(a, parts, kind.on, item), _drawn(a, a.fen), *_expended(a, parts)]
    owed = [("", a.fen)] if item is not None else []
    moves = None if a.given is None else ("liquidated", a.fen)
    adds = kind.on == "1214"
    return _Effects(lines, opened=owed if adds else [], settled=[] if adds else owed, moves=moves)


def _owed(a: _Asked, kind: Kind) -> _Effects | str:
    new = replace(credit(a.fund, kind.on, a.fen), item=len(a.book.items))
    return _Effects([debit(a.fund, "5001", a.fen), new], opened=[("", a.fen)])


def _repaid(a: _Asked, _kind: Kind) -> _Effects | str:
    source = a.source or ""
    return _Effects([
        debit(a.fund, "1002", a.fen, source),
        credit(a.fund, "5001" if a.this_year else "3001", a.fen),
        *_budget_of_money_back(a, source),
    ])  # fmt: skip


def _budget_of_money_back(a: _Asked, source: str) -> list[Line]:
    """Money that comes back this year was not spent; of an earlier year it is carried over."""
    if not a.this_year:
        return [debit(a.fund, "8001", a.fen), credit(a.fund, "8101", a.fen)]
    return [
        debit(a.fund, "8001", a.fen),
        credit(a.fund, "7101", a.fen, source),
        debit(a.fund, "expended", a.fen, source, a.year, a.purpose),
        _available(a, "credit", a.fen),
    ]


def _reserved(a: _Asked, _kind: Kind) -> _Effects | str:
    new = _encumbered(a, "credit", a.fen, len(a.book.encumbrances), len(a.book.items))
    return _Effects([_available(a, "debit", a.fen), new], opened=[("", a.fen)], reserves=a.fen)


def _out_of_reserve(a: _Asked, _kind: Kind) -> _Effects | str:
    parts = _cash(a, a.fen)
    if isinstance(parts, str):
        return parts
    lines = [*_paid(a, parts, "5001"), _encumbered(a, "debit", a.fen, a.reserved, a.item), *_expended(a, parts)]
    return _Effects(lines, settled=[("", a.fen)], moves=("liquidated", a.fen))


def _into_reserve(a: _Asked, _kind: Kind) -> _Effects | str:
    source = a.source or ""
    lines = [
        *(debit(a.fund, "1002", a.fen, source), credit(a.fund, "5001", a.fen)),
        *(debit(a.fund, "8001", a.fen), credit(a.fund, "7101", a.fen, source)),
        debit(a.fund, "expended", a.fen, source, a.year, a.purpose),
        _encumbered(a, "credit", a.fen, a.reserved, a.item),
    ]
    return _Effects(lines, opened=[("", a.fen)], moves=("returned", a.fen))


def _unreserved(a: _Asked, _kind: Kind) -> _Effects | str:
    lines = [_encumbered(a, "debit", a.fen, a.reserved, a.item), _available(a, "credit", a.fen)]
    return _Effects(lines, settled=[("", a.fen)], moves=("released", a.fen))


def _advanced(a: _Asked, kind: Kind) -> _Effects | str:
    parts = _cash(a, a.fen)
    if isinstance(parts, str):
        return parts
    new = len(a.book.items)
    lines = [replace(debit(a.fund, kind.on, part, source), item=new) for source, part in parts]
    lines += [credit(a.fund, "1002", part, source) for source, part in parts]
    lines += [_available(a, "debit", a.fen), _encumbered(a, "credit", a.fen, len(a.book.encumbrances))]
    return _Effects(lines, opened=parts, reserves=a.fen)


def _of_item(a: _Asked) -> Parts | str:
    """What an item stands on bears it, in the fund's order of sources."""
    item = a.book.items[a.item if a.item is not None else -1]
    left, parts = a.fen, []
    for source in (*SOURCES, "", "gift", "agency"):
        part = min(left, item.remaining(source))
        if part > 0:
            parts.append((source, part))
            left -= part
    return "amount_exceeds_remaining" if left else parts


def _settled(a: _Asked, kind: Kind) -> _Effects | str:
    parts = _of_item(a)
    if isinstance(parts, str):
        return parts
    lines = [debit(a.fund, "1002", part, source) for source, part in parts]
    lines += [replace(credit(a.fund, kind.on, part, source), item=a.item) for source, part in parts]
    lines += [_encumbered(a, "debit", a.fen, a.reserved), _available(a, "credit", a.fen)]
    return _Effects(lines, settled=parts, moves=("released", a.fen))


def _forgiven(a: _Asked, kind: Kind) -> _Effects | str:
    parts = _of_item(a)
    if isinstance(parts, str):
        return parts
    lines = [debit(a.fund, "5001", a.fen), credit(a.fund, "8001", a.fen)]
    for source, part in parts:
        lines += [replace(credit(a.fund, kind.on, part, source), item=a.item), debit(a.fund, "7101", part, source)]
    lines += [_encumbered(a, "debit", a.fen, a.reserved), *_expended(a, parts)]
    return _Effects(lines, settled=parts, moves=("liquidated", a.fen))


def _entrusted(a: _Asked, kind: Kind) -> _Effects | str:
    item = len(a.book.items) if kind.opens else None
    lines = [debit(a.fund, "1002", a.fen, "agency"), replace(credit(a.fund, "2901", a.fen), item=item)]
    return _Effects(lines, opened=[("", a.fen)] if kind.opens else [])


def _handed_on(a: _Asked, _kind: Kind) -> _Effects | str:
    if isinstance(parts := _cash(a, a.fen, "agency"), str):
        return parts
    lines = [replace(debit(a.fund, "2901", a.fen), item=a.item), credit(a.fund, "1002", a.fen, "agency")]
    return _Effects(lines, settled=[("", a.fen)] if a.item is not None else [])


def _shared(a: _Asked, _kind: Kind) -> _Effects | str:
    """The family pays its share from what is held for it, the fund the rest."""
    family, public = _cash(a, a.part, "agency"), _cash(a, a.fen - a.part)
    if isinstance(family, str) or isinstance(public, str):
        return "insufficient_funds"
    lines = [debit(a.fund, "2901", a.part), credit(a.fund, "1002", a.part, "agency")]
    lines += [*_paid(a, public, "5001"), _available(a, "debit", a.fen - a.part), *_expended(a, public)]
    return _Effects(lines)


def _staged(a: _Asked, kind: Kind) -> _Effects | str:
    """The builder is paid less the retention, whose budget stays reserved under a name of its own."""
    parts = _cash(a, a.fen - a.part)
    if isinstance(parts, str):
        return parts
    lines = [*_paid(a, parts, "5001"), debit(a.fund, "5001", a.part)]
    lines = [debit(a.fund, "5001", a.fen), *(line for line in lines if line.account != "5001")]
    lines += [replace(credit(a.fund, kind.on, a.part), item=len(a.book.items)), _drawn(a, a.fen)]
    lines += [*_expended(a, parts), _encumbered(a, "credit", a.part, len(a.book.encumbrances))]
    moves = None if a.given is None else ("liquidated", a.fen)
    return _Effects(lines, opened=[("", a.part)], moves=moves, reserves=a.part)


def _retention_paid(a: _Asked, kind: Kind) -> _Effects | str:
    parts = _cash(a, a.fen)
    if isinstance(parts, str):
        return parts
    lines = [*_paid(a, parts, kind.on, a.item), _encumbered(a, "debit", a.fen, a.reserved), *_expended(a, parts)]
    return _Effects(lines, settled=[("", a.fen)], moves=("liquidated", a.fen))


def _retention_lost(a: _Asked, kind: Kind) -> _Effects | str:
    lines = [replace(debit(a.fund, kind.on, a.fen), item=a.item), credit(a.fund, "5001", a.fen)]
    lines += [_encumbered(a, "debit", a.fen, a.reserved), _available(a, "credit", a.fen)]
    return _Effects(lines, settled=[("", a.fen)], moves=("released", a.fen))


def _of_the_pool(a: _Asked, _kind: Kind) -> _Effects | str:
    lines = [debit(a.fund, "5001", a.fen), replace(credit(a.fund, "1214", a.fen), item=a.item)]
    return _Effects(lines, settled=[("", a.fen)])


def _pool_returned(a: _Asked, _kind: Kind) -> _Effects | str:
    source = a.source or ""
    lines = [debit(a.fund, "1002", a.fen, source), replace(credit(a.fund, "1214", a.fen), item=a.item)]
    return _Effects([*lines, *_budget_of_money_back(a, source)], settled=[("", a.fen)])


def _pool_carried(a: _Asked, _kind: Kind) -> _Effects | str:
    lines = [
        replace(debit(a.fund, "1214", a.fen), item=len(a.book.items)),
        replace(credit(a.fund, "1214", a.fen), item=a.item),
    ]
    return _Effects(lines, opened=[("", a.fen)], settled=[("", a.fen)])


def _given(a: _Asked, kind: Kind) -> _Effects | str:
    new, source = len(a.book.items), "gift" if kind.opens == "restricted_gift" else "donation"
    money, income = debit(a.fund, "1002", a.fen, source), credit(a.fund, "4603", a.fen)
    if kind.on == "1002":
        money = replace(money, item=new)
    else:
        income = replace(income, item=new)
    lines = [money, income, debit(a.fund, "8001", a.fen), credit(a.fund, "6609", a.fen, source)]
    return _Effects(lines, opened=[(source if kind.on == "1002" else "", a.fen)])


def _gift_spent(a: _Asked, _kind: Kind) -> _Effects | str:
    parts = _of_item(a)
    if isinstance(parts, str):
        return parts
    paid = [replace(line, item=a.item) if line.account == "1002" else line for line in _paid(a, parts, "5001")]
    return _Effects([*paid, _available(a, "debit", a.fen), *_expended(a, parts)], settled=parts)


WAYS: dict[str, Callable[[_Asked, Kind], _Effects | str]] = {
    "spent": _spent,
    "owed": _owed,
    "repaid": _repaid,
    "reserved": _reserved,
    "out_of_reserve": _out_of_reserve,
    "into_reserve": _into_reserve,
    "unreserved": _unreserved,
    "advanced": _advanced,
    "settled": _settled,
    "forgiven": _forgiven,
    "entrusted": _entrusted,
    "handed_on": _handed_on,
    "shared": _shared,
    "staged": _staged,
    "retention_paid": _retention_paid,
    "retention_lost": _retention_lost,
    "of_the_pool": _of_the_pool,
    "pool_returned": _pool_returned,
    "pool_carried": _pool_carried,
    "given": _given,
    "gift_spent": _gift_spent,
}
_NEW_BUDGET = frozenset({"spent", "reserved", "advanced", "shared", "staged", "gift_spent"})
"""Ways that draw on available (or, where one can be named, on an encumbrance)."""
_BACK = frozenset({"into_reserve"})


@dataclass(frozen=True, kw_only=True)
class Business(Posting):
    """Any operation of the catalogue. ``pick`` chooses among the items of its kind, ``drawn_from`` among the fund's encumbrances."""

    name: ClassVar[str] = "business"
    what: str
    fund: str | None
    """None is the first fund that has it, or the item's."""
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
        fund = self.fund or (self.kind.funds[0] if item is None else book.items[item].fund)
        given = None
        if self.drawn_from is not None and "encumbrance" in self.kind.fields:
            own = [n for n, one in enumerate(book.encumbrances) if one.fund == fund or self.drawn_from == 7]
            place = one_of(own, self.drawn_from)
            given = None if place is None else own[place]
        return replace(self, fund=fund, item=item, given=given)

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

    def _asked(self, book: Book) -> _Asked:
        item = None if self.item is None else book.items[self.item]
        held = item.encumbrance if item is not None and self.kind.way in OF_ITS_BUDGET else None
        moved = self.given if self.given is not None else held
        purpose = self.purpose if "purpose_code" in self.kind.fields else ""
        budget = (self._own_year, purpose)
        if moved is not None:
            budget = (book.encumbrances[moved].year, book.encumbrances[moved].purpose)
        paid_in = budget[0] if item is None else int(item.on[:4])
        fen = self.fen
        if "fee_bp" in self.kind.fields:
            # A share in basis points, half a fen rounded up.
            fen = (2 * self.fen * 100 * (1 + self.part) + 10_000) // 20_000
        source = self.source
        if "source" in self.kind.fields:
            source = self.source or "county"
        elif "source?" not in self.kind.fields:
            source = None
        return _Asked(
            book, self._fund, *budget, fen, self.part, source, self.item, held, self.given, paid_in == self.when.year
        )

    def _lacking(self, a: _Asked) -> str | None:
        """A part that is more than the whole, an amount that comes to nothing, too little budget."""
        parted = {"shared", "staged"}
        if a.fen == 0 or (self.kind.way in parted and a.part > a.fen):
            return "invalid_request"
        drawn = a.fen - a.part if self.kind.way == "shared" else a.fen
        if self.kind.way in _NEW_BUDGET and a.given is None:
            short = drawn and -a.book.balance(a.fund, "available", a.year, purpose=a.purpose) < drawn
            return "insufficient_funds" if short else None
        moved = a.given if a.given is not None else a.reserved
        takes = moved is not None and self.kind.way not in _BACK
        return "amount_exceeds_remaining" if takes and a.book.encumbrances[moved or 0].remaining < drawn else None

    def _draft(self, a: _Asked, people: People) -> Draft | str:
        done = WAYS[self.kind.way](a, self.kind)
        if isinstance(done, str):
            return done
        lines = [line for line in done.lines if line.fen]

        def after(book: Book, _number: int) -> None:
            self._register(book, a, done)

        always = self.what == "advance_forgiveness"
        return Draft(self.what, self.when, lines, people, wants_second=always, after=after)

    def _register(self, book: Book, a: _Asked, done: _Effects) -> None:
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
            book.items.append(new)
            if holds is not None:
                reserved = Encumbrance(
                    a.fund, a.year, a.purpose, self.when.on, done.reserves, held_by=len(book.items) - 1
                )
                book.encumbrances.append(reserved)
        for source, fen in done.opened if opens else ():
            book.items[-1].opened[source] += fen
        for source, fen in () if opens or a.item is None else done.opened:
            book.items[a.item].opened[source] += fen
        for source, fen in done.settled if a.item is not None else ():
            book.items[a.item].settled[source] += fen

    def check(self, book: Book, answer: Mapping[str, Any]) -> None:
        super().check(book, answer)
        if answer["item"] is not None:
            number = (
                len(book.items) - 1
                if (self.kind.opens and self.item is None) or self.what == "pool_carry_forward"
                else self.item
            )
            same(answer["item"]["remaining_fen"], book.items[number or 0].remaining_total)

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


def _business(names: tuple[str, ...]) -> st.Chance[Business]:
    return st.builds(
        Business,
        what=st.sampled_from(names),
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


STRATEGIES: dict[str, st.Chance[Any]] = {
    **{f"business.{fund}": _business(tuple(n for n, k in KINDS.items() if k.funds == (fund,))) for fund in _ANY},
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
    "business.any": _business(tuple(n for n, k in KINDS.items() if k.funds == _ANY)),
}
