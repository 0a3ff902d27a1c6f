"""SQL of the reconciliation: one row a claim with all it has in the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from claims.payouts.ledger_calls import Operation, OperationStatus
from claims.payouts.reconciliation_rules import Ours
from claims.payouts.tables import ledger_operation, policy_pool

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection


async def our_side(conn: AsyncConnection, book: str) -> dict[UUID, Ours]:
    """What each claim's wishes come to, by claim."""
    o = ledger_operation
    done = o.c.status == OperationStatus.DONE.value
    rows = await conn.execute(
        sa.select(
            o.c.claim_id,
            _sum(o.c.amount_fen, done, o.c.operation == Operation.ENCUMBER.value, o.c.replaced_at.is_(None)).label(
                "encumbered_fen"
            ),
            _sum(o.c.amount_fen, done, o.c.operation == Operation.LIQUIDATE.value).label("liquidated_fen"),
            _sum(o.c.amount_fen, done, o.c.operation == Operation.RETURN.value).label("returned_fen"),
            _sum(o.c.amount_fen, o.c.status == OperationStatus.PENDING.value).label("pending_fen"),
            sa.func.count().filter(o.c.status != OperationStatus.PENDING.value).label("finished"),
            # At most one encumbrance of a claim is done (uq_ledger_operation_encumbered_once).
            sa.func.max(sa.cast(o.c.ledger_id, sa.Text))
            .filter(done, o.c.operation == Operation.ENCUMBER.value, o.c.replaced_at.is_(None))
            .cast(sa.Uuid)
            .label("encumbrance_id"),
            _sum(o.c.amount_fen, done, o.c.operation == Operation.POOL_RESERVE.value, o.c.replaced_at.is_(None)).label(
                "pool_reserved_fen"
            ),
            (
                _sum(o.c.amount_fen, done, o.c.operation == Operation.POOL_PAYOUT.value)
                - _sum(o.c.amount_fen, done, o.c.operation == Operation.POOL_RETURN.value)
                - _sum(o.c.amount_fen, done, o.c.operation == Operation.POOL_RECOVER.value)
            ).label("pool_paid_fen"),
            (
                _sum(o.c.amount_fen, done, o.c.operation == Operation.POOL_PAYOUT.value)
                - _sum(o.c.amount_fen, done, o.c.operation == Operation.POOL_RETURN.value)
            ).label("pool_drawn_fen"),
            sa.func.max(sa.cast(o.c.ledger_id, sa.Text))
            .filter(done, o.c.operation == Operation.POOL_RESERVE.value, o.c.replaced_at.is_(None))
            .cast(sa.Uuid)
            .label("pool_item_id"),
            _sum(o.c.amount_fen, done, o.c.operation == Operation.RECOVER.value).label("recovered_fen"),
        )
        .where(o.c.book == book)
        .group_by(o.c.claim_id)
    )
    return {row["claim_id"]: Ours(**row) for row in rows.mappings()}


def _sum(column: sa.Column[int], *conditions: sa.ColumnElement[bool]) -> sa.Cast[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(column).filter(*conditions), 0), sa.BigInteger)


async def pools_of(conn: AsyncConnection, book: str) -> list[UUID]:
    """The open items that are programmes' pools."""
    return list((await conn.execute(sa.select(policy_pool.c.item_id).where(policy_pool.c.book == book))).scalars())


async def recovery_references(conn: AsyncConnection, book: str) -> list[tuple[UUID, UUID]]:
    """Claim and wish of every recovery of the county's own money that the ledger has confirmed."""
    o = ledger_operation
    rows = await conn.execute(
        sa.select(o.c.claim_id, o.c.entry_id).where(
            o.c.book == book,
            o.c.operation == Operation.RECOVER.value,
            o.c.status == OperationStatus.DONE.value,
        )
    )
    return [(row.claim_id, row.entry_id) for row in rows]
