"""A search for personal data in the clear: in databases, logs, exports and answers.

Two nets. *By value*: numbers and names that are known to be in the system, found in any spelling (full-width digits, blanks or hyphens
between them, JSON escapes). *By pattern*: what looks like anybody's ID number, mobile number or bank card (`common.personal_data`).
Binary columns are read as text too. A finding names the place and the kind, never the value.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from common.personal_data import normalised, personal_data_in
from deploy.local.cluster import SUPERUSER, Cluster
from deploy.local.ports import LOOPBACK

_ESCAPE: Final = re.compile(r"\\+u([0-9a-fA-F]{4})")  # also of JSON within JSON
_COPY: Final = re.compile(r"COPY (\S+) \((.*)\) FROM stdin;")
_COPY_ESCAPE: Final = re.compile(r"\\(.)")
_COPY_CHARACTERS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_GAPS: Final = re.compile(r"[ -]+")
_BYTEA: Final = re.compile(r"\\x(?:[0-9a-f]{2})+")
_NOT_DIGITS: Final = re.compile(r"\D+")
_FEWEST_DIGITS: Final = 11
# Few distinct beginnings make a quick search for where to look closer.
_PREFIX: Final = 3


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Personal data in the clear: where, and of which kind."""

    place: str
    kind: str


class Known:
    """Values to search for, by kind: ``{"id_number": [...], "name": [...]}``; each at least six characters long."""

    def __init__(self, values: Mapping[str, Iterable[str]]) -> None:
        """Prepare the search."""
        self._kinds = {value.upper(): kind for kind, group in values.items() for value in group}
        self._lengths = sorted({len(value) for value in self._kinds})
        self.shortest = self._lengths[0]
        prefixes = sorted({value[:_PREFIX] for value in self._kinds})
        self._starts = re.compile("(?=" + "|".join(map(re.escape, prefixes)) + ")")

    def __len__(self) -> int:
        """How many values are searched for."""
        return len(self._kinds)

    def kinds_in(self, plain: str) -> set[str]:
        """The kinds of the values a normalised text holds, with or without gaps in them."""
        return {kind for text in {plain, _GAPS.sub("", plain)} for kind in self._found(text.upper())}

    def _found(self, text: str) -> Iterator[str]:
        for start in self._starts.finditer(text):
            for length in self._lengths:
                kind = self._kinds.get(text[start.start() : start.start() + length])
                if kind is not None:
                    yield kind


def scan_text(place: str, text: str, known: Known) -> set[Finding]:
    """Search a text, line by line: a number does not run over the end of a line."""
    return {finding for line in text.splitlines() for finding in _scan(place, line, known)}


def scan_bytes(place: str, content: bytes, known: Known) -> set[Finding]:
    """Search bytes as UTF-8, as GB18030 and as UTF-16 text; what is none of them is skipped."""
    findings: set[Finding] = set()
    for encoding in ("utf-8", "gb18030", "utf-16-le"):
        findings |= scan_text(place, content.decode(encoding, "replace"), known)
    return findings


def scan_database(cluster: Cluster, database: str, known: Known) -> tuple[set[Finding], set[str]]:
    """Search every value of every table, read by the superuser; answers the findings and the columns that were read.

    A finding's place is `database.table.column`. Tables without rows have no values and count as read.
    """
    findings: set[Finding] = set()
    columns: set[str] = set()
    table, names = "", list[str]()
    for line in _dump(cluster, database).split("\n"):
        if not names:
            found = _COPY.fullmatch(line)
            if found is not None:
                table = found[1].removeprefix("public.")
                names = [name.strip('"') for name in found[2].split(", ")]
                columns |= {f"{database}.{table}.{name}" for name in names}
            elif not line.startswith("--"):
                # What is no row: defaults, trigger bodies, comments.
                findings |= _scan(f"{database} definitions", line, known)
        elif line == "\\.":
            names = []
        else:
            for name, field in zip(names, line.split("\t"), strict=True):
                findings |= _scan_field(f"{database}.{table}.{name}", field, known)
    return findings, columns


def _scan_field(place: str, field: str, known: Known) -> set[Finding]:
    if field == "\\N" or len(field) < known.shortest:
        return set()
    value = _COPY_ESCAPE.sub(lambda found: _COPY_CHARACTERS.get(found[1], found[1]), field)
    if _BYTEA.fullmatch(value):
        return scan_bytes(place, bytes.fromhex(value[2:]), known)
    return scan_text(place, value, known)


def _scan(place: str, line: str, known: Known) -> set[Finding]:
    opened = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), line)
    kinds = known.kinds_in(opened if opened.isascii() else normalised(opened))
    # No number of anybody's has fewer digits; most fields have fewer.
    by_pattern = personal_data_in(opened) if len(_NOT_DIGITS.sub("", opened)) >= _FEWEST_DIGITS else None
    return {Finding(place, kind) for kind in kinds | ({by_pattern} if by_pattern else set())}


def _dump(cluster: Cluster, database: str) -> str:
    done = subprocess.run(
        [str(cluster.programs / "pg_dump"), "-h", LOOPBACK, "-p", str(cluster.port), "-U", SUPERUSER, database],
        env={**os.environ, "PGPASSWORD": cluster.password, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
