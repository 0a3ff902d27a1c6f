"""What a use case of the ledger works with, built once at start and kept on the app, and how its answer is sent."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Final

import orjson
from fastapi import Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from common.crypto import FieldCipher
from common.dates import BusinessDate
from common.errors import Problem
from common.idempotency import IdempotencyKey, fingerprint_bytes, request_address, request_fingerprint
from common.paging import QueryInteger
from common.text import BookCode
from common.web.uploads import uploaded_file
from ledger.funds.corrections import Correctable
from ledger.journal.drafts import Answer
from ledger.journal.engine import REPLAYED_HEADER, PostingEngine
from ledger.journal.once import Once
from ledger.journal.posting import Again
from ledger.journal.standing import Moment
from ledger.settings import Settings

_CONFLICT = 409

DRY_RUN_HEADER = "Dry-Run"
TRYING: Final = frozenset({"dry_run"})
"""What of a query does not make it another request: trying something is asking for the same thing."""


@dataclass(frozen=True, slots=True)
class Context:
    """The running service's resources: ``database`` for reading and the rooms' own writes, ``engine`` for postings."""

    settings: Settings
    database: AsyncEngine
    engine: PostingEngine
    fingerprint_secret: bytes
    again: Mapping[str, Again]
    """How a proposal of each operation is made a request again when it is approved."""
    cipher: FieldCipher
    corrections: Mapping[str, Correctable]
    """What a red entry takes back, by the operation's place below its fund."""


async def context_of(request: Request) -> Context:
    """Return the context of the app that serves this request."""
    context: Context = request.app.state.context
    return context


Ctx = Annotated[Context, Depends(context_of)]
"""A route's parameter that receives the service's resources."""


DryRun = Annotated[
    bool,
    Query(
        description="Decide, write and prove as usual, then take everything back; the key stays free. 试算，不留痕迹。"
    ),
]


@asynccontextmanager
async def marked(once: Once) -> AsyncIterator[Once]:
    """Let a refusal of what was only tried say so, as every answer to it does."""
    try:
        yield once
    except Problem as problem:
        if once.dry_run:
            problem.headers = {**problem.headers, DRY_RUN_HEADER: "true"}
        raise


async def once_of(
    request: Request, book: BookCode, key: IdempotencyKey, context: Ctx, *, dry_run: DryRun = False
) -> AsyncIterator[Once]:
    """Give what makes this request the same request when it comes again, and whether it is only tried."""
    mark = await request_fingerprint(request, context.fingerprint_secret, without=TRYING)
    async with marked(Once(book, key, mark, dry_run)) as once:
        yield once


Idempotent = Annotated[Once, Depends(once_of)]
"""A route's parameter that reads the Idempotency-Key and the request's fingerprint; for routes with ``{book}``."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file handed in, and what makes the request the same request: its address and the file, not the form around it."""

    once: Once
    content: bytes


async def upload_of(
    request: Request, book: BookCode, key: IdempotencyKey, context: Ctx, *, dry_run: DryRun = False
) -> AsyncIterator[Upload]:
    """Read the file of the request's form. Raises what `uploaded_file` raises."""
    content = await uploaded_file(request)
    path = request_address(request, without=TRYING)
    mark = fingerprint_bytes(context.fingerprint_secret, request.method, path, content)
    async with marked(Once(book, key, mark, dry_run)) as once:
        yield Upload(once, content)


Uploaded = Annotated[Upload, Depends(upload_of)]
"""A route's parameter that reads the form's file and the Idempotency-Key; for routes with ``{book}``."""


AtSeq = Annotated[
    QueryInteger | None,
    Query(
        ge=0,
        lt=2**63,
        description="Count entries up to this seq only, in the order of posting; all by default. 截止凭证序号（按记账顺序）。",
        examples=[412],
    ),
]
"""The query parameter ``at_seq``; a seq the book has not reached is refused."""


async def moment_of(
    as_of: Annotated[
        BusinessDate | None,
        Query(
            description="The end of this day, by effective date; today by default, never later. 截止日期（按业务日期）。",
            examples=["2026-03-31"],
        ),
    ] = None,
    at_seq: AtSeq = None,
) -> Moment:
    """Read which moment of the book is asked for; given both, an entry counts if it fulfils both."""
    return Moment(as_of, at_seq)


AtMoment = Annotated[Moment, Depends(moment_of)]
"""A route's parameter that reads ``as_of`` and ``at_seq``."""


def send(answer: Answer) -> Response:
    """Send a remembered or fresh answer byte for byte; a refusal (409) is raised in the caller's language."""
    headers = {REPLAYED_HEADER: "true"} if answer.replayed else {}
    if answer.dry_run:
        headers[DRY_RUN_HEADER] = "true"
    if answer.status == _CONFLICT:
        problem = Problem.from_stored(orjson.loads(answer.body))
        problem.headers = headers
        raise problem
    return Response(answer.body, status_code=answer.status, media_type="application/json", headers=headers)
