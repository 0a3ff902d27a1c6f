"""Days below zero: stretches by hand, and any order of dates against the balance of every single day."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.reports.rules import Movement, NegativeStretch, negative_stretches

MARCH = date(2026, 2, 28)
Rows = list[tuple[int, int]]


def moved(*rows: tuple[int, int]) -> list[Movement]:
    """Movements in the order of posting: the day of March and the fen."""
    return [Movement(seq, MARCH + timedelta(days=day), fen) for seq, (day, fen) in enumerate(rows, start=1)]


def stretch(first: int, last: int, lowest: int, on: int, *made_by: int) -> NegativeStretch:
    return NegativeStretch(
        MARCH + timedelta(days=first), MARCH + timedelta(days=last), lowest, MARCH + timedelta(days=on), made_by
    )


TABLE = {
    "nothing": ([], []),
    "in order": ([(1, 100), (2, -60), (3, -40)], []),
    "down to nothing is not below": ([(5, 100), (5, -100)], []),
    "paid before the money came": ([(10, 100), (8, -60)], [stretch(8, 9, -60, 8, 2)]),
    "paid on the day the money came, posted in the other order of dates": ([(10, 100), (10, -60)], []),
    "a later receipt dated before it mends the day": ([(10, 100), (8, -60), (7, 60)], []),
    "mended in part": ([(10, 100), (5, -60), (8, 20), (9, 40)], [stretch(5, 8, -60, 5, 2)]),
    "lowest in the middle": (
        [(10, 100), (6, -10), (7, -30), (8, 20)],
        [stretch(6, 9, -40, 7, 2)],
    ),
    "two payments, each its own days": (
        [(20, 100), (3, 50), (10, -60), (5, -50)],
        # On the 5th the second payment takes what the receipt of the 3rd brought, which is not below zero.
        [stretch(10, 19, -60, 10, 3)],
    ),
    "the one that makes it so is not the last one": (
        [(20, 100), (10, -60), (10, -30)],
        [stretch(10, 19, -90, 10, 2)],
    ),
    "mended and broken again: the last that broke it": (
        [(20, 100), (10, -60), (9, 70), (9, -20)],
        [stretch(10, 19, -10, 10, 4)],
    ),
    "two stretches": (
        [(10, 100), (20, 100), (8, -50), (18, -100)],
        [stretch(8, 9, -50, 8, 3), stretch(18, 19, -50, 18, 4)],
    ),
    "days in a row made by different entries": (
        [(10, 100), (6, -10), (4, 10), (4, -15)],
        [stretch(4, 9, -15, 6, 4)],
    ),
    "days in a row, first by one, then by another": (
        [(30, 100), (10, -20), (5, -10), (10, 25), (12, -30)],
        # The 10th was below by the first payment and stayed so for good, whatever came and went after it.
        [stretch(5, 29, -35, 12, 2, 3)],
    ),
    "a red receipt": ([(1, 100), (9, 50), (5, -100)], []),
}


@pytest.mark.parametrize(("rows", "expected"), TABLE.values(), ids=TABLE.keys())
def test_stretches(rows: Rows, expected: list[NegativeStretch]) -> None:
    assert negative_stretches(moved(*rows)) == expected


@st.composite
def any_order_of_dates(draw: st.DrawFn) -> Rows:
    """Movements that never fall below zero in the order of posting, dated anyhow."""
    rows: Rows = []
    balance = 0
    for _ in range(draw(st.integers(0, 12))):
        fen = draw(st.integers(-balance, 50))
        balance += fen
        rows.append((draw(st.integers(1, 15)), fen))
    return rows


@given(any_order_of_dates())
def test_every_day_below_zero_is_in_exactly_one_stretch_with_the_entry_that_made_it_so(rows: Rows) -> None:
    movements = moved(*rows)
    stretches = negative_stretches(movements)
    for number in range(20):
        day = MARCH + timedelta(days=number)
        balances = [0]
        for one in movements:
            balances.append(balances[-1] + (one.fen if one.effective_on <= day else 0))
        around = [found for found in stretches if found.first_day <= day <= found.last_day]
        assert len(around) == (balances[-1] < 0)
        for found in around:
            assert found.lowest_fen <= balances[-1]
            made_by = max(seq for seq in range(len(balances)) if balances[seq - 1] >= 0 > balances[seq])
            assert made_by in found.made_by
    for earlier, later in pairwise(stretches):
        assert earlier.last_day + timedelta(days=1) < later.first_day
