"""HTTP of givers."""

from typing import Annotated

from fastapi import Depends, Path
from fastapi.responses import Response

from common.auth import Principal, require
from common.errors import IDEMPOTENCY_KEY_REUSED, NOT_FOUND
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode, Code
from common.web import JsonResponse, Router, responses
from ledger.context import Ctx, Idempotent, send
from ledger.givers import service
from ledger.givers.schemas import DisclosedOut, DisclosureIn, ErasedOut, ErasureIn, GiverIn, GiverOut, RegisteredOut
from ledger.problems import GIVER_ERASED, GIVER_EXISTS

router = Router(prefix="/v1/books/{book}/givers", tags=["operations"])

Reader = Depends(require("ledger:read"))
Keeper = Annotated[Principal, Depends(require("ledger:givers"))]
Ref = Annotated[Code, Path(description="The giver's reference. 捐赠人引用号。")]


@router.post(
    "",
    status_code=201,
    response_model=RegisteredOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, GIVER_EXISTS),
)
async def register_giver(book: BookCode, once: Idempotent, principal: Keeper, context: Ctx, body: GiverIn) -> Response:
    """Register a giver 登记捐赠人 under an opaque reference, which gifts then name. Name and contact are sealed at rest."""
    del book
    return send(await service.register(context.database, context.cipher, once, body, principal.sub))


@router.get("", response_model=Page[GiverOut], responses=responses(NOT_FOUND), dependencies=[Reader])
async def list_givers(book: BookCode, context: Ctx, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """List givers by reference, masked."""
    items, next_cursor = await service.list_givers(context.database, context.cipher, book, limit=limit, cursor=cursor)
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.get("/{ref}", response_model=GiverOut, responses=responses(NOT_FOUND), dependencies=[Reader])
async def get_giver(book: BookCode, ref: Ref, context: Ctx) -> Response:
    """Show a giver, masked."""
    return JsonResponse(await service.read(context.database, context.cipher, book, ref))


@router.post("/{ref}/disclosure", response_model=DisclosedOut, responses=responses(NOT_FOUND, GIVER_ERASED))
async def disclose_giver(book: BookCode, ref: Ref, principal: Keeper, context: Ctx, body: DisclosureIn) -> Response:
    """Show a giver in the clear, for a reason, e.g. to write a receipt 开具捐赠票据. Who asked and why is recorded each time."""
    told = await service.disclose(context.database, context.cipher, book, ref, reason=body.reason, by=principal.sub)
    return JsonResponse(told)


@router.post(
    "/{ref}/erasure",
    response_model=ErasedOut,
    responses=responses(NOT_FOUND, IDEMPOTENCY_KEY_REUSED, GIVER_ERASED),
)
async def erase_giver(
    book: BookCode, ref: Ref, once: Idempotent, principal: Keeper, context: Ctx, body: ErasureIn
) -> Response:
    """Erase a giver's name and contact 抹除个人信息. The reference and the gifts stay, and the chain still verifies."""
    del book
    return send(await service.erase(context.database, once, ref, reason=body.reason, by=principal.sub))
