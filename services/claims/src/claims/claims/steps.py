"""The use case of a step on a claim's path, whichever step of whichever path it is.

Refusals come in one order: the claim (`not_found`), a reason its path asks for, the step's order, the same person, its
day, and only then what the step itself asks for. An approval decides again under the locks of the claim, the household
and the person, and writes the wish for the money in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims import findings, notices, store
from claims.claims.answers import claim_filed
from claims.claims.duties import refuse_second_duty
from claims.claims.paths import OTHER_REASON, path_of
from claims.claims.redeciding import Taking, approve, correct
from claims.claims.rules import (
    DateFault,
    Event,
    Path,
    Status,
    StepName,
    StepOutcome,
    TakenStep,
    date_fault,
    expected_steps,
    move,
    needs_second_look,
)
from claims.claims.schemas import CorrectionIn, StepTaken
from claims.claims.sealing import ClaimSeal
from claims.claims.step_fields import CheckedStep
from claims.claims.store import ClaimRow, EventRow
from claims.claims.waiting import waiting_after
from claims.payouts.outbox import enqueue_encumbrance
from claims.policies import store as policies
from claims.policies.rules import ReviewPlan
from claims.problems import NOTICE_EXCEEDED, OUT_OF_ORDER, SECOND_LOOK_NEEDED
from common.errors import NOT_FOUND
from common.validation import invalid_field


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

    Raises `not_found`, `invalid_request` (a refusal without the reason its path asks for), `out_of_order` (the step, or
    its day), `same_person`; what the step itself asks for (`effects`); `working_days_missing`.
    """
    row = await store.lock_claim(conn, book, claim_id)
    if row is None:
        raise NOT_FOUND.error()
    path = path_of(row.path)
    if path.reason_required and step.outcome is StepOutcome.REFUSED and step.body.reason_code is None:
        raise invalid_field("reason_code", "required", "不予通过须选择理由代码。", "A refusal needs its reason.")
    if move(path, row.standing, step.event, drawn=False) is None:
        raise OUT_OF_ORDER.error(
            field="step",
            status_now=row.status.value,
            expected=[name.value for name in expected_steps(path, row.standing)],
        )
    lines = await store.history(conn, book, claim_id)
    taken = store.taken_steps(lines)
    await refuse_second_duty(conn, row, step.rule.duty, by_person, taken)
    judge_day(row, step, taken)
    taking = Taking(conn, seal, book, row, step, by_person, today, now)
    plan = await review_plan(conn, row)
    changed = await effects(taking, path, plan, lines)
    moved = replace(await moved_on(taking, path, plan, changed), event_count=row.event_count + 1)
    await store.record_event(conn, book, claim_id, event_row(taking, moved))
    if step.body.findings:
        await findings.record(conn, book, claim_id, moved.event_count, step.body.findings)
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


async def review_plan(conn: AsyncConnection, row: ClaimRow) -> ReviewPlan:
    """How the claim's programme is reviewed."""
    programme = await policies.load_policy(conn, row.book, row.policy_id)
    if programme is None:
        message = "a claim has a programme"
        raise AssertionError(message)
    return programme.review


def drawn(row: ClaimRow, plan: ReviewPlan) -> bool:
    """Tell whether a second person of the county must look at the claim, by its chance or its benefit as it stands."""
    return needs_second_look(
        share_bp=plan.second_look_share_bp,
        from_fen=plan.second_look_from_fen,
        draw=row.sample_draw,
        benefit_fen=row.benefit_fen,
    )


async def moved_on(taking: Taking, path: Path, plan: ReviewPlan, changed: ClaimRow) -> ClaimRow:
    """Return the claim where the step leads it, with whom it waits for and until when."""
    row, step = taking.row, taking.step
    to = move(path, row.standing, step.event, drawn=drawn(changed, plan))
    if to is None:
        message = "the step was judged to be in order"
        raise AssertionError(message)
    waiting = await waiting_after(
        taking.conn, taking.book, path, row.standing, row.waiting, step.event, to, step.done_on
    )
    return replace(changed, status=to.status, next_step=to.next_step, **asdict(waiting))


def judge_day(row: ClaimRow, step: CheckedStep, taken: Sequence[TakenStep]) -> None:
    """Raise `out_of_order` for a day before the event or the step before."""
    if date_fault(step.done_on, today=step.done_on, event_on=row.event_on, taken=taken) in {
        DateFault.BEFORE_EVENT,
        DateFault.BEFORE_PREVIOUS_STEP,
    }:
        not_before = max([row.event_on, *(one.done_on for one in taken)])
        raise OUT_OF_ORDER.error(field="done_on", not_before=not_before.isoformat())


async def effects(taking: Taking, path: Path, plan: ReviewPlan, lines: Sequence[EventRow]) -> ClaimRow:
    """Do what the step itself asks for and return the claim with what that changes.

    Raises `loss_below_other_payments` (completion, survey); what stands against a notice that would pass (`notices`);
    `income_line_missing`, `not_eligible`, `review_needed`, `second_look_needed`, `notice_exceeded` (approval).
    """
    row, step = taking.row, taking.step
    if step.event is Event.PUBLIC_NOTICE_PASSED:
        await notices.refuse_unless_run(taking.conn, row, step.done_on)
    corrected = any(getattr(step.body, field) is not None for field in CorrectionIn.model_fields)
    match step.event:
        case Event.TOWN_PASSED:
            return replace(row, checked_by=taking.by_person)
        case Event.COMPLETED:
            # What was checked in town is not what is asked for now, so nobody stands as its checker.
            return replace(await correct(taking, "completion"), checked_by=None)
        case Event.SURVEY_PASSED if corrected:
            return await correct(taking, "survey")
        case Event.COUNTY_PASSED:
            approved = await approve(taking)
            await refuse_unless_seen(taking, path, plan, approved, lines)
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


async def refuse_unless_seen(
    taking: Taking, path: Path, plan: ReviewPlan, approved: ClaimRow, lines: Sequence[EventRow]
) -> None:
    """Raise what an approval lacks: the second look that is due, or a public notice of as much."""
    since = max((line.position for line in lines if line.event == Event.COMPLETED.value), default=0)
    seen = any(line.event == Event.SECOND_LOOK_PASSED.value and line.position > since for line in lines)
    if drawn(approved, plan) and not seen:
        raise SECOND_LOOK_NEEDED.error(expected=[StepName.SECOND_LOOK.value])
    if path.notice_days is not None:
        shown = await notices.latest(taking.conn, taking.book, approved.id)
        if shown is not None and approved.benefit_fen > shown.benefit_fen:
            raise NOTICE_EXCEEDED.error(public_fen=shown.benefit_fen, benefit_fen=approved.benefit_fen)


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
        reason_code=(step.body.reason_code or OTHER_REASON) if step.outcome is StepOutcome.REFUSED else None,
    )


def standing(moved: ClaimRow) -> dict[str, object]:
    """Return the columns of a claim that a step may move."""
    return {
        "status": moved.status.value,
        "next_step": moved.next_step,
        "waiting_for": moved.waiting_for,
        "waiting_since": moved.waiting_since,
        "due_on": moved.due_on,
        "days_left": moved.days_left,
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
