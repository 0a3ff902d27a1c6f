"""SQL of purposes, versions of the budget, and budget against actual. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.budgets.tables import budget_version, purpose
from ledger.journal.tables import journal_entry, posting


@dataclass(frozen=True, slots=True)
class PurposeRow:
    """A purpose as it stands."""

    fund: str
    code: str
    position: int
    name_zh: str
    name_en: str
    kinds: list[str]
    sources: list[str]
    set_by: str
    set_at: datetime


async def purposes(connection: AsyncConnection, book: str, fund: str | None) -> list[PurposeRow]:
    """Return the latest version of every purpose of the book, or of a fund."""
    query = (
        select(purpose)
        .ext(distinct_on(purpose.c.fund, purpose.c.code))
        .where(purpose.c.book == book)
        .order_by(purpose.c.fund, purpose.c.code, purpose.c.position.desc())
    )
    if fund is not None:
        query = query.where(purpose.c.fund == fund)
    return [
        PurposeRow(
            row.fund, row.code, row.position, row.name_zh, row.name_en, row.kinds, row.sources, row.set_by, row.set_at
        )
        for row in await connection.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of the budget with the entry that booked it."""

    fiscal_year: int
    version: int
    kind: str
    authority: str
    document: str
    decided_on: date
    effective_on: date
    seq: int
    entry: UUID
    prepared_by: str
    reviewed_by: str | None
    position: int


async def versions(
    connection: AsyncConnection, book: str, year: int | None, *, after: tuple[int, int], limit: int
) -> list[VersionRow]:
    """Return the next versions by year and number."""
    kept, entry = budget_version.c, journal_entry.c
    statement = (
        select(budget_version, entry.id.label("entry"), entry.effective_on)
        .join(journal_entry, (entry.book == kept.book) & (entry.seq == kept.seq))
        .where(
            kept.book == book,
            (kept.fiscal_year > after[0]) | ((kept.fiscal_year == after[0]) & (kept.version > after[1])),
        )
        .order_by(kept.fiscal_year, kept.version)
        .limit(limit)
    )
    if year is not None:
        statement = statement.where(kept.fiscal_year == year)
    return [
        VersionRow(
            row.fiscal_year,
            row.version,
            row.kind,
            row.authority,
            row.document,
            row.decided_on,
            row.effective_on,
            row.seq,
            row.entry,
            row.prepared_by,
            row.reviewed_by,
            row.position,
        )
        for row in await connection.execute(statement)
    ]


async def changes(connection: AsyncConnection, book: str, seqs: Sequence[int]) -> dict[int, list[tuple[str, str, int]]]:
    """Return what the entries of versions changed: fund, purpose and fen, in the order of their lines."""
    found: dict[int, list[tuple[str, str, int]]] = {}
    if not seqs:
        return found
    line = posting.c
    rows = await connection.execute(
        select(line.seq, line.fund, line.purpose_code, line.side, line.amount_fen)
        .where(line.book == book, line.seq.in_(seqs), line.account == "allotted")
        .order_by(line.seq, line.line)
    )
    for row in rows:
        fen = row.amount_fen if row.side == "debit" else -row.amount_fen
        found.setdefault(row.seq, []).append((row.fund, row.purpose_code, fen))
    return found


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """A fund's or purpose's budget of a year and what came of it up to a date, in fen."""

    fund: str
    purpose_code: str
    name_zh: str
    original_fen: int
    amended_fen: int
    moved_fen: int
    budget_fen: int
    encumbered_fen: int
    expended_fen: int
    available_fen: int


# Of the days up to the date, what control accounts of that year moved; and of the versions' entries, what they allotted.
_AGAINST_ACTUAL = text("""
    WITH control AS (
        SELECT d.fund, d.purpose_code, d.account, sum(d.debit_fen - d.credit_fen)::bigint AS fen
        FROM daily_total d
        WHERE d.book = :book AND d.budget_year = :year AND d.day <= :day
          AND d.account IN ('allotted', 'available', 'encumbered', 'expended')
        GROUP BY d.fund, d.purpose_code, d.account
    ), figures AS (
        SELECT fund, purpose_code,
               coalesce(sum(fen) FILTER (WHERE account = 'allotted'), 0)::bigint AS budget,
               coalesce(-sum(fen) FILTER (WHERE account = 'encumbered'), 0)::bigint AS encumbered,
               coalesce(-sum(fen) FILTER (WHERE account = 'expended'), 0)::bigint AS expended,
               coalesce(-sum(fen) FILTER (WHERE account = 'available'), 0)::bigint AS available
        FROM control GROUP BY fund, purpose_code
    ), decided AS (
        SELECT p.fund, p.purpose_code,
               coalesce(sum(p.fen) FILTER (WHERE p.kind = 'original'), 0)::bigint AS original,
               coalesce(sum(p.fen) FILTER (WHERE p.kind = 'amended'), 0)::bigint AS amended,
               coalesce(sum(p.fen) FILTER (WHERE p.kind = 'moved'), 0)::bigint AS moved
        FROM (SELECT q.fund, q.purpose_code, v.kind, CASE WHEN q.side = 'debit' THEN q.amount_fen ELSE -q.amount_fen END AS fen
              FROM budget_version v
              JOIN journal_entry e ON e.book = v.book AND e.seq = v.seq
              JOIN posting q ON q.book = v.book AND q.seq = v.seq AND q.account = 'allotted'
              WHERE v.book = :book AND v.fiscal_year = :year AND e.effective_on <= :day) p
        GROUP BY p.fund, p.purpose_code
    )
    SELECT g.fund, g.purpose_code,
           coalesce((SELECT u.name_zh FROM purpose u WHERE u.book = :book AND u.code = g.purpose_code
                     AND (g.fund = u.fund OR starts_with(g.fund, u.fund || '.')) ORDER BY u.position DESC LIMIT 1), f.name_zh) AS name_zh,
           coalesce(d.original, 0), coalesce(d.amended, 0), coalesce(d.moved, 0), g.budget, g.encumbered, g.expended, g.available
    FROM figures g
    JOIN fund f ON f.book = :book AND f.code = g.fund
    LEFT JOIN decided d ON d.fund = g.fund AND d.purpose_code = g.purpose_code
    WHERE cast(:fund AS text) IS NULL OR g.fund = :fund OR starts_with(g.fund, :fund || '.')
    ORDER BY f.position, g.fund, g.purpose_code
""")


async def against_actual(
    connection: AsyncConnection, book: str, year: int, fund: str | None, day: date
) -> list[BudgetFigures]:
    """Return a year's budget and what came of it up to a day, by fund and purpose, in the order of the funds."""
    rows = await connection.execute(_AGAINST_ACTUAL, {"book": book, "year": year, "fund": fund, "day": day})
    return [BudgetFigures(*row) for row in rows]
