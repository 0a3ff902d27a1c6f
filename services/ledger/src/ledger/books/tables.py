"""Table of books. CHECK constraints and triggers stand in the migration, which is their only source."""

from sqlalchemy import Column, DateTime, Integer, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from ledger.metadata import metadata

book = Table(
    "book",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("first_period", Text, nullable=False),
    Column("hash_suite", Text, nullable=False, server_default="sha256"),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Only there to be locked: the service may update this column and nothing else, so it may SELECT ... FOR UPDATE.
    Column("lock_token", Integer, nullable=False, server_default="0"),
)
