"""What an insurance programme and its dated terms are, and when a set of terms is sound. Pure.

Every figure that decides money stands here as data with a date and a source; nothing in code knows a rate or a cap.
A programme covers the calendar year it is named after [assumed]. Terms are versions that are never changed: a later
version may take over from a named earlier one, and the version in force on a day is the highest one whose validity
holds that day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
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


class PathName(StrEnum):
    """Which path of review the programme's claims go (`claims/claims/paths.yaml`)."""

    SHORT = "short"
    FULL = "full"


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
class Sources:
    """Where each figure of the terms comes from: a citation, or the word `assumed`."""

    deductible_fen: str
    tiers: str
    tier_mode: str
    base: str
    cap_fen: str
    waiting_days: str
    reporting_days: str
    loss_kinds: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """A programme of one year. Its validity is inclusive on both ends."""

    id: UUID
    year: int
    insurer: str
    name: str
    funding: Funding
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """How a programme's claims are reviewed. No input of a decision: it changes who looks, never what a claim gets.

    `second_look_share_bp` of the claims, drawn by chance, and every claim from `second_look_from_fen` on are looked at by
    a second person of the county.
    """

    path: PathName = PathName.SHORT
    second_look_share_bp: int = 0
    second_look_from_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of the figures of one cause. Validity is inclusive on both ends; amounts are fen.

    `loss_kinds` empty means that every kind of loss counts.
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

    @property
    def measured_on(self) -> MeasuredOn:
        """What the tier limits count, told by where the first tier starts (at 0, or at the deductible)."""
        starts_at_deductible = self.tiers[0].from_fen == self.deductible_fen
        return MeasuredOn.NET_LOSS if self.deductible_fen and starts_at_deductible else MeasuredOn.EXCESS


def policy_year(year: int) -> tuple[date, date]:
    """Return the first and last day of a programme's year: the calendar year [assumed]."""
    return date(year, 1, 1), date(year, 12, 31)


class TermsFault(StrEnum):
    """What can be wrong with terms as such; each is one refusal text."""

    VALIDITY_REVERSED = "validity_reversed"
    OUTSIDE_POLICY = "outside_policy"
    FIRST_TIER = "first_tier"
    TIERS_NOT_ASCENDING = "tiers_not_ascending"
    RATE_OVER_WHOLE = "rate_over_whole"
    WHOLE_AMOUNT_RATE_FALLS = "whole_amount_rate_falls"
    CAP_BELOW_DEDUCTIBLE = "cap_below_deductible"
    SOURCE_MISSING = "source_missing"
    SOURCE_WITHOUT_FIGURE = "source_without_figure"


def terms_faults(terms: Terms, policy: Policy) -> tuple[tuple[str, TermsFault], ...]:
    """Return every fault of `terms` with the field that carries it; empty where they are sound."""
    faults: list[tuple[str, TermsFault]] = []
    if terms.valid_to < terms.valid_from:
        faults.append(("valid_to", TermsFault.VALIDITY_REVERSED))
    if terms.valid_from < policy.valid_from or terms.valid_from > policy.valid_to:
        faults.append(("valid_from", TermsFault.OUTSIDE_POLICY))
    if terms.valid_to > policy.valid_to:
        faults.append(("valid_to", TermsFault.OUTSIDE_POLICY))
    if terms.cap_fen < terms.deductible_fen:
        faults.append(("cap_fen", TermsFault.CAP_BELOW_DEDUCTIBLE))
    if terms.loss_kinds and terms.sources.loss_kinds is None:
        faults.append(("sources.loss_kinds", TermsFault.SOURCE_MISSING))
    if not terms.loss_kinds and terms.sources.loss_kinds is not None:
        faults.append(("sources.loss_kinds", TermsFault.SOURCE_WITHOUT_FIGURE))
    faults.extend(tier_faults(terms))
    return tuple(faults)


def tier_faults(terms: Terms) -> list[tuple[str, TermsFault]]:
    """Return the faults of the tiers alone.

    Tiers are given by their starts, so they leave no gap once the first starts at 0 (limits count the excess over
    the deductible) or at the deductible (limits count the net loss). Rates of whole-amount tiers may not fall: a
    larger loss must never pay less.
    """
    faults: list[tuple[str, TermsFault]] = []
    if terms.tiers[0].from_fen not in {0, terms.deductible_fen}:
        faults.append(("tiers[0].from_fen", TermsFault.FIRST_TIER))
    for index, tier in enumerate(terms.tiers):
        if tier.rate_bp > RATE_WHOLE_BP:
            faults.append((f"tiers[{index}].rate_bp", TermsFault.RATE_OVER_WHOLE))
        if index == 0:
            continue
        before = terms.tiers[index - 1]
        if tier.from_fen <= before.from_fen:
            faults.append((f"tiers[{index}].from_fen", TermsFault.TIERS_NOT_ASCENDING))
        if terms.tier_mode is TierMode.WHOLE_AMOUNT and tier.rate_bp < before.rate_bp:
            faults.append((f"tiers[{index}].rate_bp", TermsFault.WHOLE_AMOUNT_RATE_FALLS))
    return faults


def in_force(versions: Iterable[Terms], cause: Cause, day: date) -> Terms | None:
    """Return the terms of `cause` in force on `day`: the highest version whose validity holds the day."""
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
