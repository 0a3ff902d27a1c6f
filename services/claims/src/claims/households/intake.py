"""From what was typed to clean values: every field judged, every fault named by its path, nothing stored yet.

All faults of a body are reported together. No text here ever repeats a value.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from claims.divisions.rules import Place, PlaceError, resolve_place
from claims.divisions.table import table_of
from claims.households import reference, rules
from claims.households.personal import OpenMember
from claims.households.schemas import MemberEdit, MemberIn
from common.errors import FieldError
from common.text import compact
from common.validation import invalid


@dataclass(frozen=True, slots=True)
class CleanMember:
    """A judged member in clear, in memory only."""

    name: str
    id_number: str
    phone: str | None
    relation: str

    def __repr__(self) -> str:
        """Say nothing: the values are personal."""
        return "CleanMember(…)"

    @classmethod
    def of(cls, member: OpenMember, relation: str) -> CleanMember:
        """A stored member, opened."""
        return cls(member.name, member.id_number, member.phone, relation)


@dataclass(frozen=True, slots=True)
class NewHousehold:
    """A judged household in clear, in memory only. `external_number` and `content` come with a list it is imported from."""

    place: Place
    category: str
    annual_income_fen: int
    income_year: int
    account: str | None
    cadre: str | None
    members: tuple[CleanMember, ...]
    external_number: str | None = None
    content: str | None = None

    def __repr__(self) -> str:
        """Say nothing: the values are personal."""
        return "NewHousehold(…)"


class Faults:
    """Collects what is wrong, field by field."""

    def __init__(self) -> None:
        self._errors: list[FieldError] = []

    def add(self, field: str, code: str, zh: str, en: str) -> None:
        """Note one fault."""
        self._errors.append(FieldError(field, code, f"{zh}。", f"{en[:1].upper()}{en[1:]}."))

    def refuse(self, field: str, refusal: rules.Refusal | None) -> bool:
        """Note a rule's refusal, if there is one; answers whether there was."""
        if refusal is not None:
            self.add(field, refusal.code, refusal.reason_zh, refusal.reason_en)
        return refusal is not None

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """What was noted so far."""
        return tuple(self._errors)

    def leave_out(self, fields: Collection[str]) -> None:
        """Forget what was noted of these fields: the caller named their fault already."""
        self._errors = [error for error in self._errors if error.field not in fields]

    def raise_any(self) -> None:
        """Raise `invalid_request` naming every fault noted so far."""
        if self._errors:
            raise invalid(self._errors)


def clean_member(body: MemberIn, path: str, today: date, faults: Faults) -> CleanMember:
    """Judge a new member."""
    number = _id_number(body.id_number, path, today, faults)
    _birth(number, body.birth_on, path, faults)
    return CleanMember(
        name=body.name,
        id_number=number,
        phone=None if body.phone is None else _phone(body.phone, path, faults),
        relation=_relation(body.relation, path, faults),
    )


def edited_member(before: CleanMember, edit: MemberEdit, path: str, today: date, faults: Faults) -> CleanMember:
    """Judge the changes of a member and apply them; `null` name, number or relation cannot be asked for."""
    for field in ("name", "id_number", "relation", "birth_on"):
        if field in edit.model_fields_set and getattr(edit, field) is None:
            faults.add(f"{path}.{field}", "not_removable", "此项不能为空", "cannot be taken away")
    after = before
    if edit.name is not None:
        after = replace(after, name=edit.name)
    if edit.id_number is not None:
        after = replace(after, id_number=_id_number(edit.id_number, path, today, faults))
    if edit.relation is not None:
        after = replace(after, relation=_relation(edit.relation, path, faults))
    if "phone" in edit.model_fields_set:
        after = replace(after, phone=None if edit.phone is None else _phone(edit.phone, path, faults))
    _birth(after.id_number, edit.birth_on, path, faults)
    return after


def _id_number(given: str, path: str, today: date, faults: Faults) -> str:
    number = compact(given)
    faults.refuse(f"{path}.id_number", rules.check_id_number(number, today))
    return number


def _birth(number: str, birth_on: date | None, path: str, faults: Faults) -> None:
    """The date of birth given apart must be the one in the number (a broken number is named by itself)."""
    if birth_on is not None and rules.has_id_shape(number) and rules.birth_date(number) not in {None, birth_on}:
        faults.refuse(f"{path}.birth_on", rules.BIRTH_DISAGREES)


def _phone(given: str, path: str, faults: Faults) -> str | None:
    phone = rules.normal_phone(given)
    if phone is None:
        faults.refuse(f"{path}.phone", rules.PHONE_INVALID)
    return phone


def _relation(given: str, path: str, faults: Faults) -> str:
    code = reference.relation_code(given)
    if code is None:
        known = ", ".join(row.code for row in reference.relations())
        faults.add(
            f"{path}.relation", "unknown_relation", f"与户主关系须为列表中的一项：{known}", f"must be one of {known}"
        )
    return code or ""


def clean_relation(given: str, faults: Faults) -> str:
    """Judge a relation that stands alone."""
    code = reference.relation_code(given)
    if code is None:
        known = ", ".join(row.code for row in reference.relations())
        faults.add("relation", "unknown_relation", f"与户主关系须为列表中的一项：{known}", f"must be one of {known}")
    return code or ""


def clean_bank_account(given: str, faults: Faults) -> str:
    """Judge a bank account."""
    account = compact(given)
    faults.refuse("bank_account", rules.check_bank_account(account))
    return account


def check_category(code: str, today: date, faults: Faults) -> None:
    """The category must be one in force today."""
    if reference.category(code, today) is None:
        known = ", ".join(row.code for row in reference.categories() if reference.category(row.code, today))
        faults.add("category", "unknown_category", f"农户类别须为现行类别之一：{known}", f"must be one of {known}")


def check_income_year(year: int, today: date, faults: Faults) -> None:
    """Income is reported for a year that has begun."""
    if year > today.year:
        faults.add("income_year", "future_year", "收入年度不得晚于今年", "must not be after this year")


def clean_place(book: str, town: str, village: str, faults: Faults) -> Place | None:
    """The place meant, or None with the fault noted."""
    found = resolve_place(book, table_of(book), town, village)
    if isinstance(found, PlaceError):
        faults.add(found.field, found.code, found.reason_zh, found.reason_en)
        return None
    return found


def check_members_together(members: Sequence[tuple[str, CleanMember]], faults: Faults) -> None:
    """Judge the present members (with their paths) as one household."""
    people = [rules.Person(member.relation, member.id_number) for _, member in members]
    found = rules.check_members(people)
    if found is not None:
        index, refusal = found
        faults.refuse("members" if index is None else f"{members[index][0]}.id_number", refusal)
