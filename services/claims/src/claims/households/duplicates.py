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

from claims.households.tables import household, member, possible_duplicate
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


def _members_sharing(kind: str, column: str) -> sa.Select[str, UUID, UUID, UUID, UUID]:
    new, other = member.alias("new"), member.alias("other")
    conditions = [
        other.c.book == new.c.book,
        other.c[column] == new.c[column],
        other.c.household_id != new.c.household_id,
        other.c.left_on.is_(None),
    ]
    if kind == "name_birth":  # the same number says it already
        conditions.append(other.c.id_number_index != new.c.id_number_index)
    oldest = (
        sa.select(other.c.id, other.c.household_id).where(*conditions).order_by(other.c.id).limit(1).lateral("oldest")
    )
    return (
        sa.select(sa.literal(kind), new.c.household_id, new.c.id, oldest.c.household_id, oldest.c.id)
        .select_from(new.join(oldest, sa.true()))
        .where(
            new.c.book == sa.bindparam("book"),
            new.c.household_id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))),
            new.c.left_on.is_(None),
            new.c[column].is_not(None),
        )
    )


def _households_sharing_account() -> sa.Select[str, UUID, UUID, UUID, UUID]:
    new, other = household.alias("new"), household.alias("other")
    oldest = (
        sa.select(other.c.id)
        .where(
            other.c.book == new.c.book,
            other.c.bank_account_index == new.c.bank_account_index,
            other.c.id != new.c.id,
        )
        .order_by(other.c.id)
        .limit(1)
        .lateral("oldest")
    )
    return (
        sa.select(sa.literal("bank_account"), new.c.id, new.c.id, oldest.c.id, oldest.c.id)
        .select_from(new.join(oldest, sa.true()))
        .where(
            new.c.book == sa.bindparam("book"),
            new.c.id == sa.any_(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))),
            new.c.bank_account_index.is_not(None),
        )
    )


_SHARING: Final = (
    _members_sharing("id_number", "id_number_index"),
    _members_sharing("phone", "phone_index"),
    _members_sharing("name_birth", "name_birth_index"),
    _households_sharing_account(),
)


async def flag_households(conn: AsyncConnection, book: str, ids: Sequence[UUID], now: datetime) -> list[Pair]:
    """Flag what these households share with others; answers the pairs that stand now, flagged before or not."""
    await conn.execute(_LOCK, {"book": book})
    pairs = []
    for query in _SHARING:
        found = await conn.execute(query, {"book": book, "ids": list(ids)})
        pairs += [Pair(kind, mine, subject, theirs, other) for kind, mine, subject, theirs, other in found]
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
