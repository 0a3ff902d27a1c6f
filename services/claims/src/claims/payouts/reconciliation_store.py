"""SQL of the reconciliation: one row a claim with all it has in the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from claims.payouts.ledger_calls import Operation, OperationStatus
from claims.payouts.reconciliation_rules import Ours
from claims.payouts.tables import ledger_operation

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
            _sum(o.c.amount_fen, done, o.c.operation == Operation.ENCUMBER.value).label("encumbered_fen"),
            _sum(o.c.amount_fen, done, o.c.operation == Operation.LIQUIDATE.value).label("liquidated_fen"),
            _sum(o.c.amount_fen, done, o.c.operation == Operation.RETURN.value).label("returned_fen"),
            _sum(o.c.amount_fen, o.c.status == OperationStatus.PENDING.value).label("pending_fen"),
            sa.func.count().filter(o.c.status != OperationStatus.PENDING.value).label("finished"),
            # At most one encumbrance of a claim is done (uq_ledger_operation_encumbered_once).
            sa.func.max(sa.cast(o.c.ledger_id, sa.Text))
            .filter(done, o.c.operation == Operation.ENCUMBER.value)
            .cast(sa.Uuid)
            .label("encumbrance_id"),
        )
        .where(o.c.book == book)
        .group_by(o.c.claim_id)
    )
    return {row["claim_id"]: Ours(**row) for row in rows.mappings()}


def _sum(column: sa.Column[int], *conditions: sa.ColumnElement[bool]) -> sa.Cast[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(column).filter(*conditions), 0), sa.BigInteger)
