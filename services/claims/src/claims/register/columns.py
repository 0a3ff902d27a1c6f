"""Which column of a list holds what: headings in Chinese or by field name, in any order, below a title or not. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from common.spreadsheets.text import fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from common.errors import Problem
    from common.spreadsheets.reading import Row


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a list: its field name, the heading we write, other headings we understand, and whether a list must have it."""

    name: str
    heading: str
    also: tuple[str, ...] = ()
    required: bool = False
    of_household: bool = False
    """It says something of the household: it stands on the head's row and may stand on the others."""


FIELDS: Final = (
    Field("household_number", "户编号", ("户号", "家庭编号", "农户编号"), required=True),
    Field("town", "乡镇", ("镇", "乡", "所在乡镇", "乡镇名称", "乡镇代码"), required=True, of_household=True),
    Field("village", "村", ("行政村", "所在村", "村名称", "村代码", "村(社区)"), required=True, of_household=True),
    Field("category", "农户类别", ("户类型", "户类别", "监测对象类别", "农户类型"), required=True, of_household=True),
    Field("name", "姓名", ("成员姓名",), required=True),
    Field("id_number", "身份证号码", ("身份证号", "身份证", "公民身份号码", "证件号码"), required=True),
    Field("relation", "与户主关系", ("关系", "与户主的关系"), required=True),
    Field("birth_on", "出生日期", ("出生年月日", "生日")),
    Field("phone", "联系电话", ("电话", "手机", "手机号", "手机号码", "电话号码")),
    Field(
        "annual_income",
        "家庭年收入(元)",
        ("家庭年收入", "年收入", "年收入(元)", "全户年收入(元)"),
        required=True,
        of_household=True,
    ),
    Field("income_year", "收入年度", ("收入年份", "年度"), required=True, of_household=True),
    Field("bank_account", "银行账号", ("一卡通账号", "银行卡号", "一卡通", "开户账号"), of_household=True),
    Field("responsible_cadre", "帮扶责任人", ("帮扶干部", "责任人"), of_household=True),
)
ROW_HEADING: Final = "原行号"
REASON_ZH_HEADING: Final = "未导入原因"
REASON_EN_HEADING: Final = "Reason"
_PASSED_OVER: Final = frozenset(
    {
        ROW_HEADING,
        REASON_ZH_HEADING,
        REASON_EN_HEADING.upper(),
        "序号",
        "编号",
        "备注",
        "性别",
        "年龄",
        "民族",
        "县",
        "县区",
        "区县",
    }
)
"""Headings lists often have that say nothing we keep; the file of refused rows has the first three."""
_LOOKED_AT: Final = 10
"""So many rows may stand above the headings."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the fields stand in one list."""

    places: Mapping[str, int]
    headings: tuple[str, ...]
    """As the file has them; empty for a column without one."""
    row: int
    """Number of the row of headings."""

    def heading(self, field: str) -> str:
        """The file's heading of a field; ours where the file has none."""
        place = self.places.get(field)
        return next(one.heading for one in FIELDS if one.name == field) if place is None else self.headings[place]


def folded(heading: str) -> str:
    """The form of a heading that is compared: full-width and blanks folded."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", heading)).upper()


_MEANING: Final = {folded(text): field.name for field in FIELDS for text in (field.name, field.heading, *field.also)}


def find_columns(rows: Sequence[Row]) -> Columns:
    """Find the headings among a list's first rows: the one that names most fields.

    Raises ``invalid_request`` naming ``file``: ``missing_columns``, ``duplicate_columns``, ``unknown_columns``.
    """
    best = max(rows[:_LOOKED_AT], key=lambda row: sum(meaning is not None for meaning in _meanings(row)))
    headings = tuple("" if cell is None else str(cell) for cell in best.cells)
    places: dict[str, int] = {}
    twice, unknown = [], []
    for place, (heading, meaning) in enumerate(zip(headings, _meanings(best), strict=True)):
        if meaning is None:
            if heading and folded(heading) not in _PASSED_OVER:
                unknown.append(heading)
        elif meaning in places:
            twice.append(heading)
        else:
            places[meaning] = place
    missing = [field.heading for field in FIELDS if field.required and field.name not in places]
    if missing:
        raise _fault("missing_columns", "缺少列", "Has no column", missing)
    if twice:
        raise _fault("duplicate_columns", "列重复", "Has more than one column for the same thing", twice)
    if unknown:
        raise _fault(
            "unknown_columns",
            "无法识别的列（请删除或改名）",
            "Has columns nobody knows (delete or rename them)",
            unknown,
        )
    return Columns(places, headings, best.number)


def _meanings(row: Row) -> list[str | None]:
    return [_MEANING.get(folded(cell)) if isinstance(cell, str) else None for cell in row.cells]


def _fault(code: str, zh: str, en: str, headings: Sequence[str]) -> Problem:
    # A heading is the file's own text: what looks like somebody's row is not repeated.
    shown = [heading if len(heading) <= 20 and not re.search(r"\d{6}", heading) else "…" for heading in headings]  # noqa: PLR2004
    return fault(code, f"{zh}：{'、'.join(shown)}。", f"{en}: {', '.join(shown)}.")
