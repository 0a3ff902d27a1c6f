"""One idempotency key, one effect, for use cases that are not journal entries: books, funds, periods.

They share the key space of the posting engine: the same rows under the book's lock, the same rules. Successes and
refusals by a rule (409) are remembered with the effect, in one transaction; everything else leaves no trace.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

import orjson
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.errors import IDEMPOTENCY_KEY_REUSED, Problem
from ledger.journal.drafts import Answer, Json
from ledger.journal.service import book_locked
from ledger.journal.tables import idempotency_key

_CONFLICT = 409

UseCase = Callable[[AsyncConnection], Awaitable[tuple[int, Mapping[str, Json]]]]
"""Does the work on a connection that holds the book's lock; returns the status and body to answer, or raises Problem."""


@dataclass(frozen=True, slots=True)
class Once:
    """What makes a request the same request: its book, its idempotency key and its fingerprint."""

    book: str
    key: str
    fingerprint: bytes
    dry_run: bool = False
    """Do everything and then take it back; the key stays free."""


class TakenBackError(Exception):
    """Leaves the transaction of a dry run, so that nothing of it stays."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("dry run")
        self.answer = answer


async def run_once(engine: AsyncEngine, once: Once, use_case: UseCase) -> Answer:
    """Lock the book, do the use case unless it was done, commit, answer.

    Raises ``not_found`` for an unknown book, ``idempotency_key_reused``, and every Problem of the use case that is not
    a 409; those are part of the answer (body: ``Problem.to_stored``), as the engine's are.
    """
    try:
        async with book_locked(engine, once.book) as connection:
            answer = await run_once_locked(connection, once, use_case)
            if once.dry_run:
                await take_back(connection, answer)
            return answer
    except TakenBackError as tried:
        return tried.answer


async def take_back(connection: AsyncConnection, answer: Answer) -> NoReturn:
    """Let the database prove everything now, then leave the transaction without a commit: catch ``TakenBackError`` around it."""
    await connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    raise TakenBackError(replace(answer, dry_run=True))


async def run_once_locked(connection: AsyncConnection, once: Once, use_case: UseCase) -> Answer:
    """As ``run_once``, in the caller's transaction, which must hold the book's lock."""
    remembered = await _remembered(connection, once)
    if remembered is not None:
        return remembered
    try:
        async with connection.begin_nested():
            status, body = await use_case(connection)
            answer = Answer(status, orjson.dumps(dict(body)).decode(), replayed=False)
    except Problem as problem:
        if problem.status != _CONFLICT:
            raise
        answer = Answer(_CONFLICT, orjson.dumps(problem.to_stored()).decode(), replayed=False)
    await connection.execute(
        insert(idempotency_key).values(
            book=once.book, key=once.key, fingerprint=once.fingerprint, status=answer.status, body=answer.body
        )
    )
    return answer


async def _remembered(connection: AsyncConnection, once: Once) -> Answer | None:
    found = await connection.execute(
        select(idempotency_key.c.fingerprint, idempotency_key.c.status, idempotency_key.c.body).where(
            idempotency_key.c.book == once.book, idempotency_key.c.key == once.key
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    if row.fingerprint != once.fingerprint:
        raise IDEMPOTENCY_KEY_REUSED.error()
    return Answer(row.status, row.body, replayed=True)
