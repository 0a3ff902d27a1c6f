"""HTTP of budget control: allotments, encumbrances, liquidations, returns and releases."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query
from fastapi.responses import Response

from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode
from common.web import JsonResponse, Router, responses
from ledger.budgets import service
from ledger.budgets.schemas import (
    AllotmentIn,
    EncumbranceIn,
    EncumbranceMoved,
    EncumbranceOut,
    EncumbrancePosted,
    EncumbranceStatus,
    LiquidationIn,
    ReleaseIn,
    ReturnIn,
)
from ledger.context import Ctx, Idempotent, send
from ledger.funds.api import REFUSALS, FundPath, Poster, Reader
from ledger.funds.schemas import Posted
from ledger.journal.api import PROPOSED
from ledger.problems import (
    ALREADY_REVERSED,
    AMOUNT_EXCEEDS_REMAINING,
    ENCUMBRANCE_NOT_OPEN,
    INSUFFICIENT_FUNDS,
    OUT_OF_ORDER,
)

router = Router(prefix="/v1/books/{book}", tags=["budgets"])

EncumbrancePath = Annotated[UUID, Path(alias="id", description="The encumbrance's id. 冻结编号。")]
LiquidationPath = Annotated[UUID, Path(alias="lid", description="The id of the liquidation's entry. 支付凭证编号。")]


@router.post(
    "/funds/{fund}/allotments", status_code=201, response_model=Posted, responses={**responses(*REFUSALS), **PROPOSED}
)
async def create_allotment(
    context: Ctx, once: Idempotent, principal: Poster, fund: FundPath, body: AllotmentIn
) -> Response:
    """Make budget available 下达指标. More than the cash at hand is a warning in the answer, not a refusal."""
    return send(await service.allot(context.engine, once, principal, fund, body))


@router.post(
    "/encumbrances",
    status_code=201,
    response_model=EncumbrancePosted,
    responses={**responses(*REFUSALS, INSUFFICIENT_FUNDS), **PROPOSED},
)
async def create_encumbrance(context: Ctx, once: Idempotent, principal: Poster, body: EncumbranceIn) -> Response:
    """Reserve budget for one purpose 冻结指标, until it is paid, released or expired."""
    return send(await service.encumber(context.engine, once, principal, body))


@router.post(
    "/encumbrances/{id}/liquidations",
    status_code=201,
    response_model=EncumbranceMoved,
    responses={
        **responses(*REFUSALS, ENCUMBRANCE_NOT_OPEN, AMOUNT_EXCEEDS_REMAINING, OUT_OF_ORDER, INSUFFICIENT_FUNDS),
        **PROPOSED,
    },
)
async def create_liquidation(
    context: Ctx, once: Idempotent, principal: Poster, encumbrance: EncumbrancePath, body: LiquidationIn
) -> Response:
    """Pay an encumbrance in part or whole 核销支付; the answer's id is the liquidation's."""
    return send(await service.liquidate(context.engine, once, principal, encumbrance, body))


@router.post(
    "/encumbrances/{id}/liquidations/{lid}/return",
    status_code=201,
    response_model=EncumbranceMoved,
    responses={**responses(*REFUSALS, ALREADY_REVERSED, OUT_OF_ORDER), **PROPOSED},
)
async def return_liquidation(
    context: Ctx,
    once: Idempotent,
    principal: Poster,
    encumbrance: EncumbrancePath,
    liquidation: LiquidationPath,
    body: ReturnIn,
) -> Response:
    """Book that the bank gave a liquidation back 支付退票; the encumbrance is open again."""
    return send(await service.take_back(context.engine, once, principal, encumbrance, liquidation, body))


@router.post(
    "/encumbrances/{id}/release",
    status_code=201,
    response_model=EncumbranceMoved,
    responses={**responses(*REFUSALS, ENCUMBRANCE_NOT_OPEN, OUT_OF_ORDER), **PROPOSED},
)
async def release_encumbrance(
    context: Ctx, once: Idempotent, principal: Poster, encumbrance: EncumbrancePath, body: ReleaseIn
) -> Response:
    """Give what is left of an encumbrance back to available 解除冻结; also of an expired one."""
    return send(await service.release(context.engine, once, principal, encumbrance, body))


@router.get("/encumbrances", response_model=Page[EncumbranceOut], responses=responses(404))
async def list_encumbrances(
    context: Ctx,
    book: BookCode,
    _reader: Reader,
    fund: Annotated[str | None, Query(max_length=64, description="Only of this fund itself. 基金代码。")] = None,
    status: Annotated[EncumbranceStatus | None, Query(description="Only in this status. 状态。")] = None,
    reference: Annotated[
        str | None, Query(max_length=200, description="Only with exactly this reference. 外部单据号。")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List encumbrances 冻结一览 in the order they were opened, as they stand now."""
    items, next_cursor = await service.list_encumbrances(
        context.database, book, fund=fund, status=status, reference=reference, limit=limit, cursor=cursor
    )
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.get("/encumbrances/{id}", response_model=EncumbranceOut, responses=responses(404))
async def read_encumbrance(context: Ctx, book: BookCode, _reader: Reader, encumbrance: EncumbrancePath) -> Response:
    """Read one encumbrance as it stands now."""
    return JsonResponse(await service.read_encumbrance(context.database, book, encumbrance))
