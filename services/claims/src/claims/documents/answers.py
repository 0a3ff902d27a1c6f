"""Documents as they are answered."""

from __future__ import annotations

from claims.documents.reference import kind
from claims.documents.rules import masked_file_name
from claims.documents.schemas import DocumentOut, DocumentStored
from claims.documents.sealing import DocumentSeal
from claims.documents.store import DocumentRow


def document_stored(row: DocumentRow) -> DocumentStored:
    """A document without anything sealed: this answer is kept for replay."""
    named = kind(row.kind)
    return DocumentStored(
        id=row.id,
        claim_id=row.claim_id,
        kind=row.kind,
        kind_zh=named.name_zh,
        kind_en=named.name_en,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        sha256=row.sha256.hex(),
        state=row.state,
        by_person=row.by_person,
        at=row.at,
        withdrawn_by=row.withdrawn_by,
        withdrawn_at=row.withdrawn_at,
        erased_at=row.erased_at,
    )


def document_out(seal: DocumentSeal, row: DocumentRow, elsewhere: int) -> DocumentOut:
    """A document in a list, its file name masked."""
    name = seal.open_name(row.id, row.file_name_cipher)
    return DocumentOut(
        **dict(document_stored(row)),
        file_name=None if name is None else masked_file_name(name),
        withdrawal_reason=seal.open_reason(row.id, row.withdrawal_reason_cipher),
        other_claims_with_same_content=elsewhere,
    )
