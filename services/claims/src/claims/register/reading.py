"""A list as a stream of households: read piece by piece, surveyed once before anything of it is taken. Pure but for the file.

A household's rows follow one another. A row without a number belongs to the household above it, unless it is a head's: so does a
spreadsheet show merged cells, and guessing otherwise could take a household without one of its members.
"""

from __future__ import annotations

from array import array
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, BinaryIO, Final

from claims.register.columns import Columns, find_columns
from claims.register.judging import Group, household_number, is_head
from common.spreadsheets.reading import MEBIBYTE, Limits, Row, stream_table
from common.spreadsheets.text import fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_ROWS: Final = 500_000
LIMITS: Final = Limits(
    sent_bytes=96 * MEBIBYTE, unpacked_bytes=768 * MEBIBYTE, rows=MOST_ROWS + 20, columns=60, elements=24_000_000
)
_BEFORE_HEADINGS: Final = 10
_MOST_TOGETHER: Final = 500
"""More rows of one number than any household has are cut, so that a file of one number does not stay in memory as a whole."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a list before its rows are judged: its columns, how many rows it has, which numbers stand apart."""

    columns: Columns
    rows: int
    last_row: int
    apart: dict[int, tuple[int, ...]]
    """By the print of a household number that comes more than once: where each of its groups begins."""

    def elsewhere(self, group: Group) -> int | None:
        """Another row of the file where the group's number stands apart from it."""
        first = group.rows[0].number
        starts = self.apart.get(_print(group.number), ()) if group.number else ()
        return next((start for start in starts if start != first), None)


def survey(file: BinaryIO) -> Survey:
    """Read a list once. Raises ``invalid_request`` naming ``file`` for what makes it unreadable as a whole."""
    prints, starts = array("Q"), array("I")
    count = last = 0
    with closing(stream_table(file, LIMITS)) as rows:
        columns, data = _below_headings(rows)
        for group in grouped(data, columns):
            count += len(group.rows)
            last = group.rows[-1].number
            if group.number:
                prints.append(_print(group.number))
                starts.append(group.rows[0].number)
    if not count:
        raise fault("no_rows", "表头下没有数据。", "Has no rows below its headings.")
    return Survey(columns, count, last, _repeated(prints, starts))


def groups_of(file: BinaryIO, columns: Columns, *, after: int = 0) -> Iterator[Group]:
    """Yield the households of a list whose rows come after a row number."""
    with closing(stream_table(file, LIMITS)) as rows:
        data = (row for row in rows if row.number > max(columns.row, after))
        yield from grouped(data, columns)


def grouped(rows: Iterable[Row], columns: Columns) -> Iterator[Group]:
    """Put the rows of one household together."""
    group: Group | None = None
    for row in rows:
        number = household_number(row, columns)
        belongs = group is not None and (number == group.number if number else not is_head(row, columns))
        if group is not None and (not belongs or len(group.rows) >= _MOST_TOGETHER):
            yield group
            group = None
        if group is None:
            group = Group(number)
        group.rows.append(row)
    if group is not None:
        yield group


def headings_of(file: BinaryIO) -> Columns:
    """Find the headings of a list that was surveyed before."""
    with closing(stream_table(file, LIMITS)) as rows:
        return _below_headings(rows)[0]


def _below_headings(rows: Iterator[Row]) -> tuple[Columns, Iterator[Row]]:
    first = list(islice(rows, _BEFORE_HEADINGS))
    columns = find_columns(first)
    return columns, (row for row in chain(first, rows) if row.number > columns.row)


def _print(number: str) -> int:
    return int.from_bytes(blake2b(number.encode(), digest_size=8).digest())


def _repeated(prints: array[int], starts: array[int]) -> dict[int, tuple[int, ...]]:
    ordered = sorted(prints)
    twice = {one for one, after in pairwise(ordered) if one == after}
    found: dict[int, list[int]] = {}
    if twice:
        for one, start in zip(prints, starts, strict=True):
            if one in twice:
                found.setdefault(one, []).append(start)
    return {one: tuple(where) for one, where in found.items()}
