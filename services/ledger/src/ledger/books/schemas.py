"""Wire types of books."""

from typing import Literal

from pydantic import AwareDatetime

from common.dates import Month
from common.text import BookCode, PlainLine
from common.web import Wire, example


class BookIn(Wire):
    """A new book 账套."""

    model_config = example({"code": "610923", "name": "宁陕县防贫基金账套", "first_period": "2026-01"})

    code: BookCode
    name: PlainLine
    first_period: Month
    """The first month of the book 启用月份; not after the current month, not before 2000-01."""


class BookFundOut(Wire):
    """One of a book's funds without a parent."""

    code: str
    category: str
    name_zh: str
    name_en: str
    source_order: list[str]
    """In which order a payment that names no source draws on the fund's money."""


class BookAccountOut(Wire):
    """An account every fund of the book has."""

    code: str
    name_zh: str
    name_en: str
    basis: Literal["financial", "budgetary", "control"]
    normal_side: Literal["debit", "credit"]


class BookOut(Wire):
    """A book with its funds without a parent and its chart of accounts."""

    model_config = example(
        {
            "code": "610923",
            "name": "宁陕县防贫基金账套",
            "first_period": "2026-01",
            "hash_suite": "sha256",
            "created_at": "2026-01-02T01:30:00.000000Z",
            "funds": [
                {
                    "code": "repair",
                    "category": "repair",
                    "name_zh": "设施维护防贫基金",
                    "name_en": "Upkeep of facilities",
                    "source_order": ["central", "province", "city", "county", "donation", "interest"],
                }
            ],
            "accounts": [
                {
                    "code": "1002",
                    "name_zh": "银行存款",
                    "name_en": "Bank deposits",
                    "basis": "financial",
                    "normal_side": "debit",
                }
            ],
        }
    )

    code: str
    name: str
    first_period: str
    hash_suite: str
    created_at: AwareDatetime
    funds: list[BookFundOut]
    accounts: list[BookAccountOut]
