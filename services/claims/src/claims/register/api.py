"""HTTP of the register as files: importing lists, what became of them, taking the register away."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Context, Ctx
from claims.households.api import WRITERS
from claims.households.schemas import Place
from claims.households.service import filter_of
from claims.idempotency import once_marked
from claims.problems import BAD_ROWS
from claims.register import exports, service
from claims.register.reading import LIMITS
from claims.register.refused_file import refused_file
from claims.register.schemas import Imported, ImportOut, Mode, RefusedRow
from claims.register.service import Small, Upload
from claims.register.store import Job
from common.auth import Principal, require
from common.dates import now_utc
from common.errors import Problem
from common.idempotency import IdempotencyKey, request_address
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.spreadsheets.writing import XLSX_MEDIA_TYPE
from common.text import BookCode, Code
from common.web import Router, responses
from common.web.uploads import FORM_BYTES, StreamedFile, uploaded

router = Router(prefix="/v1/books/{book}", tags=["register"])

Reader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]
Writer = Annotated[Principal, Depends(require(*WRITERS, heeds_places=True))]
FileFormat = Annotated[Literal["csv", "xlsx"], Query(alias="format", description="CSV or XLSX. 文件格式。")]

FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "\ufeff户编号,乡镇,村\r\nA-001,城关镇,旬阳坝村\r\n"},
            XLSX_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"},
        },
    }
}


@router.get(
    "/households/export", response_class=Response, responses=FILE, summary="Take the register away 导出农户名册"
)
async def export_households(
    book: BookCode,
    context: Ctx,
    principal: Reader,
    wanted: FileFormat = "xlsx",
    town: Annotated[Place | None, Query()] = None,
    village: Annotated[Place | None, Query()] = None,
    category: Annotated[Code | None, Query(examples=["sudden_hardship"])] = None,
) -> Response:
    """Download the households with their present members, ID numbers, phones and accounts masked. Every export is in the access log."""
    chosen = replace(filter_of(book, town, village, category, monitored=None), places=principal.places)
    return await exports.export_households(context, chosen, book, wanted, principal.sub)


@router.post(
    "/households/import",
    status_code=201,
    response_model=Imported,
    responses={
        **responses(409, BAD_ROWS),
        202: {
            "model": Imported,
            "description": "A large file: a worker takes it; GET /import-jobs/{id} says how far it is.",
        },
    },
    openapi_extra=uploaded(
        "A list of households, a row a member: CSV (UTF-8 or GB18030) or XLSX, up to 500,000 rows; docs/register-import.md says which "
        "columns. 农户名单文件。"
    ),
    summary="Import a list 导入农户名单",
)
async def import_households(
    book: BookCode,
    request: Request,
    context: Ctx,
    principal: Writer,
    key: IdempotencyKey,
    mode: Annotated[
        Mode,
        Query(
            description="`all`: every row or nothing; `good`: the households without a bad row. 全部导入或仅导入无误的户。"
        ),
    ] = "all",
    preview: Annotated[bool, Query(strict=False, description="Only say what an import would take. 仅预览。")] = False,  # noqa: FBT002
) -> Response:
    """Import households from a list. A household registered with its number and the same content is not taken again."""
    job = service.new_job(book, principal, mode, now_utc(), preview=preview)
    path = request_address(request)
    address = f"{len(request.method)}:{request.method}{len(path.encode())}:{path}".encode()
    file = StreamedFile(request, limit=LIMITS.sent_bytes + FORM_BYTES)
    upload = await service.receive(context, book, address, file, job)
    if upload.content is not None:
        small = await asyncio.to_thread(service.read_small, upload.content, book, principal.places)
        if small is not None:
            return await _at_once(context, key, job, upload, small)
        upload = await service.keep_small(context, book, upload, job)
    return await _later(context, key, job, upload)


async def _at_once(context: Context, key: str, job: Job, upload: Upload, small: Small) -> Response:
    async def work(conn: AsyncConnection) -> Imported:
        return await service.take_small(conn, context, job, small, upload.size)

    return await once_marked(context, job.book, key, upload.mark, work)


async def _later(context: Context, key: str, job: Job, upload: Upload) -> Response:
    async def work(conn: AsyncConnection) -> Imported:
        return await service.begin(conn, job, upload.size)

    try:
        return await once_marked(context, job.book, key, upload.mark, work, status=202)
    finally:
        # What has become a job is no upload any more; what only repeats one, or was refused, goes.
        await _forgotten(context, job)


async def _forgotten(context: Context, job: Job) -> None:
    try:
        await service.forget(context, job.book, job.id)
    except Problem:
        return  # the worker forgets uploads that never ended


@router.get("/import-jobs", summary="Imports 导入任务列表")
async def list_import_jobs(
    book: BookCode, context: Ctx, principal: Writer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ImportOut]:
    """List imports, the newest first; who is bound to places sees those of people bound to the same places or within them."""
    items, next_cursor = await service.list_jobs(context, principal, book, limit, cursor)
    return Page(items=items, next_cursor=next_cursor)


@router.get("/import-jobs/{job_id}", responses=responses(404), summary="One import 导入任务详情")
async def get_import_job(book: BookCode, job_id: UUID, context: Ctx, principal: Writer) -> ImportOut:
    """Show how far an import is, or what became of it."""
    return service.import_out(await service.get_job(context, principal, book, job_id))


@router.get("/import-jobs/{job_id}/refused-rows", responses=responses(404), summary="Refused rows 未导入的行")
async def list_refused_rows(
    book: BookCode, job_id: UUID, context: Ctx, principal: Writer, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[RefusedRow]:
    """List the rows that were not taken, with number, column and reasons, in the file's order."""
    job = await service.get_job(context, principal, book, job_id)
    items, next_cursor = await service.list_refused(context, job, limit, cursor)
    return Page(items=items, next_cursor=next_cursor)


@router.get(
    "/import-jobs/{job_id}/refused-rows/file",
    response_class=Response,
    responses={**FILE, **responses(404)},
    summary="Refused rows as a file 下载未导入的行",
)
async def download_refused_rows(
    book: BookCode, job_id: UUID, context: Ctx, principal: Writer, wanted: FileFormat = "xlsx"
) -> Response:
    """Download the refused rows as they were handed in, with the reasons: to be corrected and imported again. Kept for 90 days."""
    job = await service.get_job(context, principal, book, job_id)
    return await refused_file(context, job, wanted, principal.sub)
