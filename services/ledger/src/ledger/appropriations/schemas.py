"""Wire types of purposes, versions of the budget, transfers between funds, and budget against actual."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.dates import BusinessDate
from common.money import MAX_FEN, Fen, SignedFen
from common.text import PlainLine, PlainText
from common.web.openapi import example
from common.wire import Wire
from ledger.funds.schemas import EntryBrief, FiscalYear, FundAfter, FundCode, PurposeCode, Source, VoucherIn
from ledger.journal.schemas import AnySource

Code = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z0-9_]*$", description="Code of the purpose. 用途代码。")]
EntryKind = Annotated[str, Field(max_length=40, pattern=r"^[a-z][a-z_]{1,39}$")]
VersionKind = Literal["original", "amended", "moved"]


class PurposeIn(Wire):
    """A purpose under a fund 指标用途, or a new version of it: whose budget only what it allows may draw on."""

    model_config = example(
        {
            "fund": "employment",
            "code": "welfare_wages",
            "name_zh": "公益岗位工资",
            "name_en": "Wages of welfare posts",
            "kinds": ["welfare_wage"],
            "sources": ["central", "province"],
        }
    )

    fund: FundCode
    code: Code
    name_zh: PlainLine
    name_en: PlainLine | None = None
    """The English name; the Chinese one if not given."""
    kinds: Annotated[list[EntryKind], Field(max_length=100)] = Field(default_factory=list)
    """The kinds of entry that may spend it; none named means any 可列支的业务种类."""
    sources: Annotated[list[AnySource], Field(max_length=10)] = Field(default_factory=list)
    """The sources of money that may pay for it; none named means any 可列支的资金来源."""


class PurposeOut(Wire):
    """A purpose as it stands."""

    model_config = example(
        {
            "fund": "employment",
            "code": "welfare_wages",
            "name_zh": "公益岗位工资",
            "name_en": "Wages of welfare posts",
            "kinds": ["welfare_wage"],
            "sources": ["central", "province"],
            "set_by": "officer-1",
            "set_at": "2026-01-10T02:11:09.318204Z",
            "position": 31,
        }
    )

    fund: str
    code: str
    name_zh: str
    name_en: str
    kinds: list[str]
    sources: list[str]
    set_by: str
    set_at: AwareDatetime
    position: int
    """Position of its record in the chain."""


class ChangeIn(Wire):
    """What a version changes for one fund, or for one of its purposes."""

    fund: FundCode
    purpose_code: PurposeCode = None
    change_fen: Annotated[int, Field(strict=True, ge=-MAX_FEN, le=MAX_FEN)]
    """More (positive) or less 增减额（分）; not zero."""


_VERSION: dict[str, object] = {
    "fiscal_year": 2026,
    "kind": "original",
    "authority": "宁陕县人民代表大会",
    "document": "宁财预〔2026〕1号",
    "decided_on": "2026-01-10",
    "effective_on": "2026-01-12",
    "lines": [
        {"fund": "health", "purpose_code": None, "change_fen": 90_000_000},
        {"fund": "employment", "purpose_code": "welfare_wages", "change_fen": 80_000_000},
    ],
}


class VersionIn(VoucherIn):
    """A version of a fiscal year's budget 预算版本: the original, an amendment, or a move between funds or purposes."""

    model_config = example(_VERSION)

    fiscal_year: FiscalYear
    kind: VersionKind
    authority: PlainLine
    """Who decided 批准机关."""
    document: PlainLine
    """The document it stands in 批准文号."""
    decided_on: BusinessDate
    lines: Annotated[list[ChangeIn], Field(min_length=1, max_length=100)]


class ChangeOut(Wire):
    """What a version changed."""

    fund: str
    purpose_code: str | None
    change_fen: SignedFen


class VersionOut(Wire):
    """A version of the budget, with the entry that booked it."""

    model_config = example(
        {
            **_VERSION,
            "version": 1,
            "prepared_by": "officer-1",
            "reviewed_by": None,
            "entry": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0",
            "seq": 12,
            "position": 20,
        }
    )

    fiscal_year: int
    version: int
    """Counts the year's versions without gaps, from 1."""
    kind: VersionKind
    authority: str
    document: str
    decided_on: BusinessDate
    effective_on: BusinessDate
    lines: list[ChangeOut]
    prepared_by: str
    reviewed_by: str | None
    entry: UUID
    seq: int
    position: int


class TransferIn(VoucherIn):
    """Money and budget of one fund for another 基金间调剂. Always needs a second person."""

    model_config = example(
        {
            "from_fund": "industry",
            "to_fund": "health",
            "amount_fen": 5_000_000,
            "fiscal_year": 2026,
            "settled_by": "cash",
            "authority": "宁财农〔2026〕45号",
            "reason": "大病垫付资金不足",
            "effective_on": "2026-08-10",
        }
    )

    from_fund: FundCode
    to_fund: FundCode
    amount_fen: Fen
    fiscal_year: FiscalYear
    settled_by: Literal["cash", "due"] = "cash"
    """In cash now, or owed and settled later 现金调剂 or 挂账."""
    source: Source | None = None
    """With ``cash``: the source that bears it; without one, the giver's order of sources does."""
    from_purpose_code: PurposeCode = None
    to_purpose_code: PurposeCode = None
    authority: PlainLine
    """Who decided, e.g. the document's number 批准依据."""
    reason: PlainText


class SettlementIn(VoucherIn):
    """The cash of an earlier transfer 基金间往来清偿, in part or whole."""

    model_config = example(
        {"item": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0", "amount_fen": 5_000_000, "effective_on": "2026-09-10"}
    )

    item: UUID
    """The open item ``fund_due`` of the fund that is owed."""
    amount_fen: Fen
    source: Source | None = None


_BRIEF: dict[str, object] = {
    "id": "01957c6e-9a77-7d21-8c55-6b1f0e2d3c4b",
    "seq": 412,
    "kind": "fund_transfer",
    "period": "2026-08",
    "voucher_type": "记",
    "voucher_number": 17,
    "effective_on": "2026-08-10",
    "posted_at": "2026-08-10T03:12:45.120301Z",
    "hash": "9f2c7d0e5b1a4c3d8e7f60514233445566778899aabbccddeeff001122334455",
}


class TransferPosted(Wire):
    """The entry of a transfer, the figures of both funds after it, and what is still owed of it."""

    model_config = example(
        {
            **{name: _BRIEF[name] for name in ("id", "seq", "voucher_number", "hash")},
            "entry": _BRIEF,
            "funds": [],
            "item": None,
            "owed_fen": 0,
        }
    )

    id: UUID
    seq: int
    voucher_number: int
    hash: str
    entry: EntryBrief
    funds: list[FundAfter]
    item: UUID | None
    """The open item, if it is owed."""
    owed_fen: SignedFen


class BudgetLine(Wire):
    """Budget against actual of a fund or one of its purposes, at a date."""

    fund: str
    purpose_code: str | None
    name_zh: str
    original_fen: SignedFen
    amended_fen: SignedFen
    moved_fen: SignedFen
    other_fen: SignedFen
    """Allotments, transfers between funds and carry-forwards outside the versions 其他增减."""
    budget_fen: SignedFen
    """What is in force: all of these together 调整预算数."""
    encumbered_fen: SignedFen
    expended_fen: SignedFen
    available_fen: SignedFen
    execution_bp: int | None
    """Expended of the budget in basis points, half rounded up; nothing without a budget 执行率（万分之一）."""


class BudgetVsActual(Wire):
    """Budget against actual 预算执行情况 of a fiscal year at a date."""

    model_config = example(
        {
            "fiscal_year": 2026,
            "as_of": "2026-06-30",
            "seq": 412,
            "items": [
                {
                    "fund": "health",
                    "purpose_code": None,
                    "name_zh": "健康保障防贫基金",
                    "original_fen": 90_000_000,
                    "amended_fen": 5_000_000,
                    "moved_fen": 0,
                    "other_fen": 0,
                    "budget_fen": 95_000_000,
                    "encumbered_fen": 4_500_000,
                    "expended_fen": 19_000_000,
                    "available_fen": 71_500_000,
                    "execution_bp": 2_000,
                }
            ],
        }
    )

    fiscal_year: int
    as_of: BusinessDate
    seq: int
    items: list[BudgetLine]
