"""One wish from the lease to the recorded outcome: call the ledger with no transaction open, then record everything in one.

If the process dies between the two, the lease runs out and the same key is sent again: the ledger answers as it did the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from claims.claims.rules import Event, Status
from claims.claims.store import set_status
from claims.payouts import outbox, recovery_store, store
from claims.payouts.ledger_calls import PAYMENTS, Operation, ledger_call
from claims.payouts.ledger_client import Done, LedgerUnavailableError, Refused, Unknown
from claims.payouts.pools import PoolSeen, Reserved, judge_reservation, look_at_pool
from claims.payouts.rules import ItemStatus, RecoveryStatus, first_open_day
from common.database import transaction
from common.dates import today_in_shanghai
from common.logging import get_logger

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from claims.payouts.ledger_calls import Wish
    from claims.payouts.ledger_client import LedgerClient

log = get_logger(__name__)

PERIOD_CLOSED: Final = "period_closed"
SYSTEM: Final = "claims-worker"
"""Who a claim's history names for what the ledger confirmed or refused."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The month of the bank's day is closed; a new attempt books on `day`, the first of the first open month."""

    refused: Refused
    day: dt.date


Answer = Done | Refused | Unknown | Moved


async def deliver(engine: AsyncEngine, client: LedgerClient, worker: str, wish: Wish) -> bool:
    """Fulfil one leased wish, or give it back to be tried again; says whether its outcome is known now.

    Safe to run twice for the same wish.
    """
    if wish.operation is Operation.POOL_RESERVE:
        outcome: Answer | PoolSeen = await look_at_pool(engine, client, wish)
    else:
        outcome = await ask(client, wish)
    if isinstance(outcome, Unknown):
        await _postpone(engine, worker, wish, outcome)
        return False
    async with transaction(engine) as conn:
        await store.lock_claim(conn, wish.book, wish.claim_id)
        if not await outbox.lock_pending(conn, wish.book, wish.id):
            return True
        judged = await judge_reservation(conn, wish, outcome) if isinstance(outcome, PoolSeen) else outcome
        if not isinstance(judged, Unknown):
            await record(conn, wish, judged)
    if isinstance(judged, Unknown):
        await _postpone(engine, worker, wish, judged)
        return False
    log.info("ledger_operation_finished", key=wish.key, tries=wish.tries, outcome=type(judged).__name__.lower())
    return True


async def _postpone(engine: AsyncEngine, worker: str, wish: Wish, outcome: Unknown) -> None:
    log.warning("ledger_outcome_unknown", key=wish.key, tries=wish.tries, why=outcome.why)
    async with transaction(engine) as conn:
        await outbox.postpone(conn, wish, worker, outcome.why)


async def ask(client: LedgerClient, wish: Wish) -> Done | Refused | Unknown | Moved:
    """Send the wish; where the bank's month, or that of a lost reservation, is closed, find the day it must be booked on instead."""
    outcome = await client.send(ledger_call(wish))
    if not isinstance(outcome, Refused) or outcome.code != PERIOD_CLOSED or (wish.item_id is None and not wish.renewed):
        return outcome
    try:
        months = await client.months(wish.book)
    except LedgerUnavailableError:
        return Unknown("the first open month could not be asked for")
    day = first_open_day(((month.code, month.status) for month in months), wish.effective_on, today_in_shanghai())
    return outcome if day is None else Moved(outcome, day)


async def record(conn: AsyncConnection, wish: Wish, outcome: Done | Reserved | Refused | Moved) -> None:
    """Record an outcome with everything that follows from it. The caller holds the claim's and the wish's locks."""
    match outcome:
        case Done():
            await outbox.complete(conn, wish, outcome)
            await _after_done(conn, wish)
        case Reserved():
            await outbox.complete_reservation(conn, wish, outcome.pool_item_id)
            await _after_done(conn, wish)
        case Refused():
            await outbox.refuse(conn, wish, outcome)
            await _after_refusal(conn, wish, outcome, None)
        case Moved():
            await outbox.refuse(conn, wish, outcome.refused)
            await _after_refusal(conn, wish, outcome.refused, outcome.day)


async def _after_done(conn: AsyncConnection, wish: Wish) -> None:
    if wish.item_id is None:
        await _after_reservation(conn, wish, Event.ENCUMBERED, None)
        return
    if wish.recovery_id is not None:
        await recovery_store.add_recovered(conn, wish)
        return
    status, _, number = await store.item_status(conn, wish.book, wish.item_id)
    if wish.operation in PAYMENTS:
        # `returning` stays: the bank has taken the credit back already, and that wish is next in line.
        if status is ItemStatus.LIQUIDATING:
            await store.set_item_statuses(conn, wish.book, [wish.item_id], ItemStatus.PAID)
        event = Event.PAID
    else:
        await store.set_item_statuses(conn, wish.book, [wish.item_id], ItemStatus.FAILED)
        event = Event.PAYMENT_RETURNED
    await _move(conn, wish, event, wish.bank_booked_on or wish.effective_on, number)


async def _after_reservation(conn: AsyncConnection, wish: Wish, event: Event, reference: str | None) -> None:
    """A claim that waits for its money moves on; one whose reservation is renewed behind a payment stays where it is."""
    if await store.claim_status(conn, wish.book, wish.claim_id) == Status.APPROVED.value:
        await _move(conn, wish, event, wish.effective_on, reference)


async def _move(conn: AsyncConnection, wish: Wish, event: Event, done_on: dt.date, reference: str | None) -> None:
    await set_status(conn, wish.book, wish.claim_id, event, by_person=SYSTEM, done_on=done_on, reference=reference)


async def _after_refusal(conn: AsyncConnection, wish: Wish, refused: Refused, moved_to: dt.date | None) -> None:
    if wish.item_id is None and moved_to is not None:
        await outbox.enqueue_again(conn, wish, moved_to)
        return
    if wish.item_id is None or wish.bank_booked_on is None:
        await _after_reservation(conn, wish, Event.AWAITING_FUNDS, refused.code)
        return
    if moved_to is not None and wish.recovery_id is not None:
        await outbox.enqueue_again(conn, wish, moved_to)
        return
    if wish.recovery_id is not None:
        await recovery_store.set_status(conn, wish.book, wish.recovery_id, RecoveryStatus.BOOKING_REFUSED)
        log.error("ledger_refused_a_recovery", key=wish.key, code=refused.code)
        return
    status, _, number = await store.item_status(conn, wish.book, wish.item_id)
    if wish.operation in PAYMENTS and status is ItemStatus.RETURNING:
        # Paid and taken back before it could be booked: no money of ours moved, so nothing is booked at all.
        await outbox.drop_pending_return(conn, wish)
        await store.set_item_statuses(conn, wish.book, [wish.item_id], ItemStatus.FAILED)
        await _move(conn, wish, Event.PAYMENT_RETURNED, wish.bank_booked_on, number)
    elif moved_to is not None:
        await outbox.enqueue_again(conn, wish, moved_to)
    else:
        # The bank's word stands; somebody must put the books right and ask for a new attempt.
        await store.set_item_statuses(conn, wish.book, [wish.item_id], ItemStatus.BOOKING_REFUSED)
        log.error("ledger_refused_a_booking", key=wish.key, code=refused.code)
