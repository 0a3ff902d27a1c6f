"""What an export writes: entries with their postings, as plain values. Pure: no SQL, no HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ledger.journal.drafts import Basis, Side


@dataclass(frozen=True, slots=True)
class ExportedPosting:
    """One posting. ``amount_fen`` is positive; ``red`` makes it negative turnover on the same side."""

    line: int
    fund: str
    account: str
    basis: Basis
    side: Side
    amount_fen: int
    red: bool
    budget_year: int
    source: str
    encumbrance: str | None
    memo: str | None
    purpose_code: str
    item: str | None

    @property
    def turnover_fen(self) -> int:
        """The amount with its colour: negative for a red posting."""
        return -self.amount_fen if self.red else self.amount_fen

    @property
    def balance_fen(self) -> int:
        """What the posting adds to its account, debit minus credit."""
        return self.turnover_fen if self.side == "debit" else -self.turnover_fen


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """One journal entry with its place in the chain (``position``, ``hash``) and all its postings in line order."""

    book: str
    seq: int
    id: str
    kind: str
    fiscal_year: int
    period: str
    voucher_type: str
    voucher_number: int
    effective_on: date
    posted_at: datetime
    description: str
    reference: str | None
    metadata: Mapping[str, str | int | bool]
    payee_ref: str | None
    non_budget: bool
    non_budget_reason: str | None
    red: bool
    undoes: str | None
    prepared_by: str
    reviewed_by: str | None
    posted_by: str
    attachment_count: int
    attachment_hashes: tuple[str, ...]
    position: int
    hash: str
    postings: tuple[ExportedPosting, ...]


@dataclass(frozen=True, slots=True)
class ExportedAccount:
    """An account of a fund that has been posted to, for formats that declare accounts first."""

    fund: str
    account: str
    basis: Basis
    name_zh: str


@dataclass(frozen=True, slots=True)
class ExportHeader:
    """What the beginning of an export states: book, range of effective dates, the last entry it may hold, accounts."""

    book: str
    book_name: str
    effective_from: date
    effective_to: date
    seq: int
    accounts: tuple[ExportedAccount, ...]


def yuan_text(amount_fen: int) -> str:
    """Fen as yuan with exactly two decimals and no grouping: ``-123456`` is ``-1234.56``."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), 100)
    return f"{sign}{yuan}.{fen:02d}"


def one_line(text: str) -> str:
    """Return a text without line breaks or runs of blanks, which mean something in plain-text formats."""
    return " ".join(text.split())
