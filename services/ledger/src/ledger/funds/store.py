"""SQL of funds: their figures from maintained balances, and new sub-funds. Never a sum over postings."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from common.paging import Key
from ledger.accounts.tables import balance
from ledger.funds.tables import fund
from ledger.journal.drafts import Json
from ledger.journal.tables import chain_head


@dataclass(frozen=True, slots=True)
class FundFigures:
    """A fund with its figures in fen, its descendants' included."""

    code: str
    parent: str | None
    category: str
    name_zh: str
    name_en: str
    position: int
    allotted_fen: int
    encumbered_fen: int
    expended_fen: int
    available_fen: int
    cash_fen: int


@dataclass(frozen=True, slots=True)
class FundRow:
    """A fund as a sub-fund inherits from it."""

    code: str
    category: str
    source_order: tuple[str, ...]


# Every fund counts for itself and for each fund above it. Year 0 stands for "all years": no control account has year 0.
_FIGURES = text("""
WITH RECURSIVE lineage(code, ancestor) AS (
    SELECT code, code FROM fund WHERE book = :book
    UNION ALL
    SELECT l.code, f.parent FROM lineage l JOIN fund f ON f.book = :book AND f.code = l.ancestor WHERE f.parent IS NOT NULL
), own AS (
    SELECT fund,
           sum(balance_fen) FILTER (WHERE account = 'allotted') AS allotted,
           -sum(balance_fen) FILTER (WHERE account = 'encumbered') AS encumbered,
           -sum(balance_fen) FILTER (WHERE account = 'expended') AS expended,
           -sum(balance_fen) FILTER (WHERE account = 'available') AS available,
           sum(balance_fen) FILTER (WHERE account = '1002') AS cash
    FROM balance
    WHERE book = :book AND (account = '1002' OR account IN ('allotted', 'encumbered', 'expended', 'available')
          AND (CAST(:year AS smallint) = 0 OR budget_year = CAST(:year AS smallint)))
    GROUP BY fund
), whole AS (
    SELECT l.ancestor AS code, sum(allotted) AS allotted, sum(encumbered) AS encumbered, sum(expended) AS expended,
           sum(available) AS available, sum(cash) AS cash
    FROM lineage l JOIN own o ON o.fund = l.code GROUP BY l.ancestor
)
SELECT f.code, f.parent, f.category, f.name_zh, f.name_en, f.position,
       coalesce(w.allotted, 0)::bigint AS allotted_fen, coalesce(w.encumbered, 0)::bigint AS encumbered_fen,
       coalesce(w.expended, 0)::bigint AS expended_fen, coalesce(w.available, 0)::bigint AS available_fen,
       coalesce(w.cash, 0)::bigint AS cash_fen
FROM fund f LEFT JOIN whole w ON w.code = f.code
WHERE f.book = :book AND (f.position, f.code) > (CAST(:after_position AS integer), CAST(:after_code AS text))
ORDER BY f.position, f.code LIMIT :limit
""")


async def figures(
    connection: AsyncConnection, book: str, year: int | None, after: tuple[Key, ...] | None, limit: int
) -> list[FundFigures]:
    """Return the next funds by position with their figures of one budget year, or of all years together."""
    position, code = after or (-1, "")
    rows = await connection.execute(
        _FIGURES,
        {"book": book, "year": year or 0, "after_position": position, "after_code": code, "limit": limit},
    )
    return [FundFigures(*row) for row in rows]


async def head_seq(connection: AsyncConnection, book: str) -> int | None:
    """Return the book's last ``seq`` (0 before the first entry), or nothing if there is no such book."""
    found = await connection.execute(select(chain_head.c.seq).where(chain_head.c.book == book))
    return found.scalar_one_or_none()


async def latest_allotted_year(connection: AsyncConnection, book: str) -> int | None:
    """Return the latest budget year with an allotment, or nothing."""
    found = await connection.execute(
        select(func.max(balance.c.budget_year)).where(
            balance.c.book == book, balance.c.account == "allotted", balance.c.debit_fen > 0
        )
    )
    year: int | None = found.scalar_one()
    return year


async def fund_by_code(connection: AsyncConnection, book: str, code: str) -> FundRow | None:
    """Return the fund, or nothing."""
    found = await connection.execute(
        select(fund.c.code, fund.c.category, fund.c.source_order).where(fund.c.book == book, fund.c.code == code)
    )
    row = found.one_or_none()
    return None if row is None else FundRow(row.code, row.category, tuple(row.source_order))


async def next_position(connection: AsyncConnection, book: str) -> int:
    """Return the position after the last fund's. The caller holds the book's lock."""
    found = await connection.execute(select(func.coalesce(func.max(fund.c.position), 0)).where(fund.c.book == book))
    last: int = found.scalar_one()
    return last + 1


async def insert_fund(connection: AsyncConnection, book: str, content: Mapping[str, Json]) -> None:
    """Insert a fund with exactly the columns its chain record tells."""
    await connection.execute(insert(fund), {"book": book, **content})
