"""Money of an insurer's pool: which open item of the ledger it is, and who may count on how much of it.

The ledger knows what is in a pool; only we know what of it is promised. A promise is judged in two steps, because no call is made inside
a transaction: the pool is looked at, then, with the programme's row locked, what is promised is counted again. Everything that moved in
between counts against the claim, so that a pool is never promised twice; where that alone would refuse it, it is looked at once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from claims.claims.tables import claim
from claims.payouts.ledger_calls import PAYMENTS, RECOVERIES, RETURNS, Operation, OperationStatus
from claims.payouts.ledger_client import LedgerUnavailableError, Refused, Unknown, UnknownInLedgerError
from claims.payouts.tables import ledger_operation, policy_pool
from common.database import snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from claims.payouts.ledger_calls import Wish
    from claims.payouts.ledger_client import LedgerClient

POOL: Final = "pool"
"""The ledger's kind of an open item that is a pool."""


@dataclass(frozen=True, slots=True)
class Promised:
    """What of a pool one claim may still draw, in fen, and whether a movement of its money is under way."""

    open_fen: int
    moving: bool


@dataclass(frozen=True, slots=True)
class PoolSeen:
    """The pool as the ledger showed it, and what was promised just before."""

    item_id: UUID
    remaining_fen: int
    promised: Mapping[UUID, Promised]


@dataclass(frozen=True, slots=True)
class Reserved:
    """A part of the pool is the claim's."""

    pool_item_id: UUID


def may_draw(reserved_fen: int, paid_fen: int, coming_back_fen: int) -> int:
    """What of its part of a pool a claim may still draw.

    `coming_back_fen` is what the bank gave back, whether the ledger has confirmed it or not: it may stand in the pool already, and it is
    the claim's. Never more than was reserved: a payment may not be confirmed yet while its return is asked for.
    """
    return min(max(reserved_fen - paid_fen + coming_back_fen, 0), reserved_fen)


def free_at_least(seen: PoolSeen, now: Mapping[UUID, Promised]) -> int:
    """What of the pool nobody counts on, at the least: of each claim's promise before and after the look, the larger one counts."""
    return seen.remaining_fen - sum(
        max(one.open_fen, seen.promised.get(claim_id, one).open_fen) for claim_id, one in now.items()
    )


def anything_moved(seen: PoolSeen, now: Mapping[UUID, Promised]) -> bool:
    """Whether the look and the count may not belong together."""
    return seen.promised != now or any(one.moving for one in now.values())


async def pool_item(conn: AsyncConnection, book: str, policy_id: UUID, *, lock: bool = False) -> UUID | None:
    """The open item that is the programme's pool, its row locked if asked; None while nobody has named it."""
    chosen = sa.select(policy_pool.c.item_id).where(policy_pool.c.book == book, policy_pool.c.policy_id == policy_id)
    found: UUID | None = (await conn.execute(chosen.with_for_update() if lock else chosen)).scalar_one_or_none()
    return found


async def promised(conn: AsyncConnection, book: str, policy_id: UUID) -> dict[UUID, Promised]:
    """What each claim of the programme may still draw: reserved, less paid, more what the bank gave back, confirmed or asked for."""
    o = ledger_operation
    done, pending = o.c.status == OperationStatus.DONE.value, o.c.status == OperationStatus.PENDING.value
    rows = await conn.execute(
        sa.select(
            o.c.claim_id,
            _sum(done, o.c.operation == Operation.POOL_RESERVE.value, o.c.replaced_at.is_(None)).label("reserved"),
            _sum(done, o.c.operation.in_([operation.value for operation in PAYMENTS])).label("paid"),
            _sum(sa.or_(done, pending), o.c.operation.in_([operation.value for operation in RETURNS])).label(
                "coming_back"
            ),
            sa.func.count()
            .filter(pending, o.c.operation.in_([one.value for one in (*PAYMENTS, *RETURNS, *RECOVERIES)]))
            .label("moving"),
        )
        .join(claim, sa.and_(claim.c.book == o.c.book, claim.c.id == o.c.claim_id))
        .where(o.c.book == book, claim.c.policy_id == policy_id)
        .group_by(o.c.claim_id)
    )
    return {
        row.claim_id: Promised(may_draw(int(row.reserved), int(row.paid), int(row.coming_back)), moving=row.moving > 0)
        for row in rows
        if row.reserved
    }


def _sum(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(ledger_operation.c.amount_fen).filter(*conditions), 0)


async def look_at_pool(engine: AsyncEngine, client: LedgerClient, wish: Wish) -> PoolSeen | Refused | Unknown:
    """Ask the ledger what is in the pool of the wish's programme, having noted what is promised of it."""
    async with snapshot(engine) as conn:
        item_id = await pool_item(conn, wish.book, wish.policy_id)
        before = await promised(conn, wish.book, wish.policy_id)
    if item_id is None:
        return Refused("pool_not_named", "方案的资金池尚未指定。 Nobody has named the programme's pool in the ledger.")
    try:
        item = await client.open_item(wish.book, item_id)
    except UnknownInLedgerError:
        return Refused("pool_unknown", "账务系统没有该资金池。 The ledger has no such pool.")
    except LedgerUnavailableError:
        return Unknown("the pool's balance could not be asked for")
    return PoolSeen(item_id, item.remaining_fen, before)


async def judge_reservation(conn: AsyncConnection, wish: Wish, seen: PoolSeen) -> Reserved | Refused | Unknown:
    """Promise a part of the pool, if it is there. Locks the programme's pool: reservations of one pool are judged one by one."""
    await pool_item(conn, wish.book, wish.policy_id, lock=True)
    now = await promised(conn, wish.book, wish.policy_id)
    free_fen = free_at_least(seen, now)
    if wish.amount_fen <= free_fen:
        return Reserved(seen.item_id)
    if anything_moved(seen, now):
        return Unknown("money of the pool moved while it was looked at")
    free_fen = max(free_fen, 0)
    return Refused(
        "pool_insufficient",
        f"资金池可用 {free_fen} 分，需要 {wish.amount_fen} 分。"
        f" The pool has {free_fen} fen free, {wish.amount_fen} are needed.",
    )
