"""Signs of life of the workers: one row each, renewed in every round, removed at a clean stop."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from claims.payouts.tables import worker_heartbeat

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

KEPT: Final = dt.timedelta(days=1)
"""How long a dead worker's last sign of life is kept for whoever looks."""


async def note(conn: AsyncConnection, worker: str, finished: int) -> None:
    """Note that the worker lives and how many wishes it has delivered since its start."""
    now = sa.func.clock_timestamp()
    row = insert(worker_heartbeat).values(worker=worker, operations_finished=finished, seen_at=now)
    await conn.execute(
        row.on_conflict_do_update(index_elements=["worker"], set_={"seen_at": now, "operations_finished": finished})
    )


async def forget_dead(conn: AsyncConnection) -> None:
    """Remove the rows of workers that died long ago, so that the table does not grow with every crash."""
    old = sa.func.clock_timestamp() - KEPT
    await conn.execute(sa.delete(worker_heartbeat).where(worker_heartbeat.c.seen_at < old))


async def forget(conn: AsyncConnection, worker: str) -> None:
    """Remove the row of a worker that stops."""
    await conn.execute(sa.delete(worker_heartbeat).where(worker_heartbeat.c.worker == worker))
