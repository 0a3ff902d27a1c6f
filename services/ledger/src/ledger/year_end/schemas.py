"""Wire types of a year's end."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, field_validator

from common.money import SignedFen
from common.text import PlainLine
from common.validation import field_error
from common.web import Wire, example
from ledger.journal.schemas import PROPOSAL_EXAMPLE, AskedIn, ProposalOut

Treatment = Literal["lapse", "carry"]
BasisName = Literal["financial", "budgetary", "control"]


class YearEndIn(AskedIn):
    """Who closes a year or carries its budget forward. Date and period are given by the year: December 31, period 13."""

    model_config = example({"reference": "NZ-2026"})

    reference: PlainLine | None = None
    """The caller's own reference 外部单据号."""

    @field_validator("period", "if_available_at_least_fen")
    @classmethod
    def _not_of_one_fund(cls, said: object) -> None:
        if said is not None:
            raise field_error(
                "not_applicable",
                "年末业务的期间由年度决定，且涉及所有基金，不能给出此项。",
                "The year gives the period, and all funds are meant: this cannot be said here.",
            )


class YearEndEntryOut(Wire):
    """An entry of the year's end; read it whole under its id."""

    id: UUID
    seq: int
    kind: str
    fund: str
    period: str
    voucher_type: str
    voucher_number: int
    effective_on: date
    lines: int
    """Number of its lines 分录行数."""
    debit_fen: int
    """Sum of its debits over all bases 借方合计."""
    hash: str
    position: int


_ENTRY = {
    "id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0",
    "seq": 907,
    "kind": "year_end_closing",
    "fund": "repair",
    "period": "2026-13",
    "voucher_type": "转",
    "voucher_number": 3,
    "effective_on": "2026-12-31",
    "lines": 12,
    "debit_fen": 960_000_000,
    "hash": "9f2c7d0e5b1a4c3d8e7f60514233445566778899aabbccddeeff001122334455",
    "position": 1_041,
}


class YearEndOut(Wire):
    """What was booked at the end of a year 年末结转, or waits for a second person."""

    model_config = example(
        {
            "fiscal_year": 2026,
            "period": "2026-13",
            "nothing_left": False,
            "entries": [_ENTRY],
            "proposals": [],
        }
    )

    fiscal_year: int
    period: str
    nothing_left: bool
    """True if there was nothing to be booked: everything had been done 已无可结转."""
    entries: list[YearEndEntryOut]
    proposals: list[ProposalOut]
    """What waits for a second person 待复核."""


class YearEndProposedOut(YearEndOut):
    """The same, where the book asks for a second person."""

    model_config = example(
        {
            "fiscal_year": 2026,
            "period": "2026-13",
            "nothing_left": False,
            "entries": [],
            "proposals": [PROPOSAL_EXAMPLE],
        }
    )


class CarryRule(Wire):
    """What becomes of a fund's budget at year-end 结转规则: it lapses, or the next year gets it."""

    fund: Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9_.]{0,63})$", max_length=64)]
    """The fund and those below it that no rule of their own names; `*` means every fund 基金."""
    available: Treatment
    """What is available, released encumbrances included 可用指标."""
    encumbered: Treatment
    """What is encumbered; an encumbrance held by an open item, or still owed after a return, is carried all the same 冻结指标."""


_RULES = {
    "rules": [
        {"fund": "*", "available": "lapse", "encumbered": "carry"},
        {"fund": "repair", "available": "carry", "encumbered": "carry"},
    ]
}


class CarryRulesIn(Wire):
    """All rules of the book; they replace the ones before. Without any, available lapses and encumbered carries."""

    model_config = example(_RULES)

    rules: Annotated[list[CarryRule], Field(max_length=500)]


class CarryRulesOut(Wire):
    """A version of the rules, with its place in the chain."""

    model_config = example({**_RULES, "set_by": "admin-1", "set_at": "2026-01-02T02:11:09.318204Z", "position": 10})

    rules: list[CarryRule]
    set_by: str
    set_at: AwareDatetime
    position: int


class CarryRulesHistory(Wire):
    """The rules in force, what holds where they say nothing, and every version there was, newest first."""

    model_config = example(
        {
            "rules": _RULES["rules"],
            "default": {"fund": "*", "available": "lapse", "encumbered": "carry"},
            "versions": [],
        }
    )

    rules: list[CarryRule]
    default: CarryRule
    versions: list[CarryRulesOut]


class CarriedFundOut(Wire):
    """What left a fund's budget of the year at its end, by purpose."""

    fund: str
    purpose_code: str | None
    available_lapsed_fen: int
    """Available that lapsed 注销可用指标."""
    available_carried_fen: int
    """Available that the next year got 结转可用指标."""
    encumbered_lapsed_fen: int
    """Encumbrances given back; what they gave back is then part of available 注销冻结指标."""
    encumbered_carried_fen: int
    """Encumbrances that the next year got 结转冻结指标."""


class CarriedEncumbranceOut(Wire):
    """What became of one encumbrance."""

    encumbrance: UUID
    fund: str
    purpose_code: str | None
    purpose: str
    reference: str | None
    outcome: Literal["lapsed", "carried"]
    amount_fen: int
    entry: UUID
    seq: int


class CarryForwardOut(Wire):
    """What became of a year's budget at its end 预算指标结转表."""

    model_config = example(
        {
            "fiscal_year": 2026,
            "seq": 912,
            "still_standing": 0,
            "still_standing_fen": 0,
            "funds": [
                {
                    "fund": "repair",
                    "purpose_code": None,
                    "available_lapsed_fen": 1_250_000,
                    "available_carried_fen": 0,
                    "encumbered_lapsed_fen": 0,
                    "encumbered_carried_fen": 3_000_000,
                }
            ],
            "items": [
                {
                    "encumbrance": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0",
                    "fund": "repair",
                    "purpose_code": None,
                    "purpose": "村级道路养护",
                    "reference": "HT-2026-17",
                    "outcome": "carried",
                    "amount_fen": 3_000_000,
                    "entry": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f1",
                    "seq": 911,
                }
            ],
            "next_cursor": None,
        }
    )

    fiscal_year: int
    seq: int
    still_standing: int
    """How many encumbrances of the year still wait to be decided 尚未处理的冻结笔数."""
    still_standing_fen: int
    funds: list[CarriedFundOut]
    items: list[CarriedEncumbranceOut]
    next_cursor: str | None


class YearEndLineOut(Wire):
    """One balance at the turn of the year; debit minus credit."""

    fund: str
    account: str
    basis: BasisName
    name_zh: str
    name_en: str
    budget_year: int | None
    source: str | None
    purpose_code: str | None
    closing_fen: SignedFen
    """At the end of December 31, the adjusting period included 年末余额."""
    opening_fen: SignedFen
    """Before January 1, computed by another path 年初余额."""
    equal: bool


class YearEndBalancesOut(Wire):
    """Closing and next opening balances, account by account 年末年初余额对照表."""

    model_config = example(
        {
            "fiscal_year": 2026,
            "closing_on": "2026-12-31",
            "opening_on": "2027-01-01",
            "seq": 912,
            "equal": True,
            "items": [
                {
                    "fund": "repair",
                    "account": "1002",
                    "basis": "financial",
                    "name_zh": "银行存款",
                    "name_en": "Bank deposits",
                    "budget_year": None,
                    "source": "county",
                    "purpose_code": None,
                    "closing_fen": 51_200_000,
                    "opening_fen": 51_200_000,
                    "equal": True,
                }
            ],
        }
    )

    fiscal_year: int
    closing_on: date
    opening_on: date
    seq: int
    equal: bool
    items: list[YearEndLineOut]
