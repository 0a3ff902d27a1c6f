"""Tables of the policies room: programmes, their dated terms, and the second person's word on each version of terms.

All are insert-only; `lock_token` serves only to lock a programme. A version of terms without a row in `terms_approval`
is a draft.
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
    # The year's pool or premium handed to the insurer, its fee on what is paid out, and what becomes of the rest.
    sa.Column("pool_fen", sa.BigInteger),
    sa.Column("fee_bp", sa.Integer),
    sa.Column("surplus_rule", sa.Text),
    # {"figure": "where it comes from"}, one for every figure above.
    sa.Column("sources", pg.JSONB, nullable=False, server_default=sa.text("'{}'")),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint("book", "year"),
    sa.CheckConstraint("funding IN ('county_paid', 'insurer_pool')", name="funding"),
    sa.CheckConstraint("surplus_rule IN ('carried_forward', 'returned_to_treasury')", name="surplus_rule"),
    sa.CheckConstraint("pool_fen > 0 AND fee_bp BETWEEN 0 AND 10000", name="figures"),
    sa.CheckConstraint(
        "CASE funding WHEN 'insurer_pool' THEN pool_fen IS NOT NULL AND fee_bp IS NOT NULL AND surplus_rule IS NOT NULL "
        "ELSE pool_fen IS NULL AND surplus_rule IS NULL END",
        name="pool",
    ),
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
    # Figures a cause may do without: null, or empty.
    sa.Column("warning_fen", sa.BigInteger),
    sa.Column("claim_cap_fen", sa.BigInteger),
    sa.Column("person_cap_fen", sa.BigInteger),
    sa.Column("household_cap_fen", sa.BigInteger),
    sa.Column("person_year_cap_fen", sa.BigInteger),
    sa.Column("household_year_cap_fen", sa.BigInteger),
    # Ten benefits by disability grade, grade 1 first; or none.
    sa.Column("grade_fen", pg.ARRAY(sa.BigInteger), nullable=False, server_default=sa.text("'{}'")),
    # A list of exclusions, each with its code, its text in both languages, its days and its source.
    sa.Column("exclusions", pg.JSONB, nullable=False, server_default=sa.text("'[]'")),
    sa.Column("required_documents", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("prior_payers", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("evidence_kinds", pg.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    sa.Column("third_party", sa.Text, nullable=False, server_default="deducted"),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.ForeignKeyConstraint(["book", "policy_id"], ["policy.book", "policy.id"]),
    sa.UniqueConstraint("book", "policy_id", "cause", "version"),
    # So that an approval can name who wrote what it approves.
    sa.UniqueConstraint("book", "id", "created_by"),
    sa.CheckConstraint(CAUSE_CONDITION, name="cause"),
    sa.CheckConstraint("tier_mode IN ('marginal', 'whole_amount')", name="tier_mode"),
    sa.CheckConstraint("base IN ('person', 'household')", name="base"),
    sa.CheckConstraint("valid_from <= valid_to", name="validity"),
    sa.CheckConstraint("version >= 1 AND (supersedes IS NULL OR supersedes < version)", name="version"),
    sa.CheckConstraint("deductible_fen >= 0 AND cap_fen > 0 AND cap_fen >= deductible_fen", name="amounts"),
    sa.CheckConstraint(
        "(cardinality(tier_from_fen) >= 1 OR cardinality(grade_fen) > 0) AND "
        "cardinality(tier_from_fen) = cardinality(tier_rate_bp)",
        name="tiers",
    ),
    sa.CheckConstraint(
        "0 <= ALL (tier_from_fen) AND 0 <= ALL (tier_rate_bp) AND 10000 >= ALL (tier_rate_bp)", name="rates"
    ),
    sa.CheckConstraint("waiting_days >= 0 AND reporting_days >= 0", name="days"),
    sa.CheckConstraint("warning_fen >= 0", name="warning"),
    sa.CheckConstraint(
        "least(claim_cap_fen, person_cap_fen, household_cap_fen, person_year_cap_fen, household_year_cap_fen) "
        ">= greatest(deductible_fen, 1)",
        name="caps",
    ),
    sa.CheckConstraint(
        "cardinality(grade_fen) = 0 OR (cause = 'accident' AND cardinality(grade_fen) = 10 AND 0 < ALL (grade_fen))",
        name="grades",
    ),
    sa.CheckConstraint("third_party IN ('deducted', 'excluded')", name="third_party"),
)

terms_approval = sa.Table(
    "terms_approval",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("terms_id", sa.Uuid, nullable=False),
    sa.Column("drafted_by", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
    # One word on a version, once.
    sa.PrimaryKeyConstraint("book", "terms_id"),
    sa.ForeignKeyConstraint(["book", "terms_id", "drafted_by"], ["terms.book", "terms.id", "terms.created_by"]),
    sa.CheckConstraint("decided_by <> drafted_by", name="two_people"),
    sa.CheckConstraint("outcome IN ('approved', 'refused')", name="outcome"),
    sa.CheckConstraint("outcome = 'approved' OR reason IS NOT NULL", name="reason"),
)
