"""Use cases of programmes and their terms. Functions that take a connection run inside their caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Context
from claims.policies import store
from claims.policies.rules import (
    Cause,
    Policy,
    ReviewPlan,
    Sources,
    Terms,
    TermsFault,
    Tier,
    overlapped_version,
    policy_year,
    terms_faults,
)
from claims.policies.schemas import PolicyIn, PolicyOut, SourcesOut, TermsIn, TermsOut, TierOut
from claims.policies.store import StoredPolicy, StoredTerms
from claims.problems import POLICY_EXISTS, TERMS_OVERLAP
from common.database import transaction
from common.errors import NOT_FOUND, FieldError
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from common.validation import invalid, invalid_field

FAULT_TEXTS: dict[TermsFault, tuple[str, str]] = {
    TermsFault.VALIDITY_REVERSED: ("失效日期早于生效日期。", "Ends before it starts."),
    TermsFault.OUTSIDE_POLICY: ("不在保险方案的有效期内。", "Lies outside the policy's year."),
    TermsFault.FIRST_TIER: ("首段须从 0 或起付线开始。", "The first tier must start at 0 or at the deductible."),
    TermsFault.TIERS_NOT_ASCENDING: ("须大于前一段的起点。", "Must be greater than the start of the tier before it."),
    TermsFault.RATE_OVER_WHOLE: ("不得超过 100%。", "Must not exceed 100 %."),
    TermsFault.WHOLE_AMOUNT_RATE_FALLS: (
        "全额套档时比例不得低于前一段。",
        "With whole-amount tiers a rate must not be below the one before it.",
    ),
    TermsFault.CAP_BELOW_DEDUCTIBLE: ("封顶线不得低于起付线。", "The cap must not be below the deductible."),
    TermsFault.SOURCE_MISSING: ("此项数字须注明依据。", "This figure needs its source."),
    TermsFault.SOURCE_WITHOUT_FIGURE: ("没有对应的内容。", "There is nothing this is the source of."),
}


async def write_policy(conn: AsyncConnection, *, book: str, body: PolicyIn, by_person: str, now: datetime) -> PolicyOut:
    """Store a programme. Raises `policy_exists` where the book already has one for the year."""
    first, last = policy_year(body.year)
    policy = Policy(
        id=uuid7(),
        year=body.year,
        insurer=body.insurer,
        name=body.name or f"{body.year}年精准防贫保险",
        funding=body.funding,
        valid_from=first,
        valid_to=last,
    )
    review = ReviewPlan(body.path, body.second_look_share_bp, body.second_look_from_fen)
    stored = StoredPolicy(policy, now, by_person, review)
    if not await store.insert_policy(conn, book, stored):
        raise POLICY_EXISTS.error(field="year", year=body.year)
    return policy_out(stored)


async def get_policy(context: Context, book: str, policy_id: UUID) -> PolicyOut:
    """One programme. Raises `not_found`."""
    async with transaction(context.engine) as conn:
        stored = await store.load_policy(conn, book, policy_id)
    if stored is None:
        raise NOT_FOUND.error()
    return policy_out(stored)


async def list_policies(
    context: Context, book: str, limit: int, cursor: str | None
) -> tuple[Sequence[PolicyOut], str | None]:
    """A page of programmes in the order in which they were written."""
    key = decode_cursor(cursor, UUID)
    after = key[0] if key is not None and isinstance(key[0], UUID) else None
    async with transaction(context.engine) as conn:
        rows = await store.list_policies(conn, book, after, limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.policy.id,))
    return [policy_out(row) for row in shown], next_cursor


async def write_terms(
    conn: AsyncConnection, *, book: str, policy_id: UUID, body: TermsIn, by_person: str, now: datetime
) -> TermsOut:
    """Store a new version of the terms of a cause.

    Raises `not_found` (no such policy), `invalid_request` naming every fault, `terms_overlap` where another version
    is in force on one of its days and is not the one it supersedes.
    """
    policy = await store.load_policy(conn, book, policy_id, lock=True)
    if policy is None:
        raise NOT_FOUND.error()
    earlier = [row.terms for row in await store.terms_of_policy(conn, book, policy_id, body.cause)]
    new = new_terms(body, policy.policy, version=1 + max((terms.version for terms in earlier), default=0))
    faults = terms_faults(new, policy.policy)
    if faults:
        raise invalid([FieldError(field, fault.value, *FAULT_TEXTS[fault]) for field, fault in faults])
    if len(set(new.loss_kinds)) < len(new.loss_kinds):
        raise invalid_field("loss_kinds", "not_unique", "含有重复项。", "Contains an item twice.")
    if new.supersedes is not None and new.supersedes not in {terms.version for terms in earlier}:
        raise invalid_field(
            "supersedes", "unknown_version", "没有这一版条款。", "There is no such version of these terms."
        )
    overlapped = overlapped_version(earlier, new)
    if overlapped is not None:
        raise TERMS_OVERLAP.error(field="valid_from", cause=new.cause.value, version=overlapped)
    stored = StoredTerms(policy_id, new, now, by_person)
    await store.insert_terms(conn, book, stored)
    return terms_out(stored)


def new_terms(body: TermsIn, policy: Policy, version: int) -> Terms:
    """Return the terms a request describes, judged by nobody yet."""
    return Terms(
        id=uuid7(),
        version=version,
        cause=body.cause,
        valid_from=body.valid_from,
        valid_to=policy.valid_to if body.valid_to is None else body.valid_to,
        supersedes=body.supersedes,
        deductible_fen=body.deductible_fen,
        tiers=tuple(Tier(tier.from_fen, tier.rate_bp) for tier in body.tiers),
        tier_mode=body.tier_mode,
        base=body.base,
        cap_fen=body.cap_fen,
        waiting_days=body.waiting_days,
        reporting_days=body.reporting_days,
        loss_kinds=tuple(body.loss_kinds),
        sources=Sources(**body.sources.model_dump()),
    )


async def list_terms(context: Context, book: str, policy_id: UUID, cause: Cause | None) -> Sequence[TermsOut]:
    """Every version of a programme's terms, by cause and version. Raises `not_found`."""
    async with transaction(context.engine) as conn:
        if await store.load_policy(conn, book, policy_id) is None:
            raise NOT_FOUND.error()
        rows = await store.terms_of_policy(conn, book, policy_id, cause)
    return [terms_out(row) for row in rows]


def policy_out(stored: StoredPolicy) -> PolicyOut:
    """Return a programme as the API shows it."""
    return PolicyOut(
        **asdict(stored.policy), **asdict(stored.review), created_at=stored.created_at, created_by=stored.created_by
    )


def terms_out(stored: StoredTerms) -> TermsOut:
    """Return a version of terms as the API shows it."""
    terms = stored.terms
    return TermsOut(
        id=terms.id,
        policy_id=stored.policy_id,
        cause=terms.cause,
        version=terms.version,
        valid_from=terms.valid_from,
        valid_to=terms.valid_to,
        supersedes=terms.supersedes,
        deductible_fen=terms.deductible_fen,
        tiers=[TierOut(from_fen=tier.from_fen, rate_bp=tier.rate_bp) for tier in terms.tiers],
        tier_mode=terms.tier_mode,
        tiers_measured_on=terms.measured_on,
        base=terms.base,
        cap_fen=terms.cap_fen,
        waiting_days=terms.waiting_days,
        reporting_days=terms.reporting_days,
        loss_kinds=terms.loss_kinds,
        sources=SourcesOut(**asdict(terms.sources)),
        created_at=stored.created_at,
        created_by=stored.created_by,
    )
