"""The use case of an appeal: a refused claim is filed anew, linked to the old one, and reviewed by other people."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims import store
from claims.claims.details import corrected
from claims.claims.notices import checked_day
from claims.claims.path_schemas import AppealIn
from claims.claims.paths import path_of
from claims.claims.rules import last_day_to_appeal, may_appeal
from claims.claims.schemas import ClaimFiled
from claims.claims.sealing import ClaimSeal
from claims.claims.service import Filing, record_claim
from claims.problems import APPEAL_TOO_LATE, NOT_APPEALABLE, OUT_OF_ORDER
from common.errors import NOT_FOUND


async def appeal(
    conn: AsyncConnection,
    seal: ClaimSeal,
    *,
    book: str,
    claim_id: UUID,
    body: AppealIn,
    by_person: str,
    today: date,
    now: datetime,
) -> ClaimFiled:
    """File a refused claim anew, with corrected losses and payments if there are any.

    Raises `not_found`, `not_appealable` (not refused, appealed already, or an appeal itself), `invalid_request` (a day in the
    future), `out_of_order` (before the refusal), `appeal_too_late`, and what a filing raises.
    """
    row = await store.lock_claim(conn, book, claim_id)
    if row is None:
        raise NOT_FOUND.error()
    appealed = await store.appeal_of(conn, book, claim_id) is not None
    if not may_appeal(row.status, is_appeal=row.appeal_of is not None, appealed=appealed):
        raise NOT_APPEALABLE.error()
    refused_on = (await store.history(conn, book, claim_id))[-1].done_on
    day = checked_day(body.appealed_on, "appealed_on", today)
    if day < refused_on:
        raise OUT_OF_ORDER.error(field="appealed_on", not_before=refused_on.isoformat())
    last_day = last_day_to_appeal(path_of(row.path), refused_on)
    if day > last_day:
        raise APPEAL_TOO_LATE.error(field="appealed_on", last_day=last_day.isoformat())
    sealed = await store.load_details(conn, book, claim_id, row.details_version)
    details = corrected(seal.open_details(claim_id, row.details_version, sealed), body)
    filing = Filing(by_person, today, now, day, appeal_of=claim_id, note=body.reason)
    return await record_claim(conn, seal, book, row, details, filing)
