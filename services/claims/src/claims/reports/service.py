"""The summary: every figure counted from stored rows, all of them as of one instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.monitoring.store import count_leads, count_leads_by_channel, count_monitored
from claims.reports import store
from claims.reports.schemas import SummaryOut
from common.database import snapshot

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from claims.places import Places


async def summarise(engine: AsyncEngine, book: str, places: Places) -> SummaryOut:
    """Leads, monitored households and people, claims, households paid and the amount paid, of one book or some of its places."""
    async with snapshot(engine) as conn:
        monitored = await count_monitored(conn, book, places)
        paid = await store.sum_paid(conn, book, places)
        return SummaryOut(
            leads=await count_leads(conn, book, places),
            monitored_households=monitored.households,
            monitored_people=monitored.people,
            leads_by_channel=await count_leads_by_channel(conn, book, places),
            claims_by_status=await store.count_claims(conn, book, "status", places),
            claims_by_cause=await store.count_claims(conn, book, "cause", places),
            households_paid=paid.households,
            amount_paid_fen=paid.amount_fen,
            as_of=await store.instant(conn),
        )
