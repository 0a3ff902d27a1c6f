"""Use cases of payout batches: prepare, decide, apply the bank's return, ask the ledger again (`issuing` has the bank file).

Each function is one use case on an open transaction of its caller (`common.idempotency.run_once` commits it before anything is
answered). None calls the ledger: what is to be booked becomes a wish in the outbox. Locks are taken in one order everywhere: batch,
then claims by id, then items and wishes.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from claims.claims.rules import Event
from claims.claims.store import set_status
from claims.payouts import bank_store, batch_events, outbox, recovery_store, store
from claims.payouts.accounts import ACCOUNT, HOLDER, changed_items, standing_of
from claims.payouts.ledger_calls import Operation
from claims.payouts.rules import (
    MAX_ITEMS,
    AccountStanding,
    Applied,
    BankOutcome,
    BatchEvent,
    BatchStatus,
    Control,
    Effect,
    ItemStatus,
    Origin,
    ReturnRow,
    batch_number,
    batch_status_after,
    decide_return,
    item_number,
    refuse_approval,
    second_person,
)
from claims.payouts.schemas import (
    BankReturnOut,
    BatchDetail,
    BatchEventOut,
    BatchOut,
    BatchSummary,
    BatchWarning,
    BookingRetryOut,
    FileIssueOut,
    ItemDetail,
    ItemOut,
    MoneyTrail,
    OperationOut,
)
from claims.problems import (
    ACCOUNT_CHANGED,
    BANK_ACCOUNT_MISSING,
    BATCH_OF_TWO_PAYERS,
    CLAIM_NOT_PAYABLE,
    NOTHING_TO_BOOK,
    NOTHING_TO_PAY,
    RESERVATION_PENDING,
)
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

REASON = "bank_return_row.reason"


async def prepare_batch(
    conn: AsyncConnection,
    personal: PersonalData,
    book: str,
    person: str,
    claim_ids: Sequence[UUID] | None,
    note: str | None,
    unchanged_reason: str | None,
) -> BatchOut:
    """Put claims into a new batch; without `claim_ids`, all that can be paid, naming those without account or head.

    `unchanged_reason` says why a failed credit goes to the same account again.

    Raises `not_found` for an unknown claim, `claim_not_payable`, `bank_account_missing` or `nothing_to_pay`.
    """
    claims = await store.lock_claims_to_pay(conn, book, claim_ids, MAX_ITEMS)
    if claim_ids is not None and len(claims) != len(set(claim_ids)):
        raise NOT_FOUND.error(field="claim_ids")
    left_out = [] if claim_ids is not None else await store.claims_without_payee(conn, book, MAX_ITEMS)
    _refuse_unpayable(claims, left_out)
    payers = {claim.pool_policy_id for claim in claims}
    if len(payers) > 1:
        raise BATCH_OF_TWO_PAYERS.error(field="claim_ids")
    number = batch_number(today_in_shanghai().year, await store.next_serial(conn, book, today_in_shanghai().year))
    batch_id = uuid7()
    failed = await bank_store.last_failed_items(conn, book, [claim.id for claim in claims])
    items = [
        _new_item(personal, claim, number, position, failed.get(claim.id), unchanged_reason)
        for position, claim in enumerate(claims, start=1)
    ]
    await store.insert_batch(conn, book, batch_id, number, note, person, items, payers.pop())
    await batch_events.record(conn, book, batch_id, BatchEvent.PREPARED, person)
    for claim in claims:
        await set_status(
            conn, book, claim.id, Event.IN_BATCH, by_person=person, done_on=today_in_shanghai(), reference=number
        )
    made = await batch_after(conn, book, batch_id)
    return made.model_copy(update={"left_out": left_out})


def _refuse_unpayable(claims: Sequence[store.PayableClaim], left_out: list[str]) -> None:
    if not claims and left_out:
        raise BANK_ACCOUNT_MISSING.error(field="claim_ids", claims=left_out)
    if not claims:
        raise NOTHING_TO_PAY.error()
    unpayable = [claim.number for claim in claims if claim.status not in store.PAYABLE]
    if unpayable:
        raise CLAIM_NOT_PAYABLE.error(field="claim_ids", claims=unpayable)
    nowhere = [claim.number for claim in claims if claim.account_cipher is None or claim.holder_cipher is None]
    if nowhere:
        raise BANK_ACCOUNT_MISSING.error(field="claim_ids", claims=nowhere)


def _new_item(
    personal: PersonalData,
    claim: store.PayableClaim,
    batch: str,
    position: int,
    failed: bank_store.FailedItem | None,
    unchanged_reason: str | None,
) -> store.NewItem:
    """Seal holder and account anew for this item: what is approved is what is paid, or nothing is."""
    if claim.account_cipher is None or claim.holder_cipher is None or claim.holder_member_id is None:
        raise BANK_ACCOUNT_MISSING.error(field="claim_ids", claims=[claim.number])
    account = personal.open_bank_account(claim.household_id, claim.account_cipher)
    holder = personal.open_text(claim.holder_cipher, "member.name", claim.holder_member_id)
    item_id = uuid7()
    standing = standing_of(personal, failed, holder, account)
    return store.NewItem(
        id=item_id,
        position=position,
        number=item_number(batch, position),
        claim_id=claim.id,
        household_id=claim.household_id,
        amount_fen=claim.benefit_fen,
        holder_cipher=personal.seal_text(holder, HOLDER, item_id),
        account_cipher=personal.seal_text(account, ACCOUNT, item_id),
        account_masked=mask_account(account),
        account_standing=standing,
        replaces_item_id=None if failed is None else failed.id,
        unchanged_reason=unchanged_reason if standing is AccountStanding.UNCHANGED else None,
    )


async def decide_batch(
    conn: AsyncConnection,
    personal: PersonalData,
    book: str,
    batch_id: UUID,
    person: str,
    status: BatchStatus,
    note: str | None,
) -> BatchOut:
    """Approve or refuse a batch as its second person; refused, its claims can be put into another batch.

    Raises `not_found`, `batch_not_prepared`, `same_person`, `reservation_pending`,
    or `account_changed` where an account is no longer the one the batch holds.
    """
    batch = await found_batch(conn, book, batch_id, lock=True)
    problem = refuse_approval(batch.status, batch.prepared_by, person)
    if problem is not None:
        raise problem
    await refuse_unreserved(conn, book, batch_id)
    if status is BatchStatus.APPROVED:
        await _refuse_changed(conn, personal, book, batch_id)
    await store.decide_batch(conn, book, batch_id, status, person, note)
    await batch_events.record(conn, book, batch_id, BatchEvent(status.value), person, reason=note)
    if status is BatchStatus.REFUSED:
        items = [
            item
            for item in (await store.items_to_judge(conn, book, batch_id)).values()
            if item.status is ItemStatus.OPEN
        ]
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


async def refuse_unreserved(conn: AsyncConnection, book: str, batch_id: UUID) -> None:
    """Lock the batch's claims. Raises `reservation_pending` while the reservation of one is being made anew."""
    await store.lock_claims_of_batch(conn, book, batch_id)
    waiting = await store.claims_without_reservation(conn, book, batch_id)
    if waiting:
        raise RESERVATION_PENDING.error(claims=waiting)


async def _refuse_changed(conn: AsyncConnection, personal: PersonalData, book: str, batch_id: UUID) -> None:
    await bank_store.hold_households(conn, book, batch_id)
    payees = await bank_store.payees(conn, book, batch_id)
    changed = changed_items(personal, payees)
    if changed:
        raise ACCOUNT_CHANGED.error(items=[payee.number for payee in payees if payee.item_id in changed])


async def apply_bank_return(
    conn: AsyncConnection,
    personal: PersonalData,
    book: str,
    batch_id: UUID,
    person: str,
    rows: Sequence[ReturnRow],
    control: Control,
    origin: Origin | None,
) -> BankReturnOut:
    """Apply a bank return of an approved batch, all of it or nothing.

    Success asks the ledger to book the payment; a failure gives the claim back; a failure of a paid credit (支付退票) asks the ledger
    to give the money back to the encumbrance. Raises what `rules.decide_return` refuses.
    """
    batch = await found_batch(conn, book, batch_id, lock=True)
    await store.lock_claims_of_batch(conn, book, batch_id)
    items = await store.items_to_judge(conn, book, batch_id)
    applied = decide_return(batch.status, rows, control, items, today_in_shanghai(), origin)
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
    batch = await found_batch(conn, book, batch_id, lock=True)
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
    batch = await found_batch(conn, book, batch_id)
    items = await store.items_shown(conn, book, batch_id=batch_id)
    return BatchOut(**asdict(batch), items=[ItemOut(**_shown(item)) for item in items], warnings=_warnings(items))


def _warnings(items: Sequence[store.StoredItem]) -> list[BatchWarning]:
    """The open items that go where a credit failed before, without a word why."""
    return [
        BatchWarning(
            code="account_unchanged",
            item_number=item.number,
            detail_zh="上次支付失败，户名和账号未变更，也未说明理由。",
            detail_en="The last credit failed; holder and account are the same, and no reason is given.",
        )
        for item in items
        if item.status is ItemStatus.OPEN
        and item.account_standing is AccountStanding.UNCHANGED
        and item.unchanged_reason is None
    ]


async def show_batch(conn: AsyncConnection, personal: PersonalData, book: str, batch_id: UUID) -> BatchDetail:
    """A batch with its items, the bank's words, its history and the issues of its file. Raises `not_found`."""
    batch = await found_batch(conn, book, batch_id)
    changed = changed_items(personal, await bank_store.payees(conn, book, batch_id))
    found = await store.items_shown(conn, book, batch_id=batch_id)
    items = [
        ItemDetail(
            **_shown(item),
            failure_reason=_reason(personal, item),
            account_changed=item.status is ItemStatus.OPEN and item.id in changed,
        )
        for item in found
    ]
    issues = [FileIssueOut(**_issue_shown(one)) for one in await bank_store.issues_of(conn, book, batch_id)]
    history = [BatchEventOut(**asdict(one)) for one in await batch_events.history(conn, book, batch_id)]
    return BatchDetail(**asdict(batch), items=items, warnings=_warnings(found), issues=issues, history=history)


def _issue_shown(issue: bank_store.IssuedFile) -> dict[str, object]:
    return asdict(issue) | {"sha256": issue.sha256.hex()}


async def found_batch(conn: AsyncConnection, book: str, batch_id: UUID, *, lock: bool = False) -> store.Batch:
    """A batch, locked if asked. Raises `not_found`."""
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
    encumbrances = [
        one.ledger_id
        for one in operations
        if one.operation is Operation.ENCUMBER and one.ledger_id and one.replaced_at is None
    ]
    return MoneyTrail(
        encumbrance_id=encumbrances[0] if encumbrances else None,
        operations=[OperationOut(**asdict(one)) for one in operations],
        items=[ItemOut(**_shown(item)) for item in items],
        recoveries=await recovery_store.shown(conn, book, claim_id),
    )
