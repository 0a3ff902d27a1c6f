"""HTTP of the reports."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response

from common.auth import require
from common.dates import BusinessDate
from common.paging import DEFAULT_LIMIT, MAX_LIMIT, Cursor, Limit, QueryInteger
from common.text import BookCode
from common.web import Router
from common.web.files import FILES, OfFormat, whole
from ledger.context import AtMoment, AtSeq, Ctx
from ledger.funds.schemas import AccountCode, FundCode, PurposeCode
from ledger.journal.account_lines import AccountLine
from ledger.journal.schemas import AnySource
from ledger.reports import service
from ledger.reports.guarded import EntryNote
from ledger.reports.negative_days import Found, negative_days
from ledger.reports.rules import ControlFigures, execution_rate_basis_points, percent_text
from ledger.reports.schemas import (
    AccountLedgerOut,
    BalanceOut,
    BasisName,
    FundExecutionLine,
    FundExecutionOut,
    FundExecutionTotal,
    LedgerLineOut,
    MadeByOut,
    NegativeDaysLine,
    NegativeDaysOut,
    TrialBalanceOut,
    TrialLineOut,
    TrialTotalOut,
)
from ledger.reports.service import AccountLedger, AccountQuestion, BalanceQuestion
from ledger.statements import taken_away

router = Router(prefix="/v1/books/{book}/reports", tags=["reports"], dependencies=[Depends(require("ledger:read"))])

OfFund = Annotated[FundCode | None, Query(description="This fund alone, without the funds below it. 仅此基金本身。")]
OfBasis = Annotated[BasisName | None, Query(description="Only this basis. 仅此核算基础。")]
From = Annotated[
    BusinessDate | None, Query(alias="from", description="First day; the book's first by default. 起始日期。")
]
To = Annotated[BusinessDate | None, Query(alias="to", description="Last day; today by default. 截止日期。")]


@router.get("/trial-balance", response_model=TrialBalanceOut, responses=FILES)
async def get_trial_balance(
    book: BookCode,
    context: Ctx,
    moment: AtMoment,
    fund: OfFund = None,
    basis: OfBasis = None,
    wanted: OfFormat = "json",
) -> TrialBalanceOut | Response:
    """Read cumulative turnover and balance of every account that has moved, with the sums of every fund and basis.

    `as_of` goes by the entries' effective dates, `at_seq` by the order in which they were posted; both may be given.
    """
    report = await service.trial_balance(context.database, book, moment, fund=fund, basis=basis)
    answer = TrialBalanceOut(
        as_of=report.as_of,
        seq=report.seq,
        items=[
            TrialLineOut(
                fund=line.fund,
                account=line.account,
                basis=line.basis,
                name_zh=line.name_zh,
                name_en=line.name_en,
                debit_fen=line.debit_fen,
                credit_fen=line.credit_fen,
                balance_fen=line.balance_fen,
            )
            for line in report.lines
        ],
        totals=[
            TrialTotalOut(fund=one.fund, basis=one.basis, debit_fen=one.debit_fen, credit_fen=one.credit_fen)
            for one in report.totals
        ],
    )
    return answer if wanted == "json" else await taken_away.trial_balance(context, book, wanted, answer)


@router.get("/fund-execution", response_model=FundExecutionOut, responses=FILES)
async def get_fund_execution(
    book: BookCode,
    context: Ctx,
    fiscal_year: Annotated[QueryInteger, Query(ge=1900, le=2200, description="Budget year. 预算年度。")],
    moment: AtMoment,
    wanted: OfFormat = "json",
) -> FundExecutionOut | Response:
    """Read what every fund was allotted, had reserved, had spent and could still use of one year's budget at a moment, now by default.

    A parent's figures contain those of every fund below it.
    """
    report = await service.fund_execution(context.database, book, fiscal_year, moment)
    items = [
        FundExecutionLine(
            code=node.code,
            parent=node.parent,
            name_zh=node.name_zh,
            name_en=node.name_en,
            **_execution(figures).model_dump(),
        )
        for node, figures in report.funds
    ]
    answer = FundExecutionOut(
        fiscal_year=fiscal_year, as_of=report.as_of, seq=report.seq, items=items, total=_execution(report.total)
    )
    return answer if wanted == "json" else await taken_away.fund_execution(context, book, wanted, answer)


@router.get("/balance")
async def get_balance(
    book: BookCode,
    context: Ctx,
    moment: AtMoment,
    fund: Annotated[FundCode, Query()],
    account: Annotated[AccountCode, Query()],
    *,
    subtree: Annotated[bool, Query(description="With the funds below it. 是否含下级基金。")] = False,
    source: Annotated[AnySource | None, Query(description="Only money of this source. 资金来源。")] = None,
    purpose: Annotated[PurposeCode, Query()] = None,
    budget_year: Annotated[
        QueryInteger | None, Query(ge=1900, le=2200, description="Only this budget year's. 预算年度。")
    ] = None,
) -> BalanceOut:
    """Read debit, credit and balance of one account of one fund at a moment, now by default 任意时点科目余额.

    `as_of` goes by the entries' effective dates, so that what is back-dated counts at once; `at_seq` by the order of posting.
    """
    question = BalanceQuestion(fund, account, subtree, source, purpose, budget_year)
    found = await service.balance(context.database, book, question, moment)
    return BalanceOut(
        fund=fund,
        account=account,
        basis=found.names.basis,
        name_zh=found.names.name_zh,
        name_en=found.names.name_en,
        subtree=subtree,
        source=source,
        purpose=purpose,
        budget_year=budget_year,
        as_of=found.cut.as_of,
        seq=found.cut.seq,
        debit_fen=found.debit_fen,
        credit_fen=found.credit_fen,
        balance_fen=found.debit_fen - found.credit_fen,
    )


@router.get("/account-ledger", response_model=AccountLedgerOut, responses=FILES)
async def get_account_ledger(
    book: BookCode,
    context: Ctx,
    fund: Annotated[FundCode, Query()],
    account: Annotated[AccountCode, Query()],
    first_day: From = None,
    last_day: To = None,
    at_seq: AtSeq = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    wanted: OfFormat = "json",
) -> AccountLedgerOut | Response:
    """Read an account's postings over a range of days with the balance after each, by date and order of posting.

    The fund alone, without those below it. All pages count the same entries, whatever is posted meanwhile. As a file all lines.
    """
    question = AccountQuestion(fund, account, first_day, last_day, at_seq)

    async def read(behind: str | None, most: int = MAX_LIMIT) -> AccountLedgerOut:
        return _ledger_out(await service.account_ledger(context.database, book, question, limit=most, cursor=behind))

    if wanted == "json":
        return await read(cursor, limit)
    whole(cursor)
    return await taken_away.account_ledger(context, book, wanted, read)


def _ledger_out(page: AccountLedger) -> AccountLedgerOut:
    return AccountLedgerOut(
        fund=page.fund,
        account=page.account,
        basis=page.basis,
        name_zh=page.name_zh,
        name_en=page.name_en,
        effective_from=page.first_day,
        effective_to=page.last_day,
        seq=page.seq,
        opening_balance_fen=page.opening_fen,
        debit_fen=page.debit_fen,
        credit_fen=page.credit_fen,
        closing_balance_fen=page.closing_fen,
        items=[_line_out(line, balance_fen) for line, balance_fen in page.lines],
        next_cursor=page.next_cursor,
    )


@router.get("/negative-days")
async def get_negative_days(
    book: BookCode,
    context: Ctx,
    fund: Annotated[FundCode | None, Query(description="Of this fund and those below it. 基金代码，含下级。")] = None,
    account: Annotated[
        AccountCode | None,
        Query(
            description="Only this account, one that may not stand below zero: 1002, available, encumbered. 科目代码。"
        ),
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> NegativeDaysOut:
    """List the past days at whose end a balance stands below zero because an entry was back-dated 负余额日清单.

    No balance ever falls below zero in the order of posting; a payment dated before the money it draws on is allowed, and listed here.
    """
    page = await negative_days(context.database, book, fund=fund, account=account, limit=limit, cursor=cursor)
    return NegativeDaysOut(
        seq=page.seq, items=[_negative_out(one, page.entries) for one in page.found], next_cursor=page.next_cursor
    )


def _negative_out(found: Found, entries: Mapping[int, EntryNote]) -> NegativeDaysLine:
    name, stretch = found.balance.name, found.stretch
    return NegativeDaysLine(
        fund=name.fund,
        account=name.account,
        name_zh=found.balance.name_zh,
        name_en=found.balance.name_en,
        budget_year=name.budget_year or None,
        source=name.source or None,
        purpose=name.purpose_code or None,
        first_day=stretch.first_day,
        last_day=stretch.last_day,
        lowest_balance_fen=stretch.lowest_fen,
        lowest_on=stretch.lowest_on,
        made_by=[MadeByOut.model_validate(entries[seq], from_attributes=True) for seq in stretch.made_by],
    )


def _execution(figures: ControlFigures) -> FundExecutionTotal:
    rate = execution_rate_basis_points(figures.expended_fen, figures.allotted_fen)
    return FundExecutionTotal(
        allotted_fen=figures.allotted_fen,
        encumbered_fen=figures.encumbered_fen,
        expended_fen=figures.expended_fen,
        available_fen=figures.available_fen,
        execution_rate_basis_points=rate,
        execution_rate=percent_text(rate),
    )


def _line_out(line: AccountLine, balance_fen: int) -> LedgerLineOut:
    return LedgerLineOut(
        entry_id=line.entry_id,
        seq=line.place.seq,
        line=line.place.line,
        effective_on=line.place.effective_on,
        voucher_type=line.voucher_type,
        voucher_number=line.voucher_number,
        description=line.description,
        reference=line.reference,
        memo=line.memo,
        red=line.red,
        budget_year=line.budget_year or None,
        source=line.source or None,
        debit_fen=line.debit_fen,
        credit_fen=line.credit_fen,
        balance_fen=balance_fen,
    )
