"""HTTP of the budget: purposes, versions, transfers between funds, budget against actual."""

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response

from common.dates import BusinessDate
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode, Code
from common.web import JsonResponse, Router, responses
from ledger.appropriations import service
from ledger.appropriations.schemas import (
    BudgetVsActual,
    PurposeIn,
    PurposeOut,
    SettlementIn,
    TransferIn,
    TransferPosted,
    VersionIn,
    VersionOut,
)
from ledger.context import Ctx, Idempotent, send
from ledger.funds.api import REFUSALS, FundMaker, Poster, Reader
from ledger.journal.api import PROPOSED
from ledger.problems import AMOUNT_EXCEEDS_REMAINING, INSUFFICIENT_FUNDS, OUT_OF_ORDER

router = Router(prefix="/v1/books/{book}", tags=["appropriations"])

FundQuery = Annotated[Code | None, Query(description="Of this fund. 基金。")]
YearQuery = Annotated[int, Query(ge=1900, le=2200, description="Fiscal year. 预算年度。", examples=[2026])]


@router.post("/purposes", status_code=201, response_model=PurposeOut, responses=responses(404, 409, 422))
async def set_purpose(context: Ctx, once: Idempotent, principal: FundMaker, body: PurposeIn) -> Response:
    """Set a purpose under a fund 设置指标用途; a later call with the same fund and code is its next version."""
    return send(await service.set_purpose(context.engine, once, principal, body))


@router.get("/purposes", response_model=Page[PurposeOut], responses=responses(404))
async def list_purposes(context: Ctx, book: BookCode, _reader: Reader, fund: FundQuery = None) -> Response:
    """List purposes as they stand 指标用途一览, by fund and code."""
    items = await service.list_purposes(context.database, book, fund)
    return JsonResponse({"items": items, "next_cursor": None})


@router.post(
    "/budget-versions",
    status_code=201,
    response_model=VersionOut,
    responses={**responses(*REFUSALS, OUT_OF_ORDER, INSUFFICIENT_FUNDS), **PROPOSED},
)
async def create_budget_version(context: Ctx, once: Idempotent, principal: Poster, body: VersionIn) -> Response:
    """Book a version of a fiscal year's budget 预算版本: the original once, then amendments and moves."""
    return send(await service.decide_budget(context.engine, once, principal, body))


@router.get("/budget-versions", response_model=Page[VersionOut], responses=responses(404))
async def list_budget_versions(
    context: Ctx,
    book: BookCode,
    _reader: Reader,
    fiscal_year: Annotated[int | None, Query(ge=1900, le=2200, description="Of this year. 预算年度。")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List the versions of the budget 预算版本一览, by year and number."""
    items, next_cursor = await service.list_versions(context.database, book, fiscal_year, limit=limit, cursor=cursor)
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.get("/budget-versions/{fiscal_year}/{version}", response_model=VersionOut, responses=responses(404))
async def read_budget_version(
    context: Ctx,
    book: BookCode,
    _reader: Reader,
    fiscal_year: Annotated[int, Path(ge=1900, le=2200, description="Its fiscal year. 预算年度。")],
    version: Annotated[int, Path(ge=1, le=1_000_000, description="Its number within the year. 版本号。")],
) -> Response:
    """Show one version of the budget 预算版本."""
    return JsonResponse(await service.read_version(context.database, book, fiscal_year, version))


@router.get("/reports/budget-vs-actual", response_model=BudgetVsActual, responses=responses(404))
async def budget_vs_actual(
    context: Ctx,
    book: BookCode,
    _reader: Reader,
    fiscal_year: YearQuery,
    fund: FundQuery = None,
    as_of: Annotated[
        BusinessDate | None, Query(description="At the end of this day; today if none. 截止日期。")
    ] = None,
) -> Response:
    """Show budget against actual 预算执行情况 by fund and purpose, as it stood at any date."""
    return JsonResponse(await service.budget_vs_actual(context.database, book, fiscal_year, fund, as_of))


@router.post(
    "/fund-transfers",
    status_code=201,
    response_model=TransferPosted,
    responses={**responses(*REFUSALS, INSUFFICIENT_FUNDS), **PROPOSED},
)
async def create_fund_transfer(context: Ctx, once: Idempotent, principal: Poster, body: TransferIn) -> Response:
    """Move money and budget from one fund to another 基金间调剂, with the lines of both; always needs a second person."""
    return send(await service.transfer(context.engine, once, principal, body))


@router.post(
    "/fund-transfers/settlements",
    status_code=201,
    response_model=TransferPosted,
    responses={**responses(*REFUSALS, INSUFFICIENT_FUNDS, AMOUNT_EXCEEDS_REMAINING, OUT_OF_ORDER), **PROPOSED},
)
async def settle_fund_transfer(context: Ctx, once: Idempotent, principal: Poster, body: SettlementIn) -> Response:
    """Let the cash of an earlier transfer follow 基金间往来清偿, in part or whole."""
    return send(await service.settle(context.engine, once, principal, body))
