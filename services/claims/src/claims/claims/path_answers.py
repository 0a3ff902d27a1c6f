"""How the API shows the paths, the reasons of refusal and what waits for whom."""

from __future__ import annotations

from datetime import date

from claims.calendar.rules import Deadline
from claims.claims.path_schemas import (
    DeadlineOut,
    PathList,
    PathOut,
    PathStepOut,
    ReasonList,
    ReasonOut,
    TaskOut,
)
from claims.claims.paths import PAYMENT, STEPS, loaded, refusal_reasons
from claims.claims.rules import Path, PathStep, Status, StepName
from claims.claims.store import ClaimRow

_TASKS = {
    Status.SENT_BACK: StepName.COMPLETION.value,
    Status.AWAITING_FUNDS: StepName.FUNDING_RETRY.value,
    Status.APPROVED: "encumbrance",
    Status.ENCUMBERED: PAYMENT,
    Status.IN_BATCH: PAYMENT,
    Status.PAYMENT_RETURNED: PAYMENT,
}


def task_out(row: ClaimRow, today: date) -> TaskOut:
    """Show what a claim waits for. The claim waits for somebody."""
    if row.waiting_for is None:
        message = "a task waits for somebody"
        raise AssertionError(message)
    step = "" if row.next_step is None else row.next_step.value
    return TaskOut(
        claim_id=row.id,
        number=row.number,
        town=row.town_code,
        village=row.village_code,
        status=row.status,
        waiting_for=row.waiting_for,
        task=_TASKS.get(row.status, step),
        waiting_since=row.waiting_since,
        due_on=row.due_on,
        days_overdue=0 if row.due_on is None else max((today - row.due_on).days, 0),
    )


def path_list() -> PathList:
    """Show every path."""
    return PathList(
        version=loaded().version, items=[path_out(path) for path in loaded().paths.values()], next_cursor=None
    )


def path_out(path: Path) -> PathOut:
    """Show a path."""
    return PathOut(
        path=path.name,
        name_zh=path.name_zh,
        name_en=path.name_en,
        reason_required=path.reason_required,
        notice_days=path.notice_days,
        steps=[step_out(step) for step in path.steps],
        payment_deadline=deadline_out(path.payment_deadline),
        completion_deadline=deadline_out(path.completion_deadline),
        appeal_deadline=deadline_out(path.appeal_deadline),
        exits=[step for step, _ in path.exits.values()],
    )


def step_out(place: PathStep) -> PathStepOut:
    """Show a step in its place."""
    rule = STEPS[place.step]
    return PathStepOut(
        step=place.step,
        name_zh=rule.name_zh,
        name_en=rule.name_en,
        status=place.status,
        waiting_for=place.waiting_for,
        duty=rule.duty,
        outcomes=list(rule.events),
        only_drawn=place.drawn,
        deadline=deadline_out(place.deadline),
    )


def deadline_out(deadline: Deadline) -> DeadlineOut:
    """Show a deadline."""
    return DeadlineOut(days=deadline.days, kind=deadline.kind, source=deadline.source)


def reason_list() -> ReasonList:
    """Show the reasons of refusal."""
    reasons = refusal_reasons().values()
    return ReasonList(
        items=[ReasonOut(code=one.code, name_zh=one.zh, name_en=one.en) for one in reasons], next_cursor=None
    )
