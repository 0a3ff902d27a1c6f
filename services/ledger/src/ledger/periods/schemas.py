"""Wire types of periods."""

import re
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

from common.dates import parse_month
from common.text import PlainLine, PlainText
from common.validation import field_error
from common.web import Wire, example
from ledger.periods.checklist import Status

_ADJUSTING = re.compile(r"(19[0-9]{2}|2[01][0-9]{2}|2200)-13", re.ASCII)


def _parse_period(value: object) -> str:
    if isinstance(value, str) and _ADJUSTING.fullmatch(value):
        return value
    try:
        return parse_month(value)
    except Exception:  # noqa: BLE001 - whatever is not a month is not a period either
        raise field_error(
            "not_a_period", "须为 YYYY-MM 或调整期 YYYY-13。", "Must be YYYY-MM, or the adjusting period YYYY-13."
        ) from None


PeriodCode = Annotated[
    str,
    BeforeValidator(_parse_period),
    WithJsonSchema({"type": "string", "pattern": "^(19[0-9]{2}|2[01][0-9]{2}|2200)-(0[1-9]|1[0-3])$"}),
]
"""A period on the wire: a month ``YYYY-MM``, or the adjusting period ``YYYY-13``."""


class ExcuseIn(Wire):
    """Why an item of the checklist may stay open 检查事项豁免; only the bank's item can be excused."""

    item: Literal["bank_reconciled"]
    """The item 事项."""
    reason: PlainText
    """Why the period closes all the same 豁免理由; the chain keeps it."""


class CloseIn(Wire):
    """What may be said about closing a period 结账."""

    model_config = example(
        {
            "reason": "三月账务已核对",
            "excuses": [{"item": "bank_reconciled", "reason": "开户行系统升级，对账单次月补到"}],
        }
    )

    reason: PlainText | None = None
    excuses: Annotated[list[ExcuseIn], Field(max_length=1)] = Field(default_factory=list)
    """Items that may stay open, each with its reason 豁免事项."""


class ReopenIn(Wire):
    """What must be said about reopening a period 反结账: why, and on whose authority."""

    model_config = example({"reason": "三月有一笔退票漏记", "authority": "县财政局批复〔2026〕12号"})

    reason: PlainText
    """Why it is reopened 反结账原因."""
    authority: PlainLine
    """The document or person that allowed it 批准依据."""


class PeriodEventOut(Wire):
    """The latest closing or reopening of a period."""

    action: Literal["close", "reopen"]
    by: str
    reason: str | None
    authority: str | None
    """The document or person that allowed a reopening 批准依据."""
    at: AwareDatetime
    position: int
    """Position of its record in the chain."""


class PeriodOut(Wire):
    """A period of the book 会计期间: a month, or the adjusting period 13."""

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
                "authority": None,
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
    """Null for a period that was never closed."""


class CheckItemOut(Wire):
    """One item of the checklist 检查事项."""

    code: Literal[
        "earlier_periods_closed",
        "period_ended",
        "proposals_decided",
        "balances_proved",
        "bank_reconciled",
        "year_closed",
    ]
    title_zh: str
    title_en: str
    status: Status
    detail: dict[str, str | int | None]
    """Figures behind the status, e.g. how many proposals wait 说明."""


class ChecklistOut(Wire):
    """The checklist of a period 结账检查表, as it stands now."""

    model_config = example(
        {
            "period": "2026-03",
            "status": "open",
            "ready": False,
            "items": [
                {
                    "code": "proposals_decided",
                    "title_zh": "本期间无待复核事项",
                    "title_en": "No proposal dated in the period waits",
                    "status": "failed",
                    "detail": {"waiting": 2},
                }
            ],
        }
    )

    period: str
    status: Literal["open", "closed"]
    ready: bool
    """Whether the period is open and nothing stands in the way of closing it 可以结账."""
    items: list[CheckItemOut]
