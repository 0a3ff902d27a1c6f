"""SQL that counts claims: grouped and summed by the database, never loaded to be counted. Every statement names the book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from claims.claims.rules import Status, StepName
from claims.claims.tables import claim, claim_decision, claim_event
from claims.payouts.rules import ItemStatus
from claims.payouts.tables import payout_item
from claims.places import Places, within
from claims.policies.rules import Cause
from claims.policies.tables import policy
from claims.reports.rules import AGE_CLASSES, DUE_SOON_DAYS, GRANTED, UNDER_WAY, By

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

AT_ONCE: Final = 500
"""Refused claims whose decisions are opened at a time: what is in memory of them, however many there are."""

_COLUMNS: Final[Mapping[By, sa.ColumnElement[str]]] = {
    By.STATUS: claim.c.status,
    By.CAUSE: claim.c.cause,
    By.TOWN: claim.c.town_code,
    By.MONTH: sa.func.to_char(claim.c.reported_on, sa.literal_column("'YYYY-MM'")),
}


_BESIDE: Final = {
    Status.SENT_BACK.value: StepName.COMPLETION.value,
    Status.AWAITING_FUNDS.value: StepName.FUNDING_RETRY.value,
}
_KEPT: Final = payout_item.c.amount_fen - claim.c.recovered_fen
"""What of a payment was not taken back; null where nothing is paid."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which claims to count: of a book, within places, between two days (both inclusive; None is open), of a town or cause."""

    book: str
    places: Places
    first_day: date | None
    last_day: date | None
    town_code: str | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused claim with its latest decision, sealed."""

    id: UUID
    decision_version: int
    content_cipher: bytes
    reason_code: str | None


def _counted(statuses: Collection[Status]) -> sa.ColumnElement[int]:
    return sa.func.count().filter(claim.c.status.in_(sorted(statuses)))


def _summed(amount: sa.ColumnElement[int], *where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(amount).filter(*(where or (sa.true(),))), 0), sa.BigInteger)


def _figures() -> list[sa.Label[int]]:
    return [
        sa.func.count().label("claims"),
        _counted(UNDER_WAY).label("open_claims"),
        _counted(GRANTED).label("approved_claims"),
        _counted({Status.REFUSED}).label("refused_claims"),
        _counted({Status.WITHDRAWN}).label("withdrawn_claims"),
        sa.func.count().filter(_KEPT > 0).label("paid_claims"),
        _summed(claim.c.benefit_fen, claim.c.status.in_(sorted(UNDER_WAY))).label("open_fen"),
        _summed(claim.c.benefit_fen, claim.c.status.in_(sorted(GRANTED))).label("approved_fen"),
        _summed(_KEPT).label("paid_fen"),
    ]


def _with_payment() -> sa.Join:
    """Claims, each with the one item that paid it, if any: no claim has two that stand (`uq_payout_item_live_claim`)."""
    paid = sa.and_(
        payout_item.c.book == claim.c.book,
        payout_item.c.claim_id == claim.c.id,
        payout_item.c.status == ItemStatus.PAID.value,
    )
    return claim.outerjoin(payout_item, paid)


def _where(wanted: Wanted, day: sa.ColumnElement[date]) -> list[sa.ColumnElement[bool]]:
    conditions = [claim.c.book == wanted.book, within(wanted.places, claim.c.town_code, claim.c.village_code)]
    if wanted.first_day is not None:
        conditions.append(day >= wanted.first_day)
    if wanted.last_day is not None:
        conditions.append(day <= wanted.last_day)
    if wanted.town_code is not None:
        conditions.append(claim.c.town_code == wanted.town_code)
    if wanted.cause is not None:
        conditions.append(claim.c.cause == wanted.cause.value)
    return conditions


async def claims_by(conn: AsyncConnection, wanted: Wanted, by: Sequence[By]) -> list[sa.RowMapping]:
    """The figures of each group, in order, and those of all claims in the last row, in one statement. Days are those of the report."""
    groups = [_COLUMNS[one] for one in by]
    labelled = [column.label(one.value) for one, column in zip(by, groups, strict=True)]
    # The empty grouping set is the total: one row even where nothing is counted.
    sets = sa.func.grouping_sets(sa.tuple_(*groups), sa.tuple_())
    whole = sa.func.grouping(groups[0])
    query = (
        sa.select(*labelled, *_figures())
        .select_from(_with_payment())
        .where(*_where(wanted, claim.c.reported_on))
        .group_by(sets)
        .order_by(whole, *groups)
    )
    return list((await conn.execute(query)).mappings())


async def programmes(conn: AsyncConnection, book: str, year: int | None) -> list[sa.RowMapping]:
    """Each programme with the figures of its claims, in the order of the years."""
    counted = (
        sa.select(
            claim.c.policy_id,
            sa.func.count(sa.distinct(payout_item.c.household_id)).filter(_KEPT > 0).label("paid_households"),
            *_figures(),
        )
        .select_from(_with_payment())
        .where(claim.c.book == book)
        .group_by(claim.c.policy_id)
        .subquery("counted")
    )
    figures = [sa.func.coalesce(column, 0).label(column.name) for column in counted.c if column.name != "policy_id"]
    query = (
        sa.select(policy, *figures)
        .select_from(policy.outerjoin(counted, counted.c.policy_id == policy.c.id))
        .where(policy.c.book == book)
        .order_by(policy.c.year)
    )
    if year is not None:
        query = query.where(policy.c.year == year)
    return list((await conn.execute(query)).mappings())


async def ageing(conn: AsyncConnection, wanted: Wanted, day: date) -> list[sa.RowMapping]:
    """Claims that wait on a day, by whom they wait for, status and step, by age and deadline; the total is the last row.

    A claim on hold waits for nobody, since the day it was put there. Claims that came to where they stand after the day are left out.
    """
    stand = _waiting(wanted).subquery("stand")
    groups = (stand.c.waiting_for, stand.c.status, stand.c.step)
    days = sa.literal(day, sa.Date) - stand.c.since
    soon = day + timedelta(days=DUE_SOON_DAYS)
    figures = [
        sa.func.count().label("claims"),
        _summed(stand.c.benefit_fen).label("benefit_fen"),
        *(
            sa.func.count()
            .filter(days >= one.from_days, sa.true() if one.to_days is None else days <= one.to_days)
            .label(one.label)
            for one in AGE_CLASSES
        ),
        sa.func.count().filter(stand.c.due_on < day).label("overdue"),
        sa.func.count().filter(stand.c.due_on.between(day, soon)).label("due_soon"),
        sa.func.count().filter(stand.c.due_on.is_(None)).label("without_deadline"),
        sa.func.min(stand.c.since).label("oldest_since"),
        sa.func.min(stand.c.due_on).label("earliest_due_on"),
    ]
    query = (
        sa.select(*groups, *figures)
        .where(stand.c.since <= day)
        .group_by(sa.func.grouping_sets(sa.tuple_(*groups), sa.tuple_()))
        # The status is never null, so the total is told by its grouping.
        .order_by(sa.func.grouping(stand.c.status), *groups)
    )
    return list((await conn.execute(query)).mappings())


def _waiting(wanted: Wanted) -> sa.Select[Any]:
    """Each claim that waits for somebody or is on hold: for whom, for which step, since when, until when."""
    last = sa.and_(
        claim_event.c.book == claim.c.book,
        claim_event.c.claim_id == claim.c.id,
        claim_event.c.position == claim.c.event_count,
    )
    # A claim sent back, or without funds, waits for a step beside the path.
    step = sa.case(_BESIDE, value=claim.c.status, else_=claim.c.next_step)
    return (
        sa.select(
            claim.c.waiting_for,
            claim.c.status,
            step.label("step"),
            claim.c.benefit_fen,
            sa.func.coalesce(claim.c.waiting_since, claim_event.c.done_on).label("since"),
            claim.c.due_on,
        )
        .select_from(claim.join(claim_event, last))
        .where(
            *_where(wanted, claim.c.reported_on),
            sa.or_(claim.c.waiting_for.is_not(None), claim.c.status == Status.ON_HOLD.value),
        )
    )


async def refused_after(conn: AsyncConnection, wanted: Wanted, after: UUID | None) -> list[Refused]:
    """The next refused claims in the order of their ids. Days are those of the refusal."""
    refusal = (
        sa.select(claim_event.c.done_on, claim_event.c.reason_code)
        .where(
            claim_event.c.book == claim.c.book,
            claim_event.c.claim_id == claim.c.id,
            claim_event.c.status_after == Status.REFUSED.value,
        )
        .order_by(claim_event.c.position.desc())
        .limit(1)
        .lateral("refusal")
    )
    latest = sa.and_(
        claim_decision.c.book == claim.c.book,
        claim_decision.c.claim_id == claim.c.id,
        claim_decision.c.version == claim.c.decision_version,
    )
    query = (
        sa.select(claim.c.id, claim.c.decision_version, claim_decision.c.content_cipher, refusal.c.reason_code)
        .select_from(claim.join(refusal, sa.true()).join(claim_decision, latest))
        .where(*_where(wanted, refusal.c.done_on), claim.c.status == Status.REFUSED.value)
        .order_by(claim.c.id)
        .limit(AT_ONCE)
    )
    if after is not None:
        query = query.where(claim.c.id > after)
    return [Refused(**row) for row in (await conn.execute(query)).mappings()]
