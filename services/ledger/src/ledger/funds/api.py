"""HTTP of funds: figures, sub-funds, receipts, direct payments and opening balances."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from fastapi.responses import Response

from common.auth import Principal, require
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode
from common.validation import invalid_field
from common.web import Router, responses
from ledger.context import AtMoment, Ctx, Idempotent, send
from ledger.funds import service
from ledger.funds.schemas import (
    CorrectionIn,
    FundCreated,
    FundIn,
    FundOut,
    OpeningIn,
    OpeningPosted,
    PaymentIn,
    Posted,
    ReceiptIn,
)
from ledger.journal.api import PROPOSED
from ledger.problems import (
    ALREADY_REVERSED,
    AMOUNT_EXCEEDS_REMAINING,
    AMOUNT_OUT_OF_RANGE,
    BUDGET_LINES_MISSING,
    FUND_EXISTS,
    INSUFFICIENT_FUNDS,
    MORE_THAN_WAS_SPENT,
    OPENING_ALREADY_POSTED,
    OUT_OF_ORDER,
    PERIOD_CLOSED,
    PURPOSE_NOT_ALLOWED,
    TYPED_OPERATION_ENTRY,
    UNBALANCED_ENTRY,
    UNKNOWN_ACCOUNT,
)

router = Router(prefix="/v1/books/{book}", tags=["funds"])

FundPath = Annotated[str, Path(max_length=64, description="Code of the fund. 基金代码。", examples=["health"])]
Reader = Annotated[Principal, Depends(require("ledger:read"))]
Poster = Annotated[Principal, Depends(require("ledger:post"))]
FundMaker = Annotated[Principal, Depends(require("books:admin", "ledger:post"))]
REFUSALS = (404, 409, 412, 422, PERIOD_CLOSED, AMOUNT_OUT_OF_RANGE)
"""What every operation that posts may refuse."""


@router.get("/funds", response_model=Page[FundOut], responses=responses(404))
async def list_funds(
    context: Ctx,
    book: BookCode,
    _reader: Reader,
    moment: AtMoment,
    fiscal_year: Annotated[
        str | None,
        Query(
            pattern=r"^([12][0-9]{3}|all)$",
            description="A budget year, or `all`; default: the latest year with an allotment by then. 预算年度。",
            examples=["2026"],
        ),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[FundOut]:
    """List the funds with their figures at a moment, now by default 防贫基金一览.

    A parent's figures contain every fund below it; one page is one snapshot.
    """
    all_years = fiscal_year == "all"
    year = None if fiscal_year is None or all_years else int(fiscal_year)
    page = await service.list_funds(
        context.database, book, year, moment, all_years=all_years, limit=limit, cursor=cursor
    )
    items = [
        FundOut(
            code=one.code,
            parent=one.parent,
            category=one.category,
            name_zh=one.name_zh,
            name_en=one.name_en,
            fiscal_year=page.year,
            allotted_fen=one.allotted_fen,
            encumbered_fen=one.encumbered_fen,
            expended_fen=one.expended_fen,
            available_fen=one.available_fen,
            cash_fen=one.cash_fen,
            as_of=page.cut.as_of,
            as_of_seq=page.cut.seq,
        )
        for one in page.funds
    ]
    return Page[FundOut](items=items, next_cursor=page.next_cursor)


@router.post("/funds", status_code=201, response_model=FundCreated, responses=responses(404, 409, 422, FUND_EXISTS))
async def create_fund(context: Ctx, once: Idempotent, principal: FundMaker, body: FundIn) -> Response:
    """Create a sub-fund 新建子基金 with every account of the chart; it inherits its parent's category and order of sources."""
    return send(await service.create_fund(context.database, once, principal, body))


@router.post(
    "/opening-balances",
    status_code=201,
    response_model=OpeningPosted,
    responses={
        **responses(*REFUSALS, OPENING_ALREADY_POSTED, INSUFFICIENT_FUNDS, UNBALANCED_ENTRY, UNKNOWN_ACCOUNT),
        **PROPOSED,
    },
)
async def create_opening_balances(context: Ctx, once: Idempotent, principal: Poster, body: OpeningIn) -> Response:
    """Take the balances of one or more funds over from the old system 期初余额, once per fund."""
    return send(await service.open_balances(context.engine, once, principal, body))


@router.post(
    "/funds/{fund}/receipts", status_code=201, response_model=Posted, responses={**responses(*REFUSALS), **PROPOSED}
)
async def create_receipt(
    context: Ctx, once: Idempotent, principal: Poster, fund: FundPath, body: ReceiptIn
) -> Response:
    """Book money arriving in a fund 到账; its source decides the accounts."""
    return send(await service.receive(context.engine, once, principal, fund, body))


@router.post(
    "/funds/{fund}/payments",
    status_code=201,
    response_model=Posted,
    responses={**responses(*REFUSALS, INSUFFICIENT_FUNDS, PURPOSE_NOT_ALLOWED), **PROPOSED},
)
async def create_payment(
    context: Ctx, once: Idempotent, principal: Poster, fund: FundPath, body: PaymentIn
) -> Response:
    """Pay without a prior encumbrance 直接支付, out of the year's available and the fund's cash."""
    return send(await service.pay(context.engine, once, principal, fund, body))


@router.post(
    "/funds/{fund}/{operation}/{id}/reversal",
    status_code=201,
    response_model=Posted,
    responses={
        **responses(
            *REFUSALS,
            ALREADY_REVERSED,
            OUT_OF_ORDER,
            INSUFFICIENT_FUNDS,
            BUDGET_LINES_MISSING,
            TYPED_OPERATION_ENTRY,
            AMOUNT_EXCEEDS_REMAINING,
            MORE_THAN_WAS_SPENT,
        ),
        **PROPOSED,
    },
)
async def reverse_operation(
    context: Ctx,
    once: Idempotent,
    principal: Poster,
    fund: FundPath,
    operation: Annotated[
        str,
        Path(
            pattern=r"^[a-z][a-z-]{1,48}[a-z]$",
            description="What is taken back, by its place below the fund, e.g. `payments`. 被冲销的业务。",
            examples=["payments"],
        ),
    ],
    entry: Annotated[UUID, Path(alias="id", description="The id of the operation's entry. 原凭证编号。")],
    body: CorrectionIn,
) -> Response:
    """Take what a fund did back by a red entry 红字冲销, once, within its year: any operation that moved no encumbrance.

    What moved one has operations of its own that undo it: return, release, or what settles the open item.
    """
    of = context.corrections.get(operation)
    if of is None:
        raise invalid_field("operation", "unknown", "没有此项业务。", "There is no such operation.")
    return send(await service.correct(context.engine, once, principal, (fund, of, entry), body))
