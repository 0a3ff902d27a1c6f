"""Reading a JSON body strictly, once, and writing answers.

Refused as ``malformed_body`` (400): not UTF-8, not JSON, nested deeper than 200, a key twice in one object, NaN or
Infinity, a number of more than 4,300 digits. Refused as ``invalid_request`` (422) naming the field: NUL and lone surrogates,
which JSON can write and PostgreSQL cannot store.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Final, NoReturn
from uuid import UUID

import orjson
from pydantic_core import from_json

from common.errors import MALFORMED, Problem
from common.validation import field_path, invalid_field

_SURELY_SHALLOW: Final = 64
_SUSPICIOUS_ESCAPE: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def parse_json(body: bytes, *, judged_alone: frozenset[str] = frozenset()) -> object:
    """Return the value a body holds: dict, list, str, int, float, bool or None. Raises the problems above.

    Texts below the top-level fields in `judged_alone` are not looked at: whoever takes their items one by one calls
    `refuse_unstorable` for each, so that one bad item does not fail the others.
    """
    try:
        text = body.decode("utf-8")
        value: object = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite_float
        )
    except (ValueError, RecursionError):
        raise MALFORMED.error() from None
    if _SUSPICIOUS_ESCAPE.search(body):
        looked_at = value
        if judged_alone and isinstance(value, dict):
            looked_at = {name: item for name, item in value.items() if name not in judged_alone}
        refuse_unstorable(looked_at)
    # A body with few brackets cannot be deep; the others are counted by a parser that stops at 200 levels.
    if body.count(b"[") + body.count(b"{") > _SURELY_SHALLOW:
        _refuse_deep(body)
    return value


def dump_json(value: object) -> bytes:
    """Return a value as compact JSON: UUIDs (also the database driver's own), dates and enumerations become texts.

    Raises TypeError for what has no JSON form, floats out of Decimals among it.
    """
    return orjson.dumps(value, default=_plain)


def is_storable(text: str) -> bool:
    """Tell whether a text is free of NUL and lone surrogates."""
    return _UNSTORABLE.search(text) is None


def _plain(value: object) -> str:
    if isinstance(value, UUID):  # asyncpg returns a subclass, which orjson does not know
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _finite_float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _refuse_deep(body: bytes) -> None:
    try:
        from_json(body)
    except ValueError as error:
        if "recursion" in str(error):
            raise MALFORMED.error() from None


def refuse_unstorable(value: object) -> None:
    """Raise ``invalid_request`` naming the field of the first text with NUL or a lone surrogate, keys included."""
    for path, text in _texts(value):
        if not is_storable(text):
            raise _unstorable(field_path(path))


def _texts(value: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield every text with its path, without recursion. A key is reported at its object."""
    pending: list[tuple[tuple[str | int, ...], object]] = [((), value)]
    while pending:
        path, node = pending.pop()
        if isinstance(node, str):
            yield path, node
        elif isinstance(node, dict):
            for key, item in node.items():
                yield path, key
                pending.append(((*path, key), item))
        elif isinstance(node, list):
            pending.extend(((*path, index), item) for index, item in enumerate(node))


def _unstorable(field: str) -> Problem:
    return invalid_field(
        field, "invalid_characters", "含有 NUL 或不成对的代理字符。", "Contains NUL or an unpaired surrogate."
    )
