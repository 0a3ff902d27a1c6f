"""Tables of the journal: entries, postings, voucher numbers, the chain and the idempotency keys.

The service may only add rows; ``chain_head`` and ``voucher_head`` are kept by triggers. Only ``journal/store.py`` writes here.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ledger.metadata import metadata

journal_entry = Table(
    "journal_entry",
    metadata,
    Column("book", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fiscal_year", SmallInteger, nullable=False),
    Column("period", Text, nullable=False),
    Column("voucher_type", Text, nullable=False),
    Column("voucher_number", Integer, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("posted_at", DateTime(timezone=True), nullable=False),
    Column("description", Text, nullable=False),
    Column("reference", Text),
    Column("metadata", JSONB, nullable=False),
    Column("payee_ref", Text),
    Column("non_budget", Boolean, nullable=False),
    Column("non_budget_reason", Text),
    Column("red", Boolean, nullable=False),
    Column("undoes", Uuid),
    Column("lines", SmallInteger, nullable=False),
    Column("prepared_by", Text, nullable=False),
    Column("reviewed_by", Text),
    Column("posted_by", Text, nullable=False),
    Column("attachment_count", Integer, nullable=False),
    Column("attachment_hashes", ARRAY(Text), nullable=False),
    UniqueConstraint("id", "book"),
    UniqueConstraint(
        "fiscal_year", "period", "voucher_type", "voucher_number", "book", name="uq_journal_entry_voucher"
    ),
    Index("ix_journal_entry_undoes", "undoes", "book", unique=True, postgresql_where=text("undoes IS NOT NULL")),
    Index("ix_journal_entry_reference", "reference", "book", "seq", postgresql_where=text("reference IS NOT NULL")),
    Index("ix_journal_entry_effective_on", "effective_on", "book", "seq"),
)

# No foreign keys on postings: row-level checks would halve the rate, the statement trigger proves the same.
posting = Table(
    "posting",
    metadata,
    Column("book", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("fund", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("red", Boolean, nullable=False),
    Column("budget_year", SmallInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("encumbrance", Uuid),
    Column("memo", Text),
    Column("purpose_code", Text, nullable=False, server_default=""),
    Column("item", Uuid),
    Index("ix_posting_account", "fund", "account", "book", "seq"),
    Index("ix_posting_encumbrance", "encumbrance", "book", "seq", postgresql_where=text("encumbrance IS NOT NULL")),
    Index("ix_posting_item", "item", "book", "seq", postgresql_where=text("item IS NOT NULL")),
)

voucher_head = Table(
    "voucher_head",
    metadata,
    Column("book", Text, primary_key=True),
    Column("fiscal_year", SmallInteger, primary_key=True, autoincrement=False),
    Column("period", Text, primary_key=True),
    Column("voucher_type", Text, primary_key=True),
    Column("number", Integer, nullable=False),
)

chain_record = Table(
    "chain_record",
    metadata,
    Column("book", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("seq", BigInteger),
    Column("format", SmallInteger, nullable=False),
    Column("content", Text),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_chain_record_seq", "seq", "book", unique=True, postgresql_where=text("seq IS NOT NULL")),
)

chain_head = Table(
    "chain_head",
    metadata,
    Column("book", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, server_default="0"),
    Column("seq", BigInteger, nullable=False, server_default="0"),
    Column("hash", LargeBinary, nullable=False, server_default=text("decode(repeat('00', 32), 'hex')")),
    Column("entry_seq", BigInteger, nullable=False, server_default="0"),
    Column("posted_seq", BigInteger, nullable=False, server_default="0"),
    ForeignKeyConstraint(["book"], ["book.code"]),
)

# What one advance, retention, gift … still stands for; its balance row a source is kept by triggers.
open_item = Table(
    "open_item",
    metadata,
    Column("book", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("fund", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("party_ref", Text),
    Column("reference", Text),
    Column("encumbrance", Uuid),
    Column("purpose_code", Text, nullable=False),
    Column("due_on", Date),
    Column("details", JSONB, nullable=False),
    Column("opened_seq", BigInteger, nullable=False),
    Column("opened_on", Date, nullable=False),
    ForeignKeyConstraint(["book", "fund", "account"], ["account.book", "account.fund", "account.code"]),
    ForeignKeyConstraint(["book", "opened_seq"], ["journal_entry.book", "journal_entry.seq"]),
    ForeignKeyConstraint(["book", "encumbrance"], ["encumbrance.book", "encumbrance.id"]),
    Index("ix_open_item_fund", "fund", "kind", "book", "opened_seq"),
    Index(
        "ix_open_item_encumbrance", "encumbrance", "book", unique=True, postgresql_where=text("encumbrance IS NOT NULL")
    ),
)

open_item_balance = Table(
    "open_item_balance",
    metadata,
    Column("book", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("opened_fen", BigInteger, nullable=False, server_default="0"),
    Column("settled_fen", BigInteger, nullable=False, server_default="0"),
    Column("remaining_fen", BigInteger, Computed("opened_fen - settled_fen", persisted=True), nullable=False),
    ForeignKeyConstraint(["book", "id"], ["open_item.book", "open_item.id"]),
)

idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("book", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)
