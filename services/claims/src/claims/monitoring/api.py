"""HTTP of leads, their steps and income lines: routes and scopes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Ctx
from claims.divisions.service import find_town
from claims.idempotency import once
from claims.monitoring import income_lines, service
from claims.monitoring.answers import income_line_out, income_lines_out, step_list_out
from claims.monitoring.reference import Channel, step_list
from claims.monitoring.schemas import (
    IncomeLineIn,
    IncomeLineOut,
    LeadDetail,
    LeadIn,
    LeadOut,
    LeadStatus,
    PlaceText,
    StepIn,
    StepListOut,
)
from claims.monitoring.store import LeadFilter
from claims.places import check_household, check_place, placed
from claims.problems import (
    INCOME_LINE_EXISTS,
    INCOME_LINE_MISSING,
    LEAD_HOUSEHOLD_FIXED,
    OUT_OF_ORDER,
    PERSONAL_DATA_ERASED,
)
from common.auth import Principal, require
from common.database import transaction
from common.dates import now_utc, today_in_shanghai
from common.errors import SAME_PERSON
from common.idempotency import IdempotencyKey
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}", tags=["monitoring"])

STAFF = ("claims:intake", "claims:village", "claims:town", "claims:county")
Reader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]
ReaderOfOne = Annotated[Principal, Depends(placed("claims:read"))]
Staff = Annotated[Principal, Depends(require(*STAFF, heeds_places=True))]
StepTaker = Annotated[Principal, Depends(placed(*STAFF))]
PolicyKeeper = Annotated[Principal, Depends(require("claims:policies"))]


@router.post(
    "/leads",
    status_code=201,
    response_model=LeadOut,
    responses=responses(404, 409, PERSONAL_DATA_ERASED),
    summary="Report a lead 上报线索",
)
async def report_lead(
    book: BookCode, body: LeadIn, request: Request, context: Ctx, principal: Staff, key: IdempotencyKey
) -> Response:
    """Report a risk lead from one of the six channels. The answer repeats no free text, because it is kept for replay."""
    if body.household_id is None:
        check_place(principal, book, body.town, body.village)
    else:
        await check_household(context, principal, book, body.household_id)

    async def work(conn: AsyncConnection) -> LeadOut:
        return await service.report_lead(
            conn,
            context.personal(book),
            book=book,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work)


@router.get("/leads", summary="List leads 线索列表")
async def list_leads(
    book: BookCode,
    context: Ctx,
    principal: Reader,
    channel: Annotated[Channel | None, Query()] = None,
    status: Annotated[LeadStatus | None, Query()] = None,
    town: Annotated[PlaceText | None, Query()] = None,
    household_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[LeadOut]:
    """List leads in order of entry, by channel, status, town and household."""
    town_code = None if town is None else find_town(book, town)
    wanted = LeadFilter(
        channel=channel, status=status, town_code=town_code, household_id=household_id, places=principal.places
    )
    items, next_cursor = await service.list_leads(context, book, wanted, limit, cursor)
    return Page(items=items, next_cursor=next_cursor)


@router.get("/leads/{lead_id}", responses=responses(404), summary="One lead with its steps 线索详情")
async def get_lead(book: BookCode, lead_id: UUID, context: Ctx, _principal: ReaderOfOne) -> LeadDetail:
    """Show a lead with its texts and the steps taken."""
    return await service.get_lead(context, book, lead_id)


@router.post(
    "/leads/{lead_id}/steps",
    status_code=201,
    response_model=LeadOut,
    responses=responses(404, 409, OUT_OF_ORDER, SAME_PERSON, LEAD_HOUSEHOLD_FIXED),
    summary="Take a handling step 办理步骤",
)
async def take_step(
    book: BookCode,
    lead_id: UUID,
    body: StepIn,
    request: Request,
    context: Ctx,
    principal: StepTaker,
    key: IdempotencyKey,
) -> Response:
    """Take the next handling step; GET /lead-steps says which follow which, and whose they are (403 for others)."""
    checked = service.check_step(body, today_in_shanghai())
    principal.check_scope(*checked.step.who)
    if body.household_id is not None:
        await check_household(context, principal, book, body.household_id)

    async def work(conn: AsyncConnection) -> LeadOut:
        return await service.record_step(
            conn,
            context.personal(book),
            book=book,
            lead_id=lead_id,
            checked=checked,
            by_person=principal.sub,
            now=now_utc(),
        )

    return await once(context, request, book, key, work)


@router.get("/lead-steps", summary="The handling steps 八步工作法")
async def list_steps(book: BookCode, _principal: Reader) -> StepListOut:
    """Show the eight handling steps as data: order, who may take them, outcomes, and where each comes from."""
    del book  # the steps are the same in every county
    return step_list_out(step_list())


@router.post(
    "/income-lines",
    status_code=201,
    response_model=IncomeLineOut,
    responses=responses(INCOME_LINE_EXISTS, INCOME_LINE_MISSING),
    summary="Record an income line 登记收入监测线",
)
async def record_income_line(
    book: BookCode, body: IncomeLineIn, request: Request, context: Ctx, principal: PolicyKeeper, key: IdempotencyKey
) -> Response:
    """Record this county's income line of a year with its source; a second one is a correction and says why."""

    async def work(conn: AsyncConnection) -> IncomeLineOut:
        line = await income_lines.record_income_line(conn, book=book, body=body, by_person=principal.sub, now=now_utc())
        return income_line_out(line, in_force=True)

    return await once(context, request, book, key, work)


@router.get("/income-lines", summary="Income lines 收入监测线")
async def list_income_lines(book: BookCode, context: Ctx, _principal: Reader) -> Page[IncomeLineOut]:
    """List every line that concerns the county, by year; the one in force first. A missing year has none: nothing is guessed."""
    async with transaction(context.engine) as conn:
        lines = await income_lines.income_lines(conn, book)
    return Page(items=income_lines_out(lines), next_cursor=None)
