"""When a month may be closed and reopened. Pure: no clock, no SQL.

A month may close once it has ended (Asia/Shanghai) and every month before it is closed; only the latest closed month may
be reopened. So the closed months of a book are always its first ones.
"""

from collections.abc import Mapping

from common.errors import NOT_FOUND, Problem
from ledger.problems import OUT_OF_ORDER, PERIOD_CLOSED, PERIOD_NOT_ENDED


def decide_close(months: Mapping[str, str], code: str, current_month: str) -> Problem | None:
    """Return why the month cannot be closed, or nothing. ``months`` maps every month of the book to its status."""
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
    """Return why the month cannot be reopened, or nothing."""
    if code not in months:
        return NOT_FOUND.error("period")
    latest_closed = max((month for month, status in months.items() if status == "closed"), default=None)
    if latest_closed != code:
        return OUT_OF_ORDER.error("period", next_period=latest_closed)
    return None
