"""The decision on a claim as a pure function of what it is given: no clock, no I/O.

`decide` answers every check and shows the whole computation. The same inputs give the same decision, byte for byte,
for ever: a later rule change gets a new number in `RULES` and leaves the earlier function standing, so that old
decisions can be made again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from claims.eligibility.benefit import Figures, compute, explain
from claims.eligibility.checks import WITH_TERMS, WITHOUT_TERMS, not_checked
from claims.eligibility.model import Check, CheckCode, CheckOutcome, Decision, Inputs, Outcome, Text

SETTLEABLE: Final = frozenset({CheckCode.COVERED_GROUP, CheckCode.SAME_EVENT})
"""Checks an approving reviewer may settle in writing. A missing income line is not among them: it has to be set."""


def decide(inputs: Inputs) -> Decision:
    """Decide a claim: every check with its answer, and every step of the computation.

    One failing check refuses; otherwise one check that needs review leaves the decision open; otherwise the claim
    is eligible. The benefit of an eligible claim is positive, at most the loss less other payments, and at most
    what is left of the cap.
    """
    inputs = ordered(inputs)
    terms, figures = inputs.terms, None
    if terms is not None:
        figures = compute(terms, inputs.claim.losses, inputs.claim.other_payments, inputs.facts.consumed_fen)
    checks = tuple(settle(one_check(code, inputs, figures), inputs) for code in CheckCode)
    outcome = conclude(checks)
    return Decision(
        rule_version=1,
        outcome=outcome,
        benefit_fen=0 if outcome is Outcome.REFUSED or figures is None else figures.benefit_fen,
        terms_id=None if terms is None else terms.id,
        terms_version=None if terms is None else terms.version,
        checks=checks,
        computation=() if terms is None or figures is None else explain(figures, terms, outcome),
    )


def ordered(inputs: Inputs) -> Inputs:
    """Put bills and payments in one order, so that the order in which they were handed in changes nothing."""
    claim = replace(
        inputs.claim,
        losses=tuple(
            sorted(inputs.claim.losses, key=lambda item: (item.kind, item.amount_fen, item.document_key or ""))
        ),
        other_payments=tuple(sorted(inputs.claim.other_payments, key=lambda paid: (paid.payer, paid.amount_fen))),
    )
    return replace(inputs, claim=claim)


def one_check(code: CheckCode, inputs: Inputs, figures: Figures | None) -> Check:
    """Answer one check."""
    if code in WITHOUT_TERMS:
        return WITHOUT_TERMS[code](inputs)
    if inputs.terms is None or figures is None:
        return not_checked(code)
    return WITH_TERMS[code](inputs, inputs.terms, figures)


def settle(check: Check, inputs: Inputs) -> Check:
    """Turn an open check into a passed one where the approving reviewer settled it in writing and it may be settled."""
    if (
        check.outcome is not CheckOutcome.NEEDS_REVIEW
        or check.code not in SETTLEABLE
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


RULES: Final[Mapping[int, Callable[[Inputs], Decision]]] = {1: decide}
"""Every rule version ever used; stored decisions name theirs."""
