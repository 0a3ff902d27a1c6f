"""A claim that is plainly eligible, to be spoiled in one respect by each test of the decision."""

from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from claims.eligibility.model import Claimant, ClaimData, Facts, HouseholdData, IncomeLine, Inputs, LossItem
from claims.policies.rules import Base, Cause, Funding, Policy, Sources, Terms, Tier, TierMode

POLICY_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
TERMS_ID: Final = UUID("00000000-0000-7000-8000-000000000002")
HOUSEHOLD_ID: Final = UUID("00000000-0000-7000-8000-000000000003")
HEAD_ID: Final = UUID("00000000-0000-7000-8000-000000000004")
CHILD_ID: Final = UUID("00000000-0000-7000-8000-000000000005")

POLICY: Final = Policy(
    id=POLICY_ID,
    year=2021,
    insurer="Made-up Insurance",
    name="2021 programme",
    funding=Funding.COUNTY_PAID,
    valid_from=date(2021, 1, 1),
    valid_to=date(2021, 12, 31),
)

SOURCES: Final = Sources(
    deductible_fen="scheme, section 1",
    tiers="scheme, section 2",
    tier_mode="assumed",
    base="scheme, section 3",
    cap_fen="scheme, section 4",
    waiting_days="assumed",
    reporting_days="scheme, section 5",
    loss_kinds=None,
)

TERMS: Final = Terms(
    id=TERMS_ID,
    version=1,
    cause=Cause.SERIOUS_ILLNESS,
    valid_from=date(2021, 1, 1),
    valid_to=date(2021, 12, 31),
    supersedes=None,
    deductible_fen=300_000,
    tiers=(Tier(0, 7_000), Tier(1_000_000, 8_000), Tier(2_000_000, 9_000)),
    tier_mode=TierMode.MARGINAL,
    base=Base.PERSON,
    cap_fen=10_000_000,
    waiting_days=0,
    reporting_days=180,
    loss_kinds=(),
    sources=SOURCES,
)

LINE_2021: Final = IncomeLine(year=2021, amount_fen=600_000, source="Shaanxi 2021")

ELIGIBLE: Final = Inputs(
    claim=ClaimData(
        household_id=HOUSEHOLD_ID,
        claimant_member_id=HEAD_ID,
        cause=Cause.SERIOUS_ILLNESS,
        event_on=date(2021, 6, 1),
        reported_on=date(2021, 6, 10),
        losses=(LossItem("medical_bill", 1_800_000, "key-1", "****0001"),),
        other_payments=(),
    ),
    household=HouseholdData(
        member_ids=(HEAD_ID, CHILD_ID),
        monitored=False,
        annual_income_fen=1_000_000,
        income_year=2021,
        claimant=Claimant(),
    ),
    policy=POLICY,
    terms=TERMS,
    facts=Facts(income_line=LINE_2021),
    today=date(2021, 7, 1),
)
"""Net loss 18,000.00 yuan under the Qingdao figures: a benefit of 11,000.00 yuan."""


def with_claim(inputs: Inputs = ELIGIBLE, **changes: object) -> Inputs:
    """Return the inputs with another claim."""
    return replace(inputs, claim=replace(inputs.claim, **changes))  # type: ignore[arg-type]


def with_household(inputs: Inputs = ELIGIBLE, **changes: object) -> Inputs:
    """Return the inputs with another household."""
    return replace(inputs, household=replace(inputs.household, **changes))  # type: ignore[arg-type]


def with_terms(inputs: Inputs = ELIGIBLE, **changes: object) -> Inputs:
    """Return the inputs under other terms."""
    return replace(inputs, terms=replace(TERMS, **changes))  # type: ignore[arg-type]


def with_facts(inputs: Inputs = ELIGIBLE, **changes: object) -> Inputs:
    """Return the inputs with other facts."""
    return replace(inputs, facts=replace(inputs.facts, **changes))  # type: ignore[arg-type]
