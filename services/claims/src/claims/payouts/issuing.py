"""Use cases between the approval of a batch and the bank's word: its file, one more issue of it, items taken out.

Each is one use case on an open transaction of its caller, as in `service`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claims.access.rules import Action
from claims.access.service import record_access
from claims.claims.rules import Event
from claims.claims.store import set_status
from claims.payouts import bank_store, batch_events, store
from claims.payouts.accounts import ACCOUNT, HOLDER, changed_items
from claims.payouts.bank_files import Credit, unwritable_items, write_payment_file
from claims.payouts.bank_templates import Template, templates
from claims.payouts.rules import BatchEvent, ItemStatus, decide_withdrawal, refuse_file, refuse_reissue
from claims.payouts.schemas import BatchOut, ReissueOut
from claims.payouts.service import batch_after, found_batch, refuse_unreserved
from claims.problems import BANK_FILE_UNWRITABLE
from common.dates import today_in_shanghai
from common.errors import Problem
from common.ids import uuid7
from common.validation import invalid_field

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.households.personal import PersonalData
    from claims.payouts.batch_events import BatchEventRow

DEFAULT_TEMPLATE = "utf8"


@dataclass(frozen=True, slots=True)
class BankFile:
    """The file for the bank: its name, its format and its lines, with clear accounts."""

    name: str
    template: Template
    lines: list[bytes]


def template_of(code: str) -> Template:
    """The template of this name. Raises `invalid_request` naming the field `template`."""
    try:
        return templates()[code]
    except KeyError:
        raise invalid_field("template", "unknown_template", "没有这个模板。", "There is no such template.") from None


async def issue_file(
    conn: AsyncConnection, personal: PersonalData, book: str, batch_id: UUID, person: str, code: str | None
) -> BankFile:
    """Issue the file for the bank: once, and once more for each re-issue somebody allowed. Recorded with the hash of its bytes.

    `code` None: the format the re-issue names, that of the last issue, or the default. Built whole before anything is sent (at most
    MAX_ITEMS lines), so that no transaction stays open while somebody downloads; a download that is cut needs a re-issue.
    Raises `not_found`, `batch_not_approved`, `batch_partly_returned`, `bank_file_issued`, `same_person` for who allowed the re-issue,
    `account_changed`, `bank_file_unwritable`.
    """
    # Locked, so that neither a bank return nor a second issue comes between the look at the batch and the record of the issue.
    batch = await found_batch(conn, book, batch_id, lock=True)
    await bank_store.hold_households(conn, book, batch_id)
    issues = await bank_store.issues_of(conn, book, batch_id)
    allowed = _reissues(await batch_events.history(conn, book, batch_id))
    items = await store.items_to_judge(conn, book, batch_id)
    payees = await bank_store.payees(conn, book, batch_id)
    changed = changed_items(personal, payees)
    numbers = [payee.number for payee in payees if payee.item_id in changed]
    problem = refuse_file(batch.status, items.values(), issues, [event.by_person for event in allowed], numbers, person)
    if problem is not None:
        raise problem
    named = allowed[-1].template if allowed else None
    template = template_of(code or named or (issues[-1].template if issues else DEFAULT_TEMPLATE))
    credits_ = [
        Credit(
            position=payee.position,
            item_number=payee.number,
            holder=personal.open_text(payee.holder_cipher, HOLDER, payee.item_id),
            account=personal.open_text(payee.account_cipher, ACCOUNT, payee.item_id),
            amount_fen=payee.amount_fen,
        )
        for payee in payees
    ]
    unwritable = unwritable_items(template.payment, credits_)
    if unwritable:
        raise BANK_FILE_UNWRITABLE.error(field="template", items=unwritable)
    lines = list(write_payment_file(template.payment, batch.number, credits_))
    sha256 = hashlib.sha256(b"".join(lines)).digest()
    await bank_store.insert_file_issue(conn, book, uuid7(), batch, len(issues) + 1, person, template.code, sha256)
    await record_access(
        conn,
        book=book,
        person=person,
        action=Action.EXPORT,
        subject="bank_file",
        subject_id=batch_id,
        detail={"template": template.code, "rows": len(credits_), "sha256": sha256.hex()},
    )
    extension = "csv" if template.payment.separator == "," else "txt"
    return BankFile(f"{batch.number}.{extension}", template, lines)


def _reissues(history: Sequence[BatchEventRow]) -> list[BatchEventRow]:
    return [event for event in history if event.event is BatchEvent.REISSUE_ALLOWED]


async def allow_reissue(
    conn: AsyncConnection, book: str, batch_id: UUID, person: str, reason: str, template: str | None
) -> ReissueOut:
    """Allow one more issue of the file, for a reason; the next `GET …/bank-file` gives it, with the same bytes for the same template.

    Raises `not_found`, `batch_not_approved`, `batch_partly_returned`, `bank_file_not_issued`, `invalid_request` for an unknown template.
    """
    if template is not None:
        template_of(template)
    batch = await found_batch(conn, book, batch_id, lock=True)
    issues = await bank_store.issues_of(conn, book, batch_id)
    allowed = _reissues(await batch_events.history(conn, book, batch_id))
    items = await store.items_to_judge(conn, book, batch_id)
    problem = refuse_reissue(batch.status, items.values(), issues, len(allowed))
    if problem is not None:
        raise problem
    await batch_events.record(
        conn, book, batch_id, BatchEvent.REISSUE_ALLOWED, person, reason=reason, template=template
    )
    return ReissueOut(
        batch_id=batch_id,
        issue=len(issues) + 1,
        allowed_by=person,
        reason=reason,
        template=template or issues[-1].template,
    )


async def withdraw_items(
    conn: AsyncConnection,
    book: str,
    batch_id: UUID,
    person: str,
    numbers: Sequence[str],
    reason: str,
    *,
    bank_stopped: bool,
) -> BatchOut:
    """Take items out of a batch before the bank pays them; their claims can be put into another batch.

    What remains needs the approval of a person other than the one who took them out; a batch of which nothing remains is refused.
    Raises `not_found`, `reservation_pending` and what `rules.decide_withdrawal` refuses.
    """
    batch = await found_batch(conn, book, batch_id, lock=True)
    await refuse_unreserved(conn, book, batch_id)
    items = await store.items_to_judge(conn, book, batch_id)
    issues = await bank_store.issues_of(conn, book, batch_id)
    taken = decide_withdrawal(batch.status, items, numbers, issues, bank_stopped=bank_stopped)
    if isinstance(taken, Problem):
        raise taken
    remaining = [item for item in items.values() if item.status is ItemStatus.OPEN and item not in taken]
    await store.set_item_statuses(conn, book, [item.id for item in taken], ItemStatus.WITHDRAWN)
    await store.revise_batch(
        conn, book, batch_id, person, len(remaining), sum(item.amount_fen for item in remaining), reason
    )
    await batch_events.record(
        conn,
        book,
        batch_id,
        BatchEvent.ITEMS_WITHDRAWN,
        person,
        reason=reason,
        items=[item.number for item in taken],
    )
    for item in taken:
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
