"""Wire types of periods."""

from typing import Literal

from pydantic import AwareDatetime

from common.text import PlainLine, PlainText
from common.web import Wire, example


class CloseIn(Wire):
    """What may be said about closing a month 结账."""

    model_config = example({"reason": "三月账务已核对"})

    reason: PlainText | None = None


class ReopenIn(Wire):
    """What should be said about reopening a month 反结账: why, and on whose authority."""

    model_config = example({"reason": "三月有一笔退票漏记", "authority": "县财政局批复〔2026〕12号"})

    reason: PlainText | None = None
    authority: PlainLine | None = None
    """The document or person that allowed it 批准依据."""


class PeriodEventOut(Wire):
    """The latest closing or reopening of a month."""

    action: Literal["close", "reopen"]
    by: str
    reason: str | None
    at: AwareDatetime
    position: int
    """Position of its record in the chain."""


class PeriodOut(Wire):
    """A month of the book 会计期间."""

    model_config = example(
        {
            "code": "2026-03",
            "fiscal_year": 2026,
            "number": 3,
            "status": "closed",
            "last_event": {
                "action": "close",
                "by": "officer-1",
                "reason": "三月账务已核对",
                "at": "2026-04-02T02:11:09.318204Z",
                "position": 431,
            },
        }
    )

    code: str
    fiscal_year: int
    number: int
    status: Literal["open", "closed"]
    last_event: PeriodEventOut | None
    """Null for a month that was never closed."""
