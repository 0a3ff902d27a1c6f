"""Use cases of divisions: finding a place someone named in a filter or a body, and listing a county's table."""

from __future__ import annotations

from claims.divisions.rules import Place, PlaceError, resolve_place, resolve_town
from claims.divisions.table import Division, DivisionTable, table_of
from common.errors import NOT_FOUND, Problem
from common.validation import invalid_field


def find_town(book: str, town: str) -> str:
    """The code of the town meant. Raises `invalid_request` naming `town`."""
    found = resolve_town(book, table_of(book), town)
    if isinstance(found, PlaceError):
        raise _problem(found)
    return found.code


def find_place(book: str, town: str, village: str) -> Place:
    """The place meant. Raises `invalid_request` naming `town` or `village`."""
    found = resolve_place(book, table_of(book), town, village)
    if isinstance(found, PlaceError):
        raise _problem(found)
    return found


def find_codes(book: str, town: str | None, village: str | None) -> tuple[str | None, str | None]:
    """The town's and village's codes of a filter; a village's name needs its town, its code does not."""
    if village is None:
        return (None if town is None else find_town(book, town)), None
    if town is None:
        table = table_of(book)
        if table is None or village not in table.by_code:
            raise invalid_field(
                "village", "town_required", "按村筛选须同时给出乡镇。", "A village's name needs its town."
            )
        return None, village
    place = find_place(book, town, village)
    return place.town_code, place.village_code


def divisions_of(book: str, parent: str | None) -> tuple[DivisionTable, list[Division]]:
    """A county's table and what lies directly below `parent` (default: the county). Raises `not_found` without a table."""
    table = table_of(book)
    if table is None or (parent is not None and parent not in table.by_code):
        raise NOT_FOUND.error()
    return table, table.below(parent or book)


def _problem(error: PlaceError) -> Problem:
    return invalid_field(
        error.field, error.code, f"{error.reason_zh}。", f"{error.reason_en[:1].upper()}{error.reason_en[1:]}."
    )
