"""Wire types of funds and of the typed operations on them."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.dates import BusinessDate
from common.money import Fen, SignedFen
from common.text import PlainLine
from common.web.openapi import example
from common.wire import Wire
from ledger.journal.schemas import AskedIn

Source = Literal["central", "province", "city", "county", "donation", "interest"]
FiscalYear = Annotated[
    int, Field(ge=1900, le=2200, description="Budget year whose allotment is meant. 预算年度。", examples=[2026])
]
FundCode = Annotated[
    str,
    Field(
        max_length=64,
        pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)*$",
        description="Code of a fund or sub-fund; a sub-fund's code extends its parent's. 基金代码。",
        examples=["repair.overhaul.c01"],
    ),
]
AccountCode = Annotated[
    str, Field(max_length=20, pattern=r"^[0-9a-z]+$", description="Code of an account of the chart. 科目代码。")
]
PurposeCode = Annotated[
    str | None,
    Field(
        max_length=40,
        pattern=r"^[a-z][a-z0-9_]*$",
        description="The purpose whose budget is meant; without one, the fund's general budget. 指标用途代码。",
    ),
]
PayeeRef = Annotated[
    PlainLine,
    Field(description="Opaque reference to the payee, never a name or number of a person. 收款方引用号。"),
]
Reference = Annotated[
    PlainLine | None, Field(description="The caller's own reference, e.g. a document number. 外部单据号。")
]


_HASH = "9f2c7d0e5b1a4c3d8e7f60514233445566778899aabbccddeeff001122334455"


class VoucherIn(AskedIn):
    """What every typed operation says besides its money."""

    effective_on: BusinessDate
    reference: Reference = None


class ReceiptIn(VoucherIn):
    """Money arriving in a fund 到账."""

    model_config = example(
        {"amount_fen": 500_000_000, "source": "central", "effective_on": "2026-01-12", "reference": "JK-2026-0007"}
    )

    amount_fen: Fen
    source: Source


class PaymentIn(VoucherIn):
    """A payment without a prior encumbrance 直接支付."""

    model_config = example(
        {
            "amount_fen": 1_200_000,
            "effective_on": "2026-03-05",
            "payee_ref": "vendor-0193",
            "purpose": "村级水管维修",
            "source": "county",
            "reference": "ZF-2026-0031",
        }
    )

    amount_fen: Fen
    payee_ref: PayeeRef
    purpose: PlainLine
    source: Source | None = None
    """The source that bears it; without one, the fund's order of sources does. 资金来源，缺省时按基金的来源顺序分摊。"""
    fiscal_year: FiscalYear | None = None
    """The budget year it draws on; the year of effective_on if not given."""
    purpose_code: PurposeCode = None


class CorrectionIn(VoucherIn):
    """Taking an operation back by a red entry 红字冲销."""

    model_config = example({"effective_on": "2026-03-06", "reason": "金额录入错误"})

    reason: PlainLine


class OpeningLineIn(Wire):
    """One balance taken over from the old system."""

    fund: FundCode
    account: AccountCode
    side: Literal["debit", "credit"]
    amount_fen: Fen
    source: Source | None = None
    """Of cash (1002) and expended only; without one the money stands at no source."""
    budget_year: FiscalYear | None = None
    """Of control accounts only; the year of effective_on if not given."""
    memo: PlainLine | None = None


class OpeningIn(VoucherIn):
    """Opening balances 期初余额 of one or more funds, balanced within each fund, basis and budget year; once per fund."""

    model_config = example(
        {
            "effective_on": "2026-01-01",
            "lines": [
                {"fund": "health", "account": "1002", "side": "debit", "amount_fen": 90_000_000, "source": "county"},
                {"fund": "health", "account": "3001", "side": "credit", "amount_fen": 90_000_000},
                {"fund": "health", "account": "8001", "side": "debit", "amount_fen": 90_000_000},
                {"fund": "health", "account": "8101", "side": "credit", "amount_fen": 90_000_000},
            ],
        }
    )

    lines: Annotated[list[OpeningLineIn], Field(min_length=2, max_length=1000)]


class FundIn(Wire):
    """A new sub-fund 子基金."""

    model_config = example(
        {
            "code": "repair.overhaul",
            "parent": "repair",
            "name_zh": "易地搬迁社区大修基金",
            "name_en": "Overhaul funds of relocation communities",
        }
    )

    code: FundCode
    parent: FundCode
    name_zh: PlainLine
    name_en: PlainLine | None = None
    """The English name; the Chinese one if not given."""


class Figures(Wire):
    """What a fund and everything below it was allotted, has reserved, has spent, may still use, and has in the bank."""

    allotted_fen: SignedFen
    encumbered_fen: SignedFen
    expended_fen: SignedFen
    available_fen: SignedFen
    cash_fen: SignedFen
    """Over all sources and years: money has no year."""
    as_of_seq: int
    """The last entry of the book these figures contain."""


class FundOut(Figures):
    """A fund with its figures; a parent's contain those of every fund below it."""

    model_config = example(
        {
            "code": "repair",
            "parent": None,
            "category": "repair",
            "name_zh": "设施维护防贫基金",
            "name_en": "Upkeep of facilities",
            "fiscal_year": 2026,
            "allotted_fen": 800_000_000,
            "encumbered_fen": 20_000_000,
            "expended_fen": 80_000_000,
            "available_fen": 700_000_000,
            "cash_fen": 720_000_000,
            "as_of": "2026-03-31",
            "as_of_seq": 412,
        }
    )

    code: str
    parent: str | None
    category: str
    name_zh: str
    name_en: str
    fiscal_year: int | None
    """The budget year of the figures; null means all years together."""
    as_of: date
    """The figures contain entries effective up to the end of this day. 截止日期。"""


class FundCreated(Wire):
    """A sub-fund as it was created, with its place in the chain."""

    model_config = example(
        {
            "code": "repair.overhaul",
            "parent": "repair",
            "category": "repair",
            "name_zh": "易地搬迁社区大修基金",
            "name_en": "Overhaul funds of relocation communities",
            "source_order": ["central", "province", "city", "county", "donation", "interest"],
            "position": 9,
            "chain_position": 57,
            "hash": _HASH,
        }
    )

    code: str
    parent: str
    category: str
    name_zh: str
    name_en: str
    source_order: list[str]
    position: int
    """Its place among the book's funds."""
    chain_position: int
    """The position of the chain record that tells of it."""
    hash: str
    """The hash of that record."""


class FundAfter(Figures):
    """A fund's figures right after an entry."""

    code: str
    fiscal_year: int


class EntryBrief(Wire):
    """Where an entry stands in the book."""

    id: UUID
    seq: int
    kind: str
    period: str
    voucher_type: str
    voucher_number: int
    effective_on: BusinessDate
    posted_at: AwareDatetime
    hash: str


class WarningOut(Wire):
    """Something allowed that somebody should look at."""

    code: Literal["allotment_exceeds_cash"]
    detail_zh: str
    detail_en: str
    unspent_fen: SignedFen
    cash_fen: SignedFen


POSTED_EXAMPLE: dict[str, object] = {
    "id": "01957c6e-9a77-7d21-8c55-6b1f0e2d3c4b",
    "seq": 412,
    "voucher_number": 17,
    "hash": _HASH,
    "entry": {
        "id": "01957c6e-9a77-7d21-8c55-6b1f0e2d3c4b",
        "seq": 412,
        "kind": "liquidation",
        "period": "2026-03",
        "voucher_type": "记",
        "voucher_number": 17,
        "effective_on": "2026-03-09",
        "posted_at": "2026-03-09T03:12:45.120301Z",
        "hash": _HASH,
    },
    "fund": {
        "code": "insurance",
        "fiscal_year": 2026,
        "allotted_fen": 80_000_000,
        "encumbered_fen": 2_000_000,
        "expended_fen": 8_000_000,
        "available_fen": 70_000_000,
        "cash_fen": 72_000_000,
        "as_of_seq": 412,
    },
    "warnings": [],
}


class Posted(Wire):
    """The entry an operation made, and the fund's figures after it."""

    model_config = example({**POSTED_EXAMPLE})

    id: UUID
    """The entry's id."""
    seq: int
    voucher_number: int
    hash: str
    entry: EntryBrief
    fund: FundAfter
    warnings: list[WarningOut]


class OpeningPosted(Wire):
    """The entry that took the opening balances over, and the figures of each of its funds after it."""

    model_config = example(
        {
            **{name: value for name, value in POSTED_EXAMPLE.items() if name not in {"fund", "warnings"}},
            "funds": [POSTED_EXAMPLE["fund"]],
        }
    )

    id: UUID
    seq: int
    voucher_number: int
    hash: str
    entry: EntryBrief
    funds: list[FundAfter]
