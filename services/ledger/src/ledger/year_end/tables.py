"""Table of the rules of carrying forward. Rows are written once, beside their chain records, by the engine."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKeyConstraint, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from ledger.metadata import metadata

# The latest version counts.
carry_rules = Table(
    "carry_rules",
    metadata,
    Column("book", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("rules", JSONB, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "position"], ["chain_record.book", "chain_record.position"]),
)
