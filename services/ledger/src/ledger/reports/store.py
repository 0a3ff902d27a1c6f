"""SQL of the reports. Figures come from maintained totals, so that a report does not cost more as a book grows older.

Turnover at a cut is the current balance minus what came later: whole months after the cut's month, days after the cut
within its month, and entries after the cut's ``seq``. Its cost depends on how far back the cut lies, not on the length
of the history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, case, func, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from common.dates import month_code
from ledger.accounts.tables import account, balance, daily_total, monthly_total
from ledger.books.tables import book as book_table
from ledger.funds.tables import fund
from ledger.journal.drafts import Basis
from ledger.journal.tables import chain_head, journal_entry, posting
from ledger.reports.rules import ControlFigures, FundNode, TrialLine, Turnover


@dataclass(frozen=True, slots=True)
class Cut:
    """What a figure covers: entries effective up to the end of day ``as_of`` and with ``seq`` up to this one."""

    as_of: date
    seq: int


@dataclass(frozen=True, slots=True)
class Place:
    """One point in an account's history: lines are ordered by effective date, then ``seq``, then line."""

    effective_on: date
    seq: int
    line: int


@dataclass(frozen=True, slots=True)
class AccountNames:
    """What an account is called, and its basis."""

    basis: Basis
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One posting on an account with what its reader needs of the entry. Turnover is negative for a red posting."""

    place: Place
    entry_id: UUID
    voucher_type: str
    voucher_number: int
    description: str
    reference: str | None
    memo: str | None
    red: bool
    budget_year: int
    source: str
    debit_fen: int
    credit_fen: int


def _turnover(side: str) -> ColumnElement[int]:
    """Return what a posting adds to one side's turnover: its amount, negative if red, or zero for the other side."""
    coloured = case((posting.c.red, -posting.c.amount_fen), else_=posting.c.amount_fen)
    return case((posting.c.side == side, coloured), else_=literal(0))


def _month_end(day: date) -> date:
    first_of_next = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first_of_next - timedelta(days=1)


def _last_period(day: date) -> str:
    """Return the last period whose days lie in a day's month: December holds the adjusting period 13, which is dated its last day."""
    code = month_code(day)
    return f"{day.year:04d}-13" if day.month == 12 else code  # noqa: PLR2004 - December


async def head_seq(connection: AsyncConnection, book: str) -> int | None:
    """Return the last entry's ``seq`` (0 in a book without entries), or nothing if there is no such book."""
    found = await connection.execute(select(chain_head.c.seq).where(chain_head.c.book == book))
    return found.scalar_one_or_none()


async def turnover_at(
    connection: AsyncConnection,
    book: str,
    cut: Cut,
    *,
    head: int,
    of_fund: str | None = None,
    of_account: str | None = None,
) -> list[Turnover]:
    """Cumulative turnover per fund and account at a cut. ``head`` is the book's last ``seq`` in the same snapshot."""
    parts = [
        _part(balance, 1, book, of_fund, of_account),
        _part(monthly_total, -1, book, of_fund, of_account).where(monthly_total.c.month > _last_period(cut.as_of)),
        _part(daily_total, -1, book, of_fund, of_account).where(
            daily_total.c.day > cut.as_of, daily_total.c.day <= _month_end(cut.as_of)
        ),
    ]
    if cut.seq < head:
        parts.append(_later_postings(book, cut, of_fund, of_account))
    moved = union_all(*parts).subquery()
    summed = (
        select(moved.c.fund, moved.c.account, func.sum(moved.c.debit_fen), func.sum(moved.c.credit_fen))
        .group_by(moved.c.fund, moved.c.account)
        .order_by(moved.c.fund, moved.c.account)
    )
    return [
        Turnover(fund_code, code, int(debit), int(credit))
        for fund_code, code, debit, credit in await connection.execute(summed)
    ]


def _part(
    table: FromClause, sign: int, book: str, of_fund: str | None, of_account: str | None
) -> Select[tuple[str, str, int, int]]:
    part = select(
        table.c.fund,
        table.c.account,
        (sign * table.c.debit_fen).label("debit_fen"),
        (sign * table.c.credit_fen).label("credit_fen"),
    ).where(table.c.book == book)
    if of_fund is not None:
        part = part.where(table.c.fund == of_fund)
    return part if of_account is None else part.where(table.c.account == of_account)


def _later_postings(
    book: str, cut: Cut, of_fund: str | None, of_account: str | None
) -> Select[tuple[str, str, int, int]]:
    """Return what entries after the cut's ``seq`` added within its dates, to be taken off again."""
    later = (
        select(
            posting.c.fund,
            posting.c.account,
            (-_turnover("debit")).label("debit_fen"),
            (-_turnover("credit")).label("credit_fen"),
        )
        .join(journal_entry, (journal_entry.c.book == posting.c.book) & (journal_entry.c.seq == posting.c.seq))
        .where(posting.c.book == book, posting.c.seq > cut.seq, journal_entry.c.effective_on <= cut.as_of)
    )
    if of_fund is not None:
        later = later.where(posting.c.fund == of_fund)
    return later if of_account is None else later.where(posting.c.account == of_account)


async def trial_lines(connection: AsyncConnection, book: str, turnover: Sequence[Turnover]) -> list[TrialLine]:
    """Return the turnover with each account's basis and names, without accounts on which nothing has moved."""
    moved = {(one.fund, one.account): one for one in turnover if one.debit_fen or one.credit_fen}
    attributes = select(account.c.fund, account.c.code, account.c.basis, account.c.name_zh, account.c.name_en).where(
        account.c.book == book
    )
    return [
        TrialLine(row.fund, row.code, row.basis, row.name_zh, row.name_en, one.debit_fen, one.credit_fen)
        for row in await connection.execute(attributes)
        if (one := moved.get((row.fund, row.code))) is not None
    ]


async def fund_nodes(connection: AsyncConnection, book: str) -> list[FundNode]:
    """All funds of the book in their own order."""
    rows = await connection.execute(
        select(fund.c.code, fund.c.parent, fund.c.position, fund.c.name_zh, fund.c.name_en)
        .where(fund.c.book == book)
        .order_by(fund.c.position, fund.c.code)
    )
    return [FundNode(row.code, row.parent, row.position, row.name_zh, row.name_en) for row in rows]


async def first_day(connection: AsyncConnection, book: str) -> date:
    """Return the first day of the book's first month."""
    found = await connection.execute(select(book_table.c.first_period).where(book_table.c.code == book))
    return date.fromisoformat(f"{found.scalar_one()}-01")


async def account_names(connection: AsyncConnection, book: str, fund_code: str, code: str) -> AccountNames | None:
    """Basis, Chinese and English name of an account, or nothing."""
    found = await connection.execute(
        select(account.c.basis, account.c.name_zh, account.c.name_en).where(
            account.c.book == book, account.c.fund == fund_code, account.c.code == code
        )
    )
    row = found.one_or_none()
    return None if row is None else AccountNames(row.basis, row.name_zh, row.name_en)


async def control_figures(connection: AsyncConnection, book: str, fiscal_year: int) -> dict[str, ControlFigures]:
    """Each fund's own budget indicators of one year, as positive amounts."""

    def figure(code: str, amount: ColumnElement[int]) -> ColumnElement[int]:
        return func.coalesce(func.sum(amount).filter(balance.c.account == code), 0).label(code)

    rows = await connection.execute(
        select(
            balance.c.fund,
            figure("allotted", balance.c.balance_fen),
            figure("encumbered", -balance.c.balance_fen),
            figure("expended", -balance.c.balance_fen),
            figure("available", -balance.c.balance_fen),
        )
        .where(balance.c.book == book, balance.c.budget_year == fiscal_year)
        .group_by(balance.c.fund)
    )
    return {
        row.fund: ControlFigures(int(row.allotted), int(row.encumbered), int(row.expended), int(row.available))
        for row in rows
    }


def _lines_of(book: str, fund_code: str, code: str, up_to_seq: int) -> Select[tuple[object, ...]]:
    entry_columns = [
        journal_entry.c[name]
        for name in ("effective_on", "id", "voucher_type", "voucher_number", "description", "reference")
    ]
    line_columns = [posting.c[name] for name in ("seq", "line", "memo", "red", "budget_year", "source")]
    return (
        select(*entry_columns, *line_columns, _turnover("debit").label("debit_fen"), _turnover("credit").label("credit_fen"))
        .join(journal_entry, (journal_entry.c.book == posting.c.book) & (journal_entry.c.seq == posting.c.seq))
        .where(
            posting.c.book == book, posting.c.fund == fund_code, posting.c.account == code, posting.c.seq <= up_to_seq,
            journal_entry.c.book == book,
        )
    )  # fmt: skip


async def ledger_lines(
    connection: AsyncConnection,
    book: str,
    fund_code: str,
    code: str,
    span: tuple[date, date],
    *,
    after: Place | None,
    up_to_seq: int,
    limit: int,
) -> list[LedgerLine]:
    """Lines of one account effective within ``span``, oldest first, after a place, of entries up to ``up_to_seq``."""
    lines = _lines_of(book, fund_code, code, up_to_seq).where(journal_entry.c.effective_on.between(*span))
    if after is not None:
        entry_place = tuple_(journal_entry.c.effective_on, journal_entry.c.seq)
        line_place = tuple_(journal_entry.c.effective_on, journal_entry.c.seq, posting.c.line)
        # The first condition can use the index on (book, effective_on, seq); the second leaves out lines already shown.
        lines = lines.where(
            entry_place >= tuple_(literal(after.effective_on), literal(after.seq)),
            line_place > tuple_(literal(after.effective_on), literal(after.seq), literal(after.line)),
        )
    ordered = lines.order_by(journal_entry.c.effective_on, journal_entry.c.seq, posting.c.line).limit(limit)
    return [
        LedgerLine(
            Place(row.effective_on, row.seq, row.line), row.id, row.voucher_type, row.voucher_number, row.description,
            row.reference, row.memo, row.red, row.budget_year, row.source, row.debit_fen, row.credit_fen,
        )
        for row in await connection.execute(ordered)
    ]  # fmt: skip


async def moved_on_day_up_to(
    connection: AsyncConnection, book: str, fund_code: str, code: str, place: Place, *, up_to_seq: int
) -> int:
    """Return what the account moved (debit minus credit) on the place's day up to and including that line."""
    total = await connection.execute(
        select(func.coalesce(func.sum(_turnover("debit") - _turnover("credit")), 0))
        .select_from(posting)
        .join(journal_entry, (journal_entry.c.book == posting.c.book) & (journal_entry.c.seq == posting.c.seq))
        .where(
            posting.c.book == book, posting.c.fund == fund_code, posting.c.account == code, posting.c.seq <= up_to_seq,
            journal_entry.c.book == book, journal_entry.c.effective_on == place.effective_on,
            tuple_(posting.c.seq, posting.c.line) <= tuple_(literal(place.seq), literal(place.line)),
        )
    )  # fmt: skip
    return int(total.scalar_one())
