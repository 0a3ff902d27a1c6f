"""Lists by opaque cursor: page size, cursor coding and the page's wire shape.

A cursor holds the sort key of the last row shown; it is opaque, not secret, so it must hold no personal data.
A cursor that was not made here is refused as ``invalid_request`` naming ``cursor``.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Final, Generic, TypeAlias, TypeVar
from uuid import UUID

import orjson
from fastapi import Query
from pydantic import BeforeValidator

from common.errors import Problem
from common.json_body import dump_json
from common.validation import field_error, invalid_field
from common.wire import Wire

Key: TypeAlias = str | int | date | UUID
"""What a list may be sorted by."""

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
_MAX_CURSOR: Final = 1000
_BIGINT: Final = 2**63

T = TypeVar("T")
Row = TypeVar("Row")


def _whole_number(value: object) -> object:
    # pydantic's integers would also read "1_0", " 10 " and "10.0" from a query.
    if isinstance(value, str):
        if not (value.isascii() and value.isdecimal() and len(value) < 20):  # noqa: PLR2004 - more digits than any bigint
            raise field_error("not_an_integer", "须为整数。", "Must be an integer.")
        return int(value)
    return value


QueryInteger = Annotated[int, BeforeValidator(_whole_number)]
"""A whole number in a query: digits only. Combine with ``Query(ge=…, le=…)``."""

Limit = Annotated[
    QueryInteger, Query(ge=1, le=MAX_LIMIT, description="Largest number of items in the answer. 每页最多条数。")
]
"""The query parameter ``limit``; write it as ``limit: Limit = DEFAULT_LIMIT``."""

Cursor = Annotated[
    str | None,
    Query(max_length=_MAX_CURSOR, description="The `next_cursor` of the page before. 上一页返回的 next_cursor。"),
]
"""The query parameter ``cursor``; write it as ``cursor: Cursor = None``."""


class Page(Wire, Generic[T]):
    """One page of a list."""

    items: Sequence[T]
    next_cursor: str | None


def encode_cursor(*key: Key) -> str:
    """Return the cursor for the row with this sort key."""
    return base64.urlsafe_b64encode(dump_json(key)).rstrip(b"=").decode("ascii")


def decode_cursor(cursor: str | None, *types: type[Key]) -> tuple[Key, ...] | None:
    """Return the sort key in a cursor, one value per type (str, int, date or UUID), or None for the first page.

    Raises ``invalid_request`` for a cursor that does not hold exactly these.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        values = orjson.loads(raw)
        if not isinstance(values, list) or len(values) != len(types):
            raise _bad_cursor()
        return tuple(_read(value, wanted) for value, wanted in zip(values, types, strict=True))
    except (ValueError, binascii.Error):
        raise _bad_cursor() from None


def page_of(rows: Sequence[Row], limit: int, key: Callable[[Row], tuple[Key, ...]]) -> tuple[Sequence[Row], str | None]:
    """Cut `limit` + 1 fetched rows to a page: the rows to show and the cursor after them, None on the last page."""
    if len(rows) <= limit:
        return rows, None
    shown = rows[:limit]
    return shown, encode_cursor(*key(shown[-1]))


def _read(value: object, wanted: type[Key]) -> Key:
    if wanted is int:
        if isinstance(value, int) and not isinstance(value, bool) and -_BIGINT <= value < _BIGINT:
            return value
    elif isinstance(value, str):
        if wanted is date:
            return date.fromisoformat(value)
        if wanted is UUID:
            return UUID(value)
        if "\x00" not in value:
            return value
    raise _bad_cursor()


def _bad_cursor() -> Problem:
    return invalid_field("cursor", "bad_cursor", "不是本接口返回的游标。", "Is not a cursor this list returned.")
