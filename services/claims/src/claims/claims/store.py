"""SQL of the claims room. Details, decisions and notes come and go sealed: opening them is `sealing.py`'s.

Stable for other rooms: `set_status` (moves a claim and records the event that moved it), `lock_claim`,
`load_claim`, `ClaimRow`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims.paths import path_of
from claims.claims.rules import (
    Duty,
    Event,
    Standing,
    Status,
    StepName,
    StepOutcome,
    TakenStep,
    WaitingFor,
    expected_steps,
    move,
)
from claims.claims.tables import claim, claim_counter, claim_decision, claim_details, claim_document, claim_event
from claims.claims.waiting import Waiting, waiting_after
from claims.eligibility.model import Outcome
from claims.places import Places, within
from claims.policies.rules import Cause, PathName
from claims.problems import CAP_EXCEEDED, OUT_OF_ORDER
from common.database import sqlstate
from common.validation import invalid_field

FILED = "filed"
"""The event every claim's history starts with."""


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim as it stands. `benefit_fen` and `outcome` are those of the decision `decision_version`."""

    book: str
    id: UUID
    year: int
    serial: int
    number: str
    household_id: UUID
    claimant_member_id: UUID
    claimant_index: bytes
    policy_id: UUID
    cause: Cause
    event_on: date
    reported_on: date
    town_code: str
    village_code: str
    filed_at: datetime
    filed_by: str
    status: Status
    event_count: int
    details_version: int
    decision_version: int
    outcome: Outcome
    benefit_fen: int
    funding_attempt: int
    checked_by: str | None
    approved_by: str | None
    approved_on: date | None
    path: PathName
    next_step: StepName | None
    waiting_for: WaitingFor | None
    waiting_since: date | None
    due_on: date | None
    days_left: int | None
    sample_draw: int
    appeal_of: UUID | None
    recovered_fen: int = 0
    """What of the benefit was paid wrongly and came back; the payouts room moves it."""

    @property
    def standing(self) -> Standing:
        """Where it stands on its path."""
        return Standing(self.status, self.next_step)

    @property
    def waiting(self) -> Waiting:
        """How it waits."""
        return Waiting(self.waiting_for, self.waiting_since, self.due_on, self.days_left)


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A stored decision, sealed."""

    version: int
    occasion: str
    details_version: int
    rule_version: int
    outcome: Outcome
    benefit_fen: int
    terms_id: UUID | None
    terms_version: int | None
    inputs_cipher: bytes
    content_cipher: bytes
    final: bool
    at: datetime
    by_person: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of a claim's history. `status_before` is None for the filing; the note is sealed."""

    position: int
    event: str
    step: StepName | None
    step_outcome: StepOutcome | None
    duty: Duty | None
    status_before: Status | None
    status_after: Status
    by_person: str
    done_on: date
    note_cipher: bytes | None
    reference: str | None
    decision_version: int | None
    at: datetime
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimFilter:
    """What a list asks for; None does not filter.

    `overdue_on` keeps claims whose deadline was over before that day; `after` is the last id of the page before;
    `places` are the token's.
    """

    status: Status | None = None
    town_code: str | None = None
    household_id: UUID | None = None
    cause: Cause | None = None
    waiting_for: WaitingFor | None = None
    overdue_on: date | None = None
    after: UUID | None = None
    places: Places = frozenset()


def _claim_row(row: sa.RowMapping) -> ClaimRow:
    return ClaimRow(
        **{
            **row,
            "cause": Cause(row["cause"]),
            "status": Status(row["status"]),
            "outcome": Outcome(row["outcome"]),
            "path": PathName(row["path"]),
            "next_step": None if row["next_step"] is None else StepName(row["next_step"]),
            "waiting_for": None if row["waiting_for"] is None else WaitingFor(row["waiting_for"]),
        }
    )


async def next_serial(conn: AsyncConnection, book: str, year: int) -> int:
    """The next number of the year. The counter's row stays locked until the transaction ends, so no number is lost."""
    first = insert(claim_counter).values(book=book, year=year, last_serial=1)
    counted = first.on_conflict_do_update(
        index_elements=["book", "year"], set_={"last_serial": claim_counter.c.last_serial + 1}
    ).returning(claim_counter.c.last_serial)
    return int((await conn.execute(counted)).scalar_one())


async def insert_claim(conn: AsyncConnection, row: ClaimRow) -> None:
    """Store a new claim."""
    await conn.execute(sa.insert(claim).values(**asdict(row)))


async def load_claim(conn: AsyncConnection, book: str, claim_id: UUID) -> ClaimRow | None:
    """One claim, or None if this book has none of that id."""
    query = sa.select(claim).where(claim.c.book == book, claim.c.id == claim_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _claim_row(row)


async def appeal_of(conn: AsyncConnection, book: str, claim_id: UUID) -> UUID | None:
    """The claim that appeals this one, or None."""
    query = sa.select(claim.c.id).where(claim.c.book == book, claim.c.appeal_of == claim_id)
    found: UUID | None = (await conn.execute(query)).scalar_one_or_none()
    return found


async def lock_claim(conn: AsyncConnection, book: str, claim_id: UUID) -> ClaimRow | None:
    """One claim, locked until the transaction ends: whoever moves it holds this."""
    query = sa.select(claim).where(claim.c.book == book, claim.c.id == claim_id).with_for_update()
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _claim_row(row)


async def list_claims(conn: AsyncConnection, book: str, wanted: ClaimFilter, limit: int) -> list[ClaimRow]:
    """At most `limit` claims in the order of their ids (the order of filing)."""
    here = within(wanted.places, claim.c.town_code, claim.c.village_code)
    query = sa.select(claim).where(claim.c.book == book, here).order_by(claim.c.id).limit(limit)
    if wanted.status is not None:
        query = query.where(claim.c.status == wanted.status.value)
    if wanted.waiting_for is not None:
        query = query.where(claim.c.waiting_for == wanted.waiting_for.value)
    if wanted.overdue_on is not None:
        query = query.where(claim.c.waiting_for.is_not(None), claim.c.due_on < wanted.overdue_on)
    if wanted.town_code is not None:
        query = query.where(claim.c.town_code == wanted.town_code)
    if wanted.household_id is not None:
        query = query.where(claim.c.household_id == wanted.household_id)
    if wanted.cause is not None:
        query = query.where(claim.c.cause == wanted.cause.value)
    if wanted.after is not None:
        query = query.where(claim.c.id > wanted.after)
    return [_claim_row(row) for row in (await conn.execute(query)).mappings()]


WaitingKey = tuple[date | None, UUID]
"""Where a list of what waits goes on: the deadline and id of the last row shown."""


def waiting_key(cursor: tuple[object, ...] | None) -> WaitingKey | None:
    """Read the key of a cursor: the deadline as text (empty: none) and the id."""
    if cursor is None:
        return None
    due, claim_id = cursor
    if not isinstance(due, str) or not isinstance(claim_id, UUID):
        message = "a cursor was decoded by its types"
        raise TypeError(message)
    try:
        return (date.fromisoformat(due) if due else None), claim_id
    except ValueError:
        raise invalid_field("cursor", "not_a_cursor", "游标无效。", "Is no cursor of this list.") from None


async def list_waiting(
    conn: AsyncConnection, book: str, wanted: ClaimFilter, after: WaitingKey | None, limit: int
) -> list[ClaimRow]:
    """At most `limit` claims that wait for somebody, by deadline and id; those without a deadline come last."""
    here = within(wanted.places, claim.c.town_code, claim.c.village_code)
    query = (
        sa.select(claim)
        .where(claim.c.book == book, claim.c.waiting_for.is_not(None), here)
        .order_by(claim.c.due_on, claim.c.id)
        .limit(limit)
    )
    if wanted.town_code is not None:
        query = query.where(claim.c.town_code == wanted.town_code)
    if wanted.waiting_for is not None:
        query = query.where(claim.c.waiting_for == wanted.waiting_for.value)
    if wanted.overdue_on is not None:
        query = query.where(claim.c.due_on < wanted.overdue_on)
    if after is not None:
        due, last = after
        follows = sa.and_(claim.c.due_on.is_(None), claim.c.id > last)
        if due is not None:
            same_day = sa.and_(claim.c.due_on == due, claim.c.id > last)
            follows = sa.or_(claim.c.due_on > due, same_day, claim.c.due_on.is_(None))
        query = query.where(follows)
    return [_claim_row(row) for row in (await conn.execute(query)).mappings()]


_BEYOND_A_CAP = "FP130"


async def update_claim(conn: AsyncConnection, book: str, claim_id: UUID, **values: object) -> None:
    """Move parts of a claim's standing; which columns may move is the database's grant.

    Raises `cap_exceeded` where the database finds an approval beyond a cap of its terms (trigger `claim_within_caps`).
    """
    try:
        await conn.execute(sa.update(claim).where(claim.c.book == book, claim.c.id == claim_id).values(**values))
    except DBAPIError as error:
        if sqlstate(error) == _BEYOND_A_CAP:
            raise CAP_EXCEEDED.error() from error
        raise


async def set_status(
    conn: AsyncConnection,
    book: str,
    claim_id: UUID,
    event: Event,
    *,
    by_person: str,
    done_on: date,
    reference: str | None = None,
) -> Status:
    """Move a claim by an event nobody's step causes (the money side), and record it in the claim's history.

    Takes the claim's row lock. `by_person` is who caused it (a person, or the worker), `reference` what another
    record calls it (a batch number, a refusal code). Returns the new status; raises `out_of_order` where the event
    cannot happen.
    """
    row = await lock_claim(conn, book, claim_id)
    if row is None:
        raise OUT_OF_ORDER.error(expected=[])
    path = path_of(row.path)
    moved = move(path, row.standing, event, drawn=False)
    if moved is None:
        raise OUT_OF_ORDER.error(expected=[step.value for step in expected_steps(path, row.standing)])
    waiting = await waiting_after(conn, book, path, row.standing, row.waiting, event, moved, done_on)
    line = EventRow(
        position=row.event_count + 1,
        event=event.value,
        step=None,
        step_outcome=None,
        duty=None,
        status_before=row.status,
        status_after=moved.status,
        by_person=by_person,
        done_on=done_on,
        note_cipher=None,
        reference=reference,
        decision_version=None,
        at=(await conn.execute(sa.select(sa.func.clock_timestamp()))).scalar_one(),
    )
    await record_event(conn, book, claim_id, line)
    await update_claim(
        conn,
        book,
        claim_id,
        status=moved.status,
        next_step=moved.next_step,
        event_count=line.position,
        **asdict(waiting),
    )
    return moved.status


async def record_event(conn: AsyncConnection, book: str, claim_id: UUID, line: EventRow) -> None:
    """Append a line to a claim's history. The caller holds the claim's lock and moves the claim to `status_after`."""
    await conn.execute(sa.insert(claim_event).values(book=book, claim_id=claim_id, **asdict(line)))


async def history(conn: AsyncConnection, book: str, claim_id: UUID) -> list[EventRow]:
    """What happened to a claim, oldest first."""
    columns = [column for column in claim_event.c if column.name not in {"book", "claim_id"}]
    query = (
        sa.select(*columns)
        .where(claim_event.c.book == book, claim_event.c.claim_id == claim_id)
        .order_by(claim_event.c.position)
    )
    return [
        EventRow(
            **{
                **row,
                "step": None if row["step"] is None else StepName(row["step"]),
                "step_outcome": None if row["step_outcome"] is None else StepOutcome(row["step_outcome"]),
                "duty": None if row["duty"] is None else Duty(row["duty"]),
                "status_before": None if row["status_before"] is None else Status(row["status_before"]),
                "status_after": Status(row["status_after"]),
            }
        )
        for row in (await conn.execute(query)).mappings()
    ]


def taken_steps(lines: Sequence[EventRow]) -> tuple[TakenStep, ...]:
    """The filing, the steps of people and the payment (which a follow-up may not precede), as the rules need them."""
    return tuple(
        TakenStep(duty=line.duty, by_person=line.by_person, done_on=line.done_on)
        for line in lines
        if line.step is not None or line.event in {FILED, Event.PAID.value}
    )


async def insert_details(
    conn: AsyncConnection,
    book: str,
    claim_id: UUID,
    *,
    version: int,
    details_cipher: bytes,
    documents: Sequence[bytes],
    by_person: str,
    at: datetime,
) -> None:
    """Store what was lost and paid by others as it now stands, with the blind indexes of its document numbers."""
    await conn.execute(
        sa.insert(claim_details).values(
            book=book, claim_id=claim_id, version=version, details_cipher=details_cipher, at=at, by_person=by_person
        )
    )
    rows = [
        {"book": book, "claim_id": claim_id, "details_version": version, "document_index": index}
        for index in dict.fromkeys(documents)
    ]
    if rows:
        await conn.execute(sa.insert(claim_document), rows)


async def load_details(conn: AsyncConnection, book: str, claim_id: UUID, version: int) -> bytes:
    """One version of a claim's sealed details."""
    query = sa.select(claim_details.c.details_cipher).where(
        claim_details.c.book == book, claim_details.c.claim_id == claim_id, claim_details.c.version == version
    )
    return bytes((await conn.execute(query)).scalar_one())


async def insert_decision(conn: AsyncConnection, book: str, claim_id: UUID, row: DecisionRow) -> None:
    """Store a decision. The caller moves the claim to its version, outcome and benefit."""
    await conn.execute(sa.insert(claim_decision).values(book=book, claim_id=claim_id, **asdict(row)))


async def load_decision(conn: AsyncConnection, book: str, claim_id: UUID, version: int) -> DecisionRow | None:
    """One version of a claim's decision, or None."""
    columns = [column for column in claim_decision.c if column.name not in {"book", "claim_id"}]
    query = sa.select(*columns).where(
        claim_decision.c.book == book, claim_decision.c.claim_id == claim_id, claim_decision.c.version == version
    )
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else DecisionRow(**{**row, "outcome": Outcome(row["outcome"])})
