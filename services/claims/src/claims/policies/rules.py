"""What an insurance programme and its dated terms are, and when a set of terms is sound. Pure.

Every figure that decides money stands here as data with a date and a source; nothing in code knows a rate or a cap.
A programme covers the calendar year it is named after [assumed]. Terms are versions that are never changed: each is a
draft until a second person approves or refuses it, a later version may take over from a named earlier one, and the
version in force on a day is the highest approved one whose validity holds that day. What is wrong with terms or a
programme is told by `soundness`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

RATE_WHOLE_BP: Final = 10_000
"""100 % in basis points."""


class Cause(StrEnum):
    """The five causes the precise insurance knows [seed]."""

    INDUSTRY_FAILURE = "industry_failure"
    SERIOUS_ILLNESS = "serious_illness"
    SCHOOLING = "schooling"
    NATURAL_DISASTER = "natural_disaster"
    ACCIDENT = "accident"


class Funding(StrEnum):
    """Whose account the benefit is paid from."""

    COUNTY_PAID = "county_paid"
    INSURER_POOL = "insurer_pool"


class SurplusRule(StrEnum):
    """What becomes of pool money that was not used in the year."""

    CARRIED_FORWARD = "carried_forward"
    RETURNED_TO_TREASURY = "returned_to_treasury"


class ThirdParty(StrEnum):
    """What the terms say of a loss somebody else is liable for: what they pay is deducted, or nothing is paid at all."""

    DEDUCTED = "deducted"
    EXCLUDED = "excluded"


class TermsStatus(StrEnum):
    """Where a version of terms stands. Only an approved version ever decides a claim."""

    DRAFT = "draft"
    APPROVED = "approved"
    REFUSED = "refused"


class TierMode(StrEnum):
    """How tiers apply: each slice at its own rate, or the whole excess at the rate of the tier it reaches."""

    MARGINAL = "marginal"
    WHOLE_AMOUNT = "whole_amount"


class Base(StrEnum):
    """Whose claims of the year share one cap."""

    PERSON = "person"
    HOUSEHOLD = "household"


class MeasuredOn(StrEnum):
    """What the tier limits count: the part above the deductible, or the whole uncovered loss."""

    EXCESS = "excess_over_deductible"
    NET_LOSS = "net_loss"


@dataclass(frozen=True, slots=True)
class Tier:
    """From `from_fen` on (inclusive), up to the next tier, `rate_bp` basis points are paid."""

    from_fen: int
    rate_bp: int


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A circumstance under which nothing is paid, from a day to a day (both inclusive), in both languages."""

    code: str
    zh: str
    en: str
    valid_from: date
    valid_to: date
    source: str

    def holds_on(self, day: date) -> bool:
        """Whether the exclusion is in force on `day`."""
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True)
class Sources:
    """Where each figure of the terms comes from: a citation, or the word `assumed`. None where there is no such figure."""

    deductible_fen: str
    tiers: str | None
    tier_mode: str
    base: str
    cap_fen: str
    waiting_days: str
    reporting_days: str
    loss_kinds: str | None
    warning_fen: str | None = None
    claim_cap_fen: str | None = None
    person_cap_fen: str | None = None
    household_cap_fen: str | None = None
    person_year_cap_fen: str | None = None
    household_year_cap_fen: str | None = None
    grades: str | None = None
    required_documents: str | None = None
    prior_payers: str | None = None
    evidence_kinds: str | None = None
    third_party: str | None = None


@dataclass(frozen=True, slots=True)
class PolicySources:
    """Where each figure of a programme comes from; None where there is no such figure."""

    pool_fen: str | None = None
    fee_bp: str | None = None
    surplus_rule: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A programme of one year. Its validity is inclusive on both ends.

    `pool_fen` is the year's pool or premium handed to the insurer, from which benefits are then paid; `fee_bp` the
    insurer's fee in basis points of what is paid out.
    """

    id: UUID
    year: int
    insurer: str
    name: str
    funding: Funding
    valid_from: date
    valid_to: date
    pool_fen: int | None = None
    fee_bp: int | None = None
    surplus_rule: SurplusRule | None = None
    sources: PolicySources = field(default_factory=PolicySources)


class Cap(StrEnum):
    """A limit on what is paid, by the name of its figure. All but the claim's own are running: earlier benefits use them up."""

    BASE = "cap_fen"
    CLAIM = "claim_cap_fen"
    PERSON = "person_cap_fen"
    HOUSEHOLD = "household_cap_fen"
    PERSON_YEAR = "person_year_cap_fen"
    HOUSEHOLD_YEAR = "household_year_cap_fen"


@dataclass(frozen=True, slots=True)
class Running:
    """Whose benefits of the policy's year use a cap up: a person's or a household's, for the cause or for all causes."""

    base: Base
    all_causes: bool


RUNNING: Final[Mapping[Cap, Running]] = MappingProxyType(
    {
        Cap.PERSON: Running(Base.PERSON, all_causes=False),
        Cap.HOUSEHOLD: Running(Base.HOUSEHOLD, all_causes=False),
        Cap.PERSON_YEAR: Running(Base.PERSON, all_causes=True),
        Cap.HOUSEHOLD_YEAR: Running(Base.HOUSEHOLD, all_causes=True),
    }
)
"""The running caps beside the base's own."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the figures of one cause. Validity is inclusive on both ends; amounts are fen.

    `loss_kinds` and `prior_payers` empty mean that every kind of loss, and what every payer paid, counts. `warning_fen`
    is the warning line: below it the loss is not looked at. `grade_fen` holds a fixed benefit for each of the ten
    disability grades, the gravest (grade 1) first, or nothing; a claim that states a grade gets it instead of the
    tiers. `evidence_kinds` are kinds of loss that need an invoice or settlement number.
    """

    id: UUID
    version: int
    cause: Cause
    valid_from: date
    valid_to: date
    supersedes: int | None
    deductible_fen: int
    tiers: tuple[Tier, ...]
    tier_mode: TierMode
    base: Base
    cap_fen: int
    waiting_days: int
    reporting_days: int
    loss_kinds: tuple[str, ...]
    sources: Sources
    warning_fen: int | None = None
    claim_cap_fen: int | None = None
    person_cap_fen: int | None = None
    household_cap_fen: int | None = None
    person_year_cap_fen: int | None = None
    household_year_cap_fen: int | None = None
    grade_fen: tuple[int, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    required_documents: tuple[str, ...] = ()
    prior_payers: tuple[str, ...] = ()
    evidence_kinds: tuple[str, ...] = ()
    third_party: ThirdParty = ThirdParty.DEDUCTED

    @property
    def measured_on(self) -> MeasuredOn:
        """What the tier limits count, told by where the first tier starts (at 0, or at the deductible)."""
        starts_at_deductible = bool(self.tiers) and self.tiers[0].from_fen == self.deductible_fen
        return MeasuredOn.NET_LOSS if self.deductible_fen and starts_at_deductible else MeasuredOn.EXCESS

    @property
    def caps(self) -> Mapping[Cap, int]:
        """Every cap these terms set, in fen."""
        amounts = {
            Cap.BASE: self.cap_fen,
            Cap.CLAIM: self.claim_cap_fen,
            Cap.PERSON: self.person_cap_fen,
            Cap.HOUSEHOLD: self.household_cap_fen,
            Cap.PERSON_YEAR: self.person_year_cap_fen,
            Cap.HOUSEHOLD_YEAR: self.household_year_cap_fen,
        }
        return {cap: amount for cap, amount in amounts.items() if amount is not None}


def policy_year(year: int) -> tuple[date, date]:
    """Return the first and last day of a programme's year: the calendar year [assumed]."""
    return date(year, 1, 1), date(year, 12, 31)


def in_force(versions: Iterable[Terms], cause: Cause, day: date) -> Terms | None:
    """Return the terms of `cause` in force on `day`: the highest of the given versions whose validity holds the day."""
    holding = [terms for terms in versions if terms.cause is cause and terms.valid_from <= day <= terms.valid_to]
    return max(holding, key=lambda terms: terms.version, default=None)


def overlapped_version(versions: Sequence[Terms], new: Terms) -> int | None:
    """Return a version in force on some day of `new`'s validity that `new` does not supersede, or None.

    Which version is in force changes only where one starts or the day after one ends, so only those days need a look.
    """
    days = {new.valid_from}
    for terms in versions:
        if terms.cause is new.cause:
            days |= {terms.valid_from, terms.valid_to + timedelta(days=1)}
    for day in sorted(days):
        if new.valid_from <= day <= new.valid_to:
            standing = in_force(versions, new.cause, day)
            if standing is not None and standing.version != new.supersedes:
                return standing.version
    return None
