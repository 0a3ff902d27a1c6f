"""Wire types of the payouts room. Accounts leave masked; the clear ones stand in the bank file only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from claims.payouts import examples
from claims.payouts.ledger_calls import Operation, OperationStatus
from claims.payouts.rules import (
    MAX_ITEMS,
    AccountStanding,
    BankOutcome,
    BatchEvent,
    BatchStatus,
    ItemStatus,
    RecoveryStatus,
)
from common.dates import BusinessDate
from common.money import Fen, SignedFen
from common.text import Code, Line, PlainText
from common.web import example
from common.wire import Wire

TEMPLATE_CODE = r"^[a-z0-9_-]{1,30}$"
ItemNumber = Annotated[
    Code, Field(description="Reference of the credit for the bank. 明细编号。", examples=["B2021-0001-0001"])
]


class BatchIn(Wire):
    """Which claims to pay together."""

    model_config = example({"claim_ids": [examples.CLAIM_ID], "note": "七月第一批"})

    claim_ids: Annotated[list[UUID], Field(min_length=1, max_length=MAX_ITEMS)] | None = None
    """These claims; left out: every claim whose money is reserved, or came back, and that stands in no open batch.

    理赔编号列表，不填则为全部可支付理赔。
    """
    note: PlainText | None = None
    """备注。"""
    unchanged_reason: PlainText | None = None
    """Why a failed credit goes to the same account and holder again: the bank's failure had another reason. Stands with those items.

    退票后账户未变更仍按原账户支付的理由。
    """


class DecisionIn(Wire):
    """The second person's decision about a batch."""

    model_config = example({"outcome": "approved", "note": "同意支付"})

    outcome: Literal["approved", "refused"] = "approved"
    """`refused` gives every claim of the batch back. 审批结论。"""
    note: PlainText | None = None
    """审批意见。"""


class ReissueIn(Wire):
    """Why the file for the bank is to be issued once more."""

    model_config = example({"reason": "下载中断，银行尚未收到文件", "template": "utf8"})

    reason: PlainText
    """再次出具的理由。"""
    template: Annotated[str, Field(pattern=TEMPLATE_CODE)] | None = None
    """Another format; left out, that of the last issue. 模板。"""


class ReissueOut(Wire):
    """One more issue is allowed: the next `GET …/bank-file` gives it."""

    model_config = example(examples.REISSUE)

    batch_id: UUID
    issue: int
    """Which issue it will be; the first was 1. 第几次出具。"""
    allowed_by: str
    reason: str
    template: str


class WithdrawalIn(Wire):
    """Items to take out of a batch before the bank pays them."""

    model_config = example({"item_numbers": ["B2021-0001-0002"], "reason": "农户银行账户已变更", "bank_stopped": False})

    item_numbers: Annotated[list[Code], Field(min_length=1, max_length=MAX_ITEMS)]
    reason: PlainText
    """移出理由。"""
    bank_stopped: bool = False
    """The bank was never given the file, or has confirmed that it will not pay these items. Needed once a file was issued.

    银行未收到文件，或已确认不再支付。
    """


class ReturnRowIn(Wire):
    """What the bank says of one credit."""

    model_config = example(examples.ROW)

    item_number: ItemNumber
    outcome: BankOutcome
    amount_fen: Fen
    booked_on: BusinessDate
    """The bank's own booking day. 银行入账日期。"""
    reason: Line | None = None
    """The bank's words; kept encrypted, shown only where the batch is read. 失败原因。"""


class BankReturnIn(Wire):
    """A bank return 银行回盘: some or all items of one batch."""

    model_config = example(examples.BANK_RETURN)

    rows: Annotated[list[ReturnRowIn], Field(min_length=1, max_length=MAX_ITEMS)]
    control_count: Annotated[int, Field(ge=1, le=MAX_ITEMS)]
    """Number of rows. 笔数。"""
    control_total_fen: Annotated[int, Field(ge=1)]
    """Sum of the rows' amounts in fen. 合计金额（分）。"""


class ItemOut(Wire):
    """One credit of a batch."""

    model_config = example(examples.ITEM)

    item_id: UUID
    number: ItemNumber
    item_number: ItemNumber
    """The same as `number`, under the name the bank return uses."""
    claim_id: UUID
    amount_fen: Fen
    account_masked: Annotated[str, Field(examples=["***************0003"])]
    account_standing: AccountStanding
    """Whether holder or account differ from those of the failed credit it pays again. 与上次退票的户名账号相比。"""
    replaces: ItemNumber | None
    """The failed credit it pays again. 重付的退票明细。"""
    unchanged_reason: str | None
    """Why it goes to the same account again. 账户未变更的理由。"""
    status: ItemStatus
    paid_on: dt.date | None
    """The bank's booking day of the success. 银行支付日期。"""
    failed_on: dt.date | None
    """The bank's booking day of the failure or return. 退票日期。"""
    refusal_code: str | None
    """Why the ledger refused to book it, where `status` is `booking_refused`. 账务系统退回代码。"""
    refusal_detail: str | None
    """账务系统退回原因。"""


class ItemDetail(ItemOut):
    """An item with the bank's words, which may name a person: shown to who reads batches, kept in no other answer."""

    failure_reason: str | None
    """失败原因。"""
    account_changed: bool
    """The household's holder or account is no longer this one, and the bank has not reported yet. 户名或账号已变更。"""


class FileIssueOut(Wire):
    """One issue of the file for the bank."""

    model_config = example(examples.ISSUE)

    number: int
    issued_to: str
    issued_at: dt.datetime
    template: str
    item_count: int
    total_fen: Fen
    sha256: str
    """Of the bytes that were given. 文件校验值。"""


class BatchEventOut(Wire):
    """What somebody did to the batch, and its control figures after it."""

    model_config = example(examples.BATCH_EVENT)

    position: int
    event: BatchEvent
    by_person: str
    at: dt.datetime
    control_count: int
    control_total_fen: Fen
    reason: str | None
    template: str | None
    items: Sequence[str]


class BatchSummary(Wire):
    """A batch without its items."""

    model_config = example(examples.SUMMARY)

    id: UUID
    number: Annotated[str, Field(examples=["B2021-0001"])]
    status: BatchStatus
    note: str | None
    control_count: int
    """Number of items. 笔数。"""
    control_total_fen: Fen
    """Sum of the items in fen. 合计金额（分）。"""
    prepared_by: str
    prepared_at: dt.datetime
    decided_by: str | None
    """Who approved or refused it. 审批人。"""
    decided_at: dt.datetime | None
    decision_note: str | None
    policy_id: UUID | None
    """The programme whose insurer pays the batch from its pool; null: the county's own bank. 由资金池支付的方案。"""


class BatchWarning(Wire):
    """What the second person should look at before approving."""

    model_config = example(examples.WARNING)

    code: Literal["account_unchanged"]
    item_number: ItemNumber
    detail_zh: str
    detail_en: str


class BatchOut(BatchSummary):
    """A batch with its items."""

    model_config = example(examples.BATCH)

    items: Sequence[ItemOut]
    warnings: Sequence[BatchWarning]
    left_out: Sequence[str] = ()
    """Numbers of claims a new batch of all claims left out, for want of an account or a head of the household. 缺账户或户主的理赔。"""


class BatchDetail(BatchSummary):
    """A batch with its items, the bank's words, its history and every issue of its file."""

    model_config = example(examples.DETAIL)

    items: Sequence[ItemDetail]
    warnings: Sequence[BatchWarning]
    issues: Sequence[FileIssueOut]
    history: Sequence[BatchEventOut]


class BankReturnOut(Wire):
    """What a bank return did; the batch as it stands after it."""

    model_config = example(examples.BANK_RETURN_DONE)

    id: UUID
    paid: int
    """Credits that succeeded and are now being booked. 成功笔数。"""
    failed: int
    """Credits that failed before anything was booked. 失败笔数。"""
    given_back: int
    """Paid credits that came back and are now being returned to their encumbrance. 支付退票笔数。"""
    batch: BatchOut


class BookingRetryOut(Wire):
    """The new attempts."""

    model_config = example(examples.RETRIED)

    retried: int
    """Number of items asked for again. 重新入账笔数。"""
    batch: BatchOut


class OperationOut(Wire):
    """One wish to the ledger and what became of it."""

    operation: Operation
    attempt: int
    status: OperationStatus
    amount_fen: Fen
    effective_on: dt.date
    bank_booked_on: dt.date | None
    """The bank's own day; `effective_on` differs where its month was closed. 银行入账日期。"""
    item_number: ItemNumber | None
    ledger_id: UUID | None
    """Id of the encumbrance or of the liquidation. 账务系统编号。"""
    entry_id: UUID | None
    seq: int | None
    voucher_number: int | None
    hash: str | None
    refusal_code: str | None
    refusal_detail: str | None
    tries: int
    """How often it was sent. 发送次数。"""
    recovery_id: UUID | None
    source: str | None
    """The source a recovery goes back to. 资金来源。"""
    replaced_at: dt.datetime | None
    """When a reservation the ledger has lost was replaced by another. 冻结被替换的时间。"""
    replaced_why: str | None


class MendIn(Wire):
    """Which mend of a claim's money is wanted, and why."""

    model_config = example({"claim_id": examples.CLAIM_ID, "act": "reserve_again", "reason": "冻结资金被误解冻"})

    claim_id: UUID
    act: Literal["ask_again", "reserve_again"]
    """`ask_again` sends what is not confirmed now instead of later; `reserve_again` reserves anew what the ledger has lost."""
    reason: PlainText
    """理由。"""


class MendOut(Wire):
    """What the mend did; the claim's money as it stands after it."""

    model_config = example({"claim_id": examples.CLAIM_ID, "act": "reserve_again", "operations": 1})

    claim_id: UUID
    act: Literal["ask_again", "reserve_again"]
    operations: int
    """Requests to the ledger that are due now. 待办入账请求数。"""


class RecoveryIn(Wire):
    """Money of a wrong payment that came back."""

    model_config = example({"amount_fen": 100_000, "received_on": "2021-08-02", "reason": "重复申报，农户退回"})

    amount_fen: Fen
    received_on: BusinessDate
    """The day the bank credited it. 到账日期。"""
    reason: PlainText
    """追回原因。"""


class RecoveryDecisionIn(Wire):
    """The second person's decision about a recovery."""

    model_config = example({"outcome": "approved", "note": None})

    outcome: Literal["approved", "refused"] = "approved"
    note: PlainText | None = None


class RecoveryPart(Wire):
    """What goes back to one source of money."""

    model_config = example({"source": "county", "amount_fen": 100_000})

    source: str
    amount_fen: Fen


class RecoveryOut(Wire):
    """A recovery 错付追回 and how far it has come."""

    model_config = example(examples.RECOVERY)

    id: UUID
    claim_id: UUID
    item_id: UUID
    """The payment it takes back. 原付款明细。"""
    amount_fen: Fen
    received_on: dt.date
    reason: str
    status: RecoveryStatus
    proposed_by: str
    proposed_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    decision_note: str | None
    parts: Sequence[RecoveryPart]
    """Empty where it goes back to an insurer's pool."""


class PolicyPoolIn(Wire):
    """Which open item of the ledger is the programme's pool."""

    model_config = example({"open_item_id": examples.ENCUMBRANCE_ID})

    open_item_id: UUID
    """The `item.id` that `POST /funds/insurance/pool-prepayments` answered in the ledger. 资金池往来编号。"""


class PolicyPoolOut(Wire):
    """A programme's pool: what the ledger has in it, and what claims count on."""

    model_config = example(examples.POLICY_POOL)

    policy_id: UUID
    open_item_id: UUID
    opened_fen: SignedFen
    remaining_fen: SignedFen
    """In the pool now. 资金池余额（分）。"""
    reserved_fen: SignedFen
    """Approved and not paid yet. 已批未付（分）。"""
    free_fen: SignedFen


class MoneyTrail(Wire):
    """A claim's money 资金轨迹 from reservation to payment."""

    model_config = example(examples.TRAIL)

    encumbrance_id: UUID | None
    operations: Sequence[OperationOut]
    items: Sequence[ItemOut]
    recoveries: Sequence[RecoveryOut]


DifferenceKind = Literal[
    "in_flight",
    "missing_in_ledger",
    "unknown_to_claims",
    "encumbered_differs",
    "liquidated_differs",
    "returned_differs",
    "released_in_ledger",
    "duplicate_in_ledger",
    "payout_missing_in_ledger",
    "payout_differs",
    "payout_unknown_to_claims",
    "pool_short",
    "recovery_missing_in_ledger",
]


class Mend(Wire):
    """What to call to mend a difference, and what that does. Sent with an idempotency key, by who may."""

    model_config = example(examples.MEND)

    service: Literal["claims", "ledger"]
    method: Literal["GET", "POST"]
    path: str
    """Below `/v1/books/{book}`."""
    body: dict[str, str | int] | None
    explanation_zh: str
    explanation_en: str


class Difference(Wire):
    """One way in which the two services disagree about one claim."""

    claim_id: UUID | None
    """Null where the ledger's reference names no claim. 理赔。"""
    encumbrance_id: UUID | None
    kind: DifferenceKind
    claims_fen: SignedFen
    ledger_fen: SignedFen
    explanation_zh: str
    explanation_en: str
    mend: Mend
    """差异处理办法。"""


class Totals(Wire):
    """Sums over all claims in fen."""

    claims_encumbered_fen: SignedFen
    ledger_encumbered_fen: SignedFen
    claims_liquidated_fen: SignedFen
    """Paid and not given back. 已支付净额。"""
    ledger_liquidated_fen: SignedFen
    claims_returned_fen: SignedFen
    """Given back by the bank, whether or not paid again. 退票金额。"""
    ledger_returned_fen: SignedFen
    claims_pool_paid_fen: SignedFen
    """Paid by insurers' pools and not given back or recovered. 资金池已付净额。"""
    ledger_pool_paid_fen: SignedFen
    claims_recovered_fen: SignedFen
    """Wrong payments of the county that came back. 错付追回金额。"""
    ledger_recovered_fen: SignedFen
    difference_count: int


class Reconciliation(Wire):
    """Both services compared to the fen 对账."""

    model_config = example(examples.RECONCILED)

    matched: bool
    differences: Sequence[Difference]
    """At most the first 1,000; `totals.difference_count` counts all. 最多列出 1000 条。"""
    totals: Totals
    as_of: dt.datetime
