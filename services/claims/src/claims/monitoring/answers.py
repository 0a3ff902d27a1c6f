"""From stored leads and steps to their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from claims.households.personal import PersonalData
from claims.monitoring import rules
from claims.monitoring.income_lines import IncomeLine
from claims.monitoring.reference import CHANNEL_NAMES_ZH, START, Channel, Step, StepList, step_list
from claims.monitoring.schemas import (
    IncomeLineOut,
    LeadDetail,
    LeadOut,
    LeadStatus,
    StepDefinition,
    StepListOut,
    StepOut,
)
from claims.monitoring.store import LeadRow, StepRow

DESCRIPTION = "lead.description"
REASON = "lead.reason"
NOTE = "lead_step.note"


def lead_out(row: LeadRow) -> LeadOut:
    """A lead without its free texts: for lists, and for answers that are kept for replay."""
    channel = cast("Channel", row.channel)
    last = START if row.last_step is None else f"{row.last_step}:{row.last_outcome}"
    return LeadOut(
        id=row.id,
        channel=channel,
        channel_name_zh=CHANNEL_NAMES_ZH[channel],
        department=row.department,
        household_id=row.household_id,
        town=row.town_code,
        village=row.village_code,
        found_on=row.found_on,
        status=cast("LeadStatus", row.status),
        step_count=row.step_count,
        last_step=row.last_step,
        last_outcome=row.last_outcome,
        last_done_on=row.last_done_on,
        next_steps=rules.next_steps(step_list(), last),
        created_at=row.created_at,
        created_by=row.created_by,
    )


def lead_detail(personal: PersonalData, row: LeadRow, steps: Sequence[StepRow]) -> LeadDetail:
    """A lead with its texts and steps."""
    sealed = row.description_cipher
    return LeadDetail(
        **dict(lead_out(row)),
        description=None if sealed is None else personal.open_text(sealed, DESCRIPTION, row.id),
        reason=personal.open_text(row.reason_cipher, REASON, row.id),
        steps=[step_out(personal, step) for step in steps],
    )


def step_out(personal: PersonalData, row: StepRow) -> StepOut:
    """A step taken, with its note."""
    definition = step_list().step(row.step)
    column = note_column(row.position)
    return StepOut(
        position=row.position,
        step=row.step,
        name_zh=row.step if definition is None else definition.name_zh,
        outcome=row.outcome,
        note=None if row.note_cipher is None else personal.open_text(row.note_cipher, column, row.lead_id),
        done_on=row.done_on,
        household_id=row.household_id,
        category=row.category,
        at=row.at,
        by_person=row.by_person,
    )


def note_column(position: int) -> str:
    """The cipher's name of a note: bound to its step, so that two notes of one lead cannot be exchanged."""
    return f"{NOTE}.{position}"


def step_list_out(steps: StepList) -> StepListOut:
    """The list in force."""
    return StepListOut(version=steps.version, items=[_definition(step) for step in steps.steps])


def _definition(step: Step) -> StepDefinition:
    return StepDefinition(
        code=step.code,
        position=step.position,
        name_zh=step.name_zh,
        name_en=step.name_en,
        who=sorted(step.who),
        outcomes={outcome: cast("LeadStatus", status) for outcome, status in step.outcomes.items()},
        after={outcome: sorted(links) for outcome, links in step.after.items()},
        needs_household=step.needs_household,
        other_person=sorted(step.other_person),
        source=step.source,
    )


def income_line_out(line: IncomeLine, *, in_force: bool) -> IncomeLineOut:
    """An income line's answer."""
    return IncomeLineOut(
        scope=line.scope,
        year=line.year,
        revision=line.revision,
        amount_fen=line.amount_fen,
        source=line.source,
        source_mark=cast("Literal['pub', 'local']", line.source_mark),
        correction_reason=line.correction_reason,
        in_force=in_force,
        recorded_at=line.recorded_at,
        recorded_by=line.recorded_by,
    )


def income_lines_out(lines: Sequence[IncomeLine]) -> list[IncomeLineOut]:
    """Lines as `income_lines` orders them: the first of each year is the one in force."""
    years = [line.year for line in lines]
    return [income_line_out(line, in_force=years.index(line.year) == index) for index, line in enumerate(lines)]
