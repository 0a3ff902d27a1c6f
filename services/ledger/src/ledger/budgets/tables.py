"""Tables of encumbrances. The row is written once; the balance row is kept by triggers from the postings that name the encumbrance."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from ledger.metadata import metadata

encumbrance = Table(
    "encumbrance",
    metadata,
    Column("book", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("fund", Text, nullable=False),
    Column("fiscal_year", SmallInteger, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("reference", Text),
    Column("expires_at", DateTime(timezone=True)),
    Column("opened_seq", BigInteger, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("purpose_code", Text, nullable=False, server_default=""),
    UniqueConstraint("opened_seq", "book"),
    ForeignKeyConstraint(["book", "fund"], ["fund.book", "fund.code"]),
    ForeignKeyConstraint(["book", "opened_seq"], ["journal_entry.book", "journal_entry.seq"]),
    Index("ix_encumbrance_fund", "fund", "book", "opened_seq"),
    Index("ix_encumbrance_reference", "reference", "book", postgresql_where=text("reference IS NOT NULL")),
)

encumbrance_balance = Table(
    "encumbrance_balance",
    metadata,
    Column("book", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("encumbered_fen", BigInteger, nullable=False, server_default="0"),
    Column("liquidated_fen", BigInteger, nullable=False, server_default="0"),
    Column("returned_fen", BigInteger, nullable=False, server_default="0"),
    Column("released_fen", BigInteger, nullable=False, server_default="0"),
    Column(
        "remaining_fen",
        BigInteger,
        Computed("encumbered_fen - liquidated_fen + returned_fen - released_fen", persisted=True),
        nullable=False,
    ),
    # Returned by the bank and not paid again.
    Column("payable_fen", BigInteger, nullable=False, server_default="0"),
    # The year it stands in now: carrying forward moves it.
    Column("budget_year", SmallInteger, nullable=False),
    # Until when now: an extension moves it.
    Column("expires_at", DateTime(timezone=True)),
    ForeignKeyConstraint(["book", "id"], ["encumbrance.book", "encumbrance.id"]),
    Index("ix_encumbrance_balance_open", "expires_at", "book", postgresql_where=text("remaining_fen > 0")),
)

encumbrance_extension = Table(
    "encumbrance_extension",
    metadata,
    Column("book", Text, primary_key=True),
    Column("encumbrance", Uuid, nullable=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("reason", Text, nullable=False),
    Column("by_person", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "encumbrance"], ["encumbrance.book", "encumbrance.id"]),
    ForeignKeyConstraint(["book", "position"], ["chain_record.book", "chain_record.position"]),
    Index("ix_encumbrance_extension_encumbrance", "encumbrance", "book"),
)

# A purpose 用途 under a fund; the latest version counts. Empty lists mean any.
purpose = Table(
    "purpose",
    metadata,
    Column("book", Text, primary_key=True),
    Column("fund", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("sources", ARRAY(Text), nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "fund"], ["fund.book", "fund.code"]),
    ForeignKeyConstraint(["book", "position"], ["chain_record.book", "chain_record.position"]),
)

# One decision of an authority on the budget, posted by one entry.
budget_version = Table(
    "budget_version",
    metadata,
    Column("book", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("fiscal_year", SmallInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("prepared_by", Text, nullable=False),
    Column("reviewed_by", Text),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["book", "position"], ["chain_record.book", "chain_record.position"]),
    ForeignKeyConstraint(["book", "seq"], ["journal_entry.book", "journal_entry.seq"]),
)
