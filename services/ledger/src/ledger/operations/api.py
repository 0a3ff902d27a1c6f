"""HTTP of operations: one endpoint for each operation of the catalogue, a batch for all, and what is open."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Request
from fastapi.responses import Response

from common.auth import Principal, require
from common.errors import Language, Problem, preferred_language
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode, Code, Line
from common.web import JsonResponse, Router, responses
from ledger.context import DRY_RUN_HEADER, Ctx, DryRun, Idempotent, send
from ledger.funds.api import REFUSALS, FundPath
from ledger.funds.schemas import VoucherIn
from ledger.journal.api import PROPOSED
from ledger.journal.approval import ACCEPTED
from ledger.journal.decide import Outcome
from ledger.journal.drafts import Answer
from ledger.operations import service
from ledger.operations.catalogue import Operation
from ledger.operations.schemas import (
    BatchIn,
    BatchOut,
    GiftOut,
    ItemStatus,
    OpenItemOut,
    OperationPosted,
    OperationsOut,
)
from ledger.operations.service import Batch, Desk
from ledger.operations.store import ItemFilter
from ledger.problems import (
    AMOUNT_EXCEEDS_REMAINING,
    ENCUMBRANCE_HELD,
    ENCUMBRANCE_NOT_OPEN,
    INSUFFICIENT_FUNDS,
    MORE_THAN_WAS_SPENT,
    OPERATION_NOT_OF_FUND,
    OUT_OF_ORDER,
    PURPOSE_NOT_ALLOWED,
)

Reader = Annotated[Principal, Depends(require("ledger:read"))]
Poster = Annotated[Principal, Depends(require("ledger:post"))]
_REFUSALS = (
    *REFUSALS,
    OPERATION_NOT_OF_FUND,
    INSUFFICIENT_FUNDS,
    AMOUNT_EXCEEDS_REMAINING,
    MORE_THAN_WAS_SPENT,
    ENCUMBRANCE_HELD,
    ENCUMBRANCE_NOT_OPEN,
    OUT_OF_ORDER,
    PURPOSE_NOT_ALLOWED,
)


def router_of(desk: Desk) -> Router:
    """Return the router with an endpoint for each operation of the catalogue."""
    router = Router(prefix="/v1/books/{book}", tags=["operations"])
    _add_reading(router, desk)
    router.add_api_route(
        "/operations/batch",
        _batch_endpoint(desk),
        methods=["POST"],
        response_model=BatchOut,
        responses=responses(*_REFUSALS),
        name="create_operations",
    )
    for operation in desk.catalogue.operations:
        router.add_api_route(
            f"/funds/{{fund}}/{operation.path}",
            _endpoint(operation, desk.types[operation.operation]),
            methods=["POST"],
            status_code=201,
            response_model=OperationPosted,
            responses={**responses(*_REFUSALS), **PROPOSED},
            name=f"create_{operation.operation}",
            summary=f"{operation.title_en} {operation.title_zh}",
        )
    return router


def _endpoint(operation: Operation, body_type: type[VoucherIn]) -> Callable[..., Any]:
    async def create(
        context: Ctx,
        once: Idempotent,
        principal: Poster,
        fund: FundPath,
        body: body_type,  # type: ignore[valid-type]
    ) -> Response:
        return send(await service.operate(context.engine, once, principal, operation, fund, body))

    categories = "any fund" if "any" in operation.funds else f"funds of the category {', '.join(operation.funds)}"
    create.__doc__ = (
        f"{operation.title_en} {operation.title_zh}. For {categories}; docs/voucher-templates.md has its lines."
    )
    return create


def _batch_endpoint(desk: Desk) -> Callable[..., Any]:
    async def create_operations(
        context: Ctx, request: Request, book: BookCode, principal: Poster, body: BatchIn, *, dry_run: DryRun = False
    ) -> Response:
        """Do up to 10,000 operations 批量业务, of any kinds and funds; each result says what became of one.

        Every one carries its own idempotency key, in the same key space as single calls, so the call itself needs none: sending it
        again after a lost answer is safe. With ``atomic`` one refusal keeps all of them out.
        """
        prefix = request.url.path.removesuffix("/operations/batch") + "/funds"
        batch = Batch(book, prefix, context.fingerprint_secret, principal, dry_run)
        outcomes = await service.operate_many(context.engine, desk, batch, body.entries, atomic=body.atomic)
        language = preferred_language(request.headers.get("accept-language"))
        headers = {DRY_RUN_HEADER: "true"} if dry_run else None
        return JsonResponse({"results": [_result(one, language) for one in outcomes]}, headers=headers)

    return create_operations


def _add_reading(router: Router, desk: Desk) -> None:
    shown = {"items": service.operations_json(desk.catalogue)}

    @router.get("/operations", response_model=OperationsOut)
    async def list_operations(book: BookCode, _reader: Reader) -> Response:
        """List every operation a fund can do 业务目录, with its fields and an example."""
        del book
        return JsonResponse(shown)

    @router.get("/open-items", response_model=Page[OpenItemOut], responses=responses(404))
    async def list_open_items(
        context: Ctx,
        book: BookCode,
        _reader: Reader,
        fund: Annotated[Code | None, Query(description="Items of this fund. 基金。")] = None,
        kind: Annotated[Code | None, Query(description="Items of this kind, e.g. `advance`. 往来种类。")] = None,
        status: Annotated[ItemStatus | None, Query(description="Open, or settled in full. 状态。")] = None,
        party_ref: Annotated[Line | None, Query(description="Items of this party. 往来单位引用号。")] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Response:
        """List open items 往来明细 in the order they were opened, with their age: advances, retentions, pools, gifts."""
        wanted = ItemFilter(fund, kind, status, party_ref)
        items, next_cursor = await service.list_items(context.database, book, wanted, limit=limit, cursor=cursor)
        return JsonResponse({"items": items, "next_cursor": next_cursor})

    @router.get("/open-items/{id}", response_model=OpenItemOut, responses=responses(404))
    async def get_open_item(
        context: Ctx,
        book: BookCode,
        _reader: Reader,
        item: Annotated[UUID, Path(alias="id", description="The item's id. 往来编号。")],
    ) -> Response:
        """Show one open item."""
        return JsonResponse(await service.read_item(context.database, book, item))

    @router.get("/donations", response_model=Page[GiftOut], responses=responses(404))
    async def list_donations(
        context: Ctx,
        book: BookCode,
        _reader: Reader,
        fund: Annotated[Code | None, Query(description="Gifts to this fund. 基金。")] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Response:
        """List donations 捐赠 in the order they were booked, with their receipt numbers and what is unspent of each."""
        items, next_cursor = await service.list_gifts(context.database, book, fund, limit=limit, cursor=cursor)
        return JsonResponse({"items": items, "next_cursor": next_cursor})


def _result(outcome: Outcome, language: Language) -> dict[str, object]:
    if isinstance(outcome, Answer):
        if outcome.status == ACCEPTED:
            proposal = orjson.loads(outcome.body)["proposal"]
            return {"status": "replayed" if outcome.replayed else "proposed", "proposal": proposal}
        status = "replayed" if outcome.replayed else "posted"
        # The answer as it was stored, byte for byte.
        return {"status": status, "posted": orjson.Fragment(outcome.body)}
    if isinstance(outcome, Problem):
        return {"status": "refused", "problem": outcome.render(language)}
    return {"status": "not_attempted"}
