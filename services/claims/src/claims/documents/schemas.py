"""Wire types of documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from claims.documents import examples
from claims.documents.rules import State
from common.text import PlainText
from common.web import example
from common.wire import Wire


class KindOut(Wire):
    """A kind of document 材料种类."""

    code: str
    name_zh: str
    name_en: str
    source: str
    """`pub`: a published scheme asks for it; `assumed`: our own default."""


class KindsOut(Wire):
    """The kinds a document may be of."""

    items: Sequence[KindOut]

    model_config = example({"items": [{"code": "invoice", "name_zh": "发票", "name_en": "Invoice", "source": "pub"}]})


class DocumentStored(Wire):
    """A document as its handing-in or withdrawal is answered: nothing of who it is about."""

    id: UUID
    claim_id: UUID
    kind: str
    kind_zh: str
    kind_en: str
    media_type: str
    """What it is by its content: `application/pdf`, `image/jpeg`, `image/png`."""
    size_bytes: int
    sha256: str
    """SHA-256 of the content as it was handed in, hexadecimal."""
    state: State
    """`kept`; `withdrawn`: counts no more and is not given out; `erased`: its content is gone for good."""
    by_person: str
    at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    erased_at: datetime | None

    model_config = example(examples.STORED)


class DocumentOut(DocumentStored):
    """A document in the list of a claim."""

    file_name: str | None
    """What the sender called it, masked to its first character and its end."""
    withdrawal_reason: str | None
    other_claims_with_same_content: int
    """How many other claims of the book have a file equal byte for byte: a paper used twice wants a look."""

    model_config = example(examples.LISTED)


class WithdrawalIn(Wire):
    """Why a document counts no more 撤回材料."""

    reason: PlainText

    model_config = example({"reason": "上传错误，已重新提交"})


class VerificationOut(Wire):
    """Whether the stored content is still what was handed in 校验."""

    id: UUID
    equal: bool
    fault: Literal["missing", "changed"] | None
    """Why not: the store has nothing, or what it has does not open or is another content."""
    sha256: str
    computed_sha256: str | None
    """Computed just now from the stored content; None where it does not open."""
    size_bytes: int

    model_config = example(examples.VERIFICATION)
