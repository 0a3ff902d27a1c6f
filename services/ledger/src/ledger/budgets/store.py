"""SQL of encumbrances: reading rows and the balances the database keeps for them. Nothing here writes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.budgets.tables import encumbrance, encumbrance_balance
from ledger.journal.state import EncumbranceState, EncumbranceStatus
from ledger.journal.tables import open_item


def _with_balances() -> Select[Any]:
    """Select encumbrances in the order of ``EncumbranceState``'s fields."""
    row, kept = encumbrance.c, encumbrance_balance.c
    return (
        select(
            row.id,
            row.fund,
            kept.budget_year,
            row.amount_fen,
            row.purpose,
            row.reference,
            kept.expires_at,
            row.opened_on,
            row.opened_seq,
            kept.encumbered_fen,
            kept.liquidated_fen,
            kept.returned_fen,
            kept.released_fen,
            kept.payable_fen,
            row.purpose_code,
            open_item.c.id,
        )
        .join(encumbrance_balance, (kept.book == row.book) & (kept.id == row.id))
        .outerjoin(open_item, (open_item.c.book == row.book) & (open_item.c.encumbrance == row.id))
    )


def _status(now: datetime) -> ColumnElement[str]:
    """State the rule of ``EncumbranceState.status`` in SQL; a test holds the two together."""
    kept = encumbrance_balance.c
    return case(
        (kept.remaining_fen > 0, case((kept.expires_at <= now, "expired"), else_="open")),
        (kept.released_fen > 0, "released"),
        else_="liquidated",
    )


def _state(row: Row[Any]) -> EncumbranceState:
    values: tuple[Any, ...] = tuple(row)  # in the order _with_balances selects them
    return EncumbranceState(*values)


async def clock(connection: AsyncConnection) -> datetime:
    """Return the present instant by the database's clock: expiry follows it alone."""
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def by_id(connection: AsyncConnection, book: str, wanted: UUID) -> EncumbranceState | None:
    """Return one encumbrance, or nothing."""
    found = (
        await connection.execute(_with_balances().where(encumbrance.c.book == book, encumbrance.c.id == wanted))
    ).one_or_none()
    return None if found is None else _state(found)


async def after(
    connection: AsyncConnection,
    book: str,
    *,
    fund: str | None,
    status: EncumbranceStatus | None,
    reference: str | None,
    now: datetime,
    opened_after_seq: int,
    limit: int,
) -> Sequence[EncumbranceState]:
    """Return the next encumbrances in the order they were opened."""
    wanted = (
        _with_balances()
        .where(encumbrance.c.book == book, encumbrance.c.opened_seq > opened_after_seq)
        .order_by(encumbrance.c.opened_seq)
        .limit(limit)
    )
    if fund is not None:
        wanted = wanted.where(encumbrance.c.fund == fund)
    if reference is not None:
        wanted = wanted.where(encumbrance.c.reference == reference)
    if status is not None:
        wanted = wanted.where(_status(now) == status)
    return [_state(row) for row in await connection.execute(wanted)]
