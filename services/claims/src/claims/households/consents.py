"""Consents: who allowed what, on which paper, and when it was withdrawn. Append-only: a withdrawal is a record of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from claims.households import reference, store
from claims.households.intake import Faults
from claims.households.schemas import ConsentIn, ConsentOut, WithdrawalIn
from claims.households.tables import consent, consent_withdrawal
from claims.problems import CONSENT_WITHDRAWN
from common.database import transaction
from common.errors import NOT_FOUND
from common.ids import uuid7

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

    from claims.context import Context

_CONSENTS = sa.select(
    consent, consent_withdrawal.c.withdrawn_on, consent_withdrawal.c.recorded_by.label("withdrawn_by")
).select_from(
    consent.outerjoin(
        consent_withdrawal,
        sa.and_(consent_withdrawal.c.book == consent.c.book, consent_withdrawal.c.consent_id == consent.c.id),
    )
)


async def record_consent(
    conn: AsyncConnection, *, book: str, household_id: UUID, body: ConsentIn, by_person: str, today: date, now: datetime
) -> ConsentOut:
    """Record a consent. Raises `not_found`, `invalid_request` naming every fault."""
    household = await store.load_household(conn, book, household_id)
    if household is None:
        raise NOT_FOUND.error()
    faults = Faults()
    if reference.consent_kind(body.kind) is None:
        known = ", ".join(kind.code for kind in reference.consent_kinds())
        faults.add("kind", "unknown_kind", f"须为下列之一：{known}", f"must be one of {known}")
    if body.given_on > today:
        faults.add("given_on", "future_date", "日期不得晚于今天", "must not be in the future")
    for field in ("member_id", "given_by"):
        member_id = getattr(body, field)
        if member_id is not None and household.member(member_id) is None:
            faults.add(field, "unknown_member", "不是本户成员", "is not a member of this household")
    faults.raise_any()
    consent_id = uuid7()
    row = {"book": book, "household_id": household_id, "id": consent_id, "recorded_at": now, "recorded_by": by_person}
    await conn.execute(sa.insert(consent), {**row, **body.model_dump()})
    return await _one(conn, book, household_id, consent_id)


async def withdraw_consent(
    conn: AsyncConnection,
    *,
    book: str,
    household_id: UUID,
    consent_id: UUID,
    body: WithdrawalIn,
    by_person: str,
    today: date,
    now: datetime,
) -> ConsentOut:
    """Record that a consent was withdrawn. Raises `not_found`, `invalid_request` (withdrawn_on), `consent_withdrawn`."""
    found = await _one(conn, book, household_id, consent_id)
    faults = Faults()
    if not found.given_on <= body.withdrawn_on <= today:
        faults.add(
            "withdrawn_on",
            "out_of_range",
            "撤回日期须在授权日期与今天之间",
            "must lie between the day it was given and today",
        )
    faults.raise_any()
    row = {"book": book, "consent_id": consent_id, "recorded_at": now, "recorded_by": by_person}
    written = await conn.execute(
        pg.insert(consent_withdrawal).values(**row, withdrawn_on=body.withdrawn_on).on_conflict_do_nothing()
    )
    if written.rowcount != 1:
        raise CONSENT_WITHDRAWN.error()
    return await _one(conn, book, household_id, consent_id)


async def list_consents(context: Context, book: str, household_id: UUID) -> list[ConsentOut]:
    """All consents of a household in the order of their records, withdrawn ones included. Raises `not_found`."""
    query = _CONSENTS.where(consent.c.book == book, consent.c.household_id == household_id).order_by(consent.c.id)
    async with transaction(context.engine) as conn:
        if await store.load_place(conn, book, household_id) is None:
            raise NOT_FOUND.error()
        return [_out(row) for row in (await conn.execute(query)).mappings()]


async def _one(conn: AsyncConnection, book: str, household_id: UUID, consent_id: UUID) -> ConsentOut:
    query = _CONSENTS.where(consent.c.book == book, consent.c.household_id == household_id, consent.c.id == consent_id)
    row = (await conn.execute(query)).mappings().first()
    if row is None:
        raise NOT_FOUND.error()
    return _out(row)


def _out(row: sa.RowMapping) -> ConsentOut:
    kind = reference.consent_kind(row["kind"])
    values = {name: value for name, value in row.items() if name != "book"}
    return ConsentOut.model_validate({**values, "kind_name_zh": row["kind"] if kind is None else kind.name_zh})
