"""Tables of the documents room.

`document` is what was handed in: it stays for good. Its name, its key and the reason of a withdrawal lie sealed. `document_unsettled` names
contents that lie in the store without a document: an upload on its way, or a content to be removed. It is the store's to-do list, so
that nothing has to be found by listing the store.
"""

from __future__ import annotations

import sqlalchemy as sa

from claims.metadata import metadata

document = sa.Table(
    "document",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    # Of the plain content: the chain of custody.
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    # What the store calls the sealed content.
    sa.Column("content_name", sa.Text, nullable=False),
    sa.Column("file_name_cipher", sa.LargeBinary),
    # The content's own key; without it the content opens to nobody.
    sa.Column("key_cipher", sa.LargeBinary),
    sa.Column("by_person", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("withdrawn_by", sa.Text),
    sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
    sa.Column("withdrawal_reason_cipher", sa.LargeBinary),
    sa.Column("erased_at", sa.DateTime(timezone=True)),
    sa.PrimaryKeyConstraint("book", "id"),
    sa.UniqueConstraint("book", "content_name"),
    sa.ForeignKeyConstraint(["book", "claim_id"], ["claim.book", "claim.id"]),
    sa.CheckConstraint("octet_length(sha256) = 32 AND size_bytes > 0", name="content"),
    sa.CheckConstraint("media_type IN ('application/pdf', 'image/jpeg', 'image/png')", name="media_type"),
    sa.CheckConstraint("(withdrawn_by IS NULL) = (withdrawn_at IS NULL)", name="withdrawn"),
    sa.CheckConstraint("withdrawal_reason_cipher IS NULL OR withdrawn_at IS NOT NULL", name="withdrawal_reason"),
    # Erased means: nothing opens any more.
    sa.CheckConstraint(
        "(erased_at IS NULL) = (key_cipher IS NOT NULL) AND (erased_at IS NULL OR (file_name_cipher IS NULL "
        "AND withdrawal_reason_cipher IS NULL))",
        name="erased",
    ),
    sa.Index(None, "book", "claim_id", "id"),
    sa.Index(None, "book", "sha256"),
)
# The same content twice on a claim is one document.
sa.Index(
    "uq_document_content_once",
    document.c.book,
    document.c.claim_id,
    document.c.sha256,
    unique=True,
    postgresql_where=sa.text("withdrawn_at IS NULL"),
)

document_unsettled = sa.Table(
    "document_unsettled",
    metadata,
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("content_name", sa.Text, nullable=False),
    sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
    # Decided to be removed: no document may be recorded with it any more.
    sa.Column("doomed", sa.Boolean, nullable=False),
    sa.PrimaryKeyConstraint("book", "content_name"),
    sa.Index(None, "due_at"),
)
