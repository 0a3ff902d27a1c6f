"""Tables of the claims room.

What was lost, what others paid, notes, decisions and their inputs speak of people's health and lie encrypted
(`*_cipher`); document numbers are kept only as a keyed blind index beside it. The cause, dates, sums granted and
the status are clear, because lists and reports need them (docs/adr/0009-decisions-as-pure-functions.md).
`claim_details`, `claim_document`, `claim_decision` and `claim_event` are insert-only; of a claim itself only its
standing may be moved.
"""

from __future__ import annotations

import sqlalchemy as sa

from claims.metadata import metadata
from claims.policies.tables import CAUSE_CONDITION

STATUS_CONDITION = (
    "status IN ('reported', 'under_review', 'sent_back', 'approved', 'awaiting_funds', 'encumbered', "
    "'in_batch', 'paid', 'payment_returned', 'refused', 'withdrawn', 'closed')"
)

claim_counter = sa.Table(
    "claim_counter",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("year", sa.SmallInteger, nullable=False),
    sa.Column("last_serial", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("book", "year"),
)

claim = sa.Table(
    "claim",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    # The policy's year; serial has no gaps within (book, year).
    sa.Column("year", sa.SmallInteger, nullable=False),
    sa.Column("serial", sa.Integer, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("claimant_member_id", sa.Uuid, nullable=False),
    # The person behind the member, whichever household registers them: caps of a person are counted over it.
    sa.Column("claimant_index", sa.LargeBinary, nullable=False),
    sa.Column("policy_id", sa.Uuid, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("event_on", sa.Date, nullable=False),
    sa.Column("reported_on", sa.Date, nullable=False),
    # The household's place when the claim was filed.
    sa.Column("town_code", sa.Text, nullable=False),
    sa.Column("village_code", sa.Text, nullable=False),
    sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("filed_by", sa.Text, nullable=False),
    # The standing, moved only together with a new row in claim_event.
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("event_count", sa.SmallInteger, nullable=False),
    sa.Column("details_version", sa.SmallInteger, nullable=False),
    sa.Column("decision_version", sa.SmallInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("benefit_fen", sa.BigInteger, nullable=False),
    # What of the benefit was paid wrongly and came back (payouts).
    sa.Column("recovered_fen", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("funding_attempt", sa.SmallInteger, nullable=False),
    sa.Column("checked_by", sa.Text),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_on", sa.Date),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint("book", "number"),
    sa.UniqueConstraint("book", "year", "serial"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.ForeignKeyConstraint(["book", "claimant_member_id"], ["member.book", "member.id"]),
    sa.ForeignKeyConstraint(["book", "policy_id"], ["policy.book", "policy.id"]),
    sa.CheckConstraint(CAUSE_CONDITION, name="cause"),
    sa.CheckConstraint(STATUS_CONDITION, name="status"),
    sa.CheckConstraint("outcome IN ('eligible', 'refused', 'needs_review')", name="outcome"),
    sa.CheckConstraint("event_on <= reported_on", name="dates"),
    sa.CheckConstraint("serial >= 1 AND benefit_fen >= 0", name="amounts"),
    sa.CheckConstraint("recovered_fen BETWEEN 0 AND benefit_fen", name="recovered"),
    # Money is only ever asked for on an eligible decision, for more than nothing, after a town check and an approval.
    sa.CheckConstraint(
        "status NOT IN ('approved', 'awaiting_funds', 'encumbered', 'in_batch', 'paid', 'payment_returned') OR "
        "(outcome = 'eligible' AND benefit_fen > 0 AND checked_by IS NOT NULL AND approved_by IS NOT NULL "
        "AND funding_attempt >= 1)",
        name="approved",
    ),
    sa.CheckConstraint("(approved_by IS NULL) = (approved_on IS NULL)", name="approval_dated"),
    # Filing, town check and county approval lie with three different people.
    sa.CheckConstraint(
        "checked_by <> filed_by AND approved_by <> filed_by AND approved_by <> checked_by", name="three_people"
    ),
    sa.Index(None, "book", "status", "id"),
    sa.Index(None, "book", "town_code", "id"),
    sa.Index(None, "book", "household_id", "policy_id", "cause"),
    sa.Index(None, "book", "claimant_index", "policy_id", "cause"),
)

claim_details = sa.Table(
    "claim_details",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("details_cipher", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "claim_id", "version"),
    sa.ForeignKeyConstraint(["book", "claim_id"], ["claim.book", "claim.id"]),
)

claim_document = sa.Table(
    "claim_document",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("details_version", sa.SmallInteger, nullable=False),
    sa.Column("document_index", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("book", "claim_id", "details_version", "document_index"),
    sa.ForeignKeyConstraint(
        ["book", "claim_id", "details_version"],
        ["claim_details.book", "claim_details.claim_id", "claim_details.version"],
    ),
    sa.Index(None, "book", "document_index"),
)

claim_decision = sa.Table(
    "claim_decision",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("occasion", sa.Text, nullable=False),
    sa.Column("details_version", sa.SmallInteger, nullable=False),
    sa.Column("rule_version", sa.SmallInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("benefit_fen", sa.BigInteger, nullable=False),
    sa.Column("terms_id", sa.Uuid),
    sa.Column("terms_version", sa.SmallInteger),
    sa.Column("inputs_cipher", sa.LargeBinary, nullable=False),
    sa.Column("content_cipher", sa.LargeBinary, nullable=False),
    sa.Column("final", sa.Boolean, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "claim_id", "version"),
    sa.ForeignKeyConstraint(
        ["book", "claim_id", "details_version"],
        ["claim_details.book", "claim_details.claim_id", "claim_details.version"],
    ),
    sa.ForeignKeyConstraint(["book", "terms_id"], ["terms.book", "terms.id"]),
    sa.CheckConstraint("occasion IN ('intake', 'completion', 'approval')", name="occasion"),
    sa.CheckConstraint("outcome IN ('eligible', 'refused', 'needs_review')", name="outcome"),
    sa.CheckConstraint("benefit_fen >= 0 AND (outcome = 'refused') = (benefit_fen = 0)", name="benefit"),
    sa.CheckConstraint("(terms_id IS NULL) = (terms_version IS NULL)", name="terms"),
    sa.CheckConstraint("final = (occasion = 'approval')", name="final"),
)
# A claim is approved once: there is one final decision at most.
sa.Index(
    "uq_claim_decision_final",
    claim_decision.c.book,
    claim_decision.c.claim_id,
    unique=True,
    postgresql_where=claim_decision.c.final,
)

claim_event = sa.Table(
    "claim_event",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    # 'filed' or an event of claims.claims.rules; the step and its outcome where a person took one.
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("step", sa.Text),
    sa.Column("step_outcome", sa.Text),
    sa.Column("duty", sa.Text),
    sa.Column("status_before", sa.Text),
    sa.Column("status_after", sa.Text, nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.Column("done_on", sa.Date, nullable=False),
    sa.Column("note_cipher", sa.LargeBinary),
    # What another record calls this, e.g. a batch number or the ledger's refusal code; never a person.
    sa.Column("reference", sa.Text),
    sa.Column("decision_version", sa.SmallInteger),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("book", "claim_id", "position"),
    sa.ForeignKeyConstraint(["book", "claim_id"], ["claim.book", "claim.id"]),
    sa.CheckConstraint("position >= 1", name="position_positive"),
    sa.CheckConstraint("(position = 1) = (event = 'filed') AND (position = 1) = (status_before IS NULL)", name="first"),
    sa.CheckConstraint("(step IS NULL) = (step_outcome IS NULL)", name="step"),
)
