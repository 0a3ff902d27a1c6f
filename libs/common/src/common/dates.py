"""Business dates and instants: one clock, one business time zone (Asia/Shanghai).

A *date* is what the business wrote on the voucher (`_on`); an *instant* is when the machine did it (`_at`).
Rules never read the clock; services do, through this module, and hand the value in.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from common.validation import field_error

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2200

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)


def now_utc() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def today_in_shanghai() -> date:
    """Return today's business date: the calendar day in Asia/Shanghai, whatever the machine's zone."""
    return datetime.now(SHANGHAI).date()


def midnight_after(day: date) -> datetime:
    """Return the instant at which a business day is over, in Asia/Shanghai."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


def month_code(day: date) -> str:
    """Return the month a day belongs to as ``YYYY-MM``."""
    return f"{day.year:04d}-{day.month:02d}"


def next_month(code: str) -> str:
    """Return the month after ``YYYY-MM``: ``"2026-12"`` becomes ``"2027-01"``."""
    year, month = int(code[:4]), int(code[5:])
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def parse_business_date(value: object) -> date:
    """Read a ``YYYY-MM-DD`` text (or a date) between 1900 and 2200; anything else raises a field error.

    Numbers are refused: a reader would take 20260101 for a date and the machine for seconds since 1970.
    """
    if isinstance(value, datetime):
        raise _not_a_date()
    if isinstance(value, date):
        parsed = value
    elif isinstance(value, str) and _DATE.fullmatch(value):
        try:
            parsed = date.fromisoformat(value)
        except ValueError:
            raise _not_a_date() from None
    else:
        raise _not_a_date()
    if not FIRST_YEAR <= parsed.year <= LAST_YEAR:
        raise field_error(
            "date_out_of_range",
            f"日期须在 {FIRST_YEAR} 年至 {LAST_YEAR} 年之间。",
            f"The date must lie between {FIRST_YEAR} and {LAST_YEAR}.",
        )
    return parsed


def parse_month(value: object) -> str:
    """Read a month as ``YYYY-MM`` between 1900 and 2200; anything else raises a field error."""
    if not (isinstance(value, str) and _MONTH.fullmatch(value)) or not FIRST_YEAR <= int(value[:4]) <= LAST_YEAR:
        raise field_error("not_a_month", "须为 YYYY-MM 形式的月份。", "Must be a month written as YYYY-MM.")
    return value


def _not_a_date() -> Exception:
    return field_error("not_a_date", "须为 YYYY-MM-DD 形式的有效日期。", "Must be a real date written as YYYY-MM-DD.")


class _DateSchema:
    """Documents the date as a text of format date, whatever the validator's own schema."""

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string",
            "format": "date",
            "pattern": "^(19[0-9]{2}|2[01][0-9]{2}|2200)-[0-9]{2}-[0-9]{2}$",
            "description": "A business date (Asia/Shanghai), YYYY-MM-DD. 业务日期。",
        }


BusinessDate = Annotated[date, BeforeValidator(parse_business_date), _DateSchema()]
"""A date on the wire: a ``YYYY-MM-DD`` text, 1900 to 2200. Answers print it the same way."""

Month = Annotated[
    str,
    BeforeValidator(parse_month),
    WithJsonSchema({"type": "string", "pattern": "^(19[0-9]{2}|2[01][0-9]{2}|2200)-(0[1-9]|1[0-2])$"}),
]
"""A month on the wire: ``YYYY-MM``."""
