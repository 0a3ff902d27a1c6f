"""The id of the request being served: carried in a context variable, shown in answers, logs and problems."""

import re
from contextvars import ContextVar
from typing import Final

from common.ids import uuid7
from common.personal_data import personal_data_in

_SANE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Return the id of the request this code runs for, or None outside a request."""
    return _current.get()


def begin_request(offered: str | None) -> str:
    """Take the caller's id if it is sane (8 to 64 letters, digits, ``._-``), else make one; remember it."""
    request_id = offered if offered is not None and _is_sane(offered) else str(uuid7())
    _current.set(request_id)
    return request_id


def _is_sane(offered: str) -> bool:
    # An id stands in every log line: one that looks like a person's number must not get there.
    return _SANE.fullmatch(offered) is not None and personal_data_in(offered) is None
