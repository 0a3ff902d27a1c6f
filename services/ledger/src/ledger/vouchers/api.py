"""HTTP of the vouchers."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query
from fastapi.responses import HTMLResponse, Response

from common.auth import require
from common.text import BookCode
from common.web import Router, responses
from common.web.files import FILES, as_file, pieces_of
from ledger.context import Ctx
from ledger.vouchers import service
from ledger.vouchers.page import Paper, page, policy
from ledger.vouchers.sheet import sheet_of

router = Router(prefix="/v1/books/{book}", tags=["vouchers"], dependencies=[Depends(require("ledger:read"))])

_EXAMPLE = '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<title>记账凭证 2026-03 记字第12号</title>'


@router.get(
    "/journal-entries/{id}/voucher",
    response_class=Response,
    responses={
        **responses(404),
        200: {
            "description": "The page; with `format` the same as a table with Chinese headings, amounts in yuan.",
            "content": {"text/html": {"schema": {"type": "string"}, "example": _EXAMPLE}, **FILES[200]["content"]},
        },
    },
)
async def get_voucher(
    book: BookCode,
    context: Ctx,
    entry: Annotated[UUID, Path(alias="id", description="The entry's id. 凭证标识。")],
    paper: Annotated[Paper, Query(description="Paper to print on, across. 纸张（横向）。")] = "a4",
    wanted: Annotated[
        Literal["html", "csv", "xlsx"],
        Query(alias="format", description="A page to print, or a table for a spreadsheet. 格式。"),
    ] = "html",
) -> Response:
    """Show a journal entry as a printable page 记账凭证: each basis with its sum in capitals, and the three names.

    The page is whole in itself: it loads nothing and runs nothing. As JSON the entry stands under its id.
    """
    voucher = await service.read_voucher(context.database, book, entry)
    if wanted != "html":
        sheet, lines = sheet_of(voucher)
        return await as_file(wanted, "voucher", sheet, pieces_of(lines), book, voucher.seq)
    return HTMLResponse(page(voucher, paper), headers={"Content-Security-Policy": policy(paper)})
