"""What a new book must satisfy, and what the first record of its chain says. Pure."""

from collections.abc import Sequence

from common.errors import INVALID_REQUEST, FieldError, Problem
from ledger.accounts.chart import ChartAccount
from ledger.books.starting_funds import StartingFunds
from ledger.journal.drafts import Json

EARLIEST_FIRST_PERIOD = "2000-01"
"""No prevention fund is older; an earlier month is a slip of the keyboard [assumed]."""


def first_period_problem(first_period: str, current_month: str) -> Problem | None:
    """Return why a book cannot begin in this month (``YYYY-MM``), or nothing."""
    if first_period > current_month:
        error = FieldError(
            "first_period",
            "in_the_future",
            "启用月份不得晚于本月。",
            "The first month must not be after the current one.",
        )
    elif first_period < EARLIEST_FIRST_PERIOD:
        error = FieldError(
            "first_period",
            "too_early",
            f"启用月份不得早于 {EARLIEST_FIRST_PERIOD}。",
            f"The first month must not be before {EARLIEST_FIRST_PERIOD}.",
        )
    else:
        return None
    return INVALID_REQUEST.error("first_period", errors=(error,))


def book_content(
    code: str, name: str, first_period: str, created_by: str, funds: StartingFunds, chart: Sequence[ChartAccount]
) -> dict[str, Json]:
    """Return what the chain keeps of a new book: its code, name, first month, seven funds and chart of accounts."""
    return {
        "code": code,
        "name": name,
        "first_period": first_period,
        "created_by": created_by,
        "funds": [fund_content(position, funds) for position in range(1, len(funds.funds) + 1)],
        "accounts": [account_content(one) for one in chart],
    }


def fund_content(position: int, funds: StartingFunds) -> dict[str, Json]:
    """Return one of the seven funds as a chain record and the fund's row state it; positions count from 1."""
    fund = funds.funds[position - 1]
    return {
        "code": fund.code,
        "parent": None,
        "category": fund.category,
        "name_zh": fund.name_zh,
        "name_en": fund.name_en,
        "source_order": list(funds.source_order),
        "position": position,
    }


def account_content(account: ChartAccount) -> dict[str, Json]:
    """Return a chart account as a chain record states it."""
    return {
        "code": account.code,
        "basis": account.basis,
        "normal_side": account.normal_side,
        "guarded": account.guarded,
        "name_zh": account.name_zh,
        "name_en": account.name_en,
    }
