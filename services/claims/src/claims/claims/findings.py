"""What a comparison with other departments' data found about a claim's household.

A finding is a warning that needs a written reason; it refuses nothing by itself. Stable for other rooms: `four_have_of`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims.tables import claim_event, claim_finding


class Finding(StrEnum):
    """The four-have signs 四有人员: a commercial flat, a vehicle, a registered company, a member paid by the treasury."""

    COMMERCIAL_FLAT = "commercial_flat"
    VEHICLE = "vehicle"
    COMPANY = "company"
    FISCAL_MEMBER = "fiscal_member"


async def record(conn: AsyncConnection, book: str, claim_id: UUID, position: int, found: Iterable[Finding]) -> None:
    """Store what the comparison at `position` of the claim's history found."""
    rows = [{"book": book, "claim_id": claim_id, "position": position, "code": one.value} for one in sorted(set(found))]
    await conn.execute(sa.insert(claim_finding), rows)


async def four_have_of(conn: AsyncConnection, book: str, claim_id: UUID) -> tuple[str, ...]:
    """Codes of what the latest data comparison of a claim found, sorted; empty where it found nothing or none was made."""
    latest = (
        sa.select(sa.func.max(claim_event.c.position))
        .where(claim_event.c.book == book, claim_event.c.claim_id == claim_id, claim_event.c.step == "data_comparison")
        .scalar_subquery()
    )
    rows = await conn.execute(
        sa.select(claim_finding.c.code)
        .where(claim_finding.c.book == book, claim_finding.c.claim_id == claim_id, claim_finding.c.position == latest)
        .order_by(claim_finding.c.code)
    )
    return tuple(rows.scalars())
