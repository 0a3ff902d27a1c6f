"""HTTP of claims: intake, lists, the decision, the steps."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims import service, steps
from claims.claims.paths import STEPS
from claims.claims.rules import Status, WaitingFor
from claims.claims.schemas import ClaimFiled, ClaimIn, ClaimOut, DecisionOut, Recomputation, StepIn, StepTaken
from claims.claims.step_fields import check_step
from claims.claims.store import ClaimFilter
from claims.context import Ctx
from claims.divisions.service import find_town
from claims.idempotency import once
from claims.places import check_household, placed
from claims.policies.rules import Cause
from claims.problems import (
    CAP_EXCEEDED,
    EVENT_OUTSIDE_POLICY,
    INCOME_LINE_MISSING,
    LOSS_BELOW_OTHER_PAYMENTS,
    NOT_ELIGIBLE,
    NOTICE_EXCEEDED,
    NOTICE_NOT_PUBLISHED,
    NOTICE_RUNNING,
    OBJECTION_OPEN,
    OBJECTION_UPHELD,
    OUT_OF_ORDER,
    PERSONAL_DATA_ERASED,
    REVIEW_NEEDED,
    SECOND_LOOK_NEEDED,
    WORKING_DAYS_MISSING,
)
from common.auth import Principal, require
from common.dates import now_utc, today_in_shanghai
from common.errors import preferred_language
from common.idempotency import IdempotencyKey
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page, QueryInteger
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}/claims", tags=["claims"])

Intake = Annotated[Principal, Depends(require("claims:intake", heeds_places=True))]
Reader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]
ReaderOfOne = Annotated[Principal, Depends(placed("claims:read"))]
StepTaker = Annotated[Principal, Depends(placed(*sorted({scope for rule in STEPS.values() for scope in rule.scopes})))]
Version = Annotated[
    QueryInteger | None,
    Query(ge=1, le=30_000, description="Version of the decision; the latest by default. 核定版本。"),
]


@router.post(
    "",
    status_code=201,
    response_model=ClaimFiled,
    responses=responses(404, 409, EVENT_OUTSIDE_POLICY, LOSS_BELOW_OTHER_PAYMENTS, PERSONAL_DATA_ERASED),
    summary="File a claim",
)
async def file_claim(
    request: Request, context: Ctx, book: BookCode, body: ClaimIn, principal: Intake, key: IdempotencyKey
) -> Response:
    """Record a claim and decide it for the first time 登记理赔申请.

    A claim the rules refuse is recorded all the same, so that the refusal can be explained and reviewed.
    """
    await check_household(context, principal, book, body.household_id)

    async def work(conn: AsyncConnection) -> ClaimFiled:
        return await service.file_claim(
            conn,
            service.seal_of(context, book),
            book=book,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work)


@router.get("", response_model=Page[ClaimFiled], summary="List claims")
async def list_claims(
    context: Ctx,
    book: BookCode,
    principal: Reader,
    status: Annotated[Status | None, Query(description="状态。")] = None,
    town: Annotated[str | None, Query(max_length=200, description="Code or exact name. 乡镇。")] = None,
    waiting_for: Annotated[WaitingFor | None, Query(description="Who has to act next. 待办。")] = None,
    household_id: Annotated[UUID | None, Query()] = None,
    cause: Annotated[Cause | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    *,
    overdue: Annotated[bool, Query(description="Only claims whose deadline is over. 仅看逾期。")] = False,
) -> Page[ClaimFiled]:
    """List claims in the order of filing 理赔列表. Filters are combined."""
    wanted = ClaimFilter(
        status=status,
        town_code=None if town is None else find_town(book, town),
        household_id=household_id,
        cause=cause,
        waiting_for=waiting_for,
        overdue_on=today_in_shanghai() if overdue else None,
        places=principal.places,
    )
    items, next_cursor = await service.list_claims(context, book, wanted, limit, cursor)
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{claim_id}", response_model=ClaimOut, responses=responses(404), summary="Read a claim")
async def get_claim(context: Ctx, book: BookCode, claim_id: UUID, _: ReaderOfOne) -> ClaimOut:
    """Read one claim with its losses, its history and the trail of its money 查看理赔."""
    return await service.get_claim(context, book, claim_id)


@router.get(
    "/{claim_id}/decision",
    response_model=DecisionOut,
    responses=responses(404, PERSONAL_DATA_ERASED),
    summary="Read a decision",
)
async def get_decision(
    request: Request, context: Ctx, book: BookCode, claim_id: UUID, _: ReaderOfOne, version: Version = None
) -> DecisionOut:
    """Read the decision with every check and the whole computation 查看核定.

    It exists from intake on, is made again at a completion and at the county's approval, and is then final.
    """
    language = preferred_language(",".join(request.headers.getlist("accept-language")))
    return await service.get_decision(context, book, claim_id, version, language)


@router.post(
    "/{claim_id}/decision/recomputation",
    response_model=Recomputation,
    responses=responses(404, PERSONAL_DATA_ERASED),
    summary="Make a decision again",
)
async def recompute_decision(
    context: Ctx, book: BookCode, claim_id: UUID, _: ReaderOfOne, version: Version = None
) -> Recomputation:
    """Make a stored decision again from its stored inputs and compare the two byte for byte 重新计算并比对. Stores nothing."""
    return await service.recompute(context, book, claim_id, version)


@router.post(
    "/{claim_id}/steps",
    status_code=201,
    response_model=StepTaken,
    responses=responses(
        404,
        409,
        OUT_OF_ORDER,
        CAP_EXCEEDED,
        LOSS_BELOW_OTHER_PAYMENTS,
        NOT_ELIGIBLE,
        INCOME_LINE_MISSING,
        REVIEW_NEEDED,
        WORKING_DAYS_MISSING,
        SECOND_LOOK_NEEDED,
        NOTICE_EXCEEDED,
        NOTICE_NOT_PUBLISHED,
        NOTICE_RUNNING,
        OBJECTION_OPEN,
        OBJECTION_UPHELD,
    ),
    summary="Take a step",
)
async def take_claim_step(
    request: Request,
    context: Ctx,
    book: BookCode,
    claim_id: UUID,
    body: StepIn,
    principal: StepTaker,
    key: IdempotencyKey,
) -> Response:
    """Take a step on a claim 办理理赔步骤.

    GET /claim-paths shows the steps of each path, who may take them and in which order. Every two duties of a claim lie
    with two different people.
    """
    principal.check_scope(*STEPS[body.step].scopes)
    today = today_in_shanghai()
    step = check_step(body, today)

    async def work(conn: AsyncConnection) -> StepTaken:
        return await steps.take_step(
            conn,
            service.seal_of(context, book),
            book=book,
            claim_id=claim_id,
            step=step,
            by_person=principal.sub,
            today=today,
            now=now_utc(),
        )

    return await once(context, request, book, key, work)
