"""Wire types of the monitoring room: leads, their steps, income lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from claims.monitoring import examples
from claims.monitoring.reference import Channel
from common.dates import BusinessDate
from common.money import Fen
from common.text import Code, Line, PlainLine, PlainText
from common.validation import field_error
from common.web import example
from common.wire import Wire

LeadStatus = Literal["open", "refused", "monitored", "eliminated"]
PlaceText = Annotated[Line, Field(examples=["610923100", "城关镇"])]
Year = Annotated[int, Field(ge=2000, le=2200, examples=[2022])]


class LeadIn(Wire):
    """A lead as reported. It names a household, or describes whom it is about."""

    model_config = example(examples.LEAD_IN)

    channel: Channel
    household_id: UUID | None = None
    description: PlainText | None = None
    """Whom it is about, without ID, phone or card numbers. 线索对象描述。"""
    town: PlaceText | None = None
    """Where, if no household is named: code or exact name. 乡镇。"""
    village: PlaceText | None = None
    reason: PlainText
    """What was seen. 风险情形。"""
    found_on: BusinessDate
    department: PlainLine | None = None
    """The reporting department; for `department_check` and nothing else. 上报部门。"""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.household_id is None and self.description is None:
            raise field_error(
                "household_or_description", "须填写 household_id 或 description。", "Give household_id or description."
            )
        if self.household_id is not None and (self.town is not None or self.village is not None):
            raise field_error(
                "place_of_household",
                "已指明农户时不得另填乡镇、村。",
                "With household_id the place is the household's.",
            )
        if self.village is not None and self.town is None:
            raise field_error("town_required", "填写村须同时填写乡镇。", "A village needs its town.")
        if (self.channel == "department_check") != (self.department is not None):
            raise field_error(
                "department",
                "部门联合排查须填写 department，其他渠道不得填写。",
                "department is required for department_check and refused elsewhere.",
            )
        return self


class StepIn(Wire):
    """A handling step of a lead."""

    model_config = example(examples.STEP_IN)

    step: Annotated[Code, Field(description="A code of GET /lead-steps. 步骤。", examples=["lead_accepted"])]
    outcome: Annotated[Code, Field(description="One of the step's outcomes. 结果。", examples=["passed"])]
    note: PlainText | None = None
    """What was found; required unless the outcome is `passed`. 说明。"""
    done_on: BusinessDate
    household_id: UUID | None = None
    """Attaches the household to a lead that only described one. 关联农户。"""
    category: Code | None = None
    """With `registered`: the category the household is monitored under; else its own is kept. 监测对象类别。"""


class LeadOut(Wire):
    """A lead without its free texts."""

    model_config = example(examples.LEAD)

    id: UUID
    channel: Channel
    channel_name_zh: str
    department: str | None
    household_id: UUID | None
    town: str | None
    village: str | None
    found_on: date
    status: LeadStatus
    step_count: int
    last_step: str | None
    last_outcome: str | None
    last_done_on: date | None
    next_steps: Sequence[str]
    """Steps that may be taken now. 可办理的步骤。"""
    created_at: datetime
    created_by: str


class StepOut(Wire):
    """A step taken."""

    position: int
    step: str
    name_zh: str
    outcome: str
    note: str | None
    done_on: date
    household_id: UUID | None
    category: str | None
    at: datetime
    by_person: str


class LeadDetail(LeadOut):
    """A lead with its texts and steps."""

    model_config = example(examples.LEAD_DETAIL)

    description: str | None
    reason: str
    steps: Sequence[StepOut]


class StepDefinition(Wire):
    """A handling step as data."""

    code: str
    position: int
    name_zh: str
    name_en: str
    who: Sequence[str]
    """Any of these scopes may take it."""
    outcomes: Mapping[str, LeadStatus]
    """Outcome → the lead's status after it."""
    after: Mapping[str, Sequence[str]]
    """Outcome → what it may follow: `start` or `step:outcome`."""
    needs_household: bool
    other_person: Sequence[str]
    """Not to be taken by whoever took one of these steps."""
    source: str


class StepListOut(Wire):
    """The list in force."""

    model_config = example(examples.STEP_LIST)

    version: str
    items: Sequence[StepDefinition]


class IncomeLineIn(Wire):
    """The income line of a year, with where it was published."""

    model_config = example(examples.INCOME_LINE_IN)

    year: Year
    amount_fen: Fen
    source: Annotated[PlainText, Field(examples=["省乡村振兴局通知（文号）"])]
    """Who set it, in which document. 依据。"""
    correction_reason: PlainText | None = None
    """Required, and only accepted, when this county already recorded the year. 更正原因。"""


class IncomeLineOut(Wire):
    """An income line in force or replaced."""

    model_config = example(examples.INCOME_LINE)

    scope: str
    """This county's book, or two digits: the province. 适用范围。"""
    year: int
    revision: int
    amount_fen: Fen
    """Per person and year. 年人均（分）。"""
    source: str
    source_mark: Literal["pub", "local"]
    """pub: published, ships with the product; local: recorded by this county."""
    correction_reason: str | None
    in_force: bool
    recorded_at: datetime
    recorded_by: str
