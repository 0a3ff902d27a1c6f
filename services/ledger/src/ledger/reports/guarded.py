"""SQL of the balances that may not stand below zero, day by day: which of them past days show below zero, and by which entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.reports.rules import Movement


class BalanceName(NamedTuple):
    """Which balance; year 0 and empty texts mean "none". Balances are listed in this order."""

    fund: str
    account: str
    budget_year: int
    source: str
    purpose_code: str


@dataclass(frozen=True, slots=True)
class GuardedBalance:
    """A balance some past day shows below zero, and what its account is called."""

    name: BalanceName
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class EntryNote:
    """What a reader needs to find an entry."""

    seq: int
    id: UUID
    kind: str
    voucher_type: str
    voucher_number: int
    description: str
    effective_on: date
    posted_at: datetime


# The balance at the end of each day on which it moved, on the account's normal side.
_BELOW_ZERO = text("""
    WITH stood AS (
        SELECT d.fund, d.account, d.budget_year, d.source, d.purpose_code, a.name_zh, a.name_en,
               sum(CASE a.normal_side WHEN 'debit' THEN d.debit_fen - d.credit_fen ELSE d.credit_fen - d.debit_fen END)
                   OVER (PARTITION BY d.fund, d.account, d.budget_year, d.source, d.purpose_code ORDER BY d.day) AS fen
        FROM daily_total d JOIN account a ON a.book = d.book AND a.fund = d.fund AND a.code = d.account AND a.guarded
        WHERE d.book = :book AND (cast(:account AS text) IS NULL OR d.account = :account)
          AND (cast(:fund AS text) IS NULL OR d.fund = :fund OR starts_with(d.fund, :fund || '.'))
          AND (d.fund, d.account, d.budget_year, d.source, d.purpose_code)
              >= (cast(:from_fund AS text), cast(:from_account AS text), cast(:from_year AS smallint),
                  cast(:from_source AS text), cast(:from_purpose AS text))
    )
    SELECT DISTINCT fund, account, budget_year, source, purpose_code, name_zh, name_en FROM stood WHERE fen < 0
    ORDER BY fund, account, budget_year, source, purpose_code LIMIT :limit
""")

_MOVEMENTS = text("""
    SELECT p.seq, e.effective_on,
           sum(CASE WHEN (p.side = a.normal_side) <> p.red THEN p.amount_fen ELSE -p.amount_fen END)::bigint AS fen
    FROM posting p
    JOIN journal_entry e ON e.book = p.book AND e.seq = p.seq
    JOIN account a ON a.book = p.book AND a.fund = p.fund AND a.code = p.account
    WHERE p.book = :book AND p.fund = :fund AND p.account = :account AND p.budget_year = :budget_year AND p.source = :source
      AND p.purpose_code = :purpose_code
    GROUP BY p.seq, e.effective_on ORDER BY p.seq
""")

_NOTES = text("""
    SELECT seq, id, kind, voucher_type, voucher_number, description, effective_on, posted_at FROM journal_entry
    WHERE book = :book AND seq = ANY(cast(:seqs AS bigint[]))
""")


async def guarded_account(connection: AsyncConnection, book: str, code: str) -> bool | None:
    """Tell whether accounts of this code may not stand below zero; nothing if no fund has one."""
    guarded: bool | None = await connection.scalar(
        text("SELECT guarded FROM account WHERE book = :book AND code = :code LIMIT 1"), {"book": book, "code": code}
    )
    return guarded


async def below_zero(
    connection: AsyncConnection, book: str, *, fund: str | None, account: str | None, at_least: BalanceName, limit: int
) -> list[GuardedBalance]:
    """Return the next balances that the end of some day shows below zero, of a fund and those below it, from a place in their order on."""
    place = dict(zip(("from_fund", "from_account", "from_year", "from_source", "from_purpose"), at_least, strict=True))
    asked = {"book": book, "fund": fund, "account": account, "limit": limit, **place}
    return [
        GuardedBalance(BalanceName(*row[:5]), row.name_zh, row.name_en)
        for row in await connection.execute(_BELOW_ZERO, asked)
    ]


async def movements(connection: AsyncConnection, book: str, name: BalanceName) -> list[Movement]:
    """Return what every entry moved on a balance, in the order of posting, on the account's normal side."""
    rows = await connection.execute(_MOVEMENTS, {"book": book, **name._asdict()})
    return [Movement(row.seq, row.effective_on, row.fen) for row in rows]


async def entry_notes(connection: AsyncConnection, book: str, seqs: Sequence[int]) -> dict[int, EntryNote]:
    """Return what a reader needs of these entries, by seq."""
    rows = await connection.execute(_NOTES, {"book": book, "seqs": list(seqs)})
    return {row.seq: EntryNote(*row) for row in rows}
