"""The arithmetic of the statements, and the words for what was done."""

from __future__ import annotations

from datetime import date

import pytest

from common.errors import Problem
from ledger.funds.templates import shipped
from ledger.operations.catalogue import catalogue
from ledger.reports.rules import FundNode
from ledger.statements import rules
from ledger.statements.execution import kind_titles
from ledger.statements.rules import Moved, Movement, RangeQuestion, Span, TakenOver
from ledger.statements.sheets import SOURCE_ZH
from ledger.year_end.rules import OPERATIONS

BEGINS, TODAY = date(2021, 1, 1), date(2022, 6, 15)


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        (RangeQuestion(), "2021-01-01", "2022-06-15"),
        (RangeQuestion(first_day=date(2020, 5, 1)), "2020-05-01", "2022-06-15"),
        (RangeQuestion(last_day=date(2021, 2, 3)), "2021-01-01", "2021-02-03"),
        (RangeQuestion(first_day=TODAY, last_day=date(2022, 12, 31)), "2022-06-15", "2022-12-31"),
        (RangeQuestion(fiscal_year=2021), "2021-01-01", "2021-12-31"),
        (RangeQuestion(fiscal_year=2022), "2022-01-01", "2022-06-15"),
        (RangeQuestion(period="2021-12"), "2021-12-01", "2021-12-31"),
        (RangeQuestion(period="2020-02"), "2020-02-01", "2020-02-29"),
        (RangeQuestion(period="2022-06"), "2022-06-01", "2022-06-15"),
    ],
)
def test_a_range_is_the_days_it_means(question: RangeQuestion, first: str, last: str) -> None:
    assert rules.span_of(question, BEGINS, TODAY) == Span(date.fromisoformat(first), date.fromisoformat(last))


def test_a_book_that_begins_later_today_has_a_range_of_one_day() -> None:
    assert rules.span_of(RangeQuestion(), date(2022, 7, 1), TODAY) == Span(date(2022, 7, 1), date(2022, 7, 1))


@pytest.mark.parametrize(
    ("question", "field", "code"),
    [
        (RangeQuestion(first_day=date(2022, 6, 16)), "from", "in_the_future"),
        (RangeQuestion(first_day=date(2021, 2, 2), last_day=date(2021, 2, 1)), "to", "before_from"),
        (RangeQuestion(last_day=date(2020, 12, 31)), "to", "before_from"),
        (RangeQuestion(fiscal_year=2023), "fiscal_year", "in_the_future"),
        (RangeQuestion(period="2022-07"), "period", "in_the_future"),
        (RangeQuestion(first_day=BEGINS, period="2021-01"), "period", "conflicting_range"),
        (RangeQuestion(last_day=BEGINS, fiscal_year=2021), "fiscal_year", "conflicting_range"),
        (RangeQuestion(fiscal_year=2021, period="2021-01"), "fiscal_year", "conflicting_range"),
    ],
)
def test_a_range_that_cannot_be_is_refused(question: RangeQuestion, field: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        rules.span_of(question, BEGINS, TODAY)
    assert [(one.field, one.code) for one in refused.value.errors] == [(field, code)]


@pytest.mark.parametrize(
    ("fen", "side", "columns"), [(5, "debit", (5, 0)), (-5, "credit", (0, 5)), (0, "even", (0, 0))]
)
def test_a_balance_stands_on_its_side(fen: int, side: str, columns: tuple[int, int]) -> None:
    assert rules.direction(fen) == side
    assert rules.sides(fen) == columns


def test_what_was_taken_over_in_the_range_is_opening_and_what_came_before_it_already_is() -> None:
    before, until = [Moved(("f", "1002"), 30, 0)], [Moved(("f", "1002"), 130, 20), Moved(("f", "3001"), 0, 100)]
    taken = [
        TakenOver(Moved(("f", "1002"), 30, 0), date(2020, 12, 1)),
        TakenOver(Moved(("f", "1002"), 70, 0), date(2021, 1, 31)),
        TakenOver(Moved(("f", "3001"), 0, 100), date(2021, 1, 31)),
        TakenOver(Moved(("f", "3001"), 0, 5), date(2021, 2, 1)),
    ]
    found = rules.movements(before, until, rules.taken_over_within(taken, Span(date(2021, 1, 1), date(2021, 1, 31))))
    assert found == [Movement(("f", "1002"), 100, 30, 20), Movement(("f", "3001"), -100, 0, 0)]
    assert [one.closing_fen for one in found] == [110, -100]


def test_a_parent_contains_every_fund_below_it() -> None:
    nodes = [
        FundNode(code, parent, 1, code, code)
        for code, parent in (("a", None), ("a.b", "a"), ("a.b.c", "a.b"), ("d", None))
    ]
    moved = [
        Movement(("a", "1002"), 1, 10, 100),
        Movement(("a.b.c", "1002"), 2, 20, 200),
        Movement(("d", "1002"), 4, 40, 400),
    ]
    found = {one.key[0]: (one.opening_fen, one.debit_fen, one.credit_fen) for one in rules.rolled_up(moved, nodes)}
    assert found == {"a": (3, 30, 300), "a.b": (2, 20, 200), "a.b.c": (2, 20, 200), "d": (4, 40, 400)}
    assert [one.code for one in rules.subtree(nodes, "a.b")] == ["a.b", "a.b.c"]
    assert rules.subtree([*nodes, FundNode("ab", None, 2, "", "")], "a")[-1].code == "a.b.c"


def test_the_year_so_far_begins_anew_in_january_and_counts_what_came_before_the_range() -> None:
    months = [("2021-11", 10, 0), ("2021-12", 0, 3), ("2022-02", 5, 5)]
    found = rules.month_sums(100, months, {"2021": (7, 1)})
    assert [(one.month, one.year_debit_fen, one.year_credit_fen, one.balance_fen) for one in found] == [
        ("2021-11", 17, 1, 110),
        ("2021-12", 17, 4, 107),
        ("2022-02", 5, 5, 107),
    ]


def test_every_kind_of_entry_and_every_source_has_a_chinese_name() -> None:
    kinds = {one.kind for one in (*catalogue().operations, *shipped().templates)} | OPERATIONS
    titles = kind_titles(None)
    assert titles.keys() >= kinds | {"journal", "opening", "reversal"}
    assert titles["advance"][0] == "大病就医垫付"
    assert set(SOURCE_ZH) == {*shipped().sources, "gift", "agency"}
