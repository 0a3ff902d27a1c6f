"""The journal's services to the other rooms: holding a book's lock and adding to its chain."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from common.database import transaction
from common.errors import NOT_FOUND, unavailable
from common.logging import get_logger
from ledger.journal import store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from ledger.journal.chain import RecordKind
    from ledger.journal.drafts import Json

log = get_logger(__name__)


@asynccontextmanager
async def book_locked(engine: AsyncEngine, book: str) -> AsyncIterator[AsyncConnection]:
    """Run a block in one transaction that holds the book's lock: nothing is posted to the book meanwhile.

    Commits when the block ends. Raises ``not_found`` for an unknown book, and what ``common.database.transaction`` raises. Read in
    statements of their own inside the block: they see what the lock's last holder committed.
    """
    async with transaction(engine) as connection:
        await lock_book(connection, book)
        yield connection


async def lock_book(connection: AsyncConnection, book: str) -> None:
    """Lock the book until the caller's transaction ends. Raises ``not_found`` for an unknown book."""
    if not await store.hold_book(connection, book):
        raise NOT_FOUND.error()


async def append_record(
    connection: AsyncConnection, book: str, kind: RecordKind, content: Mapping[str, Json]
) -> tuple[int, bytes]:
    """Append a record of kind ``book``, ``fund`` or ``period`` to the chain; return its position and hash.

    The caller holds the book's lock. ``content`` holds texts, booleans, nulls and integers below 2^53 under ASCII names.
    """
    return await store.append_record(connection, book, kind, content)


async def check_rights(engine: AsyncEngine) -> None:
    """Raise ``unavailable`` if the service's role may change what is posted; a readiness check.

    The database's proofs hold against a role that can only append. A service that was given the owner's address by mistake must not serve.
    """
    async with transaction(engine) as connection:
        if await store.may_rewrite(connection):
            log.error("database_role_too_powerful")
            raise unavailable()
