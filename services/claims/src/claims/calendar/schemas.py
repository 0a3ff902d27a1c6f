"""Wire types of the calendar room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from claims.calendar import examples
from common.dates import FIRST_YEAR, LAST_YEAR, BusinessDate
from common.text import PlainLine
from common.web import example
from common.wire import Wire

MAX_DAYS = 120


class YearIn(Wire):
    """The days of a year that are not what their weekday says, as the authority announced them."""

    model_config = example(examples.YEAR_IN)

    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR, examples=[2027])]
    days_off: Annotated[list[BusinessDate], Field(min_length=1, max_length=MAX_DAYS)]
    """Weekdays on which offices are closed. 放假的工作日。"""
    working_weekends: Annotated[list[BusinessDate], Field(default_factory=list, max_length=MAX_DAYS)]
    """Saturdays and Sundays that are worked. 调休上班的周末。"""
    authority: PlainLine
    """Who announced it. 发文机关。"""
    document: PlainLine | None = None
    """Number of the announcement. 文号。"""
    correction_reason: PlainLine | None = None
    """Needed exactly where the year is known already. Deadlines that run keep their day. 更正原因。"""


class YearOut(Wire):
    """The working days of one year."""

    model_config = example(examples.YEAR)

    year: int
    revision: int
    """0 is the published calendar; what staff record counts from 1, and the newest is in force."""
    origin: Literal["published", "recorded"]
    days_off: Sequence[date]
    working_weekends: Sequence[date]
    working_days: int
    """How many days of the year are worked. 全年工作日数。"""
    authority: str
    document: str | None
    correction_reason: str | None
    recorded_at: datetime | None
    recorded_by: str | None
