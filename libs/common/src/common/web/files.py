"""Sending a report as a file: CSV streams out as it is made, XLSX is whole before the answer begins. HTTP only."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import date
from itertools import islice
from typing import IO, Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import Query
from fastapi.responses import StreamingResponse

from common.spreadsheets.writing import (
    CSV_MEDIA_TYPE,
    XLSX_MEDIA_TYPE,
    Line,
    Sheet,
    XlsxFile,
    csv_head,
    csv_lines,
)
from common.validation import invalid_field

Format = Literal["json", "csv", "xlsx"]
OfFormat = Annotated[
    Format, Query(alias="format", description="What the answer is: JSON, or a table for a spreadsheet. 格式。")
]

_AT_ONCE: Final = 1_000
_PIECE: Final = 64 * 1024

FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The report; with `format` the same figures as a table with Chinese headings, amounts in yuan.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "\ufeff代码,名称,金额（元）\r\nrepair,设施维护,7200000.00\r\n",
            },
            XLSX_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"},
        },
    }
}
"""How an operation documents that it also answers with files."""


def whole(cursor: str | None) -> None:
    """Raise ``invalid_request`` if a page is asked for as a file: a file holds all lines."""
    if cursor is not None:
        raise invalid_field(
            "cursor", "not_with_a_file", "文件包含全部数据，不分页。", "A file holds everything: it has no pages."
        )


async def pieces_of(lines: Iterable[Line]) -> AsyncIterator[list[Line]]:
    """Cut lines that are all there into pieces."""
    rest = iter(lines)
    while piece := list(islice(rest, _AT_ONCE)):
        yield piece


async def as_file(
    wanted: Format, name: str, sheet: Sheet, pieces: AsyncIterator[list[Line]], *said: date | str | int
) -> StreamingResponse:
    """Answer with a file named after the report and what it is about. Raises ``invalid_request`` if XLSX cannot hold it."""
    ending = "-".join(str(one) for one in said)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}-{ending}.{wanted}"; '
        f"filename*=UTF-8''{quote(f'{sheet.title}-{ending}.{wanted}')}"
    }
    if wanted == "csv":
        return StreamingResponse(_csv(sheet, pieces), media_type=CSV_MEDIA_TYPE, headers=headers)
    file = await _xlsx(sheet, pieces)
    headers["Content-Length"] = str(file.seek(0, os.SEEK_END))
    file.seek(0)
    return StreamingResponse(_read(file), media_type=XLSX_MEDIA_TYPE, headers=headers)


async def _csv(sheet: Sheet, pieces: AsyncIterator[list[Line]]) -> AsyncIterator[bytes]:
    yield csv_head(sheet).encode()
    async for piece in pieces:
        yield csv_lines(sheet, piece).encode()


async def _xlsx(sheet: Sheet, pieces: AsyncIterator[list[Line]]) -> IO[bytes]:
    # In threads: a book of a million cells takes seconds, and payments must not wait for it.
    made = await asyncio.to_thread(XlsxFile, sheet)
    try:
        async for piece in pieces:
            await asyncio.to_thread(made.write, piece)
        return await asyncio.to_thread(made.finish)
    finally:
        await asyncio.to_thread(made.close)


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
