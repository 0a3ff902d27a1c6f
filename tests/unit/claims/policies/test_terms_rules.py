"""When terms are sound, which version is in force, and what overlaps."""

from dataclasses import replace
from datetime import date

import pytest

from claims.policies.rules import (
    Cause,
    MeasuredOn,
    Terms,
    TermsFault,
    Tier,
    TierMode,
    in_force,
    overlapped_version,
    policy_year,
    terms_faults,
)
from tests.support.decision_inputs import POLICY, SOURCES, TERMS

UNSOUND: dict[str, tuple[Terms, list[tuple[str, TermsFault]]]] = {
    "ends before it starts": (
        replace(TERMS, valid_from=date(2021, 6, 2), valid_to=date(2021, 6, 1)),
        [("valid_to", TermsFault.VALIDITY_REVERSED)],
    ),
    "starts before the policy": (
        replace(TERMS, valid_from=date(2020, 12, 31)),
        [("valid_from", TermsFault.OUTSIDE_POLICY)],
    ),
    "ends after the policy": (replace(TERMS, valid_to=date(2022, 1, 1)), [("valid_to", TermsFault.OUTSIDE_POLICY)]),
    "first tier neither at 0 nor at the deductible": (
        replace(TERMS, tiers=(Tier(299_999, 5_000),)),
        [("tiers[0].from_fen", TermsFault.FIRST_TIER)],
    ),
    "two tiers from one amount": (
        replace(TERMS, tiers=(Tier(0, 5_000), Tier(0, 6_000))),
        [("tiers[1].from_fen", TermsFault.TIERS_NOT_ASCENDING)],
    ),
    "more than everything": (
        replace(TERMS, tiers=(Tier(0, 10_001),)),
        [("tiers[0].rate_bp", TermsFault.RATE_OVER_WHOLE)],
    ),
    "whole amount at a falling rate": (
        replace(TERMS, tier_mode=TierMode.WHOLE_AMOUNT, tiers=(Tier(0, 5_000), Tier(1, 4_999))),
        [("tiers[1].rate_bp", TermsFault.WHOLE_AMOUNT_RATE_FALLS)],
    ),
    "cap below the deductible": (replace(TERMS, cap_fen=299_999), [("cap_fen", TermsFault.CAP_BELOW_DEDUCTIBLE)]),
    "kinds without a source": (
        replace(TERMS, loss_kinds=("tuition",)),
        [("sources.loss_kinds", TermsFault.SOURCE_MISSING)],
    ),
    "a source of nothing": (
        replace(TERMS, sources=replace(SOURCES, loss_kinds="assumed")),
        [("sources.loss_kinds", TermsFault.SOURCE_WITHOUT_FIGURE)],
    ),
}


def test_sound_terms_have_no_fault() -> None:
    assert terms_faults(TERMS, POLICY) == ()
    # A falling rate is sound where each slice is paid at its own.
    assert terms_faults(replace(TERMS, tiers=(Tier(0, 5_000), Tier(1, 4_999))), POLICY) == ()
    assert terms_faults(replace(TERMS, cap_fen=TERMS.deductible_fen), POLICY) == ()


@pytest.mark.parametrize(("terms", "faults"), UNSOUND.values(), ids=UNSOUND.keys())
def test_a_fault_is_named_with_its_field(terms: Terms, faults: list[tuple[str, TermsFault]]) -> None:
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
