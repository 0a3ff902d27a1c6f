"""SQL of the policies room. Stable for other rooms: `policy_on`, `load_policy`, `load_terms`, `approved_terms`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.policies.rules import (
    Base,
    Cause,
    Exclusion,
    Funding,
    Policy,
    PolicySources,
    Sources,
    SurplusRule,
    Terms,
    TermsStatus,
    ThirdParty,
    Tier,
    TierMode,
)
from claims.policies.tables import policy, terms, terms_approval


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A programme and who wrote it."""

    policy: Policy
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A second person's word on a version of terms."""

    outcome: TermsStatus
    reason: str | None
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class StoredTerms:
    """A version of terms, who wrote it, and what the second person said; None while nobody has."""

    policy_id: UUID
    terms: Terms
    created_at: datetime
    created_by: str
    approval: Approval | None = None

    @property
    def status(self) -> TermsStatus:
        """Where the version stands."""
        return TermsStatus.DRAFT if self.approval is None else self.approval.outcome


def _policy(row: sa.RowMapping) -> StoredPolicy:
    found = Policy(
        id=row["id"],
        year=row["year"],
        insurer=row["insurer"],
        name=row["name"],
        funding=Funding(row["funding"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        pool_fen=row["pool_fen"],
        fee_bp=row["fee_bp"],
        surplus_rule=None if row["surplus_rule"] is None else SurplusRule(row["surplus_rule"]),
        sources=PolicySources(**row["sources"]),
    )
    return StoredPolicy(found, row["created_at"], row["created_by"])


def _terms(row: sa.RowMapping) -> StoredTerms:
    found = Terms(
        id=row["id"],
        version=row["version"],
        cause=Cause(row["cause"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        supersedes=row["supersedes"],
        deductible_fen=row["deductible_fen"],
        tiers=tuple(Tier(start, rate) for start, rate in zip(row["tier_from_fen"], row["tier_rate_bp"], strict=True)),
        tier_mode=TierMode(row["tier_mode"]),
        base=Base(row["base"]),
        cap_fen=row["cap_fen"],
        waiting_days=row["waiting_days"],
        reporting_days=row["reporting_days"],
        loss_kinds=tuple(row["loss_kinds"]),
        sources=Sources(**row["sources"]),
        warning_fen=row["warning_fen"],
        claim_cap_fen=row["claim_cap_fen"],
        person_cap_fen=row["person_cap_fen"],
        household_cap_fen=row["household_cap_fen"],
        person_year_cap_fen=row["person_year_cap_fen"],
        household_year_cap_fen=row["household_year_cap_fen"],
        grade_fen=tuple(row["grade_fen"]),
        exclusions=tuple(_exclusion(one) for one in row["exclusions"]),
        required_documents=tuple(row["required_documents"]),
        prior_payers=tuple(row["prior_payers"]),
        evidence_kinds=tuple(row["evidence_kinds"]),
        third_party=ThirdParty(row["third_party"]),
    )
    approval = (
        None
        if row["outcome"] is None
        else Approval(TermsStatus(row["outcome"]), row["reason"], row["decided_by"], row["decided_at"])
    )
    return StoredTerms(row["policy_id"], found, row["created_at"], row["created_by"], approval)


def _exclusion(stored: Mapping[str, str]) -> Exclusion:
    days = {name: date.fromisoformat(stored[name]) for name in ("valid_from", "valid_to")}
    return Exclusion(code=stored["code"], zh=stored["zh"], en=stored["en"], source=stored["source"], **days)


_WITH_APPROVAL: Final = sa.select(
    terms,
    terms_approval.c.outcome,
    terms_approval.c.reason,
    terms_approval.c.decided_by,
    terms_approval.c.decided_at,
).select_from(
    terms.outerjoin(
        terms_approval, sa.and_(terms_approval.c.book == terms.c.book, terms_approval.c.terms_id == terms.c.id)
    )
)


async def insert_policy(conn: AsyncConnection, book: str, stored: StoredPolicy) -> bool:
    """Store a new programme; False where the book already has one for the year."""
    made = (
        insert(policy)
        .values(book=book, **asdict(stored.policy), created_at=stored.created_at, created_by=stored.created_by)
        .on_conflict_do_nothing(index_elements=["book", "year"])
        .returning(policy.c.id)
    )
    return (await conn.execute(made)).first() is not None


async def load_policy(conn: AsyncConnection, book: str, policy_id: UUID, *, lock: bool = False) -> StoredPolicy | None:
    """One programme, or None; locked against other writers of terms if asked."""
    query = sa.select(policy).where(policy.c.book == book, policy.c.id == policy_id)
    row = (await conn.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else _policy(row)


async def policy_on(conn: AsyncConnection, book: str, day: date) -> Policy | None:
    """The programme that covers a day, or None. A book has one programme a year, so there is one at most."""
    query = sa.select(policy).where(policy.c.book == book, policy.c.valid_from <= day, policy.c.valid_to >= day)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _policy(row).policy


async def list_policies(conn: AsyncConnection, book: str, after: UUID | None, limit: int) -> list[StoredPolicy]:
    """At most `limit` programmes in the order in which they were written."""
    query = sa.select(policy).where(policy.c.book == book).order_by(policy.c.id).limit(limit)
    if after is not None:
        query = query.where(policy.c.id > after)
    return [_policy(row) for row in (await conn.execute(query)).mappings()]


async def insert_terms(conn: AsyncConnection, book: str, stored: StoredTerms) -> None:
    """Store a new version of terms. The caller holds the programme's lock."""
    new = stored.terms
    await conn.execute(
        sa.insert(terms).values(
            book=book,
            id=new.id,
            policy_id=stored.policy_id,
            cause=new.cause.value,
            version=new.version,
            supersedes=new.supersedes,
            valid_from=new.valid_from,
            valid_to=new.valid_to,
            deductible_fen=new.deductible_fen,
            tier_from_fen=[tier.from_fen for tier in new.tiers],
            tier_rate_bp=[tier.rate_bp for tier in new.tiers],
            tier_mode=new.tier_mode.value,
            base=new.base.value,
            cap_fen=new.cap_fen,
            waiting_days=new.waiting_days,
            reporting_days=new.reporting_days,
            loss_kinds=list(new.loss_kinds),
            sources=asdict(new.sources),
            warning_fen=new.warning_fen,
            claim_cap_fen=new.claim_cap_fen,
            person_cap_fen=new.person_cap_fen,
            household_cap_fen=new.household_cap_fen,
            person_year_cap_fen=new.person_year_cap_fen,
            household_year_cap_fen=new.household_year_cap_fen,
            grade_fen=list(new.grade_fen),
            exclusions=[
                {**asdict(one), "valid_from": one.valid_from.isoformat(), "valid_to": one.valid_to.isoformat()}
                for one in new.exclusions
            ],
            required_documents=list(new.required_documents),
            prior_payers=list(new.prior_payers),
            evidence_kinds=list(new.evidence_kinds),
            third_party=new.third_party.value,
            created_at=stored.created_at,
            created_by=stored.created_by,
        )
    )


async def insert_approval(conn: AsyncConnection, book: str, stored: StoredTerms, approval: Approval) -> None:
    """Store the second person's word on a version. The caller holds the programme's lock."""
    await conn.execute(
        sa.insert(terms_approval).values(
            book=book, terms_id=stored.terms.id, drafted_by=stored.created_by, **asdict(approval)
        )
    )


async def load_terms(conn: AsyncConnection, book: str, terms_id: UUID) -> StoredTerms | None:
    """One version of terms, or None."""
    query = _WITH_APPROVAL.where(terms.c.book == book, terms.c.id == terms_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _terms(row)


async def approved_terms(conn: AsyncConnection, book: str, policy_id: UUID, cause: Cause) -> list[Terms]:
    """The versions of a cause that may decide: those a second person approved."""
    found = await terms_of_policy(conn, book, policy_id, cause)
    return [stored.terms for stored in found if stored.status is TermsStatus.APPROVED]


async def terms_of_policy(
    conn: AsyncConnection, book: str, policy_id: UUID, cause: Cause | None = None
) -> Sequence[StoredTerms]:
    """Every version of a programme's terms, by cause and version. There are few: people write them."""
    query = _WITH_APPROVAL.where(terms.c.book == book, terms.c.policy_id == policy_id).order_by(
        terms.c.cause, terms.c.version
    )
    if cause is not None:
        query = query.where(terms.c.cause == cause.value)
    return [_terms(row) for row in (await conn.execute(query)).mappings()]
