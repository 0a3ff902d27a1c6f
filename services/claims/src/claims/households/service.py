"""Use cases of households: register, read, list, search. Editing is in `edit.py`.

Functions that take a connection run inside their caller's transaction; those that take the context own one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Context
from claims.divisions.rules import Place
from claims.divisions.service import find_codes, find_town
from claims.households import intake, rules, store
from claims.households.answers import CADRE_COLUMN, household_changed, household_out, warning
from claims.households.intake import CleanMember, Faults
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
    row = _new_household(
        personal, book=book, place=place, body=body, members=members, account=account, by_person=by_person, now=now
    )
    await store.insert_household(conn, row)
    await store.insert_event(conn, row, "created", {})
    people = [(f"members[{index}]", member) for index, member in enumerate(members)]
    warnings = place_warnings(place) + account_warnings(account) + await people_warnings(conn, personal, row, people)
    return household_changed(personal, row, warnings, names=False)


def _new_household(
    personal: PersonalData,
    *,
    book: str,
    place: Place,
    body: HouseholdIn,
    members: Sequence[CleanMember],
    account: str | None,
    by_person: str,
    now: datetime,
) -> HouseholdRow:
    """Seal a judged household into a row."""
    household_id = uuid7()
    sealed_account = None if account is None else personal.seal_bank_account(household_id, account)
    cadre = body.responsible_cadre
    return HouseholdRow(
        book=book,
        id=household_id,
        town_code=place.town_code,
        village_code=place.village_code,
        division_system=place.code_system,
        division_as_of=place.as_of,
        category=body.category,
        annual_income_fen=body.annual_income_fen,
        income_year=body.income_year,
        bank_account_cipher=None if sealed_account is None else sealed_account.cipher,
        bank_account_index=None if sealed_account is None else sealed_account.index,
        responsible_cadre_cipher=None if cadre is None else personal.seal_text(cadre, CADRE_COLUMN, household_id),
        version=1,
        created_at=now,
        created_by=by_person,
        updated_at=now,
        updated_by=by_person,
        monitored_from=None,
        members=tuple(sealed_member(personal, uuid7(), index, one) for index, one in enumerate(members, start=1)),
    )


def sealed_member(personal: PersonalData, member_id: UUID, position: int, member: CleanMember) -> MemberRow:
    """Seal a judged member into a row."""
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


async def people_warnings(
    conn: AsyncConnection, personal: PersonalData, row: HouseholdRow, people: Sequence[tuple[str, CleanMember]]
) -> list[HouseholdWarning]:
    """Doubtful area codes, and people who already belong to another household, for members given with their paths."""
    warnings = [
        warning(code, f"{path}.id_number")
        for path, member in people
        if (code := rules.area_warning(member.id_number)) is not None
    ]
    paths = {personal.id_number_index(member.id_number): path for path, member in people}
    for index, other in await store.households_with_persons(conn, row.book, paths, except_household=row.id):
        warnings.append(warning("possible_duplicate", f"{paths[index]}.id_number", other))
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
