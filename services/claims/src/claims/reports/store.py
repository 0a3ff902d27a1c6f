"""Counts of the reports room. They read other rooms' rows and write nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from claims.claims.tables import claim
from claims.payouts.rules import ItemStatus
from claims.payouts.tables import payout_item
from claims.places import Places, within

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Paid:
    """What has reached households: confirmed by the bank and booked by the ledger, and neither given back nor recovered."""

    households: int
    amount_fen: int


async def count_claims(conn: AsyncConnection, book: str, by: str, places: Places) -> dict[str, int]:
    """Claims by `status` or by `cause`; what has none is left out."""
    column = claim.c[by]
    rows = await conn.execute(
        sa.select(column, sa.func.count())
        .where(claim.c.book == book, within(places, claim.c.town_code, claim.c.village_code))
        .group_by(column)
        .order_by(column)
    )
    return {str(value): int(count) for value, count in rows}


async def sum_paid(conn: AsyncConnection, book: str, places: Places) -> Paid:
    """Households and amount paid, less what was recovered: one live item a claim at most, so nothing counts twice."""
    kept = payout_item.c.amount_fen - claim.c.recovered_fen
    row = (
        await conn.execute(
            sa.select(
                sa.func.count(sa.distinct(payout_item.c.household_id)).filter(kept > 0),
                sa.cast(sa.func.coalesce(sa.func.sum(kept), 0), sa.BigInteger),
            )
            .join(claim, sa.and_(claim.c.book == payout_item.c.book, claim.c.id == payout_item.c.claim_id))
            .where(
                payout_item.c.book == book,
                payout_item.c.status == ItemStatus.PAID.value,
                within(places, claim.c.town_code, claim.c.village_code),
            )
        )
    ).one()
    return Paid(households=int(row[0]), amount_fen=int(row[1]))


async def instant(conn: AsyncConnection) -> dt.datetime:
    """The instant of the transaction, by the database's clock."""
    now: dt.datetime = (await conn.execute(sa.select(sa.func.now()))).scalar_one()
    return now
