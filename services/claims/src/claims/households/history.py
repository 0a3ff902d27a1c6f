"""Who was what when: the register as it read at the end of a day, and what happened to a household since it was registered.

A version is what the register *said* then; what was found out later stands in later versions. Of that version, members are shown who by
its own dates belonged to the household on that day. Histories begin with the change after which versions are kept (docs/adr/0024).
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from claims.households import store
from claims.households.answers import household_out
from claims.households.schemas import HouseholdEventOut
from claims.households.store import MemberRow
from claims.households.tables import household_event, household_version, member, member_version
from claims.monitoring.tables import monitoring_event
from common.database import snapshot
from common.dates import midnight_after
from common.errors import NOT_FOUND
from common.paging import decode_cursor, page_of
from common.validation import invalid_field

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.context import Context
    from claims.households.schemas import HouseholdOut
    from claims.households.store import HouseholdRow

_OLD = (
    "town_code", "village_code", "division_system", "division_as_of", "category", "annual_income_fen", "income_year",
    "bank_account_cipher", "responsible_cadre_cipher", "version",
)  # fmt: skip
_MEMBER = [field.name for field in fields(MemberRow)]


async def household_as_of(context: Context, book: str, household_id: UUID, on: date) -> HouseholdOut:
    """A household as the register had it at the end of a day in Shanghai.

    Raises `not_found` where it was not registered yet, `invalid_request` naming `as_of` where no version was kept.
    """
    until = midnight_after(on)
    async with snapshot(context.engine) as conn:
        row = await store.load_household(conn, book, household_id)
        if row is None or row.created_at >= until:
            raise NOT_FOUND.error()
        if row.updated_at >= until:
            row = await _earlier(conn, row, until)
        members = await _members(conn, row)
        monitored_from = await _monitored_from(conn, row, until)
    present = tuple(_on(one, on) for one in members if one.joined_on is None or one.joined_on <= on)
    return household_out(context.personal(book), replace(row, members=present, monitored_from=monitored_from))


async def _earlier(conn: AsyncConnection, row: HouseholdRow, until: datetime) -> HouseholdRow:
    v = household_version.c
    query = (
        sa.select(household_version)
        .where(v.book == row.book, v.household_id == row.id, v.valid_from < until)
        .order_by(v.version.desc())
        .limit(1)
    )
    old = (await conn.execute(query)).mappings().first()
    if old is None:
        raise invalid_field(
            "as_of",
            "before_history",
            "该日之前的变更未留存历史版本。",
            "No version is kept of the changes before that day.",
        )
    values = {name: old[name] for name in _OLD}
    return replace(row, **values, updated_at=old["valid_from"], updated_by=old["by_person"])


async def _members(conn: AsyncConnection, row: HouseholdRow) -> list[MemberRow]:
    """The members as they read in the row's version: rows that have not changed since, and those kept of what changed."""
    current = sa.select(*(member.c[name] for name in _MEMBER)).where(
        member.c.book == row.book, member.c.household_id == row.id, member.c.since_version <= row.version
    )
    v = member_version.c
    kept = sa.select(member_version).where(
        v.book == row.book, v.household_id == row.id, v.since_version <= row.version, v.until_version > row.version
    )
    found = [MemberRow(**one) for one in (await conn.execute(current)).mappings()]
    now = {one.id: one for one in row.members}
    for old in (await conn.execute(kept)).mappings():
        values = {name: old[name] for name in _MEMBER if name in old}
        found.append(replace(now[old["member_id"]], **values))
    return sorted(found, key=lambda one: one.position)


def _on(row: MemberRow, on: date) -> MemberRow:
    """A member as of a day: who left later was present."""
    return replace(row, left_on=None, left_reason=None) if row.left_on is not None and row.left_on > on else row


async def _monitored_from(conn: AsyncConnection, row: HouseholdRow, until: datetime) -> date | None:
    m = monitoring_event.c
    query = (
        sa.select(m.kind, m.effective_on)
        .where(m.book == row.book, m.household_id == row.id, m.at < until)
        .order_by(m.position.desc())
        .limit(1)
    )
    last = (await conn.execute(query)).first()
    return None if last is None or last.kind == "ended" else last.effective_on


async def list_events(
    context: Context, book: str, household_id: UUID, limit: int, cursor: str | None
) -> tuple[list[HouseholdEventOut], str | None]:
    """A page of what happened to a household, oldest first; personal values are named, not shown. Raises `not_found`."""
    after = decode_cursor(cursor, int)
    version = after[0] if after is not None and isinstance(after[0], int) else 0
    e = household_event.c
    query = (
        sa.select(e.version, e.kind, e.changes, e.at, e.by_person)
        .where(e.book == book, e.household_id == household_id, e.version > version)
        .order_by(e.version)
        .limit(limit + 1)
    )
    async with snapshot(context.engine) as conn:
        if await store.load_place(conn, book, household_id) is None:
            raise NOT_FOUND.error()
        rows = (await conn.execute(query)).mappings().all()
    shown, next_cursor = page_of(rows, limit, lambda row: (row["version"],))
    return [HouseholdEventOut.model_validate(dict(row)) for row in shown], next_cursor
