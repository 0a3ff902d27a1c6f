"""What a step's own fields must be, judged before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from claims.claims.paths import STEPS, refusal_reasons
from claims.claims.rules import Event, StepName, StepOutcome, StepRule
from claims.claims.schemas import CorrectionIn, StepIn
from common.errors import Problem
from common.validation import invalid_field


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step whose own fields are right, with its outcome and the event it means."""

    body: StepIn
    rule: StepRule
    outcome: StepOutcome
    event: Event
    done_on: date


def check_step(body: StepIn, today: date) -> CheckedStep:
    """Judge what needs no database. Raises `invalid_request` naming the field."""
    rule = STEPS[body.step]
    outcome = outcome_of(body, rule)
    event = rule.events.get(outcome)
    if event is None:
        raise invalid_field("outcome", "not_allowed", "本步骤没有这个结论。", "This step has no such outcome.")
    if outcome is not StepOutcome.PASSED and body.note is None:
        raise invalid_field("note", "required", "未通过须写明理由。", "Give the reason, unless the outcome is passed.")
    refuse_misplaced(body, event, outcome)
    done_on = body.done_on or today
    if done_on > today:
        raise invalid_field("done_on", "in_future", "日期不得晚于今天。", "Must not be in the future.")
    return CheckedStep(body, rule, outcome, event, done_on)


def outcome_of(body: StepIn, rule: StepRule) -> StepOutcome:
    """Return the outcome; a step that can end in one way only need not say it."""
    if body.outcome is not None:
        return body.outcome
    if len(rule.events) > 1:
        raise invalid_field("outcome", "required", "此项必填。", "This is required.")
    return next(iter(rule.events))


def refuse_misplaced(body: StepIn, event: Event, outcome: StepOutcome) -> None:
    """Raise `invalid_request` for a field that belongs to another step, or that needs a reason beside it."""
    if body.reviewed_checks:
        if event is not Event.COUNTY_PASSED:
            raise not_here("reviewed_checks")
        if body.note is None:
            raise invalid_field("note", "required", "书面认定须写明理由。", "Give the reason for what you settle.")
    if event not in {Event.COMPLETED, Event.SURVEY_PASSED}:
        for field in CorrectionIn.model_fields:
            if getattr(body, field) is not None:
                raise not_here(field)
    if body.findings and body.step is not StepName.DATA_COMPARISON:
        raise not_here("findings")
    check_reason(body.reason_code, outcome)


def check_reason(code: str | None, outcome: StepOutcome) -> None:
    """Raise `invalid_request` for a reason of refusal that is none, or that stands beside another outcome."""
    if code is None:
        return
    if outcome is not StepOutcome.REFUSED:
        raise not_here("reason_code")
    if code not in refusal_reasons():
        raise invalid_field("reason_code", "not_allowed", "没有这个理由代码。", "There is no such reason.")


def not_here(field: str) -> Problem:
    """Return the refusal of a field that does not belong to the step."""
    return invalid_field(field, "not_here", "本步骤不填写此项。", "This step does not take it.")
