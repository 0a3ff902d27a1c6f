"""Requests nobody may make: of a wrong shape, about something there is not, with a word too many. All are refused and change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from tests.support.whole_model import chance as st
from tests.support.whole_model.book import Book
from tests.support.whole_model.operation import Ids, Json, Operation, Request, Terms

_NOBODY = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"
_DAY = "2021-12-10"
_PAID: Json = {"amount_fen": 5, "effective_on": _DAY, "payee_ref": "p", "purpose": "用途"}
_BODIES: dict[str, Json] = {
    "/funds/health/receipts": {"amount_fen": 5, "source": "county", "effective_on": _DAY},
    "/funds/health/allotments": {"amount_fen": 5, "fiscal_year": 2021, "effective_on": _DAY, "authority": "文"},
    "/funds/health/payments": _PAID,
    "/funds/health/advances": _PAID,
    "/funds/repair/project-stages": _PAID | {"retention_fen": 1},
    "/encumbrances": {"fund": "health", "amount_fen": 5, "fiscal_year": 2021, "purpose": "用途", "effective_on": _DAY},
    "/fund-transfers/settlements": {"item": _NOBODY, "amount_fen": 5, "effective_on": _DAY},
}
_SPOILED: tuple[Json, ...] = (
    {"amount_fen": -5},
    {"amount_fen": 0},
    {"amount_fen": 1.5},
    {"amount_fen": "5"},
    {"amount_fen": 10**15 + 1},
    {"amount_fen": None},
    {"effective_on": "2021-02-30"},
    {"effective_on": None},
    {"more": "than asked"},
    {"period": "2021-14"},
)
_ABSENT: dict[str, tuple[str, Json]] = {
    "/funds/nowhere/receipts": ("not_found", _BODIES["/funds/health/receipts"]),
    "/fund-transfers/settlements": ("not_found", _BODIES["/fund-transfers/settlements"]),
    f"/encumbrances/{_NOBODY}/release": ("not_found", {"effective_on": _DAY}),
    f"/encumbrances/{_NOBODY}/liquidations": ("not_found", {"amount_fen": 5, "payee_ref": "p", "effective_on": _DAY}),
    f"/encumbrances/{_NOBODY}/extension": ("not_found", {"expires_at": "2160-01-01T00:00:00Z", "reason": "展期"}),
    f"/journal-entries/{_NOBODY}/reversal": ("not_found", {"effective_on": _DAY, "reason": "误"}),
    f"/proposals/{_NOBODY}/approval": ("not_found", {}),
    f"/proposals/{_NOBODY}/withdrawal": ("not_found", {}),
    "/funds/insurance/pool-fees": (
        "not_found",
        {"item": _NOBODY, "payouts_fen": 5, "fee_bp": 100, "purpose": "p", "effective_on": _DAY},
    ),
    "/fiscal-years/2020/closing": ("not_found", {}),
    "/journal-entries": (
        "invalid_request",
        {
            "effective_on": _DAY,
            "description": "凭证",
            "postings": [
                {"fund": "health", "account": "1002", "side": "debit", "amount_fen": 5, "source": "gift"},
                {"fund": "health", "account": "4603", "side": "credit", "amount_fen": 5},
            ],
        },
    ),
    "/periods/2019-01/close": ("not_found", {}),
}


@dataclass(frozen=True, kw_only=True)
class Malformed(Operation):
    """A field of a good request is spoiled."""

    name: ClassVar[str] = "malformed"
    path: str
    spoiled: Json

    def request(self, book: Book, ids: Ids) -> Request:
        del book, ids
        body = {name: value for name, value in (_BODIES[self.path] | self.spoiled).items() if value is not None}
        return Request(self.path, body, "li", self.terms.dry)

    def apply(self, book: Book) -> str:
        del book
        return "invalid_request"


@dataclass(frozen=True, kw_only=True)
class Absent(Operation):
    """A good request about what the book does not have, or does not let anybody name."""

    name: ClassVar[str] = "absent"
    path: str

    def request(self, book: Book, ids: Ids) -> Request:
        del book, ids
        return Request(self.path, _ABSENT[self.path][1], "wang", self.terms.dry)

    def apply(self, book: Book) -> str:
        del book
        return _ABSENT[self.path][0]


_DRY = st.sampled_from((Terms(), Terms(), Terms(dry=True)))
STRATEGIES: dict[str, st.Chance[Any]] = {
    "malformed": st.builds(
        Malformed, path=st.sampled_from(tuple(_BODIES)), spoiled=st.sampled_from(_SPOILED), terms=_DRY
    ),
    "absent": st.builds(Absent, path=st.sampled_from(tuple(_ABSENT)), terms=_DRY),
}
