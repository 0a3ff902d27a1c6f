"""Erasing by age: households nothing has happened to for as many years as `retention.yaml` says.

A household's last event is its last edit, claim step, lead, lead step or change of monitoring. Each is erased in a transaction of its own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from importlib import resources
from uuid import UUID

import sqlalchemy as sa
import yaml
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.access.erasure import erase
from claims.access.erasure_store import FINISHED
from claims.access.schemas import ErasureIn
from claims.access.tables import erasure
from claims.claims.tables import claim, claim_event
from claims.households.tables import household
from claims.monitoring.tables import lead, lead_step, monitoring_event
from common.database import snapshot, transaction
from common.dates import SHANGHAI
from common.errors import Problem
from common.logging import get_logger

log = get_logger(__name__)

BY_AGE = "retention"
"""Who erases by age, in the records."""
MOST = 100
"""Households of one round."""
_LEAP_DAY = (2, 29)


@dataclass(frozen=True, slots=True)
class Period:
    """How many years a household's data is kept after its last event, from a day on, and where that comes from."""

    valid_from: date
    household_years: int
    source: str


@cache
def periods() -> tuple[Period, ...]:
    """The shipped periods, oldest first."""
    text = resources.files(__package__).joinpath("retention.yaml").read_text(encoding="utf-8")
    return tuple(sorted((Period(**one) for one in yaml.safe_load(text)), key=lambda period: period.valid_from))


def kept_since(today: date) -> date | None:
    """The day before which a household's last event must lie for it to be erased; None where no period is in force."""
    in_force = [period for period in periods() if period.valid_from <= today]
    if not in_force:
        return None
    day = 28 if (today.month, today.day) == _LEAP_DAY else today.day
    return today.replace(year=today.year - in_force[-1].household_years, day=day)


async def erase_due(engine: AsyncEngine, today: date, stopping: asyncio.Event | None = None) -> int:
    """Erase the households whose time is over, at most `MOST`; answers how many were."""
    before = kept_since(today)
    if before is None:
        return 0
    async with snapshot(engine) as conn:
        due: list[tuple[str, UUID]] = [
            (row.book, row.id) for row in await conn.execute(_due(datetime.combine(before, time(), SHANGHAI)))
        ]
    done = 0
    for book, household_id in due:
        if stopping is not None and stopping.is_set():
            break
        body = ErasureIn(legal_basis="retention_ended", reason=f"最后事项早于 {before.isoformat()}")
        try:
            async with transaction(engine) as conn:
                await erase(
                    conn, book=book, household_id=household_id, member_id=None, body=body, person=BY_AGE, today=today
                )
            done += 1
        except Problem as problem:  # something happened to it meanwhile
            log.info("not_erased", household_id=str(household_id), problem=problem.code)
        except SQLAlchemyError as error:  # one that cannot be erased keeps nobody else
            log.exception("not_erased", household_id=str(household_id), error=type(error).__name__)
    if done:
        log.info("erased_by_age", households=done, before=before.isoformat())
    return done


def _due(before: datetime) -> sa.Select[tuple[str, UUID]]:
    here = (household.c.book, household.c.id)

    def none(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        of_it = (table.c.book == here[0], table.c.household_id == here[1])
        return ~sa.exists().where(*of_it, *conditions).correlate(household)

    of_claim = sa.and_(claim_event.c.book == claim.c.book, claim_event.c.claim_id == claim.c.id)
    of_lead = sa.and_(lead_step.c.book == lead.c.book, lead_step.c.lead_id == lead.c.id)
    newer_claim = sa.exists().where(of_claim, claim_event.c.at >= before).correlate(claim)
    newer_step = sa.exists().where(of_lead, lead_step.c.at >= before).correlate(lead)
    last_kind = (
        sa.select(monitoring_event.c.kind)
        .where(monitoring_event.c.book == here[0], monitoring_event.c.household_id == here[1])
        .order_by(monitoring_event.c.position.desc())
        .limit(1)
        .correlate(household)
        .scalar_subquery()
    )
    return (
        sa.select(household.c.book, household.c.id)
        .where(
            household.c.updated_at < before,
            none(erasure, erasure.c.member_id.is_(None)),
            none(claim, sa.or_(newer_claim, claim.c.status.not_in(FINISHED))),
            none(lead, sa.or_(newer_step, lead.c.created_at >= before)),
            none(monitoring_event, monitoring_event.c.at >= before),
            sa.func.coalesce(last_kind, "ended") == "ended",
        )
        .order_by(household.c.id)
        .limit(MOST)
    )
