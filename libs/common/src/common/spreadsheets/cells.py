"""What a cell means: an amount in fen, a day, a text. Each answers its value, None for an empty cell, or raises `CellError`.

Amounts are exact. A text is read as a decimal and must come out at whole fen; a number of a spreadsheet, which the file keeps in
binary, counts as the fen it lies within a millionth of, and is refused otherwise rather than rounded.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from common.dates import FIRST_YEAR, LAST_YEAR
from common.money import MAX_FEN
from common.spreadsheets.reading import Cell

NEAR_A_FEN: Final = Decimal("0.000001")
"""How far, in fen, a spreadsheet's number may lie from whole fen."""
DAY_FORMAT: Final = "^[-YMD/. 年月日]{8,15}$"
"""The characters of a day's format; `is_day_format` says the rest."""

_AMOUNT: Final = re.compile(
    r"(?P<open>\()?\s*(?P<before>[-+])?\s*(?:¥|CNY|RMB|人民币)?\s*(?P<after>[-+])?\s*"
    r"(?P<yuan>(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,17})(?:\.[0-9]{1,8})?)\s*元?\s*(?P<close>\))?",
    re.ASCII,
)
_NOTHING: Final = frozenset({"-", "--", "—", "――", "/"})
_MINUS: Final = str.maketrans({"−": "-", "–": "-", "﹣": "-"})
_FORMAT_PARTS: Final = re.compile("YYYY|MM|DD|[-/. 年月日]")
_TIME: Final = r"(?:[ T]*[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)?"


@dataclass(frozen=True, slots=True)
class CellError(Exception):
    """Why a cell cannot be read: a stable code, and a text in both languages that does not repeat the cell."""

    code: str
    zh: str
    en: str


def fen_of(cell: Cell) -> int | None:
    """Return an amount given in yuan as fen, negative with a minus sign or in brackets: ``（1,234.50）`` is -123450.

    Full-width characters, currency marks and thousands separators are understood. Raises `CellError`: ``not_an_amount``,
    ``parts_of_a_fen``, ``amount_too_large``.
    """
    if cell is None or (isinstance(cell, str) and cell in _NOTHING):
        return None
    if isinstance(cell, Decimal):
        return _within_bounds(_near_fen(cell))
    if not isinstance(cell, str):
        raise _not_an_amount()
    match = _AMOUNT.fullmatch(unicodedata.normalize("NFKC", cell).translate(_MINUS).strip())
    if match is None or (match["open"] is None) != (match["close"] is None):
        raise _not_an_amount()
    signs = [mark for mark in match.group("open", "before", "after") if mark is not None]
    if len(signs) > 1:
        raise _not_an_amount()
    fen = Decimal(match["yuan"].replace(",", "")) * 100
    if fen != fen.to_integral_value():
        raise CellError("parts_of_a_fen", "金额不是整分。", "The amount is not a whole number of fen.")
    return _within_bounds(-int(fen) if signs and signs[0] != "+" else int(fen))


def is_day_format(day_format: str) -> bool:
    """Tell whether a format names year, month and day once each: ``YYYY-MM-DD``, ``YYYYMMDD``, ``DD/MM/YYYY``, ``YYYY年MM月DD日``."""
    return _FORMAT_PARTS.sub("", day_format) == "" and all(day_format.count(part) == 1 for part in ("YYYY", "MM", "DD"))


def day_of(cell: Cell, day_format: str) -> date | None:
    """Return the day a cell says: a date cell's own, or a text or number written in the format; a time of day after it is dropped.

    Raises `CellError`: ``not_a_date``, ``date_out_of_range``.
    """
    if cell is None:
        return None
    if isinstance(cell, datetime):
        day = cell.date()
    elif isinstance(cell, date):
        day = cell
    else:
        day = _written_day(text_of(cell) or "", day_format)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise CellError(
            "date_out_of_range",
            f"日期须在 {FIRST_YEAR} 年至 {LAST_YEAR} 年之间。",
            f"The date must lie between {FIRST_YEAR} and {LAST_YEAR}.",
        )
    return day


def text_of(cell: Cell) -> str | None:
    """Return a cell as text: a whole number without a point (a reference typed as a number), a date as ``YYYY-MM-DD``."""
    if isinstance(cell, Decimal):
        whole = cell.to_integral_value()
        return str(int(whole)) if whole == cell else format(cell, "f")
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return cell.isoformat() if isinstance(cell, date) else cell


def _near_fen(yuan: Decimal) -> int:
    fen = yuan * 100
    if not fen.is_finite():
        raise _not_an_amount()
    whole = fen.to_integral_value()
    if abs(fen - whole) > NEAR_A_FEN:
        raise CellError("parts_of_a_fen", "金额不是整分。", "The amount is not a whole number of fen.")
    return int(whole)


def _within_bounds(fen: int) -> int:
    if abs(fen) > MAX_FEN:
        raise CellError("amount_too_large", "金额过大。", "The amount is too large.")
    return fen


def _written_day(text: str, day_format: str) -> date:
    match = _day_pattern(day_format).fullmatch(unicodedata.normalize("NFKC", text))
    if match is None:
        raise _not_a_date()
    try:
        return date(int(match["y"]), int(match["m"]), int(match["d"]))
    except ValueError:
        raise _not_a_date() from None


@lru_cache(maxsize=100)
def _day_pattern(day_format: str) -> re.Pattern[str]:
    # Without anything between month and day, both need two digits.
    parted = re.search(r"MM[^YMD]|DD[^YMD]", day_format) is not None
    digits = "{1,2}" if parted else "{2}"
    written = re.escape(day_format).replace("YYYY", "(?P<y>[0-9]{4})")
    written = written.replace("MM", f"(?P<m>[0-9]{digits})").replace("DD", f"(?P<d>[0-9]{digits})")
    return re.compile(written + _TIME, re.ASCII)


def _not_an_amount() -> CellError:
    return CellError("not_an_amount", "不是金额。", "Is not an amount.")


def _not_a_date() -> CellError:
    return CellError("not_a_date", "不是所定格式的日期。", "Is not a date of the stated format.")
