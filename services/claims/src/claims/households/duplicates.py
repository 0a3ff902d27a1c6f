"""Finding records that may be one person or one account, and keeping what was found.

Each record is flagged against the *oldest other* present record with the same value, so that a value many share (a cadre's phone) gives one
flag a record and not one a pair. Nothing is merged or refused for it. Whoever flags holds one lock of the book until its transaction
ends, and looks after taking it: of two registrations at once, the later one to flag sees the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from claims.households.tables import possible_duplicate
from common.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection

_LOCK: Final = sa.text("SELECT pg_advisory_xact_lock(hashtextextended('possible_duplicate/' || :book, 0))")


@dataclass(frozen=True, slots=True)
class Pair:
    """A record and the oldest other one that shares a value with it. Subjects are members; households where the account is shared."""

    kind: str
    household_id: UUID
    subject_id: UUID
    other_household_id: UUID
    other_subject_id: UUID


# For each record the oldest one of another household with its value. OFFSET 0 keeps the planner from walking the primary key until it meets
# one: without statistics, as after a large import, it would, and read the whole table for every record that shares nothing.
_MEMBERS: Final = """
    SELECT new.household_id, new.id, oldest.household_id, oldest.id
    FROM member AS new CROSS JOIN LATERAL (
        SELECT sharing.household_id, sharing.id
        FROM (SELECT other.household_id, other.id, other.id_number_index, other.left_on FROM member AS other
              WHERE other.book = new.book AND other.<value> = new.<value> OFFSET 0) AS sharing
        WHERE sharing.left_on IS NULL AND sharing.household_id <> new.household_id AND <unlike>
        ORDER BY sharing.id LIMIT 1) AS oldest
    WHERE new.book = :book AND new.household_id = ANY (CAST(:ids AS uuid[])) AND new.left_on IS NULL AND new.<value> IS NOT NULL"""
_HOUSEHOLDS: Final = """
    SELECT new.id, new.id, oldest.id, oldest.id
    FROM household AS new CROSS JOIN LATERAL (
        SELECT sharing.id
        FROM (SELECT other.id FROM household AS other
              WHERE other.book = new.book AND other.bank_account_index = new.bank_account_index OFFSET 0) AS sharing
        WHERE sharing.id <> new.id
        ORDER BY sharing.id LIMIT 1) AS oldest
    WHERE new.book = :book AND new.id = ANY (CAST(:ids AS uuid[])) AND new.bank_account_index IS NOT NULL"""


def _members_sharing(column: str, unlike: str = "true") -> sa.TextClause:
    return sa.text(_MEMBERS.replace("<value>", column).replace("<unlike>", unlike))


_SHARING: Final = {
    "id_number": _members_sharing("id_number_index"),
    "phone": _members_sharing("phone_index"),
    # Where the number is the same too, that says it already.
    "name_birth": _members_sharing("name_birth_index", "sharing.id_number_index <> new.id_number_index"),
    "bank_account": sa.text(_HOUSEHOLDS),
}


_BY_INDEX: Final = sa.text("SELECT set_config('enable_seqscan', :on, true), set_config('enable_bitmapscan', :on, true)")
"""Without statistics the planner takes a book for a few rows and reads all of it for each record: here only indexes will do."""


async def flag_households(conn: AsyncConnection, book: str, ids: Sequence[UUID], now: datetime) -> list[Pair]:
    """Flag what these households share with others; answers the pairs that stand now, flagged before or not."""
    await conn.execute(_LOCK, {"book": book})
    await conn.execute(_BY_INDEX, {"on": "off"})
    pairs = []
    for kind, query in _SHARING.items():
        found = await conn.execute(query, {"book": book, "ids": list(ids)})
        pairs += [Pair(kind, *row) for row in found.all()]
    await conn.execute(_BY_INDEX, {"on": "on"})
    if pairs:
        rows = [_flag(book, pair, now) for pair in pairs]
        await conn.execute(pg.insert(possible_duplicate).on_conflict_do_nothing(), rows)
    return pairs


def _flag(book: str, pair: Pair, now: datetime) -> dict[str, object]:
    """The row of a pair, the older record first."""
    one, two = (pair.household_id, pair.subject_id), (pair.other_household_id, pair.other_subject_id)
    if one[1] > two[1]:
        one, two = two, one
    return {
        "book": book,
        "id": uuid7(),
        "kind": pair.kind,
        "household_id": one[0],
        "subject_id": one[1],
        "other_household_id": two[0],
        "other_subject_id": two[1],
        "found_at": now,
    }
