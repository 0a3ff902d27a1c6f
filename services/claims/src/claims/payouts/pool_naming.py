"""Use cases of a programme's pool: say which open item of the ledger it is, show what of it is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert

from claims.payouts.ledger_calls import INSURANCE_FUND
from claims.payouts.ledger_client import LedgerUnavailableError, UnknownInLedgerError
from claims.payouts.pools import POOL, pool_item, promised
from claims.payouts.schemas import PolicyPoolOut
from claims.payouts.tables import policy_pool
from claims.policies.rules import Funding
from claims.policies.store import load_policy
from claims.problems import LEDGER_UNAVAILABLE, NOT_A_POOL, POOL_NAMED, POOL_NOT_NAMED
from common.database import snapshot
from common.errors import NOT_FOUND

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from claims.payouts.ledger_client import LedgerClient
    from claims.payouts.ledger_figures import OpenItem


async def ask_for_item(client: LedgerClient, book: str, item_id: UUID) -> OpenItem:
    """The open item, which must be a pool of the insurance fund. Raises `not_a_pool`, `ledger_unavailable`."""
    try:
        item = await client.open_item(book, item_id)
    except UnknownInLedgerError:
        raise NOT_A_POOL.error(field="open_item_id") from None
    except LedgerUnavailableError:
        raise LEDGER_UNAVAILABLE.error(headers={"Retry-After": "5"}) from None
    if item.kind != POOL or item.fund != INSURANCE_FUND:
        raise NOT_A_POOL.error(field="open_item_id")
    return item


async def name_pool(conn: AsyncConnection, book: str, policy_id: UUID, item: OpenItem, person: str) -> PolicyPoolOut:
    """Say which pool pays a programme's claims: once, and no pool for two programmes.

    Raises `not_found`, `not_a_pool` for a programme the county pays itself, `pool_named`.
    """
    stored = await load_policy(conn, book, policy_id)
    if stored is None:
        raise NOT_FOUND.error()
    if stored.policy.funding is not Funding.INSURER_POOL:
        raise NOT_A_POOL.error(field="policy_id")
    # Of two at once the second waits here for the first, and is refused like one that comes later.
    named = await conn.execute(
        insert(policy_pool)
        .values(book=book, policy_id=policy_id, item_id=item.id, named_by=person)
        .on_conflict_do_nothing()
        .returning(policy_pool.c.policy_id)
    )
    if named.first() is None:
        raise POOL_NAMED.error(field="open_item_id")
    return await _shown(conn, book, policy_id, item)


async def show_pool(engine: AsyncEngine, client: LedgerClient, book: str, policy_id: UUID) -> PolicyPoolOut:
    """A programme's pool as the ledger has it now, and what of it is free. Raises `not_found`, `pool_not_named`, `ledger_unavailable`."""
    async with snapshot(engine) as conn:
        if await load_policy(conn, book, policy_id) is None:
            raise NOT_FOUND.error()
        item_id = await pool_item(conn, book, policy_id)
    if item_id is None:
        raise POOL_NOT_NAMED.error()
    item = await ask_for_item(client, book, item_id)
    async with snapshot(engine) as conn:
        return await _shown(conn, book, policy_id, item)


async def _shown(conn: AsyncConnection, book: str, policy_id: UUID, item: OpenItem) -> PolicyPoolOut:
    reserved_fen = sum(one.open_fen for one in (await promised(conn, book, policy_id)).values())
    return PolicyPoolOut(
        policy_id=policy_id,
        open_item_id=item.id,
        opened_fen=item.opened_fen,
        remaining_fen=item.remaining_fen,
        reserved_fen=reserved_fen,
        free_fen=item.remaining_fen - reserved_fen,
    )
