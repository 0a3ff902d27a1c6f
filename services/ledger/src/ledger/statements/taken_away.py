"""The reports of `ledger.reports` as files. HTTP only: made from the very answers that are sent as JSON."""

from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi.responses import Response

from common.spreadsheets.writing import Line
from common.web.files import Format, as_file, pieces_of
from ledger.context import Context
from ledger.reports.schemas import AccountLedgerOut, FundExecutionOut, TrialBalanceOut
from ledger.statements import service, sheets


async def trial_balance(context: Context, book: str, wanted: Format, report: TrialBalanceOut) -> Response:
    """Answer with the trial balance as a file."""
    sheet, lines = sheets.trial_balance(await head_of(context, book), report)
    return await as_file(wanted, "trial-balance", sheet, pieces_of(lines), book, report.as_of)


async def fund_execution(context: Context, book: str, wanted: Format, report: FundExecutionOut) -> Response:
    """Answer with the execution of the funds as a file."""
    sheet, lines = sheets.fund_execution(await head_of(context, book), report)
    return await as_file(wanted, "fund-execution", sheet, pieces_of(lines), book, report.fiscal_year)


async def account_ledger(
    context: Context, book: str, wanted: Format, read: Callable[[str | None], Awaitable[AccountLedgerOut]]
) -> Response:
    """Answer with all lines of an account's ledger as a file; ``read`` reads the page behind a cursor."""
    first = await read(None)

    async def pieces() -> AsyncIterator[list[Line]]:
        page = first
        yield [sheets.account_ledger_opening(first), *sheets.account_ledger_lines(page.items)]
        while page.next_cursor is not None:
            page = await read(page.next_cursor)
            yield list(sheets.account_ledger_lines(page.items))
        yield [sheets.account_ledger_closing(first)]

    sheet = sheets.account_ledger(await head_of(context, book), first)
    said = (book, first.fund, first.account, first.effective_from, first.effective_to)
    return await as_file(wanted, "account-ledger", sheet, pieces(), *said)


async def head_of(context: Context, book: str) -> sheets.Head:
    """Return what stands above the table of a file."""
    return sheets.Head(book, await service.book_name(context.database, book))
