"""What a decision is made from and what it consists of. Plain frozen data, amounts in fen.

Owns the words of the decision; the rules are in `rules`, `checks` and `benefit`. Everything here can be written as
JSON and read back without loss (`codec`), so that a decision can be made again years later from what was stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from claims.policies.rules import Cause, Policy, Terms


@dataclass(frozen=True, slots=True)
class LossItem:
    """One bill or estimate. `document_key` stands for the document number and is equal where the numbers are."""

    kind: str
    amount_fen: int
    document_key: str | None = None
    document_masked: str | None = None


@dataclass(frozen=True, slots=True)
class OtherPayment:
    """What somebody else already paid for the same loss."""

    payer: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class ClaimData:
    """What is claimed."""

    household_id: UUID
    claimant_member_id: UUID
    cause: Cause
    event_on: date
    reported_on: date
    losses: tuple[LossItem, ...]
    other_payments: tuple[OtherPayment, ...]


@dataclass(frozen=True, slots=True)
class HouseholdData:
    """What the register says about the household when decided; income is the whole household's for `income_year`."""

    member_ids: tuple[UUID, ...]
    monitored: bool
    annual_income_fen: int
    income_year: int


@dataclass(frozen=True, slots=True)
class IncomeLine:
    """The income line of a year: fen per person."""

    year: int
    amount_fen: int
    source: str


@dataclass(frozen=True, slots=True)
class DuplicateDocument:
    """A document number of this claim that another claim already carries."""

    document_masked: str
    claim_number: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What other records say that bears on the claim.

    `consumed_fen` is the sum of benefits already approved for the same base, cause and policy year, `consumed_by`
    their numbers. `settled` names the needs-review checks an approving reviewer settled in writing.
    """

    income_line: IncomeLine | None
    consumed_fen: int = 0
    consumed_by: tuple[str, ...] = ()
    duplicate_documents: tuple[DuplicateDocument, ...] = ()
    same_event_claims: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """All a decision depends on. `policy` and `terms` are None where none is in force on the event date."""

    claim: ClaimData
    household: HouseholdData
    policy: Policy | None
    terms: Terms | None
    facts: Facts
    today: date


class CheckCode(StrEnum):
    """The checks, in the order in which a decision lists them."""

    POLICY_IN_FORCE = "policy_in_force"
    TERMS_IN_FORCE = "terms_in_force"
    DATES = "dates"
    CLAIMANT_IS_MEMBER = "claimant_is_member"
    INCOME_LINE = "income_line"
    COVERED_GROUP = "covered_group"
    WAITING_PERIOD = "waiting_period"
    REPORTING_PERIOD = "reporting_period"
    LOSS_KINDS = "loss_kinds"
    PRIOR_PAYERS = "prior_payers"
    DEDUCTIBLE = "deductible"
    CAP = "cap"
    DUPLICATE_DOCUMENT = "duplicate_document"
    SAME_EVENT = "same_event"


class CheckOutcome(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    NEEDS_REVIEW = "needs_review"


class Outcome(StrEnum):
    """How a decision ended: one failing check refuses, else one open check needs review, else the claim is eligible."""

    ELIGIBLE = "eligible"
    REFUSED = "refused"
    NEEDS_REVIEW = "needs_review"


Value = str | int | bool | tuple[str, ...] | None
"""What a check may show as an input."""


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in both languages of the product."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Check:
    """One question asked of the claim: what was looked at, the answer, the reason, and where the rule comes from."""

    code: CheckCode
    outcome: CheckOutcome
    inputs: Mapping[str, Value]
    reason: Text
    source: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the computation."""

    step: str
    amount_fen: int
    explanation: Text


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole answer.

    `benefit_fen` is 0 where refused; under `needs_review` it is what would be paid if the review ends in the
    claimant's favour.
    """

    rule_version: int
    outcome: Outcome
    benefit_fen: int
    terms_id: UUID | None
    terms_version: int | None
    checks: tuple[Check, ...]
    computation: tuple[Step, ...]
