"""When terms are sound, which version is in force, and what overlaps."""

from dataclasses import replace
from datetime import date

import pytest

from claims.policies.rules import (
    Base,
    Cause,
    Exclusion,
    MeasuredOn,
    Terms,
    ThirdParty,
    Tier,
    TierMode,
    in_force,
    overlapped_version,
    policy_year,
)
from claims.policies.soundness import TEXTS, Fault, terms_faults
from tests.support.decision_inputs import POLICY, SOURCES, TERMS

# Qingdao 2022: grade 1 100,000 yuan, then 10,000 less a grade.
GRADE_FEN = tuple(range(10_000_000, 0, -1_000_000))
EXCLUSION = Exclusion("drunk_driving", "酒后驾驶", "drunk driving", date(2021, 1, 1), date(2021, 12, 31), "assumed")

UNSOUND: dict[str, tuple[Terms, list[tuple[str, Fault]]]] = {
    "ends before it starts": (
        replace(TERMS, valid_from=date(2021, 6, 2), valid_to=date(2021, 6, 1)),
        [("valid_to", Fault.VALIDITY_REVERSED)],
    ),
    "starts before the policy": (
        replace(TERMS, valid_from=date(2020, 12, 31)),
        [("valid_from", Fault.OUTSIDE_POLICY)],
    ),
    "ends after the policy": (replace(TERMS, valid_to=date(2022, 1, 1)), [("valid_to", Fault.OUTSIDE_POLICY)]),
    "first tier neither at 0 nor at the deductible": (
        replace(TERMS, tiers=(Tier(299_999, 5_000),)),
        [("tiers[0].from_fen", Fault.FIRST_TIER)],
    ),
    "two tiers from one amount": (
        replace(TERMS, tiers=(Tier(0, 5_000), Tier(0, 6_000))),
        [("tiers[1].from_fen", Fault.TIERS_NOT_ASCENDING)],
    ),
    "more than everything": (
        replace(TERMS, tiers=(Tier(0, 10_001),)),
        [("tiers[0].rate_bp", Fault.RATE_OVER_WHOLE)],
    ),
    "whole amount at a falling rate": (
        replace(TERMS, tier_mode=TierMode.WHOLE_AMOUNT, tiers=(Tier(0, 5_000), Tier(1, 4_999))),
        [("tiers[1].rate_bp", Fault.WHOLE_AMOUNT_RATE_FALLS)],
    ),
    "cap below the deductible": (replace(TERMS, cap_fen=299_999), [("cap_fen", Fault.CAP_BELOW_DEDUCTIBLE)]),
    "kinds without a source": (
        replace(TERMS, loss_kinds=("tuition",)),
        [("sources.loss_kinds", Fault.SOURCE_MISSING)],
    ),
    "nothing to pay by": (
        replace(TERMS, tiers=(), sources=replace(SOURCES, tiers=None)),
        [("tiers", Fault.NOTHING_TO_PAY_BY)],
    ),
    "a claim's cap below the deductible": (
        replace(TERMS, claim_cap_fen=299_999, sources=replace(SOURCES, claim_cap_fen="x")),
        [("claim_cap_fen", Fault.CAP_BELOW_DEDUCTIBLE)],
    ),
    "a claim's cap above the year's": (
        replace(TERMS, claim_cap_fen=10_000_001, sources=replace(SOURCES, claim_cap_fen="x")),
        [("claim_cap_fen", Fault.CLAIM_ABOVE_YEAR)],
    ),
    "the person's cap twice": (
        replace(TERMS, person_cap_fen=10_000_000, sources=replace(SOURCES, person_cap_fen="x")),
        [("person_cap_fen", Fault.CAP_IS_THE_BASE_S)],
    ),
    "a household's cap below a person's": (
        replace(TERMS, household_cap_fen=9_999_999, sources=replace(SOURCES, household_cap_fen="x")),
        [("household_cap_fen", Fault.HOUSEHOLD_BELOW_PERSON)],
    ),
    "a household's own cap below a person's": (
        replace(TERMS, base=Base.HOUSEHOLD, person_cap_fen=10_000_001, sources=replace(SOURCES, person_cap_fen="x")),
        [("cap_fen", Fault.HOUSEHOLD_BELOW_PERSON)],
    ),
    "a year's cap below a cause's": (
        replace(TERMS, person_year_cap_fen=9_999_999, sources=replace(SOURCES, person_year_cap_fen="x")),
        [("person_year_cap_fen", Fault.YEAR_BELOW_CAUSE)],
    ),
    "grades for an illness": (
        replace(TERMS, grade_fen=GRADE_FEN, sources=replace(SOURCES, grades="x")),
        [("grades", Fault.GRADES_WITHOUT_ACCIDENT)],
    ),
    "a grade left out": (
        replace(TERMS, cause=Cause.ACCIDENT, grade_fen=GRADE_FEN[1:], sources=replace(SOURCES, grades="x")),
        [("grades", Fault.GRADES_INCOMPLETE)],
    ),
    "a graver grade that pays less": (
        replace(
            TERMS,
            cause=Cause.ACCIDENT,
            grade_fen=(1, *GRADE_FEN[1:]),
            sources=replace(SOURCES, grades="x"),
        ),
        [("grades[1]", Fault.GRADES_NOT_ASCENDING)],
    ),
    "an exclusion outside the terms, twice": (
        replace(TERMS, exclusions=(EXCLUSION, replace(EXCLUSION, valid_to=date(2022, 1, 1)))),
        [("exclusions[1].valid_to", Fault.OUTSIDE_TERMS), ("exclusions[1].code", Fault.NOT_UNIQUE)],
    ),
    "a payer twice": (
        replace(TERMS, prior_payers=("a", "a"), sources=replace(SOURCES, prior_payers="x")),
        [("prior_payers", Fault.NOT_UNIQUE)],
    ),
    "a third party excluded without a source": (
        replace(TERMS, third_party=ThirdParty.EXCLUDED),
        [("sources.third_party", Fault.SOURCE_MISSING)],
    ),
    "several at once": (
        replace(TERMS, valid_to=date(2022, 1, 1), cap_fen=1, tiers=(Tier(5, 10_001),)),
        [
            ("valid_to", Fault.OUTSIDE_POLICY),
            ("tiers[0].from_fen", Fault.FIRST_TIER),
            ("tiers[0].rate_bp", Fault.RATE_OVER_WHOLE),
            ("cap_fen", Fault.CAP_BELOW_DEDUCTIBLE),
        ],
    ),
    "a source of nothing": (
        replace(TERMS, sources=replace(SOURCES, loss_kinds="assumed")),
        [("sources.loss_kinds", Fault.SOURCE_WITHOUT_FIGURE)],
    ),
}


def test_sound_terms_have_no_fault() -> None:
    assert terms_faults(TERMS, POLICY) == ()
    # A falling rate is sound where each slice is paid at its own.
    assert terms_faults(replace(TERMS, tiers=(Tier(0, 5_000), Tier(1, 4_999))), POLICY) == ()
    assert terms_faults(replace(TERMS, cap_fen=TERMS.deductible_fen), POLICY) == ()


def test_terms_of_every_kind_of_figure_are_sound() -> None:
    full = replace(
        TERMS,
        cause=Cause.ACCIDENT,
        tiers=(),
        warning_fen=0,
        claim_cap_fen=10_000_000,
        household_cap_fen=10_000_000,
        person_year_cap_fen=10_000_000,
        household_year_cap_fen=20_000_000,
        grade_fen=GRADE_FEN,
        exclusions=(EXCLUSION, replace(EXCLUSION, code="fight")),
        required_documents=("police_report",),
        prior_payers=("liable_party",),
        evidence_kinds=("medical_bill",),
        third_party=ThirdParty.EXCLUDED,
    )
    given = (
        "warning_fen claim_cap_fen household_cap_fen person_year_cap_fen household_year_cap_fen grades"
        " required_documents prior_payers evidence_kinds third_party"
    )
    sources = replace(SOURCES, tiers=None, **dict.fromkeys(given.split(), "assumed"))
    assert terms_faults(replace(full, sources=sources), POLICY) == ()
    # Without their sources each of them is named, and the source of tiers that are not there is too.
    missing = {field for field, fault in terms_faults(full, POLICY) if fault is Fault.SOURCE_MISSING}
    assert missing == {f"sources.{name}" for name in given.split()}
    assert ("sources.tiers", Fault.SOURCE_WITHOUT_FIGURE) in terms_faults(full, POLICY)


def test_every_fault_has_its_words() -> None:
    assert TEXTS.keys() == set(Fault)


@pytest.mark.parametrize(("terms", "faults"), UNSOUND.values(), ids=UNSOUND.keys())
def test_a_fault_is_named_with_its_field(terms: Terms, faults: list[tuple[str, Fault]]) -> None:
    assert list(terms_faults(terms, POLICY)) == faults


def test_where_the_first_tier_starts_says_what_the_limits_count() -> None:
    assert TERMS.measured_on is MeasuredOn.EXCESS
    assert replace(TERMS, tiers=(Tier(300_000, 5_000),)).measured_on is MeasuredOn.NET_LOSS
    # Without a deductible the two are the same.
    assert replace(TERMS, deductible_fen=0, tiers=(Tier(0, 5_000),)).measured_on is MeasuredOn.EXCESS


def test_the_highest_version_that_holds_the_day_is_in_force() -> None:
    second = replace(TERMS, version=2, valid_from=date(2021, 7, 1), valid_to=date(2021, 9, 30), supersedes=1)
    versions = [second, TERMS]
    assert in_force(versions, TERMS.cause, date(2021, 6, 30)) == TERMS
    assert in_force(versions, TERMS.cause, date(2021, 7, 1)) == second
    assert in_force(versions, TERMS.cause, date(2021, 9, 30)) == second
    assert in_force(versions, TERMS.cause, date(2021, 10, 1)) == TERMS
    assert in_force(versions, TERMS.cause, date(2022, 1, 1)) is None
    assert in_force(versions, Cause.ACCIDENT, date(2021, 7, 1)) is None


def test_terms_overlap_what_they_do_not_supersede() -> None:
    new = replace(TERMS, version=2, valid_from=date(2021, 12, 31))
    assert overlapped_version([TERMS], new) == 1
    assert overlapped_version([TERMS], replace(new, supersedes=1)) is None
    assert overlapped_version([replace(TERMS, cause=Cause.ACCIDENT)], new) is None
    assert overlapped_version([replace(TERMS, valid_to=date(2021, 12, 30))], new) is None


def test_a_policy_covers_its_calendar_year() -> None:
    assert policy_year(2021) == (date(2021, 1, 1), date(2021, 12, 31))
