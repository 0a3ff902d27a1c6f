"""Wire types of journal entries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic_core import CoreSchema, core_schema

from common.dates import BusinessDate
from common.errors import PERSONAL_DATA_IN_TEXT
from common.money import Fen
from common.text import Code, PlainLine, PlainText, personal_data_in
from common.validation import field_error
from common.web import example
from common.wire import Wire

MOST_POSTINGS = 200
MOST_BULK_ENTRIES = 10_000
MOST_METADATA = 20
_EXACT = 2**53 - 1

Side = Literal["debit", "credit"]
Source = Literal["central", "province", "city", "county", "donation", "interest"]
AnySource = Literal["central", "province", "city", "county", "donation", "interest", "gift", "agency"]
"""With the tied sources: gifts for a purpose, money held for others."""
VoucherType = Literal["记", "收", "付", "转"]
MetadataKey = Annotated[str, Field(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
MetadataValue = bool | Annotated[int, Field(ge=-_EXACT, le=_EXACT)] | PlainLine
Sha256 = Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{64}$")]


def _without_personal_data(metadata: dict[str, str | int | bool]) -> dict[str, str | int | bool]:
    for key, value in metadata.items():
        if personal_data_in(key) or (isinstance(value, int) and personal_data_in(str(value))):
            problem = PERSONAL_DATA_IN_TEXT
            raise field_error(problem.code, problem.detail_zh, problem.detail_en)
    return metadata


class PostingIn(Wire):
    """One line of an entry 分录行."""

    fund: Code
    """Code of the fund or sub-fund 基金."""
    account: Code
    """Code of the account 科目."""
    side: Side
    """借 or 贷."""
    amount_fen: Fen
    source: Source | None = None
    """Source of the money 资金来源. A credit of 1002 without one is split over the fund's order of sources."""
    memo: PlainLine | None = None
    """A remark on the line 摘要; no personal data."""


_ENTRY_EXAMPLE = {
    "effective_on": "2026-03-05",
    "description": "支付村级道路养护费",
    "reference": "ZF-2026-0031",
    "postings": [
        {"fund": "repair", "account": "5001", "side": "debit", "amount_fen": 1_200_000},
        {"fund": "repair", "account": "1002", "side": "credit", "amount_fen": 1_200_000, "source": "county"},
        {"fund": "repair", "account": "7101", "side": "debit", "amount_fen": 1_200_000},
        {"fund": "repair", "account": "8001", "side": "credit", "amount_fen": 1_200_000},
    ],
}


PROPOSAL_EXAMPLE: dict[str, object] = {
    "id": "0198c5a2-9a77-7d21-8c55-6b1f0e2d3c4b",
    "status": "waiting",
    "operation": "payment",
    "kind": "payment",
    "funds": ["repair"],
    "amount_fen": 1_200_000,
    "period": "2026-03",
    "effective_on": "2026-03-05",
    "description": "直接支付：村级水管维修",
    "reference": "ZF-2026-0031",
    "prepared_by": "officer-1",
    "sent_by": "officer-1",
    "proposed_at": "2026-03-05T08:00:00.000000Z",
    "position": 40,
}


class AskedIn(Wire):
    """What every posting call says besides its entry: people, period and conditions."""

    period: Annotated[str, Field(strict=True, pattern=r"^[12][0-9]{3}-13$", examples=["2026-13"])] | None = None
    """The adjusting period 调整期 of the year, named explicitly, for an entry dated December 31; else the month of the date."""
    if_seq: Annotated[int, Field(strict=True, ge=0, le=_EXACT)] | None = None
    """Only if this is still the book's last entry 仅当账套最新序号为此值; else 412."""
    if_available_at_least_fen: Fen | None = None
    """Only if the fund's available of the year, all purposes together, is at least this 仅当可用指标不低于此值; else 412."""
    prepared_by: PlainLine | None = None
    """Who prepared it 制单, named by a service that acts for people (scope ledger:act_for)."""
    reviewed_by: PlainLine | None = None
    """Who reviewed it 审核, another person than who prepared it (scope ledger:act_for)."""


class EntryIn(AskedIn):
    """A free journal entry 记账凭证: balanced within every fund and basis, without control accounts."""

    model_config = example(_ENTRY_EXAMPLE)

    effective_on: BusinessDate
    description: PlainText
    """What the entry is about 摘要; no personal data."""
    postings: Annotated[list[PostingIn], Field(min_length=2, max_length=MOST_POSTINGS)]
    voucher_type: VoucherType = "记"
    """Voucher type 凭证字."""
    reference: PlainLine | None = None
    """The caller's own reference 外部单据号."""
    metadata: Annotated[
        dict[MetadataKey, MetadataValue], Field(max_length=MOST_METADATA), AfterValidator(_without_personal_data)
    ] = Field(default_factory=dict)
    """Further facts of the caller's own: texts, integers, booleans."""
    payee_ref: PlainLine | None = None
    """Opaque reference to the payee 收款方引用号."""
    non_budget: bool = False
    """The entry lowers cash without being budgetary 非预算事项."""
    non_budget_reason: PlainText | None = None
    """Why it is not budgetary; the description stands in where it is not given. Only together with ``non_budget``."""
    attachment_count: Annotated[int, Field(ge=0, le=9_999)] = 0
    """Number of attachments 附件张数."""
    attachment_hashes: Annotated[list[Sha256], Field(max_length=100)] = Field(default_factory=list)
    """SHA-256 of attachments kept elsewhere."""

    @field_validator("non_budget_reason")
    @classmethod
    def _only_with_non_budget(cls, reason: str | None, info: ValidationInfo) -> str | None:
        # A reason that would be dropped silently belongs to an entry that was meant otherwise.
        if reason is not None and info.data.get("non_budget") is False:
            raise field_error("without_non_budget", "仅可与 non_budget 同时给出。", "Only together with non_budget.")
        return reason


class BulkEntryIn(EntryIn):
    """A free journal entry of a bulk call, with the key that makes it happen once."""

    model_config = example({"idempotency_key": "2026-03/0031", **_ENTRY_EXAMPLE})

    idempotency_key: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class _EachByItself:
    """Documents a list's items as ``BulkEntryIn`` and validates none: each is judged by itself, so that one cannot fail the others."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return core_schema.list_schema(core_schema.any_schema(), min_length=1, max_length=MOST_BULK_ENTRIES)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        item = handler(BulkEntryIn.__pydantic_core_schema__)
        return {"type": "array", "items": item, "minItems": 1, "maxItems": MOST_BULK_ENTRIES}


class BulkIn(Wire):
    """Up to 10,000 entries. ``atomic``: all of them or none; otherwise each by itself."""

    model_config = example({"atomic": False, "entries": [{"idempotency_key": "2026-03/0031", **_ENTRY_EXAMPLE}]})

    judged_alone = frozenset({"entries"})

    entries: Annotated[list[object], _EachByItself()]
    atomic: bool = False


class ReversalIn(AskedIn):
    """The wish to take an entry back by a red entry 红字冲销."""

    model_config = example({"effective_on": "2026-03-09", "reason": "金额录入错误"})

    effective_on: BusinessDate
    reason: PlainText
    """Why; becomes the red entry's description. No personal data."""


class PostingOut(Wire):
    """One line of a posted entry. A red line counts negative in turnover."""

    line: int
    fund: str
    account: str
    side: Side
    amount_fen: int
    red: bool
    budget_year: int | None
    """The budget year a control account's amount belongs to 预算年度."""
    source: AnySource | None
    encumbrance: UUID | None
    memo: str | None
    purpose_code: str | None
    """The purpose 用途 a control account's amount belongs to."""
    item: UUID | None
    """The open item 往来明细 the line opens or settles."""


class EntryOut(Wire):
    """A posted entry. It never changes."""

    model_config = example(
        {
            "id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0",
            "seq": 31,
            "kind": "journal",
            "voucher_type": "记",
            "voucher_number": 12,
            "fiscal_year": 2026,
            "period": "2026-03",
            "effective_on": "2026-03-05",
            "posted_at": "2026-03-05T08:00:00.000000Z",
            "hash": "9f2c7d0e5b1a4c3d8e7f60514233445566778899aabbccddeeff001122334455",
            "position": 40,
            "description": "支付村级道路养护费",
            "reference": "ZF-2026-0031",
            "metadata": {},
            "payee_ref": None,
            "non_budget": False,
            "non_budget_reason": None,
            "red": False,
            "undoes": None,
            "prepared_by": "officer-1",
            "reviewed_by": None,
            "posted_by": "officer-1",
            "attachment_count": 0,
            "attachment_hashes": [],
            "postings": [
                {
                    "line": number,
                    "fund": "repair",
                    "account": account,
                    "side": side,
                    "amount_fen": 1_200_000,
                    "red": False,
                    "budget_year": None,
                    "source": "county" if account == "1002" else None,
                    "encumbrance": None,
                    "memo": None,
                    "purpose_code": None,
                    "item": None,
                }
                for number, (account, side) in enumerate(
                    (("5001", "debit"), ("1002", "credit"), ("7101", "debit"), ("8001", "credit")), 1
                )
            ],
        }
    )

    id: UUID
    seq: int
    """Counts the book's entries without gaps, from 1."""
    kind: str
    """``journal`` and ``reversal`` for free entries, else the operation's kind; docs/voucher-templates.md lists them."""
    voucher_type: VoucherType
    voucher_number: int
    """Counts the vouchers of the month and type without gaps, from 1 凭证号."""
    fiscal_year: int
    period: Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-3])$")]
    """The month, or the adjusting period ``YYYY-13``."""
    effective_on: BusinessDate
    posted_at: datetime
    hash: Sha256
    """Hash of the entry's chain record."""
    position: int
    """Position of that record in the chain."""
    description: str
    reference: str | None
    metadata: dict[str, bool | int | str]
    payee_ref: str | None
    non_budget: bool
    non_budget_reason: str | None
    red: bool
    """A red entry 红字: same sides as the entry it takes back, negative in turnover."""
    undoes: UUID | None
    """The entry this one takes back."""
    prepared_by: str
    reviewed_by: str | None
    posted_by: str
    attachment_count: int
    attachment_hashes: list[str]
    postings: list[PostingOut]


class ProposalOut(Wire):
    """A wish that was recorded and waits, or waited, for a second person 待复核."""

    model_config = example(PROPOSAL_EXAMPLE)

    id: UUID
    status: Literal["waiting", "approved", "refused", "withdrawn"]
    operation: str
    kind: str
    """The kind of the entry it asks for."""
    funds: list[str]
    amount_fen: int
    period: str
    effective_on: BusinessDate
    description: str
    reference: str | None
    prepared_by: str
    sent_by: str
    """The token's subject that sent it; neither this nor ``prepared_by`` may approve it."""
    proposed_at: datetime
    position: int
    """Position of its record in the chain."""


class Proposed(Wire):
    """The answer 202 of an operation that needs a second person."""

    model_config = example({"proposal": PROPOSAL_EXAMPLE})

    proposal: ProposalOut


class ProblemOut(Wire):
    """A refusal inside a bulk answer; further members as the code has them."""

    model_config = ConfigDict(extra="allow")

    type: str
    code: str
    title: str
    status: int
    detail: str


class BulkResultOut(Wire):
    """What became of one entry of a bulk call."""

    status: Literal["posted", "proposed", "replayed", "refused", "not_attempted"]
    entry: EntryOut | None = None
    """With ``posted`` and ``replayed``."""
    proposal: ProposalOut | None = None
    """With ``proposed``, and with ``replayed`` of a proposal: it waits for a second person."""
    problem: ProblemOut | None = None
    """With ``refused``."""


class BulkOut(Wire):
    """One result per entry, in the order of the request."""

    model_config = example({"results": [{"status": "not_attempted"}]})

    results: list[BulkResultOut]
