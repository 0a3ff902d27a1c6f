"""What a list says of a household, judged: the rows of one household become a household or name what is wrong with them. Pure.

A broken row refuses its household: half a household would change what every member may get. Every fault of every row is named; the other
rows of the household are refused too, naming the row that stands in their way. No text here repeats a value.
"""

from __future__ import annotations

import json
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from claims.divisions.rules import Place, PlaceError, resolve_place
from claims.divisions.table import table_of
from claims.households import intake, reference
from claims.households import rules as household_rules
from claims.households.intake import CleanMember, Faults, NewHousehold
from claims.households.schemas import MAX_MEMBERS, MemberIn
from claims.register.columns import FIELDS, Columns
from common.personal_data import personal_data_in
from common.spreadsheets.bad_rows import BadRow
from common.spreadsheets.cells import CellError, day_of, fen_of, text_of
from common.text import compact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from common.spreadsheets.reading import Cell, Row

HEAD: Final = "head"
OUTSIDE_PLACES: Final = "outside_places"
_DAY_FORMATS: Final = ("YYYY-MM-DD", "YYYY/MM/DD", "YYYY.MM.DD", "YYYYMMDD", "YYYY年MM月DD日")
_LONGEST: Final = {"name": 100, "household_number": 60, "town": 200, "village": 200, "responsible_cadre": 200}
_EXACT_DIGITS: Final = 15
"""A spreadsheet's number keeps so many digits; the rest of a longer one are lost."""
_FIRST_SERIAL, _LAST_SERIAL = 1, 73_050  # 1900-01-01 to 2099-12-31, counted in days as spreadsheets do
_EPOCH: Final = date(1899, 12, 30)
_NO_CONTENT: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "#")
"""How formulas and error values begin."""
_YEAR: Final = re.compile(r"([0-9]{4})年?度?", re.ASCII)
_MISSING: Final = ("required", "此项必填（合并的单元格请先取消合并）", "is required (split merged cells first)")
_FIELD_OF: Final = {"annual_income_fen": "annual_income", "members": "relation", "bank_account": "bank_account"}


@dataclass(slots=True)
class Group:
    """The rows of one household, in the file's order, and its number; empty where no row has one."""

    number: str
    rows: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Judged:
    """What became of a group: a household, or faults of its rows (of every row at least one)."""

    group: Group
    household: NewHousehold | None
    faults: list[BadRow]


@dataclass(frozen=True, slots=True)
class Judging:
    """By what a list is judged: the book, its columns, the day, where the person may work (empty: everywhere)."""

    book: str
    columns: Columns
    today: date
    places: frozenset[str] = frozenset()


class _RowFaults:
    """Collects the faults of a group's rows."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.found: list[BadRow] = []

    def add(self, row: int, name: str, code: str, zh: str, en: str) -> None:
        """Note a fault of a row's field; texts without their full stops."""
        self.found.append(BadRow(row, self._columns.heading(name), code, f"{zh}。", f"{en[:1].upper()}{en[1:]}."))

    def take(self, row: int, faults: Faults) -> None:
        """Note what the intake of a household found about this row."""
        for error in faults.errors:
            last = error.field.rpartition(".")[2]
            name = _FIELD_OF.get(last, last)
            self.found.append(BadRow(row, self._columns.heading(name), error.code, error.zh, error.en))


def household_number(row: Row, columns: Columns) -> str:
    """The number of a row's household in its one form; empty if it has none."""
    cell = _cell(row, columns, "household_number")
    return household_rules.normal_number(text_of(cell) or "") if not _lost_digits(cell) else ""


def is_head(row: Row, columns: Columns) -> bool:
    """Whether a row says that it is the head's."""
    return reference.relation_code(text_of(_cell(row, columns, "relation")) or "") == HEAD


def judge(group: Group, judging: Judging, elsewhere: int | None) -> Judged:
    """Judge the rows of one household. `elsewhere` is another row of the file with the same household number, apart from these."""
    faults = _RowFaults(judging.columns)
    members = [(row, _member(row, judging, faults)) for row in group.rows]
    _check_number(group, judging, faults, elsewhere)
    heads = [row for row, member in members if member.relation == HEAD]
    _check_members(members, faults)
    head = heads[0] if heads else group.rows[0]
    household = _household(group, head, members, judging, faults)
    if not faults.found:
        return Judged(group, household, [])
    return Judged(group, None, _with_the_others(group, faults.found, judging.columns))


def refused_whole(group: Group, columns: Columns, code: str, zh: str, en: str) -> Judged:
    """A group whose every row is refused for one reason that is about the household."""
    faults = _RowFaults(columns)
    for row in group.rows:
        faults.add(row.number, "household_number", code, zh, en)
    return Judged(group, None, faults.found)


def _with_the_others(group: Group, found: list[BadRow], columns: Columns) -> list[BadRow]:
    """The faults in the order of rows, each row without one refused for the first that has."""
    broken = {bad.row for bad in found}
    first = min(broken)
    rest = _RowFaults(columns)
    for row in group.rows:
        if row.number not in broken:
            rest.add(
                row.number,
                "household_number",
                "household_refused",
                f"同户第 {first} 行有误，整户未导入",
                f"row {first} of the same household is refused, so the whole household is",
            )
    return sorted(found + rest.found, key=lambda bad: bad.row)


def _cell(row: Row, columns: Columns, name: str) -> Cell:
    place = columns.places.get(name)
    return None if place is None or place >= len(row.cells) else row.cells[place]


def _lost_digits(cell: Cell) -> bool:
    return isinstance(cell, Decimal) and abs(cell) >= 10**_EXACT_DIGITS


def _text(row: Row, name: str, judging: Judging, faults: _RowFaults, *, required: bool = False) -> str | None:
    """A cell as a text of at most its length; None with a fault noted, or where it may be empty."""
    cell = _cell(row, judging.columns, name)
    if _lost_digits(cell):
        faults.add(
            row.number,
            name,
            "number_lost_digits",
            "单元格为数值格式，超过15位的数字已丢失，请改为文本格式重新填写",
            "the cell is a number, which keeps 15 digits only: format it as text and type it again",
        )
        return None
    text = text_of(cell)
    if text is not None and text.startswith("'"):  # how programs (and we) keep a text from being a formula
        text = text[1:].strip() or None
    if text is None:
        if required:
            faults.add(row.number, name, *_MISSING)
        return None
    if len(text) > _LONGEST.get(name, 60):
        faults.add(row.number, name, "too_long", "内容过长", "is too long")
        return None
    if text.startswith(_NO_CONTENT):
        faults.add(
            row.number,
            name,
            "formula",
            "是公式或错误值，请填写内容本身",
            "is a formula or an error value: type the content itself",
        )
        return None
    return text


def _member(row: Row, judging: Judging, faults: _RowFaults) -> CleanMember:
    """One row's person. What could not be read stands empty, its fault noted."""
    name = _text(row, "name", judging, faults, required=True)
    number = _text(row, "id_number", judging, faults, required=True)
    relation = _text(row, "relation", judging, faults, required=True)
    phone = _text(row, "phone", judging, faults)
    birth_on = _birth(row, judging, faults)
    said = MemberIn.model_construct(
        name=name or "", id_number=number or "", relation=relation or "", birth_on=birth_on, phone=phone
    )
    found = Faults()
    member = intake.clean_member(said, "row", judging.today, found)
    empty = {f"row.{key}" for key, value in (("id_number", number), ("relation", relation)) if value is None}
    found.leave_out(empty)
    faults.take(row.number, found)
    return member


def _birth(row: Row, judging: Judging, faults: _RowFaults) -> date | None:
    cell = _cell(row, judging.columns, "birth_on")
    if isinstance(cell, Decimal) and _FIRST_SERIAL <= cell <= _LAST_SERIAL:
        return _EPOCH + timedelta(days=int(cell))
    for day_format in _DAY_FORMATS:
        with suppress(CellError):
            return day_of(cell, day_format)
    faults.add(row.number, "birth_on", "not_a_date", "不是有效的日期", "is not a valid date")
    return None


def _check_number(group: Group, judging: Judging, faults: _RowFaults, elsewhere: int | None) -> None:
    for row in group.rows:
        _text(row, "household_number", judging, faults, required=True)
    number = compact(group.number)
    if household_rules.check_id_number(number, judging.today) is None:
        for row in group.rows:
            faults.add(
                row.number,
                "household_number",
                "personal_data_in_text",
                "户编号不得为身份证号码",
                "must not be an ID number",
            )
    if elsewhere is not None:
        for row in group.rows:
            faults.add(
                row.number,
                "household_number",
                "household_not_together",
                f"同一户编号还出现在第 {elsewhere} 行，同户成员须连续排列",
                f"the same household number stands in row {elsewhere}: a household's rows must follow one another",
            )


def _check_members(members: Sequence[tuple[Row, CleanMember]], faults: _RowFaults) -> None:
    if len(members) > MAX_MEMBERS:
        faults.add(
            members[MAX_MEMBERS][0].number,
            "household_number",
            "too_many",
            f"一户至多 {MAX_MEMBERS} 名成员",
            f"a household may have at most {MAX_MEMBERS} members",
        )
    people = [(row, member) for row, member in members if member.id_number]
    seen: dict[str, int] = {}
    for row, member in people:
        if member.id_number in seen:
            refusal = household_rules.PERSON_TWICE
            faults.add(row.number, "id_number", refusal.code, refusal.reason_zh, refusal.reason_en)
        seen.setdefault(member.id_number, row.number)
    relations = [member.relation for _, member in members]
    if relations.count(HEAD) != 1 and "" not in relations:
        refusal = household_rules.HEAD_COUNT
        heads = [row for row, member in members if member.relation == HEAD]
        row = heads[1] if heads else members[0][0]
        faults.add(row.number, "relation", refusal.code, refusal.reason_zh, refusal.reason_en)


def _household(
    group: Group, head: Row, members: Sequence[tuple[Row, CleanMember]], judging: Judging, faults: _RowFaults
) -> NewHousehold | None:
    """The household by its head's row; the other rows may repeat it, not contradict it."""
    _check_repeated(group, head, judging, faults)
    place = _place(head, judging, faults)
    category = _category(head, judging, faults)
    income, year = _income(head, judging, faults)
    found = Faults()
    account = _text(head, "bank_account", judging, faults)
    clean_account = None if account is None else intake.clean_bank_account(account, found)
    faults.take(head.number, found)
    cadre = _text(head, "responsible_cadre", judging, faults)
    if cadre is not None and personal_data_in(cadre) is not None:
        faults.add(
            head.number,
            "responsible_cadre",
            "personal_data_in_text",
            "不得含有身份证号、手机号或银行卡号",
            "must not contain an ID, mobile or card number",
        )
    if faults.found or place is None or income is None or year is None:
        return None
    people = tuple(member for _, member in members)
    household = NewHousehold(place, category, income, year, clean_account, cadre, people, group.number)
    return NewHousehold(
        place, category, income, year, clean_account, cadre, people, group.number, content=content_of(household)
    )


def content_of(household: NewHousehold) -> str:
    """All that a list says of a household, in one form: two lists say the same when these are equal."""
    people = sorted([one.id_number, one.name, one.relation, one.phone] for one in household.members)
    place = household.place
    said = [place.village_code, household.category, household.annual_income_fen, household.income_year]
    return json.dumps([*said, household.account, household.cadre, people], ensure_ascii=False, separators=(",", ":"))


def _check_repeated(group: Group, head: Row, judging: Judging, faults: _RowFaults) -> None:
    for one in FIELDS:
        if not one.of_household:
            continue
        said = _comparable(_cell(head, judging.columns, one.name))
        for row in group.rows:
            here = _comparable(_cell(row, judging.columns, one.name))
            if row is not head and here is not None and here != said:
                faults.add(
                    row.number, one.name, "differs_from_head", "与户主所在行不一致", "differs from the head's row"
                )


def _comparable(cell: Cell) -> str | None:
    text = text_of(cell)
    if text is None:
        return None
    plain = re.sub(r"[\s,，]", "", unicodedata.normalize("NFKC", text))
    return plain.rstrip("0").rstrip(".") if re.fullmatch(r"[0-9]+\.[0-9]+", plain) else plain


def _place(head: Row, judging: Judging, faults: _RowFaults) -> Place | None:
    town = _text(head, "town", judging, faults, required=True)
    village = _text(head, "village", judging, faults, required=True)
    if town is None or village is None:
        return None
    found = _resolved(judging.book, town, village)
    if isinstance(found, PlaceError):
        faults.add(head.number, found.field, found.code, found.reason_zh, found.reason_en)
        return None
    if judging.places and not {found.town_code, found.village_code} & judging.places:
        faults.add(head.number, "village", OUTSIDE_PLACES, "不在您负责的区域内", "lies outside the places you work in")
        return None
    return found


@lru_cache(maxsize=2048)
def _resolved(book: str, town: str, village: str) -> Place | PlaceError:
    return resolve_place(book, table_of(book), town, village)


def _category(head: Row, judging: Judging, faults: _RowFaults) -> str:
    text = _text(head, "category", judging, faults, required=True)
    if text is None:
        return ""
    code = reference.category_code(text, judging.today)
    if code is None:
        found = Faults()
        intake.check_category(text, judging.today, found)
        faults.take(head.number, found)
    return code or ""


def _income(head: Row, judging: Judging, faults: _RowFaults) -> tuple[int | None, int | None]:
    income = None
    try:
        income = fen_of(_cell(head, judging.columns, "annual_income"))
    except CellError as error:
        faults.add(head.number, "annual_income", error.code, error.zh.rstrip("。"), error.en.rstrip("."))
    else:
        if income is None:
            faults.add(head.number, "annual_income", *_MISSING)
        elif income < 0:
            faults.add(head.number, "annual_income", "too_small", "不得为负数", "must not be negative")
    text = _text(head, "income_year", judging, faults, required=True)
    if text is None:
        return income, None
    match = _YEAR.fullmatch(unicodedata.normalize("NFKC", text))
    year = 0 if match is None else int(match[1])
    if not 1990 <= year <= 2200:  # noqa: PLR2004 - as the API's income_year
        faults.add(head.number, "income_year", "not_a_year", "不是有效的年度", "is not a year")
        return income, None
    found = Faults()
    intake.check_income_year(year, judging.today, found)
    faults.take(head.number, found)
    return income, year
