"""Taking judged households into the register: which are new, which are known, which are refused; then all of a piece at once.

A household is known when its number is registered and its list said the same then: a file that comes again changes nothing. A number
that is registered with other content is refused: an import never overwrites what people have edited since.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from claims.households.service import household_row
from claims.register import store
from claims.register.judging import Group, Judged, Judging, judge, refused_whole
from common.dates import now_utc
from common.spreadsheets.bad_rows import BadRow, bad_row_json
from common.spreadsheets.cells import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.households.personal import PersonalData
    from claims.households.store import HouseholdRow
    from claims.register.reading import Survey
    from claims.register.store import Job
    from common.spreadsheets.reading import Row

CELLS_COLUMN: Final = "import_refusal.cells_cipher"
_EXISTS: Final = (
    "household_exists",
    "该户编号已登记且内容不同，请在系统中修改该户，或核对户编号",
    "this number is registered with other content: edit the household, or check the number",
)


@dataclass(slots=True)
class Settled:
    """What becomes of some households of a list."""

    new: list[Judged] = field(default_factory=list)
    known: list[Judged] = field(default_factory=list)
    refused: list[Judged] = field(default_factory=list)

    @property
    def rows_accepted(self) -> int:
        """Rows of new and known households."""
        return sum(len(one.group.rows) for one in (*self.new, *self.known))

    @property
    def rows_refused(self) -> int:
        """Rows of refused households."""
        return sum(len(one.group.rows) for one in self.refused)

    @property
    def bad(self) -> list[BadRow]:
        """Every fault, in the order of rows."""
        return sorted((bad for one in self.refused for bad in one.faults), key=lambda bad: bad.row)


def judged_pieces(groups: Iterable[Group], judging: Judging, survey: Survey, rows: int) -> Iterator[list[Judged]]:
    """Judge households and hand them out in pieces of at least so many rows."""
    piece: list[Judged] = []
    size = 0
    for group in groups:
        piece.append(judge(group, judging, survey.elsewhere(group)))
        size += len(group.rows)
        if size >= rows:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


async def settle(conn: AsyncConnection, personal: PersonalData, judging: Judging, judged: Sequence[Judged]) -> Settled:
    """Compare households with the register."""
    settled = Settled()
    good = []
    for one in judged:
        if one.household is None or one.household.external_number is None:
            settled.refused.append(one)
        else:
            good.append((personal.external_number_index(one.household.external_number), one))
    known = await store.known_contents(conn, judging.book, [index for index, _ in good])
    for index, one in good:
        if index not in known:
            settled.new.append(one)
        elif known[index] == personal.content_index(_content(one)):
            settled.known.append(one)
        else:
            settled.refused.append(refused_whole(one.group, judging.columns, *_EXISTS))
    return settled


def _content(judged: Judged) -> str:
    if judged.household is None or judged.household.content is None:
        raise AssertionError("a household of a list comes with its content")
    return judged.household.content


async def sealed(personal: PersonalData, job: Job, households: Sequence[Judged]) -> list[HouseholdRow]:
    """Seal new households into rows, in a thread: a thousand members take a good part of a second."""
    return await asyncio.to_thread(_sealed, personal, job, households)


def _sealed(personal: PersonalData, job: Job, households: Sequence[Judged]) -> list[HouseholdRow]:
    now = now_utc()
    return [
        household_row(
            personal, book=job.book, new=one.household, by_person=job.created_by, now=now, import_job_id=job.id
        )
        for one in households
        if one.household is not None
    ]


async def keep_refused(conn: AsyncConnection, personal: PersonalData, job: Job, refused: Sequence[Judged]) -> None:
    """Keep refused rows with their faults, and their cells, sealed."""
    rows = []
    for one in refused:
        faults: dict[int, list[dict[str, object]]] = {}
        for bad in one.faults:
            faults.setdefault(bad.row, []).append(bad_row_json(bad))
        rows += [_refusal(personal, job, row, faults[row.number]) for row in one.group.rows]
    await store.insert_refusals(conn, rows)


def _refusal(personal: PersonalData, job: Job, row: Row, faults: list[dict[str, object]]) -> dict[str, object]:
    return {
        "book": job.book,
        "job_id": job.id,
        "row": row.number,
        "faults": faults,
        "cells_cipher": seal_cells(personal, job, row.number, [text_of(cell) for cell in row.cells]),
    }


def seal_cells(personal: PersonalData, job: Job, number: int, cells: Sequence[str | None]) -> bytes:
    """Seal a row of the file; it opens only for its job and number."""
    return personal.seal_text(json.dumps(cells, ensure_ascii=False), f"{CELLS_COLUMN}/{number}", job.id)


def open_cells(personal: PersonalData, job: Job, number: int, cells: bytes) -> list[str | None]:
    """Open what `seal_cells` sealed."""
    opened: list[str | None] = json.loads(personal.open_text(cells, f"{CELLS_COLUMN}/{number}", job.id))
    return opened


async def keep_headings(conn: AsyncConnection, personal: PersonalData, job: Job, headings: Sequence[str]) -> None:
    """Keep the file's headings as its refused row 0, for the file of refused rows."""
    row = {
        "book": job.book,
        "job_id": job.id,
        "row": 0,
        "faults": [],
        "cells_cipher": seal_cells(personal, job, 0, list(headings)),
    }
    await store.insert_refusals(conn, [row])
