"""The table of working days that staff record; the published years come with the service."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from claims.metadata import metadata

working_day_year = sa.Table(
    "working_day_year",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("year", sa.SmallInteger, nullable=False),
    # The newest revision counts; rows are never changed.
    sa.Column("revision", sa.SmallInteger, nullable=False),
    sa.Column("days_off", pg.ARRAY(sa.Date), nullable=False),
    sa.Column("working_weekends", pg.ARRAY(sa.Date), nullable=False),
    sa.Column("authority", sa.Text, nullable=False),
    sa.Column("document", sa.Text),
    sa.Column("correction_reason", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "year", "revision"),
    sa.CheckConstraint("revision >= 1", name="revision"),
)
