"""HTTP of working days."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.calendar import service
from claims.calendar.schemas import YearIn, YearOut
from claims.context import Ctx
from claims.idempotency import once
from claims.problems import WORKING_DAYS_KNOWN, WORKING_DAYS_MISSING
from common.auth import Principal, require
from common.database import transaction
from common.dates import FIRST_YEAR, LAST_YEAR, now_utc
from common.idempotency import IdempotencyKey
from common.paging import QueryInteger
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}/working-days", tags=["calendar"])

Keeper = Annotated[Principal, Depends(require("books:admin"))]
Reader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]
Year = Annotated[QueryInteger, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="年度。", examples=[2026])]


@router.get("", response_model=YearOut, responses=responses(WORKING_DAYS_MISSING), summary="Working days of a year")
async def read_year(context: Ctx, book: BookCode, _: Reader, year: Year) -> YearOut:
    """Show a year as deadlines are counted by it 查看工作日; a year nobody announced yet is refused, never guessed."""
    async with transaction(context.engine) as conn:
        return await service.read_year(conn, book, year)


@router.post(
    "",
    status_code=201,
    response_model=YearOut,
    responses=responses(WORKING_DAYS_MISSING, WORKING_DAYS_KNOWN),
    summary="Record the working days of a year",
)
async def record_year(
    request: Request, context: Ctx, book: BookCode, body: YearIn, principal: Keeper, key: IdempotencyKey
) -> Response:
    """Record a year past the published calendar, or correct a known one with its reason 登记工作日."""

    async def work(conn: AsyncConnection) -> YearOut:
        return await service.record_year(conn, book=book, body=body, by_person=principal.sub, now=now_utc())

    return await once(context, request, book, key, work)
