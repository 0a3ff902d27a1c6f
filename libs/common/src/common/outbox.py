"""Messages to another service, kept with the change that caused them and delivered after its commit.

`enqueue` writes a message in the use case's own transaction. A worker calls `lease` (a short transaction of its own), talks
to the other service with no transaction open, then records the outcome: `complete` or `refuse` together with their local
effects in one transaction, or `retry_later`. Messages of one subject (a claim) are delivered in the order they were written.
A worker that dies loses its lease when it runs out; the message is delivered again, under the same key.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import transaction
from common.ids import uuid7

TABLE_NAME: Final = "outbox"
DEFAULT_LEASE: Final = timedelta(seconds=60)
LONGEST_PAUSE_SECONDS: Final = 300.0
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_ERROR: Final = 200


class LeaseLostError(Exception):
    """The lease ran out and somebody else may be delivering the message: undo what depends on this outcome."""


@dataclass(frozen=True, slots=True)
class Message:
    """A leased message: deliver it under its key before `lease_until`, then record the outcome."""

    book: str
    id: UUID
    topic: str
    subject: str
    key: str
    payload: Mapping[str, Any]
    tries: int
    lease: UUID
    lease_until: datetime
    created_at: datetime


def outbox_table(metadata: MetaData) -> Table:
    """Define the service's ``outbox`` table. The service role needs SELECT, INSERT and UPDATE.

    status: `waiting` (also while leased: `lease_until` says so), `done`, `refused` (the other side said no, for good).
    """
    return Table(
        TABLE_NAME,
        metadata,
        Column("book", Text, nullable=False),
        Column("id", Uuid, nullable=False),
        Column("position", BigInteger, Identity(always=True), nullable=False),
        Column("topic", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("status", Text, nullable=False, server_default="waiting"),
        Column("tries", Integer, nullable=False, server_default="0"),
        Column("next_try_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("lease", Uuid),
        Column("lease_until", DateTime(timezone=True)),
        Column("last_error", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("finished_at", DateTime(timezone=True)),
        PrimaryKeyConstraint("book", "id"),
        UniqueConstraint("book", "key"),
        CheckConstraint("status IN ('waiting', 'done', 'refused')", name="status"),
        CheckConstraint("(status = 'waiting') = (finished_at IS NULL)", name="finished"),
        Index("ix_outbox_waiting", "next_try_at", postgresql_where=text("status = 'waiting'")),
        Index("ix_outbox_subject", "book", "subject", "position", postgresql_where=text("status = 'waiting'")),
    )


async def enqueue(
    connection: AsyncConnection, *, book: str, topic: str, subject: str, key: str, payload: Mapping[str, Any]
) -> UUID:
    """Write a message in the caller's transaction and return its id. The payload must hold no clear personal data.

    Raises IntegrityError if the key is already used in this book. Write the messages of one subject under a lock on that
    subject: their order is the order of these calls.
    """
    message_id = uuid7()
    await connection.execute(
        _ENQUEUE,
        {"book": book, "id": message_id, "topic": topic, "subject": subject, "key": key, "payload": dict(payload)},
    )
    return message_id


async def lease(
    engine: AsyncEngine, *, topics: Sequence[str], limit: int = 10, lease_for: timedelta = DEFAULT_LEASE
) -> list[Message]:
    """Take up to `limit` messages that are due, the first of each subject only, in a transaction of its own."""
    token = uuid7()
    async with transaction(engine) as connection:
        rows = await connection.execute(
            _LEASE, {"topics": list(topics), "limit": limit, "lease": token, "lease_for": lease_for}
        )
        leased = sorted(rows.mappings().all(), key=lambda row: row["position"])
    return [Message(**{name: row[name] for name in _MESSAGE_COLUMNS}) for row in leased]


async def complete(connection: AsyncConnection, message: Message) -> None:
    """Record that the other side did it, in the transaction of its local effects. Raises LeaseLostError."""
    await _finish(connection, message, "done", None)


async def refuse(connection: AsyncConnection, message: Message, error: str) -> None:
    """Record that the other side said no for good, in the transaction of its local effects. Raises LeaseLostError.

    `error` is a problem code, never a text with personal data.
    """
    await _finish(connection, message, "refused", error)


async def retry_later(engine: AsyncEngine, message: Message, error: str) -> float:
    """Give the message back to be tried again, and return after how many seconds. Raises LeaseLostError.

    The pause doubles with every try up to five minutes, with some randomness; the key stays the same, so that an unknown
    outcome is asked about rather than repeated.
    """
    pause = pause_seconds(message.tries)
    async with transaction(engine) as connection:
        changed = await connection.execute(
            _RETRY,
            {**_identity(message), "error": error[:_LONGEST_ERROR], "pause": timedelta(seconds=pause)},
        )
        if changed.rowcount != 1:
            raise LeaseLostError
    return pause


async def waiting_count(connection: AsyncConnection, book: str | None = None) -> int:
    """Count the messages not yet delivered, of one book or of all; for reports and metrics."""
    found = await connection.scalar(_WAITING, {"book": book})
    return int(found or 0)


def pause_seconds(tries: int) -> float:
    """Return how long to wait after this many earlier tries: 1 s doubling to 300 s, less up to a quarter at random."""
    pause = min(LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(tries, 20))
    return pause * random.uniform(0.75, 1.0)  # noqa: S311 - spreads retries, hides nothing


async def _finish(connection: AsyncConnection, message: Message, status: str, error: str | None) -> None:
    changed = await connection.execute(
        _FINISH, {**_identity(message), "status": status, "error": None if error is None else error[:_LONGEST_ERROR]}
    )
    if changed.rowcount != 1:
        raise LeaseLostError


def _identity(message: Message) -> dict[str, object]:
    return {"book": message.book, "id": message.id, "lease": message.lease}


_MESSAGE_COLUMNS: Final = (
    "book", "id", "topic", "subject", "key", "payload", "tries", "lease", "lease_until", "created_at",
)  # fmt: skip

_ENQUEUE: Final = text(
    "INSERT INTO outbox (book, id, topic, subject, key, payload) VALUES (:book, :id, :topic, :subject, :key, :payload)"
).bindparams(bindparam("id", type_=Uuid), bindparam("payload", type_=JSONB))

# A message is due when its time has come, nobody holds it and no earlier message of its subject is still waiting. The
# database's clock decides, so that workers on several machines agree.
_LEASE: Final = (
    text(
        """
        WITH due AS (
            SELECT book, id
            FROM outbox AS candidate
            WHERE status = 'waiting' AND topic = ANY(:topics) AND next_try_at <= now()
              AND (lease_until IS NULL OR lease_until < now())
              AND NOT EXISTS (
                  SELECT FROM outbox AS earlier
                  WHERE earlier.book = candidate.book AND earlier.subject = candidate.subject
                    AND earlier.status = 'waiting' AND earlier.position < candidate.position)
            ORDER BY next_try_at, position
            LIMIT :limit
            FOR UPDATE SKIP LOCKED)
        UPDATE outbox
        SET lease = :lease, lease_until = now() + :lease_for, tries = tries + 1
        FROM due
        WHERE outbox.book = due.book AND outbox.id = due.id
        RETURNING outbox.book, outbox.id, topic, subject, key, payload, tries - 1 AS tries, lease, lease_until, created_at,
            position
        """
    )
    .bindparams(bindparam("lease", type_=Uuid))
    .columns(id=Uuid, payload=JSONB, lease=Uuid)
)

_FINISH: Final = text(
    """
    UPDATE outbox
    SET status = :status, last_error = :error, finished_at = now(), lease = NULL, lease_until = NULL
    WHERE book = :book AND id = :id AND lease = :lease AND status = 'waiting'
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("lease", type_=Uuid))

_RETRY: Final = text(
    """
    UPDATE outbox
    SET last_error = :error, next_try_at = now() + :pause, lease = NULL, lease_until = NULL
    WHERE book = :book AND id = :id AND lease = :lease AND status = 'waiting'
    """
).bindparams(bindparam("id", type_=Uuid), bindparam("lease", type_=Uuid))

_WAITING: Final = text(
    "SELECT count(*) FROM outbox WHERE status = 'waiting' AND (CAST(:book AS text) IS NULL OR book = :book)"
)
