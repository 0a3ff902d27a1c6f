"""HTTP of the bank: accounts, statements, matching, reconciliation, bank journal."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from fastapi.responses import Response

from common.auth import Principal, require
from common.dates import BusinessDate
from common.errors import IDEMPOTENCY_KEY_REUSED, NOT_FOUND
from common.paging import DEFAULT_LIMIT, MAX_LIMIT, Cursor, Limit, Page, QueryInteger
from common.text import BookCode
from common.web import JsonResponse, Router, responses
from common.web.uploads import uploaded
from ledger.bank import matches, reconciling, service, statements
from ledger.bank.matches import Pair
from ledger.bank.schemas import (
    BankAccountIn,
    BankAccountOut,
    BankJournalOut,
    ColumnMappingIn,
    ColumnMappingOut,
    LineOut,
    MatchesIn,
    MatchesOut,
    MatchOut,
    ProposalIn,
    ProposedMatchesOut,
    ReconciliationOut,
    StatementOut,
    UndoIn,
)
from ledger.bank.service import NewAccount
from ledger.bank.statements import Import, Mode
from ledger.context import Ctx, Idempotent, Uploaded, send
from ledger.problems import (
    ALREADY_MATCHED,
    BAD_ROWS,
    BANK_ACCOUNT_EXISTS,
    COLUMN_MAPPING_MISSING,
    FUND_HAS_BANK_ACCOUNT,
    MATCH_SUMS_DIFFER,
    MATCH_UNDONE,
)

router = Router(prefix="/v1/books/{book}/bank-accounts", tags=["bank"])

Account = Annotated[
    str, Path(max_length=64, description="Code of the bank account. 银行账户代码。", examples=["boc-main"])
]
Reader = Depends(require("ledger:read"))
Poster = Annotated[Principal, Depends(require("ledger:post"))]
From = Annotated[
    BusinessDate | None, Query(alias="from", description="First day; the book's first by default. 起始日期。")
]
To = Annotated[BusinessDate | None, Query(alias="to", description="Last day; today by default. 截止日期。")]
Day = BusinessDate | None


@router.post(
    "",
    status_code=201,
    response_model=BankAccountOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, BANK_ACCOUNT_EXISTS, FUND_HAS_BANK_ACCOUNT),
)
async def open_bank_account(
    book: BookCode, once: Idempotent, principal: Poster, context: Ctx, body: BankAccountIn
) -> Response:
    """Open a bank account 银行账户 for funds of the book. Its number is sealed; answers show the last four digits."""
    del book
    wish = NewAccount(
        code=body.code,
        bank_name=body.bank_name,
        name_zh=body.name_zh,
        number=body.number,
        funds=body.funds,
        opening_fen=body.opening_balance_fen,
        opening_on=body.opening_on,
        by=principal.sub,
    )
    return send(await service.open_account(context.database, context.cipher, once, wish))


@router.get("", response_model=Page[BankAccountOut], responses=responses(NOT_FOUND), dependencies=[Reader])
async def list_bank_accounts(
    book: BookCode, context: Ctx, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """List the book's bank accounts by code."""
    items, next_cursor = await service.list_accounts(context.database, book, limit=limit, cursor=cursor)
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.post(
    "/{account}/column-mapping",
    status_code=201,
    response_model=ColumnMappingOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED),
)
async def set_column_mapping(
    book: BookCode, account: Account, once: Idempotent, principal: Poster, context: Ctx, body: ColumnMappingIn
) -> Response:
    """Say which column of the bank's file holds what; imports go by the latest version unless one is named."""
    del book
    return send(await service.set_mapping(context.database, once, account, body, principal.sub))


@router.post(
    "/{account}/statements",
    status_code=201,
    response_model=StatementOut,
    responses={
        200: {"model": StatementOut, "description": "With `preview=true`: what an import would take."},
        **responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, COLUMN_MAPPING_MISSING, BAD_ROWS),
    },
    openapi_extra=uploaded("The bank's statement: CSV (UTF-8 or GB18030) or XLSX, up to 20,000 rows. 银行对账单文件。"),
)
async def import_statement(
    book: BookCode,
    account: Account,
    upload: Uploaded,
    principal: Poster,
    context: Ctx,
    preview: Annotated[bool, Query(description="Only say what an import would take. 仅预览，不导入。")] = False,  # noqa: FBT002
    mode: Annotated[
        Mode,
        Query(description="`all`: every row or none; `good`: the rows that can be read. 全部导入或仅导入可读的行。"),
    ] = "all",
    mapping_version: Annotated[
        QueryInteger | None, Query(ge=1, lt=2**31, description="Version of the column mapping. 列对应关系版本。")
    ] = None,
    covers_from: Annotated[Day, Query(description="First day the statement covers. 对账单起始日。")] = None,
    covers_to: Annotated[Day, Query(description="Last day the statement covers. 对账单截止日。")] = None,
) -> Response:
    """Import a bank statement 银行对账单. A line the account has already is not taken again; a preview lists every line and bad row.

    A line is the same when date, amount, reference, text and balance are; the second of two equal lines is the second of every file.
    """
    wish = Import(account, upload.content, mode, mapping_version, covers_from, covers_to, principal.sub)
    if preview:
        return JsonResponse(await statements.preview_statement(context.database, context.cipher, book, wish))
    return send(await statements.import_statement(context.database, context.cipher, upload.once, wish))


@router.get(
    "/{account}/statement-lines",
    response_model=Page[LineOut],
    responses=responses(NOT_FOUND),
    dependencies=[Reader],
)
async def list_statement_lines(
    book: BookCode,
    account: Account,
    context: Ctx,
    matched: Annotated[
        bool | None, Query(description="Only lines in a match, or only those in none. 仅已勾对或仅未勾对。")
    ] = None,
    first_day: Annotated[Day, Query(alias="from", description="First day. 起始日期。")] = None,
    last_day: Annotated[Day, Query(alias="to", description="Last day. 截止日期。")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List the lines of the account's statements by date, each with the match it is in."""
    items, next_cursor = await reconciling.list_lines(
        context.database,
        book,
        account,
        matched=matched,
        first_day=first_day,
        last_day=last_day,
        limit=limit,
        cursor=cursor,
    )
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.post(
    "/{account}/match-proposals",
    response_model=ProposedMatchesOut,
    responses=responses(NOT_FOUND),
    dependencies=[Reader],
)
async def propose_matches(book: BookCode, account: Account, context: Ctx, body: ProposalIn) -> Response:
    """Propose which waiting lines and entries are the same money 自动勾对建议, by amount, reference and date. Stores nothing."""
    return JsonResponse(await matches.propose_matches(context.database, book, account, body.window_days))


@router.post(
    "/{account}/matches",
    status_code=201,
    response_model=MatchesOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, ALREADY_MATCHED, MATCH_SUMS_DIFFER),
)
async def confirm_matches(
    book: BookCode, account: Account, once: Idempotent, principal: Poster, context: Ctx, body: MatchesIn
) -> Response:
    """Confirm pairs 勾对: one line to one entry, one to several or several to one, whose sums agree to the fen; all of them or none."""
    del book
    pairs = [Pair(pair.line, pair.entry, pair.other_line) for pair in body.pairs]
    return send(await matches.confirm_matches(context.database, once, account, pairs, principal.sub))


@router.post(
    "/{account}/matches/{match}/undo",
    response_model=MatchOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, MATCH_UNDONE),
)
async def undo_match(
    book: BookCode, account: Account, match: UUID, once: Idempotent, principal: Poster, context: Ctx, body: UndoIn
) -> Response:
    """Undo a match 撤销勾对: its lines and entries wait again. The match stays in the history with the reason."""
    del book
    answer = await matches.undo_match(
        context.database, once, account, match, reason=body.reason, by=principal.sub
    )  # fmt: skip
    return send(answer)


@router.get(
    "/{account}/reconciliation",
    response_model=ReconciliationOut,
    responses=responses(NOT_FOUND),
    dependencies=[Reader],
)
async def get_reconciliation(
    book: BookCode,
    account: Account,
    context: Ctx,
    on: Annotated[Day, Query(description="The end of this day; today by default. 截止日期。")] = None,
    items: Annotated[
        QueryInteger, Query(ge=0, le=10_000, description="Most items shown of each group. 每组最多列示条数。")
    ] = MAX_LIMIT,
) -> Response:
    """Read the reconciliation 银行存款余额调节表 at the end of a day. A match counts once all its parts lie on or before it."""
    return JsonResponse(await reconciling.read_reconciliation(context.database, book, account, on=on, items=items))


@router.get("/{account}/journal", response_model=BankJournalOut, responses=responses(NOT_FOUND), dependencies=[Reader])
async def get_bank_journal(
    book: BookCode,
    account: Account,
    context: Ctx,
    first_day: From = None,
    last_day: To = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Read the bank journal 银行存款日记账: every entry that moved the account's cash, with the balance after it."""
    page = await reconciling.read_journal(
        context.database, book, account, first_day=first_day, last_day=last_day, limit=limit, cursor=cursor
    )
    return JsonResponse(page)
