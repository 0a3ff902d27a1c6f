"""Use cases of documents: hand in, list, give out, verify, withdraw, erase.

A content lies in the store before its document is recorded, and is noted as unsettled before it lies there: so there is no document
without its content, and no content that nobody remembers, whenever a process dies.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from claims.access.rules import Action
from claims.access.service import record_access
from claims.claims.store import ClaimRow, load_claim, lock_claim
from claims.context import Context
from claims.documents import store
from claims.documents.answers import document_out, document_stored
from claims.documents.contents import ContentMissingError
from claims.documents.rules import State, content_name, download_name, may_withdraw, takes_documents
from claims.documents.schemas import DocumentOut, DocumentStored, VerificationOut
from claims.documents.sealing import DocumentSeal
from claims.documents.spool import Received
from claims.documents.store import DocumentRow
from claims.documents.sweeping import remove_content
from claims.problems import (
    DOCUMENT_DAMAGED,
    DOCUMENT_ERASED,
    DOCUMENT_WITHDRAWN,
    DOCUMENTS_CLOSED,
    DOCUMENTS_FULL,
)
from common.crypto import DecryptionError
from common.database import transaction
from common.errors import NOT_FOUND, Problem, ProblemType, unavailable
from common.idempotency import Answer, run_once
from common.logging import get_logger
from common.paging import decode_cursor, page_of
from common.sealed_stream import Opener

log = get_logger(__name__)

PATIENCE: Final = timedelta(hours=1)
"""A content without a document is removed when it is older than this."""


def seal_of(context: Context, book: str) -> DocumentSeal:
    """What seals and opens the documents of a book."""
    return DocumentSeal(context.cipher, book)


async def find_claim(context: Context, book: str, claim_id: UUID) -> ClaimRow:
    """The claim whose documents are asked for. Raises `not_found`."""
    async with transaction(context.engine) as conn:
        return _found(await load_claim(conn, book, claim_id))


async def hand_in(
    context: Context,
    *,
    book: str,
    claim_id: UUID,
    kind: str,
    received: Received,
    by_person: str,
    key: str,
    request_print: bytes,
) -> Answer:
    """Keep a received content and record its document: 201, or 200 for a content the claim has already.

    Raises `not_found`, `documents_closed`, `documents_full`, `idempotency_key_reused`, `unavailable`.
    """
    seal = seal_of(context, book)
    name = content_name(book, seal.address(received.sha256), received.id)

    async def use_case(conn: AsyncConnection) -> Answer:
        claim = _found(await lock_claim(conn, book, claim_id))
        same = await store.same_content(conn, book, claim_id, received.sha256)
        if same is not None:
            return _answer(200, document_stored(same))
        await _check_room(context, conn, claim)
        if not await store.settle_content(conn, book, name):
            raise unavailable()
        row = _row(seal, claim, kind, received, name, by_person, await store.now(conn))
        await store.insert_document(conn, row)
        return _answer(201, document_stored(row))

    async with transaction(context.engine) as conn:
        await store.begin_content(conn, book, name, PATIENCE)
    kept = False
    try:
        await context.contents.put(name, received.path)
        answer = await run_once(context.engine, book, key, request_print, use_case)
        kept = answer.body["id"] == str(received.id)
        return answer
    finally:
        if not kept:
            await _give_up(context, book, name)


async def _check_room(context: Context, conn: AsyncConnection, claim: ClaimRow) -> None:
    if not takes_documents(claim.status):
        raise DOCUMENTS_CLOSED.error(claim_status=claim.status.value)
    most = context.settings.documents_per_claim
    if await store.count_documents(conn, claim.book, claim.id) >= most:
        raise DOCUMENTS_FULL.error(most=most)


def _row(
    seal: DocumentSeal, claim: ClaimRow, kind: str, received: Received, name: str, by_person: str, at: datetime
) -> DocumentRow:
    return DocumentRow(
        book=claim.book,
        id=received.id,
        claim_id=claim.id,
        kind=kind,
        media_type=received.media_type,
        size_bytes=received.size_bytes,
        sha256=received.sha256,
        content_name=name,
        file_name_cipher=seal.seal_name(received.id, received.name),
        key_cipher=seal.seal_key(received.id, received.key),
        by_person=by_person,
        at=at,
    )


def _answer(status: int, body: DocumentStored) -> Answer:
    return Answer(status, body.model_dump(mode="json"))


async def _give_up(context: Context, book: str, name: str) -> None:
    """Remove a content at once that got no document; where that fails, the sweep does it later."""
    try:
        async with transaction(context.engine) as conn:
            given_up = await store.give_up(conn, book, name)
        if given_up:
            await remove_content(context.engine, context.contents, book, name)
    except Problem as problem:
        log.warning("content_left_to_the_sweep", problem=problem.code)


async def list_documents(
    context: Context, book: str, claim_id: UUID, limit: int, cursor: str | None
) -> tuple[Sequence[DocumentOut], str | None]:
    """A page of a claim's documents in the order they were handed in. Raises `not_found`."""
    key = decode_cursor(cursor, UUID)
    after = key[0] if key is not None and isinstance(key[0], UUID) else None
    async with transaction(context.engine) as conn:
        _found(await load_claim(conn, book, claim_id))
        rows = await store.list_documents(conn, book, claim_id, after, limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row[0].id,))
    return [document_out(seal_of(context, book), row, elsewhere) for row, elsewhere in shown], next_cursor


@dataclass(frozen=True, slots=True)
class Download:
    """A document on its way out: its first bytes were opened already, the rest is opened as it is read."""

    row: DocumentRow
    name: str
    pieces: AsyncIterator[bytes]


@asynccontextmanager
async def give_out(
    context: Context, book: str, claim_id: UUID, document_id: UUID, person: str
) -> AsyncIterator[Download]:
    """Open a document and record that this person was given it, before the first byte leaves.

    Raises `not_found`, `document_withdrawn`, `document_erased`, `document_damaged`.
    """
    async with transaction(context.engine) as conn:
        claim = _found(await load_claim(conn, book, claim_id))
        row = _found(await store.load_document(conn, book, claim_id, document_id))
    if row.state is not State.KEPT:
        raise _GONE[row.state].error()
    try:
        async with context.contents.read(row.content_name) as sealed:
            pieces = opened(seal_of(context, book), row, sealed)
            first = await anext(pieces, b"")
            async with transaction(context.engine) as conn:
                await record_access(
                    conn,
                    book=book,
                    person=person,
                    action=Action.DOWNLOAD,
                    subject="document",
                    subject_id=row.id,
                    detail={"claim": claim.number, "kind": row.kind, "sha256": row.sha256.hex()},
                )
            yield Download(
                row, download_name(claim.number, row.kind, row.id, row.media_type), _followed_by(first, pieces)
            )
    except (ContentMissingError, DecryptionError):
        log.exception("document_damaged", document=str(document_id))
        raise DOCUMENT_DAMAGED.error() from None


_GONE: Final[dict[State, ProblemType]] = {State.WITHDRAWN: DOCUMENT_WITHDRAWN, State.ERASED: DOCUMENT_ERASED}


async def opened(seal: DocumentSeal, row: DocumentRow, sealed: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The plain content, piece by piece. Raises DecryptionError where the stored bytes are not what was sealed."""
    if row.key_cipher is None:
        raise DecryptionError("the document was erased")
    opener = Opener(seal.open_key(row.id, row.key_cipher), seal.content_context(row.id))
    async for piece in sealed:
        if plain := opener.feed(piece):
            yield plain
    yield opener.finish()


async def _followed_by(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def verify(context: Context, book: str, claim_id: UUID, document_id: UUID) -> VerificationOut:
    """Compute the SHA-256 of the stored content again and compare it with the record. Raises `not_found`, `document_erased`."""
    async with transaction(context.engine) as conn:
        row = _found(await store.load_document(conn, book, claim_id, document_id))
    if row.state is State.ERASED:
        raise DOCUMENT_ERASED.error()
    digest = hashlib.sha256()
    outcome = VerificationOut(
        id=row.id,
        equal=True,
        fault=None,
        sha256=row.sha256.hex(),
        computed_sha256=row.sha256.hex(),
        size_bytes=row.size_bytes,
    )
    try:
        async with context.contents.read(row.content_name) as sealed:
            async for piece in opened(seal_of(context, book), row, sealed):
                digest.update(piece)
    except ContentMissingError:
        return outcome.model_copy(update={"equal": False, "fault": "missing", "computed_sha256": None})
    except DecryptionError:
        return outcome.model_copy(update={"equal": False, "fault": "changed", "computed_sha256": None})
    if digest.digest() != row.sha256:
        return outcome.model_copy(update={"equal": False, "fault": "changed", "computed_sha256": digest.hexdigest()})
    return outcome


async def withdraw(
    conn: AsyncConnection,
    seal: DocumentSeal,
    *,
    book: str,
    claim_id: UUID,
    document_id: UUID,
    reason: str,
    by_person: str,
) -> DocumentStored:
    """Let a document count no more; its record and content stay.

    Raises `not_found`, `document_withdrawn`, `document_erased`, `documents_closed`.
    """
    claim = _found(await lock_claim(conn, book, claim_id))
    row = _found(await store.load_document(conn, book, claim_id, document_id, lock=True))
    if row.state is not State.KEPT:
        raise _GONE[row.state].error()
    if not may_withdraw(claim.status):
        raise DOCUMENTS_CLOSED.error(claim_status=claim.status.value)
    at = await store.now(conn)
    await store.withdraw(
        conn, book, document_id, by_person=by_person, at=at, reason_cipher=seal.seal_reason(document_id, reason)
    )
    return document_stored(replace(row, withdrawn_by=by_person, withdrawn_at=at))


async def erase_content(conn: AsyncConnection, book: str, document_id: UUID) -> bool:
    """Erase a document's content, name and key; the record with its hash stays. False if it was erased before, or there is none.

    From the commit on nothing opens it, wherever copies of the sealed bytes lie; the sweep then removes the bytes themselves.
    """
    name = await store.erase(conn, book, document_id)
    if name is None:
        return False
    await store.doom_content(conn, book, name)
    return True


Found = TypeVar("Found")


def _found(row: Found | None) -> Found:
    if row is None:
        raise NOT_FOUND.error()
    return row
