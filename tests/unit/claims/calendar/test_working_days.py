"""Days are counted by the published calendar, and never past its end."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.calendar.published import published
from claims.calendar.rules import DayKind, NoTableError, days_until, due_on, is_working, table_faults

TABLE = published()
LAST = max(TABLE)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2021, 6, 11), True),
        (date(2021, 6, 12), False),
        # 端午节 2021: Monday 14 June off. 国庆 2021: 1 to 7 October off, Sunday 26 September and Saturday 9 October worked.
        (date(2021, 6, 14), False),
        (date(2021, 9, 26), True),
        (date(2021, 10, 6), False),
        (date(2021, 10, 9), True),
        (date(2021, 10, 10), False),
    ],
)
def test_a_day_works_as_it_was_announced(*, day: date, works: bool) -> None:
    assert is_working(TABLE, day) is works


@pytest.mark.parametrize(
    ("start", "days", "kind", "due"),
    [
        (date(2021, 6, 10), 3, DayKind.CALENDAR, date(2021, 6, 13)),
        (date(2021, 6, 10), 1, DayKind.WORKING, date(2021, 6, 11)),
        (date(2021, 6, 10), 2, DayKind.WORKING, date(2021, 6, 15)),
        (date(2021, 9, 30), 2, DayKind.WORKING, date(2021, 10, 9)),
        (date(2021, 6, 15), 0, DayKind.WORKING, date(2021, 6, 15)),
        (date(2021, 6, 15), -2, DayKind.WORKING, date(2021, 6, 10)),
    ],
)
def test_a_deadline_ends_on_its_day(start: date, days: int, kind: DayKind, due: date) -> None:
    assert due_on(TABLE, start, days, kind) == due


def test_past_the_table_nothing_is_guessed() -> None:
    with pytest.raises(NoTableError) as refused:
        due_on(TABLE, date(LAST, 12, 30), 5, DayKind.WORKING)
    assert refused.value.year == LAST + 1
    assert due_on({}, date(LAST, 12, 30), 5, DayKind.CALENDAR) == date(LAST + 1, 1, 4)


@given(
    st.dates(date(2010, 1, 1), date(2024, 1, 1)),
    st.integers(0, 60),
    st.integers(1, 40),
    st.sampled_from(DayKind),
)
def test_a_hold_gives_back_the_days_that_were_left(start: date, held_for: int, days: int, kind: DayKind) -> None:
    due = due_on(TABLE, start, days, kind)
    held = start + timedelta(days=held_for % 10)
    resumed = held + timedelta(days=held_for)
    left = days_until(TABLE, held, due, kind)
    again = due_on(TABLE, resumed, left, kind)
    # As many days lie between the resumption and the new deadline as lay between the hold and the old one; what was
    # overdue stays so.
    if left >= 0:
        assert days_until(TABLE, resumed, again, kind) == left
    else:
        assert again < resumed
    if held_for == 0 and kind is DayKind.CALENDAR:
        assert again == due


def test_a_year_is_recorded_with_days_of_its_own_and_of_the_right_kind() -> None:
    new_year, saturday = date(2027, 1, 1), date(2027, 1, 2)
    assert table_faults(2027, (new_year,), (saturday,)) == []
    assert table_faults(2027, (saturday, date(2026, 12, 31), new_year, new_year), (new_year,)) == [
        ("days_off[0]", "not_a_weekday"),
        ("days_off[1]", "another_year"),
        ("days_off[3]", "not_unique"),
        ("working_weekends[0]", "not_a_weekend"),
    ]
