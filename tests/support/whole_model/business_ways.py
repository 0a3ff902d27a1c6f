"""The few ways in which the operations of the funds move money, budget and open items: arithmetic on the three bases, not templates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.support.whole_model.book import SOURCES, Book, Line
from tests.support.whole_model.business_kinds import Kind
from tests.support.whole_model.money import bear
from tests.support.whole_model.operation import credit, debit

Parts = list[tuple[str, int]]
"""Amounts by source of money."""


@dataclass(slots=True)
class Asked:
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
class Effects:
    """What an operation books, and what it does to the registers: ``moves`` names a total of the encumbrance it moves."""

    lines: list[Line]
    opened: Parts = field(default_factory=list)
    settled: Parts = field(default_factory=list)
    moves: tuple[str, int] | None = None
    reserves: int = 0


def _paid(a: Asked, parts: Parts, on: str, item: int | None = None) -> list[Line]:
    """Money leaves the bank for an expense or a debt, on the two bases of accounting."""
    fen = sum(part for _, part in parts)
    lines = [replace(debit(a.fund, on, fen), item=item)]
    for source, part in parts:
        lines += [credit(a.fund, "1002", part, source), debit(a.fund, "7101", part, source)]
    return [*lines, credit(a.fund, "8001", fen)]


def _expended(a: Asked, parts: Parts) -> list[Line]:
    return [credit(a.fund, "expended", part, source, a.year, a.purpose) for source, part in parts]


def _available(a: Asked, side: str, fen: int) -> Line:
    return Line(a.fund, "available", side, fen, "", a.year, a.purpose)


def _encumbered(a: Asked, side: str, fen: int, number: int | None, item: int | None = None) -> Line:
    return Line(a.fund, "encumbered", side, fen, "", a.year, a.purpose, number, item)


def _drawn(a: Asked, fen: int) -> Line:
    """What is spent leaves available, or the encumbrance that was named."""
    return _available(a, "debit", fen) if a.given is None else _encumbered(a, "debit", fen, a.given)


def _cash(a: Asked, fen: int, source: str | None = None) -> Parts | str:
    parts = bear(a.book, a.fund, fen, source or a.source) if fen else []
    return "insufficient_funds" if parts is None else parts


def _spent(a: Asked, kind: Kind) -> Effects | str:
    parts = _cash(a, a.fen)
    if isinstance(parts, str):
        return parts
    item = len(a.book.items) if kind.opens else a.item
    lines = [*_paid(a, parts, kind.on, item), _drawn(a, a.fen), *_expended(a, parts)]
    owed = [("", a.fen)] if item is not None else []
    moves = None if a.given is None else ("liquidated", a.fen)
    adds = kind.on == "1214"
    return Effects(lines, opened=owed if adds else [], settled=[] if adds else owed, moves=moves)


def _owed(a: Asked, kind: Kind) -> Effects | str:
    new = replace(credit(a.fund, kind.on, a.fen), item=len(a.book.items))
    return Effects([debit(a.fund, "5001", a.fen), new], opened=[("", a.fen)])


def _repaid(a: Asked, _kind: Kind) -> Effects | str:
    source = a.source or ""
    return Effects([
        debit(a.fund, "1002", a.fen, source),
        credit(a.fund, "5001" if a.this_year else "3001", a.fen),
        *_budget_of_money_back(a, source),
    ])  # fmt: skip


def _budget_of_money_back(a: Asked, source: str) -> list[Line]:
    """Money that comes back this year was not spent; of an earlier year it is carried over."""
    if not a.this_year:
        return [debit(a.fund, "8001", a.fen), credit(a.fund, "8101", a.fen)]
    return [
        debit(a.fund, "8001", a.fen),
        credit(a.fund, "7101", a.fen, source),
        debit(a.fund, "expended", a.fen, source, a.year, a.purpose),
        _available(a, "credit", a.fen),
    ]


def _reserved(a: Asked, _kind: Kind) -> Effects | str:
    new = _encumbered(a, "credit", a.fen, len(a.book.encumbrances), len(a.book.items))
    return Effects([_available(a, "debit", a.fen), new], opened=[("", a.fen)], reserves=a.fen)


def _out_of_reserve(a: Asked, _kind: Kind) -> Effects | str:
    parts = _cash(a, a.fen)
    if isinstance(parts, str):
        return parts
    lines = [*_paid(a, parts, "5001"), _encumbered(a, "debit", a.fen, a.reserved, a.item), *_expended(a, parts)]
    return Effects(lines, settled=[("", a.fen)], moves=("liquidated", a.fen))


def _into_reserve(a: Asked, _kind: Kind) -> Effects | str:
    source = a.source or ""
    lines = [
        *(debit(a.fund, "1002", a.fen, source), credit(a.fund, "5001", a.fen)),
        *(debit(a.fund, "8001", a.fen), credit(a.fund, "7101", a.fen, source)),
        debit(a.fund, "expended", a.fen, source, a.year, a.purpose),
        _encumbered(a, "credit", a.fen, a.reserved, a.item),
    ]
    return Effects(lines, opened=[("", a.fen)], moves=("returned", a.fen))


def _unreserved(a: Asked, _kind: Kind) -> Effects | str:
    lines = [_encumbered(a, "debit", a.fen, a.reserved, a.item), _available(a, "credit", a.fen)]
    return Effects(lines, settled=[("", a.fen)], moves=("released", a.fen))


def _advanced(a: Asked, kind: Kind) -> Effects | str:
    parts = _cash(a, a.fen)
    if isinstance(parts, str):
        return parts
    new = len(a.book.items)
    lines = [replace(debit(a.fund, kind.on, part, source), item=new) for source, part in parts]
    lines += [credit(a.fund, "1002", part, source) for source, part in parts]
    lines += [_available(a, "debit", a.fen), _encumbered(a, "credit", a.fen, len(a.book.encumbrances))]
    return Effects(lines, opened=parts, reserves=a.fen)


def _of_item(a: Asked) -> Parts | str:
    """What an item stands on bears it, in the fund's order of sources."""
    item = a.book.items[a.item if a.item is not None else -1]
    left, parts = a.fen, []
    for source in (*SOURCES, "", "gift", "agency"):
        part = min(left, item.remaining(source))
        if part > 0:
            parts.append((source, part))
            left -= part
    return "amount_exceeds_remaining" if left else parts


def _settled(a: Asked, kind: Kind) -> Effects | str:
    parts = _of_item(a)
    if isinstance(parts, str):
        return parts
    lines = [debit(a.fund, "1002", part, source) for source, part in parts]
    lines += [replace(credit(a.fund, kind.on, part, source), item=a.item) for source, part in parts]
    lines += [_encumbered(a, "debit", a.fen, a.reserved), _available(a, "credit", a.fen)]
    return Effects(lines, settled=parts, moves=("released", a.fen))


def _forgiven(a: Asked, kind: Kind) -> Effects | str:
    parts = _of_item(a)
    if isinstance(parts, str):
        return parts
    lines = [debit(a.fund, "5001", a.fen), credit(a.fund, "8001", a.fen)]
    for source, part in parts:
        lines += [replace(credit(a.fund, kind.on, part, source), item=a.item), debit(a.fund, "7101", part, source)]
    lines += [_encumbered(a, "debit", a.fen, a.reserved), *_expended(a, parts)]
    return Effects(lines, settled=parts, moves=("liquidated", a.fen))


def _entrusted(a: Asked, kind: Kind) -> Effects | str:
    """Money of others is in trust; a gift for a named person lies on its own item."""
    if not kind.opens:
        return Effects([debit(a.fund, "1002", a.fen, "agency"), credit(a.fund, "2901", a.fen)])
    money = replace(debit(a.fund, "1002", a.fen, "gift"), item=len(a.book.items))
    return Effects([money, credit(a.fund, "2901", a.fen)], opened=[("gift", a.fen)])


def _handed_on(a: Asked, _kind: Kind) -> Effects | str:
    if a.item is not None:
        if isinstance(parts := _of_item(a), str):
            return parts
        paid = [replace(credit(a.fund, "1002", part, source), item=a.item) for source, part in parts]
        return Effects([debit(a.fund, "2901", a.fen), *paid], settled=parts)
    if isinstance(parts := _cash(a, a.fen, "agency"), str):
        return parts
    return Effects([debit(a.fund, "2901", a.fen), credit(a.fund, "1002", a.fen, "agency")])


def _shared(a: Asked, _kind: Kind) -> Effects | str:
    """The family pays its share from what is held for it, the fund the rest."""
    family, public = _cash(a, a.part, "agency"), _cash(a, a.fen - a.part)
    if isinstance(family, str) or isinstance(public, str):
        return "insufficient_funds"
    lines = [debit(a.fund, "2901", a.part), credit(a.fund, "1002", a.part, "agency")]
    lines += [*_paid(a, public, "5001"), _available(a, "debit", a.fen - a.part), *_expended(a, public)]
    return Effects(lines)


def _staged(a: Asked, kind: Kind) -> Effects | str:
    """The builder is paid less the retention, whose budget stays reserved under a name of its own."""
    parts = _cash(a, a.fen - a.part)
    if isinstance(parts, str):
        return parts
    # One line for the whole expense, paid and kept back.
    paid = [line for line in _paid(a, parts, "5001") if line.account != "5001"]
    lines = [debit(a.fund, "5001", a.fen), *paid]
    lines += [replace(credit(a.fund, kind.on, a.part), item=len(a.book.items)), _drawn(a, a.fen)]
    lines += [*_expended(a, parts), _encumbered(a, "credit", a.part, len(a.book.encumbrances))]
    moves = None if a.given is None else ("liquidated", a.fen)
    return Effects(lines, opened=[("", a.part)], moves=moves, reserves=a.part)


def _retention_paid(a: Asked, kind: Kind) -> Effects | str:
    parts = _cash(a, a.fen)
    if isinstance(parts, str):
        return parts
    lines = [*_paid(a, parts, kind.on, a.item), _encumbered(a, "debit", a.fen, a.reserved), *_expended(a, parts)]
    return Effects(lines, settled=[("", a.fen)], moves=("liquidated", a.fen))


def _retention_lost(a: Asked, kind: Kind) -> Effects | str:
    lines = [replace(debit(a.fund, kind.on, a.fen), item=a.item), credit(a.fund, "5001", a.fen)]
    lines += [_encumbered(a, "debit", a.fen, a.reserved), _available(a, "credit", a.fen)]
    return Effects(lines, settled=[("", a.fen)], moves=("released", a.fen))


def _of_the_pool(a: Asked, _kind: Kind) -> Effects | str:
    lines = [debit(a.fund, "5001", a.fen), replace(credit(a.fund, "1214", a.fen), item=a.item)]
    return Effects(lines, settled=[("", a.fen)])


def _pool_paid_back(a: Asked, _kind: Kind) -> Effects | str:
    """A payout of this year was no expense; one of an earlier year raises what was carried over."""
    back = credit(a.fund, "5001" if a.this_year else "3001", a.fen)
    return Effects([replace(debit(a.fund, "1214", a.fen), item=a.item), back], opened=[("", a.fen)])


def _pool_returned(a: Asked, _kind: Kind) -> Effects | str:
    source = a.source or ""
    lines = [debit(a.fund, "1002", a.fen, source), replace(credit(a.fund, "1214", a.fen), item=a.item)]
    return Effects([*lines, *_budget_of_money_back(a, source)], settled=[("", a.fen)])


def _pool_carried(a: Asked, _kind: Kind) -> Effects | str:
    lines = [
        replace(debit(a.fund, "1214", a.fen), item=len(a.book.items)),
        replace(credit(a.fund, "1214", a.fen), item=a.item),
    ]
    return Effects(lines, opened=[("", a.fen)], settled=[("", a.fen)])


def _given(a: Asked, kind: Kind) -> Effects | str:
    new, source = len(a.book.items), "gift" if kind.opens == "restricted_gift" else "donation"
    money, income = debit(a.fund, "1002", a.fen, source), credit(a.fund, "4603", a.fen)
    if kind.on == "1002":
        money = replace(money, item=new)
    else:
        income = replace(income, item=new)
    lines = [money, income, debit(a.fund, "8001", a.fen), credit(a.fund, "6609", a.fen, source)]
    return Effects(lines, opened=[(source if kind.on == "1002" else "", a.fen)])


def _gift_spent(a: Asked, _kind: Kind) -> Effects | str:
    parts = _of_item(a)
    if isinstance(parts, str):
        return parts
    paid = [replace(line, item=a.item) if line.account == "1002" else line for line in _paid(a, parts, "5001")]
    return Effects([*paid, _available(a, "debit", a.fen), *_expended(a, parts)], settled=parts)


WAYS: dict[str, Callable[[Asked, Kind], Effects | str]] = {
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
    "pool_paid_back": _pool_paid_back,
    "pool_returned": _pool_returned,
    "pool_carried": _pool_carried,
    "given": _given,
    "gift_spent": _gift_spent,
}
