"""Tables of the access log. Append-only; position and link of a record are proved by its trigger, the head is moved by nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from claims.metadata import metadata

access_head = sa.Table(
    "access_head",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("hash", sa.LargeBinary, nullable=False, server_default=sa.text("decode(repeat('00', 32), 'hex')")),
    # Nothing but a column the service may lock the row through.
    sa.Column("lock_token", sa.SmallInteger, nullable=False, server_default=sa.text("0")),
    sa.PrimaryKeyConstraint("book"),
)

access_record = sa.Table(
    "access_record",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid),
    sa.Column("reason", sa.Text),
    sa.Column("detail", JSONB, nullable=False),
    sa.Column("prev_hash", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("book", "position"),
    sa.ForeignKeyConstraint(["book"], ["access_head.book"]),
    sa.CheckConstraint("action IN ('unmask', 'download', 'export', 'erasure')", name="action"),
    # Whoever sees or erases says why; a download or an export names what was taken.
    sa.CheckConstraint("action IN ('download', 'export') OR reason IS NOT NULL", name="reason"),
    sa.CheckConstraint("octet_length(hash) = 32 AND octet_length(prev_hash) = 32", name="hashes"),
    sa.Index(None, "book", "person", "position"),
    sa.Index(None, "book", "subject_id", "position"),
)

# Written by the function `reseal` alone.
reseal_batch = sa.Table(
    "reseal_batch",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("sealed_table", sa.Text, nullable=False),
    sa.Column("sealed_column", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("row_count", sa.Integer, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.PrimaryKeyConstraint("position"),
)

# An inserted row erases: its trigger destroys what is sealed of the member or, without one, of the whole household.
erasure = sa.Table(
    "erasure",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("member_id", sa.Uuid),
    sa.Column("legal_basis", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.ForeignKeyConstraint(["book", "member_id"], ["member.book", "member.id"]),
    sa.CheckConstraint(
        "legal_basis IN ('request', 'purpose_ended', 'consent_withdrawn', 'order', 'retention_ended')",
        name="legal_basis",
    ),
    sa.Index(
        "uq_erasure_household", "book", "household_id", unique=True, postgresql_where=sa.text("member_id IS NULL")
    ),
    sa.Index("uq_erasure_member", "book", "member_id", unique=True, postgresql_where=sa.text("member_id IS NOT NULL")),
)
