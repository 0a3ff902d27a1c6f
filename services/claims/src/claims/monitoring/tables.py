"""Tables of the monitoring room.

`lead_step`, `monitoring_event` and `income_line` are insert-only: a household's monitored state is what its events say. Of a lead only
the summary of its steps (status, last step, household) may be moved. Free texts (what was seen, notes) are stored encrypted, because
they may name people or their health.
"""

from __future__ import annotations

import sqlalchemy as sa

from claims.metadata import metadata

lead = sa.Table(
    "lead",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("department", sa.Text),
    sa.Column("found_on", sa.Date, nullable=False),
    sa.Column("town_code", sa.Text),
    sa.Column("village_code", sa.Text),
    sa.Column("description_cipher", sa.LargeBinary),
    sa.Column("reason_cipher", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    # The summary of its steps, moved only together with a new row in lead_step.
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("household_id", sa.Uuid),
    sa.Column("step_count", sa.SmallInteger, nullable=False),
    sa.Column("last_step", sa.Text),
    sa.Column("last_outcome", sa.Text),
    sa.Column("last_done_on", sa.Date),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.CheckConstraint("status IN ('open', 'refused', 'monitored', 'eliminated')", name="status"),
    sa.CheckConstraint("description_cipher IS NOT NULL OR household_id IS NOT NULL", name="about_somebody"),
    sa.CheckConstraint("(channel = 'department_check') = (department IS NOT NULL)", name="department"),
    sa.CheckConstraint(
        "status NOT IN ('monitored', 'eliminated') OR household_id IS NOT NULL", name="monitored_household"
    ),
    sa.Index(None, "book", "status", "id"),
    sa.Index(None, "book", "household_id", "id"),
)

lead_step = sa.Table(
    "lead_step",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("lead_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("note_cipher", sa.LargeBinary),
    sa.Column("done_on", sa.Date, nullable=False),
    sa.Column("household_id", sa.Uuid),
    sa.Column("category", sa.Text),
    # The version of the step list the step was judged by.
    sa.Column("steps_version", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "lead_id", "position"),
    sa.ForeignKeyConstraint(["book", "lead_id"], ["lead.book", "lead.id"]),
    sa.CheckConstraint("position >= 1", name="position_positive"),
)

monitoring_event = sa.Table(
    "monitoring_event",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("effective_on", sa.Date, nullable=False),
    sa.Column("lead_id", sa.Uuid, nullable=False),
    sa.Column("lead_position", sa.SmallInteger, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "household_id", "position"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.ForeignKeyConstraint(
        ["book", "lead_id", "lead_position"], ["lead_step.book", "lead_step.lead_id", "lead_step.position"]
    ),
    sa.CheckConstraint("kind IN ('started', 'ended', 'resumed')", name="kind"),
    # started, ended, resumed, ended, ... : what starts monitoring has an odd position, what ends it an even one.
    sa.CheckConstraint("(kind = 'ended') = (position % 2 = 0)", name="alternates"),
)

income_line = sa.Table(
    "income_line",
    metadata,
    # A county's book, or the two digits of a province whose counties follow it.
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("year", sa.SmallInteger, nullable=False),
    sa.Column("revision", sa.SmallInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("source_mark", sa.Text, nullable=False),
    sa.Column("correction_reason", sa.Text),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("scope", "year", "revision"),
    sa.CheckConstraint("amount_fen > 0", name="amount_positive"),
    sa.CheckConstraint("revision >= 1", name="revision_positive"),
    sa.CheckConstraint("(revision = 1) = (correction_reason IS NULL)", name="correction_reason"),
    sa.CheckConstraint("source_mark IN ('pub', 'local')", name="source_mark"),
)
