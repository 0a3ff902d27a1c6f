"""One idempotency key, one effect, in the claims service: the table, and the one way a POST uses it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from claims.context import Context
from claims.erased import erased_named
from claims.metadata import metadata
from common.idempotency import Answer, idempotency_table, request_fingerprint, run_once
from common.settings import key_bytes
from common.web import answer
from common.wire import Wire

idempotency_key = idempotency_table(metadata)

Work = Callable[[AsyncConnection], Awaitable[Wire]]
"""What a key has done once: uses the given connection, never commits, answers a wire object or raises a Problem.

The answer is kept for replay, so nothing in it may name a person in clear.
"""


async def run(context: Context, book: str, key: str, request_print: bytes, work: Work, *, status: int = 201) -> Answer:
    """Do the work in one transaction unless the key was used: then answer as before. For items of a batch; calls use `once`."""

    async def use_case(conn: AsyncConnection) -> Answer:
        with erased_named():
            return Answer(status, (await work(conn)).model_dump(mode="json"))

    return await run_once(context.engine, book, key, request_print, use_case)


async def once(
    context: Context, request: Request, book: str, key: str, work: Work, *, status: int = 201, etag: bool = False
) -> Response:
    """Do the work in one transaction unless the key was used, and answer it; a replay answers as the first time.

    `etag=True` sends the answer's `version` as its ETag.
    """
    request_print = await request_fingerprint(request, key_bytes(context.settings.fingerprint_key))
    result = await run(context, book, key, request_print, work, status=status)
    return answer(result, {"ETag": f'"{result.body["version"]}"'} if etag else None)


async def once_marked(context: Context, book: str, key: str, mark: bytes, work: Work, *, status: int = 201) -> Response:
    """As `once`, for a request whose fingerprint was made while its body streamed in."""

    async def use_case(conn: AsyncConnection) -> Answer:
        with erased_named():
            return Answer(status, (await work(conn)).model_dump(mode="json"))

    return answer(await run_once(context.engine, book, key, mark, use_case))
