"""What stood on the accounts at a cut: at the end of a day, counting entries up to a ``seq``. The one place that computes it.

What stood then is the current balance minus what came later: whole periods after the cut's month, days after the cut within its
month, and of the entries after the cut's ``seq`` what they moved on or before its day. So the cost depends on how far back the cut
lies and on how much was posted since, not on the length of the history. A ``seq`` nearer the book's beginning than its end is summed
up from the beginning (docs/adr/0013).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import case, func, literal, or_, select, union_all

from common.dates import SHANGHAI, month_code
from common.errors import NOT_FOUND
from common.validation import invalid_field
from ledger.accounts.tables import balance, daily_total, monthly_total
from ledger.journal.tables import chain_head, journal_entry, posting

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Select, Subquery
    from sqlalchemy.ext.asyncio import AsyncConnection

_DECEMBER = 12

Moved: TypeAlias = "Select[tuple[str, str, int, str, str, int, int]]"
"""Fund, account, budget year, source, purpose, debit and credit in fen."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a reader asks for: the end of a day by effective date, a place in the order of posting, or both, which must both hold."""

    as_of: date | None = None
    at_seq: int | None = None

    @property
    def is_now(self) -> bool:
        """Whether neither was asked for."""
        return self.as_of is None and self.at_seq is None


NOW = Moment()
"""Everything posted so far."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a figure covers: entries effective up to the end of day ``as_of`` and with ``seq`` up to this one."""

    as_of: date
    seq: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which balances are meant; what is not given means any."""

    fund: str | None = None
    subtree: bool = False
    """Also the funds below it."""
    accounts: tuple[str, ...] = ()
    budget_year: int | None = None
    source: str | None = None
    purpose_code: str | None = None

    def conditions(self, table: FromClause) -> list[ColumnElement[bool]]:
        """Return the conditions on a table that has the key of a balance."""
        of = table.c
        asked: list[ColumnElement[bool]] = []
        if self.fund is not None:
            itself = of["fund"] == self.fund
            asked.append(or_(itself, func.starts_with(of["fund"], f"{self.fund}.")) if self.subtree else itself)
        if self.accounts:
            asked.append(of["account"].in_(self.accounts))
        given = {"budget_year": self.budget_year, "source": self.source, "purpose_code": self.purpose_code}
        asked.extend(of[name] == value for name, value in given.items() if value is not None)
        return asked


ANY = Wanted()
"""Every balance of the book."""


async def head_seq(connection: AsyncConnection, book: str) -> int | None:
    """Return the last entry's ``seq`` (0 in a book without entries), or nothing if there is no such book."""
    found = await connection.execute(select(chain_head.c.seq).where(chain_head.c.book == book))
    return found.scalar_one_or_none()


async def cut_at(connection: AsyncConnection, book: str, moment: Moment) -> tuple[Cut, int]:
    """Return the cut a reader asks for, today and the last entry by default, and the book's last ``seq`` in this snapshot.

    Today is the database's, as it is when an entry is dated: no entry is dated later than it. Raises ``not_found`` for an unknown book,
    ``invalid_request`` for a day after today or a ``seq`` the book has not reached: neither has an answer yet that would still be
    true tomorrow.
    """
    found = await connection.execute(select(chain_head.c.seq, func.clock_timestamp()).where(chain_head.c.book == book))
    row = found.one_or_none()
    if row is None:
        raise NOT_FOUND.error()
    head, clock = row
    today = clock.astimezone(SHANGHAI).date()
    day = moment.as_of or today
    if day > today:
        raise invalid_field("as_of", "in_the_future", "日期不得晚于今天。", "The date must not be after today.")
    if moment.at_seq is not None and moment.at_seq > head:
        raise invalid_field(
            "at_seq", "not_reached", "账套尚无此序号的凭证。", "The book has no entry with this seq yet."
        )
    return Cut(day, head if moment.at_seq is None else moment.at_seq), head


def standing(book: str, cut: Cut, head: int, wanted: Wanted = ANY) -> Subquery:
    """Return what adds up to the turnover at a cut: rows of fund, account, budget_year, source, purpose_code, debit_fen, credit_fen.

    A key has several rows, to be summed by the reader. ``head`` is the book's last ``seq`` in the same snapshot.
    """
    if cut.seq < head - cut.seq:
        return _postings(book, cut, 1, wanted).subquery("standing")
    parts = [
        _part(balance, 1, book, wanted),
        _part(monthly_total, -1, book, wanted).where(monthly_total.c.month > _last_period(cut.as_of)),
        _part(daily_total, -1, book, wanted).where(
            daily_total.c.day > cut.as_of, daily_total.c.day <= _month_end(cut.as_of)
        ),
    ]
    if cut.seq < head:
        parts.append(_postings(book, cut, -1, wanted))
    return union_all(*parts).subquery("standing")


def turnover(side: str) -> ColumnElement[int]:
    """Return what a posting adds to one side's turnover: its amount, negative if red, or zero for the other side."""
    coloured = case((posting.c.red, -posting.c.amount_fen), else_=posting.c.amount_fen)
    return case((posting.c.side == side, coloured), else_=literal(0))


def _part(table: FromClause, sign: int, book: str, wanted: Wanted) -> Moved:
    of = table.c
    return select(
        of.fund, of.account, of.budget_year, of.source, of.purpose_code,
        (sign * of.debit_fen).label("debit_fen"), (sign * of.credit_fen).label("credit_fen"),
    ).where(of.book == book, *wanted.conditions(table))  # fmt: skip


def _postings(book: str, cut: Cut, sign: int, wanted: Wanted) -> Moved:
    """Return what entries moved within the cut's dates: up to its ``seq`` (sign 1), or after it, to be taken off again (sign -1)."""
    of, entry = posting.c, journal_entry.c
    # Said of both tables: the planner does not conclude the one from the other.
    in_order = (of.seq <= cut.seq, entry.seq <= cut.seq) if sign > 0 else (of.seq > cut.seq, entry.seq > cut.seq)
    return (
        select(
            of.fund, of.account, of.budget_year, of.source, of.purpose_code,
            (sign * turnover("debit")).label("debit_fen"), (sign * turnover("credit")).label("credit_fen"),
        )
        .join(journal_entry, (entry.book == of.book) & (entry.seq == of.seq))
        .where(of.book == book, entry.book == book, *in_order, entry.effective_on <= cut.as_of, *wanted.conditions(posting))
    )  # fmt: skip


def _month_end(day: date) -> date:
    first_of_next = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first_of_next - timedelta(days=1)


def _last_period(day: date) -> str:
    """Return the last period whose days lie in a day's month: December holds the adjusting period 13, which is dated its last day."""
    return f"{day.year:04d}-13" if day.month == _DECEMBER else month_code(day)
