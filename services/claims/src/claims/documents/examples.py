"""Examples of the documents room for the API document. The people do not exist."""

from __future__ import annotations

from claims.claims.examples import CLAIM_ID

DOCUMENT_ID = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a201"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

STORED: dict[str, object] = {
    "id": DOCUMENT_ID,
    "claim_id": CLAIM_ID,
    "kind": "invoice",
    "kind_zh": "发票",
    "kind_en": "Invoice",
    "media_type": "application/pdf",
    "size_bytes": 184_320,
    "sha256": SHA256,
    "state": "kept",
    "by_person": "intake-1",
    "at": "2021-06-10T02:00:00Z",
    "withdrawn_by": None,
    "withdrawn_at": None,
    "erased_at": None,
}
LISTED: dict[str, object] = {
    **STORED,
    "file_name": "发***.pdf",
    "withdrawal_reason": None,
    "other_claims_with_same_content": 0,
}
VERIFICATION: dict[str, object] = {
    "id": DOCUMENT_ID,
    "equal": True,
    "fault": None,
    "sha256": SHA256,
    "computed_sha256": SHA256,
    "size_bytes": 184_320,
}
