"""From a stored household to its answer: opened, masked, named."""

from __future__ import annotations

from typing import Literal, cast
from uuid import UUID

from claims.divisions.table import table_of
from claims.households import reference
from claims.households.personal import PersonalData
from claims.households.rules import mask_name
from claims.households.schemas import (
    DivisionOrigin,
    HouseholdChanged,
    HouseholdOut,
    HouseholdWarning,
    LeftReason,
    MemberOut,
)
from claims.households.store import HouseholdRow, MemberRow
from common.crypto import mask_account, mask_id_number, mask_phone

CADRE_COLUMN = "household.responsible_cadre"
WARNING_TEXTS = {
    "area_code_unknown": ("身份证号码的行政区划代码不在表中", "the area code of the ID number is not in the table"),
    "area_code_abolished": ("身份证号码的行政区划代码已撤销", "the area code of the ID number has been abolished"),
    "possible_duplicate": ("{zh}已登记在另一户", "this {en} is already recorded in another household"),
    "bank_account_checksum": ("银行卡号校验位不符，请核对", "the card's check digit does not fit; check the number"),
    "division_unverified": (
        "本县没有区划表，代码未经核对",
        "this county has no table of divisions; the codes are unverified",
    ),
}


SHARED_VALUES = {
    "id_number": ("该身份证号码", "ID number"),
    "bank_account": ("该银行账号", "bank account"),
    "phone": ("该电话号码", "telephone number"),
    "name_birth": ("同名同出生日期的人", "name with this date of birth"),
}
"""What two records of a possible duplicate share, by its kind."""


def warning(code: str, field: str, household_id: UUID | None = None, kind: str = "id_number") -> HouseholdWarning:
    """A warning with its texts; a possible duplicate also says of which kind."""
    zh, en = SHARED_VALUES[kind]
    text_zh, text_en = (text.format(zh=zh, en=en) for text in WARNING_TEXTS[code])
    return HouseholdWarning(code=code, field=field, text_zh=text_zh, text_en=text_en, household_id=household_id)


def division_name(book: str, code: str) -> str | None:
    """The published name of a town or village, or None if no table here knows the code."""
    table = table_of(book)
    found = None if table is None else table.by_code.get(code)
    return None if found is None else found.name


def member_out(personal: PersonalData, row: MemberRow, *, names: bool) -> MemberOut:
    """A member's answer; `names=False` masks the name too (for answers that are kept)."""
    member = personal.open_member(row.id, row.name_cipher, row.id_number_cipher, row.phone_cipher)
    return MemberOut(
        id=row.id,
        name=member.name if names else mask_name(member.name),
        id_number=mask_id_number(member.id_number),
        relation=row.relation,
        relation_name_zh=reference.relation_name_zh(row.relation),
        phone=None if member.phone is None else mask_phone(member.phone.removeprefix("+86")),
        present=row.present,
        joined_on=row.joined_on,
        moved_from=row.moved_from,
        left_on=row.left_on,
        left_reason=cast('LeftReason | Literal["erased"] | None', row.left_reason),
    )


def household_out(personal: PersonalData, row: HouseholdRow, *, names: bool = True) -> HouseholdOut:
    """A household's answer; `names=False` masks names and the other system's number too (for answers that are kept)."""
    account, cadre = row.bank_account_cipher, row.responsible_cadre_cipher
    number_cipher = row.external_number_cipher
    number = None if number_cipher is None else personal.open_text(number_cipher, "household.external_number", row.id)
    cadre_name = None if cadre is None else personal.open_text(cadre, CADRE_COLUMN, row.id)
    return HouseholdOut(
        id=row.id,
        town=row.town_code,
        town_name=division_name(row.book, row.town_code),
        village=row.village_code,
        village_name=division_name(row.book, row.village_code),
        division=DivisionOrigin(
            verified=row.division_system is not None, code_system=row.division_system, as_of=row.division_as_of
        ),
        category=row.category,
        category_name_zh=reference.stored_category(row.category).name_zh,
        monitored=row.monitored,
        monitored_from=row.monitored_from,
        annual_income_fen=row.annual_income_fen,
        income_year=row.income_year,
        bank_account=None if account is None else mask_account(personal.open_bank_account(row.id, account)),
        responsible_cadre=cadre_name if names or cadre_name is None else mask_name(cadre_name),
        external_number=number if names or number is None else mask_account(number),
        members=[member_out(personal, member, names=names) for member in row.members],
        version=row.version,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def household_changed(
    personal: PersonalData, row: HouseholdRow, warnings: list[HouseholdWarning], *, names: bool
) -> HouseholdChanged:
    """A household's answer after a change, with what a person should look at."""
    return HouseholdChanged(**dict(household_out(personal, row, names=names)), warnings=warnings)
