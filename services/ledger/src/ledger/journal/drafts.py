"""What goes into the posting engine and what comes out of it: plain frozen data.

Owns the types the other rooms speak to the money door with. No rules, no SQL, no HTTP.
Amounts are fen; ``budget_year`` 0 and source ``""`` mean "none".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from common.dates import month_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime
    from uuid import UUID

    from common.errors import Problem
    from ledger.journal.state import BookState

Side: TypeAlias = Literal["debit", "credit"]
Basis: TypeAlias = Literal["financial", "budgetary", "control"]
EntryKind: TypeAlias = str
"""What an entry is: ``journal`` and ``reversal`` for free entries, else the kind its voucher template names."""
VoucherType: TypeAlias = Literal["记", "收", "付", "转"]
Metadata: TypeAlias = "Mapping[str, str | int | bool]"
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"

VOUCHER_TYPES: tuple[VoucherType, ...] = ("记", "收", "付", "转")
SOURCES: tuple[str, ...] = ("central", "province", "city", "county", "donation", "interest")
"""Money any payment of the fund may draw on."""
GIFT = "gift"
"""Donations restricted to a purpose 限定用途捐赠: every movement of such cash names the gift (an open item)."""
AGENCY = "agency"
"""Money held for others 受托代理: owners' overhaul levies, gifts for named persons, a family's share."""
TIED_SOURCES: tuple[str, ...] = (GIFT, AGENCY)
"""Money that no payment draws on unless it names it."""
NO_SOURCE = ""
NO_PURPOSE = ""
CASH = "1002"
FUNDS_BALANCE = "8001"
TRANSFER = "300101"
DUE_FROM, DUE_TO = "121801", "230701"
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
    purpose_code: str = NO_PURPOSE
    item: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewEncumbrance:
    """The encumbrance an entry opens; its lines on ``encumbered`` name ``id``."""

    id: UUID
    fund: str
    fiscal_year: int
    amount_fen: int
    purpose: str
    reference: str | None = None
    expires_at: datetime | None = None
    purpose_code: str = NO_PURPOSE


@dataclass(frozen=True, slots=True)
class NewItem:
    """An open item 往来明细 that an entry opens: an advance, a retention, a gift … Lines on ``fund`` and ``account`` name ``id``.

    Lines on ``side`` add to it, lines on the other side settle it, per source of money; it never falls below zero.
    ``encumbrance`` is the budget it holds: only operations on the item move that.
    """

    id: UUID
    kind: str
    fund: str
    account: str
    side: Side
    party_ref: str | None = None
    reference: str | None = None
    encumbrance: UUID | None = None
    purpose_code: str = NO_PURPOSE
    due_on: date | None = None
    details: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An entry a plan wants posted. The engine gives it id, seq, voucher number, instant and hash.

    ``undoes`` names the entry a reversal or a return takes back (once only, unique in the book). ``opening_funds`` are the funds
    whose opening balance this entry is (once each). ``period`` names the adjusting period ``YYYY-13``; without it the month of
    ``effective_on`` is meant. ``needs_approval``: a second person is asked whatever the book's rules say.
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
    new_item: NewItem | None = None
    period: str | None = None
    needs_approval: bool = False

    @property
    def booked_in(self) -> str:
        """The period the entry belongs to: ``YYYY-MM``, or ``YYYY-13`` if it names the adjusting period."""
        return self.period or month_code(self.effective_on)


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
    purpose_code: str = NO_PURPOSE
    item: UUID | None = None

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

    Funds of the named encumbrances, items and entries are loaded too, and the encumbrances items hold; with ``subtree`` also every
    fund below a loaded one, with ``all_funds`` every fund of the book. ``year_ends`` are fiscal years whose end is decided on: the loaded
    funds' balances as of December 31, every encumbrance that stands in the year, what waits, and the rules of carrying forward.
    """

    funds: frozenset[str] = frozenset()
    encumbrances: frozenset[UUID] = frozenset()
    entries: frozenset[UUID] = frozenset()
    subtree: bool = False
    items: frozenset[UUID] = frozenset()
    proposals: frozenset[UUID] = frozenset()
    all_funds: bool = False
    year_ends: frozenset[int] = frozenset()


class Fill(Enum):
    """What a side row leaves to the engine: its record's chain position, the entry's seq or id, the instant."""

    POSITION = "position"
    SEQ = "seq"
    ENTRY = "entry"
    AT = "at"


Cell: TypeAlias = "str | int | bool | bytes | date | datetime | UUID | list[str] | None"


@dataclass(frozen=True, slots=True)
class SideRow:
    """A row written beside a chain record, in its transaction; rows of one table name the same columns."""

    table: str
    values: Mapping[str, Cell | Fill]


@dataclass(frozen=True, slots=True)
class RecordDraft:
    """A chain record that is not an entry. ``content`` may tell of the entry posted just before it."""

    kind: str
    content: Callable[[PostedEntry | None], dict[str, Json]]
    rows: tuple[SideRow, ...] = ()


class PostedRecord(NamedTuple):
    """Where a chain record stands."""

    position: int
    hash: bytes
    at: datetime


ActRender: TypeAlias = "Callable[[PostedEntry | None, tuple[PostedRecord, ...], BookState], dict[str, Json]]"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is done with chain records of its own, with or without an entry: all of it or nothing.

    ``moves`` brings the state in memory up to date with the side rows, for the requests decided after it in the same group.
    """

    records: tuple[RecordDraft, ...]
    render: ActRender
    entry: EntryDraft | None = None
    status: int = 201
    moves: Callable[[BookState], None] | None = None


Plan: TypeAlias = "Callable[[BookState], EntryDraft | Act | Problem]"
"""Decides what to do from the state of the book; pure, may be called more than once."""

Render: TypeAlias = "Callable[[PostedEntry, BookState], dict[str, Json]]"
"""Makes the 201 answer from the posted entry and the state right after it; pure. It is stored and replayed as it is."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the caller wants to be true before anything is decided, else ``precondition_failed``.

    ``at_least_fen`` is asked of the available of ``fund`` in ``year``, over all purposes. Where the request names no fund, it is that of
    the encumbrance, of the entry that is undone (its first line's), or the one that owes the open item.
    """

    if_seq: int | None = None
    at_least_fen: int | None = None
    fund: str | None = None
    year: int | None = None
    encumbrance: UUID | None = None
    entry: UUID | None = None
    item: UUID | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """How a request can be done again by somebody who approves it: the operation's name and what it was given, as plain data.

    ``prepared_by`` is the person whose wish it is, ``sent_by`` the token's subject; neither may approve it.
    """

    operation: str
    arguments: Callable[[], Mapping[str, Json]]
    prepared_by: str
    sent_by: str


@dataclass(frozen=True, slots=True)
class PostingRequest:
    """One request to the money door, with the idempotency key and fingerprint that make it happen once.

    ``dry_run`` decides and writes as usual and then takes everything back. A request whose entry needs a second person is
    recorded as a proposal of its ``deed``; without a deed it is refused. ``announces``: it does nothing but bind its key to the call
    it came with, and keeps it though a later one of its all-or-nothing group is refused by a rule.
    """

    book: str
    key: str
    fingerprint: bytes
    needs: Needs
    plan: Plan
    render: Render
    conditions: Conditions | None = None
    deed: Deed | None = None
    dry_run: bool = False
    announces: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: the status and body to send, the same ones for every replay. Status 409 carries a problem."""

    status: int
    body: str
    """The JSON text exactly as it was stored, or will be sent."""
    replayed: bool
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """An item of an all-or-nothing call that had to give way to the refusal of another."""


NOT_ATTEMPTED = NotAttempted()
