"""What any operation of the catalogue books, and when it is refused. Pure: decides from the book's state and the operation's data alone.

Refusals come in a fixed order: unknown fund; a fund of another category; shape; date and month; people; the open item; the encumbrance;
the order of dates; budget; cash. The journal then asks its own rules of every entry, and the database proves them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from common.errors import NOT_FOUND, Problem
from common.validation import invalid_field
from ledger.budgets.rules import held, not_before, not_open
from ledger.funds.expansion import Amount, Facts, Part, total_fen, whole
from ledger.funds.rules import (
    Voucher,
    badly_dated,
    bear,
    draft,
    lacks_available,
    same_person,
    unknown_fund,
    year_ahead,
)
from ledger.journal.drafts import AGENCY, GIFT, NO_PURPOSE, EntryDraft, NewEncumbrance, NewItem
from ledger.journal.state import BookState, EncumbranceState, ItemState
from ledger.operations.catalogue import Operation, Take
from ledger.problems import AMOUNT_EXCEEDS_REMAINING, OPERATION_NOT_OF_FUND

_NOBODY = UUID(int=0)


_PAID_IN = "paid_in"


@dataclass(frozen=True, slots=True)
class Order:
    """A request for an operation on a fund: what it says by field, in the types of the fields.

    ``new_item`` and ``new_encumbrance`` are the ids of what it may open, made before the plan, which may run more than once.
    """

    operation: Operation
    fund: str
    voucher: Voucher
    fen: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, date] = field(default_factory=dict)
    item: UUID | None = None
    encumbrance: UUID | None = None
    source: str | None = None
    year: int | None = None
    purpose_code: str = NO_PURPOSE
    new_item: UUID = _NOBODY
    new_encumbrance: UUID = _NOBODY


@dataclass(frozen=True, slots=True)
class _Found:
    """What the order names in the book: the item, the encumbrance it moves, and the budget year."""

    item: ItemState | None
    encumbrance: EncumbranceState | None
    year: int

    def purpose_code(self, order: Order) -> str:
        """The purpose of the encumbrance that is moved, else the one that was asked for, else, where none can be asked for, the item's."""
        if self.encumbrance is not None:
            return self.encumbrance.purpose_code
        asks = any(spec.type == "purpose_code" for spec in order.operation.fields.values())
        return self.item.purpose_code if self.item is not None and not asks else order.purpose_code


def decide(order: Order, state: BookState) -> EntryDraft | Problem:
    """Decide what the operation books."""
    found = _find(order, state)
    if isinstance(found, Problem):
        return found
    totals = {name: take.fen(dict(order.fen)) for name, take in order.operation.takes.items()}
    refusal = _negative(order.operation, totals) or _lacks_budget(order, found, totals, state)
    if refusal is not None:
        return refusal
    amounts = _borne(order, found, totals, state)
    if isinstance(amounts, Problem):
        return amounts
    return _entry(order, found, amounts)


def _find(order: Order, state: BookState) -> _Found | Problem:
    refusal = unknown_fund(order.fund, state) or _of_another_fund(order, state)
    if refusal is not None:
        return refusal
    item = state.item(order.item) if order.item is not None else None
    encumbrance = _encumbrance(order, item, state)
    own_year = order.year or order.voucher.effective_on.year
    year = encumbrance.fiscal_year if encumbrance is not None else own_year
    refusal = (
        year_ahead(own_year, order.voucher.effective_on)
        or badly_dated(order.voucher, state)
        or same_person(order.voucher)
        or _wrong_item(order, item)
        or _wrong_encumbrance(order, encumbrance, state)
        or (not_before(order.voucher.effective_on, item.opened_on) if item is not None else None)
    )
    return refusal or _Found(item, encumbrance, year)


def _of_another_fund(order: Order, state: BookState) -> Problem | None:
    known = state.funds[order.fund]
    if "any" in order.operation.funds or known.category in order.operation.funds:
        return None
    return OPERATION_NOT_OF_FUND.error(
        field="fund", operation=order.operation.operation, category=known.category, funds=list(order.operation.funds)
    )


def _encumbrance(order: Order, item: ItemState | None, state: BookState) -> EncumbranceState | None:
    """Return the encumbrance the request names, or the one its item holds if the operation moves that."""
    if order.encumbrance is not None:
        return state.encumbrance(order.encumbrance)
    moves = any(line.encumbrance is True and "draws" not in line.when for line in order.operation.lines)
    if item is None or item.encumbrance is None or not moves:
        return None
    return state.encumbrance(item.encumbrance)


def _wrong_item(order: Order, item: ItemState | None) -> Problem | None:
    spec = order.operation.item_field
    if spec is None or (item is not None and item.kind == spec.kind and item.fund == order.fund):
        return None
    return NOT_FOUND.error(field="item")


def _wrong_encumbrance(order: Order, found: EncumbranceState | None, state: BookState) -> Problem | None:
    if order.encumbrance is None:
        return None
    if found is None or found.fund != order.fund:
        return NOT_FOUND.error(field="encumbrance")
    return held(found) or not_open(found, state.now) or not_before(order.voucher.effective_on, found.opened_on)


def _negative(operation: Operation, totals: Mapping[str, int]) -> Problem | None:
    for name, fen in totals.items():
        if fen < 0 or (fen == 0 and len(totals) == 1):
            minus = operation.takes[name].minus
            return invalid_field(
                minus.less if minus is not None else operation.takes[name].named()[0],
                "more_than_the_whole" if fen < 0 else "comes_to_nothing",
                "部分金额不得大于总额，金额不得为零。",
                "A part may not be more than the whole, and the amount may not come to nothing.",
            )
    return None


def _lacks_budget(order: Order, found: _Found, totals: Mapping[str, int], state: BookState) -> Problem | None:
    """Ask for the budget the entry draws: of the year's available, or of the encumbrance."""
    conditions = _conditions(order, found)
    drawn = {"available": 0, "encumbered": 0}
    for line in order.operation.lines:
        if line.account in drawn and line.side == "debit" and line.applies(conditions):
            drawn[line.account] += totals[line.amount]
    if drawn["available"]:
        return lacks_available(order.fund, found.year, drawn["available"], state, found.purpose_code(order))
    if found.encumbrance is not None and drawn["encumbered"] > found.encumbrance.remaining_fen:
        return _exceeds(found.encumbrance.remaining_fen, drawn["encumbered"])
    return None


def _exceeds(remaining_fen: int, requested_fen: int) -> Problem:
    return AMOUNT_EXCEEDS_REMAINING.error(field="amount_fen", remaining_fen=remaining_fen, requested_fen=requested_fen)


def _conditions(order: Order, found: _Found) -> dict[str, str]:
    told = {
        "draws": "available" if order.encumbrance is None else "encumbrance",
        "paid_in": "this_year"
        if (order.year or _paid_year(found)) == order.voucher.effective_on.year
        else "prior_year",
    }
    return {name: told[name] for name in order.operation.conditions}


def _paid_year(found: _Found) -> int:
    if found.item is None:
        return found.year
    return int(found.item.details.get(_PAID_IN, found.item.opened_on.year))


def _borne(order: Order, found: _Found, totals: Mapping[str, int], state: BookState) -> dict[str, Amount] | Problem:
    amounts: dict[str, Amount] = {}
    for name, take in order.operation.takes.items():
        parts = _parts(take, totals[name], order, found, state)
        if isinstance(parts, Problem):
            return parts
        amounts[name] = parts
    return amounts


def _parts(take: Take, fen: int, order: Order, found: _Found, state: BookState) -> Amount | Problem:
    """Say which money bears an amount."""
    if fen == 0 or take.bearer is None:
        return whole(fen)
    match take.bearer:
        case "cash":
            return bear(order.fund, fen, order.source, state)
        case "agency":
            return bear(order.fund, fen, AGENCY, state)
        case "given":
            return whole(fen, order.source or "")
        case "item":
            return _of_item(fen, found, state.funds[order.fund].source_order)
    return whole(fen, {"agency_in": AGENCY, "gift_in": GIFT, "donation_in": "donation"}[take.bearer])


def _of_item(fen: int, found: _Found, sources: tuple[str, ...]) -> Amount | Problem:
    """Take an amount from what an item stands on, in the fund's order of sources."""
    remaining = found.item.remaining if found.item is not None else {}
    ordered = [*(one for one in sources if one in remaining), *(one for one in remaining if one not in sources)]
    left, parts = fen, []
    for source in ordered:
        taken = min(left, remaining[source])
        if taken:
            parts.append(Part(source, taken))
            left -= taken
    return tuple(parts) if not left else _exceeds(fen - left, fen)


def _entry(order: Order, found: _Found, amounts: dict[str, Amount]) -> EntryDraft:
    operation = order.operation
    purpose_code = found.purpose_code(order)
    reserved_fen = total_fen(amounts[operation.reserves]) if operation.reserves else 0
    facts = Facts(
        funds={"fund": order.fund},
        years={"budget": found.year},
        conditions=_conditions(order, found),
        encumbrance=found.encumbrance.id if found.encumbrance is not None else None,
        purpose_code=purpose_code,
        new_encumbrance=order.new_encumbrance,
        item=order.item,
        new_item=order.new_item,
    )
    detail = order.texts.get(operation.detail, "")
    payee = order.texts.get(operation.payee) if operation.payee else None
    entry = draft(operation, amounts, facts, order.voucher, detail=detail, payee_ref=payee)
    opened = _opened_item(order, found, amounts, held_fen=reserved_fen)
    reserved = None
    if reserved_fen:
        reserved = NewEncumbrance(
            id=order.new_encumbrance,
            fund=order.fund,
            fiscal_year=found.year,
            amount_fen=reserved_fen,
            purpose=detail or operation.title_zh,
            reference=order.voucher.reference,
            purpose_code=purpose_code,
        )
    return replace(
        entry,
        new_item=opened,
        new_encumbrance=reserved,
        metadata=_metadata(order),
        needs_approval=operation.approval == "always",
    )


def _opened_item(order: Order, found: _Found, amounts: dict[str, Amount], held_fen: int) -> NewItem | None:
    opens = order.operation.opens
    if opens is None or not amounts[opens.amount]:
        return None
    return NewItem(
        id=order.new_item,
        kind=opens.kind,
        fund=order.fund,
        account=opens.account,
        side=opens.side,
        party_ref=order.texts.get(opens.party) if opens.party else None,
        reference=order.voucher.reference,
        encumbrance=order.new_encumbrance if opens.holds and held_fen else None,
        purpose_code=found.purpose_code(order),
        due_on=order.dates.get(opens.due) if opens.due else None,
        # What one item becomes of another keeps the year its money was paid in.
        details={
            "purpose": order.texts.get(order.operation.detail, ""),
            **({_PAID_IN: _paid_year(found)} if found.item is not None else {}),
        },
    )


def _metadata(order: Order) -> dict[str, str | int | bool]:
    """What the request says besides money, people and dates, so that the chain covers it."""
    said: dict[str, str | int | bool] = {"operation": order.operation.operation}
    for name, spec in order.operation.fields.items():
        if spec.type == "choice" and name in order.texts:
            said[name] = order.texts[name]
        if spec.type == "bp" and name in order.fen:
            said[name] = order.fen[name]
    return said
