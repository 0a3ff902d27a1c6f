"""Use cases of givers: register, show masked, disclose for a reason, erase.

No answer that is remembered says anything about the person: an erasure would not reach it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from common.database import snapshot, transaction
from common.errors import NOT_FOUND
from common.ids import uuid7
from common.paging import decode_cursor, page_of
from common.personal_data import masked_name
from ledger.givers import store
from ledger.journal.chain import instant
from ledger.journal.once import Once, run_once
from ledger.journal.reading import require_book
from ledger.problems import GIVER_ERASED, GIVER_EXISTS

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from common.crypto import FieldCipher
    from ledger.givers.schemas import GiverIn
    from ledger.journal.drafts import Answer, Json

_CREATED: Final = 201
_OK: Final = 200


async def register(engine: AsyncEngine, cipher: FieldCipher, once: Once, body: GiverIn, by: str) -> Answer:
    """Register a giver under a reference of its own. Answers 201, or 409 ``giver_exists``. Raises ``not_found``."""

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        if await store.giver_by_ref(connection, once.book, body.ref) is not None:
            raise GIVER_EXISTS.error("ref")
        key = {"book": once.book, "ref": body.ref}
        contact = None if body.contact is None else cipher.encrypt(body.contact, _context("contact", **key))
        person = {**key, "name_sealed": cipher.encrypt(body.name, _context("name", **key)), "contact_sealed": contact}
        await store.insert_giver(connection, {**key, "registered_by": by}, person)
        return _CREATED, _registered(await _giver(connection, once.book, body.ref))

    return await run_once(engine, once, use_case)


async def read(engine: AsyncEngine, cipher: FieldCipher, book: str, ref: str) -> dict[str, Json]:
    """Return a giver, masked. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        return _masked(cipher, await _giver(connection, book, ref))


async def list_givers(
    engine: AsyncEngine, cipher: FieldCipher, book: str, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Json]], str | None]:
    """Return a page of givers by reference, masked. Raises ``not_found``, ``invalid_request`` (cursor)."""
    after = decode_cursor(cursor, str)
    async with snapshot(engine) as connection:
        await require_book(connection, book)
        rows = await store.givers_after(connection, book, after=str(after[0]) if after else "", limit=limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.ref,))
    return [_masked(cipher, row) for row in shown], next_cursor


async def disclose(
    engine: AsyncEngine, cipher: FieldCipher, book: str, ref: str, *, reason: str, by: str
) -> dict[str, Json]:
    """Return a giver in the clear, once it is recorded who asked and why. Raises ``not_found``, ``giver_erased``."""
    async with transaction(engine) as connection:
        found = await _giver(connection, book, ref)
        if found.name_sealed is None:
            raise GIVER_ERASED.error("ref")
        row = {"book": book, "id": uuid7(), "ref": ref, "by_person": by, "reason": reason}
        await store.insert_disclosure(connection, row)
    return {"ref": ref, **_opened(cipher, found)}


async def erase(engine: AsyncEngine, once: Once, ref: str, *, reason: str, by: str) -> Answer:
    """Take the person away and keep the reference, for the gifts stay. Answers 200, or 409 ``giver_erased``. Raises ``not_found``."""

    async def use_case(connection: AsyncConnection) -> tuple[int, Mapping[str, Json]]:
        if (await _giver(connection, once.book, ref)).erased_at is not None:
            raise GIVER_ERASED.error("ref")
        row = {"book": once.book, "ref": ref, "by_person": by, "reason": reason}
        await store.insert_erasure(connection, row)
        erased = await _giver(connection, once.book, ref)
        return _OK, {"ref": ref, "erased_by": by, "erased_at": instant(erased.erased_at)}

    return await run_once(engine, once, use_case)


async def _giver(connection: AsyncConnection, book: str, ref: str) -> Row[Any]:
    found = await store.giver_by_ref(connection, book, ref)
    if found is None:
        raise NOT_FOUND.error()
    return found


def _context(field: str, book: str, ref: str) -> str:
    return f"giver.{field}:{book}/{ref}"


def _registered(row: Row[Any]) -> dict[str, Json]:
    return {"ref": row.ref, "registered_by": row.registered_by, "registered_at": instant(row.registered_at)}


def _opened(cipher: FieldCipher, row: Row[Any]) -> dict[str, str | None]:
    key = {"book": row.book, "ref": row.ref}
    contact = row.contact_sealed
    return {
        "name": cipher.decrypt(row.name_sealed, _context("name", **key)),
        "contact": None if contact is None else cipher.decrypt(contact, _context("contact", **key)),
    }


def _masked(cipher: FieldCipher, row: Row[Any]) -> dict[str, Json]:
    name = None if row.name_sealed is None else _opened(cipher, row)["name"]
    return {
        **_registered(row),
        "name": None if name is None else masked_name(name),
        "contact_known": row.contact_sealed is not None,
        "erased_at": None if row.erased_at is None else instant(row.erased_at),
    }
