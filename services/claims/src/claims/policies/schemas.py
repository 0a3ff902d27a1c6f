"""Wire types of the policies room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from claims.policies import examples
from claims.policies.rules import (
    Base,
    Cause,
    Funding,
    MeasuredOn,
    SurplusRule,
    TermsStatus,
    ThirdParty,
    TierMode,
)
from claims.policies.soundness import GRADES
from common.dates import FIRST_YEAR, LAST_YEAR, BusinessDate
from common.money import Fen, FenOrZero
from common.text import PlainCode, PlainLine, PlainText
from common.web import example
from common.wire import Wire

MAX_TIERS = 20
MAX_KINDS = 50
MAX_EXCLUSIONS = 50
MAX_RATE_BP = 1_000_000
"""What the wire takes; a rate over 10,000 is then refused beside all the other faults."""

LossKind = Annotated[
    PlainLine,
    Field(max_length=60, description="Kind of loss, in the terms' own word. 损失类别。", examples=["medical_bill"]),
]
SourceText = Annotated[
    PlainLine,
    Field(
        description="Where the figure comes from: a citation, or the word assumed. 依据，自定的写 assumed。",
        examples=["Qingdao 2022, section 3", "assumed"],
    ),
]

RateBp = Annotated[int, Field(strict=True, ge=0, le=MAX_RATE_BP, examples=[7000])]
Word = Annotated[PlainLine, Field(max_length=60)]


class PolicySourcesIn(Wire):
    """Where each figure of the programme comes from. Needed exactly for those that are given."""

    pool_fen: SourceText | None = None
    fee_bp: SourceText | None = None
    surplus_rule: SourceText | None = None


class PolicyIn(Wire):
    """A programme of one year."""

    model_config = example(examples.POLICY_IN)

    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR, examples=[2021])]
    """It covers events of this calendar year. 保险年度。"""
    insurer: PlainLine
    """承保机构。"""
    name: PlainLine | None = None
    """Left out: made of the year. 方案名称。"""
    funding: Funding
    """`county_paid`: benefits are paid from the fund's own bank account. `insurer_pool`: from the pool prepaid to the
    insurer. 资金方式。"""
    pool_fen: Fen | None = None
    """The year's pool or premium handed to the insurer; with `insurer_pool` only. 资金池或保费总额（分）。"""
    fee_bp: RateBp | None = None
    """The insurer's fee in basis points of what is paid out: 1500 is 15 %. Needed with `insurer_pool`. 服务费率（万分比）。"""
    surplus_rule: SurplusRule | None = None
    """What becomes of unused pool money; with `insurer_pool` only. 结余处理。"""
    sources: PolicySourcesIn = Field(default_factory=PolicySourcesIn)
    """每项数字的依据。"""


class PolicySourcesOut(Wire):
    """Where each figure of the programme comes from."""

    pool_fen: str | None
    fee_bp: str | None
    surplus_rule: str | None


class PolicyOut(Wire):
    """A programme."""

    model_config = example(examples.POLICY)

    id: UUID
    year: int
    insurer: str
    name: str
    funding: Funding
    valid_from: date
    valid_to: date
    """The last day, inclusive. 有效期止（含当日）。"""
    pool_fen: Fen | None
    fee_bp: int | None
    surplus_rule: SurplusRule | None
    sources: PolicySourcesOut
    created_at: datetime
    created_by: str


class TierIn(Wire):
    """From this amount on (inclusive), up to the next tier, this rate is paid."""

    from_fen: FenOrZero
    """The first tier starts at 0 (limits count the part above the deductible) or at the deductible (limits count the whole
    uncovered loss). 分段起点。"""
    rate_bp: RateBp
    """In basis points: 7000 is 70 %; at most 10000. 赔付比例（万分比）。"""


class GradeIn(Wire):
    """The fixed benefit of one disability grade."""

    grade: Annotated[int, Field(strict=True, ge=1, le=GRADES)]
    """From 10 (lightest) to 1 (gravest). 伤残等级。"""
    amount_fen: Fen


class ExclusionIn(Wire):
    """A circumstance under which nothing is paid 责任免除."""

    code: PlainCode
    """What claims name in `circumstances`. 代码。"""
    text_zh: Annotated[PlainLine, Field(max_length=200)]
    text_en: Annotated[PlainLine, Field(max_length=200)]
    valid_from: BusinessDate | None = None
    """Left out: the first day of the terms. 生效日期。"""
    valid_to: BusinessDate | None = None
    """The last day, inclusive; left out: the last day of the terms. 失效日期（含当日）。"""
    source: SourceText


class SourcesIn(Wire):
    """Where each figure of the terms comes from."""

    deductible_fen: SourceText
    tier_mode: SourceText
    base: SourceText
    cap_fen: SourceText
    waiting_days: SourceText
    reporting_days: SourceText
    tiers: SourceText | None = None
    """This one and those below are needed exactly where there is such a figure. """
    loss_kinds: SourceText | None = None
    warning_fen: SourceText | None = None
    claim_cap_fen: SourceText | None = None
    person_cap_fen: SourceText | None = None
    household_cap_fen: SourceText | None = None
    person_year_cap_fen: SourceText | None = None
    household_year_cap_fen: SourceText | None = None
    grades: SourceText | None = None
    required_documents: SourceText | None = None
    prior_payers: SourceText | None = None
    evidence_kinds: SourceText | None = None
    third_party: SourceText | None = None
    """Needed where `third_party` is `excluded`. """


class TermsIn(Wire):
    """Dated terms of one cause. Terms are never changed: a new version may supersede a named earlier one from its own first day.

    They are a draft, and decide nothing, until a second person approves them.
    """

    model_config = example(examples.TERMS_IN)

    cause: Cause
    """理赔事由。"""
    valid_from: BusinessDate
    """Events from this day on, within the policy's year. 生效日期。"""
    valid_to: BusinessDate | None = None
    """The last day, inclusive; left out: the policy's last day. 失效日期（含当日）。"""
    supersedes: Annotated[int, Field(ge=1, le=30_000)] | None = None
    """The version these terms take over from while they are valid. 替代的条款版本。"""
    deductible_fen: FenOrZero
    """Taken from the uncovered loss of each claim. 起付线（分）。"""
    warning_fen: FenOrZero | None = None
    """Warning line: an uncovered loss below it is not looked at and nothing is paid; one that reaches it is. Left out: none.
    预警线（分）。"""
    tiers: Annotated[list[TierIn], Field(max_length=MAX_TIERS)]
    """赔付分段，按起点升序。 Empty only where `grades` are given."""
    tier_mode: TierMode
    """分段累进或全额套档。"""
    base: Base
    """Whose claims share the cap. 封顶线按人或按户。"""
    cap_fen: Fen
    """The most paid to a base in the policy's year for this cause. 年度封顶线（分）。"""
    claim_cap_fen: Fen | None = None
    """The most paid for one claim. 每案封顶线（分）。"""
    person_cap_fen: Fen | None = None
    """The most paid to a person in the policy's year for this cause, where `base` is the household. 每人年度封顶线（分）。"""
    household_cap_fen: Fen | None = None
    """The most paid to a household in the policy's year for this cause, where `base` is the person. 每户年度封顶线（分）。"""
    person_year_cap_fen: Fen | None = None
    """The most paid to a person in the policy's year for all causes. 每人全年各事由合计封顶线（分）。"""
    household_year_cap_fen: Fen | None = None
    """The most paid to a household in the policy's year for all causes. 每户全年各事由合计封顶线（分）。"""
    grades: Annotated[list[GradeIn], Field(default_factory=list, max_length=GRADES)]
    """Accidents only: fixed benefits by disability grade, all ten; a claim that states a grade gets it instead of the tiers,
    at most the uncovered loss. 伤残等级给付表。"""
    exclusions: Annotated[list[ExclusionIn], Field(default_factory=list, max_length=MAX_EXCLUSIONS)]
    """责任免除。"""
    third_party: ThirdParty = ThirdParty.DEDUCTED
    """Where somebody else is liable: `deducted`, what they pay is taken off; `excluded`, nothing is paid. 第三方责任。"""
    prior_payers: Annotated[list[Word], Field(default_factory=list, max_length=MAX_KINDS)]
    """Payers whose payments are taken off before the deductible; empty: all. Nobody is ever paid more than what is left after
    every payment. 先行扣除的赔付方，空为全部。"""
    required_documents: Annotated[list[Word], Field(default_factory=list, max_length=MAX_KINDS)]
    """Kinds of document a claim must have. 必备材料。"""
    evidence_kinds: Annotated[list[LossKind], Field(default_factory=list, max_length=MAX_KINDS)]
    """Kinds of loss that need an invoice or settlement number. 须有票据号或结算单号的损失类别。"""
    waiting_days: Annotated[int, Field(ge=0, le=366)]
    """Days from the policy's first day in which events are not covered. 等待期（天）。"""
    reporting_days: Annotated[int, Field(ge=0, le=1100)]
    """Most days between event and report. 报案期限（天）。"""
    loss_kinds: Annotated[list[LossKind], Field(default_factory=list, max_length=MAX_KINDS)]
    """Kinds of loss that count; empty: all. 条款认可的损失类别，空为全部。"""
    sources: SourcesIn
    """每项数字的依据。"""


class TierOut(Wire):
    """A tier."""

    from_fen: FenOrZero
    rate_bp: int


class GradeOut(Wire):
    """The fixed benefit of one disability grade."""

    grade: int
    amount_fen: Fen


class ExclusionOut(Wire):
    """A circumstance under which nothing is paid."""

    code: str
    text_zh: str
    text_en: str
    valid_from: date
    valid_to: date
    source: str


class SourcesOut(Wire):
    """Where each figure comes from; null where there is no such figure."""

    deductible_fen: str
    tiers: str | None
    tier_mode: str
    base: str
    cap_fen: str
    waiting_days: str
    reporting_days: str
    loss_kinds: str | None
    warning_fen: str | None
    claim_cap_fen: str | None
    person_cap_fen: str | None
    household_cap_fen: str | None
    person_year_cap_fen: str | None
    household_year_cap_fen: str | None
    grades: str | None
    required_documents: str | None
    prior_payers: str | None
    evidence_kinds: str | None
    third_party: str | None


class TermsOut(Wire):
    """One version of the terms of one cause."""

    model_config = example(examples.TERMS)

    id: UUID
    policy_id: UUID
    cause: Cause
    version: int
    """Counts the terms of this cause within the policy. 条款版本。"""
    valid_from: date
    valid_to: date
    supersedes: int | None
    status: TermsStatus
    """Only an approved version decides claims. 状态。"""
    deductible_fen: FenOrZero
    warning_fen: FenOrZero | None
    tiers: Sequence[TierOut]
    tier_mode: TierMode
    tiers_measured_on: MeasuredOn
    """What the limits of the tiers count. 分段的计量口径。"""
    base: Base
    cap_fen: Fen
    claim_cap_fen: Fen | None
    person_cap_fen: Fen | None
    household_cap_fen: Fen | None
    person_year_cap_fen: Fen | None
    household_year_cap_fen: Fen | None
    grades: Sequence[GradeOut]
    exclusions: Sequence[ExclusionOut]
    third_party: ThirdParty
    prior_payers: Sequence[str]
    required_documents: Sequence[str]
    evidence_kinds: Sequence[str]
    waiting_days: int
    reporting_days: int
    loss_kinds: Sequence[str]
    sources: SourcesOut
    created_at: datetime
    created_by: str
    decided_at: datetime | None
    decided_by: str | None
    """Who approved or refused the draft: never who wrote it. 审批人。"""
    reason: str | None
    """Why, in the words of who decided. 审批意见。"""


class TermsList(Wire):
    """All versions of a programme's terms; there are few, so they come on one page."""

    items: Sequence[TermsOut]
    next_cursor: None


class ApprovalIn(Wire):
    """A second person's word on a draft."""

    model_config = example(examples.APPROVAL_IN)

    outcome: Literal[TermsStatus.APPROVED, TermsStatus.REFUSED]
    """审批结论。"""
    reason: PlainText | None = None
    """Needed to refuse. 理由。"""
