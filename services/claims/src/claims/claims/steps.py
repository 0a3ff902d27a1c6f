"""The use case of a step on a claim's path: town check, county approval, completion, withdrawal, funding retry.

Refusals come in one order: the claim (`not_found`), the step's order, the same person, its day, and only then what
the step itself asks for. An approval decides again under the locks of the claim, the household and the person, and
writes the wish for the money in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims import store
from claims.claims.answers import claim_filed
from claims.claims.details import Details, corrected
from claims.claims.others import lock_rivals
from claims.claims.rules import (
    STEPS,
    DateFault,
    Event,
    Status,
    StepName,
    StepOutcome,
    StepRule,
    TakenStep,
    date_fault,
    expected_steps,
    next_status,
    other_duty_of,
)
from claims.claims.schemas import CorrectionIn, StepIn, StepTaken
from claims.claims.sealing import ClaimSeal
from claims.claims.service import data_of_row, refuse_overpaid, store_decision, store_details
from claims.claims.store import ClaimRow, EventRow
from claims.eligibility.facts import claimant_index, gather
from claims.eligibility.model import Check, CheckCode, CheckOutcome, Decision, Inputs, Outcome
from claims.eligibility.rules import decide
from claims.households import store as households
from claims.payouts.outbox import enqueue_encumbrance
from claims.problems import INCOME_LINE_MISSING, NOT_ELIGIBLE, OUT_OF_ORDER, REVIEW_NEEDED
from common.errors import NOT_FOUND, SAME_PERSON, FieldError, Problem
from common.validation import invalid_field


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step whose own fields are right, with its outcome and the event it means."""

    body: StepIn
    rule: StepRule
    outcome: StepOutcome
    event: Event
    done_on: date


@dataclass(frozen=True, slots=True)
class Taking:
    """A step being taken: on which claim, by whom, when."""

    conn: AsyncConnection
    seal: ClaimSeal
    book: str
    row: ClaimRow
    step: CheckedStep
    by_person: str
    today: date
    now: datetime


def check_step(body: StepIn, today: date) -> CheckedStep:
    """Judge what needs no database. Raises `invalid_request` naming the field."""
    rule = STEPS[body.step]
    outcome = outcome_of(body, rule)
    event = rule.events.get(outcome)
    if event is None:
        raise invalid_field("outcome", "not_allowed", "本步骤没有这个结论。", "This step has no such outcome.")
    if outcome is not StepOutcome.PASSED and body.note is None:
        raise invalid_field("note", "required", "未通过须写明理由。", "Give the reason, unless the outcome is passed.")
    refuse_misplaced(body, event)
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


def refuse_misplaced(body: StepIn, event: Event) -> None:
    """Raise `invalid_request` for a field that belongs to another step, or that needs a reason beside it."""
    if body.reviewed_checks:
        if event is not Event.COUNTY_PASSED:
            raise not_here("reviewed_checks")
        if body.note is None:
            raise invalid_field("note", "required", "书面认定须写明理由。", "Give the reason for what you settle.")
    if body.step is not StepName.COMPLETION:
        for field in CorrectionIn.model_fields:
            if getattr(body, field) is not None:
                raise not_here(field)


def not_here(field: str) -> Problem:
    """Return the refusal of a field that does not belong to the step."""
    return invalid_field(field, "not_here", "本步骤不填写此项。", "This step does not take it.")


async def take_step(
    conn: AsyncConnection,
    seal: ClaimSeal,
    *,
    book: str,
    claim_id: UUID,
    step: CheckedStep,
    by_person: str,
    today: date,
    now: datetime,
) -> StepTaken:
    """Record a step and what it does to the claim.

    Raises `not_found`, `out_of_order` (the step, or its day), `same_person`; a completion
    `loss_below_other_payments`; an approval `income_line_missing`, `not_eligible` or `review_needed`.
    """
    row = await store.lock_claim(conn, book, claim_id)
    if row is None:
        raise NOT_FOUND.error()
    status = next_status(row.status, step.event)
    if status is None:
        raise OUT_OF_ORDER.error(
            field="step", status_now=row.status.value, expected=[name.value for name in expected_steps(row.status)]
        )
    judge_person_and_day(row, step, by_person, store.taken_steps(await store.history(conn, book, claim_id)))
    taking = Taking(conn, seal, book, row, step, by_person, today, now)
    moved = replace(await effects(taking), status=status, event_count=row.event_count + 1)
    await store.record_event(conn, book, claim_id, event_row(taking, moved))
    await store.update_claim(conn, book, claim_id, **standing(moved))
    if step.event in {Event.COUNTY_PASSED, Event.FUNDING_RETRIED}:
        await wish_for_money(taking, moved)
    return StepTaken(
        step=step.body.step,
        outcome=step.outcome,
        position=moved.event_count,
        done_on=step.done_on,
        by_person=by_person,
        claim=claim_filed(moved),
    )


def judge_person_and_day(row: ClaimRow, step: CheckedStep, by_person: str, taken: Sequence[TakenStep]) -> None:
    """Raise `same_person` or, for a day before the event or the step before, `out_of_order`."""
    duty = other_duty_of(by_person, step.rule.duty, taken)
    if duty is not None:
        raise SAME_PERSON.error(duty=duty.value)
    if date_fault(step.done_on, today=step.done_on, event_on=row.event_on, taken=taken) in {
        DateFault.BEFORE_EVENT,
        DateFault.BEFORE_PREVIOUS_STEP,
    }:
        not_before = max([row.event_on, *(one.done_on for one in taken)])
        raise OUT_OF_ORDER.error(field="done_on", not_before=not_before.isoformat())


async def effects(taking: Taking) -> ClaimRow:
    """Do what the step itself asks for and return the claim with what that changes."""
    row, step = taking.row, taking.step
    match step.event:
        case Event.TOWN_PASSED:
            return replace(row, checked_by=taking.by_person)
        case Event.COMPLETED:
            return await complete(taking)
        case Event.COUNTY_PASSED:
            approved = await approve(taking)
            return replace(
                approved,
                approved_by=taking.by_person,
                approved_on=step.done_on,
                funding_attempt=row.funding_attempt + 1,
            )
        case Event.FUNDING_RETRIED:
            return replace(row, funding_attempt=row.funding_attempt + 1)
        case _:
            return row


async def complete(taking: Taking) -> ClaimRow:
    """Store corrected details, if any, and decide again. The town check has to be taken again, so nobody stands as its checker."""
    row, body = taking.row, taking.step.body
    details = await details_of(taking, row)
    stated = corrected(details, body)
    if stated != details:
        details = stated
        refuse_overpaid(details)
        row = replace(row, details_version=row.details_version + 1)
        await store_details(taking.conn, taking.seal, row, details, taking.by_person, taking.now)
    inputs, decision = await decide_again(taking, row, details, settled=())
    row = decided(row, decision)
    await store_decision(
        taking.conn,
        taking.seal,
        row,
        inputs,
        decision,
        occasion="completion",
        by_person=taking.by_person,
        now=taking.now,
    )
    return replace(row, checked_by=None)


async def approve(taking: Taking) -> ClaimRow:
    """Decide again under lock; where the claim is eligible, store the decision as final.

    The household's lock holds its members, income and other approvals still; the person's lock does the same across
    households. The household comes first: under its lock the person's number no longer changes.
    """
    row, body = taking.row, taking.step.body
    details = await details_of(taking, row)
    household = await households.lock_household(taking.conn, taking.book, row.household_id)
    person = set() if household is None else {claimant_index(household, row.claimant_member_id)}
    await lock_rivals(taking.conn, taking.book, {row.claimant_index} | person, taking.seal.documents(details))
    inputs, decision = await decide_again(taking, row, details, settled=tuple(body.reviewed_checks))
    refuse_unless_eligible(row, decision)
    row = decided(row, decision)
    await store_decision(
        taking.conn, taking.seal, row, inputs, decision, occasion="approval", by_person=taking.by_person, now=taking.now
    )
    return row


async def details_of(taking: Taking, row: ClaimRow) -> Details:
    """Open the claim's details as they stand."""
    sealed = await store.load_details(taking.conn, taking.book, row.id, row.details_version)
    return taking.seal.open_details(row.id, row.details_version, sealed)


async def decide_again(
    taking: Taking, row: ClaimRow, details: Details, *, settled: tuple[str, ...]
) -> tuple[Inputs, Decision]:
    """Decide from what the register and the other claims say now."""
    household = await households.load_household(taking.conn, taking.book, row.household_id)
    if household is None:
        raise NOT_FOUND.error(field="household_id")
    data = data_of_row(taking.seal, row, details)
    inputs = await gather(
        taking.conn, taking.book, data, household, today=taking.today, claim_id=row.id, settled=settled
    )
    return inputs, decide(inputs)


def decided(row: ClaimRow, decision: Decision) -> ClaimRow:
    """Return the claim with the next version of its decision."""
    return replace(
        row,
        decision_version=row.decision_version + 1,
        outcome=decision.outcome,
        benefit_fen=decision.benefit_fen,
    )


def refuse_unless_eligible(row: ClaimRow, decision: Decision) -> None:
    """Raise what stands against an approval: failing checks first, then a missing income line, then checks to be settled."""
    if decision.outcome is Outcome.ELIGIBLE:
        return
    failing = [check for check in decision.checks if check.outcome is CheckOutcome.FAIL]
    if failing:
        reasons = [check.code.value for check in failing]
        raise NOT_ELIGIBLE.error(errors=[as_error(check) for check in failing], reasons=reasons)
    unsettled = [check for check in decision.checks if check.outcome is CheckOutcome.NEEDS_REVIEW]
    if any(check.code is CheckCode.INCOME_LINE for check in unsettled):
        raise INCOME_LINE_MISSING.error(year=row.event_on.year)
    raise REVIEW_NEEDED.error(
        errors=[as_error(check) for check in unsettled], reasons=[check.code.value for check in unsettled]
    )


def as_error(check: Check) -> FieldError:
    """Return a check as a line of a refusal."""
    return FieldError(f"checks.{check.code.value}", check.code.value, check.reason.zh, check.reason.en)


def event_row(taking: Taking, moved: ClaimRow) -> EventRow:
    """Return the line the step leaves in the claim's history."""
    step, row = taking.step, taking.row
    changed = moved.decision_version != row.decision_version
    return EventRow(
        position=moved.event_count,
        event=step.event.value,
        step=step.body.step,
        step_outcome=step.outcome,
        duty=step.rule.duty,
        status_before=row.status,
        status_after=moved.status,
        by_person=taking.by_person,
        done_on=step.done_on,
        note_cipher=taking.seal.seal_note(row.id, moved.event_count, step.body.note),
        reference=None,
        decision_version=moved.decision_version if changed else None,
        at=taking.now,
    )


def standing(moved: ClaimRow) -> dict[str, object]:
    """Return the columns of a claim that a step may move."""
    return {
        "status": moved.status.value,
        "event_count": moved.event_count,
        "details_version": moved.details_version,
        "decision_version": moved.decision_version,
        "outcome": moved.outcome.value,
        "benefit_fen": moved.benefit_fen,
        "funding_attempt": moved.funding_attempt,
        "checked_by": moved.checked_by,
        "approved_by": moved.approved_by,
        "approved_on": moved.approved_on,
    }


async def wish_for_money(taking: Taking, moved: ClaimRow) -> None:
    """Write the wish that the ledger reserves the benefit: checked by the town, approved by the county."""
    if moved.checked_by is None or moved.approved_by is None or moved.status is not Status.APPROVED:
        message = "money may be asked for only for a claim that was checked and approved"
        raise AssertionError(message)
    await enqueue_encumbrance(
        taking.conn,
        taking.book,
        moved.id,
        moved.benefit_fen,
        effective_on=taking.step.done_on,
        fiscal_year=moved.year,
        prepared_by=moved.checked_by,
        reviewed_by=moved.approved_by,
        attempt=moved.funding_attempt,
    )
