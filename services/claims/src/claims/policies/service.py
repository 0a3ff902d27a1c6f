"""Use cases of programmes and their terms. Functions that take a connection run inside their caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Context
from claims.documents.reference import kind_codes
from claims.policies import store
from claims.policies.rules import (
    Cause,
    Exclusion,
    Policy,
    PolicySources,
    Sources,
    Terms,
    TermsStatus,
    Tier,
    overlapped_version,
    policy_year,
)
from claims.policies.schemas import (
    ApprovalIn,
    ExclusionOut,
    GradeOut,
    PolicyIn,
    PolicyOut,
    PolicySourcesOut,
    SourcesOut,
    TermsIn,
    TermsOut,
    TierOut,
)
from claims.policies.soundness import TEXTS, Fault, Found, policy_faults, terms_faults
from claims.policies.store import Approval, StoredPolicy, StoredTerms
from claims.problems import EARLIER_TERMS_OPEN, POLICY_EXISTS, TERMS_DECIDED, TERMS_OVERLAP
from common.database import transaction
from common.errors import NOT_FOUND, SAME_PERSON, FieldError
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from common.validation import invalid, invalid_field


def refuse_faults(faults: Sequence[Found]) -> None:
    """Raise `invalid_request` naming every fault at once, if there is any."""
    if faults:
        raise invalid([FieldError(field, fault.value, *TEXTS[fault]) for field, fault in faults])


async def write_policy(conn: AsyncConnection, *, book: str, body: PolicyIn, by_person: str, now: datetime) -> PolicyOut:
    """Store a programme.

    Raises `invalid_request` naming every figure that is missing, out of place or without its source, and
    `policy_exists` where the book already has one for the year.
    """
    sources = PolicySources(**body.sources.model_dump())
    figures = {"pool_fen": body.pool_fen, "fee_bp": body.fee_bp, "surplus_rule": body.surplus_rule}
    refuse_faults(policy_faults(body.funding, figures, sources))
    first, last = policy_year(body.year)
    policy = Policy(
        id=uuid7(),
        year=body.year,
        insurer=body.insurer,
        name=body.name or f"{body.year}年精准防贫保险",
        funding=body.funding,
        valid_from=first,
        valid_to=last,
        pool_fen=body.pool_fen,
        fee_bp=body.fee_bp,
        surplus_rule=body.surplus_rule,
        sources=sources,
    )
    stored = StoredPolicy(policy, now, by_person)
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
    """Store a new version of the terms of a cause as a draft.

    Raises `not_found` (no such policy), `invalid_request` naming every fault, `terms_overlap` where another version
    that was not refused holds one of its days and is not the one it supersedes.
    """
    policy = await store.load_policy(conn, book, policy_id, lock=True)
    if policy is None:
        raise NOT_FOUND.error()
    written = await store.terms_of_policy(conn, book, policy_id, body.cause)
    new = new_terms(body, policy.policy, version=1 + max((row.terms.version for row in written), default=0))
    refuse_faults([*terms_faults(new, policy.policy), *unknown_documents(new)])
    earlier = [row.terms for row in written if row.status is not TermsStatus.REFUSED]
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


def unknown_documents(terms: Terms) -> Sequence[Found]:
    """Return the required documents of a kind nobody could ever hand in."""
    return [
        (f"required_documents[{index}]", Fault.UNKNOWN_DOCUMENT)
        for index, kind in enumerate(terms.required_documents)
        if kind not in kind_codes()
    ]


def new_terms(body: TermsIn, policy: Policy, version: int) -> Terms:
    """Return the terms a request describes, judged by nobody yet."""
    valid_to = policy.valid_to if body.valid_to is None else body.valid_to
    grades = {one.grade: one.amount_fen for one in body.grades}
    return Terms(
        id=uuid7(),
        version=version,
        cause=body.cause,
        valid_from=body.valid_from,
        valid_to=valid_to,
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
        warning_fen=body.warning_fen,
        claim_cap_fen=body.claim_cap_fen,
        person_cap_fen=body.person_cap_fen,
        household_cap_fen=body.household_cap_fen,
        person_year_cap_fen=body.person_year_cap_fen,
        household_year_cap_fen=body.household_year_cap_fen,
        # A grade named twice leaves one out, which is refused as an incomplete table.
        grade_fen=tuple(grades[grade] for grade in sorted(grades)),
        exclusions=tuple(
            Exclusion(
                code=one.code,
                zh=one.text_zh,
                en=one.text_en,
                valid_from=body.valid_from if one.valid_from is None else one.valid_from,
                valid_to=valid_to if one.valid_to is None else one.valid_to,
                source=one.source,
            )
            for one in body.exclusions
        ),
        required_documents=tuple(body.required_documents),
        prior_payers=tuple(body.prior_payers),
        evidence_kinds=tuple(body.evidence_kinds),
        third_party=body.third_party,
    )


async def decide_terms(
    conn: AsyncConnection,
    *,
    book: str,
    policy_id: UUID,
    terms_id: UUID,
    body: ApprovalIn,
    by_person: str,
    now: datetime,
) -> TermsOut:
    """Record a second person's word on a draft; an approved version is in force on its days from now on.

    Raises `invalid_request` (a refusal without its reason), `not_found`, `terms_decided`, `same_person` (who wrote
    it), and for an approval `earlier_terms_open` (the version it supersedes is still a draft) and `terms_overlap`
    (approved terms hold one of its days and are not those it supersedes).
    """
    if body.outcome is TermsStatus.REFUSED and body.reason is None:
        raise invalid_field("reason", "required", "不予批准须写明理由。", "Give the reason for refusing.")
    policy = await store.load_policy(conn, book, policy_id, lock=True)
    stored = await store.load_terms(conn, book, terms_id)
    if policy is None or stored is None or stored.policy_id != policy_id:
        raise NOT_FOUND.error()
    if stored.approval is not None:
        raise TERMS_DECIDED.error(status_now=stored.status.value)
    if stored.created_by == by_person:
        raise SAME_PERSON.error(duty="drafting")
    if body.outcome is TermsStatus.APPROVED:
        refuse_displacing(stored.terms, await store.terms_of_policy(conn, book, policy_id, stored.terms.cause))
    approval = Approval(TermsStatus(body.outcome), body.reason, by_person, now)
    await store.insert_approval(conn, book, stored, approval)
    return terms_out(replace(stored, approval=approval))


def refuse_displacing(new: Terms, written: Sequence[StoredTerms]) -> None:
    """Raise what stands against putting `new` in force among the versions written for its cause."""
    superseded = next((row for row in written if row.terms.version == new.supersedes), None)
    if superseded is not None and superseded.status is TermsStatus.DRAFT:
        raise EARLIER_TERMS_OPEN.error(version=superseded.terms.version)
    approved = [row.terms for row in written if row.status is TermsStatus.APPROVED]
    overlapped = overlapped_version(approved, new)
    if overlapped is not None:
        raise TERMS_OVERLAP.error(field="valid_from", cause=new.cause.value, version=overlapped)


async def list_terms(context: Context, book: str, policy_id: UUID, cause: Cause | None) -> Sequence[TermsOut]:
    """Every version of a programme's terms, by cause and version. Raises `not_found`."""
    async with transaction(context.engine) as conn:
        if await store.load_policy(conn, book, policy_id) is None:
            raise NOT_FOUND.error()
        rows = await store.terms_of_policy(conn, book, policy_id, cause)
    return [terms_out(row) for row in rows]


def policy_out(stored: StoredPolicy) -> PolicyOut:
    """Return a programme as the API shows it."""
    policy = stored.policy
    return PolicyOut(
        id=policy.id,
        year=policy.year,
        insurer=policy.insurer,
        name=policy.name,
        funding=policy.funding,
        valid_from=policy.valid_from,
        valid_to=policy.valid_to,
        pool_fen=policy.pool_fen,
        fee_bp=policy.fee_bp,
        surplus_rule=policy.surplus_rule,
        sources=PolicySourcesOut(**asdict(policy.sources)),
        created_at=stored.created_at,
        created_by=stored.created_by,
    )


def terms_out(stored: StoredTerms) -> TermsOut:
    """Return a version of terms as the API shows it."""
    terms, approval = stored.terms, stored.approval
    return TermsOut(
        id=terms.id,
        policy_id=stored.policy_id,
        cause=terms.cause,
        version=terms.version,
        valid_from=terms.valid_from,
        valid_to=terms.valid_to,
        supersedes=terms.supersedes,
        status=stored.status,
        deductible_fen=terms.deductible_fen,
        warning_fen=terms.warning_fen,
        tiers=[TierOut(from_fen=tier.from_fen, rate_bp=tier.rate_bp) for tier in terms.tiers],
        tier_mode=terms.tier_mode,
        tiers_measured_on=terms.measured_on,
        base=terms.base,
        cap_fen=terms.cap_fen,
        claim_cap_fen=terms.claim_cap_fen,
        person_cap_fen=terms.person_cap_fen,
        household_cap_fen=terms.household_cap_fen,
        person_year_cap_fen=terms.person_year_cap_fen,
        household_year_cap_fen=terms.household_year_cap_fen,
        grades=[GradeOut(grade=grade, amount_fen=amount) for grade, amount in enumerate(terms.grade_fen, start=1)],
        exclusions=[exclusion_out(one) for one in terms.exclusions],
        third_party=terms.third_party,
        prior_payers=terms.prior_payers,
        required_documents=terms.required_documents,
        evidence_kinds=terms.evidence_kinds,
        waiting_days=terms.waiting_days,
        reporting_days=terms.reporting_days,
        loss_kinds=terms.loss_kinds,
        sources=SourcesOut(**asdict(terms.sources)),
        created_at=stored.created_at,
        created_by=stored.created_by,
        decided_at=None if approval is None else approval.decided_at,
        decided_by=None if approval is None else approval.decided_by,
        reason=None if approval is None else approval.reason,
    )


def exclusion_out(one: Exclusion) -> ExclusionOut:
    """Return an exclusion as the API shows it."""
    return ExclusionOut(
        code=one.code,
        text_zh=one.zh,
        text_en=one.en,
        valid_from=one.valid_from,
        valid_to=one.valid_to,
        source=one.source,
    )
