"""One idempotency key, one effect.

The key and a keyed fingerprint of the request are remembered per book together with the answer, for good: successes and
refusals by a rule (409). Anything else (401, 403, 404, 422, 5xx) rolls everything back and is forgotten. Rows hold answers as
they were sent, that is with personal data masked, and a keyed hash of the request instead of the request.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Header, Request
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    column,
    func,
    insert,
    select,
    table,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import constraint_name, transaction, worth_trying_again
from common.errors import IDEMPOTENCY_KEY_REUSED, MALFORMED, Problem
from common.json_body import dump_json, parse_json

TABLE_NAME: Final = "idempotency_key"
REPLAYED: Final = {"Idempotent-Replayed": "true"}
"""The header of every repeated answer, refusals included."""
_CONFLICT: Final = 409
_MOST_ATTEMPTS: Final = 3

JsonObject = dict[str, Any]  # an answer's body: whatever JSON the operation documents


@dataclass(frozen=True, slots=True)
class Answer:
    """What a use case answers: a status and a JSON object; `replayed` when it repeats an earlier answer."""

    status: int
    body: Mapping[str, Any]
    replayed: bool = False


UseCase = Callable[[AsyncConnection], Awaitable[Answer]]
"""The work behind a key: it uses the given connection, never commits, and answers or raises a Problem."""


async def idempotency_key(
    key: Annotated[
        str,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="Makes a repeated request have one effect. 幂等键。",
            examples=["officer-7/2026-01-05/0001"],
        ),
    ],
) -> str:
    """Read the required Idempotency-Key header: 1 to 200 visible ASCII characters."""
    return key


IdempotencyKey = Annotated[str, Depends(idempotency_key)]
"""The parameter of an operation that takes an Idempotency-Key."""


def fingerprint(secret: bytes, method: str, path: str, body: bytes) -> bytes:
    """Return 32 bytes that are equal for equal requests: HMAC-SHA256 over method, path and the JSON's canonical form.

    The order of keys and blanks do not count. Raises ``malformed_body`` if the body is not JSON; an empty body is null.
    """
    return fingerprint_value(secret, method, path, parse_json(body) if body else None)


def fingerprint_value(secret: bytes, method: str, path: str, value: object) -> bytes:
    """Return the fingerprint of a request whose JSON body was already parsed."""
    try:
        canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        raise MALFORMED.error() from None
    return fingerprint_bytes(secret, method, path, canonical.encode("ascii"))


def fingerprint_bytes(secret: bytes, method: str, path: str, body: bytes) -> bytes:
    """Return the fingerprint of a request whose body is not JSON, byte for byte."""
    # Lengths first, so that no two different requests print alike.
    head = f"{len(method)}:{method}{len(path.encode())}:{path}".encode()
    return hmac.digest(secret, head + body, sha256)


def request_address(request: Request, *, without: Collection[str] = ()) -> str:
    """Return the path with the query of the request being served, except for some of the query's names."""
    parts = request.url.query.split("&")
    query = "&".join(part for part in parts if part.partition("=")[0] not in without)
    return f"{request.url.path}?{query}" if query else request.url.path


async def request_fingerprint(request: Request, secret: bytes, *, without: Collection[str] = ()) -> bytes:
    """Return the fingerprint of the request being served; its query counts as part of its path, except for some names."""
    path = request_address(request, without=without)
    body = await request.body()
    value: object = await request.json() if body else None
    return fingerprint_value(secret, request.method, path, value)


def idempotency_table(metadata: MetaData) -> Table:
    """Define the service's ``idempotency_key`` table: insert-only, one row per book and key.

    The service role needs SELECT and INSERT. `body` is the JSON text that was sent, or a stored problem for a 409.
    """
    return Table(
        TABLE_NAME,
        metadata,
        Column("book", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("body", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        PrimaryKeyConstraint("book", "key"),
        CheckConstraint("status BETWEEN 200 AND 299 OR status = 409", name="status"),
        CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint"),
    )


_keys: Final = table(TABLE_NAME, *map(column, ("book", "key", "fingerprint", "status", "body")))


async def run_once(engine: AsyncEngine, book: str, key: str, request_print: bytes, use_case: UseCase) -> Answer:
    """Run a use case in one transaction unless its key was used: then answer as before.

    Twins with one key wait for each other, so one of them works and the others repeat its answer. Raises
    ``idempotency_key_reused`` for the same key with another request; a 409 the use case raises is remembered and raised
    again by every repetition; every other problem leaves no trace. Deadlocks are tried again, three times in all.
    """
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        try:
            outcome = await _run_in_transaction(engine, book, key, request_print, use_case)
        except (Problem, IntegrityError) as error:
            if attempt < _MOST_ATTEMPTS and (worth_trying_again(error) or _is_taken(error)):
                continue
            raise
        if isinstance(outcome, Problem):
            raise outcome
        return outcome
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _run_in_transaction(
    engine: AsyncEngine, book: str, key: str, request_print: bytes, use_case: UseCase
) -> Answer | Problem:
    row = {"book": book, "key": key, "fingerprint": request_print}
    try:
        async with transaction(engine) as connection:
            await _lock(connection, book, key)
            remembered = await _load(connection, book, key, request_print)
            if remembered is not None:
                return remembered
            answer = await use_case(connection)
            await connection.execute(insert(_keys), {**row, **_row(answer)})
            return answer
    except Problem as problem:
        if problem.status != _CONFLICT or problem.type == IDEMPOTENCY_KEY_REUSED:
            raise
        refusal = problem
    # Everything the use case did is undone. The refusal is kept in a transaction of its own; where a twin came between the two,
    # what the twin was answered stands, and ours repeats it.
    async with transaction(engine) as connection:
        await _lock(connection, book, key)
        remembered = await _load(connection, book, key, request_print)
        if remembered is not None:
            return remembered
        await connection.execute(insert(_keys), {**row, **_row(refusal)})
        return refusal


async def _lock(connection: AsyncConnection, book: str, key: str) -> None:
    """Wait for a twin. Held until the transaction ends, whichever way: the twin then sees what became of the key."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"{TABLE_NAME}/{book}/{key}"}
    )


async def _load(connection: AsyncConnection, book: str, key: str, request_print: bytes) -> Answer | Problem | None:
    where = (_keys.c.book == book) & (_keys.c.key == key)
    row = (
        await connection.execute(select(_keys.c.fingerprint, _keys.c.status, _keys.c.body).where(where))
    ).one_or_none()
    if row is None:
        return None
    if not hmac.compare_digest(bytes(row.fingerprint), request_print):
        raise IDEMPOTENCY_KEY_REUSED.error(field="Idempotency-Key")
    body = orjson.loads(row.body)
    if row.status != _CONFLICT:
        return Answer(row.status, body, replayed=True)
    problem = Problem.from_stored(body)
    problem.headers = REPLAYED
    return problem


def _row(outcome: Answer | Problem) -> dict[str, object]:
    body: Mapping[str, object] = outcome.to_stored() if isinstance(outcome, Problem) else dict(outcome.body)
    return {"status": outcome.status, "body": dump_json(body).decode("utf-8")}


def _is_taken(error: Exception) -> bool:
    """Tell whether somebody else stored the key without taking the lock: the next attempt finds the answer."""
    return constraint_name(error) == f"pk_{TABLE_NAME}"
