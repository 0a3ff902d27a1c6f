"""Tables of imports: jobs, the sealed pieces of their files, the rows they refused.

A file lies here sealed from its upload until its job ends, so that any worker may go on after another died. A refused row keeps its cells,
sealed, for the file of refused rows, and its faults, which never repeat a value.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from claims.metadata import metadata

import_job = sa.Table(
    "import_job",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("preview", sa.Boolean, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("places", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("file_bytes", sa.BigInteger, nullable=False),
    sa.Column("rows_total", sa.Integer),
    sa.Column("rows_done", sa.Integer, nullable=False),
    sa.Column("flagged_to", sa.Uuid),
    sa.Column("households_new", sa.Integer, nullable=False),
    sa.Column("households_known", sa.Integer, nullable=False),
    sa.Column("rows_accepted", sa.Integer, nullable=False),
    sa.Column("rows_refused", sa.Integer, nullable=False),
    sa.Column("duplicates_found", sa.Integer, nullable=False),
    sa.Column("faults", pg.JSONB),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    sa.Column("leased_by", sa.Text),
    sa.Column("lease_until", sa.DateTime(timezone=True)),
    sa.Column("tries", sa.SmallInteger, nullable=False),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.CheckConstraint("mode IN ('all', 'good')", name="mode"),
    sa.CheckConstraint("status IN ('uploading', 'waiting', 'done', 'refused', 'failed')", name="status"),
    sa.CheckConstraint("phase IN ('checking', 'importing', 'flagging')", name="phase"),
    sa.CheckConstraint("(status IN ('done', 'refused', 'failed')) = (finished_at IS NOT NULL)", name="finished"),
    sa.Index("ix_import_job_unfinished", "created_at", postgresql_where=sa.text("finished_at IS NULL")),
)

import_piece = sa.Table(
    "import_piece",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("job_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("book", "job_id", "position"),
    sa.ForeignKeyConstraint(["book", "job_id"], ["import_job.book", "import_job.id"]),
)

import_refusal = sa.Table(
    "import_refusal",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("job_id", sa.Uuid, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("faults", pg.JSONB, nullable=False),
    sa.Column("cells_cipher", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("book", "job_id", "row"),
    sa.ForeignKeyConstraint(["book", "job_id"], ["import_job.book", "import_job.id"]),
)
