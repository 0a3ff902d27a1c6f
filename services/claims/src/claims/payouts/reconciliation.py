"""Reconciliation 对账 as a use case: read our side, ask the ledger, read our side again, compare. No transaction is open while asking."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from claims.payouts.ledger_calls import INSURANCE_FUND
from claims.payouts.ledger_client import LedgerUnavailableError, UnknownInLedgerError
from claims.payouts.reconciliation_rules import PoolFigures, Theirs, claim_of, compare
from claims.payouts.reconciliation_store import our_side, pools_of, recovery_references
from claims.problems import LEDGER_UNAVAILABLE
from common.database import snapshot
from common.dates import now_utc

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncEngine

    from claims.payouts.ledger_client import LedgerClient
    from claims.payouts.schemas import Reconciliation

RETRY_AFTER_SECONDS: Final = 5
PREPAID: Final = "1214"
BANK: Final = "1002"
SIGNS: Final = {"pool_payout": 1, "pool_payout_return": -1}
"""The ledger's kinds of entries by which claims draw on a pool, and what each adds to what was drawn."""


async def reconcile(engine: AsyncEngine, client: LedgerClient, book: str) -> Reconciliation:
    """Compare both sides of a book. Raises `ledger_unavailable` where the ledger does not answer."""
    async with snapshot(engine) as conn:
        before = await our_side(conn, book)
        pools = await pools_of(conn, book)
        recoveries = await recovery_references(conn, book)
    try:
        theirs = Theirs(
            encumbrances=[encumbrance async for encumbrance in client.encumbrances(book, INSURANCE_FUND)],
            pool_paid=await _pool_paid(client, book) if pools else {},
            pools=[await _pool(client, book, item_id) for item_id in pools],
            recovered=await _recovered(client, book, recoveries),
        )
    except LedgerUnavailableError:
        raise LEDGER_UNAVAILABLE.error(headers={"Retry-After": str(RETRY_AFTER_SECONDS)}) from None
    async with snapshot(engine) as conn:
        after = await our_side(conn, book)
    return compare(before, theirs, after, now_utc())


async def _pool_paid(client: LedgerClient, book: str) -> dict[UUID | None, int]:
    """What each claim drew from a pool in the ledger, less what came back; None is what names no claim."""
    paid: dict[UUID | None, int] = {}
    async for entry in client.entries(book, INSURANCE_FUND, PREPAID):
        sign = SIGNS.get(entry.kind, 0)
        claim_id = claim_of(entry.reference)
        for line in entry.postings:
            if sign and line.account == PREPAID:
                paid[claim_id] = paid.get(claim_id, 0) + sign * line.amount_fen
    return paid


async def _pool(client: LedgerClient, book: str, item_id: UUID) -> PoolFigures:
    try:
        return PoolFigures(item_id, (await client.open_item(book, item_id)).remaining_fen)
    except UnknownInLedgerError:
        return PoolFigures(item_id, 0)


async def _recovered(client: LedgerClient, book: str, recoveries: list[tuple[UUID, UUID]]) -> dict[UUID, int]:
    """What came back of each claim, by the entries the ledger confirmed to us; an entry it no longer has counts nothing."""
    found: dict[UUID, int] = {}
    for claim_id, entry_id in recoveries:
        with suppress(UnknownInLedgerError):
            entry = await client.entry(book, entry_id)
            back = sum(line.amount_fen for line in entry.postings if line.account == BANK and line.side == "debit")
            found[claim_id] = found.get(claim_id, 0) + back
    return found
