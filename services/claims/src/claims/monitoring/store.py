"""SQL of leads, their steps and the monitored state of households.

Stable for other rooms: `count_leads`, `count_leads_by_channel`, `count_monitored`, `monitoring_history`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.households.tables import household, member
from claims.monitoring.rules import MonitoringEvent
from claims.monitoring.tables import lead, lead_step, monitoring_event
from claims.places import Places, within


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead as stored, its texts sealed. Status, household and last step are the summary of its steps."""

    book: str
    id: UUID
    channel: str
    department: str | None
    found_on: date
    town_code: str | None
    village_code: str | None
    description_cipher: bytes | None
    reason_cipher: bytes
    created_at: datetime
    created_by: str
    status: str
    household_id: UUID | None
    step_count: int
    last_step: str | None
    last_outcome: str | None
    last_done_on: date | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step taken on a lead, its note sealed."""

    book: str
    lead_id: UUID
    position: int
    step: str
    outcome: str
    note_cipher: bytes | None
    done_on: date
    household_id: UUID | None
    category: str | None
    steps_version: str
    at: datetime
    by_person: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """A change of a household's monitored state."""

    book: str
    household_id: UUID
    position: int
    kind: MonitoringEvent
    category: str
    effective_on: date
    lead_id: UUID
    lead_position: int
    at: datetime
    by_person: str


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """What a list asks for; None does not filter. `after` is the last id of the page before; `places` are the token's."""

    channel: str | None = None
    status: str | None = None
    town_code: str | None = None
    household_id: UUID | None = None
    after: UUID | None = None
    places: Places = frozenset()


class Monitored(NamedTuple):
    """Households ever determined as monitored, and the people who belong to them."""

    households: int
    people: int


async def insert_lead(conn: AsyncConnection, row: LeadRow) -> None:
    """Write a new lead."""
    await conn.execute(sa.insert(lead), {column.name: getattr(row, column.name) for column in lead.c})


async def load_lead(conn: AsyncConnection, book: str, lead_id: UUID, *, lock: bool = False) -> LeadRow | None:
    """The lead, locked until the transaction ends if asked for, or None if this book has none of that id."""
    query = sa.select(lead).where(lead.c.book == book, lead.c.id == lead_id)
    found = (await conn.execute(query.with_for_update() if lock else query)).mappings().first()
    return None if found is None else LeadRow(**found)


async def list_leads(conn: AsyncConnection, book: str, wanted: LeadFilter, limit: int) -> list[LeadRow]:
    """At most `limit` leads in the order of their ids (the order of entry)."""
    conditions = [lead.c.book == book, within(wanted.places, lead.c.town_code, lead.c.village_code)]
    for column, value in (
        (lead.c.channel, wanted.channel),
        (lead.c.status, wanted.status),
        (lead.c.town_code, wanted.town_code),
        (lead.c.household_id, wanted.household_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.after is not None:
        conditions.append(lead.c.id > wanted.after)
    query = sa.select(lead).where(*conditions).order_by(lead.c.id).limit(limit)
    return [LeadRow(**row) for row in (await conn.execute(query)).mappings()]


async def load_steps(conn: AsyncConnection, book: str, lead_id: UUID) -> list[StepRow]:
    """The steps of a lead in order."""
    query = (
        sa.select(lead_step)
        .where(lead_step.c.book == book, lead_step.c.lead_id == lead_id)
        .order_by(lead_step.c.position)
    )
    return [StepRow(**row) for row in (await conn.execute(query)).mappings()]


async def insert_step(conn: AsyncConnection, row: StepRow, after: LeadRow) -> None:
    """Write a step and move the lead's summary (status, household and its place, last step) to what it is `after`."""
    await conn.execute(sa.insert(lead_step), {column.name: getattr(row, column.name) for column in lead_step.c})
    await conn.execute(
        sa.update(lead)
        .where(lead.c.book == row.book, lead.c.id == row.lead_id)
        .values(
            status=after.status,
            household_id=after.household_id,
            town_code=after.town_code,
            village_code=after.village_code,
            step_count=after.step_count,
            last_step=after.last_step,
            last_outcome=after.last_outcome,
            last_done_on=after.last_done_on,
        )
    )


async def monitoring_history(conn: AsyncConnection, book: str, household_id: UUID) -> list[EventRow]:
    """The changes of a household's monitored state in order."""
    query = (
        sa.select(monitoring_event)
        .where(monitoring_event.c.book == book, monitoring_event.c.household_id == household_id)
        .order_by(monitoring_event.c.position)
    )
    return [EventRow(**row) for row in (await conn.execute(query)).mappings()]


async def insert_event(conn: AsyncConnection, row: EventRow) -> None:
    """Write a change of a household's monitored state."""
    columns = {column.name: getattr(row, column.name) for column in monitoring_event.c}
    await conn.execute(sa.insert(monitoring_event), columns)


async def other_leads_of(
    conn: AsyncConnection, book: str, household_id: UUID, *, except_lead: UUID
) -> list[tuple[str, date | None]]:
    """Status and day of the last step of the household's other leads that came to be monitored."""
    query = sa.select(lead.c.status, lead.c.last_done_on).where(
        lead.c.book == book,
        lead.c.household_id == household_id,
        lead.c.id != except_lead,
        lead.c.status.in_(["monitored", "eliminated"]),
    )
    return [(status, last_done_on) for status, last_done_on in await conn.execute(query)]


def _leads_of(book: str, places: Places) -> sa.ColumnElement[bool]:
    return sa.and_(lead.c.book == book, within(places, lead.c.town_code, lead.c.village_code))


async def count_leads(conn: AsyncConnection, book: str, places: Places) -> int:
    """How many leads the book has in these places."""
    query = sa.select(sa.func.count()).select_from(lead).where(_leads_of(book, places))
    return (await conn.execute(query)).scalar_one()


async def count_leads_by_channel(conn: AsyncConnection, book: str, places: Places) -> dict[str, int]:
    """How many leads of these places came through each channel that brought any."""
    query = sa.select(lead.c.channel, sa.func.count()).where(_leads_of(book, places)).group_by(lead.c.channel)
    return {row[0]: row[1] for row in await conn.execute(query.order_by(lead.c.channel))}


async def count_monitored(conn: AsyncConnection, book: str, places: Places) -> Monitored:
    """Households of these places ever determined as monitored (their risk may have been eliminated since), and their present members."""
    of_event = sa.and_(household.c.book == monitoring_event.c.book, household.c.id == monitoring_event.c.household_id)
    here = within(places, household.c.town_code, household.c.village_code)
    ever = (
        sa.select(monitoring_event.c.household_id)
        .join(household, of_event)
        .where(monitoring_event.c.book == book, here)
        .distinct()
        .subquery()
    )
    people = sa.select(sa.func.count()).where(
        member.c.book == book, member.c.household_id.in_(sa.select(ever.c.household_id)), member.c.left_on.is_(None)
    )
    households = sa.select(sa.func.count()).select_from(ever)
    found = (await conn.execute(sa.select(households.scalar_subquery(), people.scalar_subquery()))).one()
    return Monitored(households=found[0], people=found[1])
