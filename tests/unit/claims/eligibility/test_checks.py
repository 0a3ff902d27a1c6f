"""Each check by itself: what it answers, and that nothing else changes."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from claims.eligibility.codec import decision_from_text, differences, inputs_from_text, to_text
from claims.eligibility.model import (
    CheckCode,
    CheckOutcome,
    Claimant,
    Consumption,
    DuplicateDocument,
    Inputs,
    LossItem,
    OtherPayment,
    Outcome,
)
from claims.eligibility.rules import LISTED, decide
from claims.policies.rules import Base, Cap, Exclusion, ThirdParty
from tests.support.decision_inputs import (
    ELIGIBLE,
    POLICY,
    TERMS,
    with_claim,
    with_facts,
    with_household,
    with_terms,
)

STRANGER = UUID("00000000-0000-7000-8000-00000000ffff")
BILL = LossItem("medical_bill", 1_800_000, "key-1", "****0001")
SETTLED = LossItem("medical_bill", 1_800_000, settlement_key="key-2", settlement_masked="****0002")
EXCLUSION = Exclusion(
    "drunk_driving", "酒后驾驶", "drunk driving", date(2021, 6, 1), date(2021, 12, 31), "scheme, section 9"
)
# Qingdao 2022: grade 1 100,000 yuan, then 10,000 less a grade.
GRADE_FEN = tuple(range(10_000_000, 0, -1_000_000))
REFUSALS: dict[str, tuple[Inputs, set[str]]] = {
    "no policy on the day": (
        replace(ELIGIBLE, policy=None, terms=None),
        {"policy_in_force", "terms_in_force"},
    ),
    "policy of another year": (
        replace(ELIGIBLE, policy=replace(POLICY, valid_from=date(2020, 1, 1), valid_to=date(2020, 12, 31))),
        {"policy_in_force"},
    ),
    "no terms for the cause": (replace(ELIGIBLE, terms=None), {"terms_in_force"}),
    "event tomorrow": (
        with_claim(event_on=date(2021, 7, 2), reported_on=date(2021, 7, 2)),
        {"dates"},
    ),
    "reported before the event": (with_claim(reported_on=date(2021, 5, 31)), {"dates"}),
    "reported tomorrow": (with_claim(reported_on=date(2021, 7, 2)), {"dates"}),
    "claimant of another household": (
        with_household(with_claim(claimant_member_id=STRANGER), claimant=None),
        {"claimant_is_member"},
    ),
    "claimant who died the day before": (
        with_household(claimant=Claimant(date(2021, 5, 31), "died")),
        {"claimant_is_member"},
    ),
    "claimant who moved away the day before": (
        with_household(claimant=Claimant(date(2021, 5, 31), "moved_away")),
        {"claimant_is_member"},
    ),
    "claimant recorded in error": (
        with_household(claimant=Claimant(date(2021, 6, 30), "recorded_in_error")),
        {"claimant_is_member"},
    ),
    "one fen below the warning line": (with_terms(warning_fen=1_800_001), {"warning_line"}),
    "an excluded circumstance": (
        with_claim(with_terms(exclusions=(EXCLUSION,)), circumstances=("drunk_driving",)),
        {"exclusions"},
    ),
    "somebody else liable": (
        with_claim(with_terms(third_party=ThirdParty.EXCLUDED), liable_third_party=True),
        {"liable_third_party"},
    ),
    "terms by grade, and none stated": (with_terms(tiers=(), grade_fen=GRADE_FEN), {"disability_grade"}),
    "every running cap used up": (
        with_facts(
            with_terms(household_cap_fen=10_000_000, person_year_cap_fen=10_000_000),
            running=(
                Consumption(Cap.HOUSEHOLD, 10_000_000, ("610923-2021-000003",)),
                Consumption(Cap.PERSON_YEAR, 12_000_000, ("610923-2021-000003", "610923-2021-000004")),
            ),
        ),
        {"cap"},
    ),
    "same settlement twice without invoices": (
        with_claim(losses=(SETTLED, replace(SETTLED, amount_fen=1))),
        {"duplicate_document"},
    ),
    "one fen above the income line": (with_household(annual_income_fen=1_200_001), {"covered_group"}),
    "waiting period not over": (with_terms(waiting_days=152), {"waiting_period"}),
    "reported a day late": (with_terms(reporting_days=8), {"reporting_period"}),
    "loss of no covered kind": (
        with_terms(loss_kinds=("surgery",)),
        {"loss_kinds", "prior_payers", "deductible"},
    ),
    "paid by others": (
        with_claim(other_payments=(OtherPayment("basic_insurance", 1_800_000),)),
        {"prior_payers", "deductible"},
    ),
    "below the deductible": (with_claim(losses=(LossItem("medical_bill", 300_000),)), {"deductible"}),
    "cap used up": (with_facts(consumed_fen=10_000_000), {"cap"}),
    "cap overdrawn by earlier terms": (with_facts(consumed_fen=10_000_001), {"cap"}),
    "same document twice": (with_claim(losses=(BILL, replace(BILL, amount_fen=1))), {"duplicate_document"}),
    "document of another claim": (
        with_facts(duplicate_documents=(DuplicateDocument("****0001", "610923-2021-000007"),)),
        {"duplicate_document"},
    ),
}


def codes(inputs: Inputs, outcome: CheckOutcome) -> set[str]:
    return {check.code.value for check in decide(inputs).checks if check.outcome is outcome}


def test_a_plain_claim_is_eligible_and_every_check_is_answered() -> None:
    decision = decide(ELIGIBLE)
    assert decision.outcome is Outcome.ELIGIBLE
    assert decision.benefit_fen == 1_100_000
    assert [check.code for check in decision.checks] == list(LISTED)
    assert set(LISTED) == set(CheckCode)
    assert {check.outcome for check in decision.checks} == {CheckOutcome.PASS}
    assert (decision.terms_id, decision.terms_version) == (TERMS.id, 1)


@pytest.mark.parametrize(("inputs", "failing"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_is_wrong_is_named_and_nothing_else(inputs: Inputs, failing: set[str]) -> None:
    decision = decide(inputs)
    assert codes(inputs, CheckOutcome.FAIL) == failing
    assert decision.outcome is Outcome.REFUSED
    assert decision.benefit_fen == 0


def test_all_reasons_are_listed_at_once() -> None:
    inputs = with_terms(with_claim(claimant_member_id=STRANGER), waiting_days=365, reporting_days=0)
    inputs = with_household(inputs, annual_income_fen=99_999_999, claimant=None)
    inputs = with_facts(inputs, consumed_fen=10_000_000)
    assert codes(inputs, CheckOutcome.FAIL) == {
        "claimant_is_member",
        "covered_group",
        "waiting_period",
        "reporting_period",
        "cap",
    }


def test_every_reason_speaks_both_languages_and_names_a_source() -> None:
    for inputs, _ in [*REFUSALS.values(), (ELIGIBLE, set())]:
        for check in decide(inputs).checks:
            assert any("\u4e00" <= letter <= "\u9fff" for letter in check.reason.zh)
            assert check.reason.en
            assert check.reason.en.isascii()
            assert check.source


@pytest.mark.parametrize(
    ("days", "outcome"), [(151, CheckOutcome.PASS), (152, CheckOutcome.FAIL)], ids=["last day", "one day more"]
)
def test_the_waiting_period_counts_from_the_first_day_of_the_policy(days: int, outcome: CheckOutcome) -> None:
    # 1 June is day 151 of a policy that starts on 1 January.
    assert CheckCode.WAITING_PERIOD.value in codes(with_terms(waiting_days=days), outcome)


def test_a_monitored_household_is_covered_whatever_its_income() -> None:
    assert decide(with_household(monitored=True, annual_income_fen=10**12)).outcome is Outcome.ELIGIBLE


def test_income_at_the_line_is_covered() -> None:
    assert decide(with_household(annual_income_fen=1_200_000)).outcome is Outcome.ELIGIBLE


@pytest.mark.parametrize("monitored", [True, False])
def test_without_an_income_line_nothing_is_decided_and_nobody_can_settle_it(*, monitored: bool) -> None:
    inputs = with_facts(with_household(monitored=monitored), income_line=None, settled=("income_line", "covered_group"))
    decision = decide(inputs)
    assert decision.outcome is Outcome.NEEDS_REVIEW
    assert "income_line" in codes(inputs, CheckOutcome.NEEDS_REVIEW)
    assert decision.benefit_fen == 1_100_000


def test_an_income_of_another_year_needs_a_reviewer_who_may_settle_it_in_writing() -> None:
    inputs = with_household(income_year=2019)
    assert decide(inputs).outcome is Outcome.NEEDS_REVIEW
    settled = decide(with_facts(inputs, settled=("covered_group",)))
    assert settled.outcome is Outcome.ELIGIBLE
    check = next(check for check in settled.checks if check.code is CheckCode.COVERED_GROUP)
    assert check.inputs["settled_by_reviewer"] is True


def test_the_same_event_needs_a_reviewer_who_may_settle_it_in_writing() -> None:
    inputs = with_facts(same_event_claims=("610923-2021-000003",))
    assert decide(inputs).outcome is Outcome.NEEDS_REVIEW
    assert decide(with_facts(inputs, settled=("same_event",))).outcome is Outcome.ELIGIBLE
    assert decide(with_facts(inputs, settled=("covered_group",))).outcome is Outcome.NEEDS_REVIEW


OPEN: dict[str, tuple[Inputs, str]] = {
    "claimant who died of it": (with_household(claimant=Claimant(date(2021, 6, 1), "died")), "claimant_is_member"),
    "bill without its number": (
        with_claim(with_terms(evidence_kinds=("medical_bill",)), losses=(LossItem("medical_bill", 1_800_000),)),
        "evidence",
    ),
    "nobody knows who is liable": (with_terms(third_party=ThirdParty.EXCLUDED), "liable_third_party"),
    "who is liable paid nothing": (with_claim(liable_third_party=True), "liable_third_party"),
    "an earlier claim is open": (with_facts(open_claims=("610923-2021-000003",)), "open_claim"),
    "a flat and a car": (with_facts(four_have=("commercial_flat", "vehicle")), "four_have"),
    "a document is missing": (with_terms(required_documents=("hospital_record",)), "documents_complete"),
}


@pytest.mark.parametrize(("inputs", "code"), OPEN.values(), ids=OPEN.keys())
def test_what_rules_cannot_tell_is_settled_in_writing(inputs: Inputs, code: str) -> None:
    decision = decide(inputs)
    assert codes(inputs, CheckOutcome.NEEDS_REVIEW) == {code}
    assert (decision.outcome, decision.benefit_fen) == (Outcome.NEEDS_REVIEW, 1_100_000)
    assert decide(with_facts(inputs, settled=(code,))).outcome is Outcome.ELIGIBLE
    assert decide(with_facts(inputs, settled=("covered_group",))).outcome is Outcome.NEEDS_REVIEW


PASSES: dict[str, Inputs] = {
    "claimant who moved away on the day": with_household(claimant=Claimant(date(2021, 6, 1), "moved_away")),
    "at the warning line": with_terms(warning_fen=1_800_000),
    "an exclusion that starts the day after": with_claim(
        with_terms(exclusions=(replace(EXCLUSION, valid_from=date(2021, 6, 2)),)), circumstances=("drunk_driving",)
    ),
    "nobody else liable": with_claim(with_terms(third_party=ThirdParty.EXCLUDED), liable_third_party=False),
    "a settlement in place of an invoice": with_claim(with_terms(evidence_kinds=("medical_bill",)), losses=(SETTLED,)),
    "a grade where the terms have none": with_claim(disability_grade=3),
    "the document is there": with_facts(
        with_terms(required_documents=("hospital_record",)), documents_present=("hospital_record", "photo")
    ),
}


@pytest.mark.parametrize("inputs", PASSES.values(), ids=PASSES.keys())
def test_what_is_just_right_passes(inputs: Inputs) -> None:
    assert (decide(inputs).outcome, decide(inputs).benefit_fen) == (Outcome.ELIGIBLE, 1_100_000)


def test_one_settlement_may_cover_several_invoices_of_a_claim() -> None:
    first = replace(SETTLED, amount_fen=900_000, document_key="key-3", document_masked="****0003")
    second = replace(first, document_key="key-4", document_masked="****0004")
    assert decide(with_claim(losses=(first, second))).outcome is Outcome.ELIGIBLE
    assert codes(with_claim(losses=(first, first)), CheckOutcome.FAIL) == {"duplicate_document"}


def test_a_failing_check_cannot_be_settled() -> None:
    inputs = with_facts(with_household(annual_income_fen=99_999_999), settled=("covered_group", "cap"))
    assert decide(inputs).outcome is Outcome.REFUSED


def test_the_cap_of_a_household_is_called_the_household_s() -> None:
    inputs = with_facts(with_terms(base=Base.HOUSEHOLD), consumed_fen=9_500_000)
    decision = decide(inputs)
    assert decision.benefit_fen == 500_000
    check = next(check for check in decision.checks if check.code is CheckCode.CAP)
    assert "household" in check.reason.en


def test_inputs_and_decisions_are_read_back_as_they_were_written() -> None:
    for inputs, _ in [*REFUSALS.values(), (ELIGIBLE, set())]:
        again = inputs_from_text(to_text(inputs))
        assert again == inputs
        decision = decide(again)
        assert decision_from_text(to_text(decision)) == decision
        assert to_text(decide(again)) == to_text(decide(inputs))


def test_differences_name_what_changed() -> None:
    before, after = decide(ELIGIBLE), decide(with_facts(consumed_fen=9_500_000))
    assert differences(before, before) == ()
    assert differences(before, after) == (
        "benefit_fen",
        "checks.cap",
        "computation.benefit",
        "computation.cap_remaining",
    )
