"""SQL of what people did to a batch: who prepared, approved or refused it, took items out, allowed its file again. Insert-only."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from claims.payouts.rules import BatchEvent
from claims.payouts.tables import payout_batch, payout_batch_event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class BatchEventRow:
    """One line of a batch's history, with the control figures after it."""

    position: int
    event: BatchEvent
    by_person: str
    at: dt.datetime
    control_count: int
    control_total_fen: int
    reason: str | None
    template: str | None
    items: Sequence[str]


async def record(
    conn: AsyncConnection,
    book: str,
    batch_id: UUID,
    event: BatchEvent,
    person: str,
    *,
    reason: str | None = None,
    template: str | None = None,
    items: Sequence[str] = (),
) -> None:
    """Append a line; the caller holds the batch's lock and has moved the batch to what it is after the event."""
    e, b = payout_batch_event, payout_batch
    last = (
        sa.select(sa.func.coalesce(sa.func.max(e.c.position), 0) + 1)
        .where(e.c.book == book, e.c.batch_id == batch_id)
        .scalar_subquery()
    )
    controls = (
        await conn.execute(
            sa.select(b.c.control_count, b.c.control_total_fen).where(b.c.book == book, b.c.id == batch_id)
        )
    ).one()
    await conn.execute(
        sa.insert(e).values(
            book=book,
            batch_id=batch_id,
            position=last,
            event=event.value,
            by_person=person,
            control_count=controls.control_count,
            control_total_fen=controls.control_total_fen,
            reason=reason,
            template=template,
            items=list(items),
        )
    )


async def history(conn: AsyncConnection, book: str, batch_id: UUID) -> list[BatchEventRow]:
    """What was done to a batch, oldest first."""
    e = payout_batch_event
    columns = [e.c[name] for name in BatchEventRow.__dataclass_fields__]
    rows = await conn.execute(
        sa.select(*columns).where(e.c.book == book, e.c.batch_id == batch_id).order_by(e.c.position)
    )
    return [BatchEventRow(**{**row, "event": BatchEvent(row["event"])}) for row in rows.mappings()]
