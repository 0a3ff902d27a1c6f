"""The published calendar: the State Council's yearly notices as the package `chinesecalendar` carries them."""

from __future__ import annotations

import functools
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

from chinese_calendar.constants import holidays, workdays

from claims.calendar.rules import SATURDAY, Table, YearTable

SOURCE: Final = f"国务院办公厅节假日安排通知 (chinesecalendar {version('chinesecalendar')})"


@functools.cache
def published() -> Table:
    """Every published year. A new version of the package brings new years; until then staff record them."""
    return MappingProxyType(
        {
            year: YearTable(
                year,
                frozenset(day for day in holidays if day.year == year and day.weekday() < SATURDAY),
                frozenset(day for day in workdays if day.year == year and day.weekday() >= SATURDAY),
            )
            for year in sorted({day.year for day in holidays})
        }
    )
