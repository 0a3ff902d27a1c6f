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
    sa.Column("relation", sa.Text, nullable=False),
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
    sa.Index(None, "book", "phone_index"),
    sa.Index(None, "book", "name_index"),
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
