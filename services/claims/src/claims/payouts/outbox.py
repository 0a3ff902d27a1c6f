"""Wishes to the ledger, written in the transaction that decides them.

A wish is one row of `ledger_operation` and one idempotency key `claim:{id}:{operation}:{attempt}`. The worker sends it as often as it
takes to learn the outcome. A refusal is final for its attempt; a new attempt is a new row that somebody asked for.
The caller holds the claim's row lock, so that the rows of one claim are numbered in the order in which they were decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from common.ids import uuid7

from claims.payouts.ledger_calls import operation_key
from claims.payouts.tables import ledger_operation

if TYPE_CHECKING:
    import datetime as dt
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection


async def enqueue_encumbrance(
    conn: AsyncConnection,
    book: str,
    claim_id: UUID,
    benefit_fen: int,
    effective_on: dt.date,
    fiscal_year: int,
    prepared_by: str,
    reviewed_by: str,
    attempt: int,
) -> None:
    """Wish that the ledger reserves `benefit_fen` for the claim: part of the approval's own transaction.

    `fiscal_year` is the policy's year, `effective_on` the day the county approved, `attempt` 1 at the approval and one more for each
    recorded retry after a refusal. The database refuses a second open or granted encumbrance of one claim.
    """
    await conn.execute(
        sa.insert(ledger_operation).values(
            book=book,
            id=uuid7(),
            claim_id=claim_id,
            operation="encumber",
            attempt=attempt,
            key=operation_key(claim_id, "encumber", attempt),
            amount_fen=benefit_fen,
            effective_on=effective_on,
            fiscal_year=fiscal_year,
            prepared_by=prepared_by,
            reviewed_by=reviewed_by,
        )
    )
