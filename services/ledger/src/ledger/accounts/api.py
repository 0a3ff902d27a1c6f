"""HTTP of accounts."""

from typing import Annotated

from fastapi import Depends, Query

from common.auth import require
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode
from common.web import Router
from ledger.accounts import service
from ledger.accounts.schemas import AccountOut
from ledger.context import Ctx
from ledger.funds.schemas import FundCode

router = Router(prefix="/v1/books/{book}", tags=["accounts"])


@router.get("/accounts", dependencies=[Depends(require("ledger:read"))])
async def list_accounts(
    book: BookCode,
    context: Ctx,
    fund: Annotated[FundCode | None, Query(description="Only this fund's accounts. 只列此基金的科目。")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AccountOut]:
    """List the accounts of a fund, or of all funds, by fund and code."""
    rows, next_cursor = await service.list_accounts(context.database, book, fund, limit=limit, cursor=cursor)
    items = [
        AccountOut(
            fund=row.fund,
            code=row.code,
            name_zh=row.name_zh,
            name_en=row.name_en,
            basis=row.basis,
            normal_side=row.normal_side,
        )
        for row in rows
    ]
    return Page(items=items, next_cursor=next_cursor)
