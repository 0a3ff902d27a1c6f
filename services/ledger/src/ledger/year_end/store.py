"""SQL of the year-end room: whom a call asked, the rules of carrying forward, and what its reports are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, Select, and_, func, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from ledger.accounts.tables import account, balance, daily_total, monthly_total
from ledger.budgets.tables import encumbrance, encumbrance_balance
from ledger.funds.tables import fund
from ledger.journal.tables import chain_head, idempotency_key, journal_entry, posting
from ledger.year_end.rules import BUDGET_LAPSE, CARRY_FORWARD, ENCUMBRANCE_LAPSE
from ledger.year_end.tables import carry_rules

_OK = 200
_CARRYING = (ENCUMBRANCE_LAPSE, CARRY_FORWARD, BUDGET_LAPSE)
_KEY = ("fund", "account", "budget_year", "source", "purpose_code")


async def funds_asked_before(connection: AsyncConnection, book: str, key: str) -> list[str] | None:
    """Return the funds a call with this key asked when it was made, or nothing if it is new."""
    found = await connection.scalar(
        select(idempotency_key.c.body).where(
            idempotency_key.c.book == book, idempotency_key.c.key == key, idempotency_key.c.status == _OK
        )
    )
    asked = None if found is None else orjson.loads(found).get("funds")
    return [str(code) for code in asked] if isinstance(asked, list) else None


async def fund_codes(connection: AsyncConnection, book: str) -> list[str]:
    """Return the codes of every fund in the book's order."""
    rows = await connection.execute(
        select(fund.c.code).where(fund.c.book == book).order_by(fund.c.position, fund.c.code)
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """A version of the rules, with its place in the chain."""

    rules: list[dict[str, str]]
    set_by: str
    set_at: datetime
    position: int


async def carry_rule_versions(connection: AsyncConnection, book: str) -> list[RuleVersion]:
    """Return every version of the rules, the current one first."""
    rows = await connection.execute(
        select(carry_rules).where(carry_rules.c.book == book).order_by(carry_rules.c.position.desc()).limit(1_000)
    )
    return [RuleVersion(row.rules, row.set_by, row.set_at, row.position) for row in rows]


@dataclass(frozen=True, slots=True)
class CarriedEncumbrance:
    """What became of one encumbrance at the end of a year, and the line that did it."""

    seq: int
    line: int
    encumbrance: UUID
    fund: str
    purpose_code: str
    purpose: str
    reference: str | None
    kind: str
    amount_fen: int
    entry: UUID


async def carried_encumbrances(
    connection: AsyncConnection, book: str, year: int, *, after: tuple[int, int], limit: int
) -> list[CarriedEncumbrance]:
    """Return the next encumbrances that lapsed or were carried at the end of a year, in the order they were booked."""
    line, entry = posting.c, journal_entry.c
    query: Select[Any] = (
        select(line.seq, line.line, line.encumbrance, line.fund, line.purpose_code, encumbrance.c.purpose,
               encumbrance.c.reference, entry.kind, line.amount_fen, entry.id)
        .join(journal_entry, and_(entry.book == line.book, entry.seq == line.seq))
        .join(encumbrance, and_(encumbrance.c.book == line.book, encumbrance.c.id == line.encumbrance))
        .where(
            line.book == book, line.account == "encumbered", line.side == "debit", *_at_the_end_of(year),
            tuple_(line.seq, line.line) > tuple_(*after),
        )
        .order_by(line.seq, line.line)
        .limit(limit)
    )  # fmt: skip
    return [CarriedEncumbrance(*row) for row in await connection.execute(query)]


async def carried_sums(connection: AsyncConnection, book: str, year: int) -> Sequence[Row[Any]]:
    """Return, by fund, purpose, kind of entry and account, what left the year's available and encumbered budget at its end."""
    line, entry = posting.c, journal_entry.c
    query: Select[Any] = (
        select(line.fund, line.purpose_code, entry.kind, line.account, func.sum(line.amount_fen).label("fen"))
        .join(journal_entry, and_(entry.book == line.book, entry.seq == line.seq))
        .where(
            line.book == book, line.account.in_(("available", "encumbered")), line.side == "debit", *_at_the_end_of(year)
        )
        .group_by(line.fund, line.purpose_code, entry.kind, line.account)
        .order_by(line.fund, line.purpose_code)
    )  # fmt: skip
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


def _at_the_end_of(year: int) -> tuple[Any, ...]:
    entry = journal_entry.c
    return (entry.effective_on == date(year, 12, 31), entry.period == f"{year}-13", entry.kind.in_(_CARRYING))


async def still_standing(connection: AsyncConnection, book: str, year: int) -> tuple[int, int]:
    """Return how many encumbrances still stand in a year, and what is left of them in fen."""
    held = encumbrance_balance.c
    query = select(func.count(), func.coalesce(func.sum(held.remaining_fen), 0)).where(
        held.book == book, held.budget_year == year, held.remaining_fen > 0
    )
    number, fen = (await connection.execute(query)).one()
    return int(number), int(fen)


async def head_seq(connection: AsyncConnection, book: str) -> int:
    """Return the book's last ``seq``."""
    return int((await connection.execute(select(chain_head.c.seq).where(chain_head.c.book == book))).scalar_one())


@dataclass(frozen=True, slots=True)
class YearEndLine:
    """One balance at the turn of a year, computed twice: as the year left it, and as the next year finds it."""

    fund: str
    account: str
    basis: str
    name_zh: str
    name_en: str
    budget_year: int
    source: str
    purpose_code: str
    closing_fen: int
    opening_fen: int


async def year_end_lines(connection: AsyncConnection, book: str, year: int) -> list[YearEndLine]:
    """Return every balance that is not nothing at the turn of a year, by fund and account.

    Closing adds up the periods to the year's adjusting one; opening is today's balance less every day from January 1 on. The two share
    no figure.
    """
    month, day = monthly_total.c, daily_total.c
    closing = select(*(month[name] for name in _KEY), (month.debit_fen - month.credit_fen).label("closing"),
                     (month.debit_fen * 0).label("opening")).where(month.book == book, month.month <= f"{year}-13")  # fmt: skip
    now = select(*(balance.c[name] for name in _KEY), balance.c.balance_fen * 0, balance.c.balance_fen).where(
        balance.c.book == book
    )
    since = select(*(day[name] for name in _KEY), day.debit_fen * 0, day.credit_fen - day.debit_fen).where(
        day.book == book, day.day > date(year, 12, 31)
    )
    parts = union_all(closing, now, since).subquery()
    key = [parts.c[name] for name in _KEY]
    sums = (
        select(*key, func.sum(parts.c.closing).label("closing"), func.sum(parts.c.opening).label("opening"))
        .group_by(*key)
        .having((func.sum(parts.c.closing) != 0) | (func.sum(parts.c.opening) != 0))
        .subquery()
    )
    query = (
        select(sums, account.c.basis, account.c.name_zh, account.c.name_en, fund.c.position)
        .join(account, and_(account.c.book == book, account.c.fund == sums.c.fund, account.c.code == sums.c.account))
        .join(fund, and_(fund.c.book == book, fund.c.code == sums.c.fund))
        .order_by(fund.c.position, *(sums.c[name] for name in _KEY))
    )
    return [
        YearEndLine(row.fund, row.account, row.basis, row.name_zh, row.name_en, row.budget_year, row.source,
                    row.purpose_code, int(row.closing), int(row.opening))
        for row in await connection.execute(query)
    ]  # fmt: skip
