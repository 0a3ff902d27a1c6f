"""Use cases of possible duplicates: both records side by side, and what a person found out about them. Nothing is merged here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from claims.households import store
from claims.households.answers import household_out
from claims.households.schemas import DuplicateOut, DuplicateRecord, ResolutionIn, ResolutionOut
from claims.households.tables import duplicate_resolution, household, possible_duplicate
from claims.places import Places, is_within, within
from common.database import transaction
from common.errors import NOT_FOUND
from common.paging import decode_cursor, page_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.context import Context
    from claims.households.personal import PersonalData
    from claims.households.store import HouseholdRow

NOTE_COLUMN = "duplicate_resolution.note_cipher"
_d, _r = possible_duplicate.c, duplicate_resolution.c


def _last_resolution() -> sa.ScalarSelect[str]:
    return (
        sa.select(_r.resolution)
        .where(_r.book == _d.book, _r.duplicate_id == _d.id)
        .order_by(_r.position.desc())
        .limit(1)
        .correlate(possible_duplicate)
        .scalar_subquery()
    )


def _in_places(places: Places) -> sa.ColumnElement[bool]:
    """Either household lies in the places."""
    if not places:
        return sa.true()
    here = within(places, household.c.town_code, household.c.village_code)
    either = household.c.id.in_([_d.household_id, _d.other_household_id])
    return sa.exists().where(household.c.book == _d.book, either, here).correlate(possible_duplicate)


async def list_duplicates(
    context: Context,
    book: str,
    places: Places,
    *,
    kind: str | None,
    resolution: str | None,
    household_id: UUID | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[DuplicateOut], str | None]:
    """A page of possible duplicates in the order in which they were found; `resolution` may be `open`."""
    conditions = [_d.book == book, _in_places(places)]
    if kind is not None:
        conditions.append(_d.kind == kind)
    if household_id is not None:
        conditions.append(sa.or_(_d.household_id == household_id, _d.other_household_id == household_id))
    if resolution is not None:
        last = _last_resolution()
        conditions.append(last.is_(None) if resolution == "open" else last == resolution)
    after = decode_cursor(cursor, UUID)
    if after is not None:
        conditions.append(_d.id > after[0])
    query = sa.select(possible_duplicate).where(*conditions).order_by(_d.id).limit(limit + 1)
    async with transaction(context.engine) as conn:
        rows = (await conn.execute(query)).mappings().all()
        shown, next_cursor = page_of(rows, limit, lambda row: (row["id"],))
        return await _shown(conn, context.personal(book), book, shown, places), next_cursor


async def resolve_duplicate(
    conn: AsyncConnection,
    personal: PersonalData,
    *,
    book: str,
    places: Places,
    duplicate_id: UUID,
    body: ResolutionIn,
    by_person: str,
    now: datetime,
) -> DuplicateOut:
    """Record what was found out; a later finding is recorded after it. The answer, which is kept, shows no note and masks names."""
    query = sa.select(possible_duplicate).where(_d.book == book, _d.id == duplicate_id, _in_places(places))
    row = (await conn.execute(query)).mappings().first()
    if row is None:
        raise NOT_FOUND.error()
    # The older household is locked, so that two findings of one moment get their own positions.
    await store.lock_household(conn, book, row["household_id"])
    taken = sa.select(sa.func.count()).where(_r.book == book, _r.duplicate_id == duplicate_id)
    position = int(await conn.scalar(taken) or 0) + 1
    await conn.execute(
        sa.insert(duplicate_resolution),
        {
            "book": book,
            "duplicate_id": duplicate_id,
            "position": position,
            "resolution": body.resolution,
            "note_cipher": personal.seal_text(body.note, f"{NOTE_COLUMN}/{position}", duplicate_id),
            "at": now,
            "by_person": by_person,
        },
    )
    return (await _shown(conn, personal, book, [row], places, kept=True))[0]


async def _shown(
    conn: AsyncConnection,
    personal: PersonalData,
    book: str,
    rows: Sequence[sa.RowMapping],
    places: Places,
    *,
    kept: bool = False,
) -> list[DuplicateOut]:
    ids = {row[name] for row in rows for name in ("household_id", "other_household_id")}
    households = {one.id: one for one in await store.load_households(conn, book, list(ids))}
    query = (
        sa.select(duplicate_resolution)
        .where(_r.book == book, _r.duplicate_id.in_([row["id"] for row in rows]))
        .order_by(_r.position)
    )
    findings: dict[UUID, list[ResolutionOut]] = {}
    for one in (await conn.execute(query)).mappings():
        column = f"{NOTE_COLUMN}/{one['position']}"
        note = None if kept else personal.open_text(one["note_cipher"], column, one["duplicate_id"])
        findings.setdefault(one["duplicate_id"], []).append(
            ResolutionOut(resolution=one["resolution"], note=note, at=one["at"], by_person=one["by_person"])
        )
    return [
        DuplicateOut(
            id=row["id"],
            kind=row["kind"],
            found_at=row["found_at"],
            resolution=findings[row["id"]][-1].resolution if row["id"] in findings else "open",
            first=_record(personal, households[row["household_id"]], row["subject_id"], places, names=not kept),
            second=_record(
                personal, households[row["other_household_id"]], row["other_subject_id"], places, names=not kept
            ),
            resolutions=findings.get(row["id"], []),
        )
        for row in rows
    ]


def _record(
    personal: PersonalData, row: HouseholdRow, subject_id: UUID, places: Places, *, names: bool
) -> DuplicateRecord:
    """One of the two records; of a household elsewhere only that there is one."""
    if not is_within(places, row.town_code, row.village_code):
        return DuplicateRecord(household_id=row.id, household=None, member_id=None)
    return DuplicateRecord(
        household_id=row.id,
        household=household_out(personal, row, names=names),
        member_id=None if subject_id == row.id else subject_id,
    )
