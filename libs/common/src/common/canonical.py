"""The one form of a value that is hashed: canonical JSON (RFC 8785) and instants with microseconds. Pure.

Records hold texts, booleans, nulls and integers below 2^53 under ASCII names only; for such values orjson's sorted output is the
canonical form, and a property test holds it against an RFC 8785 implementation.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import orjson

CanonicalJson: TypeAlias = "str | int | bool | Sequence[CanonicalJson] | Mapping[str, CanonicalJson] | None"
"""What can be hashed."""


def canonical(value: CanonicalJson) -> bytes:
    """Return the canonical JSON of a value made of texts, booleans, nulls, integers below 2^53, lists and ASCII-named objects.

    Raises ``TypeError`` for any other value.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def canonical_text(value: CanonicalJson) -> str:
    """Return the canonical JSON as a text, e.g. for a column."""
    return canonical(value).decode()


def instant(moment: datetime) -> str:
    """Write an instant the one way it is hashed: UTC with microseconds, e.g. ``2026-03-01T08:00:00.000000Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
