"""SQL of exports and verification: reads only, in chunks, by key.

Entries are never changed, so everything up to a ``seq`` read at the start stays what it was: chunks read later still
belong to one picture, and no transaction stays open while a slow client reads.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, UnaryExpression, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts.tables import account, balance
from ledger.approvals.tables import approval_policy, decision, proposal
from ledger.audit.entries import ExportedAccount
from ledger.audit.registers import ACCOUNT_FACTS, BESIDE_FACTS, BOOK_FACTS, FUND_FACTS, Subject
from ledger.audit.rules import Head, StoredEntry, StoredRecord, read_content
from ledger.books.tables import book as book_table
from ledger.funds.tables import fund
from ledger.journal.chain import instant
from ledger.journal.drafts import Json, PostedEntry, PostedLine
from ledger.journal.tables import chain_head, chain_record, journal_entry, posting
from ledger.periods.tables import period, period_event

_BESIDE = {"proposal": proposal, "decision": decision, "approval_rules": approval_policy}
"""By the kind of a record: where the row beside it lies."""


async def book_name(connection: AsyncConnection, book: str) -> str | None:
    """Return the book's name, or nothing if there is no such book."""
    found = await connection.execute(select(book_table.c.name).where(book_table.c.code == book))
    return found.scalar_one_or_none()


async def first_day(connection: AsyncConnection, book: str) -> date:
    """Return the first day of the book's first month."""
    found = await connection.execute(select(book_table.c.first_period).where(book_table.c.code == book))
    return date.fromisoformat(f"{found.scalar_one()}-01")


async def head_of(connection: AsyncConnection, book: str) -> Head | None:
    """Return the head of the chain as the database keeps it."""
    found = await connection.execute(
        select(chain_head.c.position, chain_head.c.seq, chain_head.c.hash).where(chain_head.c.book == book)
    )
    row = found.one_or_none()
    return None if row is None else Head(row.position, row.seq, row.hash)


async def last_position(connection: AsyncConnection, book: str) -> int:
    """Return the position of the last record there is, 0 without any."""
    found = await connection.execute(select(func.max(chain_record.c.position)).where(chain_record.c.book == book))
    return found.scalar_one() or 0


async def stored_seqs_within(connection: AsyncConnection, book: str, last: int) -> bool:
    """Tell whether every entry and posting there is has a ``seq`` from 1 to ``last``."""
    for table in (journal_entry, posting):
        found = await connection.execute(
            select(func.min(table.c.seq), func.max(table.c.seq)).where(table.c.book == book)
        )
        lowest, highest = found.one()
        if lowest is not None and (lowest < 1 or highest > last):
            return False
    return True


async def position_at_or_before(connection: AsyncConnection, book: str, seq: int) -> int | None:
    """Return the position of an entry's record, or of the nearest one before it."""
    return await _nearest(connection, book, chain_record.c.seq <= seq, chain_record.c.seq.desc())


async def position_at_or_after(connection: AsyncConnection, book: str, seq: int) -> int | None:
    """Return the position of an entry's record, or of the nearest one after it."""
    return await _nearest(connection, book, chain_record.c.seq >= seq, chain_record.c.seq.asc())


async def _nearest(
    connection: AsyncConnection, book: str, side: ColumnElement[bool], order: UnaryExpression[int]
) -> int | None:
    found = await connection.execute(
        select(chain_record.c.position).where(chain_record.c.book == book, side).order_by(order).limit(1)
    )
    return found.scalar_one_or_none()


async def record_before(connection: AsyncConnection, book: str, position: int) -> tuple[bytes, int] | None:
    """Return the hash of the record before a position, and the last entry's ``seq`` up to there."""
    found = await connection.execute(
        select(chain_record.c.hash).where(chain_record.c.book == book, chain_record.c.position == position - 1)
    )
    before = found.scalar_one_or_none()
    if before is None:
        return None
    earlier = await connection.execute(
        select(chain_record.c.seq)
        .where(chain_record.c.book == book, chain_record.c.position < position, chain_record.c.seq.is_not(None))
        .order_by(chain_record.c.position.desc())
        .limit(1)
    )
    return before, earlier.scalar_one_or_none() or 0


async def records(connection: AsyncConnection, book: str, *, first: int, last: int, limit: int) -> list[StoredRecord]:
    """Return the next records of the chain from position ``first`` to ``last``."""
    rows = await connection.execute(
        select(chain_record)
        .where(chain_record.c.book == book, chain_record.c.position.between(first, last))
        .order_by(chain_record.c.position)
        .limit(limit)
    )
    return [
        StoredRecord(row.position, row.kind, row.seq, row.format, row.content, row.prev_hash, row.hash) for row in rows
    ]


async def entries_by_seq(connection: AsyncConnection, book: str, seqs: Sequence[int]) -> dict[int, StoredEntry]:
    """Return the entries of these ``seq``, as they are stored, with all their postings."""
    if not seqs:
        return {}
    lines = await _lines_by_seq(connection, book, seqs)
    rows = await connection.execute(
        select(journal_entry).where(journal_entry.c.book == book, journal_entry.c.seq.in_(seqs))
    )
    return {row["seq"]: StoredEntry(_posted(row, lines.get(row["seq"], [])), row["lines"]) for row in rows.mappings()}


async def entries_in_span(
    connection: AsyncConnection,
    book: str,
    span: tuple[date, date],
    *,
    after: tuple[date, int] | None,
    up_to_seq: int,
    limit: int,
) -> list[PostedEntry]:
    """Return the next entries effective within ``span``, by date and ``seq``; an empty hash means: no chain record."""
    matching = (
        select(journal_entry, chain_record.c.position, chain_record.c.hash)
        .outerjoin(
            chain_record, (chain_record.c.book == journal_entry.c.book) & (chain_record.c.seq == journal_entry.c.seq)
        )
        .where(
            journal_entry.c.book == book, journal_entry.c.effective_on.between(*span), journal_entry.c.seq <= up_to_seq
        )
    )
    if after is not None:
        place = tuple_(journal_entry.c.effective_on, journal_entry.c.seq)
        matching = matching.where(place > tuple_(literal(after[0]), literal(after[1])))
    ordered = matching.order_by(journal_entry.c.effective_on, journal_entry.c.seq).limit(limit)
    rows = (await connection.execute(ordered)).mappings().all()
    lines = await _lines_by_seq(connection, book, [row["seq"] for row in rows])
    return [_posted(row, lines.get(row["seq"], []), row["position"], row["hash"]) for row in rows]


async def moved_accounts(connection: AsyncConnection, book: str) -> list[ExportedAccount]:
    """Return every account that has been posted to, by basis, code and fund."""
    moved = select(balance.c.fund, balance.c.account).where(balance.c.book == book).distinct().subquery()
    rows = await connection.execute(
        select(account.c.fund, account.c.code, account.c.basis, account.c.name_zh)
        .join(moved, (moved.c.fund == account.c.fund) & (moved.c.account == account.c.code))
        .where(account.c.book == book)
        .order_by(account.c.basis.desc(), account.c.code, account.c.fund)
    )
    return [ExportedAccount(row.fund, row.code, row.basis, row.name_zh) for row in rows]


async def _lines_by_seq(connection: AsyncConnection, book: str, seqs: Sequence[int]) -> dict[int, list[PostedLine]]:
    lines: dict[int, list[PostedLine]] = {}
    if not seqs:
        return lines
    rows = await connection.execute(
        select(posting).where(posting.c.book == book, posting.c.seq.in_(seqs)).order_by(posting.c.seq, posting.c.line)
    )
    for row in rows:
        lines.setdefault(row.seq, []).append(
            PostedLine(
                row.line, row.fund, row.account, row.side, row.amount_fen, row.red, row.budget_year, row.source,
                row.encumbrance, row.memo, row.purpose_code, row.item,
            )
        )  # fmt: skip
    return lines


def _posted(
    row: RowMapping, lines: list[PostedLine], position: int | None = None, hash_: bytes | None = None
) -> PostedEntry:
    return PostedEntry(
        book=row["book"],
        seq=row["seq"],
        id=row["id"],
        kind=row["kind"],
        fiscal_year=row["fiscal_year"],
        period=row["period"],
        voucher_type=row["voucher_type"],
        voucher_number=row["voucher_number"],
        effective_on=row["effective_on"],
        posted_at=row["posted_at"],
        description=row["description"],
        reference=row["reference"],
        metadata=row["metadata"],
        payee_ref=row["payee_ref"],
        non_budget=row["non_budget"],
        non_budget_reason=row["non_budget_reason"],
        red=row["red"],
        undoes=row["undoes"],
        prepared_by=row["prepared_by"],
        reviewed_by=row["reviewed_by"],
        posted_by=row["posted_by"],
        attachment_count=row["attachment_count"],
        attachment_hashes=tuple(row["attachment_hashes"]),
        postings=tuple(lines),
        position=position or 0,
        hash=hash_ or b"",
    )


async def rows_beside(
    connection: AsyncConnection, book: str, *, first: int, last: int
) -> dict[str, dict[int, list[dict[str, Json]]]]:
    """Return the rows that stand beside records from position ``first`` to ``last``, in the words of their records."""
    found: dict[str, dict[int, list[dict[str, Json]]]] = {}
    for kind, stored in _BESIDE.items():
        rows = await connection.execute(
            select(stored).where(stored.c.book == book, stored.c.position.between(first, last))
        )
        for row in rows.mappings():
            told = {name: _as_told(name, row[name]) for name in BESIDE_FACTS[kind]}
            found.setdefault(kind, {}).setdefault(row["position"], []).append(told)
    return found


def _as_told(name: str, value: object) -> Json:
    """Write a column's value as a record's content has it."""
    if name == "arguments":
        return read_content(str(value))
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    plain: Json = value  # type: ignore[assignment] # the columns left are texts, numbers, and lists and objects of them
    return plain


async def register_rows(connection: AsyncConnection, book: str) -> dict[Subject, dict[str, Json]]:
    """Return the rows of the book, its funds, their accounts and its closed or reopened months."""
    found: dict[Subject, dict[str, Json]] = {}
    for row in (await connection.execute(select(book_table).where(book_table.c.code == book))).mappings():
        found["book",] = {name: row[name] for name in BOOK_FACTS}
    funds = await connection.execute(select(fund).where(fund.c.book == book))
    for row in funds.mappings():
        found["fund", row["code"]] = {name: row[name] for name in FUND_FACTS}
    accounts = await connection.execute(select(account).where(account.c.book == book))
    for row in accounts.mappings():
        found["account", row["fund"], row["code"]] = {name: row[name] for name in ACCOUNT_FACTS}
    moved = select(period_event.c.code).where(period_event.c.book == book)
    periods = await connection.execute(
        select(period.c.code, period.c.status).where(
            period.c.book == book, (period.c.status != "open") | period.c.code.in_(moved)
        )
    )
    for row in periods.mappings():
        found["period", row["code"]] = {"status": row["status"]}
    return found
