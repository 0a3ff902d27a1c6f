"""SQL of the statements. Figures come from maintained totals where there are some; postings are read for lines and for cash alone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import (
    ColumnElement,
    FromClause,
    RowMapping,
    Select,
    case,
    func,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from common.dates import month_code
from ledger.accounts.tables import account, balance, daily_total, monthly_total
from ledger.books.tables import book as book_table
from ledger.funds.tables import fund as fund_table
from ledger.funds.tables import opening_balance
from ledger.journal.drafts import CASH
from ledger.journal.standing import turnover
from ledger.journal.tables import journal_entry, posting
from ledger.statements.rules import Account, Moved, TakenOver

_OPENING = "opening"
_FIGURES = ("debit_fen", "credit_fen")


@dataclass(frozen=True, slots=True)
class Cut:
    """What a figure covers: entries effective up to the end of a day and with ``seq`` up to this one.

    ``head`` is the book's last ``seq`` in the same snapshot: the totals cover entries up to it.
    """

    day: date
    seq: int
    head: int


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which balances count: of one fund, of some accounts, of one budget year; nothing means any."""

    fund: str | None = None
    accounts: tuple[str, ...] = ()
    budget_year: int | None = None

    def of(self, query: Select[tuple[object, ...]], table: FromClause) -> Select[tuple[object, ...]]:
        """Narrow a query on a table of totals or postings."""
        if self.fund is not None:
            query = query.where(table.c.fund == self.fund)
        if self.accounts:
            query = query.where(table.c.account.in_(self.accounts))
        return query if self.budget_year is None else query.where(table.c.budget_year == self.budget_year)


@dataclass(frozen=True, slots=True)
class CashMoved:
    """What entries of one kind moved of a fund's cash in a range: how many postings, received and paid in fen."""

    fund: str
    kind: str
    received: int
    received_fen: int
    paid: int
    paid_fen: int


def _on_entry() -> ColumnElement[bool]:
    return (journal_entry.c.book == posting.c.book) & (journal_entry.c.seq == posting.c.seq)


def _month_end(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _last_period(day: date) -> str:
    """Return the last period whose days lie in a day's month: December's is the adjusting period 13."""
    return f"{day.year:04d}-13" if day.month == 12 else month_code(day)  # noqa: PLR2004 - December


async def turnover_at(
    connection: AsyncConnection, book: str, cut: Cut, columns: Sequence[str], wanted: Narrowing
) -> list[Moved]:
    """Cumulative turnover at a cut, by the named columns of the totals (``fund``, ``account``, ``source``, ``purpose_code``).

    The current balance minus what came later: whole months, days of the cut's month, entries after its ``seq``.
    """

    def part(table: FromClause, sign: int) -> Select[tuple[object, ...]]:
        figures = [(sign * table.c[name]).label(name) for name in _FIGURES]
        return wanted.of(select(*(table.c[name] for name in columns), *figures).where(table.c.book == book), table)

    parts = [
        part(balance, 1),
        part(monthly_total, -1).where(monthly_total.c.month > _last_period(cut.day)),
        part(daily_total, -1).where(daily_total.c.day > cut.day, daily_total.c.day <= _month_end(cut.day)),
    ]
    if cut.seq < cut.head:
        figures = [(-turnover(side)).label(f"{side}_fen") for side in ("debit", "credit")]
        later = select(*(posting.c[name] for name in columns), *figures).join(journal_entry, _on_entry())
        later = later.where(posting.c.book == book, posting.c.seq > cut.seq, journal_entry.c.effective_on <= cut.day)
        parts.append(wanted.of(later, posting))
    moved = union_all(*parts).subquery()
    named = [moved.c[name] for name in columns]
    figures = [func.sum(moved.c[name]).label(name) for name in _FIGURES]
    rows = await connection.execute(select(*named, *figures).group_by(*named).order_by(*named))
    return [_moved(row, columns) for row in rows.mappings()]


def _moved(row: RowMapping, columns: Sequence[str]) -> Moved:
    return Moved(tuple(str(row[name]) for name in columns), int(row["debit_fen"]), int(row["credit_fen"]))


async def taken_over(
    connection: AsyncConnection, book: str, seq: int, columns: Sequence[str], wanted: Narrowing
) -> list[TakenOver]:
    """Return what opening entries up to a ``seq`` put where, by the named columns and day."""
    found = await connection.execute(select(opening_balance.c.seq).where(opening_balance.c.book == book).distinct())
    seqs = [one for one in found.scalars() if one <= seq]
    if not seqs:
        return []
    named = [posting.c[name] for name in columns]
    figures = [func.sum(turnover(side)).label(f"{side}_fen") for side in ("debit", "credit")]
    query = (
        select(*named, journal_entry.c.effective_on, *figures)
        .join(journal_entry, _on_entry())
        .where(
            posting.c.book == book, posting.c.seq.in_(seqs), journal_entry.c.book == book, journal_entry.c.seq.in_(seqs)
        )
        .where(journal_entry.c.kind == _OPENING)
        .group_by(*named, journal_entry.c.effective_on)
    )
    rows = await connection.execute(wanted.of(query, posting))
    return [TakenOver(_moved(row, columns), row["effective_on"]) for row in rows.mappings()]


async def turnover_by_month(
    connection: AsyncConnection, book: str, year: int, wanted: Narrowing
) -> list[tuple[str, str, str, int, int]]:
    """Return fund, account, month, debit and credit of a year, by month; December holds the adjusting period 13."""
    total = monthly_total.c
    month = case((total.month == f"{year:04d}-13", f"{year:04d}-12"), else_=total.month).label("of_month")
    figures = [func.sum(total[name]).label(name) for name in _FIGURES]
    query = (
        select(total.fund, total.account, month, *figures)
        .where(total.book == book, total.month.between(f"{year:04d}-01", f"{year:04d}-13"))
        .group_by(total.fund, total.account, month)
        .order_by(total.fund, total.account, month)
    )
    rows = await connection.execute(wanted.of(query, monthly_total))
    return [
        (row["fund"], row["account"], row["of_month"], int(row["debit_fen"]), int(row["credit_fen"]))
        for row in rows.mappings()
    ]


async def months_of_days(
    connection: AsyncConnection, book: str, fund: str, code: str, span: tuple[date, date], cut: Cut
) -> list[tuple[str, int, int]]:
    """Return an account's turnover between two days by calendar month, of entries up to the cut's ``seq``."""
    wanted = Narrowing(fund, (code,))
    total = daily_total.c
    parts = [
        wanted.of(
            select(total.day, total.debit_fen, total.credit_fen).where(total.book == book, total.day.between(*span)),
            daily_total,
        )
    ]
    if cut.seq < cut.head:
        figures = [-turnover(side) for side in ("debit", "credit")]
        later = select(journal_entry.c.effective_on, *figures).join(journal_entry, _on_entry())
        later = later.where(
            posting.c.book == book, posting.c.seq > cut.seq, journal_entry.c.effective_on.between(*span)
        )
        parts.append(wanted.of(later, posting))
    moved = union_all(*parts).subquery()
    day, debit_fen, credit_fen = moved.c
    month = func.to_char(day, "YYYY-MM")
    rows = await connection.execute(
        select(month, func.sum(debit_fen), func.sum(credit_fen)).group_by(month).order_by(month)
    )
    return [(row[0], int(row[1]), int(row[2])) for row in rows]


async def accounts(connection: AsyncConnection, book: str, fund: str | None = None) -> dict[tuple[str, str], Account]:
    """Return the accounts of the book, or of a fund, by fund and code."""
    names = (fund_table.c.name_zh.label("fund_name_zh"), fund_table.c.name_en.label("fund_name_en"))
    query = (
        select(account.c.fund, account.c.code, account.c.basis, account.c.name_zh, account.c.name_en, *names)
        .join(fund_table, (fund_table.c.book == account.c.book) & (fund_table.c.code == account.c.fund))
        .where(account.c.book == book)
    )
    if fund is not None:
        query = query.where(account.c.fund == fund)
    return {(row.fund, row.code): Account(*row) for row in await connection.execute(query)}


_AGAINST = text("""
    SELECT DISTINCT s.seq, p.side, p.account
    FROM unnest(CAST(:seqs AS bigint[])) AS s (seq)
    CROSS JOIN LATERAL (
        SELECT side, account FROM posting WHERE book = :book AND seq = s.seq AND fund = :fund OFFSET 0
    ) p
    ORDER BY s.seq, p.side, p.account
""")


async def opposite_accounts(
    connection: AsyncConnection, book: str, fund: str, among: Collection[str], seqs: Sequence[int]
) -> dict[tuple[int, str], list[str]]:
    """Return, by entry and side of a line, the accounts on the other side in its fund 对方科目, out of those ``among``."""
    found: dict[tuple[int, str], list[str]] = {}
    rows = await connection.execute(_AGAINST, {"book": book, "seqs": list(seqs), "fund": fund})
    for seq, side, code in rows:
        if code in among:
            found.setdefault((seq, "credit" if side == "debit" else "debit"), []).append(code)
    return found


# A red entry's cash counts to the kind of the entry it takes back, as less of it.
_CASH = text("""
    SELECT fund, kind,
           count(*) FILTER (WHERE side = 'debit' AND NOT red) AS received, coalesce(sum(fen) FILTER (WHERE side = 'debit'), 0)::bigint,
           count(*) FILTER (WHERE side = 'credit' AND NOT red) AS paid, coalesce(sum(fen) FILTER (WHERE side = 'credit'), 0)::bigint
    FROM (
        SELECT p.fund, coalesce(u.kind, e.kind) AS kind, p.side, p.red, CASE WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END AS fen
        FROM journal_entry e
        CROSS JOIN LATERAL (
            SELECT fund, side, red, amount_fen FROM posting WHERE book = e.book AND seq = e.seq AND account = :cash OFFSET 0
        ) p
        LEFT JOIN journal_entry u ON e.red AND u.book = e.book AND u.id = e.undoes
        WHERE e.book = :book AND e.effective_on BETWEEN :first AND :last AND e.seq <= :seq AND e.kind <> :opening
    ) moved
    GROUP BY fund, kind ORDER BY fund, kind
""")


async def cash_by_kind(connection: AsyncConnection, book: str, span: tuple[date, date], seq: int) -> list[CashMoved]:
    """Return what each kind of entry moved of each fund's cash between two days, without opening entries."""
    values = {"book": book, "cash": CASH, "first": span[0], "last": span[1], "seq": seq, "opening": _OPENING}
    return [CashMoved(*row) for row in await connection.execute(_CASH, values)]


async def book_name(connection: AsyncConnection, book: str) -> str:
    """Return the book's name, or its code if there is no such book."""
    return (await connection.scalar(select(book_table.c.name).where(book_table.c.code == book))) or book


_PURPOSES = text("""
    SELECT DISTINCT ON (fund, code) fund, code, name_zh, name_en FROM purpose WHERE book = :book ORDER BY fund, code, position DESC
""")


async def purpose_names(connection: AsyncConnection, book: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the names of every purpose as last set, by fund and code."""
    return {(row[0], row[1]): (row[2], row[3]) for row in await connection.execute(_PURPOSES, {"book": book})}
