"""What an exception on the way to the database means for the requests of the group: try again, give up for now, or look for the culprit.

Owns the mapping of the database's own refusals (SQLSTATE class FP, docs/adr/0003) to problems. No I/O.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

import asyncpg
import orjson

from common.database import sqlstate
from common.errors import INTERNAL, INVALID_REQUEST, Problem
from ledger import problems


class Fault(Enum):
    """What to do about a failed attempt."""

    LOST = auto()
    """The connection, or the outcome of the commit, is lost: look the keys up under the lock and go on."""
    BUSY = auto()
    """The database took too long: answer 503, the caller tries again."""
    REFUSED = auto()
    """Something in the group cannot be written: find it, spare its neighbours."""


# 25006: the server has become a standby; a new connection may reach the one that took over.
_AGAIN: Final = frozenset({"40001", "40P01", "25006", "25P03", "25P04", "57P01", "57P02", "57P03", "57P04"})
_BUSY: Final = frozenset({"55P03", "57014"})
_OUT_OF_RANGE: Final = "22003"
# A text or a number that JSON or the driver cannot carry: lone surrogates, integers beyond 64 bits.
_UNWRITABLE: Final = (UnicodeError, asyncpg.DataError, orjson.JSONEncodeError)

_DATABASE_REFUSALS: Final = {
    "FP003": problems.UNKNOWN_ACCOUNT,
    "FP004": problems.UNBALANCED_ENTRY,
    "FP006": problems.INSUFFICIENT_FUNDS,
    "FP007": problems.PERIOD_CLOSED,
    "FP012": problems.AMOUNT_EXCEEDS_REMAINING,
    "FP017": problems.COUNTERPART_MISSING,
    "FP018": problems.PURPOSE_NOT_ALLOWED,
    "FP020": problems.PROPOSAL_NOT_WAITING,
    _OUT_OF_RANGE: problems.AMOUNT_OUT_OF_RANGE,
}


def classify(error: Exception) -> Fault:
    """Say what a failed attempt means. Whatever is not the connection's fault is something the group carries."""
    code = sqlstate(error)
    if code is not None:
        if code in _BUSY:
            return Fault.BUSY
        if code in _AGAIN or code[:2] in {"08", "53", "58"}:
            return Fault.LOST
        return Fault.REFUSED
    if isinstance(error, ValueError):  # the driver could not encode a value
        return Fault.REFUSED
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError | OSError | TimeoutError):
        return Fault.LOST
    return Fault.REFUSED


def problem_for(error: Exception) -> Problem:
    """Return what to answer to the one request the database, or our own code, refused unexpectedly."""
    code = sqlstate(error)
    if code in _DATABASE_REFUSALS:
        return _DATABASE_REFUSALS[code].error()
    if (code is not None and code.startswith("22")) or isinstance(error, _UNWRITABLE):
        return INVALID_REQUEST.error()
    return INTERNAL.error()
