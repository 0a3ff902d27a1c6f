"""HTTP of periods."""

from typing import Annotated

from fastapi import Body, Depends
from fastapi.responses import Response

from common.auth import Principal, require
from common.dates import Month
from common.errors import IDEMPOTENCY_KEY_REUSED, NOT_FOUND
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode
from common.web import JsonResponse, Router, responses
from ledger.context import Ctx, Idempotent, send
from ledger.periods import service
from ledger.periods.schemas import CloseIn, PeriodOut, ReopenIn
from ledger.periods.service import Move
from ledger.problems import OUT_OF_ORDER, PERIOD_CLOSED, PERIOD_NOT_ENDED

router = Router(prefix="/v1/books/{book}/periods", tags=["periods"])

Mover = Annotated[Principal, Depends(require("ledger:periods"))]


@router.get("", response_model=Page[PeriodOut], dependencies=[Depends(require("ledger:read"))])
async def list_periods(book: BookCode, context: Ctx, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """List the months of the book from its first to the current one, oldest first."""
    items, next_cursor = await service.list_periods(context.database, book, limit=limit, cursor=cursor)
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.post(
    "/{period}/close",
    response_model=PeriodOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, OUT_OF_ORDER, PERIOD_CLOSED, PERIOD_NOT_ENDED),
)
async def close_period(
    book: BookCode,
    period: Month,
    once: Idempotent,
    principal: Mover,
    context: Ctx,
    body: Annotated[CloseIn | None, Body()] = None,
) -> Response:
    """Close a month 结账: nothing posts into it any more.

    Months close in order, each once it has ended (Asia/Shanghai). The chain records it.
    """
    del book
    reason = body.reason if body is not None else None
    move = Move(period, "close", principal.sub, reason, authority=None)
    return send(await service.move_period(context.database, once, move))


@router.post(
    "/{period}/reopen", response_model=PeriodOut, responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, OUT_OF_ORDER)
)
async def reopen_period(
    book: BookCode,
    period: Month,
    once: Idempotent,
    principal: Mover,
    context: Ctx,
    body: Annotated[ReopenIn | None, Body()] = None,
) -> Response:
    """Reopen the latest closed month 反结账. The chain records it, with the reason and authority given."""
    del book
    said = body or ReopenIn()
    move = Move(period, "reopen", principal.sub, said.reason, said.authority)
    return send(await service.move_period(context.database, once, move))
