"""Use cases of the public notice: put it up, object to it, resolve an objection, show it. Its clock decides when the step may pass.

The notice belongs to the step `public_notice`; whoever took the village's review puts it up. Days are business dates: when
the paper hung on the board, never later than today.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims import notice_store, store
from claims.claims.duties import refuse_earlier_decider, refuse_second_duty, taken_duties
from claims.claims.notice_schemas import NoticeIn, NoticeOut, ObjectionIn, ObjectionOut, RulingIn
from claims.claims.notice_store import NoticeRow, ObjectionRow, RulingRow
from claims.claims.notice_text import mask_name, notice_text, runs_until, tells
from claims.claims.paths import path_of
from claims.claims.rules import Duty, Status, StepName, expected_steps
from claims.claims.sealing import ClaimSeal
from claims.claims.store import ClaimRow
from claims.divisions.table import table_of
from claims.households import store as households
from claims.households.personal import PersonalData
from claims.problems import (
    NOT_ELIGIBLE,
    NOTICE_NOT_PUBLISHED,
    NOTICE_RUNNING,
    OBJECTION_OPEN,
    OBJECTION_RESOLVED,
    OBJECTION_UPHELD,
    OUT_OF_ORDER,
)
from common.errors import NOT_FOUND, PERSONAL_DATA_IN_TEXT, SAME_PERSON
from common.validation import invalid_field

Objections = Sequence[tuple[ObjectionRow, RulingRow | None]]
UPHELD = "upheld"
HEAD = "head"


async def publish(
    conn: AsyncConnection,
    seal: ClaimSeal,
    personal: PersonalData,
    *,
    book: str,
    claim_id: UUID,
    body: NoticeIn,
    by_person: str,
    today: date,
    now: datetime,
) -> NoticeOut:
    """Put up the notice of a claim that waits for it; a new one takes the place of one that is up already.

    A notice that somebody objected to is not replaced before every objection was dismissed: a new one would wipe them out.
    Raises `not_found`, `out_of_order` (the claim does not wait for its notice, or the day lies before the review), `same_person`,
    `objection_open`, `objection_upheld`, `not_eligible` (there is nothing to make public), `invalid_request` (a day in the future).
    """
    day = checked_day(body.published_on, "published_on", today)
    row = await waiting_for_notice(conn, book, claim_id)
    steps = store.taken_steps(await store.history(conn, book, claim_id))
    await refuse_second_duty(conn, row, Duty.VILLAGE_REVIEW, by_person, steps)
    reviewed_on = max(step.done_on for step in steps)
    if day < reviewed_on:
        raise OUT_OF_ORDER.error(field="published_on", not_before=reviewed_on.isoformat())
    if row.benefit_fen == 0:
        raise NOT_ELIGIBLE.error()
    up = await standing_notice(conn, row)
    if up is not None:
        refuse_disputed(up[1])
    before = await notice_store.latest_notice(conn, book, claim_id)
    notice = await written(conn, personal, row, day, 1 if before is None else before.version + 1, by_person, now)
    await notice_store.insert_notice(conn, book, claim_id, notice)
    return notice_out(seal, row, notice, [])


async def written(
    conn: AsyncConnection,
    personal: PersonalData,
    row: ClaimRow,
    day: date,
    version: int,
    by_person: str,
    now: datetime,
) -> NoticeRow:
    """Return the notice with its text, proved against everything the register holds of the household."""
    household = await households.load_household(conn, row.book, row.household_id)
    days = path_of(row.path).notice_days
    if household is None or days is None:
        message = "a claim with a notice has a household and a path with its days"
        raise AssertionError(message)
    people = [
        (one, personal.open_member(one.id, one.name_cipher, one.id_number_cipher, one.phone_cipher))
        for one in household.members
    ]
    present = [(one, opened) for one, opened in people if one.present] or people
    head = next((opened for one, opened in present if one.relation == HEAD), present[0][1])
    place = place_name(row)
    text = notice_text(
        number=row.number,
        place=place,
        masked_head=mask_name(head.name),
        cause=row.cause,
        benefit_fen=row.benefit_fen,
        published_on=day,
        days=days,
    )
    secrets = {value for _, opened in people for value in (opened.id_number, opened.phone) if value}
    # Of a name of one character the mask shows all there is.
    secrets |= {opened.name for _, opened in people if len(opened.name) > 1}
    if household.bank_account_cipher is not None:
        secrets.add(personal.open_bank_account(household.id, household.bank_account_cipher))
    if tells(text, place, secrets):
        raise PERSONAL_DATA_IN_TEXT.error(field="notice")
    return NoticeRow(
        version=version,
        published_on=day,
        days=days,
        benefit_fen=row.benefit_fen,
        decision_version=row.decision_version,
        event_position=row.event_count,
        text_zh=text.zh,
        text_en=text.en,
        at=now,
        by_person=by_person,
    )


def place_name(row: ClaimRow) -> str:
    """Return town and village by name, or by code where no table of divisions knows them."""
    table = table_of(row.book)
    known = {} if table is None else table.by_code
    names = [known[code].name for code in (row.town_code, row.village_code) if code in known]
    return "".join(names) or row.village_code


def checked_day(given: date | None, field: str, today: date) -> date:
    """Return the day given, or today. Raises `invalid_request` for one in the future."""
    if given is not None and given > today:
        raise invalid_field(field, "in_future", "日期不得晚于今天。", "Must not be in the future.")
    return given or today


async def waiting_for_notice(conn: AsyncConnection, book: str, claim_id: UUID) -> ClaimRow:
    """Lock a claim whose next step is its public notice, on hold or not. Raises `not_found`, `out_of_order`."""
    row = await store.lock_claim(conn, book, claim_id)
    if row is None:
        raise NOT_FOUND.error()
    if row.next_step is not StepName.PUBLIC_NOTICE or row.status is Status.SENT_BACK:
        raise OUT_OF_ORDER.error(
            status_now=row.status.value,
            expected=[step.value for step in expected_steps(path_of(row.path), row.standing)],
        )
    return row


async def standing_notice(conn: AsyncConnection, row: ClaimRow) -> tuple[NoticeRow, Objections] | None:
    """The notice that is up, with its objections; None where none was put up since the last review."""
    notice = await notice_store.latest_notice(conn, row.book, row.id)
    lines = await store.history(conn, row.book, row.id)
    reviewed_at = max((line.position for line in lines if line.step is StepName.VILLAGE_REVIEW), default=0)
    if notice is None or notice.event_position < reviewed_at:
        return None
    everything = await notice_store.objections_of(conn, row.book, row.id)
    return notice, [one for one in everything if one[0].notice_version == notice.version]


async def current(conn: AsyncConnection, row: ClaimRow) -> tuple[NoticeRow, Objections]:
    """The notice that is up, with its objections. Raises `notice_not_published` where none was put up since the last review."""
    up = await standing_notice(conn, row)
    if up is None:
        raise NOTICE_NOT_PUBLISHED.error()
    return up


def refuse_disputed(objections: Objections) -> None:
    """Raise `objection_upheld` or `objection_open` unless every objection was dismissed."""
    if any(ruling is not None and ruling.outcome == UPHELD for _, ruling in objections):
        raise OBJECTION_UPHELD.error()
    waiting = [one.position for one, ruling in objections if ruling is None]
    if waiting:
        raise OBJECTION_OPEN.error(objections=waiting)


async def latest(conn: AsyncConnection, book: str, claim_id: UUID) -> NoticeRow | None:
    """The newest notice of a claim, whether or not it still stands; None where there was none."""
    return await notice_store.latest_notice(conn, book, claim_id)


def spans(objections: Objections) -> list[tuple[date, date | None]]:
    """Return from when to when each objection was open."""
    return [(one.raised_on, None if ruling is None else ruling.resolved_on) for one, ruling in objections]


async def refuse_unless_run(conn: AsyncConnection, row: ClaimRow, done_on: date) -> None:
    """Raise what stands against passing the notice on `done_on`: none is up, an objection, days that have not run."""
    notice, objections = await current(conn, row)
    refuse_disputed(objections)
    until = runs_until(notice.published_on, notice.days, spans(objections))
    if until is None or done_on < until:
        raise NOTICE_RUNNING.error(field="done_on", runs_until=None if until is None else until.isoformat())


async def object_to(
    conn: AsyncConnection,
    seal: ClaimSeal,
    *,
    book: str,
    claim_id: UUID,
    body: ObjectionIn,
    by_person: str,
    today: date,
    now: datetime,
) -> NoticeOut:
    """Take down an objection to the notice that is up; it stops the clock from the day it was raised.

    Raises `not_found`, `out_of_order` (no notice is waited for, or it was raised before it was up), `notice_not_published`.
    """
    day = checked_day(body.raised_on, "raised_on", today)
    row = await waiting_for_notice(conn, book, claim_id)
    notice, objections = await current(conn, row)
    if day < notice.published_on:
        raise OUT_OF_ORDER.error(field="raised_on", not_before=notice.published_on.isoformat())
    position = 1 + len(await notice_store.objections_of(conn, book, claim_id))
    made = ObjectionRow(
        position, notice.version, day, seal.seal_objection(row.id, position, body.reason, "raised"), now, by_person
    )
    await notice_store.insert_objection(conn, book, claim_id, made)
    return notice_out(None, row, notice, [*objections, (made, None)])


async def resolve(
    conn: AsyncConnection,
    seal: ClaimSeal,
    *,
    book: str,
    claim_id: UUID,
    position: int,
    body: RulingIn,
    by_person: str,
    today: date,
    now: datetime,
) -> NoticeOut:
    """Uphold or dismiss an objection, with the reason. An upheld one keeps the notice from passing for good.

    Raises `not_found`, `out_of_order`, `objection_resolved`, and `same_person` for who reviewed, put the notice up or took the
    objection down, or decided the claim that this one appeals.
    """
    day = checked_day(body.resolved_on, "resolved_on", today)
    row = await waiting_for_notice(conn, book, claim_id)
    notice, objections = await current(conn, row)
    found = next(((one, ruling) for one, ruling in objections if one.position == position), None)
    if found is None:
        raise NOT_FOUND.error(field="position")
    if found[1] is not None:
        raise OBJECTION_RESOLVED.error()
    steps = store.taken_steps(await store.history(conn, book, claim_id))
    taken = await taken_duties(conn, book, claim_id, steps)
    partial = {found[0].by_person} | {step.by_person for step in taken if step.duty is Duty.VILLAGE_REVIEW}
    if by_person in partial:
        raise SAME_PERSON.error(duty=Duty.VILLAGE_REVIEW.value)
    # A ruling decides about the claim as much as the review it is about.
    await refuse_earlier_decider(conn, row, Duty.VILLAGE_REVIEW, by_person)
    if day < found[0].raised_on:
        raise OUT_OF_ORDER.error(field="resolved_on", not_before=found[0].raised_on.isoformat())
    sealed = seal.seal_objection(row.id, position, body.reason, "ruling")
    ruling = RulingRow(position, body.outcome, day, sealed, now, by_person)
    await notice_store.insert_ruling(conn, book, claim_id, ruling)
    rest = [(one, ruling if one.position == position else old) for one, old in objections]
    return notice_out(None, row, notice, rest)


async def show(conn: AsyncConnection, seal: ClaimSeal, row: ClaimRow) -> NoticeOut:
    """The newest notice of a claim with its objections. Raises `not_found` where none was put up."""
    notice = await notice_store.latest_notice(conn, row.book, row.id)
    if notice is None:
        raise NOT_FOUND.error()
    everything = await notice_store.objections_of(conn, row.book, row.id)
    return notice_out(seal, row, notice, [one for one in everything if one[0].notice_version == notice.version])


def notice_out(seal: ClaimSeal | None, row: ClaimRow, notice: NoticeRow, objections: Objections) -> NoticeOut:
    """Show a notice; without a seal (answers that are kept for replay) the reasons stay closed."""
    until = runs_until(notice.published_on, notice.days, spans(objections))
    return NoticeOut(
        claim_id=row.id,
        version=notice.version,
        published_on=notice.published_on,
        days=notice.days,
        benefit_fen=notice.benefit_fen,
        text_zh=notice.text_zh,
        text_en=notice.text_en,
        published_by=notice.by_person,
        runs_until=until,
        upheld=any(ruling is not None and ruling.outcome == UPHELD for _, ruling in objections),
        objections=[objection_out(seal, row.id, one, ruling) for one, ruling in objections],
    )


def objection_out(seal: ClaimSeal | None, claim_id: UUID, row: ObjectionRow, ruling: RulingRow | None) -> ObjectionOut:
    """Show an objection with how it was resolved."""
    return ObjectionOut(
        position=row.position,
        raised_on=row.raised_on,
        recorded_by=row.by_person,
        reason=None if seal is None else seal.open_objection(claim_id, row.position, row.reason_cipher, "raised"),
        outcome=None if ruling is None else ruling.outcome,
        resolved_on=None if ruling is None else ruling.resolved_on,
        resolved_by=None if ruling is None else ruling.by_person,
        resolution=None
        if seal is None or ruling is None
        else seal.open_objection(claim_id, row.position, ruling.reason_cipher, "ruling"),
    )
