"""Wire types of the reports room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from claims.claims.rules import Status, StepName, WaitingFor
from claims.policies.rules import Cause, Funding, SurplusRule
from claims.reports.rules import By
from common.money import FenOrZero, SignedFen
from common.web import example
from common.wire import Wire

_FIGURES: Final = {
    "claims": 8,
    "open_claims": 1,
    "approved_claims": 5,
    "refused_claims": 1,
    "withdrawn_claims": 1,
    "paid_claims": 4,
    "open_fen": 800_000,
    "approved_fen": 3_900_000,
    "paid_fen": 3_100_000,
}


_AGES: Final = {"0-3": 2, "4-7": 1, "8-15": 0, "16-30": 1, "31-60": 0, "61+": 0}
_WAITING: Final = {
    "claims": 4,
    "benefit_fen": 3_200_000,
    "by_age": _AGES,
    "overdue": 1,
    "due_soon": 1,
    "without_deadline": 0,
    "oldest_since": "2021-06-10",
    "earliest_due_on": "2021-06-25",
}


class SummaryOut(Wire):
    """The county's year at a glance, counted from stored rows at one instant."""

    model_config = example(
        {
            "leads": 859,
            "monitored_households": 394,
            "monitored_people": 1087,
            "leads_by_channel": {"village_sweep": 300, "self_report": 100},
            "claims_by_status": {"paid": 70},
            "claims_by_cause": {"serious_illness": 30, "accident": 40},
            "households_paid": 70,
            "amount_paid_fen": 50_980_000,
            "as_of": "2021-12-31T08:00:00Z",
        }
    )

    leads: int
    """Risk leads received. 风险线索数。"""
    monitored_households: int
    """Households determined as monitored. 监测对象户数。"""
    monitored_people: int
    """Their members. 监测对象人数。"""
    leads_by_channel: dict[str, int]
    """By the channel they arrived through; channels without a lead are left out. 按渠道。"""
    claims_by_status: dict[str, int]
    """按状态。"""
    claims_by_cause: dict[str, int]
    """按致贫原因。"""
    households_paid: int
    """Households with at least one benefit paid and not given back. 获赔户数。"""
    amount_paid_fen: FenOrZero
    """Benefits paid and not given back. 已支付金额（分）。"""
    as_of: datetime
    """The instant of the count. 统计时点。"""


Sum = Annotated[int, Field(ge=0, description="A sum of amounts in fen. 金额合计（分）。")]


class ClaimsFigures(Wire):
    """Claims and their money."""

    claims: int
    """件数。"""
    open_claims: int
    """Neither approved nor refused nor withdrawn. 办理中件数。"""
    approved_claims: int
    """Approved, and not given up since: paid or on the way to it. 已批准件数。"""
    refused_claims: int
    """不予理赔件数。"""
    withdrawn_claims: int
    """撤回件数。"""
    paid_claims: int
    """Paid by the bank, booked by the ledger and not given back. 已支付件数。"""
    open_fen: Sum
    """What the open claims would get by their latest decisions, approved by nobody. 办理中测算金额。"""
    approved_fen: Sum
    """批准金额。"""
    paid_fen: Sum
    """已支付金额。"""


class ClaimsLine(ClaimsFigures):
    """The claims of one status, cause, town or month, or of a crossing of them; what was not asked for is null."""

    status: Status | None
    cause: Cause | None
    town: str | None
    """Code of the household's town when the claim was filed. 乡镇代码。"""
    town_name: str | None
    """乡镇名称。"""
    month: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$", examples=["2021-06"])] | None
    """Month of the report. 报案月份。"""


class ClaimsReportOut(Wire):
    """Claims by what was asked for, as of one instant."""

    model_config = example(
        {
            "by": ["cause"],
            "first_day": "2021-01-01",
            "last_day": "2021-12-31",
            "as_of": "2021-12-31T08:00:00Z",
            "items": [
                {"status": None, "cause": "accident", "town": None, "town_name": None, "month": None, **_FIGURES}
            ],
            "totals": _FIGURES,
        }
    )

    by: Sequence[By]
    first_day: date | None
    """Claims reported on or after this day. 报案起始日期。"""
    last_day: date | None
    """Claims reported on or before this day. 报案截止日期。"""
    as_of: datetime
    """The instant of the count. 统计时点。"""
    items: Sequence[ClaimsLine]
    totals: ClaimsFigures


class RefusalReason(Wire):
    """How many refused claims name one reason."""

    kind: Literal["check", "reason"]
    """`check`: a check that failed in the latest decision. `reason`: what the refusing reviewer chose. 类别。"""
    code: str
    name_zh: str
    name_en: str
    claims: int
    """件数。"""


class RefusalReasonsOut(Wire):
    """Why claims were refused, as of one instant. A claim with several reasons counts once under each of them."""

    model_config = example(
        {
            "first_day": "2021-01-01",
            "last_day": "2021-12-31",
            "as_of": "2021-12-31T08:00:00Z",
            "refused_claims": 3,
            "by_rule": 2,
            "by_reviewer": 1,
            "items": [
                {"kind": "check", "code": "deductible", "name_zh": "起付线", "name_en": "Deductible", "claims": 2},
            ],
        }
    )

    first_day: date | None
    """Refused on or after this day. 不予理赔起始日期。"""
    last_day: date | None
    """Refused on or before this day. 不予理赔截止日期。"""
    as_of: datetime
    refused_claims: int
    """不予理赔件数。"""
    by_rule: int
    """Of them, those whose latest decision has a failing check. 规则核定不符合件数。"""
    by_reviewer: int
    """The others: no check failed, a reviewer refused. 审核人员不予通过件数。"""
    items: Sequence[RefusalReason]
    """Checks in the order of the decision, then reasons in the order of `GET /refusal-reasons`."""


class ProgrammeResult(ClaimsFigures):
    """A year's programme: what was set aside for it, what its claims were paid, what that leaves."""

    policy_id: UUID
    year: int
    name: str
    insurer: str
    funding: Funding
    paid_households: int
    """获赔户数。"""
    pool_fen: FenOrZero | None
    """The year's pool or premium; null where the county pays from the fund. 资金池或保费（分）。"""
    fee_bp: int | None
    """The insurer's fee, in basis points of what was paid. 经办费率（基点）。"""
    fee_fen: Sum | None
    """The fee on what was paid so far, rounded down to the fen once for the whole. 经办费（分）。"""
    surplus_fen: SignedFen | None
    """Pool less payments less fee; negative where the pool does not suffice. 结余（分）。"""
    surplus_rule: SurplusRule | None
    """What becomes of a surplus. 结余处理方式。"""


class ProgrammeResultsOut(Wire):
    """The result of every programme, as of one instant."""

    model_config = example(
        {
            "as_of": "2021-12-31T08:00:00Z",
            "items": [
                {
                    "policy_id": "01935a1e-7c00-7000-8000-000000000001",
                    "year": 2021,
                    "name": "2021年精准防贫保险",
                    "insurer": "示例保险公司",
                    "funding": "insurer_pool",
                    **_FIGURES,
                    "paid_households": 4,
                    "pool_fen": 5_000_000,
                    "fee_bp": 1_500,
                    "fee_fen": 465_000,
                    "surplus_fen": 1_435_000,
                    "surplus_rule": "carried_forward",
                }
            ],
        }
    )

    as_of: datetime
    items: Sequence[ProgrammeResult]


class AgeingFigures(Wire):
    """Claims that wait, by age and deadline."""

    claims: int
    """件数。"""
    benefit_fen: Sum
    """By the latest decisions. 测算或批准金额。"""
    by_age: Annotated[dict[str, int], Field(examples=[_AGES])]
    """Claims by how many days they have waited where they stand. 按停留天数的件数。"""
    overdue: int
    """Their deadline is over. 已逾期件数。"""
    due_soon: int
    """Their deadline ends within three days. 三日内到期件数。"""
    without_deadline: int
    """无时限件数。"""
    oldest_since: date | None
    """Since when the oldest of them waits. 最早停留日期。"""
    earliest_due_on: date | None
    """The earliest deadline. 最早到期日。"""


class AgeingLine(AgeingFigures):
    """The claims that wait for somebody in one status, for one step."""

    waiting_for: WaitingFor | None
    """Who has to act; null for claims on hold. 待办。"""
    status: Status
    step: StepName | None
    """The step they wait for, on hold the one they go on with; null while they wait for money. 待办步骤。"""


class AgeingOut(Wire):
    """Which claims wait for whom, how long, and what is overdue, as of one instant."""

    model_config = example(
        {
            "day": "2021-07-01",
            "as_of": "2021-07-01T08:00:00Z",
            "items": [{"waiting_for": "town", "status": "reported", "step": "town_check", **_WAITING}],
            "totals": _WAITING,
        }
    )

    day: date
    """The day ages and deadlines are measured on. 计算日。"""
    as_of: datetime
    items: Sequence[AgeingLine]
    totals: AgeingFigures
