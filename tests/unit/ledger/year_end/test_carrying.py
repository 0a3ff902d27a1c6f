"""What becomes of a year's budget: hand-computed entries on a book in memory, decided by the journal's own code."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from common.errors import Problem
from ledger.journal.drafts import Act, EntryDraft, LineDraft, NewEncumbrance
from ledger.journal.entries import People
from ledger.journal.state import CarryRule, PurposeState, YearEnd
from ledger.year_end.carrying import DECISIONS, DEFAULT_RULE, decide_carry_forward, rule_for
from ledger.year_end.rules import YearEndOrder, decide_closing
from tests.support.fund_book import FundBook, Plan

ONE, TWO = (UUID(f"01890000-0000-7000-8000-00000000000{number}") for number in (1, 2))
ORDER = YearEndOrder(2021, "repair", People("officer-1", "officer-1"))
Line = tuple[str, str, int, int, str]


@pytest.fixture
def book() -> FundBook:
    """Budget of 2021: 500 general and 300 for roads; 120 of it encumbered generally (ONE), 80 for roads (TWO)."""
    made = FundBook("repair")
    made.state.purposes["repair", "roads"] = PurposeState("repair", "roads", frozenset(), frozenset())
    for purpose, fen in (("", 500), ("roads", 300)):
        allotted = (_line("allotted", "debit", fen, purpose), _line("available", "credit", fen, purpose))
        made.posted(_plan(_entry("allotment", *allotted)))
    for held, purpose, fen in ((ONE, "", 120), (TWO, "roads", 80)):
        new = NewEncumbrance(held, "repair", 2021, fen, "合同", purpose_code=purpose)
        lines = (
            _line("available", "debit", fen, purpose),
            replace(_line("encumbered", "credit", fen, purpose), encumbrance=held),
        )
        made.posted(_plan(replace(_entry("encumber", *lines), new_encumbrance=new)))
    for month in range(1, 13):
        made.state.periods[f"2021-{month:02d}"] = "closed"
    made.state.year_ends[2021] = YearEnd(2021, {})
    return made


def _plan(entry: EntryDraft) -> Plan:
    return lambda _state: entry


def _line(account: str, side: str, fen: int, purpose: str = "") -> LineDraft:
    return LineDraft("repair", account, side, fen, 2021, "", purpose_code=purpose)  # type: ignore[arg-type]


def _entry(kind: str, *lines: LineDraft) -> EntryDraft:
    return EntryDraft(kind, date(2021, 3, 1), "测试", lines, "officer-1", "officer-1")


def ended(book: FundBook, available: str, encumbered: str) -> dict[str, list[Line]]:
    """Do the three steps; the lines of each that booked something."""
    book.state.carry_rules = (CarryRule("*", available, encumbered),)  # type: ignore[arg-type]
    booked: dict[str, list[Line]] = {}
    for step, decide in DECISIONS.items():
        wish = decide(ORDER, book.state)
        assert not isinstance(wish, Problem)
        if isinstance(wish, EntryDraft):
            entry = book.posted(lambda state, decide=decide: decide(ORDER, state))  # type: ignore[misc]
            assert (entry.kind, entry.period, entry.effective_on) == (step, "2021-13", date(2021, 12, 31))
            booked[step] = [
                (line.account, line.side, line.amount_fen, line.budget_year, line.purpose_code)
                for line in entry.postings
            ]
    return booked


def left(book: FundBook, year: int) -> dict[str, int]:
    return {
        account: fen
        for account in ("allotted", "available", "encumbered")
        if (fen := book.state.balance_of("repair", account, year))
    }


def test_available_lapses_and_encumbered_carries(book: FundBook) -> None:
    assert ended(book, "lapse", "carry") == {
        "carry_forward": [
            ("encumbered", "debit", 120, 2021, ""),
            ("encumbered", "credit", 120, 2022, ""),
            ("encumbered", "debit", 80, 2021, "roads"),
            ("encumbered", "credit", 80, 2022, "roads"),
            ("allotted", "credit", 120, 2021, ""),
            ("allotted", "debit", 120, 2022, ""),
            ("allotted", "credit", 80, 2021, "roads"),
            ("allotted", "debit", 80, 2022, "roads"),
        ],
        "budget_lapse": [
            ("available", "debit", 380, 2021, ""),
            ("allotted", "credit", 380, 2021, ""),
            ("available", "debit", 220, 2021, "roads"),
            ("allotted", "credit", 220, 2021, "roads"),
        ],
    }
    assert (left(book, 2021), left(book, 2022)) == ({}, {"allotted": 200, "encumbered": -200})
    assert {held.fiscal_year for held in book.state.encumbrances.values()} == {2022}
    assert book.state.encumbrances[ONE].remaining_fen == 120


def test_everything_lapses(book: FundBook) -> None:
    assert ended(book, "lapse", "lapse") == {
        "encumbrance_lapse": [
            ("encumbered", "debit", 120, 2021, ""),
            ("encumbered", "debit", 80, 2021, "roads"),
            ("available", "credit", 120, 2021, ""),
            ("available", "credit", 80, 2021, "roads"),
        ],
        "budget_lapse": [
            ("available", "debit", 500, 2021, ""),
            ("allotted", "credit", 500, 2021, ""),
            ("available", "debit", 300, 2021, "roads"),
            ("allotted", "credit", 300, 2021, "roads"),
        ],
    }
    assert (left(book, 2021), left(book, 2022)) == ({}, {})
    assert [held.released_fen for held in book.state.encumbrances.values()] == [120, 80]


def test_everything_is_carried(book: FundBook) -> None:
    assert set(ended(book, "carry", "carry")) == {"carry_forward"}
    assert (left(book, 2021), left(book, 2022)) == ({}, {"allotted": 800, "available": -600, "encumbered": -200})


def test_what_lapsed_encumbrances_give_back_is_carried_with_what_is_available(book: FundBook) -> None:
    assert set(ended(book, "carry", "lapse")) == {"encumbrance_lapse", "carry_forward"}
    assert (left(book, 2021), left(book, 2022)) == ({}, {"allotted": 800, "available": -800})


@pytest.mark.parametrize("claim", ["held_by", "payable"])
def test_an_encumbrance_somebody_else_has_a_claim_on_is_always_carried(book: FundBook, claim: str) -> None:
    held = book.state.encumbrances[ONE]
    book.state.encumbrances[ONE] = replace(held, held_by=TWO) if claim == "held_by" else replace(held, payable_fen=30)
    booked = ended(book, "lapse", "lapse")
    assert booked["encumbrance_lapse"][0] == ("encumbered", "debit", 80, 2021, "roads")
    assert booked["carry_forward"][0] == ("encumbered", "debit", 120, 2021, "")
    assert (left(book, 2021), left(book, 2022)) == ({}, {"allotted": 120, "encumbered": -120})


def test_what_is_done_is_not_done_again(book: FundBook) -> None:
    ended(book, "lapse", "carry")
    assert ended(book, "lapse", "carry") == {}


@pytest.mark.parametrize(
    ("fund", "available"),
    [("repair", "carry"), ("repair.overhaul", "carry"), ("repair.water", "lapse"), ("repair.water.w1", "lapse"),
     ("repairs", "lapse"), ("health", "lapse")],
)  # fmt: skip
def test_the_nearest_rule_holds(fund: str, available: str) -> None:
    rules = [
        CarryRule("repair.water", "lapse", "lapse"),
        CarryRule("repair", "carry", "carry"),
        CarryRule("*", "lapse", "carry"),
    ]
    assert rule_for(fund, rules).available == available
    assert rule_for("health", []) == DEFAULT_RULE == CarryRule("*", "lapse", "carry")


def test_the_years_end_needs_its_months_closed_and_its_proposals_decided(book: FundBook) -> None:
    book.state.periods["2021-12"] = "open"
    assert book.refused(lambda state: _as_plan(decide_carry_forward(ORDER, state))).code == "out_of_order"
    book.state.periods["2021-12"] = "closed"
    book.state.year_ends[2021] = YearEnd(2021, {}, ("journal", "carry_forward", "receipt"))
    waiting = book.refused(lambda state: _as_plan(decide_closing(ORDER, state)))
    assert (waiting.code, waiting.params["waiting"]) == ("proposals_wait", 2)
    book.state.year_ends[2021] = YearEnd(2021, {}, ("carry_forward", "year_end_closing"))
    book.state.periods["2022-01"] = "closed"
    assert book.refused(lambda state: _as_plan(decide_closing(ORDER, state))).code == "period_closed"
    same = replace(ORDER, people=People("a", "b", reviewed_by="a"))
    assert book.refused(lambda state: _as_plan(decide_closing(same, state))).code == "same_person"
    absent = replace(ORDER, fund="nothing")
    assert book.refused(lambda state: _as_plan(decide_closing(absent, state))).code == "not_found"


def _as_plan(wish: EntryDraft | Act | Problem) -> EntryDraft | Problem:
    assert not isinstance(wish, Act)
    return wish
