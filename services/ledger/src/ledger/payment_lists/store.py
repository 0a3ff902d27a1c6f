"""SQL of payment lists: which keys of rows were used, and what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_USED = text("""
    SELECT k.key, k.status = 409 OR coalesce(d.outcome IN ('refused', 'withdrawn'), false) AS came_to_nothing,
           told.proposal, e.id AS entry, e.voucher_number, coalesce(e.effective_on, p.effective_on) AS effective_on, red.id AS taken_back_by
    FROM idempotency_key k
    CROSS JOIN LATERAL (SELECT CASE WHEN k.status = 202 THEN (k.body::jsonb #>> '{proposal,id}')::uuid END AS proposal,
                               CASE WHEN k.status = 201 THEN (k.body::jsonb ->> 'seq')::bigint END AS seq) told
    LEFT JOIN proposal p ON p.book = k.book AND p.id = told.proposal
    LEFT JOIN decision d ON d.book = k.book AND d.proposal = told.proposal
    LEFT JOIN journal_entry e ON e.book = k.book AND e.seq = coalesce(told.seq, d.seq)
    LEFT JOIN journal_entry red ON red.book = k.book AND red.undoes = e.id
    WHERE k.book = :book AND k.key = ANY(:keys)
""")


@dataclass(frozen=True, slots=True)
class Used:
    """What came of a key: nothing (a rule refused it, or its proposal was refused or withdrawn), a proposal that waits, or an entry."""

    came_to_nothing: bool
    proposal: UUID | None
    entry: UUID | None
    voucher_number: int | None
    effective_on: date | None
    taken_back_by: UUID | None


async def used_keys(connection: AsyncConnection, book: str, keys: Sequence[str]) -> dict[str, Used]:
    """Return what came of those of the keys that were used."""
    rows = await connection.execute(_USED, {"book": book, "keys": list(keys)})
    return {row.key: Used(*row[1:]) for row in rows}
