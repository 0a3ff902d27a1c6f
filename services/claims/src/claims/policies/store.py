"""SQL of the policies room. Stable for other rooms: `policy_on`, `load_policy`, `load_terms`, `terms_of_policy`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.policies.rules import Base, Cause, Funding, PathName, Policy, ReviewPlan, Sources, Terms, Tier, TierMode
from claims.policies.tables import policy, terms


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A programme and who wrote it."""

    policy: Policy
    created_at: datetime
    created_by: str
    review: ReviewPlan


@dataclass(frozen=True, slots=True)
class StoredTerms:
    """A version of terms and who wrote it."""

    policy_id: UUID
    terms: Terms
    created_at: datetime
    created_by: str


def _policy(row: sa.RowMapping) -> StoredPolicy:
    found = Policy(
        id=row["id"],
        year=row["year"],
        insurer=row["insurer"],
        name=row["name"],
        funding=Funding(row["funding"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
    )
    review = ReviewPlan(PathName(row["path"]), row["second_look_share_bp"], row["second_look_from_fen"])
    return StoredPolicy(found, row["created_at"], row["created_by"], review)


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
    )
    return StoredTerms(row["policy_id"], found, row["created_at"], row["created_by"])


async def insert_policy(conn: AsyncConnection, book: str, stored: StoredPolicy) -> bool:
    """Store a new programme; False where the book already has one for the year."""
    made = (
        insert(policy)
        .values(
            book=book,
            **asdict(stored.policy),
            **asdict(stored.review),
            created_at=stored.created_at,
            created_by=stored.created_by,
        )
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
            created_at=stored.created_at,
            created_by=stored.created_by,
        )
    )


async def load_terms(conn: AsyncConnection, book: str, terms_id: UUID) -> Terms | None:
    """One version of terms, or None."""
    query = sa.select(terms).where(terms.c.book == book, terms.c.id == terms_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _terms(row).terms


async def terms_of_policy(
    conn: AsyncConnection, book: str, policy_id: UUID, cause: Cause | None = None
) -> Sequence[StoredTerms]:
    """Every version of a programme's terms, by cause and version. There are few: people write them."""
    query = (
        sa.select(terms)
        .where(terms.c.book == book, terms.c.policy_id == policy_id)
        .order_by(terms.c.cause, terms.c.version)
    )
    if cause is not None:
        query = query.where(terms.c.cause == cause.value)
    return [_terms(row) for row in (await conn.execute(query)).mappings()]
