"""Deciding a claim again on its path: after a completion, after a survey that corrects the loss, and for the approval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims import store
from claims.claims.details import Details, corrected
from claims.claims.others import lock_rivals
from claims.claims.sealing import ClaimSeal
from claims.claims.service import claim_data, refuse_overpaid, store_decision, store_details
from claims.claims.step_fields import CheckedStep
from claims.claims.store import ClaimRow
from claims.eligibility.facts import claimant_index, gather
from claims.eligibility.model import Check, CheckCode, CheckOutcome, Decision, Inputs, Outcome
from claims.eligibility.rules import decide
from claims.households import store as households
from claims.problems import INCOME_LINE_MISSING, NOT_ELIGIBLE, REVIEW_NEEDED
from common.errors import NOT_FOUND, FieldError


@dataclass(frozen=True, slots=True)
class Taking:
    """A step being taken: on which claim, by whom, when."""

    conn: AsyncConnection
    seal: ClaimSeal
    book: str
    row: ClaimRow
    step: CheckedStep
    by_person: str
    today: date
    now: datetime


async def correct(taking: Taking, occasion: str) -> ClaimRow:
    """Store corrected details, if any, and decide again."""
    row, body = taking.row, taking.step.body
    details = await details_of(taking, row)
    stated = corrected(details, body)
    if stated != details:
        details = stated
        refuse_overpaid(details)
        row = replace(row, details_version=row.details_version + 1)
        await store_details(taking.conn, taking.seal, row, details, taking.by_person, taking.now)
    inputs, decision = await decide_again(taking, row, details, settled=())
    row = decided(row, decision)
    await store_decision(
        taking.conn, taking.seal, row, inputs, decision, occasion=occasion, by_person=taking.by_person, now=taking.now
    )
    return row


async def approve(taking: Taking) -> ClaimRow:
    """Decide again under lock; where the claim is eligible, store the decision as final.

    The household's lock holds its members, income and other approvals still; the person's lock does the same across
    households. The household comes first: under its lock the person's number no longer changes.
    """
    row, body = taking.row, taking.step.body
    details = await details_of(taking, row)
    household = await households.lock_household(taking.conn, taking.book, row.household_id)
    person = set() if household is None else {claimant_index(household, row.claimant_member_id)}
    await lock_rivals(taking.conn, taking.book, {row.claimant_index} | person, taking.seal.documents(details))
    inputs, decision = await decide_again(taking, row, details, settled=tuple(body.reviewed_checks))
    refuse_unless_eligible(row, decision)
    row = decided(row, decision)
    await store_decision(
        taking.conn, taking.seal, row, inputs, decision, occasion="approval", by_person=taking.by_person, now=taking.now
    )
    return row


async def details_of(taking: Taking, row: ClaimRow) -> Details:
    """Open the claim's details as they stand."""
    sealed = await store.load_details(taking.conn, taking.book, row.id, row.details_version)
    return taking.seal.open_details(row.id, row.details_version, sealed)


async def decide_again(
    taking: Taking, row: ClaimRow, details: Details, *, settled: tuple[str, ...]
) -> tuple[Inputs, Decision]:
    """Decide from what the register and the other claims say now."""
    household = await households.load_household(taking.conn, taking.book, row.household_id)
    if household is None:
        raise NOT_FOUND.error(field="household_id")
    data = claim_data(taking.seal, row, details)
    inputs = await gather(
        taking.conn, taking.book, data, household, today=taking.today, claim_id=row.id, settled=settled
    )
    return inputs, decide(inputs)


def decided(row: ClaimRow, decision: Decision) -> ClaimRow:
    """Return the claim with the next version of its decision."""
    return replace(
        row,
        decision_version=row.decision_version + 1,
        outcome=decision.outcome,
        benefit_fen=decision.benefit_fen,
    )


def refuse_unless_eligible(row: ClaimRow, decision: Decision) -> None:
    """Raise what stands against an approval: failing checks first, then a missing income line, then checks to be settled."""
    if decision.outcome is Outcome.ELIGIBLE:
        return
    failing = [check for check in decision.checks if check.outcome is CheckOutcome.FAIL]
    if failing:
        reasons = [check.code.value for check in failing]
        raise NOT_ELIGIBLE.error(errors=[as_error(check) for check in failing], reasons=reasons)
    unsettled = [check for check in decision.checks if check.outcome is CheckOutcome.NEEDS_REVIEW]
    if any(check.code is CheckCode.INCOME_LINE for check in unsettled):
        raise INCOME_LINE_MISSING.error(year=row.event_on.year)
    raise REVIEW_NEEDED.error(
        errors=[as_error(check) for check in unsettled], reasons=[check.code.value for check in unsettled]
    )


def as_error(check: Check) -> FieldError:
    """Return a check as a line of a refusal."""
    return FieldError(f"checks.{check.code.value}", check.code.value, check.reason.zh, check.reason.en)
