"""Wire types of the claims room.

Document numbers come in clear and go out masked. Answers that are kept for replay carry neither losses nor notes,
because those may speak of people's health.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from claims.claims import examples
from claims.claims.rules import Duty, Status, StepName, StepOutcome, WaitingFor
from claims.eligibility.model import Outcome
from claims.eligibility.schemas import DecisionContent
from claims.payouts.schemas import MoneyTrail
from claims.policies.rules import Cause
from common.dates import BusinessDate
from common.money import Fen, FenOrZero
from common.text import Line, PlainCode, PlainLine, PlainText
from common.web import example
from common.wire import Wire

MAX_LOSSES = 200
MAX_PAYMENTS = 50
MAX_CIRCUMSTANCES = 50

ReviewedCheck = Literal[
    "claimant_is_member",
    "covered_group",
    "evidence",
    "liable_third_party",
    "same_event",
    "open_claim",
    "four_have",
    "documents_complete",
]
"""The checks a county reviewer may settle in writing."""

Benefit = Annotated[
    FenOrZero, Field(description="Of the latest decision; final once approved. 理赔金额（分）。", examples=[1_100_000])
]
Number = Annotated[
    str, Field(description="Without gaps per book and policy year. 理赔编号。", examples=["610923-2021-000001"])
]


class LossIn(Wire):
    """One bill or estimate."""

    kind: Annotated[PlainLine, Field(max_length=60, examples=["medical_bill"])]
    """Kind of loss, in the terms' own word; kinds the terms do not cover are left out of the benefit. 损失类别。"""
    amount_fen: Fen
    document_number: Annotated[Line, Field(max_length=60, examples=["INV-2021-00017"])] | None = None
    """Number of the invoice; kept encrypted, shown masked. 票据号。"""
    settlement_number: Annotated[Line, Field(max_length=60, examples=["SET-2021-00003"])] | None = None
    """Number of the insurer's settlement, which may cover several invoices; kept encrypted, shown masked. 结算单号。"""


class OtherPaymentIn(Wire):
    """What somebody else already paid for the same loss."""

    payer: Annotated[PlainLine, Field(max_length=60, examples=["medical_insurance"])]
    """赔付方。"""
    amount_fen: Fen


Losses = Annotated[list[LossIn], Field(min_length=1, max_length=MAX_LOSSES)]
Payments = Annotated[list[OtherPaymentIn], Field(max_length=MAX_PAYMENTS)]
Grade = Annotated[int, Field(strict=True, ge=1, le=10)]
Circumstances = Annotated[list[PlainCode], Field(max_length=MAX_CIRCUMSTANCES)]


class DetailsIn(Wire):
    """What was lost, what others paid, and under which circumstances."""

    loss: Losses
    """损失明细。"""
    other_payments: Payments = Field(default_factory=list)
    """其他渠道已赔付。"""
    liable_third_party: bool | None = None
    """Whether somebody else is liable; left out: nobody knows yet. 是否有第三方责任。"""
    disability_grade: Grade | None = None
    """From 10 (lightest) to 1 (gravest), as certified. 伤残等级。"""
    circumstances: Circumstances = Field(default_factory=list)
    """Codes of the terms' exclusions that apply. 责任免除情形代码。"""


class CorrectionIn(Wire):
    """Details as corrected: each stands in place of what was stated, or is left out and changes nothing."""

    loss: Losses | None = None
    """With `completion`: all losses as corrected; left out: unchanged. 更正后的损失明细。"""
    other_payments: Payments | None = None
    """With `completion`: all payments as corrected; left out: unchanged. 更正后的其他赔付。"""
    liable_third_party: bool | None = None
    """With `completion`. 是否有第三方责任。"""
    disability_grade: Grade | None = None
    """With `completion`. 伤残等级。"""
    circumstances: Circumstances | None = None
    """With `completion`: all codes as corrected. 责任免除情形代码。"""


class ClaimIn(DetailsIn):
    """A claim as reported."""

    model_config = example(examples.CLAIM_IN)

    household_id: UUID
    claimant_member_id: UUID
    """Who belonged to the household on the day of the event. 申请人。"""
    cause: Cause
    """理赔事由。"""
    event_on: BusinessDate
    """Chooses the policy and its terms; not in the future. 事件发生日期。"""
    reported_on: BusinessDate
    """On or after the event, not in the future. 报案日期。"""


class ClaimFiled(Wire):
    """A claim as it stands."""

    model_config = example(examples.CLAIM)

    id: UUID
    number: Number
    status: Status
    waiting_for: WaitingFor | None
    """Who has to act next; null where nobody has to. 待办。"""
    household_id: UUID
    claimant_member_id: UUID
    town: Annotated[str, Field(examples=["610923100"])]
    """Code of the household's town when the claim was filed. 乡镇代码。"""
    village: Annotated[str, Field(examples=["610923100001"])]
    policy_id: UUID
    cause: Cause
    event_on: date
    reported_on: date
    filed_at: datetime
    filed_by: str
    outcome: Outcome
    """Of the latest decision. 核定结论。"""
    benefit_fen: Benefit
    decision_version: Annotated[int, Field(examples=[1])]
    approved_on: date | None


class LossOut(Wire):
    """One bill or estimate."""

    kind: str
    amount_fen: Fen
    document_number: str | None
    """Masked. 掩码显示。"""
    settlement_number: str | None
    """Masked. 掩码显示。"""


class OtherPaymentOut(Wire):
    """What somebody else already paid."""

    payer: str
    amount_fen: Fen


class HistoryLine(Wire):
    """One thing that happened to a claim: who, when, what."""

    position: int
    event: Annotated[str, Field(examples=["town_passed"])]
    """`filed`, an outcome of a step, or what became of its money."""
    step: StepName | None
    outcome: StepOutcome | None
    status_before: Status | None
    status_after: Status
    by_person: str
    duty: Duty | None
    """Which of the three duties that lie with different people. 职责。"""
    done_on: date
    at: datetime
    note: str | None
    reference: str | None
    """What another record calls it: a batch number, the ledger's refusal code."""
    decision_version: int | None


class ClaimOut(ClaimFiled):
    """A claim with its losses, its history and its money."""

    model_config = example(examples.CLAIM_DETAIL)

    loss: Sequence[LossOut]
    other_payments: Sequence[OtherPaymentOut]
    liable_third_party: bool | None
    disability_grade: int | None
    circumstances: Sequence[str]
    next_steps: Sequence[StepName]
    """The steps people may take now."""
    history: Sequence[HistoryLine]
    money: MoneyTrail


class StepIn(CorrectionIn):
    """A step on the path of a claim."""

    model_config = example(examples.STEP_IN)

    step: StepName
    outcome: StepOutcome | None = None
    """Needed for `town_check` and `county_approval`; the other steps have only `passed`. 结论。"""
    note: PlainText | None = None
    """Needed unless the outcome is `passed`, and with `reviewed_checks`. Kept encrypted. 说明。"""
    done_on: BusinessDate | None = None
    """Left out: today. Not in the future, not before the step before it. 办理日期。"""
    reviewed_checks: Annotated[list[ReviewedCheck], Field(default_factory=list, max_length=20)]
    """With `county_approval` passed: checks that need review and are settled by the reason in `note`. 书面认定的核查项。"""


class StepTaken(Wire):
    """The step, and the claim after it."""

    model_config = example(examples.STEP_TAKEN)

    step: StepName
    outcome: StepOutcome
    position: int
    """Place in the claim's history. """
    done_on: date
    by_person: str
    claim: ClaimFiled


class DecisionOut(DecisionContent):
    """A stored decision."""

    model_config = example(examples.STORED_DECISION)

    version: int
    """Counts the decisions of the claim. """
    occasion: Literal["intake", "completion", "approval"]
    final: bool
    """True for the decision the claim was approved by: it never changes. """
    decided_at: datetime
    decided_by: str


class Recomputation(Wire):
    """A stored decision made again from its stored inputs."""

    model_config = example(examples.RECOMPUTATION)

    version: int
    rule_version: int
    same_answer: bool
    """Whether the decision made again is equal byte for byte. 是否一致。"""
    differences: Annotated[Sequence[str], Field(examples=[["benefit_fen", "checks.cap"]])]
    """The parts that differ; empty where the answer is the same. """
    stored_outcome: Outcome
    stored_benefit_fen: FenOrZero
    recomputed_outcome: Outcome
    recomputed_benefit_fen: FenOrZero
