"""SQL of the bank: how entries moved an account's cash, lines of statements, and what is matched. Matches are only ever inserted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, RowMapping, TextClause, Uuid, bindparam, func, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.bank.rules import Movement
from ledger.bank.tables import (
    bank_line,
    bank_match,
    bank_match_entry,
    bank_match_line,
    bank_match_undo,
    bank_matched_entry,
    bank_matched_line,
)
from ledger.books.tables import book as book_table
from ledger.funds.tables import fund
from ledger.journal.tables import chain_head

FIRST_DAY: Final = date.min
LAST_DAY: Final = date.max
_NOWHERE: Final = 2**62


def _sql(*parts: str) -> TextClause:
    """Put a statement together from the texts below; ``NET`` is what a posting adds to cash."""
    net = "CASE WHEN (p.side = 'debit') <> p.red THEN p.amount_fen ELSE -p.amount_fen END"
    return text("\n".join(parts).replace("NET", net))


# The funds that lie on the account, and the net move of their cash by each entry.
_TREE: Final = """
WITH RECURSIVE tree (code) AS (
    SELECT fund FROM bank_account_fund WHERE book = :book AND account = :account
    UNION ALL
    SELECT f.code FROM tree t JOIN fund f ON f.book = :book AND f.parent = t.code
)"""
_MOVED: Final = """, moved AS (
    SELECT p.seq, sum(NET)::bigint AS moved_fen
    FROM tree t JOIN posting p ON p.book = :book AND p.fund = t.code AND p.account = '1002'
    GROUP BY p.seq HAVING sum(NET) <> 0
)"""
# Matches with a part after the day: on that day their other parts still stood out.
_LATE: Final = """late AS (
    SELECT m.match FROM bank_matched_line m JOIN bank_line l ON l.book = m.book AND l.account = m.account AND l.number = m.line
    WHERE m.book = :book AND m.account = :account AND l.booked_on > :on
    UNION
    SELECT m.match FROM bank_matched_entry m JOIN journal_entry e ON e.book = m.book AND e.seq = m.seq
    WHERE m.book = :book AND m.account = :account AND e.effective_on > :on
)"""
_MOVEMENT: Final = """
SELECT e.seq, e.id, e.effective_on, e.period, e.voucher_type, e.voucher_number, e.description, e.reference, e.red, e.undoes, m.moved_fen
FROM moved m JOIN journal_entry e ON e.book = :book AND e.seq = m.seq"""
_MATCHED: Final = "LEFT JOIN bank_matched_entry k ON k.book = :book AND k.account = :account AND k.seq = e.seq"
_OUTSTANDING_ENTRIES: Final = _sql(
    _TREE, _MOVED, ",", _LATE, _MOVEMENT, _MATCHED,
    "WHERE e.effective_on <= :on AND (k.match IS NULL OR k.match IN (SELECT match FROM late)) ORDER BY e.effective_on, e.seq",
)  # fmt: skip
_OUTSTANDING_LINES: Final = _sql(
    "WITH", _LATE, """
SELECT l.* FROM bank_line l LEFT JOIN bank_matched_line k ON k.book = l.book AND k.account = l.account AND k.line = l.number
WHERE l.book = :book AND l.account = :account AND l.booked_on <= :on AND (k.match IS NULL OR k.match IN (SELECT match FROM late))
ORDER BY l.booked_on, l.number""",
)  # fmt: skip
_JOURNAL: Final = _sql(
    _TREE, _MOVED, _MOVEMENT, """
WHERE e.seq <= :up_to_seq AND e.effective_on BETWEEN :first AND :last AND (e.effective_on, e.seq) > (:after_day, :after_seq)
ORDER BY e.effective_on, e.seq LIMIT :limit""",
)  # fmt: skip
_TURNOVER: Final = _sql(
    _TREE, _MOVED, """
SELECT coalesce(sum(CASE WHEN (m.moved_fen > 0) <> e.red THEN m.moved_fen END), 0)::bigint AS received,
       coalesce(-sum(CASE WHEN (m.moved_fen > 0) = e.red THEN m.moved_fen END), 0)::bigint AS paid
FROM moved m JOIN journal_entry e ON e.book = :book AND e.seq = m.seq
WHERE e.seq <= :up_to_seq AND e.effective_on BETWEEN :first AND :last AND (e.effective_on, e.seq) <= (:upto_day, :upto_seq)""",
)  # fmt: skip
_BALANCE: Final = _sql(
    _TREE, """
SELECT coalesce(sum(d.debit_fen - d.credit_fen), 0)::bigint
FROM tree t JOIN daily_total d ON d.book = :book AND d.fund = t.code AND d.account = '1002' AND d.day <= :on""",
)  # fmt: skip
_LATER: Final = _sql(
    _TREE, """
SELECT coalesce(sum(NET), 0)::bigint FROM journal_entry e JOIN posting p ON p.book = e.book AND p.seq = e.seq
WHERE e.book = :book AND e.seq > :up_to_seq AND e.effective_on <= :on AND p.account = '1002' AND p.fund IN (SELECT code FROM tree)""",
)  # fmt: skip
_FREE_ENTRIES: Final = _sql(
    _TREE, _MOVED, _MOVEMENT, _MATCHED, "WHERE k.match IS NULL ORDER BY e.effective_on, e.seq"
)  # fmt: skip
_ENTRIES_BY_ID: Final = _sql(_TREE, _MOVED, _MOVEMENT, "WHERE e.id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)  # fmt: skip
# A line of the statement with the match it is in now.
_LINE_LIST = text("""
SELECT l.*, k.match FROM bank_line l LEFT JOIN bank_matched_line k ON k.book = l.book AND k.account = l.account AND k.line = l.number
WHERE l.book = :book AND l.account = :account AND l.booked_on BETWEEN :first AND :last
AND (l.booked_on, l.number) > (:after_day, :after_number)
AND (CAST(:matched AS boolean) IS NULL OR (k.match IS NOT NULL) = CAST(:matched AS boolean))
ORDER BY l.booked_on, l.number LIMIT :limit""")
_LAST_DAY = text("""
SELECT l.amount_fen, l.balance_fen FROM bank_line l WHERE l.book = :book AND l.account = :account
AND l.booked_on = (SELECT max(booked_on) FROM bank_line WHERE book = :book AND account = :account AND booked_on <= :on)
ORDER BY l.number""")


@dataclass(frozen=True, slots=True)
class Of:
    """An account of a book."""

    book: str
    account: str

    @property
    def key(self) -> dict[str, str]:
        """Its key columns."""
        return {"book": self.book, "account": self.account}


@dataclass(frozen=True, slots=True)
class Span:
    """Days from first to last, and after which row of them a page begins."""

    first: date = FIRST_DAY
    last: date = LAST_DAY
    after_day: date = FIRST_DAY
    after_number: int = 0


async def head_seq(connection: AsyncConnection, book: str) -> int:
    """Return the book's last ``seq``."""
    found: int = await connection.scalar(select(chain_head.c.seq).where(chain_head.c.book == book)) or 0
    return found


async def fund_parents(connection: AsyncConnection, book: str) -> dict[str, str | None]:
    """Return every fund of the book with the fund above it."""
    rows = await connection.execute(select(fund.c.code, fund.c.parent).where(fund.c.book == book))
    return {row.code: row.parent for row in rows}


async def first_day(connection: AsyncConnection, book: str) -> date:
    """Return the first day of the book's first month."""
    found = await connection.execute(select(book_table.c.first_period).where(book_table.c.code == book))
    return date.fromisoformat(f"{found.scalar_one()}-01")


# ---- the book's side --------------------------------------------------------------------------------------


async def book_balance(connection: AsyncConnection, of: Of, on: date) -> int:
    """Return the cash of the account's funds at the end of a day, from daily totals."""
    found: int = (await connection.execute(_BALANCE, {**of.key, "on": on})).scalar_one()
    return found


async def moved_later(connection: AsyncConnection, of: Of, on: date, up_to_seq: int) -> int:
    """Return what entries posted after a ``seq`` moved up to a day: to be left out of a picture taken at that ``seq``."""
    found: int = (await connection.execute(_LATER, {**of.key, "on": on, "up_to_seq": up_to_seq})).scalar_one()
    return found


async def outstanding_entries(connection: AsyncConnection, of: Of, on: date) -> list[Movement]:
    """Return the movements up to a day that nothing up to that day is matched with, by date."""
    return _movements((await connection.execute(_OUTSTANDING_ENTRIES, {**of.key, "on": on})).mappings().all())


async def free_entries(connection: AsyncConnection, of: Of) -> list[Movement]:
    """Return every movement that is in no match, by date."""
    return _movements((await connection.execute(_FREE_ENTRIES, of.key)).mappings().all())


async def entries_by_id(connection: AsyncConnection, of: Of, ids: Sequence[UUID]) -> dict[UUID, Movement]:
    """Return those of the entries that moved the account's cash."""
    found = await connection.execute(_ENTRIES_BY_ID, {**of.key, "ids": list(ids)})
    return {one.id: one for one in _movements(found.mappings().all())}


async def journal_lines(
    connection: AsyncConnection, of: Of, span: Span, *, up_to_seq: int, limit: int
) -> list[Movement]:
    """Return movements within a span, after a place, of entries up to a ``seq``."""
    values = {
        **of.key, "first": span.first, "last": span.last, "after_day": span.after_day, "after_seq": span.after_number,
        "up_to_seq": up_to_seq, "limit": limit,
    }  # fmt: skip
    return _movements((await connection.execute(_JOURNAL, values)).mappings().all())


async def journal_turnover(
    connection: AsyncConnection,
    of: Of,
    first: date,
    last: date,
    *,
    up_to_seq: int,
    upto: tuple[date, int] | None = None,
) -> tuple[int, int]:
    """Return receipts and payments within days, up to a place within them if one is given."""
    day, seq = upto or (LAST_DAY, _NOWHERE)
    values = {**of.key, "first": first, "last": last, "up_to_seq": up_to_seq, "upto_day": day, "upto_seq": seq}
    row = (await connection.execute(_TURNOVER, values)).one()
    return row.received, row.paid


def _movements(rows: Sequence[RowMapping]) -> list[Movement]:
    return [Movement(**row) for row in rows]


# ---- the statement's side ---------------------------------------------------------------------------------


async def outstanding_lines(connection: AsyncConnection, of: Of, on: date) -> Sequence[Row[Any]]:
    """Return the statement's lines up to a day that nothing up to that day is matched with, by date."""
    return (await connection.execute(_OUTSTANDING_LINES, {**of.key, "on": on})).all()


async def free_lines(connection: AsyncConnection, of: Of, limit: int) -> Sequence[Row[Any]]:
    """Return the oldest lines that are in no match."""
    return await list_lines(connection, of, Span(), matched=False, limit=limit)


async def list_lines(
    connection: AsyncConnection, of: Of, span: Span, *, matched: bool | None, limit: int
) -> Sequence[Row[Any]]:
    """Return lines by date with the match each is in; ``matched`` keeps those that are in one, or in none."""
    values = {
        **of.key, "first": span.first, "last": span.last, "after_day": span.after_day, "after_number": span.after_number,
        "matched": matched, "limit": limit,
    }  # fmt: skip
    return (await connection.execute(_LINE_LIST, values)).all()


async def last_day_balances(connection: AsyncConnection, of: Of, on: date) -> list[tuple[int, int | None]]:
    """Return amount and balance of each line of the last day up to ``on`` that has lines."""
    return [(row.amount_fen, row.balance_fen) for row in await connection.execute(_LAST_DAY, {**of.key, "on": on})]


async def sum_of_lines(connection: AsyncConnection, of: Of, on: date) -> int:
    """Return what all lines up to a day come to."""
    line = bank_line.c
    query = select(func.coalesce(func.sum(line.amount_fen), 0)).where(
        line.book == of.book, line.account == of.account, line.booked_on <= on
    )
    return int((await connection.execute(query)).scalar_one())


async def lines_by_id(connection: AsyncConnection, of: Of, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Return those of the lines that the account has."""
    line = bank_line.c
    query = select(bank_line).where(line.book == of.book, line.account == of.account, line.id.in_(ids))
    return {row.id: row for row in await connection.execute(query)}


async def known_lines(connection: AsyncConnection, of: Of, marks: Sequence[bytes]) -> set[tuple[bytes, int]]:
    """Return which of the marks the account has already, each with the occurrences it has."""
    line = bank_line.c
    query = select(line.mark, line.occurrence).where(
        line.book == of.book, line.account == of.account, line.mark == func.any(bindparam("marks", list(marks), ARRAY(line.mark.type)))
    )  # fmt: skip
    return {(bytes(row.mark), row.occurrence) for row in await connection.execute(query)}


async def next_line_number(connection: AsyncConnection, of: Of) -> int:
    """Return the number after the account's last line. The caller holds the book's lock."""
    line = bank_line.c
    query = select(func.coalesce(func.max(line.number), 0)).where(line.book == of.book, line.account == of.account)
    return int((await connection.execute(query)).scalar_one()) + 1


async def insert_lines(connection: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> None:
    """Add lines."""
    if rows:
        await connection.execute(insert(bank_line), list(rows))


# ---- matches ----------------------------------------------------------------------------------------------


async def matched_among(
    connection: AsyncConnection, of: Of, lines: Sequence[int], seqs: Sequence[int]
) -> tuple[set[int], set[int]]:
    """Return which of these lines and entries are in a match that stands."""
    line, entry = bank_matched_line.c, bank_matched_entry.c
    of_lines = select(line.line).where(line.book == of.book, line.account == of.account, line.line.in_(lines))
    of_entries = select(entry.seq).where(entry.book == of.book, entry.account == of.account, entry.seq.in_(seqs))
    return set(await connection.scalars(of_lines)), set(await connection.scalars(of_entries))


async def insert_matches(
    connection: AsyncConnection, of: Of, by: str, matches: Sequence[tuple[UUID, Sequence[int], Sequence[int]]]
) -> None:
    """Add matches, each an id with its lines and entries; the database proves the sums when the transaction commits."""
    heads = [
        {**of.key, "id": id_, "lines": len(lines), "entries": len(seqs), "matched_by": by}
        for id_, lines, seqs in matches
    ]
    await connection.execute(insert(bank_match), heads)
    parts = [{**of.key, "match": id_, "line": line} for id_, lines, _ in matches for line in lines]
    await connection.execute(insert(bank_match_line), parts)
    entries = [{**of.key, "match": id_, "seq": seq} for id_, _, seqs in matches for seq in seqs]
    if entries:
        await connection.execute(insert(bank_match_entry), entries)


async def read_match(connection: AsyncConnection, of: Of, match: UUID) -> Row[Any] | None:
    """Return a match with its lines' and entries' ids and, if it was undone, who did it and why."""
    return (await connection.execute(_MATCH, {**of.key, "match": match})).one_or_none()


async def insert_undo(connection: AsyncConnection, of: Of, match: UUID, *, reason: str, by: str) -> None:
    """Undo a match by a row that says so."""
    await connection.execute(
        insert(bank_match_undo).values(**of.key, match=match, reason=reason, undone_by=by)
    )  # fmt: skip


_MATCH = text("""
SELECT m.id, m.matched_by, m.matched_at, u.reason, u.undone_by, u.undone_at,
       (SELECT array_agg(l.id ORDER BY l.number) FROM bank_match_line p
        JOIN bank_line l ON l.book = p.book AND l.account = p.account AND l.number = p.line
        WHERE p.book = m.book AND p.account = m.account AND p.match = m.id) AS lines,
       (SELECT sum(l.amount_fen)::bigint FROM bank_match_line p
        JOIN bank_line l ON l.book = p.book AND l.account = p.account AND l.number = p.line
        WHERE p.book = m.book AND p.account = m.account AND p.match = m.id) AS amount_fen,
       coalesce((SELECT array_agg(e.id ORDER BY e.seq) FROM bank_match_entry p JOIN journal_entry e ON e.book = p.book AND e.seq = p.seq
        WHERE p.book = m.book AND p.account = m.account AND p.match = m.id), '{}') AS entries
FROM bank_match m LEFT JOIN bank_match_undo u ON u.book = m.book AND u.account = m.account AND u.match = m.id
WHERE m.book = :book AND m.account = :account AND m.id = :match""")
