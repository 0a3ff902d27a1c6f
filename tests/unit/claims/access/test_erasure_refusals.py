"""What the database refuses of an erasure is said in words, never as a fault of the service."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from claims.access.erasure import refusal
from common.errors import Problem


class DatabaseRefusalError(Exception):
    """As the driver raises it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("state", "code", "status"),
    [("FP120", "claims_unfinished", 409), ("FP121", "household_monitored", 409), ("FP122", "unavailable", 503)],
)
def test_each_refusal_of_the_database_has_its_problem(state: str, code: str, status: int) -> None:
    told = refusal(DBAPIError("INSERT", None, DatabaseRefusalError(state)))
    assert isinstance(told, Problem)
    assert (told.code, told.status) == (code, status)
