"""HTTP of the statements: each as JSON, CSV and XLSX."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response

from common.auth import require
from common.dates import BusinessDate, Month
from common.paging import DEFAULT_LIMIT, Cursor, Limit, QueryInteger
from common.spreadsheets.writing import Line
from common.text import BookCode
from common.web import Router
from common.web.files import FILES, OfFormat, as_file, pieces_of, whole
from ledger.context import AtSeq, Ctx
from ledger.funds.schemas import AccountCode, FundCode
from ledger.statements import execution, service, sheets, subsidiary
from ledger.statements.rules import RangeQuestion
from ledger.statements.schemas import (
    AccountBalancesOut,
    ExecutionByPurposeOut,
    ExecutionBySourceOut,
    GeneralLedgerOut,
    ReceiptsAndPaymentsOut,
    SubsidiaryLedgerOut,
)
from ledger.statements.taken_away import head_of

router = Router(prefix="/v1/books/{book}/reports", tags=["statements"], dependencies=[Depends(require("ledger:read"))])

MOST_LINES = 5_000
"""Lines of a ledger read at a time: what is in memory of a file, however long it is."""

_Year = Annotated[QueryInteger, Query(ge=1900, le=2200, description="Fiscal year. 会计年度。")]
_MaybeYear = Annotated[QueryInteger | None, Query(ge=1900, le=2200, description="Fiscal year. 会计年度。")]
_AsOf = Annotated[BusinessDate | None, Query(description="The end of this day; today by default. 截止日期。")]
_Fund = Annotated[FundCode | None, Query(description="This fund and those below it. 该基金及其下级基金。")]


def range_question(
    first_day: Annotated[
        BusinessDate | None, Query(alias="from", description="First day; the book's first by default. 起始日期。")
    ] = None,
    last_day: Annotated[
        BusinessDate | None, Query(alias="to", description="Last day; today by default. 截止日期。")
    ] = None,
    fiscal_year: Annotated[
        QueryInteger | None, Query(ge=1900, le=2200, description="This year, instead of days. 会计年度。")
    ] = None,
    period: Annotated[Month | None, Query(description="This month `YYYY-MM`, instead of days. 会计月份。")] = None,
) -> RangeQuestion:
    """Read which days are asked for."""
    return RangeQuestion(first_day, last_day, fiscal_year, period)


_Range = Annotated[RangeQuestion, Depends(range_question)]


@router.get("/account-balances", response_model=AccountBalancesOut, responses=FILES)
async def get_account_balances(
    book: BookCode,
    context: Ctx,
    days: _Range,
    fund: Annotated[
        FundCode | None,
        Query(description="This fund and those below it, a line each; with `include_descendants` in one. 基金。"),
    ] = None,
    *,
    include_descendants: Annotated[
        bool, Query(description="Let every fund's figures contain those of the funds below it. 汇总下级基金。")
    ] = False,
    at_seq: AtSeq = None,
    wanted: OfFormat = "json",
) -> AccountBalancesOut | Response:
    """Read opening, turnover and closing of every account over a range of days 科目余额表, with the sums of each basis."""
    report = await service.account_balances(
        context.database, book, days, fund=fund, include_descendants=include_descendants, at_seq=at_seq
    )
    if wanted == "json":
        return report
    sheet, lines = sheets.account_balances(await head_of(context, book), report)
    return await as_file(wanted, "account-balances", sheet, pieces_of(lines), book, report.first_day, report.last_day)


@router.get("/general-ledger", response_model=GeneralLedgerOut, responses=FILES)
async def get_general_ledger(
    book: BookCode,
    context: Ctx,
    fiscal_year: _Year,
    fund: Annotated[FundCode | None, Query(description="This fund alone. 仅此基金本身。")] = None,
    account: Annotated[AccountCode | None, Query(description="This account alone. 仅此科目。")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    wanted: OfFormat = "json",
) -> GeneralLedgerOut | Response:
    """Read the general ledger of a year 总账: opening, sums of every month and of the year so far, balance and its side.

    A page of accounts; as a file all of them.
    """
    read = partial(service.general_ledger, context.database, book, fiscal_year, fund=fund, account=account)
    if wanted == "json":
        return await read(limit=limit, cursor=cursor)
    whole(cursor)
    report = await read(limit=None, cursor=None)
    sheet, lines = sheets.general_ledger(await head_of(context, book), report)
    return await as_file(wanted, "general-ledger", sheet, pieces_of(lines), book, fiscal_year)


@router.get("/subsidiary-ledger", response_model=SubsidiaryLedgerOut, responses=FILES)
async def get_subsidiary_ledger(
    book: BookCode,
    context: Ctx,
    days: _Range,
    fund: Annotated[FundCode, Query()],
    account: Annotated[AccountCode, Query()],
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    wanted: OfFormat = "json",
) -> SubsidiaryLedgerOut | Response:
    """Read every posting of an account 明细账 with opposite accounts, balance and its side, and the sums of its months.

    A page of lines, all pages one picture; as a file all lines, the sums of a month behind its last line.
    """
    read = partial(subsidiary.subsidiary_ledger, context.database, book, fund, account, days)
    if wanted == "json":
        return await read(limit=limit, cursor=cursor)
    whole(cursor)
    first = await read(limit=MOST_LINES, cursor=None)
    lines = sheets.SubsidiaryLines(first)

    async def pieces() -> AsyncIterator[list[Line]]:
        yield [lines.opening()]
        page = first
        yield list(lines.page(page.items))
        while page.next_cursor is not None:
            page = await read(limit=MOST_LINES, cursor=page.next_cursor)
            yield list(lines.page(page.items))
        yield list(lines.closing())

    sheet = sheets.subsidiary_ledger(await head_of(context, book), first)
    said = (book, fund, account, first.first_day, first.last_day)
    return await as_file(wanted, "subsidiary-ledger", sheet, pieces(), *said)


@router.get("/execution-by-source", response_model=ExecutionBySourceOut, responses=FILES)
async def get_execution_by_source(
    book: BookCode,
    context: Ctx,
    as_of: _AsOf = None,
    fiscal_year: _MaybeYear = None,
    fund: _Fund = None,
    wanted: OfFormat = "json",
) -> ExecutionBySourceOut | Response:
    """Read what every fund received, paid and has at hand of every source of money 按资金来源, from the year's beginning to a day.

    Without a fiscal year that of the day; without a day the year's last, or today.
    """
    report = await execution.execution_by_source(
        context.database, book, as_of=as_of, fiscal_year=fiscal_year, fund=fund
    )
    if wanted == "json":
        return report
    sheet, lines = sheets.execution_by_source(await head_of(context, book), report)
    return await as_file(wanted, "execution-by-source", sheet, pieces_of(lines), book, report.as_of)


@router.get("/execution-by-purpose", response_model=ExecutionByPurposeOut, responses=FILES)
async def get_execution_by_purpose(
    book: BookCode,
    context: Ctx,
    as_of: _AsOf = None,
    fiscal_year: Annotated[
        QueryInteger | None, Query(ge=1900, le=2200, description="Budget year; that of the day by default. 预算年度。")
    ] = None,
    fund: _Fund = None,
    wanted: OfFormat = "json",
) -> ExecutionByPurposeOut | Response:
    """Read what every purpose of every fund was allotted, has reserved, has spent and may still use 按用途, at the end of a day."""
    report = await execution.execution_by_purpose(
        context.database, book, as_of=as_of, fiscal_year=fiscal_year, fund=fund
    )
    if wanted == "json":
        return report
    sheet, lines = sheets.execution_by_purpose(await head_of(context, book), report)
    said = (book, report.fiscal_year, report.as_of)
    return await as_file(wanted, "execution-by-purpose", sheet, pieces_of(lines), *said)


@router.get("/receipts-and-payments", response_model=ReceiptsAndPaymentsOut, responses=FILES)
async def get_receipts_and_payments(
    book: BookCode, context: Ctx, days: _Range, fund: _Fund = None, wanted: OfFormat = "json"
) -> ReceiptsAndPaymentsOut | Response:
    """Read receipts and payments of account 1002 by fund and kind 收支表: opening cash + receipts - payments = closing cash."""
    report = await execution.receipts_and_payments(
        context.database, book, days, fund=fund, extra_operations=context.settings.extra_operations
    )
    if wanted == "json":
        return report
    sheet, lines = sheets.receipts_and_payments(await head_of(context, book), report)
    return await as_file(
        wanted, "receipts-and-payments", sheet, pieces_of(lines), book, report.first_day, report.last_day
    )
