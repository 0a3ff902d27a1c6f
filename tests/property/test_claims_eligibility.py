"""What must hold for every claim under all terms a county may write."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from claims.eligibility.amounts import amounts_of
from claims.eligibility.codec import inputs_from_text, to_text
from claims.eligibility.model import CheckOutcome, Consumption, Inputs, LossItem, OtherPayment, Outcome
from claims.eligibility.rules import decide
from claims.policies.rules import (
    RUNNING,
    Base,
    Cap,
    Cause,
    MeasuredOn,
    Terms,
    Tier,
    TierMode,
    in_force,
    overlapped_version,
)
from claims.policies.soundness import terms_faults
from tests.support.decision_inputs import ELIGIBLE, POLICY, SOURCES, TERMS

AMOUNTS = st.integers(min_value=1, max_value=10**15) | st.integers(min_value=1, max_value=5_000_000)
KINDS = st.sampled_from(["medical_bill", "tuition", "travel"])
LOSSES = st.lists(st.builds(LossItem, KINDS, AMOUNTS), min_size=1, max_size=6).map(tuple)
OTHERS = st.lists(st.builds(OtherPayment, st.sampled_from(["a", "b"]), AMOUNTS), max_size=4).map(tuple)


def falling(amounts: list[int]) -> tuple[int, ...]:
    return tuple(sorted(amounts, reverse=True))


@st.composite
def further_caps(draw: st.DrawFn, base: Base, cap: int, lowest: int) -> dict[str, Any]:
    """Some of the caps beside the base's own, in an order in which each can be reached."""
    person, household = (cap, cap + draw(st.integers(0, 10**7))) if base is Base.PERSON else (cap, cap)
    if base is Base.HOUSEHOLD:
        person = draw(st.integers(lowest, cap))
    person_year = person + draw(st.integers(0, 10**7))
    caps = {
        "claim_cap_fen": draw(st.integers(lowest, cap)),
        "household_cap_fen" if base is Base.PERSON else "person_cap_fen": household if base is Base.PERSON else person,
        "person_year_cap_fen": person_year,
        "household_year_cap_fen": max(person_year, household) + draw(st.integers(0, 10**7)),
    }
    return {name: amount for name, amount in caps.items() if draw(st.booleans())}


@st.composite
def sound_terms(draw: st.DrawFn) -> Terms:
    """Terms the county could have written: whatever passes the same faults the service refuses."""
    mode = draw(st.sampled_from(TierMode))
    deductible = draw(st.integers(min_value=0, max_value=2_000_000))
    first = draw(st.sampled_from([0, deductible]))
    widths = draw(st.lists(st.integers(min_value=1, max_value=2_000_000), max_size=4))
    starts = [first]
    for width in widths:
        starts.append(starts[-1] + width)
    rates = draw(st.lists(st.integers(0, 10_000), min_size=len(starts), max_size=len(starts)))
    if mode is TierMode.WHOLE_AMOUNT:
        rates.sort()
    kinds = draw(st.sampled_from([(), ("medical_bill",), ("medical_bill", "tuition")]))
    payers = draw(st.sampled_from([(), ("a",)]))
    base, cap = draw(st.sampled_from(Base)), draw(st.integers(min_value=max(1, deductible), max_value=20_000_000))
    caps = draw(further_caps(base, cap, max(1, deductible)))
    grades = draw(st.just(()) | st.lists(st.integers(1, 10_000_000), min_size=10, max_size=10).map(falling))
    warning = draw(st.none() | st.integers(0, 5_000_000))
    named = [*caps, *(["grades"] if grades else []), *([] if warning is None else ["warning_fen"])]
    named += ["prior_payers"] if payers else []
    terms = replace(
        TERMS,
        cause=Cause.ACCIDENT,
        warning_fen=warning,
        grade_fen=grades,
        prior_payers=payers,
        **caps,
        deductible_fen=deductible,
        tiers=tuple(Tier(start, rate) for start, rate in zip(starts, rates, strict=True)),
        tier_mode=mode,
        base=base,
        cap_fen=cap,
        loss_kinds=kinds,
        sources=replace(SOURCES, loss_kinds="assumed" if kinds else None, **dict.fromkeys(named, "assumed")),
    )
    assert terms_faults(terms, POLICY) == ()
    return terms


@st.composite
def claims_under_terms(draw: st.DrawFn) -> Inputs:
    terms = draw(sound_terms())
    claim = replace(
        ELIGIBLE.claim,
        cause=terms.cause,
        losses=draw(LOSSES),
        other_payments=draw(OTHERS),
        disability_grade=draw(st.none() | st.integers(1, 10)),
    )
    used = st.integers(min_value=0, max_value=25_000_000)
    running = tuple(Consumption(cap, draw(used), ()) for cap in terms.caps if cap in RUNNING)
    facts = replace(ELIGIBLE.facts, consumed_fen=draw(used), running=running)
    return replace(ELIGIBLE, claim=claim, terms=terms, facts=facts)


def terms_of(inputs: Inputs) -> Terms:
    assert inputs.terms is not None
    return inputs.terms


@given(claims_under_terms())
def test_a_benefit_never_exceeds_the_uncovered_loss_or_what_is_left_of_the_cap(inputs: Inputs) -> None:
    decision, terms = decide(inputs), terms_of(inputs)
    net = sum(item.amount_fen for item in inputs.claim.losses) - sum(
        paid.amount_fen for paid in inputs.claim.other_payments
    )
    assert 0 <= decision.benefit_fen <= max(0, net)
    assert decision.benefit_fen <= max(0, terms.cap_fen - inputs.facts.consumed_fen)
    for used in inputs.facts.running:
        assert decision.benefit_fen <= max(0, terms.caps[used.cap] - used.consumed_fen)
    assert decision.benefit_fen <= terms.caps.get(Cap.CLAIM, decision.benefit_fen)
    assert (decision.outcome is Outcome.ELIGIBLE) == (decision.benefit_fen > 0)
    assert (decision.outcome is Outcome.REFUSED) == any(c.outcome is CheckOutcome.FAIL for c in decision.checks)


@given(claims_under_terms(), AMOUNTS, st.integers(0, 5))
def test_a_benefit_never_falls_when_the_loss_grows(inputs: Inputs, more: int, which: int) -> None:
    losses = list(inputs.claim.losses)
    grown = losses[which % len(losses)]
    losses[which % len(losses)] = replace(grown, amount_fen=grown.amount_fen + more)
    larger = replace(inputs, claim=replace(inputs.claim, losses=tuple(losses)))
    assert decide(larger).benefit_fen >= decide(inputs).benefit_fen


@given(claims_under_terms(), AMOUNTS)
def test_a_benefit_never_grows_when_others_pay_more(inputs: Inputs, more: int) -> None:
    others = (*inputs.claim.other_payments, OtherPayment("c", more))
    assert decide(replace(inputs, claim=replace(inputs.claim, other_payments=others))).benefit_fen <= (
        decide(inputs).benefit_fen
    )


@given(claims_under_terms(), st.randoms(use_true_random=False))
def test_the_order_of_bills_and_payments_changes_nothing(inputs: Inputs, chance: Random) -> None:
    losses, others = list(inputs.claim.losses), list(inputs.claim.other_payments)
    chance.shuffle(losses)
    chance.shuffle(others)
    claim = replace(inputs.claim, losses=tuple(losses), other_payments=tuple(others))
    assert to_text(decide(replace(inputs, claim=claim))) == to_text(decide(inputs))


@given(claims_under_terms())
def test_a_decision_made_again_from_its_stored_inputs_is_equal_byte_for_byte(inputs: Inputs) -> None:
    stored, content = to_text(inputs), to_text(decide(inputs))
    assert to_text(decide(inputs_from_text(stored))) == content


@given(claims_under_terms())
def test_a_benefit_agrees_with_exact_fractions_within_a_fen_a_tier(inputs: Inputs) -> None:
    terms = terms_of(inputs)
    amounts = amounts_of(inputs, terms)
    exact = exact_benefit(terms, amounts.excess_fen)
    assert exact - max(1, len(amounts.slices)) < amounts.tiers_fen <= exact


@given(claims_under_terms(), st.integers(1, 9))
def test_a_graver_disability_is_never_paid_less(inputs: Inputs, grade: int) -> None:
    graver = replace(inputs, claim=replace(inputs.claim, disability_grade=grade))
    lighter = replace(inputs, claim=replace(inputs.claim, disability_grade=grade + 1))
    assert decide(graver).benefit_fen >= decide(lighter).benefit_fen


def exact_benefit(terms: Terms, excess_fen: int) -> Fraction:
    """The benefit before rounding, worked out another way: by what each further fen is worth."""
    if excess_fen == 0:
        return Fraction(0)
    measured = excess_fen + (terms.deductible_fen if terms.measured_on is MeasuredOn.NET_LOSS else 0)
    reached = [tier for tier in terms.tiers if tier.from_fen <= measured]
    if terms.tier_mode is TierMode.WHOLE_AMOUNT:
        return Fraction(excess_fen * reached[-1].rate_bp, 10_000)
    worth, rate_before = Fraction(0), 0
    for tier in reached:
        worth += Fraction((tier.rate_bp - rate_before) * (measured - tier.from_fen), 10_000)
        rate_before = tier.rate_bp
    return worth


DAYS = st.integers(0, 60).map(lambda days: date(2021, 1, 1) + timedelta(days=days))


@given(st.lists(st.tuples(DAYS, DAYS, st.booleans()), max_size=8))
def test_terms_that_were_accepted_never_stand_beside_others_they_did_not_supersede(
    wanted: list[tuple[date, date, bool]],
) -> None:
    accepted: list[Terms] = []
    for one, other, supersedes_last in wanted:
        version = len(accepted) + 1
        before = version - 1 if supersedes_last and accepted else None
        new = replace(TERMS, version=version, valid_from=min(one, other), valid_to=max(one, other), supersedes=before)
        days = [new.valid_from + timedelta(days=n) for n in range((new.valid_to - new.valid_from).days + 1)]
        standing = {found.version for day in days if (found := in_force(accepted, TERMS.cause, day)) is not None}
        overlapped = overlapped_version(accepted, new)
        # The search over turning points finds an overlap exactly where looking at every single day does.
        assert (overlapped is None) == (standing <= {before})
        assert overlapped is None or overlapped in standing - {before}
        if overlapped is None:
            accepted.append(new)
