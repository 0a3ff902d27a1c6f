"""Tables of the policies room: programmes and their dated terms.

Both are insert-only; `lock_token` serves only to lock a programme.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from claims.metadata import metadata

CAUSE_CONDITION = "cause IN ('industry_failure', 'serious_illness', 'schooling', 'natural_disaster', 'accident')"

policy = sa.Table(
    "policy",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("year", sa.SmallInteger, nullable=False),
    sa.Column("insurer", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("funding", sa.Text, nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("lock_token", sa.SmallInteger, nullable=False, server_default="0"),
    # Which path of review its claims go, and which of them a second person of the county looks at.
    sa.Column("path", sa.Text, nullable=False, server_default="short"),
    sa.Column("second_look_share_bp", sa.Integer, nullable=False, server_default="0"),
    sa.Column("second_look_from_fen", sa.BigInteger),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint("book", "year"),
    sa.UniqueConstraint("book", "id", "path"),
    sa.CheckConstraint("path IN ('short', 'full')", name="path"),
    sa.CheckConstraint("second_look_share_bp BETWEEN 0 AND 10000 AND second_look_from_fen > 0", name="second_look"),
    sa.CheckConstraint("funding IN ('county_paid')", name="funding"),
    sa.CheckConstraint("valid_from <= valid_to", name="validity"),
)

terms = sa.Table(
    "terms",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("policy_id", sa.Uuid, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("supersedes", sa.SmallInteger),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date, nullable=False),
    sa.Column("deductible_fen", sa.BigInteger, nullable=False),
    # Two arrays of one length: where each tier starts, and what it pays in basis points.
    sa.Column("tier_from_fen", pg.ARRAY(sa.BigInteger), nullable=False),
    sa.Column("tier_rate_bp", pg.ARRAY(sa.Integer), nullable=False),
    sa.Column("tier_mode", sa.Text, nullable=False),
    sa.Column("base", sa.Text, nullable=False),
    sa.Column("cap_fen", sa.BigInteger, nullable=False),
    sa.Column("waiting_days", sa.SmallInteger, nullable=False),
    sa.Column("reporting_days", sa.SmallInteger, nullable=False),
    sa.Column("loss_kinds", pg.ARRAY(sa.Text), nullable=False),
    # {"figure": "where it comes from"}, one for every figure above.
    sa.Column("sources", pg.JSONB, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.ForeignKeyConstraint(["book", "policy_id"], ["policy.book", "policy.id"]),
    sa.UniqueConstraint("book", "policy_id", "cause", "version"),
    sa.CheckConstraint(CAUSE_CONDITION, name="cause"),
    sa.CheckConstraint("tier_mode IN ('marginal', 'whole_amount')", name="tier_mode"),
    sa.CheckConstraint("base IN ('person', 'household')", name="base"),
    sa.CheckConstraint("valid_from <= valid_to", name="validity"),
    sa.CheckConstraint("version >= 1 AND (supersedes IS NULL OR supersedes < version)", name="version"),
    sa.CheckConstraint("deductible_fen >= 0 AND cap_fen > 0 AND cap_fen >= deductible_fen", name="amounts"),
    sa.CheckConstraint(
        "cardinality(tier_from_fen) >= 1 AND cardinality(tier_from_fen) = cardinality(tier_rate_bp)", name="tiers"
    ),
    sa.CheckConstraint(
        "0 <= ALL (tier_from_fen) AND 0 <= ALL (tier_rate_bp) AND 10000 >= ALL (tier_rate_bp)", name="rates"
    ),
    sa.CheckConstraint("waiting_days >= 0 AND reporting_days >= 0", name="days"),
)
