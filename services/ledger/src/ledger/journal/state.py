"""What a book looks like to a plan: loaded under the lock, then moved on in memory entry by entry inside a group.

Pure: no SQL, no clock of its own. ``now`` and ``today`` are the database's. Amounts are fen; balances are debit minus credit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from common.dates import month_code, next_month
from ledger.journal.drafts import CASH, NO_PURPOSE, NO_SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from uuid import UUID

    from ledger.journal.drafts import (
        Basis,
        EntryDraft,
        Metadata,
        NewEncumbrance,
        NewItem,
        PostedEntry,
        PostedLine,
        Side,
    )

EncumbranceStatus = Literal["open", "expired", "liquidated", "released"]
CARRY_FORWARD = "carry_forward"
"""The kind of entry that moves encumbrances into the next budget year; each keeps its id and its remainder."""

BalanceKey = tuple[str, str, int, str, str]
"""(fund, account, budget_year, source, purpose_code)."""


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
    purpose_code: str = NO_PURPOSE
    held_by: UUID | None = None
    """The open item whose budget this is; only operations on the item move it."""

    @property
    def remaining_fen(self) -> int:
        """What is still encumbered."""
        return self.encumbered_fen - self.liquidated_fen + self.returned_fen - self.released_fen

    def status(self, now: datetime) -> EncumbranceStatus:
        """Where it stands at an instant. Expiry needs no sweeping: the clock alone decides. A returned payment opens it again."""
        if self.remaining_fen > 0:
            return "expired" if self.expires_at is not None and self.expires_at <= now else "open"
        return "released" if self.released_fen > 0 else "liquidated"

    def after(self, line: PostedLine, entry: PostedEntry) -> EncumbranceState:
        """The encumbrance after a posted line that names it; mirrors what the database trigger does.

        A debit gives budget back if the entry credits available, else it is spent. Carrying forward moves the year.
        """
        amount = -line.amount_fen if line.red else line.amount_fen
        if line.account == "2303":
            return replace(self, payable_fen=self.payable_fen + (amount if line.side == "credit" else -amount))
        if line.account != "encumbered":
            return self
        if entry.kind == CARRY_FORWARD:
            return replace(self, fiscal_year=line.budget_year) if line.side == "credit" else self
        moved = self._moved(line, entry)
        return replace(self, **{moved: getattr(self, moved) + amount})

    def _moved(self, line: PostedLine, entry: PostedEntry) -> str:
        """Name the total a line on encumbered adds to."""
        if line.side == "credit":
            return "encumbered_fen" if entry.seq == self.opened_seq else "returned_fen"
        gives_back = any(one.account == "available" and one.side == "credit" for one in entry.postings)
        return "released_fen" if gives_back else "liquidated_fen"


@dataclass(frozen=True, slots=True)
class ItemState:
    """An open item: what was opened and settled of it, by source of money, in fen."""

    id: UUID
    kind: str
    fund: str
    account: str
    side: Side
    party_ref: str | None
    reference: str | None
    encumbrance: UUID | None
    purpose_code: str
    due_on: date | None
    details: Metadata
    opened_on: date
    opened_seq: int
    opened: Mapping[str, int]
    settled: Mapping[str, int]

    @property
    def remaining(self) -> dict[str, int]:
        """What is still open, by source, where anything is."""
        left = {source: fen - self.settled.get(source, 0) for source, fen in self.opened.items()}
        return {source: fen for source, fen in left.items() if fen}

    @property
    def remaining_fen(self) -> int:
        """What is still open."""
        return sum(self.opened.values()) - sum(self.settled.values())

    def after(self, line: PostedLine) -> ItemState:
        """The item after a posted line that names it; mirrors what the database trigger does."""
        amount = -line.amount_fen if line.red else line.amount_fen
        if line.side == self.side:
            return replace(self, opened={**self.opened, line.source: self.opened.get(line.source, 0) + amount})
        return replace(self, settled={**self.settled, line.source: self.settled.get(line.source, 0) + amount})


@dataclass(frozen=True, slots=True)
class PurposeState:
    """A purpose 用途 of a fund: which kinds of entry and which sources of money may draw on its budget; empty means any."""

    fund: str
    code: str
    kinds: frozenset[str]
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class ProposalState:
    """A proposal that may wait for a second person."""

    id: UUID
    status: str
    operation: str
    prepared_by: str
    sent_by: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Entries of a kind (``*`` any) on a fund or below it (``*`` any) of at least ``from_fen`` need a second person."""

    kind: str
    fund: str
    from_fen: int


Treatment = Literal["lapse", "carry"]
"""What becomes of a year's budget at its end: it lapses, or the next year gets it."""


@dataclass(frozen=True, slots=True)
class CarryRule:
    """What becomes of a fund's available and encumbered budget at year-end; ``*`` means every fund no other rule names."""

    fund: str
    available: Treatment
    encumbered: Treatment


@dataclass(frozen=True, slots=True)
class YearEnd:
    """A fiscal year at its end: balances as of December 31, period 13 included, and the operations that wait in the year.

    ``balances`` holds debit minus credit of accounts without a budget year; entries of later years are not in it.
    """

    year: int
    balances: dict[BalanceKey, int]
    waiting: tuple[str, ...] = ()


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
    items: dict[UUID, ItemState] = field(default_factory=dict)
    purposes: dict[tuple[str, str], PurposeState] = field(default_factory=dict)
    proposals: dict[UUID, ProposalState] = field(default_factory=dict)
    approval_rules: tuple[ApprovalRule, ...] = ()
    budget_versions: dict[int, int] = field(default_factory=dict)
    """The latest version of each fiscal year's budget."""
    year_ends: dict[int, YearEnd] = field(default_factory=dict)
    """The years whose end a plan asked for."""
    carry_rules: tuple[CarryRule, ...] = ()

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

    def balance(
        self, fund: str, account: str, budget_year: int = 0, source: str = NO_SOURCE, purpose_code: str = NO_PURPOSE
    ) -> int:
        """Debit minus credit of exactly this account, budget year, source and purpose."""
        return self.balances.get((fund, account, budget_year, source, purpose_code), 0)

    def balance_of(self, fund: str, account: str, budget_year: int | None = None) -> int:
        """Debit minus credit over all sources, and over all budget years unless one is named."""
        return sum(
            fen
            for (f, a, year, _, _), fen in self.balances.items()
            if f == fund and a == account and budget_year in (None, year)
        )

    def cash_by_source(self, fund: str) -> dict[str, int]:
        """The fund's cash by source, where there is any."""
        return {source: fen for (f, a, _, source, _), fen in self.balances.items() if f == fund and a == CASH and fen}

    def purpose_codes(self, fund: str) -> tuple[str, ...]:
        """Every purpose a line of this fund may carry: none, its own, those of the funds above it; each code once."""
        its_own = (code for owner, code in self.purposes if fund == owner or fund.startswith(f"{owner}."))
        return (NO_PURPOSE, *dict.fromkeys(its_own))

    def purpose(self, fund: str, code: str) -> PurposeState | None:
        """The purpose of that code of the fund, or of the nearest fund above it that has one."""
        owner = fund
        while owner:
            found = self.purposes.get((owner, code))
            if found is not None:
                return found
            owner = owner.rpartition(".")[0]
        return None

    def item(self, item: UUID) -> ItemState | None:
        """The open item, or nothing if the book has none of that id (among those in the plan's needs)."""
        return self.items.get(item)

    def budget_years(self, fund: str) -> tuple[int, ...]:
        """The budget years in which the fund's control accounts have moved, oldest first."""
        return tuple(sorted({year for (f, _, year, _, _) in self.balances if f == fund and year}))

    def encumbrance(self, encumbrance: UUID) -> EncumbranceState | None:
        """The encumbrance, or nothing if the book has none of that id (among those in the plan's needs)."""
        return self.encumbrances.get(encumbrance)

    def entry(self, entry: UUID) -> PostedEntry | None:
        """The entry, or nothing if the book has none of that id (among those in the plan's needs)."""
        return self.entries.get(entry)

    def period_status(self, code: str) -> str | None:
        """``open``, ``closed``, or nothing for a period the book does not have.

        The adjusting period ``YYYY-13`` is open once December is closed, until it or a later month closes.
        """
        stored = self.periods.get(code)
        if stored is not None or not is_adjusting(code):
            return stored
        if self.periods.get(f"{code[:4]}-12") != "closed":
            return None
        later_closed = any(status == "closed" for month, status in self.periods.items() if month > code)
        return "closed" if later_closed else "open"

    def next_voucher_number(self, period: str, voucher_type: str) -> int:
        """The number the next voucher of this month and type gets."""
        return self.vouchers.get((period, voucher_type), 0) + 1

    def apply(self, entry: PostedEntry, draft: EntryDraft) -> None:
        """Move the state on by one decided entry and what its draft opens."""
        self.head = ChainHead(entry.position, entry.seq, entry.hash)
        self.vouchers[entry.period, entry.voucher_type] = entry.voucher_number
        if draft.new_encumbrance is not None:
            held_by = draft.new_item.id if draft.new_item is not None and draft.new_item.encumbrance else None
            self.encumbrances[draft.new_encumbrance.id] = _opened(draft.new_encumbrance, entry, held_by)
        if draft.new_item is not None:
            self.items[draft.new_item.id] = _opened_item(draft.new_item, entry)
        for line in entry.postings:
            self._apply_line(line, entry)
        if entry.undoes is not None and entry.undoes in self.entries:
            self.entries[entry.undoes] = self.entries[entry.undoes]._replace(undone_by=entry.id)
        self.entries[entry.id] = entry
        for code in draft.opening_funds:
            self.funds[code] = replace(self.funds[code], has_opening=True)

    def _apply_line(self, line: PostedLine, entry: PostedEntry) -> None:
        key = (line.fund, line.account, line.budget_year, line.source, line.purpose_code)
        self.balances[key] = self.balances.get(key, 0) + line.signed_fen
        debit, credit = self.turnover.get(key, (0, 0))
        amount = -line.amount_fen if line.red else line.amount_fen
        self.turnover[key] = (debit + amount, credit) if line.side == "debit" else (debit, credit + amount)
        for end in self.year_ends.values():
            if entry.fiscal_year <= end.year and not line.budget_year:
                end.balances[key] = end.balances.get(key, 0) + line.signed_fen
        if line.encumbrance is not None:
            self.encumbrances[line.encumbrance] = self.encumbrances[line.encumbrance].after(line, entry)
        if line.item is not None:
            self.items[line.item] = self.items[line.item].after(line)


def is_adjusting(code: str) -> bool:
    """Tell whether a period is a year's adjusting period ``YYYY-13``."""
    return code.endswith("-13")


def _opened_item(new: NewItem, entry: PostedEntry) -> ItemState:
    return ItemState(
        id=new.id,
        kind=new.kind,
        fund=new.fund,
        account=new.account,
        side=new.side,
        party_ref=new.party_ref,
        reference=new.reference,
        encumbrance=new.encumbrance,
        purpose_code=new.purpose_code,
        due_on=new.due_on,
        details=new.details,
        opened_on=entry.effective_on,
        opened_seq=entry.seq,
        opened={},
        settled={},
    )


def _opened(new: NewEncumbrance, entry: PostedEntry, held_by: UUID | None) -> EncumbranceState:
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
        purpose_code=new.purpose_code,
        held_by=held_by,
    )


def open_months(periods: Mapping[str, str], first_period: str, today: date) -> dict[str, str]:
    """The months a book has: those with a row, and the open ones up to the current month that have none yet."""
    months = dict(periods)
    code, current = first_period, month_code(today)
    while code <= current:
        months.setdefault(code, "open")
        code = next_month(code)
    return months
