"""Pure decisions about payout batches and the bank's returns: no clock, no I/O.

A bank return is judged as a whole: the first fault refuses all of it, named by row and field, and nothing changes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypedDict

from claims.problems import (
    ACCOUNT_CHANGED,
    BANK_FILE_ISSUED,
    BANK_FILE_NOT_ISSUED,
    BATCH_NOT_APPROVED,
    BATCH_NOT_PREPARED,
    BATCH_PARTLY_RETURNED,
    BATCH_WOULD_BE_EMPTY,
    CONTROL_MISMATCH,
    ITEM_ALREADY_RETURNED,
    ITEM_AMOUNT_MISMATCH,
    ITEM_NOT_IN_BATCH,
    ITEM_RECOVERED,
    ITEM_REPEATED,
    ITEM_WITHDRAWN,
    RECOVERY_EXCEEDS_PAID,
    RECOVERY_NOT_PROPOSED,
)
from common.errors import INVALID_REQUEST, SAME_PERSON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from common.errors import Problem

MAX_ITEMS: Final = 2_000
"""Items of one batch. Bounds the memory of a bank file (some 300 kB) and the length of the transaction that makes a batch."""


class BatchStatus(StrEnum):
    """How far a batch has come. `settled`: the bank has reported on every item."""

    PREPARED = "prepared"
    APPROVED = "approved"
    REFUSED = "refused"
    SETTLED = "settled"


class ItemStatus(StrEnum):
    """What is known of one credit."""

    OPEN = "open"
    """In a batch; the bank has not reported."""
    LIQUIDATING = "liquidating"
    """The bank paid; the ledger has not confirmed yet."""
    BOOKING_REFUSED = "booking_refused"
    """The bank reported, and the ledger refused to book it. Somebody must look and ask again."""
    PAID = "paid"
    """The bank paid and the ledger has booked it."""
    RETURNING = "returning"
    """The bank gave a paid credit back; the ledger has not confirmed yet."""
    FAILED = "failed"
    """The credit failed or came back; the claim may be paid by another item."""
    WITHDRAWN = "withdrawn"
    """The batch was not approved, or the item was taken out of it before the bank paid."""


LIVE_ITEM_STATUSES: Final = (
    ItemStatus.OPEN,
    ItemStatus.LIQUIDATING,
    ItemStatus.BOOKING_REFUSED,
    ItemStatus.PAID,
    ItemStatus.RETURNING,
)
"""An item in one of these stands for money that is, was or may be on its way: its claim must not be paid by a second item."""


class AccountStanding(StrEnum):
    """What an item's holder and account are to those of the failed credit it pays again."""

    FIRST = "first"
    """It pays nothing again."""
    CORRECTED = "corrected"
    UNCHANGED = "unchanged"


class RecoveryStatus(StrEnum):
    """How far a recovery of a wrong payment has come."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    BOOKING = "booking"
    """A second person approved it; the ledger has not confirmed all of it yet."""
    BOOKED = "booked"
    BOOKING_REFUSED = "booking_refused"
    """The ledger refused it. The second person may ask again once the books are right."""


class BatchEvent(StrEnum):
    """What people do to a batch."""

    PREPARED = "prepared"
    APPROVED = "approved"
    REFUSED = "refused"
    ITEMS_WITHDRAWN = "items_withdrawn"
    REISSUE_ALLOWED = "reissue_allowed"


class BankOutcome(StrEnum):
    """What the bank says of a credit."""

    SUCCESS = "success"
    FAILURE = "failure"


class Effect(StrEnum):
    """What one row of a bank return does."""

    LIQUIDATE = "liquidate"
    """Success: ask the ledger to book the payment."""
    FAIL = "fail"
    """Nothing was booked: the claim can be paid again."""
    GIVE_BACK = "give_back"
    """A payment that is booked, or is being booked, came back: ask the ledger to return it to the encumbrance."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item as the rules need it; the days are those of the bank's earlier word about it."""

    id: UUID
    number: str
    claim_id: UUID
    amount_fen: int
    status: ItemStatus
    encumbered_on: dt.date
    paid_on: dt.date | None
    failed_on: dt.date | None
    recovered_fen: int = 0
    """What of a wrong payment is recovered, or to be."""

    @property
    def reported(self) -> frozenset[BankOutcome]:
        """What the bank has said of it so far."""
        told = {BankOutcome.SUCCESS: self.paid_on, BankOutcome.FAILURE: self.failed_on}
        return frozenset(outcome for outcome, day in told.items() if day is not None)


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """One row of a bank return, in the order of the file."""

    item_number: str
    outcome: BankOutcome
    amount_fen: int
    booked_on: dt.date
    reason: str | None


@dataclass(frozen=True, slots=True)
class Control:
    """The number of rows and the sum of their amounts in fen, as the sender states them."""

    count: int
    total_fen: int


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in the bank's file a return stood: the line of each row, of the totals, and the headings by field (`amount`, …)."""

    lines: tuple[int, ...]
    totals_line: int
    headings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a row does to its item."""

    row: ReturnRow
    item: Item
    effect: Effect


def refuse_approval(status: BatchStatus, prepared_by: str, person: str) -> Problem | None:
    """Whether `person` may decide about a batch: it stands `prepared`, and somebody else prepared it."""
    if status is not BatchStatus.PREPARED:
        return BATCH_NOT_PREPARED.error(batch_status=status.value)
    if person == prepared_by:
        return SAME_PERSON.error()
    return None


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of a batch's file: the bytes left the service."""

    number: int
    issued_to: str
    issued_at: dt.datetime
    template: str


def refuse_file(
    status: BatchStatus,
    items: Iterable[Item],
    issues: Sequence[Issue],
    allowed_by: Sequence[str],
    changed: Sequence[str],
    person: str,
) -> Problem | None:
    """Whether the file for the bank may be given to `person` now.

    A second person has approved the batch; the bank has reported on no credit of it (the same file sent once more would pay again what
    was paid, or what another batch may pay); the file was issued at most once more than there are people in `allowed_by` (re-issues
    somebody gave a reason for), and who allowed a re-issue does not fetch it; nobody's account or holder has `changed` since the batch
    was prepared (items by number).
    """
    refused = refuse_unapproved(status) or refuse_reported(status, items)
    if refused is not None:
        return refused
    if len(issues) > len(allowed_by):
        return issued_already(issues)
    if issues and person == allowed_by[-1]:
        return SAME_PERSON.error()
    return ACCOUNT_CHANGED.error(items=sorted(changed)) if changed else None


def refuse_reported(status: BatchStatus, items: Iterable[Item]) -> Problem | None:
    """Whether the bank has said nothing yet of any credit of a batch."""
    reported = sorted(item.number for item in items if item.reported)
    return BATCH_PARTLY_RETURNED.error(items=reported) if reported or status is BatchStatus.SETTLED else None


def issued_already(issues: Sequence[Issue]) -> Problem:
    """The refusal that names the last issue of the file: when, to whom, in which format."""
    last = issues[-1]
    return BANK_FILE_ISSUED.error(
        issued_to=last.issued_to,
        issued_at=last.issued_at.isoformat(),
        issued_template=last.template,
        issues=len(issues),
    )


def refuse_reissue(status: BatchStatus, items: Iterable[Item], issues: Sequence[Issue], allowed: int) -> Problem | None:
    """Whether one more issue of the file may be allowed.

    The bank has said nothing, the file was issued, and no allowed issue is still to be fetched.
    """
    refused = refuse_unapproved(status) or refuse_reported(status, items)
    if refused is not None:
        return refused
    return BANK_FILE_NOT_ISSUED.error() if len(issues) <= allowed else None


def decide_withdrawal(
    status: BatchStatus,
    items: Mapping[str, Item],
    numbers: Sequence[str],
    issues: Sequence[Issue],
    *,
    bank_stopped: bool,
) -> list[Item] | Problem:
    """The items to take out of a batch before the bank pays them, or why they cannot be.

    Once the bank has spoken of the batch, items leave it by the bank's word alone. Once a file was issued the bank may pay any of its
    items: they leave only where somebody states that the bank will not (`bank_stopped`).
    """
    reported = sorted(item.number for item in items.values() if item.reported)
    if status not in {BatchStatus.PREPARED, BatchStatus.APPROVED}:
        return BATCH_NOT_APPROVED.error(batch_status=status.value)
    if reported:
        return BATCH_PARTLY_RETURNED.error(items=reported)
    refused = _refuse_items(items, numbers)
    if refused is not None:
        return refused
    if issues and not bank_stopped:
        return issued_already(issues)
    taken = [items[number] for number in dict.fromkeys(numbers)]
    if status is BatchStatus.PREPARED and len(taken) == sum(item.status is ItemStatus.OPEN for item in items.values()):
        return BATCH_WOULD_BE_EMPTY.error(field="item_numbers")
    return taken


def _refuse_items(items: Mapping[str, Item], numbers: Sequence[str]) -> Problem | None:
    for place, number in enumerate(numbers):
        item = items.get(number)
        if item is None:
            return ITEM_NOT_IN_BATCH.error(field=f"item_numbers[{place}]")
        if item.status is not ItemStatus.OPEN:
            return ITEM_WITHDRAWN.error(field=f"item_numbers[{place}]")
    return None


def refuse_unapproved(status: BatchStatus) -> Problem | None:
    """Whether the bank may be told about this batch, or tell of it: a second person has approved it."""
    if status in {BatchStatus.APPROVED, BatchStatus.SETTLED}:
        return None
    return BATCH_NOT_APPROVED.error(batch_status=status.value)


def decide_return(
    status: BatchStatus,
    rows: Sequence[ReturnRow],
    control: Control,
    items: Mapping[str, Item],
    today: dt.date,
    origin: Origin | None = None,
) -> list[Applied] | Problem:
    """Judge a whole bank return of a batch; `items` are the batch's items by number.

    Order of refusals: the batch's status, the control figures, then row by row: unknown or another batch's item, an item named twice,
    taken out of the batch, the amount, the booking day, an outcome already known. A fault is named by its row; of a file (`origin`), by
    the line and the heading of the column.
    """
    refused = refuse_unapproved(status) or refuse_control(rows, control, origin)
    if refused is not None:
        return refused
    applied: list[Applied] = []
    seen: set[str] = set()
    for line, row in enumerate(rows):
        item = items.get(row.item_number)
        if item is None:
            return ITEM_NOT_IN_BATCH.error(**_place(line, "item_number", origin))
        if row.item_number in seen:
            return ITEM_REPEATED.error(**_place(line, "item_number", origin))
        seen.add(row.item_number)
        effect = decide_row(line, row, item, today, origin)
        if not isinstance(effect, Effect):
            return effect
        applied.append(Applied(row, item, effect))
    return applied


def refuse_control(rows: Sequence[ReturnRow], control: Control, origin: Origin | None = None) -> Problem | None:
    """Whether the stated count and total are those of the rows."""
    total = sum(row.amount_fen for row in rows)
    line = None if origin is None else origin.totals_line
    if control.count != len(rows):
        return CONTROL_MISMATCH.error("control_count", line, stated=control.count, found=len(rows))
    if control.total_fen != total:
        return CONTROL_MISMATCH.error("control_total_fen", line, stated=control.total_fen, found=total)
    return None


def decide_row(line: int, row: ReturnRow, item: Item, today: dt.date, origin: Origin | None = None) -> Effect | Problem:
    """What one row does to its item, or why it cannot be right. `line` counts from 0."""
    refused = _refuse_row(line, row, item, today, origin)
    if refused is not None:
        return refused
    first_report = not item.reported
    if row.outcome is BankOutcome.SUCCESS and first_report:
        return Effect.LIQUIDATE
    if row.outcome is BankOutcome.FAILURE and first_report:
        return Effect.FAIL
    if row.outcome is BankOutcome.FAILURE and item.reported == {BankOutcome.SUCCESS} and item.recovered_fen:
        return ITEM_RECOVERED.error(**_place(line, "outcome", origin))
    if row.outcome is BankOutcome.FAILURE and item.reported == {BankOutcome.SUCCESS}:
        # The payment the ledger refused to book never moved money there: there is nothing to give back.
        return Effect.FAIL if item.status is ItemStatus.BOOKING_REFUSED else Effect.GIVE_BACK
    return ITEM_ALREADY_RETURNED.error(**_place(line, "outcome", origin))


def _refuse_row(line: int, row: ReturnRow, item: Item, today: dt.date, origin: Origin | None) -> Problem | None:
    if item.status is ItemStatus.WITHDRAWN:
        return ITEM_WITHDRAWN.error(**_place(line, "item_number", origin))
    if row.amount_fen != item.amount_fen:
        return ITEM_AMOUNT_MISMATCH.error(
            stated=row.amount_fen, expected=item.amount_fen, **_place(line, "amount_fen", origin)
        )
    earliest = max(item.encumbered_on, item.paid_on or item.encumbered_on)
    if not earliest <= row.booked_on <= today:
        return INVALID_REQUEST.error(**_place(line, "booked_on", origin))
    return None


def refuse_recovery(
    amount_fen: int, received_on: dt.date, open_fen: int, paid_on: dt.date, today: dt.date
) -> Problem | None:
    """Whether so much of a payment may come back: `open_fen` of it was not recovered yet, and it came after the payment."""
    if amount_fen > open_fen:
        return RECOVERY_EXCEEDS_PAID.error(field="amount_fen", open_fen=open_fen)
    if not paid_on <= received_on <= today:
        return INVALID_REQUEST.error(field="received_on", not_before=paid_on.isoformat())
    return None


def refuse_recovery_decision(
    status: RecoveryStatus, proposed_by: str, person: str, *, approved: bool, booked: bool
) -> Problem | None:
    """Whether `person` may decide about a recovery: it is proposed, or the ledger refused it.

    What the ledger refused is approved again, or given up while no part of it is `booked` or asked for.
    """
    refused_by_ledger = status is RecoveryStatus.BOOKING_REFUSED and (approved or not booked)
    if status is not RecoveryStatus.PROPOSED and not refused_by_ledger:
        return RECOVERY_NOT_PROPOSED.error(recovery_status=status.value)
    return SAME_PERSON.error() if person == proposed_by else None


def split_recovery(amount_fen: int, borne: Sequence[tuple[str, int]], taken: Mapping[str, int]) -> dict[str, int]:
    """What of a recovery goes back to each source: in the order they bore the payment, at most what each bore and has not got back."""
    left, parts = amount_fen, dict[str, int]()
    totals: dict[str, int] = {}
    for source, fen in borne:
        totals[source] = totals.get(source, 0) + fen
    for source, fen in totals.items():
        part = min(left, fen - taken.get(source, 0))
        if part > 0:
            parts[source] = part
            left -= part
    return parts


def batch_status_after(statuses: Iterable[ItemStatus]) -> BatchStatus:
    """`settled` once the bank has reported on every item, else `approved`."""
    return BatchStatus.APPROVED if ItemStatus.OPEN in statuses else BatchStatus.SETTLED


def first_open_day(months: Iterable[tuple[str, str]], bank_day: dt.date, today: dt.date) -> dt.date | None:
    """The day on which a payment of a closed month is booked: the first day of the first open month after the bank's own.

    `months` are (code, status) pairs such as ("2021-07", "open"). None where no month up to today is open.
    """
    for code, status in sorted(months):
        first = dt.date.fromisoformat(f"{code}-01")
        if status == "open" and bank_day < first <= today:
            return first
    return None


def second_person(person: str, prepared_by: str, approved_by: str) -> str:
    """Who stands beside `person` for an act on an approved batch: its approver, or its preparer where they are the same."""
    return prepared_by if person == approved_by else approved_by


def batch_number(year: int, serial: int) -> str:
    """The number people write on paper, e.g. `B2021-0001`."""
    return f"B{year:04d}-{serial:04d}"


def item_number(batch: str, position: int) -> str:
    """The reference the bank sees and returns instead of an ID number, e.g. `B2021-0001-0001`; unique in the book."""
    return f"{batch}-{position:04d}"


class _Place(TypedDict, total=False):
    field: str
    line: int
    column: str


def _place(line: int, name: str, origin: Origin | None) -> _Place:
    """Where a fault stands: the row's field, and in a file the line and the column's heading."""
    field = f"rows[{line}].{name}"
    if origin is None:
        return {"field": field, "line": line + 1}
    heading = origin.headings.get(name.removesuffix("_fen"), name)
    return {"field": field, "line": origin.lines[line], "column": heading}
