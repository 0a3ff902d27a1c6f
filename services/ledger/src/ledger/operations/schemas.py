"""Wire types of operations: one request type for each operation, made of its data; the answers are the same for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, create_model
from pydantic_core import CoreSchema, core_schema

from common.dates import BusinessDate
from common.money import Fen, FenOrZero, SignedFen
from common.text import PlainLine
from common.web.openapi import example
from common.wire import Wire
from ledger.funds.schemas import (
    POSTED_EXAMPLE,
    EntryBrief,
    FundAfter,
    FundCode,
    PayeeRef,
    PurposeCode,
    Source,
    VoucherIn,
    WarningOut,
)
from ledger.journal.schemas import AnySource, ProblemOut, ProposalOut

if TYPE_CHECKING:
    from ledger.operations.catalogue import FieldSpec, Operation

MOST_AT_ONCE = 10_000
ItemStatus = Literal["open", "settled"]

_TYPES: dict[str, Any] = {
    "fen": Fen,
    "text": PlainLine,
    "party": PayeeRef,
    "source": Source,
    "date": BusinessDate,
    "year": Annotated[int, Field(ge=1900, le=2200)],
    "item": UUID,
    "encumbrance": UUID,
    "bp": Annotated[int, Field(ge=1, le=10_000)],
    "purpose_code": PurposeCode,
}


def request_type(operation: Operation) -> type[VoucherIn]:
    """Return the type of the operation's requests: its own fields, and what every voucher says."""
    fields: dict[str, Any] = {name: _field(spec) for name, spec in operation.fields.items()}
    name = "".join(part.title() for part in operation.operation.split("_")) + "In"
    made = create_model(name, __base__=VoucherIn, __doc__=f"{operation.title_en} {operation.title_zh}.", **fields)
    # A model that is made cannot be given a base and a configuration at once: the example is told to it afterwards.
    made.model_config = ConfigDict(**{**VoucherIn.model_config, **example(operation.example)})
    made.model_rebuild(force=True)
    return made


def _field(spec: FieldSpec) -> tuple[Any, Any]:
    said = Field(description=f"{spec.en}. {spec.zh}。")
    kind: Any = FenOrZero if spec.zero else _TYPES.get(spec.type)
    if spec.type == "choice":
        kind = Literal[tuple(spec.values)]
    if spec.required:
        return Annotated[kind, said], ...
    return Annotated[kind | None, said], None


class OpenItemFacts(Wire):
    """An open item 往来明细: opened = settled + remaining, by source of money."""

    id: UUID
    kind: str
    fund: str
    account: str
    side: Literal["debit", "credit"]
    """The side that adds to it."""
    status: ItemStatus
    party_ref: str | None
    reference: str | None
    purpose: str | None
    encumbrance: UUID | None
    """The budget it holds."""
    purpose_code: str | None
    opened_on: BusinessDate
    due_on: BusinessDate | None
    opened_seq: int
    opened_fen: SignedFen
    settled_fen: SignedFen
    remaining_fen: SignedFen


_ITEM: dict[str, object] = {
    "id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0",
    "kind": "advance",
    "fund": "health",
    "account": "1218",
    "side": "debit",
    "status": "open",
    "party_ref": "hospital-03",
    "reference": None,
    "purpose": "县域外就医垫付",
    "encumbrance": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f1",
    "purpose_code": None,
    "opened_on": "2026-06-18",
    "due_on": "2026-09-30",
    "opened_seq": 412,
    "opened_fen": 4_500_000,
    "settled_fen": 3_000_000,
    "remaining_fen": 1_500_000,
}


class ItemSource(Wire):
    """What of an open item stands on one source of money."""

    source: AnySource | None
    opened_fen: SignedFen
    settled_fen: SignedFen
    remaining_fen: SignedFen


class OpenItemOut(OpenItemFacts):
    """An open item as lists show it, with its age."""

    model_config = example(
        {
            **_ITEM,
            "age_days": 48,
            "overdue_days": 0,
            "sources": [
                {"source": "county", "opened_fen": 4_500_000, "settled_fen": 3_000_000, "remaining_fen": 1_500_000}
            ],
        }
    )

    age_days: int
    """Days since it was opened 账龄（天）."""
    overdue_days: int
    """Days past its due date, 0 if it is settled or not due 逾期天数."""
    sources: list[ItemSource]


class OperationPosted(Wire):
    """The entry an operation made, the fund's figures after it, and the open item it opened or settled."""

    model_config = example({**POSTED_EXAMPLE, "item": _ITEM})

    id: UUID
    """The entry's id."""
    seq: int
    voucher_number: int
    hash: str
    entry: EntryBrief
    fund: FundAfter
    warnings: list[WarningOut]
    item: OpenItemFacts | None


class _EachByItself:
    """Documents a list's items and validates none: each is judged by itself, so that one cannot fail the others."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return core_schema.list_schema(core_schema.any_schema(), min_length=1, max_length=MOST_AT_ONCE)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        item = handler(BatchItemIn.__pydantic_core_schema__)
        return {"type": "array", "items": item, "minItems": 1, "maxItems": MOST_AT_ONCE}


_BATCH_ITEM: dict[str, object] = {
    "operation": "welfare_wage",
    "fund": "employment",
    "idempotency_key": "2026-05/post-0001",
    "amount_fen": 60_000,
    "payee_ref": "post-0001",
    "purpose": "2026年5月公益岗位工资",
    "effective_on": "2026-05-31",
}


class BatchItemIn(Wire):
    """One operation of a batch: what its own call would say, with its name, its fund and its key."""

    model_config = ConfigDict(extra="allow", **example(_BATCH_ITEM))

    operation: Annotated[str, Field(pattern=r"^[a-z][a-z_]{1,39}$")]
    fund: FundCode
    idempotency_key: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class BatchIn(Wire):
    """Up to 10,000 operations. ``atomic``: all of them or none; otherwise each by itself."""

    model_config = example({"atomic": False, "entries": [_BATCH_ITEM]})

    judged_alone = frozenset({"entries"})

    entries: Annotated[list[object], _EachByItself()]
    atomic: bool = False


class BatchResult(Wire):
    """What became of one operation of a batch."""

    status: Literal["posted", "proposed", "replayed", "refused", "not_attempted"]
    posted: OperationPosted | None = None
    """With ``posted`` and ``replayed``."""
    proposal: ProposalOut | None = None
    """With ``proposed``, and with ``replayed`` of a proposal."""
    problem: ProblemOut | None = None
    """With ``refused``."""


class BatchOut(Wire):
    """One result per operation, in the order of the request."""

    model_config = example({"results": [{"status": "not_attempted"}]})

    results: list[BatchResult]


class OperationFieldOut(Wire):
    """What a request of an operation says."""

    name: str
    type: str
    required: bool
    zh: str
    en: str


class OperationOut(Wire):
    """An operation a fund can do."""

    model_config = example(
        {
            "operation": "award",
            "kind": "award",
            "path": "awards",
            "funds": ["industry"],
            "title_zh": "产业奖补",
            "title_en": "An award to a leading industry or household",
            "approval": "by_rule",
            "fields": [{"name": "amount_fen", "type": "fen", "required": True, "zh": "发放金额", "en": "What is paid"}],
            "example": {"amount_fen": 500_000, "effective_on": "2026-04-10"},
        }
    )

    operation: str
    kind: str
    path: str
    """Its place below ``/funds/{fund}/``."""
    funds: list[str]
    """The categories of funds that have it, or ``any``."""
    title_zh: str
    title_en: str
    approval: Literal["by_rule", "always"]
    fields: list[OperationFieldOut]
    example: dict[str, object]


class OperationsOut(Wire):
    """Every operation there is."""

    model_config = example({"items": []})

    items: list[OperationOut]


class GiftOut(Wire):
    """A donation 捐赠, with its receipt number and what of it is unspent."""

    model_config = example(
        {
            "id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0",
            "kind": "restricted_gift",
            "fund": "education",
            "giver_ref": "giver-01",
            "purpose": "资助困难学生",
            "received_on": "2026-03-18",
            "receipt_number": "2026-0001",
            "amount_fen": 5_000_000,
            "unspent_fen": 4_700_000,
        }
    )

    id: UUID
    kind: Literal["restricted_gift", "free_gift", "named_gift"]
    fund: str
    giver_ref: str | None
    purpose: str | None
    received_on: BusinessDate
    receipt_number: str
    """Counts the year's gifts of the book without gaps, in the order they were booked 收据号."""
    amount_fen: Fen
    unspent_fen: SignedFen
    """Of a free gift: first in, first out over what the fund spent of its donations [assumed]."""
