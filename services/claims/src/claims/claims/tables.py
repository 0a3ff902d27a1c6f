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
    "status IN ('reported', 'under_review', 'on_hold', 'sent_back', 'approved', 'awaiting_funds', 'encumbered', "
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
    sa.Column("path", sa.Text, nullable=False),
    # The step the claim waits for; while it is sent back or on hold, the one it goes on with.
    sa.Column("next_step", sa.Text),
    sa.Column("waiting_for", sa.Text),
    sa.Column("waiting_since", sa.Date),
    sa.Column("due_on", sa.Date),
    # On hold: how many days of the deadline are left.
    sa.Column("days_left", sa.SmallInteger),
    # Fixed by chance at the filing (0 to 9,999): decides with the programme's share whether the county looks twice.
    sa.Column("sample_draw", sa.SmallInteger, nullable=False),
    sa.Column("appeal_of", sa.Uuid),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint("book", "number"),
    sa.UniqueConstraint("book", "appeal_of"),
    sa.UniqueConstraint("book", "year", "serial"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.ForeignKeyConstraint(["book", "claimant_member_id"], ["member.book", "member.id"]),
    sa.ForeignKeyConstraint(["book", "policy_id"], ["policy.book", "policy.id"]),
    sa.ForeignKeyConstraint(["book", "policy_id", "path"], ["policy.book", "policy.id", "policy.path"]),
    sa.ForeignKeyConstraint(["book", "appeal_of"], ["claim.book", "claim.id"]),
    sa.CheckConstraint("sample_draw BETWEEN 0 AND 10000", name="draw"),
    sa.CheckConstraint("waiting_for IS NOT NULL OR due_on IS NULL", name="waiting"),
    sa.CheckConstraint(CAUSE_CONDITION, name="cause"),
    sa.CheckConstraint(STATUS_CONDITION, name="status"),
    sa.CheckConstraint("outcome IN ('eligible', 'refused', 'needs_review')", name="outcome"),
    sa.CheckConstraint("event_on <= reported_on", name="dates"),
    sa.CheckConstraint("serial >= 1 AND benefit_fen >= 0", name="amounts"),
    sa.CheckConstraint("recovered_fen BETWEEN 0 AND benefit_fen", name="recovered"),
    # Money is only ever asked for on an eligible decision, for more than nothing, after a town check and an approval.
    sa.CheckConstraint(
        "status NOT IN ('approved', 'awaiting_funds', 'encumbered', 'in_batch', 'paid', 'payment_returned', "
        "'closed') OR (outcome = 'eligible' AND benefit_fen > 0 AND checked_by IS NOT NULL AND approved_by IS NOT NULL "
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
sa.Index(
    "ix_claim_book_due_on_id",
    claim.c.book,
    claim.c.due_on,
    claim.c.id,
    postgresql_where=claim.c.waiting_for.is_not(None),
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
    sa.CheckConstraint("occasion IN ('intake', 'completion', 'survey', 'approval')", name="occasion"),
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
    sa.Column("reason_code", sa.Text),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("book", "claim_id", "position"),
    sa.ForeignKeyConstraint(["book", "claim_id"], ["claim.book", "claim.id"]),
    sa.CheckConstraint("position >= 1", name="position_positive"),
    sa.CheckConstraint("(position = 1) = (event = 'filed') AND (position = 1) = (status_before IS NULL)", name="first"),
    sa.CheckConstraint("(step IS NULL) = (step_outcome IS NULL)", name="step"),
    sa.CheckConstraint("reason_code IS NULL OR step_outcome = 'refused'", name="reason"),
    # People take steps, the money side causes events; a step fulfils its own duty and no other.
    sa.CheckConstraint(
        "(step IS NULL) = (event IN ('filed', 'encumbered', 'awaiting_funds', 'in_batch', 'paid', 'payment_returned', "
        "'reservation_lost'))",
        name="whose",
    ),
    sa.CheckConstraint(
        "duty IS NOT DISTINCT FROM CASE WHEN event = 'filed' OR step = 'completion' THEN 'filing' "
        "WHEN step = 'public_notice' THEN 'village_review' WHEN step = 'follow_up' THEN 'home_visit' "
        "WHEN step = 'funding_retry' THEN 'county_approval' "
        "WHEN step NOT IN ('withdrawal', 'hold', 'resumption') THEN step END",
        name="duty",
    ),
)

claim_finding = sa.Table(
    "claim_finding",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    # The event of the comparison that found it.
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "claim_id", "position", "code"),
    sa.ForeignKeyConstraint(
        ["book", "claim_id", "position"], ["claim_event.book", "claim_event.claim_id", "claim_event.position"]
    ),
    sa.CheckConstraint("code IN ('commercial_flat', 'vehicle', 'company', 'fiscal_member')", name="code"),
)

claim_notice = sa.Table(
    "claim_notice",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("published_on", sa.Date, nullable=False),
    sa.Column("days", sa.SmallInteger, nullable=False),
    sa.Column("benefit_fen", sa.BigInteger, nullable=False),
    sa.Column("decision_version", sa.SmallInteger, nullable=False),
    # After which event of the claim it was put up.
    sa.Column("event_position", sa.SmallInteger, nullable=False),
    # The very words on the board: proven free of personal data and of health, so they may stand in clear.
    sa.Column("text_zh", sa.Text, nullable=False),
    sa.Column("text_en", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "claim_id", "version"),
    sa.ForeignKeyConstraint(["book", "claim_id"], ["claim.book", "claim.id"]),
    sa.ForeignKeyConstraint(
        ["book", "claim_id", "decision_version"],
        ["claim_decision.book", "claim_decision.claim_id", "claim_decision.version"],
    ),
    sa.CheckConstraint("version >= 1 AND days >= 5 AND benefit_fen > 0", name="figures"),
)

claim_objection = sa.Table(
    "claim_objection",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("notice_version", sa.SmallInteger, nullable=False),
    sa.Column("raised_on", sa.Date, nullable=False),
    sa.Column("reason_cipher", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "claim_id", "position"),
    sa.ForeignKeyConstraint(
        ["book", "claim_id", "notice_version"], ["claim_notice.book", "claim_notice.claim_id", "claim_notice.version"]
    ),
)

claim_objection_ruling = sa.Table(
    "claim_objection_ruling",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("resolved_on", sa.Date, nullable=False),
    sa.Column("reason_cipher", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "claim_id", "position"),
    sa.ForeignKeyConstraint(
        ["book", "claim_id", "position"],
        ["claim_objection.book", "claim_objection.claim_id", "claim_objection.position"],
    ),
    sa.CheckConstraint("outcome IN ('upheld', 'dismissed')", name="outcome"),
)
