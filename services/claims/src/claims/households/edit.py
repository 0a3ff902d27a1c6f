"""The use case of editing a household: what may be changed, by whom, against which version.

The household is locked, its version compared with the one the editor read, the result judged as a whole, and who changed what recorded.
Members are never deleted; a member who left keeps the record with the day and reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from claims.context import Context
from claims.households import intake, reference, store
from claims.households.answers import CADRE_COLUMN, household_changed
from claims.households.intake import CleanMember, Faults
from claims.households.personal import PersonalData
from claims.households.schemas import (
    MAX_MEMBERS,
    HouseholdChanged,
    HouseholdPatch,
    HouseholdWarning,
    MemberChanges,
)
from claims.households.service import account_warnings, area_warnings, duplicate_warnings, place_warnings, sealed_member
from claims.households.store import HouseholdRow, MemberRow
from claims.places import Places, refuse_elsewhere
from claims.problems import MONITORED_CATEGORY
from common.database import transaction
from common.errors import NOT_FOUND, PRECONDITION_FAILED
from common.ids import uuid7

PERSONAL: list[object] = [None, None]
"""Before and after of a personal value in the history: that it changed, not what it was."""


@dataclass(slots=True)
class Editing:
    """A household being edited: the row as it becomes, what is new about it, what is wrong with it."""

    row: HouseholdRow
    personal: PersonalData
    today: date
    faults: Faults = field(default_factory=Faults)
    changes: dict[str, list[object]] = field(default_factory=dict)
    warnings: list[HouseholdWarning] = field(default_factory=list)
    people: dict[UUID, tuple[str, CleanMember]] = field(default_factory=dict)
    """Present members after the edit, in clear, with the path of what was said about them."""
    touched: list[UUID] = field(default_factory=list)
    """Members added or changed."""
    gone: dict[UUID, MemberRow] = field(default_factory=dict)
    """Members who left or came back, as they become."""
    joined: dict[UUID, date | None] = field(default_factory=dict)
    """When the new members joined, as far as it was said."""

    def set(self, **values: object) -> None:
        """Set columns that may be shown in the history."""
        for name, value in values.items():
            before = getattr(self.row, name)
            if before != value:
                self.changes[name] = [_shown(before), _shown(value)]
        self.row = replace(self.row, **values)  # type: ignore[arg-type]  # every name is a column of the row


def _shown(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


async def edit_household(
    context: Context,
    *,
    book: str,
    household_id: UUID,
    version: int,
    body: HouseholdPatch,
    by_person: str,
    places: Places,
    today: date,
    now: datetime,
) -> HouseholdChanged:
    """Apply an edit made from `version` by somebody of these places.

    Raises `forbidden` (it would move elsewhere), `not_found`, `precondition_failed` (somebody was faster), `invalid_request`
    naming every fault, `monitored_category`.
    """
    personal = context.personal(book)
    async with transaction(context.engine) as conn:
        row = await store.lock_household(conn, book, household_id)
        if row is None:
            raise NOT_FOUND.error()
        if row.version != version:
            raise PRECONDITION_FAILED.error()
        editing = Editing(row, personal, today)
        _edit_columns(editing, book, body)
        refuse_elsewhere(places, editing.row.town_code, editing.row.village_code)
        _edit_members(editing, body.members)
        editing.faults.raise_any()
        _check_category_against_monitoring(editing)
        before = {member.id: member for member in row.members}
        editing.row = replace(editing.row, version=row.version + 1, updated_at=now, updated_by=by_person)
        members = _sealed_members(editing, before)
        new = [member for member in members if member.id not in before]
        editing.row = replace(editing.row, members=tuple(members))
        await store.update_household(conn, editing.row)
        await store.insert_members(conn, book, row.id, new)
        for member in members:
            if member.id in before and member != before[member.id]:
                await store.update_member(conn, book, member)
        await store.insert_event(conn, editing.row, "edited", editing.changes)
        paths = {member_id: editing.people[member_id][0] for member_id in editing.touched}
        warnings = editing.warnings + area_warnings(editing.people[member_id] for member_id in editing.touched)
        warnings += await duplicate_warnings(conn, editing.row, paths, now)
    return household_changed(personal, editing.row, warnings, names=True)


def _edit_columns(editing: Editing, book: str, body: HouseholdPatch) -> None:
    """Place, category, income, bank account, cadre."""
    row, faults, given = editing.row, editing.faults, body.model_fields_set
    if body.village is not None:
        place = intake.clean_place(book, body.town or row.town_code, body.village, faults)
        if place is not None:
            editing.set(
                town_code=place.town_code,
                village_code=place.village_code,
                division_system=place.code_system,
                division_as_of=place.as_of,
            )
            editing.warnings += place_warnings(place)
    if body.category is not None:
        if body.category != row.category:  # what is over stays where it was; only a new assignment needs one in force
            intake.check_category(body.category, editing.today, faults)
        editing.set(category=body.category)
    if body.annual_income_fen is not None and body.income_year is not None:
        intake.check_income_year(body.income_year, editing.today, faults)
        editing.set(annual_income_fen=body.annual_income_fen, income_year=body.income_year)
    if "bank_account" in given:
        _edit_bank_account(editing, body.bank_account)
    if "responsible_cadre" in given:
        cadre = body.responsible_cadre
        sealed = None if cadre is None else editing.personal.seal_text(cadre, CADRE_COLUMN, row.id)
        editing.row = replace(editing.row, responsible_cadre_cipher=sealed)
        editing.changes["responsible_cadre"] = PERSONAL


def _edit_bank_account(editing: Editing, given: str | None) -> None:
    account = None if given is None else intake.clean_bank_account(given, editing.faults)
    sealed = None if account is None else editing.personal.seal_bank_account(editing.row.id, account)
    editing.row = replace(
        editing.row,
        bank_account_cipher=None if sealed is None else sealed.cipher,
        bank_account_index=None if sealed is None else sealed.index,
    )
    editing.changes["bank_account"] = PERSONAL
    editing.warnings += account_warnings(account)


def _edit_members(editing: Editing, changes: MemberChanges | None) -> None:
    """Members changed, added and gone, then judged together."""
    for member in editing.row.present_members:
        opened = editing.personal.open_member(
            member.id, member.name_cipher, member.id_number_cipher, member.phone_cipher
        )
        editing.people[member.id] = ("members", CleanMember.of(opened, member.relation))
    if changes is None:
        return
    _change_members(editing, changes)
    _remove_members(editing, changes)
    _take_members_back(editing, changes)
    for index, added in enumerate(changes.add):
        path = f"members.add[{index}]"
        member_id = uuid7()
        editing.people[member_id] = (path, intake.clean_member(added, path, editing.today, editing.faults))
        editing.joined[member_id] = added.joined_on
        if added.joined_on is not None and added.joined_on > editing.today:
            editing.faults.add(f"{path}.joined_on", "future_date", "日期不得晚于今天", "must not be in the future")
        editing.touched.append(member_id)
    if len(editing.people) > MAX_MEMBERS:
        editing.faults.add(
            "members", "too_many", f"至多 {MAX_MEMBERS} 名成员", f"may have at most {MAX_MEMBERS} members"
        )
    intake.check_members_together(list(editing.people.values()), editing.faults)
    if editing.touched or editing.gone:
        editing.changes["members"] = [
            {"present": [str(member.id) for member in editing.row.present_members]},
            {
                "present": [str(member_id) for member_id in editing.people],
                "changed": [str(one) for one in editing.touched],
            },
        ]


def _change_members(editing: Editing, changes: MemberChanges) -> None:
    for index, edit in enumerate(changes.change):
        path = f"members.change[{index}]"
        if edit.id not in editing.people or edit.id in editing.touched:
            _unknown_member(editing.faults, path)
            continue
        before = editing.people[edit.id][1]
        editing.people[edit.id] = (path, intake.edited_member(before, edit, path, editing.today, editing.faults))
        editing.touched.append(edit.id)


def _remove_members(editing: Editing, changes: MemberChanges) -> None:
    for index, left in enumerate(changes.remove):
        path = f"members.remove[{index}]"
        member = editing.row.member(left.id)
        if member is None or editing.people.pop(left.id, None) is None or left.id in editing.touched:
            _unknown_member(editing.faults, path)
            continue
        if left.left_on > editing.today:
            editing.faults.add(f"{path}.left_on", "future_date", "日期不得晚于今天", "must not be in the future")
        editing.gone[left.id] = replace(
            member, left_on=left.left_on, left_reason=left.reason, since_version=editing.row.version + 1
        )


def _take_members_back(editing: Editing, changes: MemberChanges) -> None:
    for index, back in enumerate(changes.come_back):
        path = f"members.come_back[{index}]"
        member = editing.row.member(back.id)
        if member is None or member.left_on is None or back.id in editing.gone:
            editing.faults.add(
                f"{path}.id", "unknown_member", "不是离开本户的成员", "is not a member who left this household"
            )
            continue
        if not member.left_on <= back.returned_on <= editing.today:
            editing.faults.add(
                f"{path}.returned_on",
                "out_of_range",
                "日期须在离开之日与今天之间",
                "must lie between the day they left and today",
            )
        editing.gone[back.id] = replace(
            member,
            left_on=None,
            left_reason=None,
            joined_on=back.returned_on,
            since_version=editing.row.version + 1,
        )
        opened = editing.personal.open_member(
            member.id, member.name_cipher, member.id_number_cipher, member.phone_cipher
        )
        editing.people[back.id] = (path, CleanMember.of(opened, member.relation))


def _unknown_member(faults: Faults, path: str) -> None:
    faults.add(
        f"{path}.id", "unknown_member", "不是本户现有成员，或重复出现", "is not a present member, or stands twice"
    )


def _check_category_against_monitoring(editing: Editing) -> None:
    """A monitored household stays in a category of monitored households until its risk is eliminated."""
    if not editing.row.monitored or "category" not in editing.changes:
        return
    category = reference.category(editing.row.category, editing.today)
    if category is None or not category.monitored:
        raise MONITORED_CATEGORY.error(field="category")


def _sealed_members(editing: Editing, before: Mapping[UUID, MemberRow]) -> list[MemberRow]:
    """All members after the edit in order of entry; only what was touched is sealed anew."""
    members = [editing.gone.get(row.id, row) for row in editing.row.members]
    last = max((row.position for row in members), default=0)
    for member_id in editing.touched:
        clean = editing.people[member_id][1]
        if member_id in before:
            known = before[member_id]
            sealed = sealed_member(
                editing.personal,
                member_id,
                known.position,
                clean,
                since_version=editing.row.version,
                joined_on=known.joined_on,
                moved_from=known.moved_from,
            )
            members = [sealed if row.id == member_id else row for row in members]
        else:
            last += 1
            members.append(
                sealed_member(
                    editing.personal,
                    member_id,
                    last,
                    clean,
                    since_version=editing.row.version,
                    joined_on=editing.joined.get(member_id),
                )
            )
    return members
