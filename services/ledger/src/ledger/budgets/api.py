"""HTTP of budget control: allotments, encumbrances, liquidations, returns, releases, alone and in groups, and balances."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Path, Query, Request
from fastapi.responses import Response

from common.errors import Language, Problem, preferred_language
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page, QueryInteger
from common.text import BookCode, Code
from common.web import JsonResponse, Router, responses
from ledger.budgets import expiry, groups, life, service
from ledger.budgets.life_schemas import (
    BalancesOut,
    EncumbranceExtended,
    ExpiringOut,
    ExpiryIn,
    ExpiryOut,
    ExtensionIn,
    GroupLiquidationIn,
    GroupOut,
    GroupReleaseIn,
    HistoryOut,
)
from ledger.budgets.schemas import (
    AllotmentIn,
    EncumbranceIn,
    EncumbranceMoved,
    EncumbranceOut,
    EncumbrancePosted,
    EncumbranceStatus,
    LiquidationIn,
    ReleaseIn,
    ReturnIn,
)
from ledger.context import DRY_RUN_HEADER, AtMoment, Ctx, Idempotent, send
from ledger.funds.api import REFUSALS, FundPath, Poster, Reader
from ledger.funds.schemas import Posted
from ledger.journal.api import PROPOSED
from ledger.journal.approval import ACCEPTED
from ledger.journal.chain import instant
from ledger.journal.decide import Outcome
from ledger.journal.drafts import Answer
from ledger.problems import (
    ALREADY_REVERSED,
    AMOUNT_EXCEEDS_REMAINING,
    ENCUMBRANCE_HELD,
    ENCUMBRANCE_NOT_OPEN,
    INSUFFICIENT_FUNDS,
    OUT_OF_ORDER,
)

router = Router(prefix="/v1/books/{book}", tags=["budgets"])

EncumbrancePath = Annotated[UUID, Path(alias="id", description="The encumbrance's id. 冻结编号。")]
LiquidationPath = Annotated[UUID, Path(alias="lid", description="The id of the liquidation's entry. 支付凭证编号。")]


@router.post(
    "/funds/{fund}/allotments", status_code=201, response_model=Posted, responses={**responses(*REFUSALS), **PROPOSED}
)
async def create_allotment(
    context: Ctx, once: Idempotent, principal: Poster, fund: FundPath, body: AllotmentIn
) -> Response:
    """Make budget available 下达指标. More than the cash at hand is a warning in the answer, not a refusal."""
    return send(await service.allot(context.engine, once, principal, fund, body))


@router.post(
    "/encumbrances",
    status_code=201,
    response_model=EncumbrancePosted,
    responses={**responses(*REFUSALS, INSUFFICIENT_FUNDS), **PROPOSED},
)
async def create_encumbrance(context: Ctx, once: Idempotent, principal: Poster, body: EncumbranceIn) -> Response:
    """Reserve budget for one purpose 冻结指标, until it is paid, released or expired."""
    return send(await service.encumber(context.engine, once, principal, body))


@router.post(
    "/encumbrances/{id}/liquidations",
    status_code=201,
    response_model=EncumbranceMoved,
    responses={
        **responses(*REFUSALS, ENCUMBRANCE_NOT_OPEN, AMOUNT_EXCEEDS_REMAINING, OUT_OF_ORDER, INSUFFICIENT_FUNDS),
        **PROPOSED,
    },
)
async def create_liquidation(
    context: Ctx, once: Idempotent, principal: Poster, encumbrance: EncumbrancePath, body: LiquidationIn
) -> Response:
    """Pay an encumbrance in part or whole 核销支付; the answer's id is the liquidation's."""
    return send(await service.liquidate(context.engine, once, principal, encumbrance, body))


@router.post(
    "/encumbrances/{id}/liquidations/{lid}/return",
    status_code=201,
    response_model=EncumbranceMoved,
    responses={**responses(*REFUSALS, ALREADY_REVERSED, OUT_OF_ORDER), **PROPOSED},
)
async def return_liquidation(
    context: Ctx,
    once: Idempotent,
    principal: Poster,
    encumbrance: EncumbrancePath,
    liquidation: LiquidationPath,
    body: ReturnIn,
) -> Response:
    """Book that the bank gave a liquidation back 支付退票; the encumbrance is open again."""
    return send(await service.take_back(context.engine, once, principal, encumbrance, liquidation, body))


@router.post(
    "/encumbrances/{id}/release",
    status_code=201,
    response_model=EncumbranceMoved,
    responses={**responses(*REFUSALS, ENCUMBRANCE_NOT_OPEN, OUT_OF_ORDER), **PROPOSED},
)
async def release_encumbrance(
    context: Ctx, once: Idempotent, principal: Poster, encumbrance: EncumbrancePath, body: ReleaseIn
) -> Response:
    """Give what is left of an encumbrance back to available 解除冻结; also of an expired one."""
    return send(await service.release(context.engine, once, principal, encumbrance, body))


@router.post("/encumbrances/liquidations", response_model=GroupOut, responses=responses(*REFUSALS))
async def create_liquidations(
    request: Request, context: Ctx, once: Idempotent, principal: Poster, body: GroupLiquidationIn
) -> Response:
    """Pay up to 1,000 encumbrances as one act 批量核销支付: all of them or none; each result says what became of one.

    If one of them needs a second person, all of them wait as proposals.
    """
    outcomes = await groups.liquidate_many(context.engine, once, principal, body)
    return _results(request, [item.id for item in body.items], outcomes, dry_run=once.dry_run)


@router.post("/encumbrances/releases", response_model=GroupOut, responses=responses(*REFUSALS))
async def create_releases(
    request: Request, context: Ctx, once: Idempotent, principal: Poster, body: GroupReleaseIn
) -> Response:
    """Give back what is left of up to 1,000 encumbrances as one act 批量解除冻结: all of them or none; also of expired ones."""
    outcomes = await groups.release_many(context.engine, once, principal, body)
    return _results(request, body.ids, outcomes, dry_run=once.dry_run)


@router.post("/encumbrances/expiry", response_model=ExpiryOut, responses=responses(*REFUSALS))
async def release_expired(
    request: Request, context: Ctx, once: Idempotent, principal: Poster, body: ExpiryIn
) -> Response:
    """Give back what expired encumbrances have left 到期自动解除, each by itself; the ledger's worker does the same by the clock.

    Those held by open items are left to their items.
    """
    swept = await expiry.sweep_once(context.database, context.engine, once, principal.sub, body.most)
    told = {"expired_by": instant(swept.found.expired_by), "more": swept.found.more}
    return _results(request, swept.found.keys, swept.outcomes, dry_run=once.dry_run, **told)


@router.get("/encumbrances/expiring", response_model=Page[ExpiringOut], responses=responses(404))
async def list_expiring_encumbrances(
    context: Ctx,
    book: BookCode,
    _reader: Reader,
    within_days: Annotated[
        QueryInteger, Query(ge=1, le=3660, description="Within so many days from now. 多少天内到期。")
    ] = 30,
    fund: Annotated[Code | None, Query(description="Of this fund and those below it. 基金代码，含下级。")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List encumbrances that expire soon with something left 即将到期冻结, the soonest first."""
    items, next_cursor = await life.list_expiring(context.database, book, fund, within_days, limit=limit, cursor=cursor)
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.post(
    "/encumbrances/{id}/extension",
    status_code=201,
    response_model=EncumbranceExtended,
    responses=responses(404, 409, 422, ENCUMBRANCE_NOT_OPEN, ENCUMBRANCE_HELD),
)
async def extend_encumbrance(
    context: Ctx, once: Idempotent, principal: Poster, encumbrance: EncumbrancePath, body: ExtensionIn
) -> Response:
    """Give an encumbrance more time 冻结展期; also an expired one that still has something left."""
    return send(await life.extend(context.engine, once, principal, encumbrance, body))


@router.get("/encumbrances/{id}/history", response_model=Page[HistoryOut], responses=responses(404))
async def read_encumbrance_history(
    context: Ctx,
    book: BookCode,
    _reader: Reader,
    encumbrance: EncumbrancePath,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List what happened to an encumbrance 冻结变动记录: its entries and extensions, in the order of the chain."""
    items, next_cursor = await life.read_history(context.database, book, encumbrance, limit=limit, cursor=cursor)
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.get("/balances", response_model=BalancesOut, responses=responses(404))
async def read_balances(
    context: Ctx,
    book: BookCode,
    _reader: Reader,
    moment: AtMoment,
    fund: Annotated[Code | None, Query(description="Of this fund and those below it. 基金代码，含下级。")] = None,
    limit: Annotated[
        QueryInteger, Query(ge=1, le=10_000, description="Most open encumbrances in the answer. 未结冻结最多笔数。")
    ] = 1_000,
    cursor: Cursor = None,
) -> Response:
    """Show balances and open encumbrances in one snapshot 余额与未结冻结: what is left of these equals what is encumbered.

    At a moment in the past, encumbrances are shown as their entries up to then and the extensions recorded by then leave them; a
    moment with `at_seq` lasts until the next entry is posted.
    """
    return JsonResponse(await life.balances(context.database, book, fund, moment, limit=limit, cursor=cursor))


@router.get("/encumbrances", response_model=Page[EncumbranceOut], responses=responses(404))
async def list_encumbrances(
    context: Ctx,
    book: BookCode,
    _reader: Reader,
    fund: Annotated[str | None, Query(max_length=64, description="Only of this fund itself. 基金代码。")] = None,
    status: Annotated[EncumbranceStatus | None, Query(description="Only in this status. 状态。")] = None,
    reference: Annotated[
        str | None, Query(max_length=200, description="Only with exactly this reference. 外部单据号。")
    ] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """List encumbrances 冻结一览 in the order they were opened, as they stand now."""
    items, next_cursor = await service.list_encumbrances(
        context.database, book, fund=fund, status=status, reference=reference, limit=limit, cursor=cursor
    )
    return JsonResponse({"items": items, "next_cursor": next_cursor})


@router.get("/encumbrances/{id}", response_model=EncumbranceOut, responses=responses(404))
async def read_encumbrance(context: Ctx, book: BookCode, _reader: Reader, encumbrance: EncumbrancePath) -> Response:
    """Read one encumbrance as it stands now."""
    return JsonResponse(await service.read_encumbrance(context.database, book, encumbrance))


def _results(
    request: Request, ids: Iterable[UUID], outcomes: list[Outcome], *, dry_run: bool, **told: object
) -> Response:
    """Answer what became of each encumbrance, in order."""
    language = preferred_language(request.headers.get("accept-language"))
    results = [{"id": str(one), **_result(each, language)} for one, each in zip(ids, outcomes, strict=True)]
    return JsonResponse({**told, "results": results}, headers={DRY_RUN_HEADER: "true"} if dry_run else None)


def _result(outcome: Outcome, language: Language) -> dict[str, object]:
    if isinstance(outcome, Answer):
        if outcome.status == ACCEPTED:
            proposal = orjson.loads(outcome.body)["proposal"]
            return {"status": "replayed" if outcome.replayed else "proposed", "proposal": proposal}
        # The answer as it was stored, byte for byte.
        return {"status": "replayed" if outcome.replayed else "posted", "posted": orjson.Fragment(outcome.body)}
    if isinstance(outcome, Problem):
        return {"status": "refused", "problem": outcome.render(language)}
    return {"status": "not_attempted"}
