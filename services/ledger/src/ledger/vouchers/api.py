"""HTTP of the vouchers."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from fastapi.responses import HTMLResponse

from common.auth import require
from common.text import BookCode
from common.web import Router, responses
from ledger.context import Ctx
from ledger.vouchers import service
from ledger.vouchers.page import Paper, page, policy

router = Router(prefix="/v1/books/{book}", tags=["vouchers"], dependencies=[Depends(require("ledger:read"))])

_EXAMPLE = '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<title>记账凭证 2026-03 记字第12号</title>'


@router.get(
    "/journal-entries/{id}/voucher",
    response_class=HTMLResponse,
    responses={
        **responses(404),
        200: {
            "description": "The page.",
            "content": {"text/html": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
    },
)
async def get_voucher(
    book: BookCode,
    context: Ctx,
    entry: Annotated[UUID, Path(alias="id", description="The entry's id. 凭证标识。")],
    paper: Annotated[Paper, Query(description="Paper to print on, across. 纸张（横向）。")] = "a4",
) -> HTMLResponse:
    """Show a journal entry as a printable page 记账凭证: each basis with its sum in capitals, and the three names.

    The page is whole in itself: it loads nothing and runs nothing.
    """
    voucher = await service.read_voucher(context.database, book, entry)
    return HTMLResponse(page(voucher, paper), headers={"Content-Security-Policy": policy(paper)})
