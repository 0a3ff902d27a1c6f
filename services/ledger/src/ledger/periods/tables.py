"""Tables of periods. A period's status moves only through an event, by trigger."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKeyConstraint, SmallInteger, Table, Text, func

from ledger.metadata import metadata

period = Table(
    "period",
    metadata,
    Column("book", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("fiscal_year", SmallInteger, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("status", Text, nullable=False, server_default="open"),
    ForeignKeyConstraint(["book"], ["book.code"]),
)

period_event = Table(
    "period_event",
    metadata,
    Column("book", Text, primary_key=True),
    Column("code", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("by_person", Text, nullable=False),
    Column("reason", Text),
    Column("authority", Text),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "code"], ["period.book", "period.code"]),
    ForeignKeyConstraint(["book", "position"], ["chain_record.book", "chain_record.position"]),
)
