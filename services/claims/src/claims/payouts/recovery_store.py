"""SQL of recoveries of wrong payments. Every statement names the book."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from claims.claims.tables import claim
from claims.payouts.ledger_calls import PAYMENTS, RECOVERIES, OperationStatus
from claims.payouts.rules import RecoveryStatus
from claims.payouts.schemas import RecoveryOut, RecoveryPart
from claims.payouts.tables import ledger_operation, payout_item, recovery, recovery_part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.payouts.ledger_calls import Wish


@dataclass(frozen=True, slots=True)
class PaidItem:
    """The payment of a claim that stands: its item, its entry in the ledger, the bank's day."""

    item_id: UUID
    entry_id: UUID
    amount_fen: int
    paid_on: dt.date
    in_pool: bool


async def paid_item(conn: AsyncConnection, book: str, claim_id: UUID) -> PaidItem | None:
    """The booked payment of a claim whose money is with the household, or None."""
    i, o = payout_item, ledger_operation
    rows = await conn.execute(
        sa.select(
            i.c.id.label("item_id"), o.c.entry_id, o.c.amount_fen, o.c.bank_booked_on.label("paid_on"), o.c.operation
        )
        .join(o, sa.and_(o.c.book == i.c.book, o.c.item_id == i.c.id))
        .where(
            i.c.book == book,
            i.c.claim_id == claim_id,
            i.c.status == "paid",
            o.c.operation.in_([operation.value for operation in PAYMENTS]),
            o.c.status == OperationStatus.DONE.value,
        )
    )
    row = rows.one_or_none()
    if row is None:
        return None
    return PaidItem(row.item_id, row.entry_id, row.amount_fen, row.paid_on, row.operation == "pool_payout")


async def claim_exists(conn: AsyncConnection, book: str, claim_id: UUID) -> bool:
    """Whether this book has the claim."""
    found = await conn.execute(sa.select(claim.c.id).where(claim.c.book == book, claim.c.id == claim_id))
    return found.first() is not None


async def recovered_by_source(conn: AsyncConnection, book: str, claim_id: UUID) -> dict[str, int]:
    """What of each source is recovered, or to be, by recoveries nobody refused."""
    p, r = recovery_part, recovery
    rows = await conn.execute(
        sa.select(p.c.source, sa.func.sum(p.c.amount_fen).label("fen"))
        .join(r, sa.and_(r.c.book == p.c.book, r.c.id == p.c.recovery_id))
        .where(r.c.book == book, r.c.claim_id == claim_id, r.c.status != RecoveryStatus.REFUSED.value)
        .group_by(p.c.source)
    )
    return {row.source: int(row.fen) for row in rows}


async def open_fen(conn: AsyncConnection, book: str, claim_id: UUID) -> int:
    """What of a claim is recovered, or to be."""
    r = recovery
    found = await conn.execute(
        sa.select(sa.func.coalesce(sa.func.sum(r.c.amount_fen), 0)).where(
            r.c.book == book, r.c.claim_id == claim_id, r.c.status != RecoveryStatus.REFUSED.value
        )
    )
    return int(found.scalar_one())


async def insert(
    conn: AsyncConnection,
    book: str,
    recovery_id: UUID,
    claim_id: UUID,
    item_id: UUID,
    amount_fen: int,
    received_on: dt.date,
    reason: str,
    person: str,
    parts: Mapping[str, int],
) -> None:
    """Store a proposed recovery with what goes back to each source."""
    await conn.execute(
        sa.insert(recovery).values(
            book=book,
            id=recovery_id,
            claim_id=claim_id,
            item_id=item_id,
            amount_fen=amount_fen,
            received_on=received_on,
            reason=reason,
            status=RecoveryStatus.PROPOSED.value,
            proposed_by=person,
        )
    )
    if parts:
        await conn.execute(
            sa.insert(recovery_part),
            [
                {"book": book, "recovery_id": recovery_id, "source": source, "amount_fen": fen}
                for source, fen in parts.items()
            ],
        )


async def shown(conn: AsyncConnection, book: str, claim_id: UUID) -> list[RecoveryOut]:
    """The recoveries of a claim, oldest first."""
    r, p = recovery, recovery_part
    names = [column.name for column in r.c if column.name != "book"]
    rows = (
        await conn.execute(
            sa.select(*(r.c[name] for name in names)).where(r.c.book == book, r.c.claim_id == claim_id).order_by(r.c.id)
        )
    ).mappings()
    parts: dict[UUID, list[RecoveryPart]] = {}
    for part in await conn.execute(
        sa.select(p.c.recovery_id, p.c.source, p.c.amount_fen)
        .join(r, sa.and_(r.c.book == p.c.book, r.c.id == p.c.recovery_id))
        .where(r.c.book == book, r.c.claim_id == claim_id)
        .order_by(p.c.recovery_id, p.c.source)
    ):
        parts.setdefault(part.recovery_id, []).append(RecoveryPart(source=part.source, amount_fen=part.amount_fen))
    return [RecoveryOut(**row, parts=parts.get(row["id"], [])) for row in rows]


async def decide(
    conn: AsyncConnection, book: str, recovery_id: UUID, status: RecoveryStatus, person: str, note: str | None
) -> None:
    """Record the second person's decision."""
    await conn.execute(
        sa.update(recovery)
        .where(recovery.c.book == book, recovery.c.id == recovery_id)
        .values(status=status.value, decided_by=person, decided_at=sa.func.now(), decision_note=note)
    )


async def set_status(conn: AsyncConnection, book: str, recovery_id: UUID, status: RecoveryStatus) -> None:
    """Move a recovery on."""
    await conn.execute(
        sa.update(recovery).where(recovery.c.book == book, recovery.c.id == recovery_id).values(status=status.value)
    )


async def booked_sources(conn: AsyncConnection, book: str, recovery_id: UUID) -> set[str | None]:
    """The sources of a recovery whose booking is done or on its way."""
    o = ledger_operation
    rows = await conn.execute(
        sa.select(o.c.source).where(
            o.c.book == book,
            o.c.recovery_id == recovery_id,
            o.c.status.in_([OperationStatus.DONE.value, OperationStatus.PENDING.value]),
        )
    )
    return {row.source for row in rows}


async def add_recovered(conn: AsyncConnection, wish: Wish) -> None:
    """The ledger has booked a part of a recovery: the claim draws that much less on its caps. The caller holds the claim's lock."""
    o = ledger_operation
    await conn.execute(
        sa.update(claim)
        .where(claim.c.book == wish.book, claim.c.id == wish.claim_id)
        .values(recovered_fen=claim.c.recovered_fen + wish.amount_fen)
    )
    booked = sa.select(sa.func.coalesce(sa.func.sum(o.c.amount_fen), 0)).where(
        o.c.book == wish.book,
        o.c.recovery_id == wish.recovery_id,
        o.c.operation.in_([operation.value for operation in RECOVERIES]),
        o.c.status == OperationStatus.DONE.value,
    )
    await conn.execute(
        sa.update(recovery)
        .where(
            recovery.c.book == wish.book,
            recovery.c.id == wish.recovery_id,
            recovery.c.amount_fen == booked.scalar_subquery(),
        )
        .values(status=RecoveryStatus.BOOKED.value)
    )
