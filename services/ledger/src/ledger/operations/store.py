"""SQL of open items and gifts: reading what the engine and the triggers keep. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.journal.state import ItemState
from ledger.journal.tables import open_item, open_item_balance


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which open items to list; nothing means any."""

    fund: str | None = None
    kind: str | None = None
    status: str | None = None
    party_ref: str | None = None


def _items(book: str) -> Select[Any]:
    kept = open_item_balance.c
    sums = (
        select(
            kept.book,
            kept.id,
            func.jsonb_object_agg(kept.source, kept.opened_fen).label("opened"),
            func.jsonb_object_agg(kept.source, kept.settled_fen).label("settled"),
            func.sum(kept.remaining_fen).label("remaining"),
        )
        .where(kept.book == book)
        .group_by(kept.book, kept.id)
        .subquery()
    )
    joined = and_(sums.c.book == open_item.c.book, sums.c.id == open_item.c.id)
    return (
        select(open_item, sums.c.opened, sums.c.settled, sums.c.remaining)
        .outerjoin(sums, joined)
        .where(open_item.c.book == book)
    )


async def item_by_id(connection: AsyncConnection, book: str, wanted: UUID) -> ItemState | None:
    """Return one open item, or nothing."""
    found = (await connection.execute(_items(book).where(open_item.c.id == wanted))).one_or_none()
    return None if found is None else _state(found)


async def items_after(
    connection: AsyncConnection, book: str, wanted: ItemFilter, *, after: tuple[int, UUID] | None, limit: int
) -> list[ItemState]:
    """Return the next open items in the order they were opened."""
    query = _items(book).order_by(open_item.c.opened_seq, open_item.c.id).limit(limit)
    remaining = func.coalesce(query.selected_columns.remaining, 0)
    if after is not None:
        query = query.where(tuple_(open_item.c.opened_seq, open_item.c.id) > tuple_(*after))
    for column, value in (("fund", wanted.fund), ("kind", wanted.kind), ("party_ref", wanted.party_ref)):
        if value is not None:
            query = query.where(open_item.c[column] == value)
    if wanted.status is not None:
        query = query.where(remaining != 0 if wanted.status == "open" else remaining == 0)
    return [_state(row) for row in await connection.execute(query)]


def _state(row: Row[Any]) -> ItemState:
    return ItemState(
        id=row.id,
        kind=row.kind,
        fund=row.fund,
        account=row.account,
        side=row.side,
        party_ref=row.party_ref,
        reference=row.reference,
        encumbrance=row.encumbrance,
        purpose_code=row.purpose_code,
        due_on=row.due_on,
        details=row.details,
        opened_on=row.opened_on,
        opened_seq=row.opened_seq,
        opened=row.opened or {},
        settled=row.settled or {},
    )


@dataclass(frozen=True, slots=True)
class GiftRow:
    """A gift; ``number`` counts the gifts of its year in the order they were booked."""

    id: UUID
    kind: str
    fund: str
    party_ref: str | None
    purpose: str | None
    opened_on: date
    opened_seq: int
    number: int
    opened_fen: int
    unspent_fen: int


# What of a free gift is unspent: the fund's donation cash that is left counts as the latest of its free gifts (first in, first out).
_GIFTS = text("""
    WITH gift AS (
        SELECT i.id, i.kind, i.fund, i.party_ref, i.details ->> 'purpose' AS purpose, i.opened_on, i.opened_seq,
               row_number() OVER (PARTITION BY extract(year FROM i.opened_on) ORDER BY i.opened_seq) AS number,
               coalesce(b.opened_fen, 0) AS opened_fen, coalesce(b.remaining_fen, 0) AS remaining_fen
        FROM open_item i
        LEFT JOIN LATERAL (SELECT sum(n.opened_fen)::bigint AS opened_fen, sum(n.remaining_fen)::bigint AS remaining_fen
                           FROM open_item_balance n WHERE n.book = i.book AND n.id = i.id) b ON true
        WHERE i.book = :book AND i.kind IN ('restricted_gift', 'free_gift', 'named_gift')
    ), told AS (
        SELECT g.*, sum(CASE WHEN g.kind = 'free_gift' THEN g.opened_fen ELSE 0 END)
                        OVER (PARTITION BY g.fund ORDER BY g.opened_seq DESC ROWS UNBOUNDED PRECEDING) - g.opened_fen AS later_fen,
               (SELECT coalesce(sum(c.balance_fen), 0) FROM balance c
                WHERE c.book = :book AND c.fund = g.fund AND c.account = '1002' AND c.source = 'donation') AS cash_fen
        FROM gift g
    )
    SELECT id, kind, fund, party_ref, purpose, opened_on, opened_seq, number, opened_fen,
           CASE WHEN kind <> 'free_gift' THEN remaining_fen
                ELSE greatest(least(opened_fen, cash_fen - later_fen), 0) END::bigint AS unspent_fen
    FROM told WHERE opened_seq > :after AND (cast(:fund AS text) IS NULL OR fund = :fund) ORDER BY opened_seq LIMIT :limit
""")


async def gifts_after(
    connection: AsyncConnection, book: str, fund: str | None, *, after: int, limit: int
) -> Sequence[GiftRow]:
    """Return the next gifts in the order they were booked."""
    rows = await connection.execute(_GIFTS, {"book": book, "fund": fund, "after": after, "limit": limit})
    return [GiftRow(*row) for row in rows]
