"""SQL of erasure and of what is due for it. Every statement names the book."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.access.tables import erasure
from claims.claims.tables import claim
from claims.documents.tables import document
from claims.policies.tables import policy

FINISHED = ("paid", "refused", "withdrawn", "closed")
"""Statuses in which nothing more happens to a claim; the database's `erasure_permitted` has the same."""


async def is_erased(conn: AsyncConnection, book: str, household_id: UUID, member_id: UUID | None) -> bool:
    """Whether the household was erased, or this member of it."""
    whole = erasure.c.member_id.is_(None)
    which = whole if member_id is None else sa.or_(whole, erasure.c.member_id == member_id)
    chosen = sa.select(erasure.c.id).where(erasure.c.book == book, erasure.c.household_id == household_id, which)
    return (await conn.execute(chosen.limit(1))).first() is not None


async def unfinished_claims(
    conn: AsyncConnection, book: str, household_id: UUID, member_id: UUID | None, today: date
) -> list[str]:
    """Numbers of the claims that stand in an erasure's way: on their way, or paid under a policy that still runs."""
    of_policy = sa.and_(policy.c.book == claim.c.book, policy.c.id == claim.c.policy_id)
    counts_still = sa.and_(claim.c.status.in_(("paid", "closed")), policy.c.valid_to >= today)
    chosen = (
        sa.select(claim.c.number)
        .join(policy, of_policy)
        .where(
            claim.c.book == book,
            claim.c.household_id == household_id,
            sa.or_(claim.c.status.not_in(FINISHED), counts_still),
        )
        .order_by(claim.c.number)
    )
    if member_id is not None:
        chosen = chosen.where(claim.c.claimant_member_id == member_id)
    return list((await conn.execute(chosen)).scalars())


async def insert_erasure(conn: AsyncConnection, row: Mapping[str, object]) -> datetime:
    """Record an erasure; the trigger of its table destroys what is sealed. Answers when."""
    made: datetime = (await conn.execute(sa.insert(erasure).values(row).returning(erasure.c.erased_at))).scalar_one()
    return made


async def documents_of(conn: AsyncConnection, book: str, household_id: UUID, member_id: UUID | None) -> list[UUID]:
    """The documents of the claims of a household, or of one member, that still open."""
    of_claim = sa.and_(claim.c.book == document.c.book, claim.c.id == document.c.claim_id)
    chosen = (
        sa.select(document.c.id)
        .join(claim, of_claim)
        .where(document.c.book == book, claim.c.household_id == household_id, document.c.erased_at.is_(None))
        .order_by(document.c.id)
    )
    if member_id is not None:
        chosen = chosen.where(claim.c.claimant_member_id == member_id)
    return list((await conn.execute(chosen)).scalars())
