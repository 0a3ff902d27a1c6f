"""Tables of encumbrances. The row is written once; the balance row is kept by triggers from the postings that name the encumbrance."""

from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
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
    ForeignKeyConstraint(["book", "id"], ["encumbrance.book", "encumbrance.id"]),
)
