"""When a period may be closed and reopened. Pure: no clock, no SQL.

A period may close once it has ended (Asia/Shanghai) and every period before it is closed; only the latest closed period may be reopened.
So the closed periods of a book are always its first ones. The adjusting period ``YYYY-13`` stands between December and January; once it
has entries, December stays closed: what is still wrong in the year is put right in the adjusting period.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from common.errors import NOT_FOUND, Problem
from ledger.problems import ADJUSTING_PERIOD_BEGUN, OUT_OF_ORDER, PERIOD_CLOSED, PERIOD_NOT_ENDED


def decide_close(months: Mapping[str, str], code: str, current_month: str) -> Problem | None:
    """Return why the period cannot be closed, or nothing. ``months`` maps every period of the book to its status."""
    if code not in months:
        return NOT_FOUND.error("period")
    if months[code] == "closed":
        return PERIOD_CLOSED.error("period", period=code)
    first_open = min(month for month, status in months.items() if status == "open")
    if first_open != code:
        return OUT_OF_ORDER.error("period", next_period=first_open)
    if code >= current_month:
        return PERIOD_NOT_ENDED.error("period", period=code)
    return None


def decide_reopen(months: Mapping[str, str], code: str) -> Problem | None:
    """Return why the period cannot be reopened, or nothing."""
    if code not in months:
        return NOT_FOUND.error("period")
    latest_closed = max((month for month, status in months.items() if status == "closed"), default=None)
    if latest_closed != code:
        return OUT_OF_ORDER.error("period", next_period=latest_closed)
    adjusting = f"{code[:4]}-13"
    if code != adjusting and adjusting in months and adjusting > code:
        return ADJUSTING_PERIOD_BEGUN.error("period", period=adjusting)
    return None


def days_of(code: str) -> tuple[date, date]:
    """Return the first and the last day a period's entries may carry; the adjusting period has December 31 alone."""
    year, number = int(code[:4]), int(code[5:])
    if number > 12:  # noqa: PLR2004 - the months of a year
        return date(year, 12, 31), date(year, 12, 31)
    first = date(year, number, 1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def year_to_be_closed(months: Mapping[str, str], code: str) -> int | None:
    """Return the year whose results must have been closed before this period closes, or nothing.

    The adjusting period asks it of its own year, January of the year before: after either, nothing more posts into that year.
    """
    year = int(code[:4])
    if code.endswith("-13"):
        return year
    return year - 1 if code.endswith("-01") and f"{year - 1}-12" in months else None
