"""SQL of encumbrances: reading rows and the balances the database keeps for them. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Row, Select, case, cast, func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts.tables import account
from ledger.budgets.tables import encumbrance, encumbrance_balance
from ledger.journal.standing import Cut, Wanted, standing
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


async def expired(
    connection: AsyncConnection, book: str, now: datetime, *, opened_after_seq: int, limit: int
) -> Sequence[EncumbranceState]:
    """Return the next encumbrances whose time is over with something left, the first opened first; held ones are their items' matter."""
    wanted = (
        _with_balances()
        .where(
            encumbrance.c.book == book,
            encumbrance_balance.c.remaining_fen > 0,
            encumbrance_balance.c.expires_at <= now,
            encumbrance.c.opened_seq > opened_after_seq,
            open_item.c.id.is_(None),
        )
        .order_by(encumbrance.c.opened_seq)
        .limit(limit)
    )
    return [_state(row) for row in await connection.execute(wanted)]


async def expiring(
    connection: AsyncConnection,
    book: str,
    fund: str | None,
    within: tuple[datetime, datetime],
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[EncumbranceState]:
    """Return the next encumbrances with something left whose time ends after the first and by the second instant, soonest first."""
    kept = encumbrance_balance.c
    wanted = (
        _with_balances()
        .where(
            encumbrance.c.book == book,
            kept.remaining_fen > 0,
            kept.expires_at > within[0],
            kept.expires_at <= within[1],
        )
        .order_by(kept.expires_at, encumbrance.c.opened_seq)
        .limit(limit)
    )
    if fund is not None:
        wanted = wanted.where(in_subtree(encumbrance.c.fund, fund))
    if after is not None:
        wanted = wanted.where(tuple_(kept.expires_at, encumbrance.c.opened_seq) > tuple_(*after))
    return [_state(row) for row in await connection.execute(wanted)]


async def with_a_remainder(
    connection: AsyncConnection, book: str, fund: str | None, *, opened_after_seq: int, limit: int
) -> Sequence[EncumbranceState]:
    """Return the next encumbrances of a fund and those below it that have something left, expired or not."""
    wanted = (
        _with_balances()
        .where(
            encumbrance.c.book == book,
            encumbrance_balance.c.remaining_fen > 0,
            encumbrance.c.opened_seq > opened_after_seq,
        )
        .order_by(encumbrance.c.opened_seq)
        .limit(limit)
    )
    if fund is not None:
        wanted = wanted.where(in_subtree(encumbrance.c.fund, fund))
    return [_state(row) for row in await connection.execute(wanted)]


def in_subtree(column: ColumnElement[str], fund: str) -> ColumnElement[bool]:
    """Tell whether a fund's code is this one or one below it."""
    return or_(column == fund, func.starts_with(column, f"{fund}."))


@dataclass(frozen=True, slots=True)
class FundSum:
    """A fund with what its encumbrances have left, in fen."""

    code: str
    name_zh: str
    open_encumbrances: int
    remaining_fen: int


_FUND_SUMS = text("""
    WITH left_over AS (
        SELECT e.fund, count(*) AS number, sum(b.remaining_fen)::bigint AS fen
        FROM encumbrance_balance b JOIN encumbrance e ON e.book = b.book AND e.id = b.id
        WHERE b.book = :book AND b.remaining_fen > 0 GROUP BY e.fund
    )
    SELECT f.code, f.name_zh, coalesce(l.number, 0), coalesce(l.fen, 0)
    FROM fund f LEFT JOIN left_over l ON l.fund = f.code
    WHERE f.book = :book AND (cast(:fund AS text) IS NULL OR f.code = :fund OR starts_with(f.code, :fund || '.'))
    ORDER BY f.position, f.code
""")


async def fund_sums(connection: AsyncConnection, book: str, fund: str | None) -> list[FundSum]:
    """Return a fund and those below it, or all, each with what its own encumbrances have left."""
    rows = await connection.execute(_FUND_SUMS, {"book": book, "fund": fund})
    return [FundSum(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class AccountSum:
    """What was posted on an account, over all sources and purposes, in fen; ``budget_year`` 0 where it has none."""

    fund: str
    account: str
    name_zh: str
    basis: str
    normal_side: str
    budget_year: int
    debit_fen: int
    credit_fen: int


async def account_sums(
    connection: AsyncConnection, book: str, fund: str | None, cut: Cut, *, head: int
) -> list[AccountSum]:
    """Return what was posted by a cut on every account of a fund and those below it, or of all; not those it left without turnover.

    ``head`` is the book's last ``seq`` in the same snapshot.
    """
    moved = standing(book, cut, head, Wanted(fund=fund, subtree=True))
    key = (moved.c.fund, moved.c.account, moved.c.budget_year)
    debit, credit = func.sum(moved.c.debit_fen), func.sum(moved.c.credit_fen)
    sums = (
        select(*key, cast(debit, BigInteger).label("debit"), cast(credit, BigInteger).label("credit"))
        .group_by(*key)
        .having((debit != 0) | (credit != 0))
        .subquery("sums")
    )
    of, called = sums.c, account.c
    rows = await connection.execute(
        select(
            of.fund, of.account, called.name_zh, called.basis, called.normal_side, of.budget_year, of.debit, of.credit
        )
        .join(account, (called.book == book) & (called.fund == of.fund) & (called.code == of.account))
        .order_by(of.fund, of.account, of.budget_year)
    )
    return [AccountSum(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to an encumbrance; without an entry's columns it is an extension."""

    position: int
    at: datetime
    change_fen: int
    remaining_fen: int
    fiscal_year: int
    expires_at: datetime | None
    reason: str
    payee_ref: str | None
    by_person: str
    reviewed_by: str | None
    entry: UUID | None
    seq: int | None
    kind: str | None
    period: str | None
    voucher_type: str | None
    voucher_number: int | None
    effective_on: date | None
    hash: bytes | None


# The year an encumbrance stands in is that of its latest credit: carrying it forward credits the next year.
_HISTORY = text("""
    WITH moves AS (
        SELECT p.seq, sum(CASE WHEN (p.side = 'credit') <> p.red THEN p.amount_fen ELSE -p.amount_fen END)::bigint AS fen,
               max(p.budget_year) AS year
        FROM posting p WHERE p.book = :book AND p.encumbrance = :id AND p.account = 'encumbered' GROUP BY p.seq
    ), happened AS (
        SELECT c.position, e.posted_at AS at, m.fen, m.year, cast(NULL AS timestamptz) AS expires_at, e.description AS reason,
               e.payee_ref, e.prepared_by AS by_person, e.reviewed_by, e.id AS entry, e.seq, e.kind, e.period, e.voucher_type,
               e.voucher_number, e.effective_on, c.hash
        FROM moves m JOIN journal_entry e ON e.book = :book AND e.seq = m.seq
        JOIN chain_record c ON c.book = :book AND c.seq = m.seq
        UNION ALL
        SELECT x.position, x.at, 0, NULL, x.expires_at, x.reason, NULL, x.by_person, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
               NULL, NULL
        FROM encumbrance_extension x WHERE x.book = :book AND x.encumbrance = :id
    ), stood AS (
        SELECT *, sum(fen) OVER so_far AS remaining, max(year) OVER so_far AS stands_in
        FROM happened WINDOW so_far AS (ORDER BY position)
    )
    SELECT position, at, fen, remaining::bigint, stands_in, expires_at, reason, payee_ref, by_person, reviewed_by, entry, seq, kind,
           period, voucher_type, voucher_number, effective_on, hash
    FROM stood WHERE position > :after ORDER BY position LIMIT :limit
""")


async def history(
    connection: AsyncConnection, book: str, wanted: UUID, *, after: int, limit: int
) -> Sequence[Happening]:
    """Return what next happened to an encumbrance, in the order of the chain."""
    asked = {"book": book, "id": wanted, "after": after, "limit": limit}
    return [Happening(*row) for row in await connection.execute(_HISTORY, asked)]
