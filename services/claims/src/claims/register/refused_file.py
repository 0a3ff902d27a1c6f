"""The rows of a list that were refused, as a file to correct and import again: its own columns, with number and reasons beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from claims.access.rules import Action
from claims.access.service import record_access
from claims.register import store
from claims.register.columns import REASON_EN_HEADING, REASON_ZH_HEADING, ROW_HEADING, folded
from claims.register.importing import open_cells
from common.database import transaction
from common.errors import NOT_FOUND
from common.spreadsheets.writing import Column, Line, Sheet
from common.web.files import as_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from fastapi.responses import StreamingResponse

    from claims.context import Context
    from claims.register.store import Job

_AT_ONCE: Final = 1_000
_OURS: Final = (ROW_HEADING, REASON_ZH_HEADING, REASON_EN_HEADING)


async def refused_file(context: Context, job: Job, wanted: Literal["csv", "xlsx"], person: str) -> StreamingResponse:
    """Answer with the refused rows; who takes them is written down first. Raises `not_found` if there are none, or they were forgotten."""
    personal = context.personal(job.book)
    async with transaction(context.engine) as conn:
        first = await store.list_refusals(conn, job.book, job.id, -1, 2)
    if len(first) < 2 or first[0][0] != 0:  # noqa: PLR2004 - the headings and a row
        raise NOT_FOUND.error()
    async with transaction(context.engine) as conn:
        await record_access(
            conn, book=job.book, person=person, action=Action.DOWNLOAD, subject="import_job", subject_id=job.id
        )
    headings = [text or "" for text in open_cells(personal, job, 0, first[0][2])]
    # A file of refused rows that was refused again has our columns already.
    kept = [place for place, heading in enumerate(headings) if folded(heading) not in {folded(one) for one in _OURS}]
    columns = [Column(ROW_HEADING, "whole", 8)]
    columns += [Column(headings[place], "text", 20) for place in kept]
    columns += [Column(REASON_ZH_HEADING, "text", 50), Column(REASON_EN_HEADING, "text", 50)]
    sheet = Sheet("未导入的行", (), tuple(columns))
    return await as_file(wanted, "refused-rows", sheet, _lines(context, job, kept), str(job.id))


async def _lines(context: Context, job: Job, kept: Sequence[int]) -> AsyncIterator[list[Line]]:
    personal = context.personal(job.book)
    after = 0
    while True:
        async with transaction(context.engine) as conn:
            rows = await store.list_refusals(conn, job.book, job.id, after, _AT_ONCE)
        if not rows:
            return
        lines = []
        for number, faults, sealed in rows:
            cells = open_cells(personal, job, number, sealed)
            own = [cells[place] if place < len(cells) else None for place in kept]
            reasons = [
                " ".join(f"「{fault['column']}」{fault['detail_zh']}" for fault in faults),
                " ".join(f"{fault['column']}: {fault['detail_en']}" for fault in faults),
            ]
            lines.append(Line((number, *own, *reasons)))
        yield lines
        after = rows[-1][0]
