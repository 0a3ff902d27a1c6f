"""Tables of funds and of the opening balances taken over from the old system."""

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, ForeignKeyConstraint, Index, Integer, Table, Text, func

from ledger.metadata import metadata

fund = Table(
    "fund",
    metadata,
    Column("book", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("parent", Text),
    Column("category", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    # The order in which a payment that names no source draws on the fund's money.
    Column("source_order", ARRAY(Text), nullable=False),
    Column("position", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book"], ["book.code"]),
    ForeignKeyConstraint(["book", "parent"], ["fund.book", "fund.code"]),
    Index("ix_fund_parent", "parent", "book"),
)

# Once per fund: the primary key refuses a second opening balance.
opening_balance = Table(
    "opening_balance",
    metadata,
    Column("book", Text, primary_key=True),
    Column("fund", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    ForeignKeyConstraint(["book", "fund"], ["fund.book", "fund.code"]),
    ForeignKeyConstraint(["book", "seq"], ["journal_entry.book", "journal_entry.seq"]),
)
