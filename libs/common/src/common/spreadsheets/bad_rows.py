"""Rows of a file that cannot be taken: how they are kept, shown, and named by the refusal of the whole file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from common.errors import FieldError
from common.wire import Wire

_MOST_ERRORS: Final = 200
"""So many bad rows a refusal lists; a preview lists all."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """Why a row was not taken: its number, the heading of the column, and the reason."""

    row: int
    column: str
    code: str
    zh: str
    en: str


class BadRowOut(Wire):
    """A row of the file that could not be read."""

    row: int
    """Its number, as a spreadsheet program shows it 行号."""
    column: str
    """Heading of the column 列名."""
    code: str
    detail_zh: str
    detail_en: str


def bad_row_json(bad: BadRow) -> dict[str, Any]:
    """A bad row as an answer shows it: a `BadRowOut`."""
    return {"row": bad.row, "column": bad.column, "code": bad.code, "detail_zh": bad.zh, "detail_en": bad.en}


def bad_row_errors(bad: Sequence[BadRow]) -> list[FieldError]:
    """What a refusal of the whole file says of its first bad rows."""
    return [
        FieldError(
            f"file[{one.row}].{one.column}",
            one.code,
            f"第 {one.row} 行「{one.column}」：{one.zh}",
            f"Row {one.row}, {one.column}: {one.en}",
        )
        for one in bad[:_MOST_ERRORS]
    ]
