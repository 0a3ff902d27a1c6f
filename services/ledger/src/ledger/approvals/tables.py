"""Tables of proposals, decisions and the rules that ask for them. Rows are written once, beside their chain records, by the engine."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from ledger.metadata import metadata

proposal = Table(
    "proposal",
    metadata,
    Column("book", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("operation", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("funds", ARRAY(Text), nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("period", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("description", Text, nullable=False),
    Column("reference", Text),
    Column("prepared_by", Text, nullable=False),
    Column("sent_by", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("position", "book"),
    ForeignKeyConstraint(["book", "position"], ["chain_record.book", "chain_record.position"]),
    Index("ix_proposal_period", "period", "book"),
)

decision = Table(
    "decision",
    metadata,
    Column("book", Text, primary_key=True),
    Column("proposal", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("by_person", Text, nullable=False),
    Column("reason", Text),
    Column("seq", BigInteger),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("seq", "book"),
    UniqueConstraint("position", "book"),
    ForeignKeyConstraint(["book", "proposal"], ["proposal.book", "proposal.id"]),
    ForeignKeyConstraint(["book", "position"], ["chain_record.book", "chain_record.position"]),
    ForeignKeyConstraint(["book", "seq"], ["journal_entry.book", "journal_entry.seq"]),
)

# The latest version counts.
approval_policy = Table(
    "approval_policy",
    metadata,
    Column("book", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("rules", JSONB, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "position"], ["chain_record.book", "chain_record.position"]),
)
