"""The summary: every figure counted from stored rows, all of them as of one instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.monitoring.store import count_leads, count_leads_by_channel, count_monitored
from claims.reports import store
from claims.reports.schemas import SummaryOut
from common.database import snapshot

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


async def summarise(engine: AsyncEngine, book: str) -> SummaryOut:
    """Leads, monitored households and people, claims, households paid and the amount paid, of one book."""
    async with snapshot(engine) as conn:
        monitored = await count_monitored(conn, book)
        paid = await store.sum_paid(conn, book)
        return SummaryOut(
            leads=await count_leads(conn, book),
            monitored_households=monitored.households,
            monitored_people=monitored.people,
            leads_by_channel=await count_leads_by_channel(conn, book),
            claims_by_status=await store.count_claims(conn, book, "status"),
            claims_by_cause=await store.count_claims(conn, book, "cause"),
            households_paid=paid.households,
            amount_paid_fen=paid.amount_fen,
            as_of=await store.instant(conn),
        )
