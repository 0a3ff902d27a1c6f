"""HTTP of documents: hand in, list, download, verify, withdraw."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import Receive, Scope, Send

from claims.context import Ctx
from claims.documents import service
from claims.documents.content import JPEG, PDF, PNG
from claims.documents.reference import kind_codes, kinds
from claims.documents.schemas import DocumentOut, DocumentStored, KindOut, KindsOut, VerificationOut, WithdrawalIn
from claims.documents.spool import received
from claims.idempotency import once
from claims.places import placed
from claims.problems import (
    DOCUMENT_CONTINUES,
    DOCUMENT_DAMAGED,
    DOCUMENT_ERASED,
    DOCUMENT_INCOMPLETE,
    DOCUMENT_TYPE_MISMATCH,
    DOCUMENT_TYPE_REFUSED,
    DOCUMENT_WITHDRAWN,
    DOCUMENTS_CLOSED,
    DOCUMENTS_FULL,
    PERSONAL_DATA_ERASED,
)
from common.auth import Principal, require
from common.idempotency import IdempotencyKey, fingerprint_bytes, request_address
from common.paging import DEFAULT_LIMIT, Cursor, Limit, Page
from common.settings import key_bytes
from common.text import BookCode
from common.validation import invalid_field
from common.web import Router, answer, responses
from common.web.uploads import FORM_BYTES, StreamedFile, uploaded

router = Router(prefix="/v1/books/{book}", tags=["documents"])

AnyReader = Annotated[Principal, Depends(require("claims:read", heeds_places=True))]
Staff = Annotated[Principal, Depends(placed("claims:intake", "claims:village", "claims:town", "claims:county"))]
Reader = Annotated[Principal, Depends(placed("claims:read"))]
# Who decides on the papers, and who audits the decisions; who only takes them in has them on paper.
Receiver = Annotated[Principal, Depends(placed("claims:village", "claims:town", "claims:county", "claims:audit"))]
KindCode = Annotated[
    str,
    Query(max_length=60, description="What it is, by `GET /document-kinds`. 材料种类。", examples=["invoice"]),
]
_NEVER_RUN: Final = "default-src 'none'; sandbox"


class _Held(StreamingResponse):
    """An answer that lets go of what it reads from even where its receiver leaves before the first byte."""

    def __init__(self, held: AsyncExitStack, content: AsyncIterator[bytes], **said: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(content, **said)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._held.aclose()


@router.get("/document-kinds", response_model=KindsOut, summary="List the kinds of documents")
async def list_document_kinds(book: BookCode, _: AnyReader) -> KindsOut:
    """List the kinds a document may be of 材料种类. Terms name them as what a claim has to bring."""
    del book
    items = [
        KindOut(code=kind.code, name_zh=kind.name_zh, name_en=kind.name_en, source=kind.source) for kind in kinds()
    ]
    return KindsOut(items=items)


@router.post(
    "/claims/{claim_id}/documents",
    status_code=201,
    response_model=DocumentStored,
    openapi_extra=uploaded("One JPEG, PNG or PDF file. 一份 JPEG、PNG 或 PDF 文件。"),
    responses=responses(
        404,
        409,
        DOCUMENT_TYPE_REFUSED,
        DOCUMENT_TYPE_MISMATCH,
        DOCUMENT_INCOMPLETE,
        DOCUMENT_CONTINUES,
        DOCUMENTS_CLOSED,
        DOCUMENTS_FULL,
        PERSONAL_DATA_ERASED,
    )
    | {200: {"model": DocumentStored, "description": "The claim has this content already: that document."}},
    summary="Hand in a document",
)
async def hand_in_document(
    request: Request,
    context: Ctx,
    book: BookCode,
    claim_id: UUID,
    kind: KindCode,
    principal: Staff,
    key: IdempotencyKey,
) -> Response:
    """Hand in a document of a claim 提交理赔材料. It is read as it arrives, told by its content, and kept sealed.

    The same content twice is one document: the second answer is 200 with the first one's record.
    """
    if kind not in kind_codes():
        raise invalid_field("kind", "unknown_kind", "没有这种材料。", "There is no such kind of document.")
    await service.find_claim(context, book, claim_id)
    settings = context.settings
    file = StreamedFile(request, limit=settings.document_bytes + FORM_BYTES)
    seal = service.seal_of(context, book)
    async with received(settings.document_folder, seal, file, most_bytes=settings.document_bytes) as content:
        # The form's boundary differs with every sending: what counts is what it carries.
        said = content.sha256 + (content.name or "").encode()
        secret = key_bytes(settings.fingerprint_key)
        result = await service.hand_in(
            context,
            book=book,
            claim_id=claim_id,
            kind=kind,
            received=content,
            by_person=principal.sub,
            key=key,
            request_print=fingerprint_bytes(secret, request.method, request_address(request), said),
        )
    return answer(result)


@router.get(
    "/claims/{claim_id}/documents",
    response_model=Page[DocumentOut],
    responses=responses(404),
    summary="List the documents of a claim",
)
async def list_claim_documents(
    context: Ctx, book: BookCode, claim_id: UUID, _: Reader, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[DocumentOut]:
    """List what was handed in for a claim 材料清单, withdrawn and erased documents included, oldest first."""
    items, next_cursor = await service.list_documents(context, book, claim_id, limit, cursor)
    return Page(items=items, next_cursor=next_cursor)


@router.get(
    "/claims/{claim_id}/documents/{document_id}",
    response_class=Response,
    responses=responses(404, DOCUMENT_WITHDRAWN, DOCUMENT_ERASED, DOCUMENT_DAMAGED)
    | {
        200: {
            "description": "The document as it was handed in.",
            "content": {media_type: {"example": "(bytes)"} for media_type in (PDF, JPEG, PNG)},
        }
    },
    summary="Download a document",
)
async def download_document(
    context: Ctx, book: BookCode, claim_id: UUID, document_id: UUID, person: Receiver
) -> Response:
    """Download a document 下载材料. For reviewers and auditors; each download is recorded before the first byte leaves."""
    async with AsyncExitStack() as held:
        download = await held.enter_async_context(service.give_out(context, book, claim_id, document_id, person.sub))
        kept = held.pop_all()

    async def body() -> AsyncIterator[bytes]:
        async with kept:
            async for piece in download.pieces:
                yield piece

    digest = base64.b64encode(download.row.sha256).decode("ascii")
    return _Held(
        kept,
        body(),
        media_type=download.row.media_type,
        headers={
            "Content-Length": str(download.row.size_bytes),
            "Content-Disposition": f'attachment; filename="{download.name}"',
            "Content-Security-Policy": _NEVER_RUN,
            "Cache-Control": "no-store",
            # RFC 9530: the receiver can prove that it has the whole document.
            "Repr-Digest": f"sha-256=:{digest}:",
        },
    )


@router.post(
    "/claims/{claim_id}/documents/{document_id}/verification",
    response_model=VerificationOut,
    responses=responses(404, DOCUMENT_ERASED),
    summary="Verify a stored document",
)
async def verify_document(
    context: Ctx, book: BookCode, claim_id: UUID, document_id: UUID, _: Reader
) -> VerificationOut:
    """Compute the SHA-256 of the stored content again and compare it with the record 校验材料. Gives nothing out, stores nothing."""
    return await service.verify(context, book, claim_id, document_id)


@router.post(
    "/claims/{claim_id}/documents/{document_id}/withdrawal",
    status_code=201,
    response_model=DocumentStored,
    responses=responses(404, 409, DOCUMENT_WITHDRAWN, DOCUMENT_ERASED, DOCUMENTS_CLOSED),
    summary="Withdraw a document",
)
async def withdraw_document(
    request: Request,
    context: Ctx,
    book: BookCode,
    claim_id: UUID,
    document_id: UUID,
    body: WithdrawalIn,
    principal: Staff,
    key: IdempotencyKey,
) -> Response:
    """Withdraw a document that was handed in by mistake 撤回材料. Its record stays; it counts no more and is not given out."""

    async def work(conn: AsyncConnection) -> DocumentStored:
        return await service.withdraw(
            conn,
            service.seal_of(context, book),
            book=book,
            claim_id=claim_id,
            document_id=document_id,
            reason=body.reason,
            by_person=principal.sub,
        )

    return await once(context, request, book, key, work)
