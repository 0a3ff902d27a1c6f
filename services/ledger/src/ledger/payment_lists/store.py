"""SQL of payment lists: which keys of rows were used, and whether what they did is over."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# A refusal by a rule did nothing; nor did a proposal that was refused or withdrawn. Everything else stands.
_USED = text("""
    SELECT k.key, k.status = 409 OR coalesce(d.outcome IN ('refused', 'withdrawn'), false) AS came_to_nothing
    FROM idempotency_key k
    LEFT JOIN decision d ON d.book = k.book
        AND d.proposal = CASE WHEN k.status = 202 THEN (k.body::jsonb #>> '{proposal,id}')::uuid END
    WHERE k.book = :book AND k.key = ANY(:keys)
""")


async def used_keys(connection: AsyncConnection, book: str, keys: Sequence[str]) -> dict[str, bool]:
    """Return, of these keys, those that were used, each with whether its attempt came to nothing."""
    rows = await connection.execute(_USED, {"book": book, "keys": list(keys)})
    return {row.key: row.came_to_nothing for row in rows}
