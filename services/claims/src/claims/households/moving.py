"""The use case of a member who moves to another household: leaves the one, joins the other, and stays one person on record."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from claims.households import intake, store
from claims.households.answers import household_changed
from claims.households.intake import CleanMember, Faults
from claims.households.schemas import MAX_MEMBERS, HouseholdChanged, MoveIn
from claims.households.service import duplicate_warnings, sealed_member
from common.errors import NOT_FOUND
from common.ids import uuid7

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.households.personal import PersonalData
    from claims.households.store import HouseholdRow, MemberRow


async def move_member(
    conn: AsyncConnection,
    personal: PersonalData,
    *,
    book: str,
    household_id: UUID,
    member_id: UUID,
    body: MoveIn,
    by_person: str,
    today: date,
    now: datetime,
) -> HouseholdChanged:
    """Move a present member; answers the household joined, names masked, because the answer is kept for replay.

    Raises `not_found`, `invalid_request` naming every fault: the household left needs a head unless nobody stays in it.
    """
    locked = {}
    for one in sorted({household_id, body.to_household_id}):  # in one order, or two moves would wait for each other
        locked[one] = await store.lock_household(conn, book, one)
    left, joined = locked[household_id], locked[body.to_household_id]
    member = None if left is None else left.member(member_id)
    if left is None or joined is None or member is None:
        raise NOT_FOUND.error(field="to_household_id" if joined is None else None)
    faults = Faults()
    mover = _judged(personal, left, joined, member, body, today, faults)
    faults.raise_any()
    gone = replace(member, left_on=body.moved_on, left_reason="moved_household", since_version=left.version + 1)
    version = joined.version + 1
    position = max(one.position for one in joined.members) + 1
    came = sealed_member(
        personal, uuid7(), position, mover, since_version=version, joined_on=body.moved_on, moved_from=member_id
    )
    after_left = replace(left, version=left.version + 1, updated_at=now, updated_by=by_person)
    after_joined = replace(
        joined, version=version, updated_at=now, updated_by=by_person, members=(*joined.members, came)
    )
    await store.update_household(conn, after_left)
    await store.update_member(conn, book, gone)
    await store.insert_event(conn, after_left, "edited", _said(left, to=body.to_household_id, member=member_id))
    await store.update_household(conn, after_joined)
    await store.insert_members(conn, book, joined.id, [came])
    await store.insert_event(conn, after_joined, "edited", _said(joined, to=joined.id, member=came.id))
    warnings = await duplicate_warnings(conn, after_joined, {came.id: "member"}, now)
    return household_changed(personal, after_joined, warnings, names=False)


def _said(row: HouseholdRow, *, to: UUID, member: UUID) -> dict[str, list[object]]:
    """What the history of either household says of the move."""
    present = [str(one.id) for one in row.present_members]
    return {"members": [{"present": present}, {"moved": str(member), "to": str(to)}]}


def _judged(
    personal: PersonalData,
    left: HouseholdRow,
    joined: HouseholdRow,
    member: MemberRow,
    body: MoveIn,
    today: date,
    faults: Faults,
) -> CleanMember:
    if left.id == joined.id:
        faults.add("to_household_id", "same_household", "须为另一户", "must be another household")
    if not member.present:
        faults.add("member_id", "unknown_member", "不是本户现有成员", "is not a present member")
    if body.moved_on > today:
        faults.add("moved_on", "future_date", "日期不得晚于今天", "must not be in the future")
    stay = [one for one in left.present_members if one.id != member.id]
    if stay:
        intake.check_members_together([("members", _opened(personal, one)) for one in stay], faults)
    mover = replace(_opened(personal, member), relation=intake.clean_relation(body.relation, faults))
    if len(joined.present_members) >= MAX_MEMBERS:
        faults.add("members", "too_many", f"至多 {MAX_MEMBERS} 名成员", f"may have at most {MAX_MEMBERS} members")
    people = [("members", _opened(personal, one)) for one in joined.present_members]
    intake.check_members_together([*people, ("member", mover)], faults)
    return mover


def _opened(personal: PersonalData, row: MemberRow) -> CleanMember:
    opened = personal.open_member(row.id, row.name_cipher, row.id_number_cipher, row.phone_cipher)
    return CleanMember.of(opened, row.relation)
