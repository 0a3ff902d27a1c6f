"""Recoveries of wrong payments 错付追回: proposed by one person, approved by another, booked through the outbox.

What comes back goes to the sources the payment was made from, as its entry in the ledger says; where an insurer paid, to the pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.claims.store import lock_claim
from claims.payouts import outbox, recovery_store
from claims.payouts.ledger_calls import Operation
from claims.payouts.ledger_client import LedgerUnavailableError, UnknownInLedgerError
from claims.payouts.rules import RecoveryStatus, refuse_recovery, refuse_recovery_decision, split_recovery
from claims.payouts.schemas import RecoveryOut
from claims.problems import CLAIM_NOT_PAID, LEDGER_UNAVAILABLE
from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND
from common.ids import uuid7

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from claims.payouts.ledger_client import LedgerClient

BANK = "1002"
"""The account money leaves by: its lines name the sources."""


@dataclass(frozen=True, slots=True)
class Borne:
    """Which sources bore a claim's payment, in fen, in the order of its entry; none where an insurer's pool paid."""

    entry_id: UUID
    sources: Sequence[tuple[str, int]]


async def who_bore(engine: AsyncEngine, client: LedgerClient, book: str, claim_id: UUID) -> Borne:
    """Ask the ledger which sources paid a claim. Raises `not_found`, `claim_not_paid`, `ledger_unavailable`."""
    async with snapshot(engine) as conn:
        paid = await recovery_store.paid_item(conn, book, claim_id)
        if paid is None:
            raise (CLAIM_NOT_PAID if await recovery_store.claim_exists(conn, book, claim_id) else NOT_FOUND).error()
    if paid.in_pool:
        return Borne(paid.entry_id, ())
    try:
        entry = await client.entry(book, paid.entry_id)
    except (LedgerUnavailableError, UnknownInLedgerError):
        raise LEDGER_UNAVAILABLE.error(headers={"Retry-After": "5"}) from None
    lines = [line for line in entry.postings if line.account == BANK and line.side == "credit" and line.source]
    return Borne(paid.entry_id, [(str(line.source), line.amount_fen) for line in lines])


async def propose(
    conn: AsyncConnection,
    book: str,
    claim_id: UUID,
    person: str,
    borne: Borne,
    *,
    amount_fen: int,
    received_on: dt.date,
    reason: str,
) -> RecoveryOut:
    """Propose a recovery of a claim's payment, whole or in part; nothing is booked before a second person approves it.

    Raises `not_found`, `claim_not_paid`, `recovery_exceeds_paid`, `invalid_request` naming `received_on`.
    """
    if await lock_claim(conn, book, claim_id) is None:
        raise NOT_FOUND.error()
    paid = await recovery_store.paid_item(conn, book, claim_id)
    if paid is None or paid.entry_id != borne.entry_id:
        raise CLAIM_NOT_PAID.error()
    open_fen = await recovery_store.open_fen(conn, book, claim_id)
    problem = refuse_recovery(amount_fen, received_on, paid.amount_fen - open_fen, paid.paid_on, today_in_shanghai())
    if problem is not None:
        raise problem
    taken = await recovery_store.recovered_by_source(conn, book, claim_id)
    recovery_id = uuid7()
    await recovery_store.insert(
        conn,
        book,
        recovery_id,
        claim_id,
        paid.item_id,
        amount_fen,
        received_on,
        reason,
        person,
        split_recovery(amount_fen, borne.sources, taken),
    )
    return await _one(conn, book, claim_id, recovery_id)


async def decide(
    conn: AsyncConnection,
    book: str,
    claim_id: UUID,
    recovery_id: UUID,
    person: str,
    *,
    approved: bool,
    note: str | None,
) -> RecoveryOut:
    """Approve a recovery as its second person, which asks the ledger to book it, or refuse it.

    What the ledger refused to book is approved again, or given up while no part of it is booked.

    Raises `not_found`, `recovery_not_proposed`, `same_person`.
    """
    if await lock_claim(conn, book, claim_id) is None:
        raise NOT_FOUND.error()
    found = await _one(conn, book, claim_id, recovery_id)
    asked = await recovery_store.booked_sources(conn, book, recovery_id)
    problem = refuse_recovery_decision(found.status, found.proposed_by, person, approved=approved, booked=bool(asked))
    if problem is not None:
        raise problem
    status = RecoveryStatus.BOOKING if approved else RecoveryStatus.REFUSED
    await recovery_store.decide(conn, book, recovery_id, status, person, note)
    if approved:
        parts: list[tuple[str | None, int]] = [(part.source, part.amount_fen) for part in found.parts]
        for source, fen in parts or [(None, found.amount_fen)]:
            if source not in asked:
                await outbox.enqueue_for_item(
                    conn,
                    book,
                    Operation.RECOVER,
                    found.item_id,
                    effective_on=found.received_on,
                    bank_booked_on=found.received_on,
                    prepared_by=found.proposed_by,
                    reviewed_by=person,
                    recovery_id=recovery_id,
                    source=source,
                    amount_fen=fen,
                )
    return await _one(conn, book, claim_id, recovery_id)


async def _one(conn: AsyncConnection, book: str, claim_id: UUID, recovery_id: UUID) -> RecoveryOut:
    for one in await recovery_store.shown(conn, book, claim_id):
        if one.id == recovery_id:
            return one
    raise NOT_FOUND.error()
