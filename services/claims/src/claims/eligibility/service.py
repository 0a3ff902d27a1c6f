"""The use case of a what-if: the decision on a claim that nobody filed. It reads and stores nothing."""

from __future__ import annotations

from datetime import date

from claims.claims.details import details_from
from claims.claims.schemas import ClaimIn
from claims.claims.service import claim_data, seal_of
from claims.context import Context
from claims.eligibility.facts import gather
from claims.eligibility.rules import decide
from claims.eligibility.schemas import DecisionContent, decision_content
from claims.households.store import load_household
from common.database import snapshot
from common.errors import NOT_FOUND, Language


async def check_eligibility(
    context: Context, book: str, body: ClaimIn, *, today: date, language: Language
) -> DecisionContent:
    """Decide a hypothetical claim exactly as one that is filed would be, all reasons listed.

    What refuses a filing outright (a day in the future, no policy, a stranger, others paid more) is a failing check
    here. Raises `not_found` for an unknown household.
    """
    data = claim_data(seal_of(context, book), body, details_from(body))
    async with snapshot(context.engine) as conn:
        household = await load_household(conn, book, body.household_id)
        if household is None:
            raise NOT_FOUND.error(field="household_id")
        inputs = await gather(conn, book, data, household, today=today)
    policy_id = None if inputs.policy is None else inputs.policy.id
    return decision_content(decide(inputs), body.cause, policy_id, language)
