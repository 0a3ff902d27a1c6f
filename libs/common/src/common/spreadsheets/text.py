"""The one form a text of a cell takes, whatever file it came from, and the refusals that are about a file as a whole."""

import re
from typing import Final

from common.errors import Problem
from common.validation import invalid_field

# Control characters, line separators, bidirectional overrides, lone surrogates: nobody sees them, and databases cannot hold some.
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
LONGEST_CELL: Final = 32_767
"""What a cell of a spreadsheet program can hold."""


def cell_text(value: str) -> str | None:
    """Return a text as one line without invisible characters, outer blanks cut; None if nothing is left. Refuses endless ones."""
    if len(value) > LONGEST_CELL:
        raise cell_too_long()
    stripped = _UNSEEN.sub(" ", value).strip()
    # Banks write ="6217…" so that a spreadsheet program leaves a long number alone.
    if len(stripped) > 3 and stripped.startswith('="') and stripped.endswith('"'):  # noqa: PLR2004 - the wrapping itself
        stripped = stripped[2:-1].strip()
    return stripped or None


def fault(code: str, zh: str, en: str) -> Problem:
    """Return ``invalid_request`` about the file as a whole."""
    return invalid_field("file", code, zh, en)


def cell_too_long() -> Problem:
    """Return the refusal of a cell no spreadsheet program can hold."""
    return fault("cell_too_long", "单元格内容过长。", "A cell is too long.")


def too_many(what: str, most: int) -> Problem:
    """Return the refusal of a table with too many ``rows`` or ``columns``."""
    return fault(
        f"too_many_{what}", f"超过 {most} {'行' if what == 'rows' else '列'}。", f"Has more than {most} {what}."
    )


def not_a_spreadsheet() -> Problem:
    """Return the refusal of what is no XLSX file, or a broken one."""
    return fault("not_a_spreadsheet", "不是可以读取的 XLSX 文件。", "Is not an XLSX file that can be read.")
