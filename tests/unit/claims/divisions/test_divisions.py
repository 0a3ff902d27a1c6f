"""Which town and village is meant, by code or by exact name."""

from __future__ import annotations

from datetime import date

import pytest

from claims.divisions.rules import Place, PlaceError, resolve_place
from claims.divisions.table import parse_table, table_of

HEADER = {"code_system": "test codes", "as_of": "2020-01-01"}
ROWS = [
    {"code": "990101", "level": "county", "name": "甲县", "parent_code": "990100", **HEADER},
    {"code": "990101100", "level": "town", "name": "东镇", "parent_code": "990101", **HEADER},
    {"code": "990101101", "level": "town", "name": "西镇", "parent_code": "990101", **HEADER},
    {"code": "990101100200", "level": "village", "name": "和平村委会", "parent_code": "990101100", **HEADER},
    {"code": "990101100201", "level": "village", "name": "和平村委会", "parent_code": "990101100", **HEADER},
    {"code": "990101100001", "level": "village", "name": "和平社区居委会", "parent_code": "990101100", **HEADER},
    {"code": "990101101200", "level": "village", "name": "和平村委会", "parent_code": "990101101", **HEADER},
]
TABLE = parse_table("990101", ROWS)

PLACES = [
    ("990101100", "990101100200", "990101100200"),
    ("东镇", "和平社区", "990101100001"),
    ("东镇", "和平社区居委会", "990101100001"),
    ("西镇", "和平村", "990101101200"),
    ("东镇", "和平村", "village:ambiguous_division"),
    ("东镇", "和平", "village:unknown_division"),
    ("东镇", "990101101200", "village:unknown_division"),
    ("东", "和平村", "town:unknown_division"),
    ("甲县", "和平村", "town:unknown_division"),
    ("990101100200", "和平村", "town:unknown_division"),
]


@pytest.mark.parametrize(("town", "village", "expected"), PLACES)
def test_a_place_is_found_by_code_or_exact_name(town: str, village: str, expected: str) -> None:
    found = resolve_place("990101", TABLE, town, village)
    assert (f"{found.field}:{found.code}" if isinstance(found, PlaceError) else found.village_code) == expected


def test_an_ambiguous_name_asks_for_one_of_its_codes() -> None:
    found = resolve_place("990101", TABLE, "东镇", "和平村")
    assert isinstance(found, PlaceError)
    assert "990101100200, 990101100201" in found.reason_en


@pytest.mark.parametrize(
    ("town", "village", "expected"),
    [
        ("990102100", "990102100200", Place("990102100", "990102100200")),
        ("990101100", "990101100200", "town"),
        ("东镇", "和平村", "town"),
        ("990102100", "990102101200", "village"),
        ("990102100", "990102100", "village"),
        ("99010210", "990102100200", "town"),
    ],
)
def test_without_a_table_codes_must_extend_the_county_s(town: str, village: str, expected: Place | str) -> None:
    found = resolve_place("990102", None, town, village)
    assert (found.field if isinstance(found, PlaceError) else found) == expected


def test_ningshan_has_eleven_towns_and_its_two_villages_of_one_name_apart() -> None:
    table = table_of("610923")
    assert table is not None
    assert (table.code_system, table.as_of) == ("NBS statistical division codes", date(2023, 6, 30))
    assert len(table.below("610923")) == 11
    villages = [row for row in table.by_code.values() if row.level == "village"]
    assert sorted(row.code for row in villages if "兴隆村" in row.names) == ["610923108205", "610923109206"]
    for town in table.below("610923"):
        names = [name for village in table.below(town.code) for name in village.names]
        assert len(names) == len(set(names)), town.name


def test_a_county_without_a_file_has_no_table() -> None:
    assert table_of("610924") is None
    assert table_of("../610923") is None


@pytest.mark.parametrize(
    "rows",
    [
        [ROWS[0], ROWS[0]],
        [ROWS[0], {**ROWS[1], "parent_code": "990199"}],
        [ROWS[0], {**ROWS[1], "as_of": "2021-01-01"}],
        [],
    ],
)
def test_a_file_that_contradicts_itself_is_refused(rows: list[dict[str, str]]) -> None:
    with pytest.raises(ValueError, match="990101"):
        parse_table("990101", rows)
