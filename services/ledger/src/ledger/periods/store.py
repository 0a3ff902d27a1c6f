"""SQL of periods. A period's status is never written: an event moves it, by trigger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources

from sqlalchemy import func, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts.tables import monthly_total
from ledger.books.tables import book as book_table
from ledger.periods.checklist import Proof
from ledger.periods.tables import period, period_event

_PROOF = text(resources.files("ledger.periods").joinpath("proof.sql").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class PeriodEvent:
    """The latest closing or reopening of a period; ``position`` is that of its chain record."""

    code: str
    action: str
    position: int
    by_person: str
    reason: str | None
    authority: str | None
    at: datetime


async def first_period(connection: AsyncConnection, book: str) -> str | None:
    """Return the book's first month, or nothing if there is no such book."""
    found = await connection.execute(select(book_table.c.first_period).where(book_table.c.code == book))
    return found.scalar_one_or_none()


async def clock(connection: AsyncConnection) -> datetime:
    """Return the present instant by the database's clock."""
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def stored_periods(connection: AsyncConnection, book: str) -> dict[str, str]:
    """Return the status of every month that has a row."""
    rows = await connection.execute(select(period.c.code, period.c.status).where(period.c.book == book))
    return {row.code: row.status for row in rows}


async def latest_events(connection: AsyncConnection, book: str) -> dict[str, PeriodEvent]:
    """Return the latest event of every month that has one."""
    rows = await connection.execute(
        select(period_event)
        .ext(distinct_on(period_event.c.code))
        .where(period_event.c.book == book)
        .order_by(period_event.c.code, period_event.c.position.desc())
    )
    return {
        row.code: PeriodEvent(row.code, row.action, row.position, row.by_person, row.reason, row.authority, row.at)
        for row in rows
    }


async def insert_periods(connection: AsyncConnection, book: str, codes: list[str]) -> None:
    """Give months their rows, in order and without a gap; the database refuses a gap."""
    if codes:
        rows = [{"book": book, "code": code, "fiscal_year": int(code[:4]), "number": int(code[5:])} for code in codes]
        await connection.execute(insert(period).values(rows))


async def insert_event(
    connection: AsyncConnection,
    book: str,
    code: str,
    *,
    action: str,
    position: int,
    by_person: str,
    reason: str | None,
    authority: str | None,
) -> None:
    """Insert the event that moves a period's status."""
    await connection.execute(
        insert(period_event).values(
            book=book,
            code=code,
            action=action,
            position=position,
            by_person=by_person,
            reason=reason,
            authority=authority,
        )
    )


async def prove(connection: AsyncConnection, book: str, code: str, first_day: date, last_day: date) -> Proof:
    """Compare the maintained figures of one period with its postings; reads that period alone."""
    found = await connection.execute(_PROOF, {"book": book, "code": code, "first_day": first_day, "last_day": last_day})
    row = found.one()
    return Proof(row.entries, row.months, row.days, row.balances, row.unchained)


async def unclosed_balances(connection: AsyncConnection, book: str, year: int, accounts: Sequence[str]) -> int:
    """Count the balances that year-end closing should have emptied and did not, as of the year's adjusting period."""
    total = monthly_total.c
    left = (
        select(total.fund)
        .where(total.book == book, total.account.in_(accounts), total.month <= f"{year}-13")
        .group_by(total.fund, total.account, total.source)
        .having(func.sum(total.debit_fen - total.credit_fen) != 0)
        .subquery()
    )
    return int((await connection.execute(select(func.count()).select_from(left))).scalar_one())
