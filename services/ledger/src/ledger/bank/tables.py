"""Tables of the bank. The service may only add rows; what is matched now, and which funds lie where, is kept by triggers."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from ledger.metadata import metadata

bank_account = Table(
    "bank_account",
    metadata,
    Column("book", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("bank_name", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("number_mask", Text, nullable=False),
    Column("number_sealed", LargeBinary, nullable=False),
    Column("number_index", LargeBinary, nullable=False),
    Column("funds", ARRAY(Text), nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("number_index", "book"),
    ForeignKeyConstraint(["book"], ["book.code"]),
)

bank_account_fund = Table(
    "bank_account_fund",
    metadata,
    Column("book", Text, primary_key=True),
    Column("fund", Text, primary_key=True),
    Column("account", Text, nullable=False),
    ForeignKeyConstraint(["book", "fund"], ["fund.book", "fund.code"]),
    ForeignKeyConstraint(["book", "account"], ["bank_account.book", "bank_account.code"]),
    Index("ix_bank_account_fund_account", "account", "book"),
)

bank_column_mapping = Table(
    "bank_column_mapping",
    metadata,
    Column("book", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("mapping", JSONB, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "account"], ["bank_account.book", "bank_account.code"]),
)

bank_statement = Table(
    "bank_statement",
    metadata,
    Column("book", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("file_hash", Text, nullable=False),
    Column("mapping_account", Text, nullable=False),
    Column("mapping_version", Integer, nullable=False),
    Column("covers_from", Date, nullable=False),
    Column("covers_to", Date, nullable=False),
    Column("lines_taken", Integer, nullable=False),
    Column("lines_known", Integer, nullable=False),
    Column("rows_bad", Integer, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "account"], ["bank_account.book", "bank_account.code"]),
    ForeignKeyConstraint(
        ["book", "mapping_account", "mapping_version"],
        ["bank_column_mapping.book", "bank_column_mapping.account", "bank_column_mapping.version"],
        name="fk_bank_statement_mapping_bank_column_mapping",
    ),
)

bank_line = Table(
    "bank_line",
    metadata,
    Column("book", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("statement", Uuid),
    Column("row_number", Integer),
    Column("booked_on", Date, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("balance_fen", BigInteger),
    Column("reference", Text),
    Column("text", Text),
    Column("counterparty_mask", Text),
    Column("counterparty_sealed", LargeBinary),
    Column("mark", LargeBinary, nullable=False),
    Column("occurrence", Integer, nullable=False),
    UniqueConstraint("id", "book"),
    UniqueConstraint("mark", "occurrence", "account", "book"),
    ForeignKeyConstraint(["book", "account"], ["bank_account.book", "bank_account.code"]),
    ForeignKeyConstraint(
        ["book", "account", "statement"], ["bank_statement.book", "bank_statement.account", "bank_statement.id"]
    ),
    Index("ix_bank_line_booked_on", "booked_on", "account", "book", "number"),
)

bank_match = Table(
    "bank_match",
    metadata,
    Column("book", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("lines", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("matched_by", Text, nullable=False),
    Column("matched_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "account"], ["bank_account.book", "bank_account.code"]),
)

bank_match_line = Table(
    "bank_match_line",
    metadata,
    Column("book", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("match", Uuid, primary_key=True),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(["book", "account", "match"], ["bank_match.book", "bank_match.account", "bank_match.id"]),
    ForeignKeyConstraint(["book", "account", "line"], ["bank_line.book", "bank_line.account", "bank_line.number"]),
)

bank_match_entry = Table(
    "bank_match_entry",
    metadata,
    Column("book", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("match", Uuid, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(["book", "account", "match"], ["bank_match.book", "bank_match.account", "bank_match.id"]),
    ForeignKeyConstraint(["book", "seq"], ["journal_entry.book", "journal_entry.seq"]),
)

bank_match_undo = Table(
    "bank_match_undo",
    metadata,
    Column("book", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("match", Uuid, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("undone_by", Text, nullable=False),
    Column("undone_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    ForeignKeyConstraint(["book", "account", "match"], ["bank_match.book", "bank_match.account", "bank_match.id"]),
)

# Kept by triggers: what is in a live match.
bank_matched_line = Table(
    "bank_matched_line",
    metadata,
    Column("book", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("match", Uuid, nullable=False),
    Index("ix_bank_matched_line_match", "match", "account", "book"),
)

bank_matched_entry = Table(
    "bank_matched_entry",
    metadata,
    Column("book", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("match", Uuid, nullable=False),
    Index("ix_bank_matched_entry_match", "match", "account", "book"),
)
