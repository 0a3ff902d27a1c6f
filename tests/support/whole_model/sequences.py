"""Which sequences are drawn: each is about a few kinds of operation, so that some go deep where others go wide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.support.whole_model import (
    appropriating,
    business,
    checking,
    free,
    lasting,
    money,
    months,
    reserving,
    tree,
    wrong,
    years,
)
from tests.support.whole_model import chance as st
from tests.support.whole_model.appropriating import SetPurpose, Transfer, Version
from tests.support.whole_model.book import TOP_FUNDS, Rule, When
from tests.support.whole_model.business import Business
from tests.support.whole_model.business_kinds import KINDS
from tests.support.whole_model.checking import SetRules
from tests.support.whole_model.comparing import Look
from tests.support.whole_model.money import Allotment, Receipt
from tests.support.whole_model.months import Close
from tests.support.whole_model.operation import DAYS, Operation, Terms
from tests.support.whole_model.reserving import Encumber, Liquidate
from tests.support.whole_model.tree import SubFund

STRATEGIES: dict[str, st.Chance[Any]] = {
    **money.STRATEGIES,
    **reserving.STRATEGIES,
    **free.STRATEGIES,
    **business.STRATEGIES,
    **appropriating.STRATEGIES,
    **lasting.STRATEGIES,
    **months.STRATEGIES,
    **years.STRATEGIES,
    **tree.STRATEGIES,
    **checking.STRATEGIES,
    **wrong.STRATEGIES,
}
"""Every way of drawing an operation."""
EVERY = (
    frozenset(KINDS) | {"batch"} | (STRATEGIES.keys() - business.STRATEGIES.keys() - {"brief", "malformed", "absent"})
)
"""Every operation there is, by the name it is counted under."""

_EARLY = When("2021-11-15")
_MONEY: tuple[Operation, ...] = (
    SubFund(code="repair.c01", parent="repair"),
    Receipt(fund="health", fen=40, source="central", when=_EARLY),
    Receipt(fund="health", fen=35, source="county", when=_EARLY),
    Receipt(fund="repair", fen=50, source="donation", when=_EARLY),
    Allotment(fund="health", fen=90, year=2021, when=_EARLY),
    Allotment(fund="repair", fen=60, year=2021, when=_EARLY),
)
"""Money and budget to begin with, so that most sequences get somewhere."""
_RESERVED: tuple[Operation, ...] = (
    Encumber(fund="health", fen=40, year=2021, when=_EARLY),
    Encumber(fund="repair", fen=25, year=2021, when=_EARLY),
    Liquidate(pick=0, fen=12, source=None, when=_EARLY),
)
_CLOSED = (Close(month=None), Close(month=None))
_SECOND = (SetRules(rules=(Rule("*", "*", 4),)),)


@dataclass(frozen=True, slots=True)
class Theme:
    """What the sequences of a theme begin with, and what they draw from; what is named twice is drawn twice as often."""

    beginning: tuple[Operation, ...]
    names: tuple[str, ...]
    late: bool = False
    """Whether its entries are dated in the adjusting period and after it."""


_LATE = st.sampled_from(
    (When("2021-12-31", "2021-13"), When("2021-12-31", "2021-13"), When("2022-01-05"), When("2022-02-20"))
)


def _dated_late(drawn: tuple[Operation, When]) -> Operation:
    operation, when = drawn
    if isinstance(getattr(operation, "when", None), When):
        changed: Operation = replace(operation, when=when)  # type: ignore[call-arg]
        return changed
    return operation


def _funded(fund: str) -> tuple[Operation, ...]:
    """A fund with money, budget and an encumbrance of its own, and a gift."""
    return (
        Receipt(fund=fund, fen=60, source="central", when=_EARLY),
        Receipt(fund=fund, fen=40, source="county", when=_EARLY),
        Allotment(fund=fund, fen=150, year=2021, when=_EARLY),
        Encumber(fund=fund, fen=40, year=2021, when=_EARLY),
    )


_OPENING = {
    "industry": "reserve_set_aside",
    "health": "advance",
    "repair": "project_stage",
    "insurance": "pool_prepayment",
}


def _opened(fund: str) -> tuple[Operation, ...]:
    """Something of every kind of open item the fund can have."""
    return tuple(
        Business(
            what=what,
            fund=fund,
            home=fund,
            fen=30,
            part=12,
            source=None,
            year=None,
            purpose="",
            pick=0,
            drawn_from=None,
            when=_EARLY,
        )
        for what in (*filter(None, [_OPENING.get(fund)]), "subsidy_recognition", "restricted_gift", "named_gift")
    )


_PURPOSES = (
    SetPurpose(fund="health", code="aid", kinds=frozenset(), sources=frozenset()),
    SetPurpose(fund="repair", code="works", kinds=frozenset({"payment"}), sources=frozenset({"county", "donation"})),
    Version(what="original", year=2021, changes=(("health", "", 20), ("industry", "", 30)), when=_EARLY),
    Transfer(
        fund="health",
        to="industry",
        fen=15,
        year=2021,
        in_cash=False,
        source=None,
        purpose="",
        to_purpose="",
        when=_EARLY,
        terms=Terms("li", reviewed_by="wang"),
    ),
    Allotment(fund="health", fen=50, year=2021, when=_EARLY, purpose="aid"),
    Allotment(fund="repair", fen=50, year=2021, when=_EARLY, purpose="works"),
)
_BESIDE_BUSINESS = ("business.any", "approve", "approve", "close", "payment", "liquidate", "malformed")
_RESERVING = ("encumber", "liquidate", "liquidate", "return", "release")
THEMES: dict[str, Theme] = {
    "everything": Theme(_MONEY, tuple(STRATEGIES)),
    "everything_later": Theme(_MONEY + _RESERVED, tuple(STRATEGIES)),
    "reserving": Theme(_MONEY + _RESERVED, (*_RESERVING, *_RESERVING, "receipt", "payment")),
    "checking": Theme(
        _MONEY + _RESERVED + _SECOND,
        (
            *("approve", "approve", "approve", "approve_many", "approve_many", "refuse", "withdraw", "set_rules"),
            *("payment", "receipt", "allotment", "journal", "bulk", "correction", "opening", *_RESERVING),
        ),
    ),
    "journal": Theme(_MONEY, ("journal", "journal", "journal", "reversal", "reversal", "bulk", "opening", "encumber")),
    **{
        fund: Theme(
            _funded(fund) + _opened(fund), (f"business.{fund}",) * 7 + (f"business.any.{fund}",) * 4 + _BESIDE_BUSINESS
        )
        for fund in TOP_FUNDS
    },
    "budget": Theme(
        _MONEY + _RESERVED + _PURPOSES,
        (
            *("purpose", "budget_version", "budget_version", "budget_move", "transfer", "transfer", "transfer"),
            *(
                "settlement",
                "settlement",
                "approve",
                "approve",
                "approve",
                "payment",
                "encumber",
                "allotment",
                "correction",
            ),
        ),
    ),
    "lasting": Theme(
        _MONEY + _RESERVED,
        (
            *("brief", "brief", "expiry", "expiry", "extension", "extension", "group_liquidation", "group_liquidation"),
            *(
                "group_release",
                "encumber",
                "encumber",
                "liquidate",
                "return",
                "release",
                "receipt",
                "set_rules",
                "approve",
            ),
        ),
    ),
    "batches": Theme(
        _funded("employment") + _funded("education") + _funded("industry"),
        ("batch", "batch", "batch", "business.any", "approve", "set_rules"),
    ),
    "corrections": Theme(
        _MONEY,
        ("malformed", "absent", "receipt", "allotment", "payment", "payment", "correction", "correction", "encumber"),
    ),
    "months": Theme(
        _MONEY + _RESERVED,
        ("close", "close", "close", "reopen", "receipt", "payment", "correction", "journal", "reversal", *_RESERVING),
    ),
    "year_end_checked": Theme(
        (
            *_MONEY,
            *_RESERVED,
            *_CLOSED,
            SetRules(rules=(Rule("year_end_closing", "*", 0), Rule("carry_forward", "health", 0))),
        ),
        (
            *("year_end", "year_end", "approve", "approve", "approve", "approve_many", "approve_many", "refuse"),
            *("receipt", "payment", "close", "reopen", "carry_rules", "withdraw", "set_rules"),
        ),
        late=True,
    ),
    "year_end": Theme(
        _MONEY + _RESERVED + _CLOSED,
        (
            *("year_end", "year_end", "year_end", "year_end", "carry_rules", "carry_rules", "close", "close", "reopen"),
            *("receipt", "payment", "allotment", "correction", "journal", "reversal", *_RESERVING),
            *("set_rules", "approve", "approve"),
        ),
        late=True,
    ),
}


@dataclass(frozen=True, slots=True)
class Sequence:
    """What is done to one book, and where to look afterwards."""

    theme: str
    steps: tuple[Operation, ...]
    look: Look


def _sequences(theme: str) -> st.Chance[Sequence]:
    step = st.one_of(*(STRATEGIES[name] for name in THEMES[theme].names))
    if THEMES[theme].late:
        step = st.tuples(step, _LATE).map(_dated_late)
    steps = st.lists(step, min_size=8, max_size=22)
    look = st.builds(
        Look, st.sampled_from(DAYS), st.integers(0, 40), st.lists(st.integers(0, 40), max_size=2), st.booleans()
    )
    return st.builds(Sequence, st.just(theme), steps, look)


_DRAWN = {theme: _sequences(theme) for theme in THEMES}


_TURNS = (*THEMES, *("checking", "year_end", "year_end_checked", "budget", "lasting", "months"))
"""The themes in turn; what goes deep only with luck comes twice."""


def sequence(seed: int, number: int) -> Sequence:
    """The sequence of a number; the themes take turns."""
    theme = _TURNS[number % len(_TURNS)]
    return _DRAWN[theme].draw(Random(f"{seed} {number}"))
