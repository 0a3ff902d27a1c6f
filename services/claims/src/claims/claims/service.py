"""Use cases of claims: file, read, list, show the decision, make it again. Steps are in `steps.py`.

Functions that take a connection run inside their caller's transaction; those that take the context own one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.calendar.rules import due_on
from claims.claims import store
from claims.claims.answers import Bearing, claim_filed, claim_out, decision_out
from claims.claims.details import Details, details_from
from claims.claims.findings import four_have_of
from claims.claims.paths import path_of
from claims.claims.rules import Duty, claim_number, deadline_of, first_standing, waiting_for
from claims.claims.schemas import ClaimFiled, ClaimIn, ClaimOut, DecisionOut, Recomputation
from claims.claims.sealing import ClaimSeal, payments
from claims.claims.store import FILED, ClaimFilter, ClaimRow, DecisionRow, EventRow
from claims.context import Context
from claims.eligibility.codec import differences, to_text
from claims.eligibility.facts import claimant_index, gather, terms_on
from claims.eligibility.model import ClaimData, Decision, Inputs
from claims.eligibility.rules import RULES, decide
from claims.households import store as households
from claims.households.store import HouseholdRow, MemberRow
from claims.payouts.service import money_trail
from claims.policies import store as policies
from claims.policies.rules import Cause, PathName, Policy
from claims.problems import EVENT_OUTSIDE_POLICY, LOSS_BELOW_OTHER_PAYMENTS
from common.database import snapshot, transaction
from common.errors import NOT_FOUND, Language
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from common.validation import invalid_field


def seal_of(context: Context, book: str) -> ClaimSeal:
    """Return what seals and opens the claims of a book."""
    return ClaimSeal(context.cipher, book)


class Claimed(Protocol):
    """Whose claim it is, for what and when: of a filing as of a claim on record."""

    @property
    def household_id(self) -> UUID:
        """The household."""

    @property
    def claimant_member_id(self) -> UUID:
        """The member it is for."""

    @property
    def cause(self) -> Cause:
        """What happened."""

    @property
    def event_on(self) -> date:
        """When it happened."""

    @property
    def reported_on(self) -> date:
        """When it was reported."""


@dataclass(frozen=True, slots=True)
class Filing:
    """How a claim is filed: by whom and when; `filed_on` is the business day. An appeal names the claim it appeals, and why."""

    by_person: str
    today: date
    now: datetime
    filed_on: date
    appeal_of: UUID | None = None
    note: str | None = None


def claim_data(seal: ClaimSeal, claimed: Claimed, details: Details) -> ClaimData:
    """Return a claim as the decision sees it."""
    return ClaimData(
        household_id=claimed.household_id,
        claimant_member_id=claimed.claimant_member_id,
        cause=claimed.cause,
        event_on=claimed.event_on,
        reported_on=claimed.reported_on,
        losses=seal.loss_items(details),
        other_payments=payments(details),
        liable_third_party=details.liable_third_party,
        disability_grade=details.disability_grade,
        circumstances=details.circumstances,
    )


def refuse_overpaid(details: Details) -> None:
    """Raise `loss_below_other_payments` where others already paid more than the loss: one of the two must be wrong."""
    if details.loss_fen < details.other_payments_fen:
        raise LOSS_BELOW_OTHER_PAYMENTS.error(
            field="other_payments", loss_fen=details.loss_fen, other_payments_fen=details.other_payments_fen
        )


def check_dates(body: ClaimIn, today: date) -> None:
    """Raise `invalid_request` for an event or report in the future, or a report before the event."""
    for field, day in (("event_on", body.event_on), ("reported_on", body.reported_on)):
        if day > today:
            raise invalid_field(field, "in_future", "日期不得晚于今天。", "Must not be in the future.")
    if body.reported_on < body.event_on:
        raise invalid_field(
            "reported_on", "before_event", "报案日不得早于事件发生日。", "Must not be before the event."
        )


async def file_claim(
    conn: AsyncConnection,
    seal: ClaimSeal,
    *,
    book: str,
    body: ClaimIn,
    by_person: str,
    today: date,
    now: datetime,
) -> ClaimFiled:
    """Record a claim with its number and first decision; a refused decision is recorded too, so that it can be explained.

    Raises, in this order: `invalid_request` (dates; a claimant who did not belong to the household on the day), `not_found` (household),
    `loss_below_other_payments`, `event_outside_policy` (no policy or no terms on the day of the event).
    """
    check_dates(body, today)
    filing = Filing(by_person, today, now, body.reported_on)
    return await record_claim(conn, seal, book, body, details_from(body), filing)


async def record_claim(
    conn: AsyncConnection, seal: ClaimSeal, book: str, claimed: Claimed, details: Details, filing: Filing
) -> ClaimFiled:
    """Record a claim with its number and first decision. Raises what `file_claim` raises, but nothing about its dates."""
    household = await households.load_household(conn, book, claimed.household_id)
    if household is None:
        raise NOT_FOUND.error(field="household_id")
    member = household.member(claimed.claimant_member_id)
    refuse_stranger(member, claimed.event_on)
    refuse_overpaid(details)
    data = claim_data(seal, claimed, details)
    policy, terms = await terms_on(conn, book, data)
    if policy is None or terms is None:
        raise EVENT_OUTSIDE_POLICY.error(
            field="event_on", event_on=claimed.event_on.isoformat(), cause=claimed.cause.value
        )
    claim_id = uuid7()
    inputs = await gather(conn, book, data, household, today=filing.today, claim_id=claim_id)
    decision = decide(inputs)
    serial = await store.next_serial(conn, book, policy.year)
    path = await path_of_policy(conn, book, policy)
    draw = seal.draw(claim_id, policy.id)
    row = new_row(claim_id, policy, path, serial, draw, claimed, household, decision, filing)
    await store.insert_claim(conn, row)
    await store_details(conn, seal, row, details, filing.by_person, filing.now)
    await store_decision(
        conn, seal, row, inputs, decision, occasion="intake", by_person=filing.by_person, now=filing.now
    )
    await store.record_event(conn, book, claim_id, filing_event(seal, row, filing))
    return claim_filed(row)


async def path_of_policy(conn: AsyncConnection, book: str, policy: Policy) -> PathName:
    """The path a programme's claims go."""
    stored = await policies.load_policy(conn, book, policy.id)
    if stored is None:
        message = "the programme was found just now, and programmes are never deleted"
        raise AssertionError(message)
    return stored.review.path


def refuse_stranger(member: MemberRow | None, event_on: date) -> None:
    """Raise `invalid_request` for a claimant who did not belong to the household on the day of the event.

    Somebody unknown, of another household or recorded in error; who had died, or had left, by then. Who left or died
    later is filed, and the decision says what follows.
    """
    field = "claimant_member_id"
    if member is None or member.left_reason == "recorded_in_error":
        raise invalid_field(field, "not_a_member", "须为该户家庭成员。", "Must be a member of the household.")
    if member.left_on is not None and member.left_on < event_on:
        if member.left_reason == "died":
            raise invalid_field(
                field, "died_before_event", "申请人在事件发生前已去世。", "The claimant had died before the event."
            )
        raise invalid_field(
            field, "left_before_event", "申请人在事件发生前已离户。", "The claimant had left before the event."
        )


def new_row(
    claim_id: UUID,
    policy: Policy,
    path: PathName,
    serial: int,
    draw: int,
    claimed: Claimed,
    household: HouseholdRow,
    decision: Decision,
    filing: Filing,
) -> ClaimRow:
    """Return the row of a claim that was just filed: it waits for the first step of its path."""
    first = first_standing(path_of(path))
    deadline = deadline_of(path_of(path), first)
    return ClaimRow(
        book=household.book,
        id=claim_id,
        year=policy.year,
        serial=serial,
        number=claim_number(household.book, policy.year, serial),
        household_id=household.id,
        claimant_member_id=claimed.claimant_member_id,
        claimant_index=claimant_index(household, claimed.claimant_member_id),
        policy_id=policy.id,
        cause=claimed.cause,
        event_on=claimed.event_on,
        reported_on=claimed.reported_on,
        town_code=household.town_code,
        village_code=household.village_code,
        filed_at=filing.now,
        filed_by=filing.by_person,
        status=first.status,
        event_count=1,
        details_version=1,
        decision_version=1,
        outcome=decision.outcome,
        benefit_fen=decision.benefit_fen,
        funding_attempt=0,
        checked_by=None,
        approved_by=None,
        approved_on=None,
        path=path,
        next_step=first.next_step,
        waiting_for=waiting_for(path_of(path), first),
        waiting_since=filing.filed_on,
        # The first deadline is in calendar days (proved with the path): a report waits for no table.
        due_on=None if deadline is None else due_on({}, filing.filed_on, deadline.days, deadline.kind),
        days_left=None,
        sample_draw=draw,
        appeal_of=filing.appeal_of,
    )


def filing_event(seal: ClaimSeal, row: ClaimRow, filing: Filing) -> EventRow:
    """Return the first line of a claim's history. Later steps may not precede its day: that of the report, or of the appeal."""
    return EventRow(
        position=1,
        event=FILED,
        step=None,
        step_outcome=None,
        duty=Duty.FILING,
        status_before=None,
        status_after=row.status,
        by_person=filing.by_person,
        done_on=filing.filed_on,
        note_cipher=seal.seal_note(row.id, 1, filing.note),
        reference=None,
        decision_version=row.decision_version,
        at=filing.now,
    )


async def store_details(
    conn: AsyncConnection, seal: ClaimSeal, row: ClaimRow, details: Details, by_person: str, now: datetime
) -> None:
    """Store the details of `row.details_version`."""
    await store.insert_details(
        conn,
        row.book,
        row.id,
        version=row.details_version,
        details_cipher=seal.seal_details(row.id, row.details_version, details),
        documents=seal.documents(details),
        by_person=by_person,
        at=now,
    )


async def store_decision(
    conn: AsyncConnection,
    seal: ClaimSeal,
    row: ClaimRow,
    inputs: Inputs,
    decision: Decision,
    *,
    occasion: str,
    by_person: str,
    now: datetime,
) -> None:
    """Store the decision of `row.decision_version` with its inputs, both in their canonical form."""
    await store.insert_decision(
        conn,
        row.book,
        row.id,
        DecisionRow(
            version=row.decision_version,
            occasion=occasion,
            details_version=row.details_version,
            rule_version=decision.rule_version,
            outcome=decision.outcome,
            benefit_fen=decision.benefit_fen,
            terms_id=decision.terms_id,
            terms_version=decision.terms_version,
            inputs_cipher=seal.seal_inputs(row.id, row.decision_version, to_text(inputs)),
            content_cipher=seal.seal_decision(row.id, row.decision_version, to_text(decision)),
            final=occasion == "approval",
            at=now,
            by_person=by_person,
        ),
    )


async def get_claim(context: Context, book: str, claim_id: UUID) -> ClaimOut:
    """One claim with its losses, history and money. Raises `not_found`."""
    seal = seal_of(context, book)
    async with snapshot(context.engine) as conn:
        row = await load(conn, book, claim_id)
        sealed = await store.load_details(conn, book, claim_id, row.details_version)
        lines = await store.history(conn, book, claim_id)
        money = await money_trail(conn, book, claim_id)
        bearing = Bearing(await store.appeal_of(conn, book, claim_id), await four_have_of(conn, book, claim_id))
    return claim_out(seal, row, seal.open_details(claim_id, row.details_version, sealed), lines, money, bearing)


async def load(conn: AsyncConnection, book: str, claim_id: UUID) -> ClaimRow:
    """One claim. Raises `not_found`."""
    row = await store.load_claim(conn, book, claim_id)
    if row is None:
        raise NOT_FOUND.error()
    return row


async def list_claims(
    context: Context, book: str, wanted: ClaimFilter, limit: int, cursor: str | None
) -> tuple[Sequence[ClaimFiled], str | None]:
    """A page of claims in the order of filing."""
    key = decode_cursor(cursor, UUID)
    if key is not None and isinstance(key[0], UUID):
        wanted = replace(wanted, after=key[0])
    async with transaction(context.engine) as conn:
        rows = await store.list_claims(conn, book, wanted, limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.id,))
    return [claim_filed(row) for row in shown], next_cursor


async def stored_decision(
    conn: AsyncConnection, book: str, claim_id: UUID, version: int | None
) -> tuple[ClaimRow, DecisionRow]:
    """A claim and one version of its decision, the latest by default. Raises `not_found`."""
    row = await load(conn, book, claim_id)
    stored = await store.load_decision(conn, book, claim_id, row.decision_version if version is None else version)
    if stored is None:
        raise NOT_FOUND.error(field="version")
    return row, stored


async def get_decision(
    context: Context, book: str, claim_id: UUID, version: int | None, language: Language
) -> DecisionOut:
    """One version of a claim's decision, the latest by default. Raises `not_found`."""
    async with transaction(context.engine) as conn:
        row, stored = await stored_decision(conn, book, claim_id, version)
    return decision_out(seal_of(context, book), row, stored, language)


async def recompute(context: Context, book: str, claim_id: UUID, version: int | None) -> Recomputation:
    """Make a stored decision again from its stored inputs, by the rules of its time, and compare byte for byte.

    Stores nothing. Raises `not_found`.
    """
    seal = seal_of(context, book)
    async with transaction(context.engine) as conn:
        _, stored = await stored_decision(conn, book, claim_id, version)
    content = seal.open_decision_text(claim_id, stored.version, stored.content_cipher)
    again = RULES[stored.rule_version](seal.open_inputs(claim_id, stored.version, stored.inputs_cipher))
    same = to_text(again) == content
    before = seal.open_decision(claim_id, stored.version, stored.content_cipher)
    return Recomputation(
        version=stored.version,
        rule_version=stored.rule_version,
        same_answer=same,
        # Equal parts in an unequal text would mean a change of the form alone; say so instead of nothing.
        differences=() if same else (differences(before, again) or ("form",)),
        stored_outcome=stored.outcome,
        stored_benefit_fen=stored.benefit_fen,
        recomputed_outcome=again.outcome,
        recomputed_benefit_fen=again.benefit_fen,
    )
