"""SQL of payout batches and their items. Every statement names the book."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.selectable import LateralFromClause

from claims.claims.tables import claim
from claims.households.tables import household, member
from claims.payouts.ledger_calls import RESERVATIONS, OperationStatus
from claims.payouts.rules import AccountStanding, BankOutcome, BatchStatus, Item, ItemStatus, RecoveryStatus
from claims.payouts.tables import bank_return_row, batch_counter, ledger_operation, payout_batch, payout_item, recovery
from claims.policies.rules import Funding
from claims.policies.tables import policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection

PAYABLE = ("encumbered", "payment_returned")
"""Statuses of a claim that can be put into a batch: its money is reserved, or came back from the bank."""


_OF_CLAIM = sa.and_(policy.c.book == claim.c.book, policy.c.id == claim.c.policy_id)
_POOL_POLICY = sa.case((policy.c.funding == Funding.INSURER_POOL.value, policy.c.id))


@dataclass(frozen=True, slots=True)
class PayableClaim:
    """A claim locked for a new batch. The ciphers are None where the household has no account or no head."""

    id: UUID
    number: str
    status: str
    household_id: UUID
    benefit_fen: int
    account_cipher: bytes | None
    holder_member_id: UUID | None
    holder_cipher: bytes | None
    pool_policy_id: UUID | None
    """The programme whose insurer pays it; None: the county's own bank."""


@dataclass(frozen=True, slots=True)
class NewItem:
    """One item of a new batch, its personal data encrypted for this row."""

    id: UUID
    position: int
    number: str
    claim_id: UUID
    household_id: UUID
    amount_fen: int
    holder_cipher: bytes
    account_cipher: bytes
    account_masked: str
    account_standing: AccountStanding
    replaces_item_id: UUID | None
    unchanged_reason: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch without its items."""

    id: UUID
    number: str
    status: BatchStatus
    note: str | None
    control_count: int
    control_total_fen: int
    prepared_by: str
    prepared_at: dt.datetime
    decided_by: str | None
    decided_at: dt.datetime | None
    decision_note: str | None
    policy_id: UUID | None


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it is shown: no clear account, and what the bank has said of it."""

    id: UUID
    batch_id: UUID
    position: int
    number: str
    claim_id: UUID
    amount_fen: int
    account_masked: str
    account_standing: AccountStanding
    replaces: str | None
    unchanged_reason: str | None
    status: ItemStatus
    paid_on: dt.date | None
    failed_on: dt.date | None
    reason_cipher: bytes | None
    refusal_code: str | None
    refusal_detail: str | None


def _has_payee() -> sa.ColumnElement[bool]:
    """Whether a claim's household has an account and a head."""
    account = sa.exists().where(
        household.c.book == claim.c.book,
        household.c.id == claim.c.household_id,
        household.c.bank_account_cipher.is_not(None),
    )
    head = sa.exists().where(
        member.c.book == claim.c.book,
        member.c.household_id == claim.c.household_id,
        member.c.relation == "head",
        member.c.left_on.is_(None),
        member.c.name_cipher.is_not(None),
    )
    return sa.and_(account, head)


async def claims_without_payee(conn: AsyncConnection, book: str, most: int) -> list[str]:
    """The numbers of the oldest claims that wait for a batch and whose household has no account or no head."""
    rows = await conn.execute(
        sa.select(claim.c.number)
        .where(claim.c.book == book, claim.c.status.in_(PAYABLE), sa.not_(_has_payee()))
        .order_by(claim.c.id)
        .limit(most)
    )
    return list(rows.scalars())


async def lock_claims_to_pay(
    conn: AsyncConnection, book: str, claim_ids: Sequence[UUID] | None, most: int
) -> list[PayableClaim]:
    """Lock the named claims whatever their status, or (None) the oldest `most` that can be paid, in the order of their ids.

    None leaves out claims without account or head, and takes those one hand pays:
    the county's bank or one insurer, whichever the oldest waits for.
    """
    chosen = sa.select(claim.c.id).where(claim.c.book == book).order_by(claim.c.id).with_for_update(of=claim)
    named: sa.ColumnElement[bool] = (
        sa.and_(claim.c.status.in_(PAYABLE), _has_payee()) if claim_ids is None else claim.c.id.in_(claim_ids)
    )
    if claim_ids is None:
        oldest = (
            sa.select(sa.cast(_POOL_POLICY, sa.Text))
            .select_from(claim)
            .join(policy, _OF_CLAIM)
            .where(claim.c.book == book, named)
            .order_by(claim.c.id)
            .limit(1)
        )
        hand = (await conn.execute(oldest)).scalar_one_or_none()
        same: sa.ColumnElement[bool] = (
            _POOL_POLICY.is_(None) if hand is None else sa.cast(_POOL_POLICY, sa.Text) == hand
        )
        chosen = chosen.join(policy, _OF_CLAIM).where(same)
    chosen = chosen.where(named).limit(most)
    ids = list((await conn.execute(chosen)).scalars())
    head = sa.and_(
        member.c.book == claim.c.book,
        member.c.household_id == claim.c.household_id,
        member.c.relation == "head",
        member.c.left_on.is_(None),
    )
    # A second statement: it sees the rows as they are under the locks.
    rows = await conn.execute(
        sa.select(
            claim.c.id,
            claim.c.number,
            claim.c.status,
            claim.c.household_id,
            claim.c.benefit_fen,
            household.c.bank_account_cipher.label("account_cipher"),
            member.c.id.label("holder_member_id"),
            member.c.name_cipher.label("holder_cipher"),
            _POOL_POLICY.label("pool_policy_id"),
        )
        .join(household, sa.and_(household.c.book == claim.c.book, household.c.id == claim.c.household_id))
        .join(policy, _OF_CLAIM)
        .outerjoin(member, head)
        .where(claim.c.book == book, claim.c.id.in_(ids))
        .order_by(claim.c.id)
    )
    return [PayableClaim(**row) for row in rows.mappings()]


async def next_serial(conn: AsyncConnection, book: str, year: int) -> int:
    """The next batch number of the year, without gaps: a batch that is not stored gives its number back."""
    counted = (
        insert(batch_counter)
        .values(book=book, year=year, last_number=1)
        .on_conflict_do_update(index_elements=["book", "year"], set_={"last_number": batch_counter.c.last_number + 1})
        .returning(batch_counter.c.last_number)
    )
    return int((await conn.execute(counted)).scalar_one())


async def insert_batch(
    conn: AsyncConnection,
    book: str,
    batch_id: UUID,
    number: str,
    note: str | None,
    person: str,
    items: Sequence[NewItem],
    policy_id: UUID | None,
) -> None:
    """Store a batch in status `prepared` with its items. The database refuses a claim that stands in another live item."""
    await conn.execute(
        sa.insert(payout_batch).values(
            book=book,
            id=batch_id,
            number=number,
            status=BatchStatus.PREPARED.value,
            note=note,
            control_count=len(items),
            control_total_fen=sum(item.amount_fen for item in items),
            prepared_by=person,
            policy_id=policy_id,
        )
    )
    await conn.execute(
        sa.insert(payout_item),
        [
            {
                "book": book,
                "id": item.id,
                "batch_id": batch_id,
                "position": item.position,
                "number": item.number,
                "claim_id": item.claim_id,
                "household_id": item.household_id,
                "amount_fen": item.amount_fen,
                "holder_cipher": item.holder_cipher,
                "account_cipher": item.account_cipher,
                "account_masked": item.account_masked,
                "account_standing": item.account_standing.value,
                "replaces_item_id": item.replaces_item_id,
                "unchanged_reason": item.unchanged_reason,
            }
            for item in items
        ],
    )


_BATCH_COLUMNS = [payout_batch.c[name] for name in Batch.__dataclass_fields__]


def _batch(row: sa.RowMapping) -> Batch:
    return Batch(**{**row, "status": BatchStatus(row["status"])})


async def load_batch(conn: AsyncConnection, book: str, batch_id: UUID, *, lock: bool = False) -> Batch | None:
    """One batch, locked against other decisions and returns if asked."""
    chosen = sa.select(*_BATCH_COLUMNS).where(payout_batch.c.book == book, payout_batch.c.id == batch_id)
    row = (await conn.execute(chosen.with_for_update() if lock else chosen)).mappings().one_or_none()
    return None if row is None else _batch(row)


async def list_batches(
    conn: AsyncConnection, book: str, status: BatchStatus | None, after: UUID | None, most: int
) -> list[Batch]:
    """Batches, oldest first, after the given one."""
    chosen = sa.select(*_BATCH_COLUMNS).where(payout_batch.c.book == book).order_by(payout_batch.c.id).limit(most)
    if status is not None:
        chosen = chosen.where(payout_batch.c.status == status.value)
    if after is not None:
        chosen = chosen.where(payout_batch.c.id > after)
    return [_batch(row) for row in (await conn.execute(chosen)).mappings()]


def _last_refusal() -> LateralFromClause:
    o = ledger_operation
    return (
        sa.select(o.c.refusal_code, o.c.refusal_detail)
        .where(
            o.c.book == payout_item.c.book,
            o.c.claim_id == payout_item.c.claim_id,
            o.c.item_id == payout_item.c.id,
            payout_item.c.status == ItemStatus.BOOKING_REFUSED.value,
        )
        .order_by(o.c.position.desc())
        .limit(1)
        .lateral("refusal")
    )


async def items_shown(
    conn: AsyncConnection, book: str, *, batch_id: UUID | None = None, claim_id: UUID | None = None
) -> list[StoredItem]:
    """The items of a batch in its order, or of a claim in the order they were made."""
    paid, failed, refusal = bank_return_row.alias("paid"), bank_return_row.alias("failed"), _last_refusal()
    i, replaced = payout_item, payout_item.alias("replaced")
    chosen = (
        sa.select(
            *(
                i.c[name]
                for name in (
                    "id",
                    "batch_id",
                    "position",
                    "number",
                    "claim_id",
                    "amount_fen",
                    "account_masked",
                    "account_standing",
                    "unchanged_reason",
                    "status",
                )
            ),
            replaced.c.number.label("replaces"),
            paid.c.booked_on.label("paid_on"),
            failed.c.booked_on.label("failed_on"),
            failed.c.reason_cipher,
            refusal.c.refusal_code,
            refusal.c.refusal_detail,
        )
        .outerjoin(paid, _reported(paid, BankOutcome.SUCCESS))
        .outerjoin(failed, _reported(failed, BankOutcome.FAILURE))
        .outerjoin(refusal, sa.true())
        .outerjoin(replaced, sa.and_(replaced.c.book == i.c.book, replaced.c.id == i.c.replaces_item_id))
        .where(i.c.book == book)
    )
    if batch_id is not None:
        chosen = chosen.where(i.c.batch_id == batch_id).order_by(i.c.position)
    if claim_id is not None:
        chosen = chosen.where(i.c.claim_id == claim_id).order_by(i.c.id)
    rows = (await conn.execute(chosen)).mappings()
    return [
        StoredItem(
            **{
                **row,
                "status": ItemStatus(row["status"]),
                "account_standing": AccountStanding(row["account_standing"]),
            }
        )
        for row in rows
    ]


def _reported(row: sa.FromClause, outcome: BankOutcome) -> sa.ColumnElement[bool]:
    return sa.and_(row.c.book == payout_item.c.book, row.c.item_id == payout_item.c.id, row.c.outcome == outcome.value)


async def lock_claims_of_batch(conn: AsyncConnection, book: str, batch_id: UUID) -> None:
    """Lock the claims of a batch in the order of their ids: the same order everywhere, before any item is touched."""
    of_batch = sa.select(payout_item.c.claim_id).where(payout_item.c.book == book, payout_item.c.batch_id == batch_id)
    await conn.execute(
        sa.select(claim.c.id)
        .where(claim.c.book == book, claim.c.id.in_(of_batch))
        .order_by(claim.c.id)
        .with_for_update()
    )


def _recovered_of(i: sa.FromClause) -> sa.ColumnElement[int]:
    r = recovery
    total = sa.select(sa.cast(sa.func.coalesce(sa.func.sum(r.c.amount_fen), 0), sa.BigInteger)).where(
        r.c.book == i.c.book, r.c.item_id == i.c.id, r.c.status != RecoveryStatus.REFUSED.value
    )
    return total.correlate(i).scalar_subquery()


def _reserved_on(i: sa.FromClause) -> sa.ColumnElement[dt.date]:
    """The first day the claim's money was reserved; one made anew later does not make the bank's word too early."""
    o = ledger_operation
    first = sa.select(sa.func.min(o.c.effective_on)).where(
        o.c.book == i.c.book,
        o.c.claim_id == i.c.claim_id,
        o.c.operation.in_([operation.value for operation in RESERVATIONS]),
        o.c.status == OperationStatus.DONE.value,
    )
    return first.correlate(i).scalar_subquery()


async def claims_without_reservation(conn: AsyncConnection, book: str, batch_id: UUID) -> list[str]:
    """The numbers of the batch's claims whose reservation is being made anew."""
    o = ledger_operation
    asked = sa.select(o.c.claim_id).where(
        o.c.book == book,
        o.c.operation.in_([operation.value for operation in RESERVATIONS]),
        o.c.status == OperationStatus.PENDING.value,
    )
    of_batch = sa.select(payout_item.c.claim_id).where(payout_item.c.book == book, payout_item.c.batch_id == batch_id)
    rows = await conn.execute(
        sa.select(claim.c.number)
        .where(claim.c.book == book, claim.c.id.in_(of_batch), claim.c.id.in_(asked))
        .order_by(claim.c.number)
    )
    return list(rows.scalars())


async def items_to_judge(conn: AsyncConnection, book: str, batch_id: UUID) -> dict[str, Item]:
    """The batch's items by number, as the rules need them. The caller holds the claims' locks."""
    i = payout_item
    paid, failed = bank_return_row.alias("paid"), bank_return_row.alias("failed")
    rows = await conn.execute(
        sa.select(
            i.c.id,
            i.c.number,
            i.c.claim_id,
            i.c.amount_fen,
            i.c.status,
            _reserved_on(i).label("encumbered_on"),
            paid.c.booked_on.label("paid_on"),
            failed.c.booked_on.label("failed_on"),
            _recovered_of(i).label("recovered_fen"),
        )
        .outerjoin(paid, _reported(paid, BankOutcome.SUCCESS))
        .outerjoin(failed, _reported(failed, BankOutcome.FAILURE))
        .where(i.c.book == book, i.c.batch_id == batch_id)
    )
    items = [Item(**{**row, "status": ItemStatus(row["status"])}) for row in rows.mappings()]
    return {item.number: item for item in items}


async def set_item_statuses(conn: AsyncConnection, book: str, item_ids: Sequence[UUID], status: ItemStatus) -> None:
    """Move items to a status."""
    if item_ids:
        await conn.execute(
            sa.update(payout_item)
            .where(payout_item.c.book == book, payout_item.c.id.in_(item_ids))
            .values(status=status.value)
        )


async def item_status(conn: AsyncConnection, book: str, item_id: UUID) -> tuple[ItemStatus, UUID, str]:
    """An item's status, batch and batch number."""
    row = (
        await conn.execute(
            sa.select(payout_item.c.status, payout_item.c.batch_id, payout_batch.c.number)
            .join(
                payout_batch,
                sa.and_(payout_batch.c.book == payout_item.c.book, payout_batch.c.id == payout_item.c.batch_id),
            )
            .where(payout_item.c.book == book, payout_item.c.id == item_id)
        )
    ).one()
    return ItemStatus(row.status), row.batch_id, row.number


async def decide_batch(
    conn: AsyncConnection, book: str, batch_id: UUID, status: BatchStatus, person: str, note: str | None
) -> None:
    """Record the second person's decision."""
    await conn.execute(
        sa.update(payout_batch)
        .where(payout_batch.c.book == book, payout_batch.c.id == batch_id)
        .values(status=status.value, decided_by=person, decided_at=sa.func.now(), decision_note=note)
    )


async def revise_batch(
    conn: AsyncConnection, book: str, batch_id: UUID, person: str, count: int, total_fen: int, reason: str
) -> None:
    """Record what remains of a batch after items were taken out: to be approved anew, or refused where nothing remains.

    Whoever took them out stands as who prepared it, so that another person has to approve it.
    """
    b = payout_batch
    if count:
        values: dict[str, object] = {
            "status": BatchStatus.PREPARED.value,
            "decided_by": None,
            "decided_at": None,
            "decision_note": None,
            "prepared_by": person,
            "control_count": count,
            "control_total_fen": total_fen,
        }
    else:
        # An approved batch: who decided about it stands, and so do the figures that were decided about.
        values = {"status": BatchStatus.REFUSED.value, "decision_note": reason}
    await conn.execute(sa.update(b).where(b.c.book == book, b.c.id == batch_id).values(**values))


async def set_batch_status(conn: AsyncConnection, book: str, batch_id: UUID, status: BatchStatus) -> None:
    """Move an approved batch between `approved` and `settled`."""
    await conn.execute(
        sa.update(payout_batch)
        .where(payout_batch.c.book == book, payout_batch.c.id == batch_id)
        .values(status=status.value)
    )


async def lock_claim(conn: AsyncConnection, book: str, claim_id: UUID) -> None:
    """Lock one claim's row: whoever changes its money holds this."""
    await conn.execute(sa.select(claim.c.id).where(claim.c.book == book, claim.c.id == claim_id).with_for_update())


async def claim_status(conn: AsyncConnection, book: str, claim_id: UUID) -> str:
    """Where a claim stands; the caller holds its lock."""
    found = await conn.execute(sa.select(claim.c.status).where(claim.c.book == book, claim.c.id == claim_id))
    return str(found.scalar_one())
