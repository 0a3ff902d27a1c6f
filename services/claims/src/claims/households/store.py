"""SQL of the households room. Rows come and go sealed: opening them is `personal.py`'s.

Stable for other rooms: `load_household`, `lock_household`, `HouseholdRow`, `MemberRow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.households.tables import household, household_event, member
from claims.monitoring.tables import monitoring_event
from claims.places import Places, within


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as stored, sealed. `position` is the order of entry, from 1. `left_on` is set once the member left.

    `since_version` is the household's version from which on the row reads as it does. `moved_from` is the same person's record in the
    household they came from. `name_birth_index` is None until it has been computed for rows older than it.
    """

    id: UUID
    position: int
    relation: str
    name_cipher: bytes
    name_index: bytes
    id_number_cipher: bytes
    id_number_index: bytes
    phone_cipher: bytes | None
    phone_index: bytes | None
    name_birth_index: bytes | None
    since_version: int
    joined_on: date | None
    moved_from: UUID | None
    left_on: date | None
    left_reason: str | None

    @property
    def present(self) -> bool:
        """Whether the member belongs to the household now."""
        return self.left_on is None


@dataclass(frozen=True, slots=True)
class HouseholdRow:
    """A household with all its members ever, sealed. Amounts in fen. `monitored_from` is None while it is not monitored."""

    book: str
    id: UUID
    town_code: str
    village_code: str
    division_system: str | None
    division_as_of: date | None
    category: str
    annual_income_fen: int
    income_year: int
    bank_account_cipher: bytes | None
    bank_account_index: bytes | None
    responsible_cadre_cipher: bytes | None
    external_number_cipher: bytes | None
    external_number_index: bytes | None
    content_index: bytes | None
    import_job_id: UUID | None
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    monitored_from: date | None
    members: tuple[MemberRow, ...]

    @property
    def present_members(self) -> tuple[MemberRow, ...]:
        """The members who belong to the household now, in order of entry."""
        return tuple(row for row in self.members if row.present)

    @property
    def monitored(self) -> bool:
        """Whether the household is monitored now, by its events."""
        return self.monitored_from is not None

    def member(self, member_id: UUID) -> MemberRow | None:
        """The member of this id, present or not, or None."""
        return next((row for row in self.members if row.id == member_id), None)


@dataclass(frozen=True, slots=True)
class HouseholdPlace:
    """What a lead needs of its household: where it lies and under which category it is registered."""

    id: UUID
    town_code: str
    village_code: str
    category: str


@dataclass(frozen=True, slots=True)
class HouseholdFilter:
    """What a list asks for; None does not filter. `after` is the last id of the page before; `places` are the token's."""

    town_code: str | None = None
    village_code: str | None = None
    category: str | None = None
    monitored: bool | None = None
    id_number_index: bytes | None = None
    phone_index: bytes | None = None
    name_index: bytes | None = None
    after: UUID | None = None
    places: Places = frozenset()


def _last_event(column: sa.ColumnElement[object]) -> sa.ScalarSelect[object]:
    """A column of the household's last monitoring event."""
    return (
        sa.select(column)
        .where(monitoring_event.c.book == household.c.book, monitoring_event.c.household_id == household.c.id)
        .order_by(monitoring_event.c.position.desc())
        .limit(1)
        .correlate(household)
        .scalar_subquery()
    )


def _monitored_from() -> sa.ScalarSelect[object]:
    """The day the household's last event set it monitored; null if that event ended it or there is none."""
    return _last_event(sa.case((monitoring_event.c.kind != "ended", monitoring_event.c.effective_on), else_=sa.null()))


_HOUSEHOLDS = sa.select(household, _monitored_from().label("monitored_from"))
_MEMBER_COLUMNS = [column for column in member.c if column.name != "book"]


async def load_household(conn: AsyncConnection, book: str, household_id: UUID) -> HouseholdRow | None:
    """The household with its members, or None if this book has none of that id."""
    found = await load_households(conn, book, [household_id])
    return found[0] if found else None


async def load_place(conn: AsyncConnection, book: str, household_id: UUID) -> HouseholdPlace | None:
    """The household's place and category without its members, or None if this book has none of that id."""
    query = sa.select(household.c.id, household.c.town_code, household.c.village_code, household.c.category).where(
        household.c.book == book, household.c.id == household_id
    )
    found = (await conn.execute(query)).mappings().first()
    return None if found is None else HouseholdPlace(**found)


async def lock_household(conn: AsyncConnection, book: str, household_id: UUID) -> HouseholdRow | None:
    """The household, locked until the transaction ends; read after the lock, so that it is the newest."""
    query = sa.select(household.c.id).where(household.c.book == book, household.c.id == household_id).with_for_update()
    if (await conn.execute(query)).first() is None:
        return None
    return await load_household(conn, book, household_id)


async def load_households(conn: AsyncConnection, book: str, ids: Sequence[UUID]) -> list[HouseholdRow]:
    """These households with their members, in the order of their ids."""
    query = _HOUSEHOLDS.where(household.c.book == book, household.c.id.in_(ids)).order_by(household.c.id)
    return await _with_members(conn, book, (await conn.execute(query)).mappings().all())


async def list_households(conn: AsyncConnection, book: str, wanted: HouseholdFilter, limit: int) -> list[HouseholdRow]:
    """At most `limit` households in the order of their ids (the order of entry)."""
    query = _HOUSEHOLDS.where(household.c.book == book, *_conditions(wanted)).order_by(household.c.id).limit(limit)
    return await _with_members(conn, book, (await conn.execute(query)).mappings().all())


def _conditions(wanted: HouseholdFilter) -> list[sa.ColumnElement[bool]]:
    equal: dict[sa.ColumnElement[object], object] = {
        household.c.town_code: wanted.town_code,
        household.c.village_code: wanted.village_code,
        household.c.category: wanted.category,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    conditions.append(within(wanted.places, household.c.town_code, household.c.village_code))
    if wanted.monitored is not None:
        is_null = _monitored_from().is_(None)
        conditions.append(~is_null if wanted.monitored else is_null)
    if wanted.after is not None:
        conditions.append(household.c.id > wanted.after)
    by_index: dict[sa.ColumnElement[bytes], bytes | None] = {
        member.c.id_number_index: wanted.id_number_index,
        member.c.phone_index: wanted.phone_index,
        member.c.name_index: wanted.name_index,
    }
    for column, index in by_index.items():
        if index is not None:
            belongs = (member.c.book == household.c.book, member.c.household_id == household.c.id)
            conditions.append(sa.exists().where(*belongs, column == index).correlate(household))
    return conditions


async def _with_members(conn: AsyncConnection, book: str, rows: Sequence[sa.RowMapping]) -> list[HouseholdRow]:
    """Attach the members of these households, read in one query."""
    if not rows:
        return []
    query = (
        sa.select(*_MEMBER_COLUMNS)
        .where(member.c.book == book, member.c.household_id.in_([row["id"] for row in rows]))
        .order_by(member.c.position)
    )
    members: dict[UUID, list[MemberRow]] = {}
    for row in (await conn.execute(query)).mappings():
        values = dict(row)
        members.setdefault(values.pop("household_id"), []).append(MemberRow(**values))
    return [HouseholdRow(**row, members=tuple(members.get(row["id"], ()))) for row in rows]


async def insert_household(conn: AsyncConnection, row: HouseholdRow) -> None:
    """Write a new household and its members."""
    columns = {column.name for column in household.c}
    values = {name: getattr(row, name) for name in columns}
    await conn.execute(sa.insert(household), values)
    await insert_members(conn, row.book, row.id, row.members)


async def insert_members(conn: AsyncConnection, book: str, household_id: UUID, members: Sequence[MemberRow]) -> None:
    """Write new members of a household."""
    if members:
        rows = [{"book": book, "household_id": household_id, **_member_values(row), "id": row.id} for row in members]
        await conn.execute(sa.insert(member), rows)


def _member_values(row: MemberRow) -> dict[str, object]:
    return {
        "position": row.position,
        "relation": row.relation,
        "name_cipher": row.name_cipher,
        "name_index": row.name_index,
        "id_number_cipher": row.id_number_cipher,
        "id_number_index": row.id_number_index,
        "phone_cipher": row.phone_cipher,
        "phone_index": row.phone_index,
        "name_birth_index": row.name_birth_index,
        "since_version": row.since_version,
        "joined_on": row.joined_on,
        "moved_from": row.moved_from,
        "left_on": row.left_on,
        "left_reason": row.left_reason,
    }


async def update_member(conn: AsyncConnection, book: str, row: MemberRow) -> None:
    """Write the editable columns of a member."""
    values = {name: value for name, value in _member_values(row).items() if name not in {"position", "moved_from"}}
    await conn.execute(sa.update(member).where(member.c.book == book, member.c.id == row.id).values(values))


async def update_household(conn: AsyncConnection, row: HouseholdRow) -> None:
    """Write the editable columns of a household."""
    fixed = {"book", "id", "created_at", "created_by", "content_index", "import_job_id"}
    values = {column.name: getattr(row, column.name) for column in household.c if column.name not in fixed}
    await conn.execute(
        sa.update(household).where(household.c.book == row.book, household.c.id == row.id).values(values)
    )


async def insert_event(conn: AsyncConnection, row: HouseholdRow, kind: str, changes: dict[str, list[object]]) -> None:
    """Record who changed what of this version of the household, and when. `changes` holds nothing personal."""
    await conn.execute(
        sa.insert(household_event),
        {
            "book": row.book,
            "household_id": row.id,
            "version": row.version,
            "kind": kind,
            "changes": changes,
            "at": row.updated_at,
            "by_person": row.updated_by,
        },
    )
