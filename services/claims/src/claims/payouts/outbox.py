"""Wishes to the ledger: written in the transaction that decides them, leased by a worker, finished with the ledger's answer.

A wish is one row of `ledger_operation` and one idempotency key `claim:{id}:{operation}:{attempt}`. The worker sends it as often as it
takes to learn the outcome. A refusal is final for its attempt; a new attempt is a new row that somebody asked for.

The wishes of one claim are sent in the order in which they were written: whoever writes one holds the claim's row lock, and a wish is
leased only when no earlier wish of its claim is pending. A lease that runs out (its worker was killed) makes the wish due again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from claims.claims.tables import claim
from claims.payouts.ledger_calls import (
    OF_POOL,
    PAYMENTS,
    RESERVATIONS,
    RETURNS,
    Operation,
    OperationStatus,
    Wish,
    operation_key,
)
from claims.payouts.tables import ledger_operation, payout_item
from claims.policies.rules import Funding
from claims.policies.tables import policy
from common.ids import uuid7

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.selectable import LateralFromClause

    from claims.payouts.ledger_client import Done, Refused

MAX_PAUSE_SECONDS: Final = 15
"""The longest pause between two tries of one wish: how late money may be after the ledger is back."""


async def enqueue_encumbrance(
    conn: AsyncConnection,
    book: str,
    claim_id: UUID,
    benefit_fen: int,
    effective_on: dt.date,
    fiscal_year: int,
    prepared_by: str,
    reviewed_by: str,
    attempt: int,
) -> None:
    """Wish that the ledger reserves `benefit_fen` for the claim: part of the approval's own transaction.

    `fiscal_year` is the policy's year, `effective_on` the day the county approved, `attempt` 1 at the approval and one more for each
    recorded retry after a refusal. The database refuses a second open or granted reservation of one claim.
    Where the programme is an insurer's, the wish is for a part of its pool.
    """
    funding = (
        await conn.execute(
            sa.select(policy.c.funding)
            .join(claim, sa.and_(claim.c.book == policy.c.book, claim.c.policy_id == policy.c.id))
            .where(claim.c.book == book, claim.c.id == claim_id)
        )
    ).scalar_one()
    operation = Operation.POOL_RESERVE if funding == Funding.INSURER_POOL.value else Operation.ENCUMBER
    # A reservation that had to be made anew has taken a number of its own.
    attempt = max(attempt, await next_attempt(conn, book, claim_id, operation))
    await conn.execute(
        sa.insert(ledger_operation).values(
            book=book,
            id=uuid7(),
            claim_id=claim_id,
            operation=operation.value,
            attempt=attempt,
            key=operation_key(claim_id, operation, attempt),
            amount_fen=benefit_fen,
            effective_on=effective_on,
            fiscal_year=fiscal_year,
            prepared_by=prepared_by,
            reviewed_by=reviewed_by,
        )
    )


async def enqueue_for_item(
    conn: AsyncConnection,
    book: str,
    operation: Operation,
    item_id: UUID,
    *,
    effective_on: dt.date,
    bank_booked_on: dt.date,
    prepared_by: str,
    reviewed_by: str,
    recovery_id: UUID | None = None,
    source: str | None = None,
    amount_fen: int | None = None,
) -> None:
    """Wish that the ledger books, gives back or recovers the payment of a batch item. The attempt is the next one of the claim.

    `operation` is the county's; where an insurer's pool pays, the pool's takes its place. Amount (the item's, if not given) and fiscal
    year are the item's and its reservation's. The database refuses a second pending or granted wish of the same kind.
    """
    o = ledger_operation
    reserved = latest_reservation(payout_item.c.book, payout_item.c.claim_id)
    row = (
        await conn.execute(
            sa.select(
                payout_item.c.claim_id,
                payout_item.c.amount_fen,
                reserved.c.fiscal_year,
                reserved.c.effective_on,
                reserved.c.operation.label("reservation"),
            )
            .join(reserved, sa.true())
            .where(payout_item.c.book == book, payout_item.c.id == item_id)
        )
    ).one()
    in_pool = row.reservation == Operation.POOL_RESERVE.value
    asked = OF_POOL[operation] if in_pool else operation
    attempt = await next_attempt(conn, book, row.claim_id, asked)
    await conn.execute(
        sa.insert(o).values(
            book=book,
            id=uuid7(),
            claim_id=row.claim_id,
            operation=asked.value,
            attempt=attempt,
            key=operation_key(row.claim_id, asked, attempt),
            item_id=item_id,
            amount_fen=amount_fen or row.amount_fen,
            # A reservation made anew out of a closed month may be dated after the bank's day.
            effective_on=max(effective_on, row.effective_on),
            bank_booked_on=bank_booked_on,
            fiscal_year=row.fiscal_year,
            prepared_by=prepared_by,
            reviewed_by=reviewed_by,
            recovery_id=recovery_id,
            source=None if in_pool else source,
        )
    )


async def enqueue_again(conn: AsyncConnection, wish: Wish, effective_on: dt.date) -> None:
    """The next attempt of a refused wish, on another day."""
    attempt = await next_attempt(conn, wish.book, wish.claim_id, wish.operation)
    await conn.execute(
        sa.insert(ledger_operation).values(
            book=wish.book,
            id=uuid7(),
            claim_id=wish.claim_id,
            operation=wish.operation.value,
            attempt=attempt,
            key=operation_key(wish.claim_id, wish.operation, attempt),
            item_id=wish.item_id,
            amount_fen=wish.amount_fen,
            effective_on=effective_on,
            bank_booked_on=wish.bank_booked_on,
            fiscal_year=wish.fiscal_year,
            prepared_by=wish.prepared_by,
            reviewed_by=wish.reviewed_by,
            recovery_id=wish.recovery_id,
            source=wish.source,
        )
    )


async def make_due(conn: AsyncConnection, book: str, claim_id: UUID) -> int:
    """Make the claim's pending wishes due now; answers how many there are. One a worker holds stays with it until its lease ends."""
    o = ledger_operation
    made = await conn.execute(
        sa.update(o)
        .where(o.c.book == book, o.c.claim_id == claim_id, o.c.status == OperationStatus.PENDING.value)
        .values(due_at=sa.func.clock_timestamp())
    )
    return made.rowcount


async def standing_encumbrance(conn: AsyncConnection, book: str, claim_id: UUID) -> tuple[UUID, int] | None:
    """The encumbrance that stands for a claim in the ledger, and its amount in fen; None where there is none or a pool pays."""
    o = ledger_operation
    row = (
        await conn.execute(
            sa.select(o.c.ledger_id, o.c.amount_fen).where(
                reservation_of(sa.literal(book), sa.literal(claim_id)), o.c.operation == Operation.ENCUMBER.value
            )
        )
    ).one_or_none()
    return None if row is None else (row.ledger_id, row.amount_fen)


async def replace_reservation(
    conn: AsyncConnection, book: str, claim_id: UUID, lost: UUID, person: str, why: str
) -> bool:
    """Mark a claim's reservation `lost` as replaced and wish for another of the same amount; False where it does not stand.

    Nor is it replaced while a wish of the claim is pending, or where money was paid out of it and has not come back.
    The caller holds the claim's lock.
    """
    o = ledger_operation
    rows = (
        await conn.execute(
            sa.select(o.c.id, o.c.operation, o.c.status, o.c.amount_fen, o.c.ledger_id, o.c.replaced_at).where(
                o.c.book == book, o.c.claim_id == claim_id
            )
        )
    ).all()
    done = [row for row in rows if row.status == OperationStatus.DONE.value]
    paid = sum(row.amount_fen for row in done if row.operation in PAYMENTS)
    back = sum(row.amount_fen for row in done if row.operation in RETURNS)
    reserved = [row for row in done if row.operation in RESERVATIONS]
    standing = [row for row in reserved if row.ledger_id == lost and row.replaced_at is None]
    if paid != back or not standing or any(row.status == OperationStatus.PENDING.value for row in rows):
        return False
    await conn.execute(
        sa.update(o)
        .where(o.c.book == book, o.c.id == standing[0].id)
        .values(replaced_at=sa.func.clock_timestamp(), replaced_by=person, replaced_why=why)
    )
    wish = await load(conn, book, standing[0].id)
    await enqueue_again(conn, wish, wish.effective_on)
    return True


async def next_attempt(conn: AsyncConnection, book: str, claim_id: UUID, operation: Operation) -> int:
    """The number of a claim's next attempt of an operation; the caller holds the claim's lock."""
    o = ledger_operation
    last = sa.select(sa.func.coalesce(sa.func.max(o.c.attempt), 0) + 1).where(
        o.c.book == book, o.c.claim_id == claim_id, o.c.operation == operation.value
    )
    return int((await conn.execute(last)).scalar_one())


def reservation_of(book: sa.ColumnElement[str], claim_id: sa.ColumnElement[UUID]) -> sa.ColumnElement[bool]:
    """Condition on `ledger_operation`: the reservation that stands for a claim. There is one at most."""
    o = ledger_operation
    return sa.and_(
        o.c.book == book,
        o.c.claim_id == claim_id,
        o.c.operation.in_([operation.value for operation in RESERVATIONS]),
        o.c.status == OperationStatus.DONE.value,
        o.c.replaced_at.is_(None),
    )


def latest_reservation(book: sa.ColumnElement[str], claim_id: sa.ColumnElement[UUID]) -> LateralFromClause:
    """The last reservation the ledger granted a claim: the one that stands, or the one being made anew."""
    o = ledger_operation.alias("granted")
    return (
        sa.select(o.c.operation, o.c.ledger_id, o.c.effective_on, o.c.fiscal_year)
        .where(
            o.c.book == book,
            o.c.claim_id == claim_id,
            o.c.operation.in_([operation.value for operation in RESERVATIONS]),
            o.c.status == OperationStatus.DONE.value,
        )
        .order_by(o.c.position.desc())
        .limit(1)
        .lateral("reservation")
    )


_LEASE = sa.text("""
    WITH due AS (
        SELECT o.book, o.id FROM ledger_operation AS o
        WHERE o.status = 'pending' AND o.due_at <= clock_timestamp()
          AND (o.lease_until IS NULL OR o.lease_until <= clock_timestamp())
          AND NOT EXISTS (
              SELECT 1 FROM ledger_operation AS earlier
              WHERE earlier.book = o.book AND earlier.claim_id = o.claim_id
                AND earlier.status = 'pending' AND earlier.position < o.position)
        ORDER BY o.position LIMIT :most
        FOR UPDATE OF o SKIP LOCKED)
    UPDATE ledger_operation AS o
    SET lease_until = clock_timestamp() + make_interval(secs => :seconds), leased_by = :worker, tries = o.tries + 1
    FROM due WHERE o.book = due.book AND o.id = due.id
    RETURNING o.book, o.id
""")


async def lease(conn: AsyncConnection, worker: str, most: int, seconds: float) -> list[Wish]:
    """Take up to `most` due wishes for `seconds`; nobody else is given them until then. The caller commits before it calls anyone."""
    taken = (await conn.execute(_LEASE, {"most": most, "seconds": seconds, "worker": worker})).all()
    return [await load(conn, book, operation_id) for book, operation_id in taken]


async def load(conn: AsyncConnection, book: str, operation_id: UUID) -> Wish:
    """One wish with what the claim's earlier wishes left in the ledger."""
    o = ledger_operation
    encumbrance = latest_reservation(o.c.book, o.c.claim_id)
    replaced = o.alias("replaced")
    liquidation = o.alias("liquidation")
    row = (
        (
            await conn.execute(
                sa.select(
                    o.c.book,
                    o.c.id,
                    o.c.position,
                    o.c.claim_id,
                    claim.c.household_id,
                    o.c.operation,
                    o.c.attempt,
                    o.c.key,
                    o.c.item_id,
                    payout_item.c.number.label("item_number"),
                    o.c.amount_fen,
                    o.c.effective_on,
                    o.c.bank_booked_on,
                    o.c.fiscal_year,
                    o.c.prepared_by,
                    o.c.reviewed_by,
                    o.c.tries,
                    encumbrance.c.ledger_id.label("encumbrance_id"),
                    liquidation.c.ledger_id.label("liquidation_id"),
                    liquidation.c.effective_on.label("liquidated_on"),
                    claim.c.policy_id,
                    o.c.recovery_id,
                    o.c.source,
                    sa.exists()
                    .where(
                        replaced.c.book == o.c.book,
                        replaced.c.claim_id == o.c.claim_id,
                        replaced.c.replaced_at.is_not(None),
                    )
                    .correlate(o)
                    .label("renewed"),
                )
                .join(claim, sa.and_(claim.c.book == o.c.book, claim.c.id == o.c.claim_id))
                .outerjoin(payout_item, sa.and_(payout_item.c.book == o.c.book, payout_item.c.id == o.c.item_id))
                .outerjoin(encumbrance, sa.true())
                .outerjoin(
                    liquidation,
                    sa.and_(
                        liquidation.c.book == o.c.book,
                        liquidation.c.item_id == o.c.item_id,
                        liquidation.c.operation.in_([operation.value for operation in PAYMENTS]),
                        liquidation.c.status == OperationStatus.DONE.value,
                    ),
                )
                .where(o.c.book == book, o.c.id == operation_id)
            )
        )
        .mappings()
        .one()
    )
    return Wish(**{**row, "operation": Operation(row["operation"])})


async def lock_pending(conn: AsyncConnection, book: str, operation_id: UUID) -> bool:
    """Lock the wish's row; False where another worker has recorded its outcome already (the outcome is the same: one key)."""
    o = ledger_operation
    status = (
        await conn.execute(sa.select(o.c.status).where(o.c.book == book, o.c.id == operation_id).with_for_update())
    ).scalar_one()
    return bool(status == OperationStatus.PENDING.value)


async def complete(conn: AsyncConnection, wish: Wish, done: Done) -> None:
    """Record the ledger's receipt."""
    await _finish(
        conn,
        wish,
        status=OperationStatus.DONE.value,
        ledger_id=done.ledger_id,
        entry_id=done.entry_id,
        entry_seq=done.entry_seq,
        voucher_number=done.voucher_number,
        entry_hash=done.entry_hash,
    )


async def complete_reservation(conn: AsyncConnection, wish: Wish, pool_item_id: UUID) -> None:
    """Record that a part of the pool is the claim's: there is no entry in the ledger for it."""
    await _finish(conn, wish, status=OperationStatus.DONE.value, ledger_id=pool_item_id)


async def refuse(conn: AsyncConnection, wish: Wish, refused: Refused) -> None:
    """Record the ledger's refusal: final for this attempt."""
    await _finish(
        conn, wish, status=OperationStatus.REFUSED.value, refusal_code=refused.code, refusal_detail=refused.detail
    )


async def _finish(conn: AsyncConnection, wish: Wish, **answer: object) -> None:
    o = ledger_operation
    await conn.execute(
        sa.update(o)
        .where(o.c.book == wish.book, o.c.id == wish.id)
        .values(finished_at=sa.func.clock_timestamp(), lease_until=None, leased_by=None, last_error=None, **answer)
    )


async def drop_pending_return(conn: AsyncConnection, wish: Wish) -> bool:
    """Withdraw the pending return of a liquidation that was never booked; says whether there was one."""
    o = ledger_operation
    dropped = await conn.execute(
        sa.update(o)
        .where(
            o.c.book == wish.book,
            o.c.item_id == wish.item_id,
            o.c.operation.in_([operation.value for operation in RETURNS]),
            o.c.status == OperationStatus.PENDING.value,
        )
        .values(
            status=OperationStatus.REFUSED.value,
            finished_at=sa.func.clock_timestamp(),
            refusal_code="not_liquidated",
            refusal_detail="The ledger refused the payment, so there is nothing to give back.",
        )
    )
    return dropped.rowcount > 0


def pause_seconds(tries: int) -> float:
    """How long to wait after the `tries`-th unknown outcome: 0.5 s, doubling, at most `MAX_PAUSE_SECONDS`."""
    return float(min(MAX_PAUSE_SECONDS, 0.5 * 2 ** min(tries - 1, 10)))


async def postpone(conn: AsyncConnection, wish: Wish, worker: str, why: str) -> None:
    """The outcome is unknown: give the lease back and let the same key be sent again after a pause."""
    o = ledger_operation
    await conn.execute(
        sa.update(o)
        .where(
            o.c.book == wish.book,
            o.c.id == wish.id,
            o.c.status == OperationStatus.PENDING.value,
            o.c.leased_by == worker,
        )
        .values(
            lease_until=None,
            leased_by=None,
            last_error=why[:500],
            due_at=sa.func.clock_timestamp() + dt.timedelta(seconds=pause_seconds(wish.tries)),
        )
    )


@dataclass(frozen=True, slots=True)
class StoredOperation:
    """A wish as it is shown in a claim's money trail; names are the API's."""

    operation: Operation
    attempt: int
    status: OperationStatus
    amount_fen: int
    effective_on: dt.date
    bank_booked_on: dt.date | None
    item_number: str | None
    ledger_id: UUID | None
    entry_id: UUID | None
    seq: int | None
    voucher_number: int | None
    hash: str | None
    refusal_code: str | None
    refusal_detail: str | None
    tries: int
    recovery_id: UUID | None
    source: str | None
    replaced_at: dt.datetime | None
    replaced_why: str | None


async def operations_of(conn: AsyncConnection, book: str, claim_id: UUID) -> list[StoredOperation]:
    """Every wish of a claim in the order in which they were decided."""
    o, i = ledger_operation, payout_item
    rows = await conn.execute(
        sa.select(
            o.c.operation,
            o.c.attempt,
            o.c.status,
            o.c.amount_fen,
            o.c.effective_on,
            o.c.bank_booked_on,
            i.c.number.label("item_number"),
            o.c.ledger_id,
            o.c.entry_id,
            o.c.entry_seq.label("seq"),
            o.c.voucher_number,
            o.c.entry_hash.label("hash"),
            o.c.refusal_code,
            o.c.refusal_detail,
            o.c.tries,
            o.c.recovery_id,
            o.c.source,
            o.c.replaced_at,
            o.c.replaced_why,
        )
        .outerjoin(i, sa.and_(i.c.book == o.c.book, i.c.id == o.c.item_id))
        .where(o.c.book == book, o.c.claim_id == claim_id)
        .order_by(o.c.position)
    )
    return [
        StoredOperation(**{**row, "operation": Operation(row["operation"]), "status": OperationStatus(row["status"])})
        for row in rows.mappings()
    ]
