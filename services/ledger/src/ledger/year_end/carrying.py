"""What becomes of a year's budget at its end: it lapses, or the next year gets it, by rules of the book. Pure.

Three entries a fund, each only if there is something for it, in this order:

1. ``encumbrance_lapse``: encumbrances that lapse give their remainder back to available;
2. ``carry_forward``: encumbrances, and the available if it is carried, leave this year and enter the next; an encumbrance keeps its id;
3. ``budget_lapse``: what is available lapses, and with it what was allotted.

An encumbrance held by an open item, or for which the bank gave money back that somebody is still owed, is always carried.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from common.errors import NOT_FOUND, Problem
from ledger.journal.drafts import NO_SOURCE, EntryDraft, LineDraft
from ledger.journal.state import CarryRule
from ledger.year_end.rules import (
    BUDGET_LAPSE,
    CARRY_FORWARD,
    ENCUMBRANCE_LAPSE,
    YearEndOrder,
    lines_of,
    not_ready,
    nothing_left,
    year_end_draft,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ledger.journal.drafts import Act, Side
    from ledger.journal.state import BookState, EncumbranceState

ANY_FUND = "*"
DEFAULT_RULE = CarryRule(ANY_FUND, available="lapse", encumbered="carry")
"""What holds where a book says nothing [assumed]: what is promised is kept, what is not lapses."""


def rule_for(fund: str, rules: Sequence[CarryRule]) -> CarryRule:
    """Return the rule of the fund, else of the nearest fund above it, else of every fund, else the default."""
    said = {rule.fund: rule for rule in rules}
    owner = fund
    while owner:
        if owner in said:
            return said[owner]
        owner = owner.rpartition(".")[0]
    return said.get(ANY_FUND, DEFAULT_RULE)


def always_carried(held: EncumbranceState) -> bool:
    """Tell whether somebody else's claim keeps an encumbrance alive, whatever the rule: an open item, or a payment to be made again."""
    return held.held_by is not None or held.payable_fen > 0


def decide_encumbrance_lapse(order: YearEndOrder, state: BookState) -> EntryDraft | Act | Problem:
    """Release one fund's encumbrances that lapse. Refusals: not_found; as ``not_ready``."""
    return _decide(order, state, ENCUMBRANCE_LAPSE, "年末注销未用冻结指标", _released)


def decide_carry_forward(order: YearEndOrder, state: BookState) -> EntryDraft | Act | Problem:
    """Move one fund's carried budget into the next year. Refusals: not_found; as ``not_ready``."""
    return _decide(order, state, CARRY_FORWARD, "预算指标结转下年", _carried)


def decide_budget_lapse(order: YearEndOrder, state: BookState) -> EntryDraft | Act | Problem:
    """Let what is left available of one fund's budget lapse. Refusals: not_found; as ``not_ready``."""
    return _decide(order, state, BUDGET_LAPSE, "年末注销可用指标", _lapsed)


DECISIONS: Mapping[str, Callable[[YearEndOrder, BookState], EntryDraft | Act | Problem]] = {
    ENCUMBRANCE_LAPSE: decide_encumbrance_lapse,
    CARRY_FORWARD: decide_carry_forward,
    BUDGET_LAPSE: decide_budget_lapse,
}
"""The three steps of carrying a fund's budget forward, in their order."""


def _decide(
    order: YearEndOrder,
    state: BookState,
    kind: str,
    title: str,
    lines_for: Callable[[YearEndOrder, CarryRule, BookState], list[LineDraft]],
) -> EntryDraft | Act | Problem:
    if state.fund(order.fund) is None:
        return NOT_FOUND.error("fund")
    problem = not_ready(order.year, order.people, state)
    if problem is not None:
        return problem
    lines = lines_for(order, rule_for(order.fund, state.carry_rules), state)
    return year_end_draft(order, kind, f"{order.year}年{title}", lines) if lines else nothing_left()


def _released(order: YearEndOrder, rule: CarryRule, state: BookState) -> list[LineDraft]:
    if rule.encumbered == "carry":
        return []
    lines: list[LineDraft] = []
    given_back: Counter[str] = Counter()
    for held in _standing(order, state):
        if not always_carried(held):
            lines.append(_encumbered(held, "debit", order.year))
            given_back[held.purpose_code] += held.remaining_fen
    for purpose_code, fen in sorted(given_back.items()):
        lines += lines_of(order.fund, "available", "credit", fen, budget_year=order.year, purpose_code=purpose_code)
    return lines


def _carried(order: YearEndOrder, rule: CarryRule, state: BookState) -> list[LineDraft]:
    lines: list[LineDraft] = []
    carried: Counter[tuple[str, str]] = Counter()
    for held in _standing(order, state):
        if rule.encumbered == "carry" or always_carried(held):
            lines += [_encumbered(held, "debit", order.year), _encumbered(held, "credit", order.year + 1)]
            carried[NO_SOURCE, held.purpose_code] += held.remaining_fen
    if rule.available == "carry":
        for (source, purpose_code), fen in _available(order, state).items():
            place = {"source": source, "purpose_code": purpose_code}
            lines += lines_of(order.fund, "available", "debit", fen, budget_year=order.year, **place)
            lines += lines_of(order.fund, "available", "credit", fen, budget_year=order.year + 1, **place)
            carried[source, purpose_code] += fen
    for (source, purpose_code), fen in sorted(carried.items()):
        place = {"source": source, "purpose_code": purpose_code}
        lines += lines_of(order.fund, "allotted", "credit", fen, budget_year=order.year, **place)
        lines += lines_of(order.fund, "allotted", "debit", fen, budget_year=order.year + 1, **place)
    return lines


def _lapsed(order: YearEndOrder, rule: CarryRule, state: BookState) -> list[LineDraft]:
    if rule.available == "carry":
        return []
    lines: list[LineDraft] = []
    for (source, purpose_code), fen in _available(order, state).items():
        place = {"source": source, "purpose_code": purpose_code}
        lines += lines_of(order.fund, "available", "debit", fen, budget_year=order.year, **place)
        lines += lines_of(order.fund, "allotted", "credit", fen, budget_year=order.year, **place)
    return lines


def _standing(order: YearEndOrder, state: BookState) -> list[EncumbranceState]:
    """Return the fund's encumbrances that stand in the year with something left, in the order they were opened."""
    held = (one for one in state.encumbrances.values() if one.fund == order.fund and one.fiscal_year == order.year)
    return sorted((one for one in held if one.remaining_fen > 0), key=lambda one: one.opened_seq)


def _available(order: YearEndOrder, state: BookState) -> dict[tuple[str, str], int]:
    """Return what the fund may still use of the year, by source and purpose, where there is any."""
    found = {
        (source, purpose_code): -fen
        for (fund, account, year, source, purpose_code), fen in state.balances.items()
        if (fund, account, year) == (order.fund, "available", order.year) and fen < 0
    }
    return dict(sorted(found.items()))


def _encumbered(held: EncumbranceState, side: Side, year: int) -> LineDraft:
    return LineDraft(
        held.fund,
        "encumbered",
        side,
        held.remaining_fen,
        year,
        NO_SOURCE,
        encumbrance=held.id,
        purpose_code=held.purpose_code,
    )
