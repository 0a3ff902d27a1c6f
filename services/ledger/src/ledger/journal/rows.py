"""From the loaded JSON to the state of a book, and from decided entries to the rows that are copied in. No SQL runs here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypedDict
from uuid import UUID

import orjson

from common.dates import SHANGHAI
from ledger.journal.chain import FORMAT, canonical
from ledger.journal.drafts import Cell, PostedEntry, PostedLine
from ledger.journal.state import (
    AccountState,
    ApprovalRule,
    BookState,
    CarryRule,
    ChainHead,
    EncumbranceState,
    FundState,
    ItemState,
    ProposalState,
    PurposeState,
    Treatment,
    YearEnd,
    open_months,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.journal.chain import Link
    from ledger.journal.drafts import (
        Basis,
        EntryDraft,
        EntryKind,
        Json,
        Metadata,
        NewEncumbrance,
        NewItem,
        RecordDraft,
        Side,
        VoucherType,
    )

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ENTRY_COLUMNS = (
    "book", "seq", "id", "kind", "fiscal_year", "period", "voucher_type", "voucher_number", "effective_on", "posted_at", "description",
    "reference", "metadata", "payee_ref", "non_budget", "non_budget_reason", "red", "undoes", "lines", "prepared_by", "reviewed_by",
    "posted_by", "attachment_count", "attachment_hashes",
)  # fmt: skip
POSTING_COLUMNS = (
    "book", "seq", "line", "fund", "account", "side", "amount_fen", "red", "budget_year", "source", "encumbrance", "memo",
    "purpose_code", "item",
)  # fmt: skip
CHAIN_COLUMNS = ("book", "position", "kind", "seq", "format", "content", "prev_hash", "hash", "recorded_at")
KEY_COLUMNS = ("book", "key", "fingerprint", "status", "body", "created_at")
PERIOD_COLUMNS = ("book", "code", "fiscal_year", "number")
ENCUMBRANCE_COLUMNS = (
    "book", "id", "fund", "fiscal_year", "amount_fen", "purpose", "reference", "expires_at", "opened_seq", "opened_on",
    "purpose_code",
)  # fmt: skip
ITEM_COLUMNS = (
    "book", "id", "kind", "fund", "account", "side", "party_ref", "reference", "encumbrance", "purpose_code", "due_on", "details",
    "opened_seq", "opened_on",
)  # fmt: skip
OPENING_COLUMNS = ("book", "fund", "seq")

Row = tuple["Cell", ...]


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What is remembered under an idempotency key."""

    fingerprint: bytes
    status: int
    body: str


@dataclass(slots=True)
class NewRows:
    """All rows one transaction adds, by table, in the order in which they are written."""

    periods: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    encumbrances: list[Row] = field(default_factory=list)
    openings: list[Row] = field(default_factory=list)
    postings: list[Row] = field(default_factory=list)
    records: list[Row] = field(default_factory=list)
    keys: list[Row] = field(default_factory=list)
    items: list[Row] = field(default_factory=list)
    side: dict[str, tuple[tuple[str, ...], list[Row]]] = field(default_factory=dict)
    """Rows beside chain records: for each table its columns and its rows."""

    def add_entry(self, entry: PostedEntry, prev_hash: bytes, draft: EntryDraft) -> None:
        """Add a decided entry with all that goes with it."""
        self.entries.append(entry_row(entry))
        self.postings.extend(_posting_row(entry, line) for line in entry.postings)
        self.records.append(
            (entry.book, entry.position, "entry", entry.seq, FORMAT, None, prev_hash, entry.hash, entry.posted_at)
        )
        if draft.new_item is not None:
            self.items.append(_item_row(entry, draft.new_item))
        if draft.new_encumbrance is not None:
            self.encumbrances.append(_encumbrance_row(entry, draft.new_encumbrance))
        self.openings.extend((entry.book, fund, entry.seq) for fund in draft.opening_funds)

    def add_record(
        self, link: Link, record: RecordDraft, content: dict[str, Json], digest: bytes, at: datetime
    ) -> None:
        """Add a chain record that carries its content itself."""
        text = canonical(content).decode()
        self.records.append((link.book, link.position, record.kind, None, FORMAT, text, link.prev_hash, digest, at))

    def add_side_row(self, book: str, table: str, cells: Mapping[str, Cell]) -> None:
        """Add a row beside a chain record; rows of one table name the same columns in one order."""
        columns, table_rows = self.side.setdefault(table, (("book", *cells), []))
        if columns != ("book", *cells):
            raise ValueError(f"rows of {table} name different columns")
        table_rows.append((book, *cells.values()))

    def add_key(self, book: str, key: str, answer: StoredAnswer, at: datetime) -> None:
        """Add a remembered answer."""
        self.keys.append((book, key, answer.fingerprint, answer.status, answer.body, at))

    def add_periods(self, book: str, codes: tuple[str, ...], *, first: bool = False) -> None:
        """Add periods that have no row yet; ``first`` before those added already."""
        added: list[Row] = [(book, code, int(code[:4]), int(code[5:])) for code in codes]
        self.periods = added + self.periods if first else self.periods + added


def entry_row(entry: PostedEntry) -> Row:
    """Return the entry as a row of ``journal_entry``."""
    return (
        entry.book, entry.seq, entry.id, entry.kind, entry.fiscal_year, entry.period, entry.voucher_type, entry.voucher_number,
        entry.effective_on, entry.posted_at, entry.description, entry.reference, _metadata(entry.metadata), entry.payee_ref,
        entry.non_budget, entry.non_budget_reason, entry.red, entry.undoes, len(entry.postings), entry.prepared_by,
        entry.reviewed_by, entry.posted_by, entry.attachment_count, list(entry.attachment_hashes),
    )  # fmt: skip


def _metadata(metadata: Metadata) -> str:
    return orjson.dumps(metadata).decode() if metadata else "{}"


def _posting_row(entry: PostedEntry, line: PostedLine) -> Row:
    return (
        entry.book, entry.seq, line.line, line.fund, line.account, line.side, line.amount_fen, line.red, line.budget_year, line.source,
        line.encumbrance, line.memo, line.purpose_code, line.item,
    )  # fmt: skip


def _encumbrance_row(entry: PostedEntry, new: NewEncumbrance) -> Row:
    return (
        entry.book, new.id, new.fund, new.fiscal_year, new.amount_fen, new.purpose, new.reference, new.expires_at, entry.seq,
        entry.effective_on, new.purpose_code,
    )  # fmt: skip


def _item_row(entry: PostedEntry, new: NewItem) -> Row:
    return (
        entry.book, new.id, new.kind, new.fund, new.account, new.side, new.party_ref, new.reference, new.encumbrance, new.purpose_code,
        new.due_on, _metadata(new.details), entry.seq, entry.effective_on,
    )  # fmt: skip


class _EntryRow(TypedDict):
    book: str
    seq: int
    id: str
    kind: EntryKind
    fiscal_year: int
    period: str
    voucher_type: VoucherType
    voucher_number: int
    effective_on: str
    posted_at: str
    description: str
    reference: str | None
    metadata: dict[str, str | int | bool]
    payee_ref: str | None
    non_budget: bool
    non_budget_reason: str | None
    red: bool
    undoes: str | None
    prepared_by: str
    reviewed_by: str | None
    posted_by: str
    attachment_count: int
    attachment_hashes: list[str]
    position: int
    hash: str
    undone_by: str | None


class _PostingRow(TypedDict):
    seq: int
    line: int
    fund: str
    account: str
    side: Side
    amount_fen: int
    red: bool
    budget_year: int
    source: str
    encumbrance: str | None
    memo: str | None
    purpose_code: str
    item: str | None


class _EncumbranceRow(TypedDict):
    id: str
    fund: str
    fiscal_year: int
    amount_fen: int
    purpose: str
    reference: str | None
    expires_at: str | None
    opened_seq: int
    opened_on: str
    encumbered_fen: int
    liquidated_fen: int
    returned_fen: int
    released_fen: int
    payable_fen: int
    purpose_code: str
    held_by: str | None


class _ItemRow(TypedDict):
    id: str
    kind: str
    fund: str
    account: str
    side: Side
    party_ref: str | None
    reference: str | None
    encumbrance: str | None
    purpose_code: str
    due_on: str | None
    details: dict[str, str | int | bool]
    opened_seq: int
    opened_on: str
    balances: list[tuple[str, int, int]]


class _ApprovalRuleRow(TypedDict):
    kind: str
    fund: str
    from_fen: int


class _CarryRuleRow(TypedDict):
    fund: str
    available: Treatment
    encumbered: Treatment


class _YearEndRow(TypedDict):
    year: int
    balances: list[tuple[str, str, int, str, str, int]]
    waiting: list[str]


class Loaded(TypedDict):
    """The JSON answer of ``load.sql``."""

    now: int
    first_period: str
    head: tuple[int, int, str]
    periods: list[tuple[str, Literal["open", "closed"]]]
    vouchers: list[tuple[str, str, int]]
    funds: list[tuple[str, str | None, str, str, str, list[str], bool]]
    accounts: list[tuple[str, str, str, Basis, Side, bool]]
    balances: list[tuple[str, str, int, str, str, int, int]]
    items: list[_ItemRow]
    purposes: list[tuple[str, str, list[str], list[str]]]
    proposals: list[tuple[str, str, str, str, str, int]]
    approval_rules: list[_ApprovalRuleRow]
    budget_versions: list[tuple[int, int]]
    carry_rules: list[_CarryRuleRow]
    year_ends: list[_YearEndRow]
    encumbrances: list[_EncumbranceRow]
    entries: list[_EntryRow]
    postings: list[_PostingRow]
    keys: list[tuple[str, str, int, str]]


def stored_answers(loaded: Loaded) -> dict[str, StoredAnswer]:
    """Return what is already remembered under the group's keys."""
    return {key: StoredAnswer(bytes.fromhex(mark), status, body) for key, mark, status, body in loaded["keys"]}


def book_state(book: str, loaded: Loaded) -> BookState:
    """Build the state the group is decided on."""
    now = _EPOCH + timedelta(microseconds=loaded["now"])
    today = now.astimezone(SHANGHAI).date()
    position, seq, head_hash = loaded["head"]
    stored_months = dict(loaded["periods"])
    months = open_months(stored_months, loaded["first_period"], today)
    return BookState(
        book=book,
        first_period=loaded["first_period"],
        now=now,
        today=today,
        head=ChainHead(position, seq, bytes.fromhex(head_hash)),
        periods=months,
        vouchers={(period, voucher): number for period, voucher, number in loaded["vouchers"]},
        funds={f[0]: FundState(f[0], f[1], f[2], f[3], f[4], tuple(f[5]), f[6]) for f in loaded["funds"]},
        chart={(a[0], a[1]): AccountState(*a) for a in loaded["accounts"]},
        balances={(b[0], b[1], b[2], b[3], b[4]): b[5] - b[6] for b in loaded["balances"]},
        turnover={(b[0], b[1], b[2], b[3], b[4]): (b[5], b[6]) for b in loaded["balances"]},
        encumbrances={UUID(row["id"]): _encumbrance(row) for row in loaded["encumbrances"]},
        entries=_entries(loaded),
        new_months=tuple(sorted(months.keys() - stored_months.keys())),
        items={UUID(row["id"]): _item(row) for row in loaded["items"]},
        purposes={(p[0], p[1]): PurposeState(p[0], p[1], frozenset(p[2]), frozenset(p[3])) for p in loaded["purposes"]},
        proposals={UUID(p[0]): ProposalState(UUID(p[0]), p[1], p[2], p[3], p[4], p[5]) for p in loaded["proposals"]},
        approval_rules=tuple(
            ApprovalRule(rule["kind"], rule["fund"], rule["from_fen"]) for rule in loaded["approval_rules"]
        ),
        budget_versions=dict(loaded["budget_versions"]),
        year_ends={row["year"]: _year_end(row) for row in loaded["year_ends"]},
        carry_rules=tuple(
            CarryRule(rule["fund"], rule["available"], rule["encumbered"]) for rule in loaded["carry_rules"]
        ),
    )


def _year_end(row: _YearEndRow) -> YearEnd:
    return YearEnd(row["year"], {(b[0], b[1], b[2], b[3], b[4]): b[5] for b in row["balances"]}, tuple(row["waiting"]))


def _item(row: _ItemRow) -> ItemState:
    return ItemState(
        id=UUID(row["id"]),
        kind=row["kind"],
        fund=row["fund"],
        account=row["account"],
        side=row["side"],
        party_ref=row["party_ref"],
        reference=row["reference"],
        encumbrance=_uuid(row["encumbrance"]),
        purpose_code=row["purpose_code"],
        due_on=None if row["due_on"] is None else date.fromisoformat(row["due_on"]),
        details=row["details"],
        opened_on=date.fromisoformat(row["opened_on"]),
        opened_seq=row["opened_seq"],
        opened={source: opened for source, opened, _ in row["balances"]},
        settled={source: settled for source, _, settled in row["balances"]},
    )


def _encumbrance(row: _EncumbranceRow) -> EncumbranceState:
    return EncumbranceState(
        id=UUID(row["id"]),
        fund=row["fund"],
        fiscal_year=row["fiscal_year"],
        amount_fen=row["amount_fen"],
        purpose=row["purpose"],
        reference=row["reference"],
        expires_at=None if row["expires_at"] is None else datetime.fromisoformat(row["expires_at"]),
        opened_on=date.fromisoformat(row["opened_on"]),
        opened_seq=row["opened_seq"],
        encumbered_fen=row["encumbered_fen"],
        liquidated_fen=row["liquidated_fen"],
        returned_fen=row["returned_fen"],
        released_fen=row["released_fen"],
        payable_fen=row["payable_fen"],
        purpose_code=row["purpose_code"],
        held_by=_uuid(row["held_by"]),
    )


def _entries(loaded: Loaded) -> dict[UUID, PostedEntry]:
    lines: dict[int, list[PostedLine]] = {}
    for row in loaded["postings"]:
        lines.setdefault(row["seq"], []).append(_line(row))
    entries = (_entry(row, tuple(lines[row["seq"]])) for row in loaded["entries"])
    return {entry.id: entry for entry in entries}


def _line(row: _PostingRow) -> PostedLine:
    return PostedLine(
        line=row["line"],
        fund=row["fund"],
        account=row["account"],
        side=row["side"],
        amount_fen=row["amount_fen"],
        red=row["red"],
        budget_year=row["budget_year"],
        source=row["source"],
        encumbrance=_uuid(row["encumbrance"]),
        memo=row["memo"],
        purpose_code=row["purpose_code"],
        item=_uuid(row["item"]),
    )


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _entry(row: _EntryRow, postings: tuple[PostedLine, ...]) -> PostedEntry:
    return PostedEntry(
        book=row["book"],
        seq=row["seq"],
        id=UUID(row["id"]),
        kind=row["kind"],
        fiscal_year=row["fiscal_year"],
        period=row["period"],
        voucher_type=row["voucher_type"],
        voucher_number=row["voucher_number"],
        effective_on=date.fromisoformat(row["effective_on"]),
        posted_at=datetime.fromisoformat(row["posted_at"]),
        description=row["description"],
        reference=row["reference"],
        metadata=row["metadata"],
        payee_ref=row["payee_ref"],
        non_budget=row["non_budget"],
        non_budget_reason=row["non_budget_reason"],
        red=row["red"],
        undoes=_uuid(row["undoes"]),
        prepared_by=row["prepared_by"],
        reviewed_by=row["reviewed_by"],
        posted_by=row["posted_by"],
        attachment_count=row["attachment_count"],
        attachment_hashes=tuple(row["attachment_hashes"]),
        postings=postings,
        position=row["position"],
        hash=bytes.fromhex(row["hash"]),
        undone_by=_uuid(row["undone_by"]),
    )
