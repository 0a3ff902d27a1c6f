"""The decision on a claim as a pure function of what it is given: no clock, no I/O.

`decide` answers every check and shows the whole computation. The same inputs give the same decision, byte for byte,
for ever: a later rule change gets a new number in `RULES` and leaves the earlier function standing, so that old
decisions can be made again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from claims.eligibility import benefit
from claims.eligibility.amount_checks import (
    check_caps,
    check_deductible,
    check_disability_grade,
    check_prior_payers,
    check_warning_line,
)
from claims.eligibility.amounts import Amounts, amounts_of, explain
from claims.eligibility.benefit import Figures
from claims.eligibility.checks import (
    WITH_TERMS,
    WITHOUT_TERMS,
    check_covered_group,
    check_dates,
    check_income_line,
    check_loss_kinds,
    check_policy_in_force,
    check_reporting_period,
    check_same_event,
    check_terms_in_force,
    check_waiting_period,
    not_checked,
)
from claims.eligibility.conditions import (
    check_claimant_on_the_day,
    check_documents_complete,
    check_duplicate_numbers,
    check_evidence,
    check_exclusions,
    check_four_have,
    check_liable_third_party,
    check_open_claim,
)
from claims.eligibility.model import Check, CheckCode, CheckOutcome, Decision, Inputs, Outcome, Text
from claims.policies.rules import Terms

BareCheck = Callable[[Inputs], Check]
"""A check that needs no terms."""
TermsCheck = Callable[[Inputs, Terms], Check]
"""A check of the claim against its terms."""
AmountCheck = Callable[[Inputs, Terms, Amounts], Check]
"""A check of the computed amounts."""

BARE: Final[Mapping[CheckCode, BareCheck]] = {
    CheckCode.POLICY_IN_FORCE: check_policy_in_force,
    CheckCode.TERMS_IN_FORCE: check_terms_in_force,
    CheckCode.DATES: check_dates,
    CheckCode.CLAIMANT_IS_MEMBER: check_claimant_on_the_day,
    CheckCode.INCOME_LINE: check_income_line,
    CheckCode.COVERED_GROUP: check_covered_group,
    CheckCode.DUPLICATE_DOCUMENT: check_duplicate_numbers,
    CheckCode.SAME_EVENT: check_same_event,
    CheckCode.OPEN_CLAIM: check_open_claim,
    CheckCode.FOUR_HAVE: check_four_have,
}
OF_TERMS: Final[Mapping[CheckCode, TermsCheck]] = {
    CheckCode.WAITING_PERIOD: check_waiting_period,
    CheckCode.REPORTING_PERIOD: check_reporting_period,
    CheckCode.LOSS_KINDS: check_loss_kinds,
    CheckCode.EVIDENCE: check_evidence,
    CheckCode.EXCLUSIONS: check_exclusions,
    CheckCode.LIABLE_THIRD_PARTY: check_liable_third_party,
    CheckCode.DOCUMENTS_COMPLETE: check_documents_complete,
}
OF_AMOUNTS: Final[Mapping[CheckCode, AmountCheck]] = {
    CheckCode.PRIOR_PAYERS: check_prior_payers,
    CheckCode.WARNING_LINE: check_warning_line,
    CheckCode.DISABILITY_GRADE: check_disability_grade,
    CheckCode.DEDUCTIBLE: check_deductible,
    CheckCode.CAP: check_caps,
}

LISTED: Final = (
    CheckCode.POLICY_IN_FORCE,
    CheckCode.TERMS_IN_FORCE,
    CheckCode.DATES,
    CheckCode.CLAIMANT_IS_MEMBER,
    CheckCode.INCOME_LINE,
    CheckCode.COVERED_GROUP,
    CheckCode.WAITING_PERIOD,
    CheckCode.REPORTING_PERIOD,
    CheckCode.LOSS_KINDS,
    CheckCode.EVIDENCE,
    CheckCode.EXCLUSIONS,
    CheckCode.LIABLE_THIRD_PARTY,
    CheckCode.PRIOR_PAYERS,
    CheckCode.WARNING_LINE,
    CheckCode.DISABILITY_GRADE,
    CheckCode.DEDUCTIBLE,
    CheckCode.CAP,
    CheckCode.DUPLICATE_DOCUMENT,
    CheckCode.SAME_EVENT,
    CheckCode.OPEN_CLAIM,
    CheckCode.FOUR_HAVE,
    CheckCode.DOCUMENTS_COMPLETE,
)
"""The checks of rule version 2 in the order in which a decision lists them."""

SETTLEABLE: Final = frozenset(
    {
        CheckCode.CLAIMANT_IS_MEMBER,
        CheckCode.COVERED_GROUP,
        CheckCode.EVIDENCE,
        CheckCode.LIABLE_THIRD_PARTY,
        CheckCode.SAME_EVENT,
        CheckCode.OPEN_CLAIM,
        CheckCode.FOUR_HAVE,
        CheckCode.DOCUMENTS_COMPLETE,
    }
)
"""Checks an approving reviewer may settle in writing. A missing income line is not among them: it has to be set."""

LISTED_FIRST: Final = (
    CheckCode.POLICY_IN_FORCE,
    CheckCode.TERMS_IN_FORCE,
    CheckCode.DATES,
    CheckCode.CLAIMANT_IS_MEMBER,
    CheckCode.INCOME_LINE,
    CheckCode.COVERED_GROUP,
    CheckCode.WAITING_PERIOD,
    CheckCode.REPORTING_PERIOD,
    CheckCode.LOSS_KINDS,
    CheckCode.PRIOR_PAYERS,
    CheckCode.DEDUCTIBLE,
    CheckCode.CAP,
    CheckCode.DUPLICATE_DOCUMENT,
    CheckCode.SAME_EVENT,
)
SETTLEABLE_FIRST: Final = frozenset({CheckCode.COVERED_GROUP, CheckCode.SAME_EVENT})


def decide(inputs: Inputs) -> Decision:
    """Decide a claim by rule version 2: every check with its answer, and every step of the computation.

    One failing check refuses; otherwise one check that needs review leaves the decision open; otherwise the claim
    is eligible. The benefit of an eligible claim is positive, at most the loss less other payments, and at most
    what is left of the tightest cap.
    """
    inputs = ordered(inputs)
    terms = inputs.terms
    amounts = None if terms is None else amounts_of(inputs, terms)
    checks = tuple(settle(one_check(code, inputs, amounts), inputs, SETTLEABLE) for code in LISTED)
    outcome = conclude(checks)
    return Decision(
        rule_version=2,
        outcome=outcome,
        benefit_fen=0 if outcome is Outcome.REFUSED or amounts is None else amounts.benefit_fen,
        terms_id=None if terms is None else terms.id,
        terms_version=None if terms is None else terms.version,
        checks=checks,
        computation=() if terms is None or amounts is None else explain(amounts, terms, outcome),
    )


def one_check(code: CheckCode, inputs: Inputs, amounts: Amounts | None) -> Check:
    """Answer one check of rule version 2."""
    if code in BARE:
        return BARE[code](inputs)
    if inputs.terms is None or amounts is None:
        return not_checked(code)
    if code in OF_TERMS:
        return OF_TERMS[code](inputs, inputs.terms)
    return OF_AMOUNTS[code](inputs, inputs.terms, amounts)


def decide_first(inputs: Inputs) -> Decision:
    """Decide a claim by rule version 1, which knew one cap, no grades, and nothing of a claim's circumstances."""
    inputs = ordered(inputs)
    terms, figures = inputs.terms, None
    if terms is not None:
        figures = benefit.compute(terms, inputs.claim.losses, inputs.claim.other_payments, inputs.facts.consumed_fen)
    checks = tuple(settle(one_check_first(code, inputs, figures), inputs, SETTLEABLE_FIRST) for code in LISTED_FIRST)
    outcome = conclude(checks)
    return Decision(
        rule_version=1,
        outcome=outcome,
        benefit_fen=0 if outcome is Outcome.REFUSED or figures is None else figures.benefit_fen,
        terms_id=None if terms is None else terms.id,
        terms_version=None if terms is None else terms.version,
        checks=checks,
        computation=() if terms is None or figures is None else benefit.explain(figures, terms, outcome),
    )


def one_check_first(code: CheckCode, inputs: Inputs, figures: Figures | None) -> Check:
    """Answer one check of rule version 1."""
    if code in WITHOUT_TERMS:
        return WITHOUT_TERMS[code](inputs)
    if inputs.terms is None or figures is None:
        return not_checked(code)
    return WITH_TERMS[code](inputs, inputs.terms, figures)


def ordered(inputs: Inputs) -> Inputs:
    """Put bills and payments in one order, so that the order in which they were handed in changes nothing."""
    claim = replace(
        inputs.claim,
        losses=tuple(
            sorted(
                inputs.claim.losses,
                key=lambda item: (item.kind, item.amount_fen, item.document_key or "", item.settlement_key or ""),
            )
        ),
        other_payments=tuple(sorted(inputs.claim.other_payments, key=lambda paid: (paid.payer, paid.amount_fen))),
    )
    return replace(inputs, claim=claim)


def settle(check: Check, inputs: Inputs, settleable: frozenset[CheckCode]) -> Check:
    """Turn an open check into a passed one where the approving reviewer settled it in writing and it may be settled."""
    if (
        check.outcome is not CheckOutcome.NEEDS_REVIEW
        or check.code not in settleable
        or check.code not in inputs.facts.settled
    ):
        return check
    if check.code is CheckCode.COVERED_GROUP and inputs.facts.income_line is None:
        return check
    return replace(
        check,
        outcome=CheckOutcome.PASS,
        inputs={**check.inputs, "settled_by_reviewer": True},
        reason=Text(
            f"{check.reason.zh}（审批人已书面认定）",
            f"{check.reason.en} (settled in writing by the approving reviewer)",
        ),
    )


def conclude(checks: Iterable[Check]) -> Outcome:
    """Return the outcome the checks lead to."""
    outcomes = {check.outcome for check in checks}
    if CheckOutcome.FAIL in outcomes:
        return Outcome.REFUSED
    return Outcome.NEEDS_REVIEW if CheckOutcome.NEEDS_REVIEW in outcomes else Outcome.ELIGIBLE


RULES: Final[Mapping[int, Callable[[Inputs], Decision]]] = {1: decide_first, 2: decide}
"""Every rule version ever used; stored decisions name theirs."""
