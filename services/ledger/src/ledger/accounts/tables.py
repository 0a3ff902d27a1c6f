"""Tables of accounts and of the totals kept for them. Totals move only through triggers; the service may read them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Table,
    Text,
)

from ledger.metadata import metadata

# One row per fund and chart code. A guarded account may not stand below zero on its normal side.
account = Table(
    "account",
    metadata,
    Column("book", Text, primary_key=True),
    Column("fund", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("normal_side", Text, nullable=False),
    Column("guarded", Boolean, nullable=False),
    ForeignKeyConstraint(["book", "fund"], ["fund.book", "fund.code"]),
)

# All turnover so far; balance is debit minus credit. budget_year 0 and source '' mean "none".
balance = Table(
    "balance",
    metadata,
    Column("book", Text, primary_key=True),
    Column("fund", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("budget_year", SmallInteger, primary_key=True, autoincrement=False),
    Column("source", Text, primary_key=True),
    Column("purpose_code", Text, primary_key=True, server_default=""),
    Column("debit_fen", BigInteger, nullable=False),
    Column("credit_fen", BigInteger, nullable=False),
    Column("balance_fen", BigInteger, Computed("debit_fen - credit_fen", persisted=True), nullable=False),
)

# Turnover by effective day.
daily_total = Table(
    "daily_total",
    metadata,
    Column("book", Text, primary_key=True),
    Column("fund", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("budget_year", SmallInteger, primary_key=True, autoincrement=False),
    Column("source", Text, primary_key=True),
    Column("purpose_code", Text, primary_key=True, server_default=""),
    Column("day", Date, primary_key=True),
    Column("debit_fen", BigInteger, nullable=False),
    Column("credit_fen", BigInteger, nullable=False),
    Index("ix_daily_total_day", "day", "book"),
)

# Turnover by effective month 'YYYY-MM' and adjusting period 'YYYY-13'.
monthly_total = Table(
    "monthly_total",
    metadata,
    Column("book", Text, primary_key=True),
    Column("fund", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("budget_year", SmallInteger, primary_key=True, autoincrement=False),
    Column("source", Text, primary_key=True),
    Column("purpose_code", Text, primary_key=True, server_default=""),
    Column("month", Text, primary_key=True),
    Column("debit_fen", BigInteger, nullable=False),
    Column("credit_fen", BigInteger, nullable=False),
    Index("ix_monthly_total_month", "month", "book"),
)
