"""HTTP of periods."""

from typing import Annotated

from fastapi import Body, Depends
from fastapi.responses import Response

from common.auth import Principal, require
from common.errors import IDEMPOTENCY_KEY_REUSED, NOT_FOUND
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode
from common.web import JsonResponse, Router, responses
from ledger.context import Ctx, Idempotent, send
from ledger.periods import service
from ledger.periods.schemas import ChecklistOut, CloseIn, PeriodCode, PeriodOut, ReopenIn
from ledger.periods.service import Move
from ledger.problems import (
    ADJUSTING_PERIOD_BEGUN,
    CHECKLIST_FAILED,
    OUT_OF_ORDER,
    PERIOD_CLOSED,
    PERIOD_NOT_ENDED,
)

router = Router(prefix="/v1/books/{book}/periods", tags=["periods"])

Mover = Annotated[Principal, Depends(require("ledger:periods"))]


@router.get("", response_model=Page[PeriodOut], dependencies=[Depends(require("ledger:read"))])
async def list_periods(book: BookCode, context: Ctx, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """List the months of the book from its first to the current one, oldest first; an adjusting period once it has entries."""
    items, next_cursor = await service.list_periods(context.database, book, limit=limit, cursor=cursor)
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.get(
    "/{period}/checklist",
    response_model=ChecklistOut,
    responses=responses(NOT_FOUND),
    dependencies=[Depends(require("ledger:read"))],
)
async def get_checklist(book: BookCode, period: PeriodCode, context: Ctx) -> Response:
    """Show what a period is closed against 结账检查表, and how each item stands now."""
    return JsonResponse(await service.read_checklist(context.database, book, period))


@router.post(
    "/{period}/close",
    response_model=PeriodOut,
    responses=responses(
        NOT_FOUND, IDEMPOTENCY_KEY_REUSED, OUT_OF_ORDER, PERIOD_CLOSED, PERIOD_NOT_ENDED, CHECKLIST_FAILED
    ),
)
async def close_period(
    book: BookCode,
    period: PeriodCode,
    once: Idempotent,
    principal: Mover,
    context: Ctx,
    body: Annotated[CloseIn | None, Body()] = None,
) -> Response:
    """Close a period 结账: nothing posts into it any more.

    Periods close in order, each once it has ended (Asia/Shanghai) and its checklist passes; a refusal names every failed item. The bank's
    item can be excused with a reason. The chain records it.
    """
    del book
    said = body or CloseIn()
    excuses: dict[str, str] = {one.item: one.reason for one in said.excuses}
    move = Move(period, "close", principal.sub, said.reason, authority=None, excuses=excuses)
    return send(await service.move_period(context.database, once, move))


@router.post(
    "/{period}/reopen",
    response_model=PeriodOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, OUT_OF_ORDER, ADJUSTING_PERIOD_BEGUN),
)
async def reopen_period(
    book: BookCode,
    period: PeriodCode,
    once: Idempotent,
    principal: Mover,
    context: Ctx,
    body: ReopenIn,
) -> Response:
    """Reopen the latest closed period 反结账. The chain records it, with the reason and the authority.

    A December stays closed once its adjusting period 13 has entries: what is still wrong in the year is put right there.
    """
    del book
    move = Move(period, "reopen", principal.sub, body.reason, body.authority)
    return send(await service.move_period(context.database, once, move))
