"""Wire types of the access log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from claims.access.rules import Action
from common.web import example
from common.wire import Wire

_RECORD: dict[str, object] = {
    "position": 12,
    "at": "2026-03-18T02:10:44.120331Z",
    "person": "payer-1",
    "action": "export",
    "subject": "bank_file",
    "subject_id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a301",
    "reason": None,
    "detail": {"template": "utf8", "rows": 70},
    "hash": "5e" * 32,
}


class AccessRecordOut(Wire):
    """One access to personal data 访问记录."""

    model_config = example(_RECORD)

    position: int
    """Its place in the book's log, from 1 without gaps 序号."""
    at: datetime
    person: str
    """Who did it: the token's subject 操作人."""
    action: Action
    subject: str
    """What it was done with, e.g. `household`, `document`, `bank_file` 对象."""
    subject_id: UUID | None
    reason: str | None
    """Why, in the person's own words 事由."""
    detail: Mapping[str, str | int]
    """Which fields, which file, how many rows; never a personal value 明细."""
    hash: str
    """SHA-256 over this record and the hash before it."""


class AccessVerificationOut(Wire):
    """Whether the log's chain is whole 访问记录链校验."""

    model_config = example({"verified": True, "records": 12, "hash": "5e" * 32, "first_broken_position": None})

    verified: bool
    records: int
    """How many records the log says it has."""
    hash: str
    """The last record's hash: note it down, and a rewritten log is found against it."""
    first_broken_position: int | None
    """The first record that is changed, missing or too many; null if all are as they were written."""
