"""Counting days. Pure: the table of working days comes in as a value, and past its end counting is refused, never guessed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

SATURDAY: Final = 5


class DayKind(StrEnum):
    """What a deadline counts."""

    CALENDAR = "calendar"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class Deadline:
    """So many days, of which kind, and where that comes from (a citation, or `assumed`)."""

    days: int
    kind: DayKind
    source: str


@dataclass(frozen=True, slots=True)
class YearTable:
    """The days of one year that are not what their weekday says: weekdays off, and weekends worked."""

    year: int
    days_off: frozenset[date]
    working_weekends: frozenset[date]

    def works(self, day: date) -> bool:
        """Tell whether offices work on a day of this year."""
        return day in self.working_weekends or (day.weekday() < SATURDAY and day not in self.days_off)


Table = Mapping[int, YearTable]
"""Years that are known, each with its days."""


class NoTableError(LookupError):
    """The table of working days does not hold a year that was counted into."""

    def __init__(self, year: int) -> None:
        super().__init__(f"no working days of {year}")
        self.year = year


def is_working(table: Table, day: date) -> bool:
    """Tell whether offices work on a day. Raises NoTableError for a year the table does not hold."""
    if day.year not in table:
        raise NoTableError(day.year)
    return table[day.year].works(day)


def due_on(table: Table, start: date, days: int, kind: DayKind) -> date:
    """Return the last day of a deadline of `days` that starts on `start`; the first day counted is the one after it.

    Zero or less is a deadline that was over: so many days before `start`. Raises NoTableError.
    """
    if kind is DayKind.CALENDAR:
        return start + timedelta(days=days)
    if days == 0:
        return start
    direction = 1 if days > 0 else -1
    left = abs(days)
    for day in _days_from(start, direction):
        left -= is_working(table, day)
        if left == 0:
            return day
    raise AssertionError("unreachable: days do not end")


def days_until(table: Table, start: date, end: date, kind: DayKind) -> int:
    """Return how many days of a kind lie after `start` up to and with `end`; below zero where `end` is earlier. Raises NoTableError."""
    if kind is DayKind.CALENDAR:
        return (end - start).days
    first, last = min(start, end), max(start, end)
    working = sum(is_working(table, first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
    return working if end >= start else -working


def _days_from(start: date, direction: int) -> Iterator[date]:
    day = start
    while True:
        day += timedelta(days=direction)
        yield day


def table_faults(year: int, days_off: tuple[date, ...], working_weekends: tuple[date, ...]) -> list[tuple[str, str]]:
    """Return what is wrong with a year as it would be recorded: (field, fault), where a fault is a stable code."""
    faults: list[tuple[str, str]] = []
    for field, days, weekend in (("days_off", days_off, False), ("working_weekends", working_weekends, True)):
        for index, day in enumerate(days):
            if day.year != year:
                faults.append((f"{field}[{index}]", "another_year"))
            elif (day.weekday() >= SATURDAY) is not weekend:
                faults.append((f"{field}[{index}]", "not_a_weekend" if weekend else "not_a_weekday"))
            elif day in days[:index]:
                faults.append((f"{field}[{index}]", "not_unique"))
    return faults
