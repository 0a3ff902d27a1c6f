"""HTTP of the access log."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from claims.access import service
from claims.access.rules import Action, Record
from claims.access.schemas import AccessRecordOut, AccessVerificationOut
from claims.access.store import LogFilter
from claims.context import Ctx
from common.auth import Principal, require
from common.dates import SHANGHAI, BusinessDate
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.text import BookCode, Code, Line
from common.web import Router

router = Router(prefix="/v1/books/{book}", tags=["access"])

Auditor = Annotated[Principal, Depends(require("claims:audit"))]


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
