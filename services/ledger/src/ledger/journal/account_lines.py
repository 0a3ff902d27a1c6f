"""The postings of one account in the order of its history: by effective date, then ``seq``, then line. The one place that reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import func, literal, select, true, tuple_

from common.paging import decode_cursor, encode_cursor
from ledger.journal.standing import turnover
from ledger.journal.tables import journal_entry, posting

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import FromClause, Select
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Place:
    """One point in an account's history."""

    effective_on: date
    seq: int
    line: int


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One posting on an account with what its reader needs of the entry. Turnover is negative for a red posting."""

    place: Place
    entry_id: UUID
    period: str
    voucher_type: str
    voucher_number: int
    description: str
    reference: str | None
    memo: str | None
    red: bool
    budget_year: int
    source: str
    purpose_code: str
    debit_fen: int
    credit_fen: int


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """Whose postings are meant: an account of a fund, of entries up to a ``seq``; with or without opening entries 期初."""

    book: str
    fund: str
    code: str
    up_to_seq: int
    openings: bool = True


def cursor_after(place: Place, seq: int) -> str:
    """Return the cursor of the page behind a line; every page counts the entries the first one did."""
    return encode_cursor(place.effective_on, place.seq, place.line, seq)


def read_cursor(cursor: str | None) -> tuple[Place | None, int | None]:
    """Return the place and the ``seq`` a cursor names. Raises ``invalid_request`` naming ``cursor``."""
    match decode_cursor(cursor, date, int, int, int):
        case (date() as day, int() as seq, int() as line, int() as seen_seq):
            return Place(day, seq, line), seen_seq
        case _:
            return None, None


async def lines_between(
    connection: AsyncConnection, seen: AccountSeen, span: tuple[date, date], *, after: Place | None, limit: int
) -> list[AccountLine]:
    """Return the lines effective within ``span``, oldest first, after a place."""
    lines, line = _lines_of(seen)
    lines = lines.where(journal_entry.c.effective_on.between(*span))
    if after is not None:
        entry_place = tuple_(journal_entry.c.effective_on, journal_entry.c.seq)
        line_place = tuple_(journal_entry.c.effective_on, journal_entry.c.seq, line.c.line)
        # The first condition can use the index on (book, effective_on, seq); the second leaves out lines already shown.
        lines = lines.where(
            entry_place >= tuple_(literal(after.effective_on), literal(after.seq)),
            line_place > tuple_(literal(after.effective_on), literal(after.seq), literal(after.line)),
        )
    ordered = lines.order_by(journal_entry.c.effective_on, journal_entry.c.seq, line.c.line).limit(limit)
    return [
        AccountLine(
            Place(row.effective_on, row.seq, row.line), row.id, row.period, row.voucher_type, row.voucher_number, row.description,
            row.reference, row.memo, row.red, row.budget_year, row.source, row.purpose_code, row.debit_fen, row.credit_fen,
        )
        for row in await connection.execute(ordered)
    ]  # fmt: skip


async def moved_on_day_up_to(connection: AsyncConnection, seen: AccountSeen, place: Place) -> int:
    """Return what the account moved (debit minus credit) on the place's day up to and including that line."""
    lines, line = _lines_of(seen)
    moved = lines.where(
        journal_entry.c.effective_on == place.effective_on,
        tuple_(line.c.seq, line.c.line) <= tuple_(literal(place.seq), literal(place.line)),
    ).subquery()
    total = await connection.execute(select(func.coalesce(func.sum(moved.c.debit_fen - moved.c.credit_fen), 0)))
    return int(total.scalar_one())


def _lines_of(seen: AccountSeen) -> tuple[Select[tuple[object, ...]], FromClause]:
    """Return the account's lines and the FROM element of their postings.

    Entry by entry in the order of the index on dates, each with a look at its own postings (LATERAL … OFFSET 0): before the database has
    statistics of a young book it would otherwise read all the account's postings again for every entry.
    """
    entry_names = ("effective_on", "id", "period", "voucher_type", "voucher_number", "description", "reference")
    line_names = ("seq", "line", "memo", "red", "budget_year", "source", "purpose_code")
    figures = [turnover(side).label(f"{side}_fen") for side in ("debit", "credit")]
    line = (
        select(*(posting.c[name] for name in line_names), *figures)
        .where(
            posting.c.book == journal_entry.c.book, posting.c.seq == journal_entry.c.seq, posting.c.book == seen.book
        )
        .where(posting.c.fund == seen.fund, posting.c.account == seen.code)
        .offset(0)
        .lateral("line")
    )
    query = (
        select(*(journal_entry.c[name] for name in entry_names), *line.c)
        .join(line, true())
        .where(journal_entry.c.book == seen.book, journal_entry.c.seq <= seen.up_to_seq)
    )
    return query if seen.openings else query.where(journal_entry.c.kind != "opening"), line
