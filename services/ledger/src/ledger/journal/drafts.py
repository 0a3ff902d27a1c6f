"""What goes into the posting engine and what comes out of it: plain frozen data.

Owns the types the other rooms speak to the money door with. No rules, no SQL, no HTTP.
Amounts are fen; ``budget_year`` 0 and source ``""`` mean "none".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime
    from uuid import UUID

    from common.errors import Problem
    from ledger.journal.state import BookState

Side: TypeAlias = Literal["debit", "credit"]
Basis: TypeAlias = Literal["financial", "budgetary", "control"]
EntryKind: TypeAlias = Literal[
    "journal", "opening", "receipt", "allotment", "payment", "encumber", "liquidation", "return", "release", "reversal"
]
VoucherType: TypeAlias = Literal["记", "收", "付", "转"]
Metadata: TypeAlias = "Mapping[str, str | int | bool]"
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"

VOUCHER_TYPES: tuple[VoucherType, ...] = ("记", "收", "付", "转")
SOURCES: tuple[str, ...] = ("central", "province", "city", "county", "donation", "interest")
NO_SOURCE = ""
CASH = "1002"
FUNDS_BALANCE = "8001"
CONTROL_ACCOUNTS: frozenset[str] = frozenset({"allotted", "available", "encumbered", "expended"})


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One line of an entry to be posted.

    ``source=None`` leaves the choice to the engine: a credit of cash is split over the fund's order of sources,
    anything else gets no source.
    """

    fund: str
    account: str
    side: Side
    amount_fen: int
    budget_year: int = 0
    source: str | None = None
    encumbrance: UUID | None = None
    memo: str | None = None


@dataclass(frozen=True, slots=True)
class NewEncumbrance:
    """The encumbrance an ``encumber`` entry opens; its lines name ``id``."""

    id: UUID
    fund: str
    fiscal_year: int
    amount_fen: int
    purpose: str
    reference: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry a plan wants posted. The engine gives it id, seq, voucher number, instant and hash.

    ``undoes`` names the entry a reversal or a return takes back (once only, unique in the book). ``opening_funds`` are the funds
    whose opening balance this entry is (once each).
    """

    kind: EntryKind
    effective_on: date
    description: str
    lines: tuple[LineDraft, ...]
    prepared_by: str
    posted_by: str
    voucher_type: VoucherType = "记"
    reference: str | None = None
    metadata: Metadata = field(default_factory=dict)
    payee_ref: str | None = None
    non_budget: bool = False
    non_budget_reason: str | None = None
    red: bool = False
    undoes: UUID | None = None
    reviewed_by: str | None = None
    attachment_count: int = 0
    attachment_hashes: tuple[str, ...] = ()
    new_encumbrance: NewEncumbrance | None = None
    opening_funds: tuple[str, ...] = ()


class PostedLine(NamedTuple):
    """One line of a posted entry; ``line`` counts from 1."""

    line: int
    fund: str
    account: str
    side: Side
    amount_fen: int
    red: bool
    budget_year: int
    source: str
    encumbrance: UUID | None
    memo: str | None

    @property
    def signed_fen(self) -> int:
        """What the line adds to a debit-minus-credit balance: red lines take away what their side would add."""
        return self.amount_fen if (self.side == "debit") != self.red else -self.amount_fen


class PostedEntry(NamedTuple):
    """An entry as it stands in the book, with its place in the chain. ``undone_by`` names the entry that took it back, if any."""

    book: str
    seq: int
    id: UUID
    kind: EntryKind
    fiscal_year: int
    period: str
    voucher_type: VoucherType
    voucher_number: int
    effective_on: date
    posted_at: datetime
    description: str
    reference: str | None
    metadata: Metadata
    payee_ref: str | None
    non_budget: bool
    non_budget_reason: str | None
    red: bool
    undoes: UUID | None
    prepared_by: str
    reviewed_by: str | None
    posted_by: str
    attachment_count: int
    attachment_hashes: tuple[str, ...]
    postings: tuple[PostedLine, ...]
    position: int
    hash: bytes
    undone_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What a plan reads: the engine loads it under the book's lock before it decides.

    Funds of the named encumbrances and entries are loaded too; with ``subtree`` also every fund below a loaded one.
    """

    funds: frozenset[str] = frozenset()
    encumbrances: frozenset[UUID] = frozenset()
    entries: frozenset[UUID] = frozenset()
    subtree: bool = False


Plan: TypeAlias = "Callable[[BookState], EntryDraft | Problem]"
"""Decides what to post from the state of the book; pure, may be called more than once."""

Render: TypeAlias = "Callable[[PostedEntry, BookState], dict[str, Json]]"
"""Makes the 201 answer from the posted entry and the state right after it; pure. It is stored and replayed as it is."""


@dataclass(frozen=True, slots=True)
class PostingRequest:
    """One request to the money door, with the idempotency key and fingerprint that make it happen once."""

    book: str
    key: str
    fingerprint: bytes
    needs: Needs
    plan: Plan
    render: Render


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: the status and body to send, the same ones for every replay. Status 409 carries a problem."""

    status: int
    body: str
    """The JSON text exactly as it was stored, or will be sent."""
    replayed: bool


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """An item of an all-or-nothing call that had to give way to the refusal of another."""


NOT_ATTEMPTED = NotAttempted()
