"""SQL of what passes between us and the bank: who is to be paid, files issued, returns received. Every statement names the book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from claims.households.tables import household, member
from claims.payouts.rules import Issue, ItemStatus
from claims.payouts.tables import bank_return, bank_return_row, file_issue, payout_item

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.payouts.store import Batch


@dataclass(frozen=True, slots=True)
class Payee:
    """What the bank needs to know of an item, and what the register says of its household now; still encrypted."""

    item_id: UUID
    position: int
    number: str
    amount_fen: int
    holder_cipher: bytes
    account_cipher: bytes
    household_id: UUID
    account_now_cipher: bytes | None
    holder_now_id: UUID | None
    holder_now_cipher: bytes | None


async def hold_households(conn: AsyncConnection, book: str, batch_id: UUID) -> None:
    """Keep the households of a batch from being changed until the transaction ends."""
    of_batch = sa.select(payout_item.c.household_id).where(
        payout_item.c.book == book, payout_item.c.batch_id == batch_id
    )
    await conn.execute(
        sa.select(household.c.id)
        .where(household.c.book == book, household.c.id.in_(of_batch))
        .order_by(household.c.id)
        .with_for_update(read=True)
    )


async def payees(conn: AsyncConnection, book: str, batch_id: UUID) -> list[Payee]:
    """Who the bank is to pay, in the order of the batch, without the items taken out of it."""
    i = payout_item
    head = sa.and_(
        member.c.book == i.c.book,
        member.c.household_id == i.c.household_id,
        member.c.relation == "head",
        member.c.left_on.is_(None),
    )
    rows = await conn.execute(
        sa.select(
            i.c.id.label("item_id"),
            i.c.position,
            i.c.number,
            i.c.amount_fen,
            i.c.holder_cipher,
            i.c.account_cipher,
            i.c.household_id,
            household.c.bank_account_cipher.label("account_now_cipher"),
            member.c.id.label("holder_now_id"),
            member.c.name_cipher.label("holder_now_cipher"),
        )
        .join(household, sa.and_(household.c.book == i.c.book, household.c.id == i.c.household_id))
        .outerjoin(member, head)
        .where(i.c.book == book, i.c.batch_id == batch_id, i.c.status != ItemStatus.WITHDRAWN.value)
        .order_by(i.c.position)
    )
    return [Payee(**row) for row in rows.mappings()]


@dataclass(frozen=True, slots=True)
class FailedItem:
    """The last item of a claim, where its credit failed or came back."""

    id: UUID
    holder_cipher: bytes
    account_cipher: bytes


async def last_failed_items(conn: AsyncConnection, book: str, claim_ids: Sequence[UUID]) -> dict[UUID, FailedItem]:
    """The failed credit each of these claims had last, by claim; a claim without one is left out."""
    i = payout_item
    rows = await conn.execute(
        sa.select(i.c.claim_id, i.c.id, i.c.holder_cipher, i.c.account_cipher)
        .where(i.c.book == book, i.c.claim_id.in_(claim_ids), i.c.status == ItemStatus.FAILED.value)
        .order_by(i.c.id)
    )
    # The latest of a claim stands last.
    return {row.claim_id: FailedItem(row.id, row.holder_cipher, row.account_cipher) for row in rows}


@dataclass(frozen=True, slots=True)
class IssuedFile(Issue):
    """An issue of a batch's file as it is shown; the hash is that of the bytes."""

    item_count: int
    total_fen: int
    sha256: bytes


async def issues_of(conn: AsyncConnection, book: str, batch_id: UUID) -> list[IssuedFile]:
    """Every issue of a batch's file, oldest first."""
    f = file_issue
    names = ("number", "issued_to", "issued_at", "template", "item_count", "total_fen", "sha256")
    rows = await conn.execute(
        sa.select(*(f.c[name] for name in names)).where(f.c.book == book, f.c.batch_id == batch_id).order_by(f.c.number)
    )
    return [IssuedFile(**row) for row in rows.mappings()]


async def insert_file_issue(
    conn: AsyncConnection,
    book: str,
    issue_id: UUID,
    batch: Batch,
    number: int,
    person: str,
    template: str,
    sha256: bytes,
) -> None:
    """Record that clear accounts left the system: to whom, when, which bytes. The database refuses an issue nobody allowed."""
    await conn.execute(
        sa.insert(file_issue).values(
            book=book,
            id=issue_id,
            batch_id=batch.id,
            number=number,
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
