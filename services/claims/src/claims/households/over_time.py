"""HTTP of what happens to households over time: their history, moves between them, consents, possible duplicates."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Ctx
from claims.households import consents, duplicate_cases, history, moving
from claims.households.api import Reader, ReaderOfOne, Writer, WriterOfOne
from claims.households.schemas import (
    ConsentIn,
    ConsentOut,
    DuplicateOut,
    HouseholdChanged,
    HouseholdEventOut,
    MoveIn,
    ResolutionIn,
    WithdrawalIn,
)
from claims.idempotency import once
from claims.places import check_household
from claims.problems import CONSENT_WITHDRAWN
from common.dates import now_utc, today_in_shanghai
from common.idempotency import IdempotencyKey
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}", tags=["households"])


@router.get("/households/{household_id}/history", responses=responses(404), summary="History 变更历史")
async def list_household_history(
    book: BookCode,
    household_id: UUID,
    context: Ctx,
    _principal: ReaderOfOne,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[HouseholdEventOut]:
    """List what happened to a household, oldest first, by whom; `as_of` of the household shows how it read."""
    items, next_cursor = await history.list_events(context, book, household_id, limit, cursor)
    return Page(items=items, next_cursor=next_cursor)


@router.post(
    "/households/{household_id}/members/{member_id}/move",
    status_code=201,
    response_model=HouseholdChanged,
    responses=responses(404, 409),
    summary="Move to another household 成员转户",
)
async def move_household_member(
    book: BookCode,
    household_id: UUID,
    member_id: UUID,
    body: MoveIn,
    request: Request,
    context: Ctx,
    principal: WriterOfOne,
    key: IdempotencyKey,
) -> Response:
    """Move a member to another household; answers the household joined. The records of both households stay linked."""
    await check_household(context, principal, book, body.to_household_id)

    async def work(conn: AsyncConnection) -> HouseholdChanged:
        return await moving.move_member(
            conn,
            context.personal(book),
            book=book,
            household_id=household_id,
            member_id=member_id,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work, etag=True)


@router.post(
    "/households/{household_id}/consents",
    status_code=201,
    response_model=ConsentOut,
    responses=responses(404, 409),
    summary="Record a consent 登记授权",
)
async def record_consent(
    book: BookCode,
    household_id: UUID,
    body: ConsentIn,
    request: Request,
    context: Ctx,
    principal: WriterOfOne,
    key: IdempotencyKey,
) -> Response:
    """Record what a household or one of its members consented to, on which paper."""

    async def work(conn: AsyncConnection) -> ConsentOut:
        return await consents.record_consent(
            conn,
            book=book,
            household_id=household_id,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work)


@router.get("/households/{household_id}/consents", responses=responses(404), summary="Consents 授权列表")
async def list_consents(book: BookCode, household_id: UUID, context: Ctx, _principal: ReaderOfOne) -> Page[ConsentOut]:
    """List a household's consents, withdrawn ones included."""
    return Page(items=await consents.list_consents(context, book, household_id), next_cursor=None)


@router.post(
    "/households/{household_id}/consents/{consent_id}/withdrawal",
    status_code=201,
    response_model=ConsentOut,
    responses=responses(404, CONSENT_WITHDRAWN),
    summary="Withdraw a consent 撤回授权",
)
async def withdraw_consent(
    book: BookCode,
    household_id: UUID,
    consent_id: UUID,
    body: WithdrawalIn,
    request: Request,
    context: Ctx,
    principal: WriterOfOne,
    key: IdempotencyKey,
) -> Response:
    """Record that a consent was withdrawn; it stays on record."""

    async def work(conn: AsyncConnection) -> ConsentOut:
        return await consents.withdraw_consent(
            conn,
            book=book,
            household_id=household_id,
            consent_id=consent_id,
            body=body,
            by_person=principal.sub,
            today=today_in_shanghai(),
            now=now_utc(),
        )

    return await once(context, request, book, key, work)


@router.get("/possible-duplicates", summary="Possible duplicates 疑似重复")
async def list_possible_duplicates(
    book: BookCode,
    context: Ctx,
    principal: Reader,
    kind: Annotated[
        Literal["id_number", "bank_account", "phone", "name_birth"] | None, Query(description="What they share. 类型。")
    ] = None,
    resolution: Annotated[
        Literal["open", "same_person", "different"] | None, Query(description="What was found out. 核实结果。")
    ] = None,
    household_id: Annotated[UUID | None, Query(description="Only those of this household. 涉及农户。")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[DuplicateOut]:
    """List records that share an ID number, a bank account, a phone, or a name with its date of birth, both side by side."""
    items, next_cursor = await duplicate_cases.list_duplicates(
        context,
        book,
        principal.places,
        kind=kind,
        resolution=resolution,
        household_id=household_id,
        limit=limit,
        cursor=cursor,
    )
    return Page(items=items, next_cursor=next_cursor)


@router.post(
    "/possible-duplicates/{duplicate_id}/resolution",
    status_code=201,
    response_model=DuplicateOut,
    responses=responses(404, 409),
    summary="Say what was found out 登记核实结果",
)
async def resolve_possible_duplicate(
    book: BookCode,
    duplicate_id: UUID,
    body: ResolutionIn,
    request: Request,
    context: Ctx,
    principal: Writer,
    key: IdempotencyKey,
) -> Response:
    """Record what was found out about two records; nothing else changes, and a later finding is recorded after it."""

    async def work(conn: AsyncConnection) -> DuplicateOut:
        return await duplicate_cases.resolve_duplicate(
            conn,
            context.personal(book),
            book=book,
            places=principal.places,
            duplicate_id=duplicate_id,
            body=body,
            by_person=principal.sub,
            now=now_utc(),
        )

    return await once(context, request, book, key, work)
