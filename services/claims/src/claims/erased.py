"""People who were erased: the database refuses to take down anything new of them, and this says so in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError

from claims.problems import PERSONAL_DATA_ERASED
from common.database import sqlstate

_OF_THE_ERASED: Final = "FP123"


@contextmanager
def erased_named() -> Iterator[None]:
    """Raise `personal_data_erased` where the database refuses to write of somebody who was erased."""
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) == _OF_THE_ERASED:
            raise PERSONAL_DATA_ERASED.error() from error
        raise
