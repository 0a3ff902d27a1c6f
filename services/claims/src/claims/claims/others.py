"""What other claims of the book say that bears on one claim: caps used, documents and events claimed before, claims still open.

A claim that comes later in order of filing yields to an earlier one, and any claim yields to one that was approved.
So of two claims for the same thing exactly one is stopped, whichever is approved first.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims.rules import CONSUMING, GIVEN_UP
from claims.claims.tables import claim, claim_document
from claims.households.tables import member
from claims.policies.rules import Base, Cause

_CONSUMING = sorted(status.value for status in CONSUMING)
_GIVEN_UP = sorted(status.value for status in GIVEN_UP)


@dataclass(frozen=True, slots=True)
class Registration:
    """One place where a person stands in the register: the household and the member, present or not."""

    household_id: UUID
    member_id: UUID


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose claims share a cap, and which claim is being decided (None: one that is not filed).

    The person is known by the number the register holds now and by the one a claim was filed under, so that
    correcting a number neither hides an earlier claim nor gives a second cap.
    """

    base: Base
    household_id: UUID
    claimant_index: bytes
    registrations: tuple[Registration, ...]
    claim_id: UUID | None

    def condition(self) -> sa.ColumnElement[bool]:
        """SQL condition: other claims of the same base."""
        if self.base is Base.HOUSEHOLD:
            return sa.and_(claim.c.household_id == self.household_id, self._other())
        return sa.and_(self._same_person(), self._other())

    def condition_of_event(self) -> sa.ColumnElement[bool]:
        """SQL condition: other claims that may be about the same event: of the same base, or of the same person elsewhere."""
        return sa.and_(sa.or_(self.condition(), self._same_person()), self._other())

    def _same_person(self) -> sa.ColumnElement[bool]:
        # The households are named too because the claims are indexed by them.
        by_member = sa.and_(
            claim.c.household_id.in_({one.household_id for one in self.registrations}),
            claim.c.claimant_member_id.in_({one.member_id for one in self.registrations}),
        )
        return sa.or_(claim.c.claimant_index == self.claimant_index, by_member)

    def _other(self) -> sa.ColumnElement[bool]:
        return sa.true() if self.claim_id is None else claim.c.id != self.claim_id


async def registrations_of(conn: AsyncConnection, book: str, claimant_index: bytes) -> tuple[Registration, ...]:
    """Where the register holds the person of this ID number (by blind index) now, members who left included."""
    rows = await conn.execute(
        sa.select(member.c.household_id, member.c.id.label("member_id"))
        .where(member.c.book == book, member.c.id_number_index == claimant_index)
        .order_by(member.c.id)
    )
    return tuple(Registration(**row) for row in rows.mappings())


async def lock_rivals(
    conn: AsyncConnection, book: str, claimant_indexes: Collection[bytes], documents: Collection[bytes]
) -> None:
    """Wait for every other approval for the same person or with one of the same documents, in whichever household.

    `claimant_indexes` are the person's number when the claim was filed and now. Held until the transaction ends. The
    names are locked in one order, so that two approvals never wait for each other.
    """
    names = {f"claimant/{book}/{index.hex()}" for index in claimant_indexes} | {
        f"document/{book}/{index.hex()}" for index in documents
    }
    lock = sa.text(
        "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(CAST(:names AS text[])) AS name"
    )
    await conn.execute(lock, {"names": sorted(names)})


async def consumption(
    conn: AsyncConnection, book: str, policy_id: UUID, cause: Cause | None, whose: Whose
) -> tuple[int, tuple[str, ...]]:
    """Sum in fen of the benefits approved for the same base and policy, and the numbers of those claims.

    For one cause, or for all where `cause` is None.
    """
    query = (
        sa.select(claim.c.benefit_fen, claim.c.number)
        .where(
            claim.c.book == book,
            claim.c.policy_id == policy_id,
            claim.c.status.in_(_CONSUMING),
            whose.condition(),
        )
        .order_by(claim.c.number)
    )
    found = (await conn.execute(query if cause is None else query.where(claim.c.cause == cause.value))).all()
    return sum(row.benefit_fen for row in found), tuple(row.number for row in found)


def _goes_first(claim_id: UUID | None) -> sa.ColumnElement[bool]:
    """Claims that go before the given one: approved, or filed earlier and not given up."""
    standing = claim.c.status.not_in(_GIVEN_UP)
    if claim_id is None:
        return standing
    return sa.and_(standing, claim.c.id != claim_id, sa.or_(claim.c.id < claim_id, claim.c.status.in_(_CONSUMING)))


async def same_documents(
    conn: AsyncConnection, book: str, documents: Collection[bytes], claim_id: UUID | None
) -> list[tuple[bytes, str]]:
    """Document indexes that another claim going first carries now, each with that claim's number."""
    if not documents:
        return []
    rows = await conn.execute(
        sa.select(claim_document.c.document_index, claim.c.number)
        .join(
            claim,
            sa.and_(
                claim.c.book == claim_document.c.book,
                claim.c.id == claim_document.c.claim_id,
                claim.c.details_version == claim_document.c.details_version,
            ),
        )
        .where(
            claim_document.c.book == book,
            claim_document.c.document_index.in_(documents),
            _goes_first(claim_id),
        )
        .order_by(claim.c.number, claim_document.c.document_index)
    )
    return [(bytes(row.document_index), row.number) for row in rows]


async def same_event(conn: AsyncConnection, book: str, cause: Cause, event_on: date, whose: Whose) -> tuple[str, ...]:
    """Numbers of claims of the same base or person for the same cause and day that go first."""
    rows = await conn.execute(
        sa.select(claim.c.number)
        .where(
            claim.c.book == book,
            claim.c.cause == cause.value,
            claim.c.event_on == event_on,
            whose.condition_of_event(),
            _goes_first(whose.claim_id),
        )
        .order_by(claim.c.number)
    )
    return tuple(rows.scalars())


async def open_claims(conn: AsyncConnection, book: str, cause: Cause, whose: Whose) -> tuple[str, ...]:
    """Numbers of claims of the same person for the cause that go first and that nobody has decided yet."""
    rows = await conn.execute(
        sa.select(claim.c.number)
        .where(
            claim.c.book == book,
            claim.c.cause == cause.value,
            claim.c.status.not_in(_CONSUMING),
            replace(whose, base=Base.PERSON).condition(),
            _goes_first(whose.claim_id),
        )
        .order_by(claim.c.number)
    )
    return tuple(rows.scalars())
