"""Tables of the households room.

Name, ID number, phone, bank account and the cadre's name are stored encrypted (`*_cipher`), with a keyed blind index (`*_index`) where
an exact search needs one. Nothing else here names a person; the birth date lies inside the ID number and nowhere else
(docs/adr/0008-personal-data-at-rest.md). `household_event` is insert-only.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from claims.metadata import metadata

household = sa.Table(
    "household",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("town_code", sa.Text, nullable=False),
    sa.Column("village_code", sa.Text, nullable=False),
    # Which table of divisions the codes were checked against; both empty when the county has none here.
    sa.Column("division_system", sa.Text),
    sa.Column("division_as_of", sa.Date),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("annual_income_fen", sa.BigInteger, nullable=False),
    sa.Column("income_year", sa.SmallInteger, nullable=False),
    sa.Column("bank_account_cipher", sa.LargeBinary),
    sa.Column("bank_account_index", sa.LargeBinary),
    sa.Column("responsible_cadre_cipher", sa.LargeBinary),
    # The number 户编号 of the list it came from; `content_index` tells whether a later list says the same of it.
    sa.Column("external_number_cipher", sa.LargeBinary),
    sa.Column("external_number_index", sa.LargeBinary),
    sa.Column("content_index", sa.LargeBinary),
    sa.Column("import_job_id", sa.Uuid),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_by", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.CheckConstraint("annual_income_fen >= 0", name="income_not_negative"),
    sa.CheckConstraint("version >= 1", name="version_positive"),
    sa.CheckConstraint("(division_system IS NULL) = (division_as_of IS NULL)", name="division_dated"),
    sa.CheckConstraint("village_code LIKE town_code || '%' AND town_code LIKE book || '%'", name="place_nested"),
    sa.CheckConstraint("(bank_account_cipher IS NULL) = (bank_account_index IS NULL)", name="bank_account_indexed"),
    sa.UniqueConstraint("book", "external_number_index", name="uq_household_book_external_number_index"),
    sa.CheckConstraint(
        "(external_number_cipher IS NULL) = (external_number_index IS NULL)", name="external_number_indexed"
    ),
    sa.Index(None, "book", "bank_account_index", "id"),
    sa.Index(None, "book", "import_job_id", "id"),
    sa.Index(None, "book", "town_code", "village_code", "id"),
    sa.Index(None, "book", "category", "id"),
)

member = sa.Table(
    "member",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("name_cipher", sa.LargeBinary, nullable=False),
    sa.Column("name_index", sa.LargeBinary, nullable=False),
    sa.Column("id_number_cipher", sa.LargeBinary, nullable=False),
    sa.Column("id_number_index", sa.LargeBinary, nullable=False),
    sa.Column("phone_cipher", sa.LargeBinary),
    sa.Column("phone_index", sa.LargeBinary),
    # Name and date of birth together; empty: not computed yet (`index_backfill.py` does).
    sa.Column("name_birth_index", sa.LargeBinary),
    sa.Column("relation", sa.Text, nullable=False),
    # The household's version from which on this row reads as it does; how it read before stands in `member_version`.
    sa.Column("since_version", sa.Integer, nullable=False),
    sa.Column("joined_on", sa.Date),
    # The same person's record in the household they came from.
    sa.Column("moved_from", sa.Uuid),
    # A member who left stays on record: claims and monitored people are counted with them.
    sa.Column("left_on", sa.Date),
    sa.Column("left_reason", sa.Text),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.UniqueConstraint("book", "household_id", "position"),
    sa.CheckConstraint("(left_on IS NULL) = (left_reason IS NULL)", name="left_with_reason"),
    sa.CheckConstraint("(phone_cipher IS NULL) = (phone_index IS NULL)", name="phone_indexed"),
    # Deferred to the commit, so that an edit may exchange two members' roles or numbers in any order.
    pg.ExcludeConstraint(
        ("book", "="),
        ("household_id", "="),
        where=sa.text("relation = 'head' AND left_on IS NULL"),
        using="btree",
        deferrable=True,
        initially="DEFERRED",
        name="ex_member_one_head",
    ),
    pg.ExcludeConstraint(
        ("book", "="),
        ("household_id", "="),
        ("id_number_index", "="),
        where=sa.text("left_on IS NULL"),
        using="btree",
        deferrable=True,
        initially="DEFERRED",
        name="ex_member_one_person_once",
    ),
    sa.Index(None, "book", "id_number_index"),
    sa.Index(None, "book", "phone_index", "id"),
    sa.Index(None, "book", "name_index"),
    sa.Index(None, "book", "name_birth_index", "id"),
    sa.Index("ix_member_name_birth_unknown", "book", "id", postgresql_where=sa.text("name_birth_index IS NULL")),
    sa.ForeignKeyConstraint(["book", "moved_from"], ["member.book", "member.id"]),
)

household_event = sa.Table(
    "household_event",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    # {"field": [before, after]}; personal values are named, never shown ([null, null]).
    sa.Column("changes", pg.JSONB, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "household_id", "version"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.CheckConstraint("kind IN ('created', 'edited', 'monitoring_changed')", name="kind"),
)

# What was before each change, sealed as it was; written by triggers of the two tables above only.
household_version = sa.Table(
    "household_version",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("town_code", sa.Text, nullable=False),
    sa.Column("village_code", sa.Text, nullable=False),
    sa.Column("division_system", sa.Text),
    sa.Column("division_as_of", sa.Date),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("annual_income_fen", sa.BigInteger, nullable=False),
    sa.Column("income_year", sa.SmallInteger, nullable=False),
    sa.Column("bank_account_cipher", sa.LargeBinary),
    sa.Column("responsible_cadre_cipher", sa.LargeBinary),
    sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
    sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "household_id", "version"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
)

member_version = sa.Table(
    "member_version",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("member_id", sa.Uuid, nullable=False),
    sa.Column("since_version", sa.Integer, nullable=False),
    sa.Column("until_version", sa.Integer, nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("relation", sa.Text, nullable=False),
    sa.Column("name_cipher", sa.LargeBinary, nullable=False),
    sa.Column("id_number_cipher", sa.LargeBinary, nullable=False),
    sa.Column("phone_cipher", sa.LargeBinary),
    sa.Column("joined_on", sa.Date),
    sa.Column("left_on", sa.Date),
    sa.Column("left_reason", sa.Text),
    sa.PrimaryKeyConstraint("book", "member_id", "since_version"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.ForeignKeyConstraint(["book", "member_id"], ["member.book", "member.id"]),
    sa.CheckConstraint("since_version < until_version", name="span"),
    sa.Index(None, "book", "household_id", "since_version"),
)

consent = sa.Table(
    "consent",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("member_id", sa.Uuid),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("given_on", sa.Date, nullable=False),
    sa.Column("given_by", sa.Uuid, nullable=False),
    sa.Column("document_reference", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.ForeignKeyConstraint(["book", "member_id"], ["member.book", "member.id"]),
    sa.ForeignKeyConstraint(["book", "given_by"], ["member.book", "member.id"]),
    sa.Index(None, "book", "household_id", "id"),
)

consent_withdrawal = sa.Table(
    "consent_withdrawal",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("consent_id", sa.Uuid, nullable=False),
    sa.Column("withdrawn_on", sa.Date, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "consent_id"),
    sa.ForeignKeyConstraint(["book", "consent_id"], ["consent.book", "consent.id"]),
)

# Two records that share a value, the older one first.
possible_duplicate = sa.Table(
    "possible_duplicate",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("household_id", sa.Uuid, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("other_household_id", sa.Uuid, nullable=False),
    sa.Column("other_subject_id", sa.Uuid, nullable=False),
    sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint(
        "book",
        "kind",
        "subject_id",
        "other_subject_id",
        name="uq_possible_duplicate_book_kind_subject_id_other_subject_id",
    ),
    sa.ForeignKeyConstraint(["book", "household_id"], ["household.book", "household.id"]),
    sa.ForeignKeyConstraint(["book", "other_household_id"], ["household.book", "household.id"]),
    sa.CheckConstraint("kind IN ('id_number', 'bank_account', 'phone', 'name_birth')", name="kind"),
    sa.CheckConstraint("subject_id < other_subject_id AND household_id <> other_household_id", name="older_first"),
    sa.Index(None, "book", "household_id"),
    sa.Index(None, "book", "other_household_id"),
)

duplicate_resolution = sa.Table(
    "duplicate_resolution",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("duplicate_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.SmallInteger, nullable=False),
    sa.Column("resolution", sa.Text, nullable=False),
    sa.Column("note_cipher", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("book", "duplicate_id", "position"),
    sa.ForeignKeyConstraint(
        ["book", "duplicate_id"],
        ["possible_duplicate.book", "possible_duplicate.id"],
        name="fk_duplicate_resolution_book_duplicate_id_possible_duplicate",
    ),
    sa.CheckConstraint("resolution IN ('same_person', 'different')", name="resolution"),
    sa.CheckConstraint("position >= 1", name="position"),
)
