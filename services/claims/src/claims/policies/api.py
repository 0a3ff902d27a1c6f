"""HTTP of programmes and their terms."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Ctx
from claims.idempotency import once
from claims.policies import service
from claims.policies.rules import Cause
from claims.policies.schemas import ApprovalIn, PolicyIn, PolicyOut, TermsIn, TermsList, TermsOut
from claims.problems import EARLIER_TERMS_OPEN, POLICY_EXISTS, TERMS_DECIDED, TERMS_OVERLAP
from common.auth import Principal, require
from common.dates import now_utc
from common.errors import SAME_PERSON
from common.idempotency import IdempotencyKey
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}/policies", tags=["policies"])

Writer = Annotated[Principal, Depends(require("claims:policies"))]
Reader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]


@router.post(
    "", status_code=201, response_model=PolicyOut, responses=responses(409, POLICY_EXISTS), summary="Write a policy"
)
async def write_policy(
    request: Request, context: Ctx, book: BookCode, body: PolicyIn, principal: Writer, key: IdempotencyKey
) -> Response:
    """Set up the programme of a year 设立年度保险方案. A book has one a year; it covers that calendar year."""

    async def work(conn: AsyncConnection) -> PolicyOut:
        return await service.write_policy(conn, book=book, body=body, by_person=principal.sub, now=now_utc())

    return await once(context, request, book, key, work)


@router.get("", response_model=Page[PolicyOut], summary="List policies")
async def list_policies(
    context: Ctx, book: BookCode, _: Reader, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[PolicyOut]:
    """List the programmes in the order in which they were written 保险方案列表."""
    items, next_cursor = await service.list_policies(context, book, limit, cursor)
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{policy_id}", response_model=PolicyOut, responses=responses(404), summary="Read a policy")
async def get_policy(context: Ctx, book: BookCode, policy_id: UUID, _: Reader) -> PolicyOut:
    """Read one programme 查看保险方案."""
    return await service.get_policy(context, book, policy_id)


@router.post(
    "/{policy_id}/terms",
    status_code=201,
    response_model=TermsOut,
    responses=responses(404, 409, TERMS_OVERLAP),
    summary="Write terms",
)
async def write_terms(
    request: Request,
    context: Ctx,
    book: BookCode,
    policy_id: UUID,
    body: TermsIn,
    principal: Writer,
    key: IdempotencyKey,
) -> Response:
    """Write a version of the terms of one cause 起草条款: a draft, until a second person approves it."""

    async def work(conn: AsyncConnection) -> TermsOut:
        return await service.write_terms(
            conn, book=book, policy_id=policy_id, body=body, by_person=principal.sub, now=now_utc()
        )

    return await once(context, request, book, key, work)


@router.post(
    "/{policy_id}/terms/{terms_id}/approval",
    status_code=201,
    response_model=TermsOut,
    responses=responses(404, 409, TERMS_DECIDED, SAME_PERSON, EARLIER_TERMS_OPEN, TERMS_OVERLAP),
    summary="Approve or refuse terms",
)
async def decide_terms(
    request: Request,
    context: Ctx,
    book: BookCode,
    policy_id: UUID,
    terms_id: UUID,
    body: ApprovalIn,
    principal: Writer,
    key: IdempotencyKey,
) -> Response:
    """Put a draft in force, or refuse it with a reason 审批条款. Never who wrote it. No final decision changes."""

    async def work(conn: AsyncConnection) -> TermsOut:
        return await service.decide_terms(
            conn, book=book, policy_id=policy_id, terms_id=terms_id, body=body, by_person=principal.sub, now=now_utc()
        )

    return await once(context, request, book, key, work)


@router.get("/{policy_id}/terms", response_model=TermsList, responses=responses(404), summary="List terms")
async def list_terms(
    context: Ctx, book: BookCode, policy_id: UUID, _: Reader, cause: Annotated[Cause | None, Query()] = None
) -> TermsList:
    """List every version of a programme's terms, drafts and refused ones too, by cause and version 条款列表."""
    return TermsList(items=await service.list_terms(context, book, policy_id, cause), next_cursor=None)
