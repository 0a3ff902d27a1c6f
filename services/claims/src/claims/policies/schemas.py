"""Wire types of the policies room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from claims.policies import examples
from claims.policies.rules import Base, Cause, Funding, MeasuredOn, PathName, TierMode
from common.dates import FIRST_YEAR, LAST_YEAR, BusinessDate
from common.money import Fen, FenOrZero
from common.text import PlainLine
from common.web import example
from common.wire import Wire

MAX_TIERS = 20
MAX_KINDS = 50

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
    """`county_paid`: benefits are paid from the fund's own bank account. 资金方式。"""
    path: PathName = PathName.SHORT
    """Which path of review its claims go; GET /claim-paths shows both. 审核流程。"""
    second_look_share_bp: Annotated[int, Field(ge=0, le=10_000, examples=[500])] = 0
    """Share of its claims, drawn by chance, that a second person of the county looks at, in basis points. 随机抽查比例（万分比）。"""
    second_look_from_fen: Fen | None = None
    """From this benefit on every claim is looked at by a second person; left out: none for its amount. 大额复核起点（分）。"""


class PolicyOut(Wire):
    """A programme."""

    model_config = example(examples.POLICY)

    id: UUID
    year: int
    insurer: str
    name: str
    funding: Funding
    path: PathName
    second_look_share_bp: int
    second_look_from_fen: Fen | None
    valid_from: date
    valid_to: date
    """The last day, inclusive. 有效期止（含当日）。"""
    created_at: datetime
    created_by: str


class TierIn(Wire):
    """From this amount on (inclusive), up to the next tier, this rate is paid."""

    from_fen: FenOrZero
    """The first tier starts at 0 (limits count the part above the deductible) or at the deductible (limits count the whole
    uncovered loss). 分段起点。"""
    rate_bp: Annotated[int, Field(ge=0, le=10_000, examples=[7000])]
    """In basis points: 7000 is 70 %. 赔付比例（万分比）。"""


class SourcesIn(Wire):
    """Where each figure of the terms comes from."""

    deductible_fen: SourceText
    tiers: SourceText
    tier_mode: SourceText
    base: SourceText
    cap_fen: SourceText
    waiting_days: SourceText
    reporting_days: SourceText
    loss_kinds: SourceText | None = None
    """Needed exactly where `loss_kinds` are named. """


class TermsIn(Wire):
    """Dated terms of one cause. Terms are never changed: a new version may supersede a named earlier one from its own first day."""

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
    tiers: Annotated[list[TierIn], Field(min_length=1, max_length=MAX_TIERS)]
    """赔付分段，按起点升序。"""
    tier_mode: TierMode
    """分段累进或全额套档。"""
    base: Base
    """Whose claims share the cap. 封顶线按人或按户。"""
    cap_fen: Fen
    """The most paid to a base in the policy's year for this cause. 年度封顶线（分）。"""
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


class SourcesOut(Wire):
    """Where each figure comes from."""

    deductible_fen: str
    tiers: str
    tier_mode: str
    base: str
    cap_fen: str
    waiting_days: str
    reporting_days: str
    loss_kinds: str | None


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
    deductible_fen: FenOrZero
    tiers: Sequence[TierOut]
    tier_mode: TierMode
    tiers_measured_on: MeasuredOn
    """What the limits of the tiers count. 分段的计量口径。"""
    base: Base
    cap_fen: Fen
    waiting_days: int
    reporting_days: int
    loss_kinds: Sequence[str]
    sources: SourcesOut
    created_at: datetime
    created_by: str


class TermsList(Wire):
    """All versions of a programme's terms; there are few, so they come on one page."""

    items: Sequence[TermsOut]
    next_cursor: None
