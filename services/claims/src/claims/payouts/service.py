"""Use cases of payout batches: prepare, decide, issue the bank file, apply the bank's return, ask the ledger again.

Each function is one use case on an open transaction of its caller (`common.idempotency.run_once` commits it before anything is
answered). None calls the ledger: what is to be booked becomes a wish in the outbox. Locks are taken in one order everywhere: batch,
then claims by id, then items and wishes.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING

from claims.access.rules import Action
from claims.access.service import record_access
from claims.claims.rules import Event
from claims.claims.store import set_status
from claims.payouts import bank_store, outbox, store
from claims.payouts.bank_files import Credit, Template, write_payment_file
from claims.payouts.ledger_calls import Operation
from claims.payouts.rules import (
    MAX_ITEMS,
    Applied,
    BankOutcome,
    BatchStatus,
    Control,
    Effect,
    ItemStatus,
    ReturnRow,
    batch_number,
    batch_status_after,
    decide_return,
    item_number,
    refuse_approval,
    refuse_file,
    second_person,
)
from claims.payouts.schemas import (
    BankReturnOut,
    BatchDetail,
    BatchOut,
    BatchSummary,
    BookingRetryOut,
    ItemDetail,
    ItemOut,
    MoneyTrail,
    OperationOut,
)
from claims.problems import BANK_ACCOUNT_MISSING, CLAIM_NOT_PAYABLE, NOTHING_TO_BOOK, NOTHING_TO_PAY
from common.crypto import mask_account
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND, Problem
from common.ids import uuid7

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.households.personal import PersonalData

HOLDER = "payout_item.holder"
ACCOUNT = "payout_item.account"
REASON = "bank_return_row.reason"


async def prepare_batch(
    conn: AsyncConnection,
    personal: PersonalData,
    book: str,
    person: str,
    claim_ids: Sequence[UUID] | None,
    note: str | None,
) -> BatchOut:
    """Put claims into a new batch.

    Raises `not_found` for an unknown claim, `claim_not_payable`, `bank_account_missing` or `nothing_to_pay`.
    """
    claims = await store.lock_claims_to_pay(conn, book, claim_ids, MAX_ITEMS)
    if claim_ids is not None and len(claims) != len(set(claim_ids)):
        raise NOT_FOUND.error(field="claim_ids")
    _refuse_unpayable(claims)
    number = batch_number(today_in_shanghai().year, await store.next_serial(conn, book, today_in_shanghai().year))
    batch_id = uuid7()
    items = [
        _new_item(personal, claim, item_number(number, position), position)
        for position, claim in enumerate(claims, start=1)
    ]
    await store.insert_batch(conn, book, batch_id, number, note, person, items)
    for claim in claims:
        await set_status(
            conn, book, claim.id, Event.IN_BATCH, by_person=person, done_on=today_in_shanghai(), reference=number
        )
    return await batch_after(conn, book, batch_id)


def _refuse_unpayable(claims: Sequence[store.PayableClaim]) -> None:
    if not claims:
        raise NOTHING_TO_PAY.error()
    unpayable = [claim.number for claim in claims if claim.status not in store.PAYABLE]
    if unpayable:
        raise CLAIM_NOT_PAYABLE.error(field="claim_ids", claims=unpayable)
    nowhere = [claim.number for claim in claims if claim.account_cipher is None or claim.holder_cipher is None]
    if nowhere:
        raise BANK_ACCOUNT_MISSING.error(field="claim_ids", claims=nowhere)


def _new_item(personal: PersonalData, claim: store.PayableClaim, number: str, position: int) -> store.NewItem:
    """Seal holder and account anew for this item: what is approved is what is paid, whatever the household changes later."""
    if claim.account_cipher is None or claim.holder_cipher is None or claim.holder_member_id is None:
        raise BANK_ACCOUNT_MISSING.error(field="claim_ids", claims=[claim.number])
    account = personal.open_bank_account(claim.household_id, claim.account_cipher)
    holder = personal.open_text(claim.holder_cipher, "member.name", claim.holder_member_id)
    item_id = uuid7()
    return store.NewItem(
        id=item_id,
        position=position,
        number=number,
        claim_id=claim.id,
        household_id=claim.household_id,
        amount_fen=claim.benefit_fen,
        holder_cipher=personal.seal_text(holder, HOLDER, item_id),
        account_cipher=personal.seal_text(account, ACCOUNT, item_id),
        account_masked=mask_account(account),
    )


async def decide_batch(
    conn: AsyncConnection,
    book: str,
    batch_id: UUID,
    person: str,
    status: BatchStatus,
    note: str | None,
) -> BatchOut:
    """Approve or refuse a batch as its second person; refused, its claims can be put into another batch.

    Raises `not_found`, `batch_not_prepared` or `same_person`.
    """
    batch = await _found(conn, book, batch_id, lock=True)
    problem = refuse_approval(batch.status, batch.prepared_by, person)
    if problem is not None:
        raise problem
    await store.decide_batch(conn, book, batch_id, status, person, note)
    if status is BatchStatus.REFUSED:
        await store.lock_claims_of_batch(conn, book, batch_id)
        items = (await store.items_to_judge(conn, book, batch_id)).values()
        await store.set_item_statuses(conn, book, [item.id for item in items], ItemStatus.WITHDRAWN)
        for item in items:
            await set_status(
                conn,
                book,
                item.claim_id,
                Event.ENCUMBERED,
                by_person=person,
                done_on=today_in_shanghai(),
                reference=batch.number,
            )
    return await batch_after(conn, book, batch_id)


async def issue_file(
    conn: AsyncConnection, personal: PersonalData, book: str, batch_id: UUID, person: str, template: Template
) -> tuple[str, list[bytes]]:
    """The file for the bank: its name and its lines. Every issue is recorded with the hash of its bytes.

    Built whole before anything is sent (at most MAX_ITEMS lines), so that no transaction stays open while somebody downloads.
    Raises `not_found`, `batch_not_approved` or `batch_partly_returned`.
    """
    # Locked, so that no bank return is applied between the look at the items and the record of the issue.
    batch = await _found(conn, book, batch_id, lock=True)
    problem = refuse_file(batch.status, (await store.items_to_judge(conn, book, batch_id)).values())
    if problem is not None:
        raise problem
    credits_ = [
        Credit(
            position=payee.position,
            item_number=payee.number,
            holder=personal.open_text(payee.holder_cipher, HOLDER, payee.item_id),
            account=personal.open_text(payee.account_cipher, ACCOUNT, payee.item_id),
            amount_fen=payee.amount_fen,
        )
        for payee in await bank_store.payees(conn, book, batch_id)
    ]
    lines = list(write_payment_file(template, credits_))
    sha256 = hashlib.sha256(b"".join(lines)).digest()
    await bank_store.insert_file_issue(conn, book, uuid7(), batch, person, template.code, sha256)
    await record_access(
        conn,
        book=book,
        person=person,
        action=Action.EXPORT,
        subject="bank_file",
        subject_id=batch_id,
        detail={"template": template.code, "rows": len(credits_), "sha256": sha256.hex()},
    )
    return f"{batch.number}.csv", lines


async def apply_bank_return(
    conn: AsyncConnection,
    personal: PersonalData,
    book: str,
    batch_id: UUID,
    person: str,
    rows: Sequence[ReturnRow],
    control: Control,
) -> BankReturnOut:
    """Apply a bank return of an approved batch, all of it or nothing.

    Success asks the ledger to book the payment; a failure gives the claim back; a failure of a paid credit (支付退票) asks the ledger
    to give the money back to the encumbrance. Raises what `rules.decide_return` refuses.
    """
    batch = await _found(conn, book, batch_id, lock=True)
    await store.lock_claims_of_batch(conn, book, batch_id)
    items = await store.items_to_judge(conn, book, batch_id)
    applied = decide_return(batch.status, rows, control, items, today_in_shanghai())
    if isinstance(applied, Problem):
        raise applied
    return_id = uuid7()
    stored = [_stored_row(personal, line, one) for line, one in enumerate(applied, start=1)]
    await bank_store.insert_bank_return(
        conn, book, return_id, batch_id, person, control.count, control.total_fen, stored
    )
    for one in applied:
        await _apply(conn, book, batch, person, one)
    now = [item.status for item in (await store.items_to_judge(conn, book, batch_id)).values()]
    await store.set_batch_status(conn, book, batch_id, batch_status_after(now))
    effects = [one.effect for one in applied]
    return BankReturnOut(
        id=return_id,
        paid=effects.count(Effect.LIQUIDATE),
        failed=effects.count(Effect.FAIL),
        given_back=effects.count(Effect.GIVE_BACK),
        batch=await batch_after(conn, book, batch_id),
    )


def _stored_row(personal: PersonalData, line: int, one: Applied) -> dict[str, object]:
    reason = one.row.reason
    return {
        "row": line,
        "item_id": one.item.id,
        "outcome": one.row.outcome.value,
        "amount_fen": one.row.amount_fen,
        "booked_on": one.row.booked_on,
        "reason_cipher": None if reason is None else personal.seal_text(reason, REASON, one.item.id),
    }


async def _apply(conn: AsyncConnection, book: str, batch: store.Batch, person: str, one: Applied) -> None:
    booked_on, item = one.row.booked_on, one.item
    if one.effect is Effect.FAIL:
        await store.set_item_statuses(conn, book, [item.id], ItemStatus.FAILED)
        await set_status(
            conn,
            book,
            item.claim_id,
            Event.PAYMENT_RETURNED,
            by_person=person,
            done_on=booked_on,
            reference=batch.number,
        )
    elif one.effect is Effect.LIQUIDATE:
        await _ask_ledger(conn, book, batch, person, item.id, BankOutcome.SUCCESS, booked_on)
    else:
        await _ask_ledger(conn, book, batch, person, item.id, BankOutcome.FAILURE, booked_on)


async def _ask_ledger(
    conn: AsyncConnection,
    book: str,
    batch: store.Batch,
    person: str,
    item_id: UUID,
    outcome: BankOutcome,
    booked_on: dt.date,
) -> None:
    """Wish for the booking of what the bank reported. A payment was prepared and approved with its batch; a return by who recorded it."""
    approved_by = batch.decided_by or batch.prepared_by
    if outcome is BankOutcome.SUCCESS:
        status, operation, people = ItemStatus.LIQUIDATING, Operation.LIQUIDATE, (batch.prepared_by, approved_by)
    else:
        status, operation = ItemStatus.RETURNING, Operation.RETURN
        people = (person, second_person(person, batch.prepared_by, approved_by))
    await store.set_item_statuses(conn, book, [item_id], status)
    await outbox.enqueue_for_item(
        conn,
        book,
        operation,
        item_id,
        effective_on=booked_on,
        bank_booked_on=booked_on,
        prepared_by=people[0],
        reviewed_by=people[1],
    )


async def retry_bookings(conn: AsyncConnection, book: str, batch_id: UUID, person: str) -> BookingRetryOut:
    """Ask the ledger anew, under new keys, for every booking of the batch it has refused.

    Raises `not_found`, or `nothing_to_book` where it refused none.
    """
    batch = await _found(conn, book, batch_id, lock=True)
    await store.lock_claims_of_batch(conn, book, batch_id)
    items = await store.items_to_judge(conn, book, batch_id)
    refused = [item for item in items.values() if item.status is ItemStatus.BOOKING_REFUSED]
    if not refused:
        raise NOTHING_TO_BOOK.error()
    for item in refused:
        outcome = BankOutcome.FAILURE if BankOutcome.FAILURE in item.reported else BankOutcome.SUCCESS
        booked_on = item.failed_on if outcome is BankOutcome.FAILURE else item.paid_on
        if booked_on is not None:
            await _ask_ledger(conn, book, batch, person, item.id, outcome, booked_on)
    return BookingRetryOut(retried=len(refused), batch=await batch_after(conn, book, batch_id))


async def batch_after(conn: AsyncConnection, book: str, batch_id: UUID) -> BatchOut:
    """A batch as an act on it leaves it. It is kept with the idempotency key, so it holds nothing that may name a person."""
    batch = await _found(conn, book, batch_id)
    items = await store.items_shown(conn, book, batch_id=batch_id)
    return BatchOut(**asdict(batch), items=[ItemOut(**_shown(item)) for item in items])


async def show_batch(conn: AsyncConnection, personal: PersonalData, book: str, batch_id: UUID) -> BatchDetail:
    """A batch with its items and the bank's words. Raises `not_found`."""
    batch = await _found(conn, book, batch_id)
    items = [
        ItemDetail(**_shown(item), failure_reason=_reason(personal, item))
        for item in await store.items_shown(conn, book, batch_id=batch_id)
    ]
    return BatchDetail(**asdict(batch), items=items)


async def _found(conn: AsyncConnection, book: str, batch_id: UUID, *, lock: bool = False) -> store.Batch:
    batch = await store.load_batch(conn, book, batch_id, lock=lock)
    if batch is None:
        raise NOT_FOUND.error()
    return batch


async def list_batches(
    conn: AsyncConnection, book: str, status: BatchStatus | None, after: UUID | None, most: int
) -> list[BatchSummary]:
    """Batches without their items, oldest first."""
    return [BatchSummary(**asdict(batch)) for batch in await store.list_batches(conn, book, status, after, most)]


def _shown(item: store.StoredItem) -> dict[str, object]:
    shown = {name: value for name, value in asdict(item).items() if name in ItemOut.model_fields}
    return shown | {"item_id": item.id, "item_number": item.number}


def _reason(personal: PersonalData, item: store.StoredItem) -> str | None:
    return None if item.reason_cipher is None else personal.open_text(item.reason_cipher, REASON, item.id)


async def money_trail(conn: AsyncConnection, book: str, claim_id: UUID) -> MoneyTrail:
    """What became of a claim's money: every wish to the ledger with its entry, every batch item with the bank's word."""
    operations = await outbox.operations_of(conn, book, claim_id)
    items = await store.items_shown(conn, book, claim_id=claim_id)
    encumbrances = [one.ledger_id for one in operations if one.operation is Operation.ENCUMBER and one.ledger_id]
    return MoneyTrail(
        encumbrance_id=encumbrances[0] if encumbrances else None,
        operations=[OperationOut(**asdict(one)) for one in operations],
        items=[ItemOut(**_shown(item)) for item in items],
    )
