"""Tables of givers. The service may only add rows; an erasure's row takes the person away by a trigger."""

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, Index, LargeBinary, Table, Text, Uuid, func

from ledger.metadata import metadata

giver = Table(
    "giver",
    metadata,
    Column("book", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("registered_by", Text, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book"], ["book.code"]),
)

giver_person = Table(
    "giver_person",
    metadata,
    Column("book", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("contact_sealed", LargeBinary),
    ForeignKeyConstraint(["book", "ref"], ["giver.book", "giver.ref"]),
)

giver_disclosure = Table(
    "giver_disclosure",
    metadata,
    Column("book", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("ref", Text, nullable=False),
    Column("by_person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("disclosed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "ref"], ["giver.book", "giver.ref"]),
    Index("ix_giver_disclosure_ref", "ref", "book"),
)

giver_erasure = Table(
    "giver_erasure",
    metadata,
    Column("book", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("by_person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("erased_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "ref"], ["giver.book", "giver.ref"]),
)
