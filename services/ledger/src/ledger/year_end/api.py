"""HTTP of a year's end."""

from typing import Annotated

from fastapi import Depends, Path, Query
from fastapi.responses import Response

from common.auth import Principal, require
from common.errors import IDEMPOTENCY_KEY_REUSED, NOT_FOUND, PRECONDITION_FAILED, SAME_PERSON
from common.paging import DEFAULT_LIMIT, Cursor, Limit, QueryInteger
from common.text import BookCode
from common.web import JsonResponse, Router, responses
from ledger.context import Ctx, Idempotent, send
from ledger.journal.people import people_of
from ledger.journal.state import CarryRule
from ledger.problems import (
    DUPLICATE_FUND_IN_RULES,
    OUT_OF_ORDER,
    PERIOD_CLOSED,
    PROPOSALS_WAIT,
    UNKNOWN_FUND_IN_RULE,
)
from ledger.year_end import reports, service
from ledger.year_end.schemas import (
    CarryForwardOut,
    CarryRulesHistory,
    CarryRulesIn,
    CarryRulesOut,
    YearEndBalancesOut,
    YearEndIn,
    YearEndOut,
    YearEndProposedOut,
)

router = Router(prefix="/v1/books/{book}", tags=["year-end"])

Poster = Annotated[Principal, Depends(require("ledger:post"))]
Admin = Annotated[Principal, Depends(require("books:admin"))]
Reader = Annotated[Principal, Depends(require("ledger:read", "books:admin"))]
Year = Annotated[QueryInteger, Path(ge=1900, le=2199, description="The fiscal year that ends. 会计年度。")]
OfYear = Annotated[QueryInteger, Query(ge=1900, le=2199, description="The fiscal year that ends. 会计年度。")]
_REFUSALS = responses(
    NOT_FOUND, IDEMPOTENCY_KEY_REUSED, SAME_PERSON, OUT_OF_ORDER, PERIOD_CLOSED, PROPOSALS_WAIT, PRECONDITION_FAILED
)
_BESIDE: dict[int | str, dict[str, object]] = {
    200: {"model": YearEndOut, "description": "There was nothing left to be booked. 已无可结转。"},
    202: {"model": YearEndProposedOut, "description": "Some of it waits for a second person. 已提交，待复核。"},
}


@router.post(
    "/fiscal-years/{year}/closing",
    status_code=201,
    response_model=YearEndOut,
    responses={**_REFUSALS, **_BESIDE},
)
async def close_fiscal_year(context: Ctx, once: Idempotent, principal: Poster, year: Year, body: YearEndIn) -> Response:
    """Close the results of every fund of the year 年末结转, all in one transaction.

    Its months are closed, nothing waits, its adjusting period is open. Revenue and expense go to the accumulated surplus and the budgetary
    carry-overs, one entry a fund. Once more after a late adjustment closes what has come since; with nothing left it says so.
    """
    people = people_of(body, principal)
    return send(await service.close_year(context.database, context.engine, once, people, year, body))


@router.post(
    "/fiscal-years/{year}/carry-forward",
    status_code=201,
    response_model=YearEndOut,
    responses={**_REFUSALS, **_BESIDE},
)
async def carry_budget_forward(
    context: Ctx, once: Idempotent, principal: Poster, year: Year, body: YearEndIn
) -> Response:
    """Let the year's budget lapse or carry it into the next 指标结转, by the book's rules, all in one transaction.

    An encumbrance that is carried keeps its id and its whole remainder. What is done is not done again.
    """
    people = people_of(body, principal)
    return send(await service.carry_forward(context.database, context.engine, once, people, year, body))


@router.post(
    "/carry-forward-rules",
    status_code=201,
    response_model=CarryRulesOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, UNKNOWN_FUND_IN_RULE, DUPLICATE_FUND_IN_RULES),
)
async def set_carry_forward_rules(context: Ctx, once: Idempotent, principal: Admin, body: CarryRulesIn) -> Response:
    """Say what becomes of each fund's budget at year-end 结转规则. The rules replace the ones before; the chain records them."""
    wanted = [CarryRule(rule.fund, rule.available, rule.encumbered) for rule in body.rules]
    return send(await service.set_carry_rules(context.engine, once, principal.sub, wanted))


@router.get("/carry-forward-rules", response_model=CarryRulesHistory, responses=responses(404))
async def get_carry_forward_rules(context: Ctx, book: BookCode, _reader: Reader) -> Response:
    """Show the rules in force, what holds where they say nothing, and every version there was."""
    return JsonResponse(await service.read_carry_rules(context.database, book))


@router.get(
    "/reports/carry-forward",
    response_model=CarryForwardOut,
    responses=responses(404),
    dependencies=[Depends(require("ledger:read"))],
)
async def get_carry_forward_report(
    context: Ctx, book: BookCode, fiscal_year: OfYear, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Read what became of a year's budget: every encumbrance that lapsed or was carried, and every fund's sums 预算指标结转表."""
    found = await reports.carry_forward_report(context.database, book, fiscal_year, limit=limit, cursor=cursor)
    return JsonResponse(found)


@router.get(
    "/reports/year-end",
    response_model=YearEndBalancesOut,
    responses=responses(404),
    dependencies=[Depends(require("ledger:read"))],
)
async def get_year_end_report(context: Ctx, book: BookCode, fiscal_year: OfYear) -> Response:
    """Read every balance as the year left it beside what the next year finds, computed by two paths 年末年初余额对照表."""
    return JsonResponse(await reports.year_end_report(context.database, book, fiscal_year))
