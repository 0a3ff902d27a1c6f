"""What a book looks like to a plan: loaded under the lock, then moved on in memory entry by entry inside a group.

Pure: no SQL, no clock of its own. ``now`` and ``today`` are the database's. Amounts are fen; balances are debit minus credit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from common.dates import month_code, next_month
from ledger.journal.drafts import CASH, NO_SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime
    from uuid import UUID

    from ledger.journal.drafts import Basis, NewEncumbrance, PostedEntry, PostedLine, Side

EncumbranceStatus = Literal["open", "expired", "liquidated", "released"]
BalanceKey = tuple[str, str, int, str]
"""(fund, account, budget_year, source)."""


@dataclass(frozen=True, slots=True)
class FundState:
    """A fund of the book and the order in which a payment without a source draws on its money."""

    code: str
    parent: str | None
    category: str
    name_zh: str
    name_en: str
    source_order: tuple[str, ...]
    has_opening: bool


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account of a fund. A guarded account may not stand below zero on its normal side."""

    fund: str
    code: str
    name_zh: str
    basis: Basis
    normal_side: Side
    guarded: bool


@dataclass(frozen=True, slots=True)
class EncumbranceState:
    """An encumbrance and what happened to it so far, in fen."""

    id: UUID
    fund: str
    fiscal_year: int
    amount_fen: int
    purpose: str
    reference: str | None
    expires_at: datetime | None
    opened_on: date
    opened_seq: int
    encumbered_fen: int
    liquidated_fen: int
    returned_fen: int
    released_fen: int
    payable_fen: int

    @property
    def remaining_fen(self) -> int:
        """What is still encumbered."""
        return self.encumbered_fen - self.liquidated_fen + self.returned_fen - self.released_fen

    def status(self, now: datetime) -> EncumbranceStatus:
        """Where it stands at an instant. Expiry needs no sweeping: the clock alone decides. A returned payment opens it again."""
        if self.remaining_fen > 0:
            return "expired" if self.expires_at is not None and self.expires_at <= now else "open"
        return "released" if self.released_fen > 0 else "liquidated"

    def after(self, line: PostedLine, kind: str) -> EncumbranceState:
        """The encumbrance after a posted line that names it; mirrors what the database trigger does."""
        amount = -line.amount_fen if line.red else line.amount_fen
        if line.account == "2303":
            return replace(self, payable_fen=self.payable_fen + (amount if line.side == "credit" else -amount))
        if line.account != "encumbered":
            return self
        if line.side == "credit":
            if kind == "encumber":
                return replace(self, encumbered_fen=self.encumbered_fen + amount)
            return replace(self, returned_fen=self.returned_fen + amount)
        if kind == "release":
            return replace(self, released_fen=self.released_fen + amount)
        return replace(self, liquidated_fen=self.liquidated_fen + amount)


@dataclass(slots=True)
class ChainHead:
    """Where the book's chain stands."""

    position: int
    seq: int
    hash: bytes


@dataclass(slots=True)
class BookState:
    """The loaded part of one book. Plans read it; only the engine moves it on, through ``apply``.

    ``periods`` maps months to ``open`` or ``closed`` and includes the open months up to today that no row exists for yet.
    """

    book: str
    first_period: str
    now: datetime
    today: date
    head: ChainHead
    periods: dict[str, str]
    vouchers: dict[tuple[str, str], int]
    funds: dict[str, FundState]
    chart: dict[tuple[str, str], AccountState]
    balances: dict[BalanceKey, int]
    turnover: dict[BalanceKey, tuple[int, int]]
    encumbrances: dict[UUID, EncumbranceState]
    entries: dict[UUID, PostedEntry]
    new_months: tuple[str, ...] = ()
    """Open months that have no row yet; they get one with the next entry."""

    def fund(self, code: str) -> FundState | None:
        """The fund, or nothing if the book has none of that code."""
        return self.funds.get(code)

    def subtree(self, code: str) -> tuple[str, ...]:
        """The fund and every loaded fund below it, by code."""
        found = [code]
        for candidate in found:
            found.extend(sorted(fund.code for fund in self.funds.values() if fund.parent == candidate))
        return tuple(found)

    def account(self, fund: str, code: str) -> AccountState | None:
        """The account, or nothing if the fund has none of that code."""
        return self.chart.get((fund, code))

    def balance(self, fund: str, account: str, budget_year: int = 0, source: str = NO_SOURCE) -> int:
        """Debit minus credit of exactly this account, budget year and source."""
        return self.balances.get((fund, account, budget_year, source), 0)

    def balance_of(self, fund: str, account: str, budget_year: int | None = None) -> int:
        """Debit minus credit over all sources, and over all budget years unless one is named."""
        return sum(
            fen
            for (f, a, year, _), fen in self.balances.items()
            if f == fund and a == account and budget_year in (None, year)
        )

    def cash_by_source(self, fund: str) -> dict[str, int]:
        """The fund's cash by source, where there is any."""
        return {source: fen for (f, a, _, source), fen in self.balances.items() if f == fund and a == CASH and fen}

    def budget_years(self, fund: str) -> tuple[int, ...]:
        """The budget years in which the fund's control accounts have moved, oldest first."""
        return tuple(sorted({year for (f, _, year, _) in self.balances if f == fund and year}))

    def encumbrance(self, encumbrance: UUID) -> EncumbranceState | None:
        """The encumbrance, or nothing if the book has none of that id (among those in the plan's needs)."""
        return self.encumbrances.get(encumbrance)

    def entry(self, entry: UUID) -> PostedEntry | None:
        """The entry, or nothing if the book has none of that id (among those in the plan's needs)."""
        return self.entries.get(entry)

    def period_status(self, month: str) -> str | None:
        """``open``, ``closed``, or nothing for a month the book does not have."""
        return self.periods.get(month)

    def next_voucher_number(self, period: str, voucher_type: str) -> int:
        """The number the next voucher of this month and type gets."""
        return self.vouchers.get((period, voucher_type), 0) + 1

    def apply(
        self, entry: PostedEntry, opened: NewEncumbrance | None = None, opening_funds: Iterable[str] = ()
    ) -> None:
        """Move the state on by one decided entry."""
        self.head = ChainHead(entry.position, entry.seq, entry.hash)
        self.vouchers[entry.period, entry.voucher_type] = entry.voucher_number
        if opened is not None:
            self.encumbrances[opened.id] = _opened(opened, entry)
        for line in entry.postings:
            self._apply_line(line, entry.kind)
        if entry.undoes is not None and entry.undoes in self.entries:
            self.entries[entry.undoes] = self.entries[entry.undoes]._replace(undone_by=entry.id)
        self.entries[entry.id] = entry
        for code in opening_funds:
            self.funds[code] = replace(self.funds[code], has_opening=True)

    def _apply_line(self, line: PostedLine, kind: str) -> None:
        key = (line.fund, line.account, line.budget_year, line.source)
        self.balances[key] = self.balances.get(key, 0) + line.signed_fen
        debit, credit = self.turnover.get(key, (0, 0))
        amount = -line.amount_fen if line.red else line.amount_fen
        self.turnover[key] = (debit + amount, credit) if line.side == "debit" else (debit, credit + amount)
        if line.encumbrance is not None:
            self.encumbrances[line.encumbrance] = self.encumbrances[line.encumbrance].after(line, kind)


def _opened(new: NewEncumbrance, entry: PostedEntry) -> EncumbranceState:
    return EncumbranceState(
        id=new.id,
        fund=new.fund,
        fiscal_year=new.fiscal_year,
        amount_fen=new.amount_fen,
        purpose=new.purpose,
        reference=new.reference,
        expires_at=new.expires_at,
        opened_on=entry.effective_on,
        opened_seq=entry.seq,
        encumbered_fen=0,
        liquidated_fen=0,
        returned_fen=0,
        released_fen=0,
        payable_fen=0,
    )


def open_months(periods: Mapping[str, str], first_period: str, today: date) -> dict[str, str]:
    """The months a book has: those with a row, and the open ones up to the current month that have none yet."""
    months = dict(periods)
    code, current = first_period, month_code(today)
    while code <= current:
        months.setdefault(code, "open")
        code = next_month(code)
    return months
