"""Texts people type: wire types that keep out what breaks databases, files and readers.

NUL, control characters, lone surrogates, line separators and bidirectional overrides (which make a text read
otherwise than it is stored) are refused; outer blanks are cut. `PlainLine` and `PlainText` also refuse personal
numbers, for texts that go where names must not: the ledger above all.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from common.errors import PERSONAL_DATA_IN_TEXT
from common.personal_data import PersonalDataKind, personal_data_in
from common.validation import field_error

__all__ = [
    "BookCode",
    "Code",
    "Line",
    "PersonalDataKind",
    "PlainCode",
    "PlainLine",
    "PlainText",
    "Text",
    "compact",
    "personal_data_in",
    "refuse_personal_data",
]

_BIDI: Final = "\u202a-\u202e\u2066-\u2069"
_NOT_IN_LINE: Final = "\\x00-\\x1f\\x7f-\\x9f\u2028\u2029" + _BIDI
_NOT_IN_TEXT: Final = "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\u2028\u2029" + _BIDI
_SURROGATES: Final = "\ud800-\udfff"


def _cleaner(forbidden: str) -> Callable[[str], str]:
    bad = re.compile(f"[{forbidden}{_SURROGATES}]")

    def clean(value: str) -> str:
        if bad.search(value):
            raise field_error(
                "invalid_characters", "含有控制字符或无效字符。", "Contains control or invalid characters."
            )
        stripped = value.strip()
        if not stripped:
            raise field_error("blank", "不得为空白。", "Must not be blank.")
        return stripped

    return clean


def _pattern(forbidden: str) -> dict[str, object]:
    """Say the rule in the schema too: allowed characters, at least one of them not a blank."""
    return {"pattern": f"^[^{forbidden}]*[^{forbidden}\\s][^{forbidden}]*$"}


def _without_personal_data(value: str) -> str:
    if personal_data_in(value) is not None:
        problem = PERSONAL_DATA_IN_TEXT
        raise field_error(problem.code, problem.detail_zh, problem.detail_en)
    return value


Line = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=200, json_schema_extra=_pattern(_NOT_IN_LINE)),
    AfterValidator(_cleaner(_NOT_IN_LINE)),
]
"""One line of text, 1 to 200 characters, outer blanks cut."""

Text = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=2000, json_schema_extra=_pattern(_NOT_IN_TEXT)),
    AfterValidator(_cleaner(_NOT_IN_TEXT)),
]
"""A text of 1 to 2000 characters; tabs and new lines allowed, outer blanks cut."""

PlainLine = Annotated[Line, AfterValidator(_without_personal_data)]
"""A `Line` without ID, mobile or bank card numbers: refused as ``personal_data_in_text``."""

PlainText = Annotated[Text, AfterValidator(_without_personal_data)]
"""A `Text` without ID, mobile or bank card numbers: refused as ``personal_data_in_text``."""

Code = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A code: 1 to 64 ASCII letters, digits, dots, hyphens and underscores, e.g. ``repair.overhaul.c01``."""

PlainCode = Annotated[Code, AfterValidator(_without_personal_data)]
"""A `Code` that is no ID, mobile or bank card number: refused as ``personal_data_in_text``."""

BookCode = Annotated[
    str,
    Field(
        strict=True,
        pattern=r"^[0-9]{6}$",
        description="The county's division code, the book's code. 县级行政区划代码，即账套代码。",
        examples=["610923"],
    ),
]
"""A book's code: the six digits of the county's division code (GB/T 2260)."""


def refuse_personal_data(value: str | None, field: str) -> None:
    """Raise ``personal_data_in_text`` naming the field if the text contains a personal number."""
    if value is not None and personal_data_in(value) is not None:
        raise PERSONAL_DATA_IN_TEXT.error(field=field)


def compact(value: str) -> str:
    """Bring a number people type into its one form: full-width to ASCII, no blanks or hyphens, upper case.

    Used before checking, encrypting or indexing ID numbers, phones and accounts, so that equal means equal.
    """
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", value)).upper()
