"""SQL of proposals: reading them with their decisions, and the rules that ask for them. The engine alone writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, any_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.approvals.tables import approval_policy, decision, proposal
from ledger.journal.tables import journal_entry


@dataclass(frozen=True, slots=True)
class ProposalFilter:
    """Which proposals to list; nothing means any. ``not_by`` leaves out what that person prepared or sent."""

    status: str | None = None
    kind: str | None = None
    fund: str | None = None
    prepared_by: str | None = None
    not_by: str | None = None


def _all(book: str) -> Select[Any]:
    decided = and_(decision.c.book == proposal.c.book, decision.c.proposal == proposal.c.id)
    posted = and_(journal_entry.c.book == decision.c.book, journal_entry.c.seq == decision.c.seq)
    return (
        select(
            proposal,
            func.coalesce(decision.c.outcome, "waiting").label("status"),
            decision.c.by_person,
            decision.c.reason,
            decision.c.decided_at,
            decision.c.position.label("decision_position"),
            decision.c.seq,
            journal_entry.c.id.label("entry"),
        )
        .outerjoin(decision, decided)
        .outerjoin(journal_entry, posted)
        .where(proposal.c.book == book)
    )


async def by_id(connection: AsyncConnection, book: str, wanted: UUID) -> Row[Any] | None:
    """Return one proposal with its decision, or nothing."""
    found: Row[Any] | None = (await connection.execute(_all(book).where(proposal.c.id == wanted))).one_or_none()
    return found


async def by_ids(connection: AsyncConnection, book: str, wanted: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Return the proposals of these ids that there are."""
    rows = await connection.execute(_all(book).where(proposal.c.id.in_(wanted)))
    return {row.id: row for row in rows}


async def after(
    connection: AsyncConnection, book: str, wanted: ProposalFilter, *, position: int, limit: int
) -> Sequence[Row[Any]]:
    """Return the next proposals in the order they were made."""
    query = _all(book).where(proposal.c.position > position).order_by(proposal.c.position).limit(limit)
    if wanted.status == "waiting":
        query = query.where(decision.c.outcome.is_(None))
    elif wanted.status is not None:
        query = query.where(decision.c.outcome == wanted.status)
    if wanted.kind is not None:
        query = query.where(proposal.c.kind == wanted.kind)
    if wanted.fund is not None:
        query = query.where(any_(proposal.c.funds) == wanted.fund)
    if wanted.prepared_by is not None:
        query = query.where(proposal.c.prepared_by == wanted.prepared_by)
    if wanted.not_by is not None:
        query = query.where(proposal.c.prepared_by != wanted.not_by, proposal.c.sent_by != wanted.not_by)
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


async def waiting_in(connection: AsyncConnection, book: str, periods: Sequence[str]) -> int:
    """Count the proposals that wait and are dated in these periods."""
    query = (
        select(func.count())
        .select_from(proposal)
        .outerjoin(decision, and_(decision.c.book == proposal.c.book, decision.c.proposal == proposal.c.id))
        .where(proposal.c.book == book, proposal.c.period.in_(periods), decision.c.outcome.is_(None))
    )
    return int((await connection.execute(query)).scalar_one())


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of the rules, with its place in the chain."""

    rules: list[dict[str, str | int]]
    set_by: str
    set_at: datetime
    position: int


async def policies(connection: AsyncConnection, book: str) -> list[Policy]:
    """Return every version of the rules, the current one first."""
    rows = await connection.execute(
        select(approval_policy)
        .where(approval_policy.c.book == book)
        .order_by(approval_policy.c.position.desc())
        .limit(1_000)
    )
    return [Policy(row.rules, row.set_by, row.set_at, row.position) for row in rows]
