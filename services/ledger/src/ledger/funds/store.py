"""SQL of funds: their figures at a cut from maintained totals, and new sub-funds. Never a sum over all postings."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import CTE, BigInteger, ColumnElement, Subquery, cast, func, insert, literal, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from common.paging import Key
from ledger.funds.tables import fund
from ledger.journal.drafts import CASH, Json
from ledger.journal.standing import Cut, Wanted, standing


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


_CONTROL = ("allotted", "encumbered", "expended", "available")


def _lineage(book: str) -> CTE:
    """Return each fund beside itself and beside every fund above it: its figures count for all of these."""
    start = select(fund.c.code, fund.c.code.label("ancestor")).where(fund.c.book == book).cte("lineage", recursive=True)
    above = (
        select(start.c.code, fund.c.parent)
        .join(fund, (fund.c.book == book) & (fund.c.code == start.c.ancestor))
        .where(fund.c.parent.is_not(None))
    )
    return start.union_all(above)


def _own(book: str, year: int | None, cut: Cut, head: int) -> Subquery:
    """Return each fund's own figures at a cut, cash over all years."""
    moved = standing(book, cut, head, Wanted(accounts=(*_CONTROL, CASH)))
    fen = moved.c.debit_fen - moved.c.credit_fen
    counts = moved.c.account == CASH
    if year is None:
        counts = true()
    else:
        counts |= moved.c.budget_year == year

    def figure(account: str, amount: ColumnElement[int]) -> ColumnElement[int]:
        return func.sum(amount).filter(moved.c.account == account)

    return (
        select(
            moved.c.fund,
            figure("allotted", fen).label("allotted"),
            *(figure(account, -fen).label(account) for account in _CONTROL[1:]),
            figure(CASH, fen).label("cash"),
        )
        .where(counts)
        .group_by(moved.c.fund)
        .subquery("own")
    )


async def figures(
    connection: AsyncConnection,
    book: str,
    year: int | None,
    cut: Cut,
    *,
    head: int,
    after: tuple[Key, ...] | None,
    limit: int,
) -> list[FundFigures]:
    """Return the next funds by position with their figures at a cut, of one budget year, or of all years together.

    ``head`` is the book's last ``seq`` in the same snapshot.
    """
    own, lineage = _own(book, year, cut, head), _lineage(book)
    names = (*_CONTROL, "cash")
    whole = (
        select(lineage.c.ancestor, *(func.sum(own.c[name]).label(name) for name in names))
        .join(own, own.c.fund == lineage.c.code)
        .group_by(lineage.c.ancestor)
        .subquery("whole")
    )
    shown = (
        select(
            *(fund.c[name] for name in ("code", "parent", "category", "name_zh", "name_en", "position")),
            *(cast(func.coalesce(whole.c[name], 0), BigInteger) for name in names),
        )
        .outerjoin(whole, whole.c.ancestor == fund.c.code)
        .where(fund.c.book == book)
        .order_by(fund.c.position, fund.c.code)
        .limit(limit)
    )
    if after is not None:
        shown = shown.where(tuple_(fund.c.position, fund.c.code) > tuple_(*map(literal, after)))
    return [FundFigures(*row) for row in await connection.execute(shown)]


async def latest_allotted_year(connection: AsyncConnection, book: str, cut: Cut, *, head: int) -> int | None:
    """Return the latest budget year with an allotment at a cut, or nothing. ``head`` as in ``figures``."""
    moved = standing(book, cut, head, Wanted(accounts=("allotted",)))
    found = await connection.execute(
        select(moved.c.budget_year)
        .group_by(moved.c.budget_year)
        .having(func.sum(moved.c.debit_fen) > 0)
        .order_by(moved.c.budget_year.desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


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
