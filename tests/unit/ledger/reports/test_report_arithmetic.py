"""The reports' arithmetic on figures made by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.reports.rules import (
    ControlFigures,
    FundNode,
    TrialLine,
    execution_rate_basis_points,
    fund_order,
    percent_text,
    running_balances,
    trial_totals,
    with_descendants,
)


def node(code: str, parent: str | None, position: int) -> FundNode:
    return FundNode(code, parent, position, code, code)


TREE = [
    node("repair", None, 2),
    node("health", None, 1),
    node("repair.water", "repair", 9),
    node("repair.overhaul", "repair", 8),
    node("repair.overhaul.c01", "repair.overhaul", 10),
]


def test_a_parent_shows_its_own_figures_and_those_of_every_fund_below_it() -> None:
    own = {
        "repair": ControlFigures(100, 10, 20, 70),
        "repair.overhaul.c01": ControlFigures(5, 1, 1, 3),
        "repair.water": ControlFigures(7, 0, 7, 0),
    }
    shown = with_descendants(TREE, own)
    assert shown["repair"] == ControlFigures(112, 11, 28, 73)
    assert shown["repair.overhaul"] == ControlFigures(5, 1, 1, 3)
    assert shown["health"] == ControlFigures()


def test_funds_stand_below_their_top_fund_whenever_they_were_made() -> None:
    order = fund_order(TREE)
    codes = sorted(order, key=lambda code: order[code])
    assert codes == ["health", "repair", "repair.overhaul", "repair.overhaul.c01", "repair.water"]


@pytest.mark.parametrize(
    ("expended", "allotted", "points", "text"),
    [
        (0, 0, None, None),
        (0, 5, 0, "0.00%"),
        (1, 3, 3333, "33.33%"),
        (2, 3, 6667, "66.67%"),
        (1, 20_000, 1, "0.01%"),
        (1, 20_001, 0, "0.00%"),
        (10**15, 10**15, 10_000, "100.00%"),
        (999_999_999_999_999, 10**15, 10_000, "100.00%"),
        (15, 10, 15_000, "150.00%"),
    ],
)
def test_execution_rates_are_rounded_half_up(
    expended: int, allotted: int, points: int | None, text: str | None
) -> None:
    assert execution_rate_basis_points(expended, allotted) == points
    assert percent_text(points) == text


@given(expended=st.integers(0, 10**18), allotted=st.integers(1, 10**18))
def test_a_rate_is_never_further_from_the_truth_than_half_a_basis_point(expended: int, allotted: int) -> None:
    points = execution_rate_basis_points(expended, allotted)
    assert points is not None
    assert abs(points * allotted - expended * 10_000) * 2 <= allotted


def test_totals_stand_per_fund_and_basis() -> None:
    lines = [
        TrialLine("a", "1002", "financial", "", "", 5, 1),
        TrialLine("a", "4001", "financial", "", "", 0, 4),
        TrialLine("a", "8001", "budgetary", "", "", 2, 0),
    ]
    totals = [(one.fund, one.basis, one.debit_fen, one.credit_fen) for one in trial_totals(lines)]
    assert totals == [("a", "financial", 5, 5), ("a", "budgetary", 2, 0)]


@given(opening=st.integers(), moves=st.lists(st.integers()))
def test_the_last_running_balance_is_the_closing_balance(opening: int, moves: list[int]) -> None:
    balances = running_balances(opening, moves)
    assert len(balances) == len(moves)
    assert ([opening, *balances])[-1] == opening + sum(moves)
