"""Use cases of households: register, read, list, search. Editing is in `edit.py`.

Functions that take a connection run inside their caller's transaction; those that take the context own one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Context
from claims.divisions.rules import Place
from claims.divisions.service import find_codes, find_town
from claims.households import duplicates, intake, rules, store
from claims.households.answers import CADRE_COLUMN, household_changed, household_out, warning
from claims.households.intake import CleanMember, Faults, NewHousehold
from claims.households.personal import PersonalData
from claims.households.schemas import (
    HouseholdChanged,
    HouseholdIn,
    HouseholdOut,
    HouseholdSearch,
    HouseholdWarning,
    SearchById,
    SearchByPhone,
)
from claims.households.store import HouseholdFilter, HouseholdRow, MemberRow
from claims.places import Places
from common.database import transaction
from common.errors import NOT_FOUND, Problem
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from common.text import compact
from common.validation import invalid_field

FoundPage = tuple[list[HouseholdOut], str | None]


async def register_household(
    conn: AsyncConnection,
    personal: PersonalData,
    *,
    book: str,
    body: HouseholdIn,
    by_person: str,
    today: date,
    now: datetime,
) -> HouseholdChanged:
    """Judge and store a new household; answers it with names masked, because the answer is kept for replay.

    Raises `invalid_request` naming every fault.
    """
    faults = Faults()
    members = [
        intake.clean_member(member, f"members[{index}]", today, faults) for index, member in enumerate(body.members)
    ]
    intake.check_members_together([(f"members[{i}]", member) for i, member in enumerate(members)], faults)
    intake.check_category(body.category, today, faults)
    intake.check_income_year(body.income_year, today, faults)
    account = None if body.bank_account is None else intake.clean_bank_account(body.bank_account, faults)
    place = intake.clean_place(book, body.town, body.village, faults)
    faults.raise_any()
    if place is None:
        raise AssertionError("a place that is missing was refused above")
    new = NewHousehold(
        place=place,
        category=body.category,
        annual_income_fen=body.annual_income_fen,
        income_year=body.income_year,
        account=account,
        cadre=body.responsible_cadre,
        members=tuple(members),
    )
    row = household_row(personal, book=book, new=new, by_person=by_person, now=now)
    await store.insert_household(conn, row)
    await store.insert_event(conn, row, "created", {})
    paths = {row.members[index].id: f"members[{index}]" for index in range(len(members))}
    warnings = place_warnings(place) + account_warnings(account)
    warnings += area_warnings(zip(paths.values(), members, strict=True))
    warnings += await duplicate_warnings(conn, row, paths, now)
    return household_changed(personal, row, warnings, names=False)


def household_row(
    personal: PersonalData,
    *,
    book: str,
    new: NewHousehold,
    by_person: str,
    now: datetime,
    import_job_id: UUID | None = None,
) -> HouseholdRow:
    """Seal a judged household into a row of its first version."""
    household_id = uuid7()
    account = None if new.account is None else personal.seal_bank_account(household_id, new.account)
    number = None if new.external_number is None else personal.seal_external_number(household_id, new.external_number)
    cadre = new.cadre
    return HouseholdRow(
        book=book,
        id=household_id,
        town_code=new.place.town_code,
        village_code=new.place.village_code,
        division_system=new.place.code_system,
        division_as_of=new.place.as_of,
        category=new.category,
        annual_income_fen=new.annual_income_fen,
        income_year=new.income_year,
        bank_account_cipher=None if account is None else account.cipher,
        bank_account_index=None if account is None else account.index,
        responsible_cadre_cipher=None if cadre is None else personal.seal_text(cadre, CADRE_COLUMN, household_id),
        external_number_cipher=None if number is None else number.cipher,
        external_number_index=None if number is None else number.index,
        content_index=None if new.content is None else personal.content_index(new.content),
        import_job_id=import_job_id,
        version=1,
        created_at=now,
        created_by=by_person,
        updated_at=now,
        updated_by=by_person,
        monitored_from=None,
        members=tuple(
            sealed_member(personal, uuid7(), index, one, since_version=1)
            for index, one in enumerate(new.members, start=1)
        ),
    )


def sealed_member(
    personal: PersonalData,
    member_id: UUID,
    position: int,
    member: CleanMember,
    *,
    since_version: int,
    joined_on: date | None = None,
    moved_from: UUID | None = None,
) -> MemberRow:
    """Seal a judged member into a row that reads so from a version of the household on."""
    name = personal.seal_name(member_id, member.name)
    number = personal.seal_id_number(member_id, member.id_number)
    phone = None if member.phone is None else personal.seal_phone(member_id, member.phone)
    return MemberRow(
        id=member_id,
        position=position,
        relation=member.relation,
        name_cipher=name.cipher,
        name_index=name.index,
        id_number_cipher=number.cipher,
        id_number_index=number.index,
        phone_cipher=None if phone is None else phone.cipher,
        phone_index=None if phone is None else phone.index,
        name_birth_index=personal.name_birth_index(member.name, member.id_number),
        since_version=since_version,
        joined_on=joined_on,
        moved_from=moved_from,
        left_on=None,
        left_reason=None,
    )


def place_warnings(place: Place) -> list[HouseholdWarning]:
    """Whether no table vouches for the place."""
    return [] if place.verified else [warning("division_unverified", "village")]


def account_warnings(account: str | None) -> list[HouseholdWarning]:
    """Whether an account number looks mistyped."""
    code = None if account is None else rules.bank_account_warning(account)
    return [] if code is None else [warning(code, "bank_account")]


def area_warnings(people: Iterable[tuple[str, CleanMember]]) -> list[HouseholdWarning]:
    """Doubtful area codes of ID numbers, for members given with their paths."""
    return [
        warning(code, f"{path}.id_number")
        for path, member in people
        if (code := rules.area_warning(member.id_number)) is not None
    ]


async def duplicate_warnings(
    conn: AsyncConnection, row: HouseholdRow, paths: Mapping[UUID, str], now: datetime
) -> list[HouseholdWarning]:
    """Flag what a household shares with others, and name it: of the members whose paths are given, and the bank account."""
    warnings = []
    for pair in await duplicates.flag_households(conn, row.book, [row.id], now):
        path = "" if pair.kind == "bank_account" else paths.get(pair.subject_id)
        if path is not None:
            field = {"name_birth": "name"}.get(pair.kind, pair.kind)
            warnings.append(
                warning("possible_duplicate", f"{path}.{field}".lstrip("."), pair.other_household_id, pair.kind)
            )
    return warnings


async def get_household(context: Context, book: str, household_id: UUID) -> HouseholdOut:
    """One household. Raises `not_found`."""
    async with transaction(context.engine) as conn:
        row = await store.load_household(conn, book, household_id)
    if row is None:
        raise NOT_FOUND.error()
    return household_out(context.personal(book), row)


async def list_households(
    context: Context, book: str, wanted: HouseholdFilter, limit: int, cursor: str | None
) -> FoundPage:
    """A page of households in order of entry."""
    after = decode_cursor(cursor, UUID)
    if after is not None:
        wanted = replace(wanted, after=cast("UUID", after[0]))
    async with transaction(context.engine) as conn:
        rows = await store.list_households(conn, book, wanted, limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.id,))
    personal = context.personal(book)
    return [household_out(personal, row) for row in shown], next_cursor


def filter_of(
    book: str, town: str | None, village: str | None, category: str | None, *, monitored: bool | None
) -> HouseholdFilter:
    """The filter of a list: places by code or exact name. Raises `invalid_request` for a place that does not exist."""
    town_code, village_code = find_codes(book, town, village)
    return HouseholdFilter(town_code, village_code, category, monitored)


async def search_households(
    context: Context, book: str, wanted: HouseholdSearch, places: Places, limit: int, cursor: str | None
) -> FoundPage:
    """Households of these places with a member of exactly this ID number, phone, or name within a town."""
    personal = context.personal(book)
    if isinstance(wanted, SearchById):
        if not rules.has_id_shape(compact(wanted.id_number)):
            raise _refused("id_number", rules.ID_SHAPE)
        conditions = HouseholdFilter(id_number_index=personal.id_number_index(wanted.id_number))
    elif isinstance(wanted, SearchByPhone):
        phone = rules.normal_phone(wanted.phone)
        if phone is None:
            raise _refused("phone", rules.PHONE_INVALID)
        conditions = HouseholdFilter(phone_index=personal.phone_index(phone))
    else:
        town_code = find_town(book, wanted.town)
        conditions = HouseholdFilter(town_code=town_code, name_index=personal.name_index(wanted.name))
    return await list_households(context, book, replace(conditions, places=places), limit, cursor)


def _refused(field: str, refusal: rules.Refusal) -> Problem:
    return invalid_field(
        field, refusal.code, f"{refusal.reason_zh}。", f"{refusal.reason_en[:1].upper()}{refusal.reason_en[1:]}."
    )
