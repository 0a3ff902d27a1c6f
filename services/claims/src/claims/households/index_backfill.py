"""Computing the index of name and date of birth for members who were registered before it existed: only the service has the key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from claims.households.duplicates import flag_households
from claims.households.tables import member
from common.crypto import DecryptionError
from common.database import transaction
from common.dates import now_utc

if TYPE_CHECKING:
    from uuid import UUID

    from claims.context import Context
    from claims.households.personal import PersonalData

_AT_ONCE: Final = 200
_INDEX_BYTES: Final = 32


async def index_some_members(context: Context) -> int:
    """Index some members of one book that lack it, and flag what their households share; answers how many those were.

    A member whose name cannot be opened (erased, or sealed with a key that is gone) gets an index nothing equals.
    """
    m = member.c
    first = sa.select(m.book).where(m.name_birth_index.is_(None)).order_by(m.book, m.id).limit(1).scalar_subquery()
    query = (
        sa.select(m.book, m.id, m.household_id, m.name_cipher, m.id_number_cipher)
        .where(m.name_birth_index.is_(None), m.book == first)
        .order_by(m.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    async with transaction(context.engine) as conn:
        rows = (await conn.execute(query)).all()
        if not rows:
            return 0
        book: str = rows[0].book
        personal = context.personal(book)
        changed = [
            {
                "row_book": book,
                "row_id": row.id,
                "index": _index(personal, row.id, row.name_cipher, row.id_number_cipher),
            }
            for row in rows
        ]
        await conn.execute(
            sa.update(member)
            .where(m.book == sa.bindparam("row_book"), m.id == sa.bindparam("row_id"))
            .values(name_birth_index=sa.bindparam("index")),
            changed,
        )
        await flag_households(conn, book, list({row.household_id for row in rows}), now_utc())
    return len(rows)


def _index(personal: PersonalData, member_id: UUID, name: bytes, number: bytes) -> bytes:
    try:
        opened = personal.open_member(member_id, name, number, None)
    except DecryptionError:
        return os.urandom(_INDEX_BYTES)
    return personal.name_birth_index(opened.name, opened.id_number)
