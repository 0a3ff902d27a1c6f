"""Use cases of leads: report, read, list, and the steps that lead to a monitored household and out of it again.

Functions that take a connection run inside their caller's transaction; those that take the context own one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Context
from claims.divisions.service import find_codes
from claims.households import reference as household_reference
from claims.households import store as households
from claims.households.personal import PersonalData
from claims.households.store import HouseholdPlace
from claims.monitoring import rules, store
from claims.monitoring.answers import DESCRIPTION, REASON, lead_detail, lead_out, note_column
from claims.monitoring.reference import Step, StepList, step_list
from claims.monitoring.rules import LeadState, StepDecision, StepRefusal, StepWish, TakenStep
from claims.monitoring.schemas import LeadDetail, LeadIn, LeadOut, StepIn
from claims.monitoring.store import EventRow, LeadFilter, LeadRow, StepRow
from claims.problems import LEAD_HOUSEHOLD_FIXED, OUT_OF_ORDER
from common.database import transaction
from common.errors import NOT_FOUND, SAME_PERSON, Problem
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from common.validation import invalid_field


async def report_lead(
    conn: AsyncConnection,
    personal: PersonalData,
    *,
    book: str,
    body: LeadIn,
    by_person: str,
    today: date,
    now: datetime,
) -> LeadOut:
    """Store a new lead. Raises `invalid_request` (a future day, an unknown place) and `not_found` (no such household)."""
    if body.found_on > today:
        raise _future("found_on")
    town, village = find_codes(book, body.town, body.village)
    if body.household_id is not None:
        household = await _household(conn, book, body.household_id)
        town, village = household.town_code, household.village_code
    lead_id = uuid7()
    description = body.description
    row = LeadRow(
        book=book,
        id=lead_id,
        channel=body.channel,
        department=body.department,
        found_on=body.found_on,
        town_code=town,
        village_code=village,
        description_cipher=None if description is None else personal.seal_text(description, DESCRIPTION, lead_id),
        reason_cipher=personal.seal_text(body.reason, REASON, lead_id),
        created_at=now,
        created_by=by_person,
        status="open",
        household_id=body.household_id,
        step_count=0,
        last_step=None,
        last_outcome=None,
        last_done_on=None,
    )
    await store.insert_lead(conn, row)
    return lead_out(row)


async def get_lead(context: Context, book: str, lead_id: UUID) -> LeadDetail:
    """One lead with its steps. Raises `not_found`."""
    async with transaction(context.engine) as conn:
        row = await store.load_lead(conn, book, lead_id)
        if row is None:
            raise NOT_FOUND.error()
        steps = await store.load_steps(conn, book, lead_id)
    return lead_detail(context.personal(book), row, steps)


async def list_leads(
    context: Context, book: str, wanted: LeadFilter, limit: int, cursor: str | None
) -> tuple[list[LeadOut], str | None]:
    """A page of leads in order of entry."""
    after = decode_cursor(cursor, UUID)
    if after is not None:
        wanted = replace(wanted, after=cast("UUID", after[0]))
    async with transaction(context.engine) as conn:
        rows = await store.list_leads(conn, book, wanted, limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.id,))
    return [lead_out(row) for row in shown], next_cursor


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step whose own fields are right: it exists, has this outcome, is not in the future."""

    step: Step
    steps: StepList
    body: StepIn


def check_step(body: StepIn, today: date) -> CheckedStep:
    """Judge what needs no database. Raises `invalid_request` naming the field."""
    steps = step_list()
    step = steps.step(body.step)
    if step is None:
        known = ", ".join(one.code for one in steps.steps)
        raise invalid_field("step", "unknown_step", f"步骤须为其中之一：{known}。", f"Must be one of {known}.")
    if body.outcome not in step.outcomes:
        known = ", ".join(step.outcomes)
        raise invalid_field("outcome", "unknown_outcome", f"结果须为其中之一：{known}。", f"Must be one of {known}.")
    if body.outcome != "passed" and body.note is None:
        raise invalid_field("note", "required", "未通过须填写说明。", "Say why, unless the outcome is passed.")
    if body.done_on > today:
        raise _future("done_on")
    if body.category is not None:
        _check_category(step, body.category, today)
    return CheckedStep(step, steps, body)


def _check_category(step: Step, category: str, today: date) -> None:
    """A category is told where the household is registered, and must be one of monitored households."""
    if not step.needs_household:
        raise invalid_field("category", "not_here", "本步骤不填写类别。", "This step takes no category.")
    found = household_reference.category(category, today)
    if found is None or not found.monitored:
        raise invalid_field(
            "category",
            "unknown_category",
            "须为现行监测对象类别。",
            "Must be a category of monitored households in force.",
        )


async def record_step(
    conn: AsyncConnection,
    personal: PersonalData,
    *,
    book: str,
    lead_id: UUID,
    checked: CheckedStep,
    by_person: str,
    now: datetime,
) -> LeadOut:
    """Take a handling step: lock the lead, judge, write the step, and move the household's monitored state if it does.

    Raises `not_found`, `out_of_order`, `same_person`, `lead_household_fixed`, `invalid_request` (household or category missing).
    """
    body = checked.body
    row = await store.load_lead(conn, book, lead_id, lock=True)
    if row is None:
        raise NOT_FOUND.error()
    household_id = body.household_id or row.household_id
    household = None if household_id is None else await _household(conn, book, household_id)
    taken = await store.load_steps(conn, book, lead_id)
    state = LeadState(
        found_on=row.found_on,
        household_id=row.household_id,
        taken=tuple(TakenStep(step.step, step.outcome, step.done_on, step.by_person) for step in taken),
    )
    wish = StepWish(
        step=checked.step,
        outcome=body.outcome,
        done_on=body.done_on,
        by_person=by_person,
        household_id=body.household_id,
        category=body.category,
        category_now=_monitored_category(household),
    )
    decision = rules.decide_step(checked.steps, state, wish)
    if isinstance(decision, StepRefusal):
        raise _refusal(decision)
    step = _step_row(personal, checked, row, decision, by_person=by_person, now=now)
    after = _lead_after(row, step, decision, household)
    await store.insert_step(conn, step, after)
    if household is not None and {row.status, decision.status} & {"monitored", "eliminated"}:
        await _move_household(conn, before=row, step=step, decision=decision, household_id=household.id)
    return lead_out(after)


def _step_row(
    personal: PersonalData,
    checked: CheckedStep,
    lead: LeadRow,
    decision: StepDecision,
    *,
    by_person: str,
    now: datetime,
) -> StepRow:
    """The step to write; a category is part of it where the household is registered."""
    body, position = checked.body, lead.step_count + 1
    note = None if body.note is None else personal.seal_text(body.note, note_column(position), lead.id)
    return StepRow(
        book=lead.book,
        lead_id=lead.id,
        position=position,
        step=checked.step.code,
        outcome=body.outcome,
        note_cipher=note,
        done_on=body.done_on,
        household_id=body.household_id,
        category=decision.category if checked.step.needs_household else None,
        steps_version=checked.steps.version,
        at=now,
        by_person=by_person,
    )


def _lead_after(row: LeadRow, step: StepRow, decision: StepDecision, household: HouseholdPlace | None) -> LeadRow:
    """The lead's summary after a step; a household just attached brings its place."""
    attached = household is not None and row.household_id is None
    return replace(
        row,
        status=decision.status,
        household_id=decision.household_id,
        town_code=household.town_code if household is not None and attached else row.town_code,
        village_code=household.village_code if household is not None and attached else row.village_code,
        step_count=step.position,
        last_step=step.step,
        last_outcome=step.outcome,
        last_done_on=step.done_on,
    )


async def _move_household(
    conn: AsyncConnection, *, before: LeadRow, step: StepRow, decision: StepDecision, household_id: UUID
) -> None:
    """Record what the step does to the household: category, start, end or resumption of monitoring, and a new version."""
    household = await households.lock_household(conn, before.book, household_id)
    if household is None:
        raise NOT_FOUND.error(field="household_id")
    past = await store.monitoring_history(conn, before.book, household_id)
    others = await store.other_leads_of(conn, before.book, household_id, except_lead=before.id)
    still_monitored = sum(status == "monitored" for status, _ in others)
    kind = rules.monitoring_event(len(past), before.status, decision.status, still_monitored)
    category = step.category or household.category
    if kind is None and category == household.category:
        return
    days = [step.done_on, *(event.effective_on for event in past[-1:])]
    if kind == "ended":
        days += [day for _, day in others if day is not None]
    changes: dict[str, list[object]] = {}
    if kind is not None:
        event = EventRow(
            book=before.book,
            household_id=household_id,
            position=len(past) + 1,
            kind=kind,
            category=category,
            effective_on=max(days),
            lead_id=before.id,
            lead_position=step.position,
            at=step.at,
            by_person=step.by_person,
        )
        await store.insert_event(conn, event)
        changes["monitored"] = [kind == "ended", kind != "ended"]
    if category != household.category:
        changes["category"] = [household.category, category]
    moved = replace(
        household, category=category, version=household.version + 1, updated_at=step.at, updated_by=step.by_person
    )
    await households.update_household(conn, moved)
    await households.insert_event(conn, moved, "monitoring_changed", changes)


def _monitored_category(household: HouseholdPlace | None) -> str | None:
    """The household's category if it is one of monitored households, else None: it must be told."""
    if household is None:
        return None
    row = household_reference.stored_category(household.category)
    return row.code if row.monitored else None


async def _household(conn: AsyncConnection, book: str, household_id: UUID) -> HouseholdPlace:
    found = await households.load_place(conn, book, household_id)
    if found is None:
        raise NOT_FOUND.error(field="household_id")
    return found


def _future(field: str) -> Problem:
    return invalid_field(field, "future_date", "日期不得晚于今天。", "Must not be in the future.")


def _refusal(refusal: StepRefusal) -> Problem:
    """The problem a rule's refusal becomes."""
    if refusal.code == "out_of_order":
        not_before = "" if refusal.not_before is None else refusal.not_before.isoformat()
        return OUT_OF_ORDER.error(expected=list(refusal.expected), not_before=not_before)
    if refusal.code == "same_person":
        return SAME_PERSON.error()
    if refusal.code == "household_fixed":
        return LEAD_HOUSEHOLD_FIXED.error(field="household_id")
    if refusal.code == "household_missing":
        return invalid_field("household_id", "required", "须先关联农户。", "The lead must name a household by now.")
    return invalid_field(
        "category", "required", "须填写监测对象类别。", "Say under which category the household is monitored."
    )
