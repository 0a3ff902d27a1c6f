"""What a decision is made from and what it consists of. Plain frozen data, amounts in fen.

Owns the words of the decision; the rules are in `rules`, `checks` and `benefit`. Everything here can be written as
JSON and read back without loss (`codec`), so that a decision can be made again years later from what was stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from claims.policies.rules import Cap, Cause, Policy, Terms


@dataclass(frozen=True, slots=True)
class LossItem:
    """One bill or estimate. Keys stand for the numbers of its invoice and its settlement and are equal where those are."""

    kind: str
    amount_fen: int
    document_key: str | None = None
    document_masked: str | None = None
    settlement_key: str | None = None
    settlement_masked: str | None = None


@dataclass(frozen=True, slots=True)
class OtherPayment:
    """What somebody else already paid for the same loss."""

    payer: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class ClaimData:
    """What is claimed. `liable_third_party` is None where nobody said; `circumstances` are codes of the terms' exclusions."""

    household_id: UUID
    claimant_member_id: UUID
    cause: Cause
    event_on: date
    reported_on: date
    losses: tuple[LossItem, ...]
    other_payments: tuple[OtherPayment, ...]
    liable_third_party: bool | None = None
    disability_grade: int | None = None
    circumstances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claimant:
    """A person the register knows in the household: `left_on` and `left_reason` are set once they left it or died."""

    left_on: date | None = None
    left_reason: str | None = None


@dataclass(frozen=True, slots=True)
class HouseholdData:
    """What the register says about the household when decided; income is the whole household's for `income_year`.

    `claimant` is None where the register has no such person in the household, now or before.
    """

    member_ids: tuple[UUID, ...]
    monitored: bool
    annual_income_fen: int
    income_year: int
    claimant: Claimant | None = None


@dataclass(frozen=True, slots=True)
class IncomeLine:
    """The income line of a year: fen per person."""

    year: int
    amount_fen: int
    source: str


@dataclass(frozen=True, slots=True)
class DuplicateDocument:
    """An invoice or settlement number of this claim that another claim already carries."""

    document_masked: str
    claim_number: str


@dataclass(frozen=True, slots=True)
class Consumption:
    """How much of a running cap approved benefits have used, and the numbers of their claims."""

    cap: Cap
    consumed_fen: int
    consumed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What other records say that bears on the claim.

    `consumed_fen` is the sum of benefits already approved for the same base, cause and policy year, `consumed_by`
    their numbers; `running` says the same of the terms' further running caps. `open_claims` are earlier claims of the
    person for the cause that nobody has decided yet. `four_have` are what a data comparison found (flat, vehicle,
    company, fiscally paid member), `documents_present` the kinds of document on file. `settled` names the needs-review
    checks an approving reviewer settled in writing.
    """

    income_line: IncomeLine | None
    consumed_fen: int = 0
    consumed_by: tuple[str, ...] = ()
    duplicate_documents: tuple[DuplicateDocument, ...] = ()
    same_event_claims: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    running: tuple[Consumption, ...] = ()
    open_claims: tuple[str, ...] = ()
    four_have: tuple[str, ...] = ()
    documents_present: tuple[str, ...] = ()


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
    """Every check there ever was; a rule version lists its own in its own order."""

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
    EVIDENCE = "evidence"
    EXCLUSIONS = "exclusions"
    LIABLE_THIRD_PARTY = "liable_third_party"
    WARNING_LINE = "warning_line"
    DISABILITY_GRADE = "disability_grade"
    OPEN_CLAIM = "open_claim"
    FOUR_HAVE = "four_have"
    DOCUMENTS_COMPLETE = "documents_complete"


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
