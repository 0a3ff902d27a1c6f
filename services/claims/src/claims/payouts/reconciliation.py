"""Reconciliation 对账 as a use case: read our side, ask the ledger, read our side again, compare. No transaction is open while asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from claims.payouts.ledger_calls import INSURANCE_FUND
from claims.payouts.ledger_client import LedgerUnavailableError
from claims.payouts.reconciliation_rules import compare
from claims.payouts.reconciliation_store import our_side
from claims.problems import LEDGER_UNAVAILABLE
from common.database import snapshot
from common.dates import now_utc

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from claims.payouts.ledger_client import LedgerClient
    from claims.payouts.schemas import Reconciliation

RETRY_AFTER_SECONDS: Final = 5


async def reconcile(engine: AsyncEngine, client: LedgerClient, book: str) -> Reconciliation:
    """Compare both sides of a book. Raises `ledger_unavailable` where the ledger does not answer."""
    async with snapshot(engine) as conn:
        before = await our_side(conn, book)
    try:
        theirs = [encumbrance async for encumbrance in client.encumbrances(book, INSURANCE_FUND)]
    except LedgerUnavailableError:
        raise LEDGER_UNAVAILABLE.error(headers={"Retry-After": str(RETRY_AFTER_SECONDS)}) from None
    async with snapshot(engine) as conn:
        after = await our_side(conn, book)
    return compare(before, theirs, after, now_utc())
