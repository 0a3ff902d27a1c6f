"""HTTP of the path of claims: the paths as data, what waits for whom, public notices with objections, appeals, many steps in one call."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.claims import appeals, notices, service, steps, store
from claims.claims.api import StepTaker
from claims.claims.notice_schemas import NoticeIn, NoticeOut, ObjectionIn, RulingIn
from claims.claims.path_answers import path_list, reason_list, task_out
from claims.claims.path_schemas import (
    AppealIn,
    BatchStepIn,
    BatchStepOut,
    PathList,
    ReasonList,
    StepBatchIn,
    StepBatchOut,
    TaskOut,
)
from claims.claims.paths import STEPS
from claims.claims.rules import WaitingFor
from claims.claims.schemas import ClaimFiled, StepIn, StepTaken
from claims.claims.step_fields import check_step
from claims.claims.store import ClaimFilter
from claims.context import Context, Ctx
from claims.divisions.service import find_town
from claims.idempotency import once, run
from claims.places import is_within, placed
from claims.problems import (
    APPEAL_TOO_LATE,
    EVENT_OUTSIDE_POLICY,
    LOSS_BELOW_OTHER_PAYMENTS,
    NOT_APPEALABLE,
    NOT_ELIGIBLE,
    NOTICE_NOT_PUBLISHED,
    OBJECTION_OPEN,
    OBJECTION_RESOLVED,
    OBJECTION_UPHELD,
    OUT_OF_ORDER,
)
from common.auth import Principal, require
from common.database import transaction
from common.dates import now_utc, today_in_shanghai
from common.errors import NOT_FOUND, SAME_PERSON, Language, Problem, preferred_language
from common.idempotency import IdempotencyKey, fingerprint_value
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, page_of
from common.settings import key_bytes
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}", tags=["claims"])

Reader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]
ReaderOfOne = Annotated[Principal, Depends(placed("claims:read"))]
Village = Annotated[Principal, Depends(placed("claims:village"))]
Clerk = Annotated[Principal, Depends(placed("claims:intake", "claims:village", "claims:town"))]
Umpire = Annotated[Principal, Depends(placed("claims:town", "claims:county"))]
Intake = Annotated[Principal, Depends(placed("claims:intake"))]
Position = Annotated[int, Path(ge=1, le=30_000, description="Which objection. 异议序号。")]


@router.get("/claim-paths", response_model=PathList, summary="The paths of review")
async def list_paths(book: BookCode, _: Reader) -> PathList:
    """Show both paths as data 审核流程: steps in order, who takes them, duties that lie apart, deadlines and their sources."""
    del book  # the paths are the same in every county; a programme chooses one
    return path_list()


@router.get("/refusal-reasons", response_model=ReasonList, summary="The reasons of refusal")
async def list_reasons(book: BookCode, _: Reader) -> ReasonList:
    """Show the codes a refusal may carry 不予通过理由."""
    del book  # as above
    return reason_list()


@router.get("/tasks", response_model=Page[TaskOut], summary="What waits for whom")
async def list_tasks(
    context: Ctx,
    book: BookCode,
    principal: Reader,
    waiting_for: Annotated[WaitingFor | None, Query(description="Whose tasks. 待办人。")] = None,
    town: Annotated[str | None, Query(max_length=200, description="Code or exact name. 乡镇。")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    *,
    overdue: Annotated[bool, Query(description="Only what is overdue. 仅看逾期。")] = False,
) -> Page[TaskOut]:
    """List what waits 待办清单: the most urgent first, what has no deadline last. Claims on hold wait for nobody."""
    today = today_in_shanghai()
    wanted = ClaimFilter(
        town_code=None if town is None else find_town(book, town),
        waiting_for=waiting_for,
        overdue_on=today if overdue else None,
        places=principal.places,
    )
    after = decode_cursor(cursor, str, UUID)
    async with transaction(context.engine) as conn:
        rows = await store.list_waiting(conn, book, wanted, store.waiting_key(after), limit + 1)
    shown, next_cursor = page_of(
        rows, limit, lambda row: ("" if row.due_on is None else row.due_on.isoformat(), row.id)
    )
    return Page(items=[task_out(row, today) for row in shown], next_cursor=next_cursor)


@router.post("/claims/steps/batch", response_model=StepBatchOut, responses=responses(409), summary="Take many steps")
async def take_claim_steps(
    request: Request, context: Ctx, book: BookCode, body: StepBatchIn, principal: StepTaker
) -> StepBatchOut:
    """Take steps on up to 200 claims 批量办理, each on its own: one refusal leaves the others alone.

    Every step carries its own idempotency key, in the same key space as single calls, so the call itself needs none: sending
    it again after a lost answer is safe.
    """
    language = preferred_language(",".join(request.headers.getlist("accept-language")))
    sent: Any = await request.json()
    results = [
        await batch_step(context, book, principal, item, raw, language)
        for item, raw in zip(body.steps, sent["steps"], strict=True)
    ]
    taken = sum(one.status != "refused" for one in results)
    return StepBatchOut(taken=taken, results=results)


async def batch_step(
    context: Context, book: str, principal: Principal, item: BatchStepIn, raw: dict[str, object], language: Language
) -> BatchStepOut:
    """Take one step of a batch exactly as a single call would, and say what became of it."""
    alone = {name: value for name, value in raw.items() if name not in {"claim_id", "idempotency_key"}}
    body = StepIn.model_validate(item.model_dump(include=set(StepIn.model_fields)))
    path = f"/v1/books/{book}/claims/{item.claim_id}/steps"
    secret = key_bytes(context.settings.fingerprint_key)
    today = today_in_shanghai()
    try:
        principal.check_scope(*STEPS[body.step].scopes)
        step = check_step(body, today)

        async def work(conn: AsyncConnection) -> StepTaken:
            row = await store.load_claim(conn, book, item.claim_id)
            if row is None or not is_within(principal.places, row.town_code, row.village_code):
                raise NOT_FOUND.error()
            return await steps.take_step(
                conn,
                service.seal_of(context, book),
                book=book,
                claim_id=item.claim_id,
                step=step,
                by_person=principal.sub,
                today=today,
                now=now_utc(),
            )

        answer = await run(context, book, item.idempotency_key, fingerprint_value(secret, "POST", path, alone), work)
    except Problem as problem:
        return BatchStepOut(claim_id=item.claim_id, status="refused", step=None, problem=problem.render(language))
    status = "replayed" if answer.replayed else "taken"
    shown = StepTaken.model_validate(answer.body, strict=False)
    return BatchStepOut(claim_id=item.claim_id, status=status, step=shown, problem=None)


@router.post(
    "/claims/{claim_id}/notice",
    status_code=201,
    response_model=NoticeOut,
    responses=responses(404, OUT_OF_ORDER, SAME_PERSON, NOT_ELIGIBLE, OBJECTION_OPEN, OBJECTION_UPHELD),
    summary="Put up the public notice",
)
async def publish_notice(
    request: Request,
    context: Ctx,
    book: BookCode,
    claim_id: UUID,
    body: NoticeIn,
    principal: Village,
    key: IdempotencyKey,
) -> Response:
    """Put up the notice of a claim 张贴公示. The words are made here: no ID number, phone, account or health stands in them."""

    async def work(conn: AsyncConnection) -> NoticeOut:
        return await notices.publish(
            conn,
            service.seal_of(context, book),
            context.personal(book),
            book=book,
            claim_id=claim_id,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work)


@router.get(
    "/claims/{claim_id}/notice", response_model=NoticeOut, responses=responses(404), summary="Read the public notice"
)
async def get_notice(context: Ctx, book: BookCode, claim_id: UUID, _: ReaderOfOne) -> NoticeOut:
    """Read the newest notice of a claim, its clock and the objections to it 查看公示."""
    async with transaction(context.engine) as conn:
        row = await service.load(conn, book, claim_id)
        return await notices.show(conn, service.seal_of(context, book), row)


@router.post(
    "/claims/{claim_id}/objections",
    status_code=201,
    response_model=NoticeOut,
    responses=responses(404, OUT_OF_ORDER, NOTICE_NOT_PUBLISHED),
    summary="Object to the notice",
)
async def object_to_notice(
    request: Request,
    context: Ctx,
    book: BookCode,
    claim_id: UUID,
    body: ObjectionIn,
    principal: Clerk,
    key: IdempotencyKey,
) -> Response:
    """Take down an objection 登记异议. It stops the notice's clock until it is resolved."""

    async def work(conn: AsyncConnection) -> NoticeOut:
        return await notices.object_to(
            conn,
            service.seal_of(context, book),
            book=book,
            claim_id=claim_id,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work)


@router.post(
    "/claims/{claim_id}/objections/{position}/resolution",
    status_code=201,
    response_model=NoticeOut,
    responses=responses(404, OUT_OF_ORDER, SAME_PERSON, NOTICE_NOT_PUBLISHED, OBJECTION_RESOLVED),
    summary="Resolve an objection",
)
async def resolve_objection(
    request: Request,
    context: Ctx,
    book: BookCode,
    claim_id: UUID,
    position: Position,
    body: RulingIn,
    principal: Umpire,
    key: IdempotencyKey,
) -> Response:
    """Uphold or dismiss an objection 处理异议, by nobody who reviewed, put the notice up or took the objection down."""

    async def work(conn: AsyncConnection) -> NoticeOut:
        return await notices.resolve(
            conn,
            service.seal_of(context, book),
            book=book,
            claim_id=claim_id,
            position=position,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work)


@router.post(
    "/claims/{claim_id}/appeals",
    status_code=201,
    response_model=ClaimFiled,
    responses=responses(
        404, OUT_OF_ORDER, NOT_APPEALABLE, APPEAL_TOO_LATE, LOSS_BELOW_OTHER_PAYMENTS, EVENT_OUTSIDE_POLICY
    ),
    summary="Appeal a refusal",
)
async def appeal_claim(
    request: Request,
    context: Ctx,
    book: BookCode,
    claim_id: UUID,
    body: AppealIn,
    principal: Intake,
    key: IdempotencyKey,
) -> Response:
    """File a refused claim anew 申诉, linked to the old one and decided by nobody who decided that."""

    async def work(conn: AsyncConnection) -> ClaimFiled:
        return await appeals.appeal(
            conn,
            service.seal_of(context, book),
            book=book,
            claim_id=claim_id,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work)
