"""Wire types of the paths, the to-do list, appeals and steps taken in batches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from claims.calendar.rules import DayKind
from claims.claims import examples
from claims.claims.rules import Duty, Status, StepName, StepOutcome, WaitingFor
from claims.claims.schemas import CorrectionIn, StepIn, StepTaken
from claims.policies.rules import PathName
from common.dates import BusinessDate
from common.text import PlainText
from common.web import example
from common.wire import Wire

MAX_STEPS = 200


class AppealIn(CorrectionIn):
    """An appeal against a refusal, with what it corrects."""

    model_config = example(examples.APPEAL_IN)

    reason: PlainText
    """Kept encrypted. 申诉理由。"""
    appealed_on: BusinessDate | None = None
    """Left out: today. Within the path's days after the refusal. 申诉日期。"""


class BatchStepIn(StepIn):
    """A step on one claim, under a key of its own."""

    claim_id: UUID
    idempotency_key: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
    """The same key as of a single call: a repeated item has one effect, whichever way it comes. 幂等键。"""


class StepBatchIn(Wire):
    """Steps on many claims, each on its own."""

    model_config = example(examples.STEP_BATCH_IN)

    steps: Annotated[list[BatchStepIn], Field(min_length=1, max_length=MAX_STEPS)]


class BatchStepOut(Wire):
    """What became of one step."""

    claim_id: UUID
    status: Literal["taken", "replayed", "refused"]
    step: StepTaken | None
    problem: dict[str, object] | None
    """Why it was refused, in the form of every other refusal; it changed nothing. """


class StepBatchOut(Wire):
    """What became of each step, in their order."""

    model_config = example(examples.STEP_BATCH)

    taken: int
    """How many were taken, now or before. """
    results: Sequence[BatchStepOut]


class TaskOut(Wire):
    """Something that waits for somebody."""

    model_config = example(examples.TASK)

    claim_id: UUID
    number: str
    town: str
    village: str
    status: Status
    waiting_for: WaitingFor
    task: Annotated[str, Field(examples=["county_approval"])]
    """A step, or `encumbrance` (the ledger) or `payment` (the payers). 待办事项。"""
    waiting_since: date | None
    due_on: date | None
    days_overdue: int
    """Days since the deadline was over; 0 where it is not, or where none runs. 逾期天数。"""


class DeadlineOut(Wire):
    """How long a step may take."""

    days: int
    kind: DayKind
    source: str
    """Where it comes from, or `assumed`. 依据。"""


class PathStepOut(Wire):
    """A step in its place on a path."""

    step: StepName
    name_zh: str
    name_en: str
    status: Status
    """The claim's while it waits for the step."""
    waiting_for: WaitingFor
    duty: Duty | None
    """Every two duties of a claim lie with two people. 职责。"""
    outcomes: Sequence[StepOutcome]
    only_drawn: bool
    """Only for claims drawn for a second look. 仅抽中时办理。"""
    deadline: DeadlineOut


class PathOut(Wire):
    """A path of review as data."""

    path: PathName
    name_zh: str
    name_en: str
    reason_required: bool
    """Whether a refusal needs its reason code. """
    notice_days: int | None
    steps: Sequence[PathStepOut]
    """Steps before the payment, then those after it."""
    payment_deadline: DeadlineOut
    completion_deadline: DeadlineOut
    appeal_deadline: DeadlineOut
    exits: Sequence[StepName]
    """Steps beside the path. """


class PathList(Wire):
    """The paths a programme may choose."""

    version: str
    items: Sequence[PathOut]
    next_cursor: None


class ReasonOut(Wire):
    """A reason of refusal."""

    code: str
    name_zh: str
    name_en: str


class ReasonList(Wire):
    """The reasons of refusal."""

    items: Sequence[ReasonOut]
    next_cursor: None
