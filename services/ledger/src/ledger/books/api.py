"""HTTP of books."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from common.auth import Principal, require
from common.errors import IDEMPOTENCY_KEY_REUSED
from common.idempotency import IdempotencyKey, request_fingerprint
from common.text import BookCode
from common.web import JsonResponse, Router, responses
from ledger.books import service
from ledger.books.schemas import BookIn, BookOut
from ledger.books.service import NewBook
from ledger.context import TRYING, Ctx, DryRun, marked, send
from ledger.journal.once import Once
from ledger.problems import BOOK_EXISTS

router = Router(prefix="/v1/books", tags=["books"])

Admin = Annotated[Principal, Depends(require("books:admin"))]


@router.post("", status_code=201, response_model=BookOut, responses=responses(IDEMPOTENCY_KEY_REUSED, BOOK_EXISTS))
async def open_book(
    body: BookIn, key: IdempotencyKey, request: Request, principal: Admin, context: Ctx, *, dry_run: DryRun = False
) -> Response:
    """Open a book: the seven funds, each with every account of the chart.

    Every month from the first to the current one is open. The token must be for this book. Needs no second person.
    """
    principal.check_book(body.code)
    wish = NewBook(body.code, body.name, body.first_period, principal.sub)
    # Its book stands in the body: it cannot take what the other routes read from their address.
    mark = await request_fingerprint(request, context.fingerprint_secret, without=TRYING)
    async with marked(Once(body.code, key, mark, dry_run)) as once:
        return send(await service.open_book(context.database, wish, once))


@router.get("/{book}", response_model=BookOut, dependencies=[Depends(require("ledger:read", "books:admin"))])
async def get_book(book: BookCode, context: Ctx) -> Response:
    """Read a book with its funds without a parent and its chart of accounts."""
    return JsonResponse(await service.read_book(context.database, book))
