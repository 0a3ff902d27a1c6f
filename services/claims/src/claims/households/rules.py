"""What a household must look like: ID numbers, phones, bank accounts, heads, members. Pure: no clock, no I/O.

The ID number is judged here and not by a library's validator: those refuse genuine numbers (a code like 610923 is
younger than the people who carry it) and accept births in the future. Only the table of area codes is taken from
python-stdnum. Numbers come in already compacted (`common.text.compact`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import phonenumbers
from stdnum import numdb

from common.personal_data import id_number_checksum_is_valid, luhn_is_valid

EARLIEST_BIRTH_YEAR = 1900
_ID_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")
_BANK_ACCOUNT = re.compile(r"[0-9]{8,30}")
_SPAN_ENDED = re.compile(r"\[[0-9]*-[0-9]{4}\]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value is not acceptable, in both languages. Never contains the value."""

    code: str
    reason_zh: str
    reason_en: str


ID_SHAPE = Refusal(
    "id_number_shape", "身份证号码须为18位（末位可为X）", "must be an 18-digit ID number (the last may be X)"
)
ID_CHECKSUM = Refusal("id_number_checksum", "身份证号码校验码不符", "its check digit is wrong")
ID_BIRTH = Refusal("id_number_birth", "身份证号码中的出生日期无效", "contains no valid date of birth")
ID_BIRTH_FUTURE = Refusal(
    "id_number_birth_future", "身份证号码中的出生日期在今天之后", "contains a date of birth in the future"
)
BIRTH_DISAGREES = Refusal("birth_on_disagrees", "出生日期与身份证号码不一致", "does not agree with the ID number")
PHONE_INVALID = Refusal("phone_invalid", "电话号码无效", "is not a valid telephone number of China")
ACCOUNT_SHAPE = Refusal("bank_account_shape", "银行账号须为8至30位数字", "must be 8 to 30 digits")
HEAD_COUNT = Refusal("one_head", "须有且仅有一名户主", "exactly one member must be the head")
PERSON_TWICE = Refusal("person_twice", "同一户内身份证号码重复", "the same ID number stands twice in this household")


def has_id_shape(number: str) -> bool:
    """Whether a compacted number has the shape of a second-generation ID number."""
    return _ID_NUMBER.fullmatch(number) is not None


def check_id_number(number: str, today: date) -> Refusal | None:
    """Judge a compacted second-generation ID number: shape, date of birth, check digit, in this order."""
    if not has_id_shape(number):
        return ID_SHAPE
    born = birth_date(number)
    if born is None:
        return ID_BIRTH
    if born > today:
        return ID_BIRTH_FUTURE
    return None if id_number_checksum_is_valid(number) else ID_CHECKSUM


def birth_date(number: str) -> date | None:
    """The date of birth inside an 18-digit ID number, or None if there is no such day."""
    year, month, day = int(number[6:10]), int(number[10:12]), int(number[12:14])
    try:
        born = date(year, month, day)
    except ValueError:
        return None
    return born if born.year >= EARLIEST_BIRTH_YEAR else None


def area_warning(number: str) -> str | None:
    """`area_code_unknown` or `area_code_abolished` for the first six digits of an ID number; None if the area is in use.

    Never a reason to refuse: the number keeps the code of the place and time of registration (612424 was Ningshan until 2000).
    """
    found = {key: value for _, properties in numdb.get("cn/loc").info(number[:6]) for key, value in properties.items()}
    if "county" not in found:
        return "area_code_unknown"
    spans = [span for span in found["county"].split(",") if span]
    return "area_code_abolished" if all(_SPAN_ENDED.match(span) for span in spans) else None


def normal_phone(given: str) -> str | None:
    """The number in E.164 form if it is a valid telephone number of China, else None."""
    try:
        parsed = phonenumbers.parse(unicodedata.normalize("NFKC", given), "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number_for_region(parsed, "CN"):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def check_bank_account(account: str) -> Refusal | None:
    """Judge a compacted bank account number."""
    return None if _BANK_ACCOUNT.fullmatch(account) else ACCOUNT_SHAPE


def bank_account_warning(account: str) -> str | None:
    """`bank_account_checksum` if a card number fails its Luhn digit; passbook accounts have none, so this never refuses."""
    return None if luhn_is_valid(account) else "bank_account_checksum"


def normal_name(given: str) -> str:
    """The form of a name that is indexed: full-width and blanks folded, the dots of minority names made one (·)."""
    folded = unicodedata.normalize("NFKC", given)
    return re.sub(r"\s", "", re.sub(r"[•・‧∙⋅.]", "·", folded)).upper()


def normal_number(given: str) -> str:
    """The form of a household's number in lists: full-width and blanks folded. Hyphens stay: A-11 is not A1-1."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", given)).upper()


@dataclass(frozen=True, slots=True)
class Person:
    """What the checks over a whole household need of one present member; an empty relation was not understood."""

    relation: str
    id_number: str


def check_members(members: Sequence[Person]) -> tuple[int | None, Refusal] | None:
    """Judge the present members together: one head, nobody twice. Answers the offending index (None = the list) and the refusal."""
    seen: set[str] = set()
    for index, person in enumerate(members):
        if person.id_number in seen:
            return index, PERSON_TWICE
        seen.add(person.id_number)
    relations = Counter(person.relation for person in members)
    # A member whose relation was not understood may be the head: that fault is named by itself.
    return None if relations["head"] == 1 or relations[""] else (None, HEAD_COUNT)


def mask_name(name: str) -> str:
    """The first character and a mask, for answers that are stored: 王小明 → 王**."""
    return name[:1] + "*" * max(len(name) - 1, 1)
