"""SQL of what passes between us and the bank: who is to be paid, files issued, returns received. Every statement names the book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from claims.payouts.tables import bank_return, bank_return_row, file_issue, payout_item

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.payouts.store import Batch


@dataclass(frozen=True, slots=True)
class Payee:
    """What the bank needs to know of an item, still encrypted."""

    item_id: UUID
    position: int
    number: str
    amount_fen: int
    holder_cipher: bytes
    account_cipher: bytes


async def payees(conn: AsyncConnection, book: str, batch_id: UUID) -> list[Payee]:
    """Who the bank is to pay, in the order of the batch."""
    i = payout_item
    rows = await conn.execute(
        sa.select(
            i.c.id.label("item_id"), i.c.position, i.c.number, i.c.amount_fen, i.c.holder_cipher, i.c.account_cipher
        )
        .where(i.c.book == book, i.c.batch_id == batch_id)
        .order_by(i.c.position)
    )
    return [Payee(**row) for row in rows.mappings()]


async def insert_file_issue(
    conn: AsyncConnection,
    book: str,
    issue_id: UUID,
    batch: Batch,
    person: str,
    template: str,
    sha256: bytes,
) -> None:
    """Record that clear accounts left the system: to whom, when, which bytes."""
    await conn.execute(
        sa.insert(file_issue).values(
            book=book,
            id=issue_id,
            batch_id=batch.id,
            issued_to=person,
            template=template,
            item_count=batch.control_count,
            total_fen=batch.control_total_fen,
            sha256=sha256,
        )
    )


async def insert_bank_return(
    conn: AsyncConnection,
    book: str,
    return_id: UUID,
    batch_id: UUID,
    person: str,
    count: int,
    total_fen: int,
    rows: Sequence[dict[str, object]],
) -> None:
    """Store what the bank told us. The database refuses an outcome an item already has."""
    await conn.execute(
        sa.insert(bank_return).values(
            book=book,
            id=return_id,
            batch_id=batch_id,
            received_by=person,
            control_count=count,
            control_total_fen=total_fen,
        )
    )
    await conn.execute(sa.insert(bank_return_row), [{"book": book, "return_id": return_id} | row for row in rows])
