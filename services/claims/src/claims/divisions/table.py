"""The table of a county's towns and villages, read once from dated data files in `data/<county>.csv`.

The files carry the statistical code of each division, its code system and the date it was taken. Data sets disagree with each other and
villages share names, so what is stored is always the code together with its system and date, never the name alone.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

# 社区居委会 and 社区村委会 are commonly written without their committee; 村委会 as 村.
_COMMUNITY = re.compile(r"社区(居|村)委会$")
_VILLAGE = re.compile(r"村委会$")


@dataclass(frozen=True, slots=True)
class Division:
    """One county, town or village. `level` is county, town or village."""

    code: str
    level: str
    name: str
    parent_code: str

    @property
    def names(self) -> frozenset[str]:
        """The name as published, and the same without its committee (旱坝村委会 → 旱坝村, 城南社区居委会 → 城南社区)."""
        short = _VILLAGE.sub("村", _COMMUNITY.sub("社区", self.name))
        return frozenset({self.name, short})


@dataclass(frozen=True, slots=True)
class DivisionTable:
    """All divisions of one county in one code system at one date."""

    county: str
    code_system: str
    as_of: date
    by_code: Mapping[str, Division]

    def below(self, parent_code: str) -> list[Division]:
        """The divisions directly below `parent_code`, in order of their codes."""
        return [row for code, row in sorted(self.by_code.items()) if row.parent_code == parent_code]


def parse_table(county: str, rows: Iterable[Mapping[str, str]]) -> DivisionTable:
    """Build a table from CSV rows; a file that contradicts itself is refused with ValueError."""
    divisions: dict[str, Division] = {}
    origins: set[tuple[str, str]] = set()
    for row in rows:
        if row["code"] in divisions:
            message = f"{county}: code {row['code']} stands twice"
            raise ValueError(message)
        divisions[row["code"]] = Division(row["code"], row["level"], row["name"], row["parent_code"])
        origins.add((row["code_system"], row["as_of"]))
    if len(origins) != 1:
        message = f"{county}: one file holds one code system at one date, found {sorted(origins)}"
        raise ValueError(message)
    for division in divisions.values():
        if division.code != county and division.parent_code not in divisions:
            message = f"{county}: {division.code} lies in {division.parent_code}, which is not in the file"
            raise ValueError(message)
    code_system, as_of = origins.pop()
    return DivisionTable(county, code_system, date.fromisoformat(as_of), divisions)


@functools.cache
def table_of(county: str) -> DivisionTable | None:
    """The table of a county, or None if this installation has none for it."""
    file = importlib.resources.files("claims.divisions").joinpath("data", f"{county}.csv")
    if not re.fullmatch(r"[0-9]{6}", county) or not file.is_file():
        return None
    return parse_table(county, csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
