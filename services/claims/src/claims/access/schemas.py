"""Wire types of the access room: the log, disclosures, erasures, key rotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from claims.access.rules import Action
from common.text import PlainText
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


class DisclosureIn(Wire):
    """Which values must be seen in the clear, and why."""

    model_config = example({"fields": ["bank_account"], "reason": "银行退票，电话核对账号"})

    fields: Annotated[list[Literal["id_number", "phone", "bank_account"]], Field(min_length=1, max_length=3)]
    """Which fields 字段."""
    reason: PlainText
    """Why; kept in the access log 事由."""


class MemberDisclosed(Wire):
    """A member with the values asked for in the clear."""

    id: UUID
    name: str
    id_number: str | None
    """null unless asked for."""
    phone: str | None
    """null unless asked for, or if there is none."""


class HouseholdDisclosed(Wire):
    """A household with the values asked for in the clear; who asked and why is recorded. Never kept for replay."""

    model_config = example(
        {
            "household_id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a001",
            "bank_account": "9999990000000000001",
            "members": [
                {
                    "id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a011",
                    "name": "钱示例",
                    "id_number": None,
                    "phone": None,
                }
            ],
        }
    )

    household_id: UUID
    bank_account: str | None
    """null unless asked for, or if there is none."""
    members: Sequence[MemberDisclosed]


class ReasonIn(Wire):
    """Why values must be seen in the clear."""

    model_config = example({"reason": "与医院核对发票"})

    reason: PlainText


class ClaimDisclosed(Wire):
    """The document numbers of a claim in the clear; who asked and why is recorded. Never kept for replay."""

    model_config = example({"claim_id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a201", "document_numbers": ["FP-2021-0001"]})

    claim_id: UUID
    document_numbers: Sequence[str]


LegalBasis = Literal["request", "purpose_ended", "consent_withdrawn", "order", "retention_ended"]


class ErasureIn(Wire):
    """Why somebody is erased 抹除个人信息."""

    model_config = example({"legal_basis": "request", "reason": "本人书面申请"})

    legal_basis: LegalBasis
    """Grounds (PIPL art. 47) 法律依据: `request` (the person's), `purpose_ended`, `consent_withdrawn`, `order`, `retention_ended`."""
    reason: PlainText
    """In the office's own words; kept in the access log 事由."""


class ErasedOut(Wire):
    """That a household or a member was erased. It says nothing about the person 已抹除."""

    model_config = example(
        {
            "id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a901",
            "household_id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a001",
            "member_id": None,
            "legal_basis": "request",
            "erased_by": "county-1",
            "erased_at": "2027-01-04T01:00:00.000000Z",
        }
    )

    id: UUID
    household_id: UUID
    member_id: UUID | None
    legal_basis: LegalBasis
    erased_by: str
    erased_at: datetime


class ColumnRotation(Wire):
    """One sealed column of the book."""

    table: str
    column: str
    sealed: int
    """How many ciphertexts it holds."""
    remaining: int
    """How many of them still lie under another key than the current one."""


class KeyRotationOut(Wire):
    """How far the change to the current key has come 密钥轮换进度."""

    model_config = example(
        {
            "key": "k2",
            "algorithm": "aes-256-gcm",
            "sealed": 5000,
            "remaining": 0,
            "columns": [{"table": "member", "column": "name_cipher", "sealed": 5000, "remaining": 0}],
        }
    )

    key: str
    """The id of the key that seals now; never the key."""
    algorithm: Literal["aes-256-gcm", "sm4-gcm"]
    sealed: int
    remaining: int
    """0: old keys may leave the ring, once every book says so."""
    columns: Sequence[ColumnRotation]
