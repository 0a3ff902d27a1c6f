"""Which town and village an answer means: by code, or by exact name within its county or town. Pure.

A county without a table accepts codes that extend the book's own code and says so (`division_unverified`); names cannot be looked up
there and are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from claims.divisions.table import Division, DivisionTable

TOWN_CODE = re.compile(r"[0-9]{9}")
VILLAGE_CODE = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class Place:
    """A town and village of one county. Names and the table's origin are None where no table vouches for the codes."""

    town_code: str
    village_code: str
    town_name: str | None = None
    village_name: str | None = None
    code_system: str | None = None
    as_of: date | None = None

    @property
    def verified(self) -> bool:
        """Whether a table of divisions knows both codes."""
        return self.code_system is not None


@dataclass(frozen=True, slots=True)
class PlaceError:
    """What is wrong with a place: the field (`town` or `village`), a stable code, and a reason in both languages."""

    field: str
    code: str
    reason_zh: str
    reason_en: str


def resolve_town(book: str, table: DivisionTable | None, town: str) -> Division | PlaceError:
    """The town meant by a code or an exact name."""
    if table is None:
        if TOWN_CODE.fullmatch(town) and town.startswith(book):
            return Division(town, "town", "", book)
        return PlaceError(
            "town",
            "code_needed",
            f"本县没有区划表：请填写以 {book} 开头的九位乡镇代码",
            f"this county has no table of divisions here: give the town's nine-digit code, which starts with {book}",
        )
    return _one_of("town", table.below(book), town, f"{book} 的乡镇", f"the towns of {book}")


def resolve_village(town: Division, table: DivisionTable | None, village: str) -> Division | PlaceError:
    """The village of `town` meant by a code or an exact name."""
    if table is None:
        if VILLAGE_CODE.fullmatch(village) and village.startswith(town.code):
            return Division(village, "village", "", town.code)
        return PlaceError(
            "village",
            "code_needed",
            f"本县没有区划表：请填写以 {town.code} 开头的十二位村代码",
            f"this county has no table of divisions here: give the village's twelve-digit code, which starts with {town.code}",
        )
    return _one_of("village", table.below(town.code), village, f"{town.name}的村", f"the villages of {town.code}")


def resolve_place(book: str, table: DivisionTable | None, town: str, village: str) -> Place | PlaceError:
    """The place meant by `town` and `village`, or the first thing wrong with it."""
    found_town = resolve_town(book, table, town)
    if isinstance(found_town, PlaceError):
        return found_town
    found_village = resolve_village(found_town, table, village)
    if isinstance(found_village, PlaceError):
        return found_village
    if table is None:
        return Place(found_town.code, found_village.code)
    return Place(
        found_town.code, found_village.code, found_town.name, found_village.name, table.code_system, table.as_of
    )


def _one_of(field: str, candidates: list[Division], given: str, among_zh: str, among_en: str) -> Division | PlaceError:
    """The one candidate whose code or name is `given`; several namesakes ask for the code."""
    by_code = [row for row in candidates if row.code == given]
    named = by_code or [row for row in candidates if given in row.names]
    if len(named) == 1:
        return named[0]
    if not named:
        return PlaceError(
            field, "unknown_division", f"不在{among_zh}之中", f"is not one of {among_en} (by code or exact name)"
        )
    codes = ", ".join(row.code for row in named)
    return PlaceError(
        field,
        "ambiguous_division",
        f"名称不唯一，请填写代码：{codes}",
        f"is the name of several; give the code: {codes}",
    )
