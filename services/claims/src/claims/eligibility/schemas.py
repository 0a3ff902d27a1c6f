"""Wire types of a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from claims.eligibility import examples
from claims.eligibility.model import Check, CheckCode, CheckOutcome, Decision, Outcome, Step
from claims.policies.rules import Cause
from common.errors import Language
from common.money import FenOrZero
from common.web import example
from common.wire import Wire

InputValue = str | int | bool | Sequence[str] | None


class CheckOut(Wire):
    """One question asked of the claim 资格核查项."""

    code: CheckCode
    outcome: CheckOutcome
    inputs: Annotated[
        Mapping[str, InputValue], Field(examples=[{"net_loss_fen": 1_800_000, "deductible_fen": 300_000}])
    ]
    """What was looked at."""
    reason: str
    """In the language of Accept-Language. 理由。"""
    reason_zh: str
    reason_en: str
    source: str
    """Where the rule comes from; `assumed` marks our own. 依据。"""


class ComputationStep(Wire):
    """One line of the computation 计算步骤."""

    step: Annotated[str, Field(examples=["tier_1"])]
    amount_fen: Annotated[int, Field(ge=0, examples=[700_000])]
    """In fen; a sum of losses may exceed the largest single amount. 金额（分）。"""
    explanation: str
    """In the language of Accept-Language. 说明。"""
    explanation_zh: str
    explanation_en: str


class DecisionContent(Wire):
    """The answer of the rules to a claim 核定结果."""

    model_config = example(examples.DECISION)

    outcome: Outcome
    """`needs_review`: no check failed, but some cannot be passed by rule."""
    benefit_fen: FenOrZero
    """0 where refused; under `needs_review` what would be paid if the review ends in the claimant's favour. 理赔金额（分）。"""
    cause: Cause
    policy_id: UUID | None
    terms_id: UUID | None
    terms_version: int | None
    """The version of the cause's terms in force on the day of the event. 条款版本。"""
    rule_version: int
    """The version of the rules in code. """
    checks: Sequence[CheckOut]
    """Every check in a fixed order, passed or not."""
    computation: Sequence[ComputationStep]
    """From the loss to the benefit; empty where there are no terms."""


def check_out(check: Check, language: Language) -> CheckOut:
    """Show a check."""
    return CheckOut(
        code=check.code,
        outcome=check.outcome,
        inputs=check.inputs,
        reason=check.reason.zh if language == "zh" else check.reason.en,
        reason_zh=check.reason.zh,
        reason_en=check.reason.en,
        source=check.source,
    )


def step_out(step: Step, language: Language) -> ComputationStep:
    """Show a line of the computation."""
    return ComputationStep(
        step=step.step,
        amount_fen=step.amount_fen,
        explanation=step.explanation.zh if language == "zh" else step.explanation.en,
        explanation_zh=step.explanation.zh,
        explanation_en=step.explanation.en,
    )


def decision_content(decision: Decision, cause: Cause, policy_id: UUID | None, language: Language) -> DecisionContent:
    """Show a decision in the language asked for."""
    return DecisionContent(
        outcome=decision.outcome,
        benefit_fen=decision.benefit_fen,
        cause=cause,
        policy_id=policy_id,
        terms_id=decision.terms_id,
        terms_version=decision.terms_version,
        rule_version=decision.rule_version,
        checks=[check_out(check, language) for check in decision.checks],
        computation=[step_out(step, language) for step in decision.computation],
    )
