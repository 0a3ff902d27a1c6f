"""Wire types of public notices and objections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from claims.claims import examples
from common.dates import BusinessDate
from common.money import Fen
from common.text import PlainText
from common.web import example
from common.wire import Wire


class NoticeIn(Wire):
    """When the notice went up; its words are made by the service."""

    model_config = example(examples.NOTICE_IN)

    published_on: BusinessDate | None = None
    """Left out: today. Not in the future, not before the village's review. 公示起始日。"""


class ObjectionIn(Wire):
    """An objection to the notice that is up."""

    model_config = example(examples.OBJECTION_IN)

    reason: PlainText
    """Kept encrypted. Who objects need not be named. 异议内容。"""
    raised_on: BusinessDate | None = None
    """Left out: today. 提出日期。"""


class RulingIn(Wire):
    """How an objection was resolved."""

    model_config = example(examples.RULING_IN)

    outcome: Literal["upheld", "dismissed"]
    """An upheld objection keeps the notice from passing: the claim is sent back or refused. 处理结论。"""
    reason: PlainText
    """Kept encrypted. 理由。"""
    resolved_on: BusinessDate | None = None
    """Left out: today. 处理日期。"""


class ObjectionOut(Wire):
    """An objection and what became of it."""

    position: int
    raised_on: date
    recorded_by: str
    reason: str | None
    """Shown by GET alone. """
    outcome: Annotated[str | None, Field(examples=["dismissed"])]
    """Null while it is open: then the clock stands. """
    resolved_on: date | None
    resolved_by: str | None
    resolution: str | None


class NoticeOut(Wire):
    """A public notice: exactly what hangs on the board, and how far its clock has come."""

    model_config = example(examples.NOTICE)

    claim_id: UUID
    version: int
    published_on: date
    days: int
    """How many days it has to hang without an open objection. 公示天数。"""
    benefit_fen: Fen
    text_zh: str
    """No ID number, phone, account or health; the head of the household is masked. 公示文本。"""
    text_en: str
    published_by: str
    runs_until: date | None
    """The first day on which the step may pass; null while an objection is open. 可办结日期。"""
    upheld: bool
    objections: Sequence[ObjectionOut]
