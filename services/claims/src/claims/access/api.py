"""HTTP of the access room: the access log, showing in the clear, erasing, the change of keys."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.access import rotation, service
from claims.access.disclosure import disclose_claim, disclose_household
from claims.access.erasure import erase
from claims.access.rules import Action, Record
from claims.access.schemas import (
    AccessRecordOut,
    AccessVerificationOut,
    ClaimDisclosed,
    ColumnRotation,
    DisclosureIn,
    ErasedOut,
    ErasureIn,
    HouseholdDisclosed,
    KeyRotationOut,
    ReasonIn,
)
from claims.access.store import LogFilter
from claims.context import Context, Ctx
from claims.idempotency import once
from claims.places import placed
from claims.problems import ALREADY_ERASED, CLAIMS_UNFINISHED, HOUSEHOLD_MONITORED, PERSONAL_DATA_ERASED
from common.auth import Principal, require
from common.dates import SHANGHAI, BusinessDate, today_in_shanghai
from common.idempotency import IdempotencyKey
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode, Code, Line
from common.web import Router, responses

router = Router(prefix="/v1/books/{book}", tags=["access"])

Auditor = Annotated[Principal, Depends(require("claims:audit"))]
Keeper = Annotated[Principal, Depends(require("claims:audit", "books:admin"))]
Unmasker = Annotated[Principal, Depends(placed("claims:unmask"))]
Eraser = Annotated[Principal, Depends(placed("claims:erase"))]
ERASURE_REFUSALS = responses(404, ALREADY_ERASED, CLAIMS_UNFINISHED, HOUSEHOLD_MONITORED)


@router.get("/access-log", summary="Accesses to personal data 访问记录")
async def list_access_log(
    book: BookCode,
    _person: Auditor,
    context: Ctx,
    person: Annotated[Line | None, Query(description="Who did it. 操作人。")] = None,
    action: Action | None = None,
    subject: Annotated[Code | None, Query(description="What it was done with, e.g. `household`. 对象。")] = None,
    subject_id: UUID | None = None,
    day: Annotated[BusinessDate | None, Query(description="A calendar day in Asia/Shanghai. 日期。")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AccessRecordOut]:
    """List every unmasking, download, export and erasure, the newest first, by person, action, subject and day."""
    begins = None if day is None else _midnight(day)
    ends = None if day is None else _midnight(day + timedelta(days=1))
    wanted = LogFilter(person, action, subject, subject_id, begins, ends)
    records, next_cursor = await service.list_records(context.engine, book, wanted, limit, cursor)
    return Page(items=[_shown(record) for record in records], next_cursor=next_cursor)


@router.get("/access-log/verification", summary="Verify the access log 校验访问记录")
async def verify_access_log(book: BookCode, _person: Auditor, context: Ctx) -> AccessVerificationOut:
    """Recompute every hash of the book's access log from what is stored."""
    found = await service.verify(context.engine, book)
    return AccessVerificationOut(
        verified=found.broken_position is None,
        records=found.head.position,
        hash=found.head.hash.hex(),
        first_broken_position=found.broken_position,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _shown(record: Record) -> AccessRecordOut:
    return AccessRecordOut(
        position=record.position,
        at=record.at,
        person=record.person,
        action=Action(record.action),
        subject=record.subject,
        subject_id=record.subject_id,
        reason=record.reason,
        detail=record.detail,
        hash=record.hash.hex(),
    )


@router.post(
    "/households/{household_id}/disclosure",
    responses=responses(404, PERSONAL_DATA_ERASED),
    summary="Show a household in the clear 明文查看农户",
)
async def disclose_a_household(
    book: BookCode, household_id: UUID, person: Unmasker, context: Ctx, body: DisclosureIn
) -> HouseholdDisclosed:
    """Show ID numbers, phones or the account of a household and its present members in the clear, for a reason.

    Who asked for what and why is recorded each time. The answer is never kept; the call takes no key.
    """
    return await disclose_household(context, book, household_id, body, person.sub, None)


@router.post(
    "/households/{household_id}/members/{member_id}/disclosure",
    responses=responses(404, PERSONAL_DATA_ERASED),
    summary="Show a member in the clear 明文查看成员",
)
async def disclose_a_member(
    book: BookCode, household_id: UUID, member_id: UUID, person: Unmasker, context: Ctx, body: DisclosureIn
) -> HouseholdDisclosed:
    """Show one member's values in the clear, also of one who left; otherwise as for a household."""
    return await disclose_household(context, book, household_id, body, person.sub, member_id)


@router.post(
    "/claims/{claim_id}/disclosure",
    responses=responses(404, PERSONAL_DATA_ERASED),
    summary="Show a claim's document numbers in the clear 明文查看票据号",
)
async def disclose_a_claim(
    book: BookCode, claim_id: UUID, person: Unmasker, context: Ctx, body: ReasonIn
) -> ClaimDisclosed:
    """Show the document numbers of a claim in the clear, for a reason that is recorded."""
    return await disclose_claim(context, book, claim_id, body.reason, person.sub)


@router.post(
    "/households/{household_id}/erasure",
    response_model=ErasedOut,
    responses=ERASURE_REFUSALS,
    summary="Erase a household 抹除农户个人信息",
)
async def erase_household(
    book: BookCode,
    household_id: UUID,
    person: Eraser,
    context: Ctx,
    request: Request,
    key: IdempotencyKey,
    body: ErasureIn,
) -> Response:
    """Destroy names, numbers, accounts, texts and claim details of a household, for good.

    Claim numbers, amounts, outcomes, dates and ledger references stay, without the person.
    """
    return await _erased(context, request, book, key, household_id, None, body, person.sub)


@router.post(
    "/households/{household_id}/members/{member_id}/erasure",
    response_model=ErasedOut,
    responses=ERASURE_REFUSALS,
    summary="Erase a member 抹除成员个人信息",
)
async def erase_member(
    book: BookCode,
    household_id: UUID,
    member_id: UUID,
    person: Eraser,
    context: Ctx,
    request: Request,
    key: IdempotencyKey,
    body: ErasureIn,
) -> Response:
    """Destroy what is kept of one member and of that member's claims; a present member leaves the household with it."""
    return await _erased(context, request, book, key, household_id, member_id, body, person.sub)


@router.get("/key-rotation", summary="Progress of the change of keys 密钥轮换进度")
async def get_key_rotation(book: BookCode, _person: Keeper, context: Ctx) -> KeyRotationOut:
    """Count, now, how many of the book's ciphertexts still lie under another key than the one that seals."""
    columns = await rotation.progress(context.engine, context.cipher, book)
    return KeyRotationOut(
        key=context.cipher.current_key,
        algorithm=context.cipher.current_algorithm.value,
        sealed=sum(column.sealed for column in columns),
        remaining=sum(column.remaining for column in columns),
        columns=[ColumnRotation(**asdict(column)) for column in columns],
    )


async def _erased(
    context: Context,
    request: Request,
    book: str,
    key: str,
    household_id: UUID,
    member_id: UUID | None,
    body: ErasureIn,
    person: str,
) -> Response:
    async def work(conn: AsyncConnection) -> ErasedOut:
        return await erase(
            conn,
            book=book,
            household_id=household_id,
            member_id=member_id,
            body=body,
            person=person,
            today=today_in_shanghai(),
        )

    return await once(context, request, book, key, work, status=200)
