"""The access log's records: what they say, how they are hashed, how a chain of them is verified. Pure.

A record's hash is SHA-256 over canonical JSON (`common.canonical`) of its place in the book's log, the hash before it and all it says.
docs/adr/0019-personal-data-in-full.md describes the form for other readers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from common.canonical import CanonicalJson, canonical, instant

FORMAT = 1
GENESIS = bytes(32)
"""The hash before a book's first record."""

Detail = Mapping[str, str | int]


class Action(StrEnum):
    """What somebody did with personal data."""

    UNMASK = "unmask"
    """Saw it in the clear 明文查看."""
    DOWNLOAD = "download"
    """Took a stored file 下载."""
    EXPORT = "export"
    """Took a file made of many records 导出."""
    ERASURE = "erasure"
    """Destroyed it 抹除."""


@dataclass(frozen=True, slots=True)
class Access:
    """What happened: who did what with which thing, and why."""

    person: str
    action: Action
    subject: str
    subject_id: UUID | None
    reason: str | None
    detail: Detail


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a book's log, as it is stored; trusted in nothing while it is verified."""

    book: str
    position: int
    at: datetime
    person: str
    action: str
    subject: str
    subject_id: UUID | None
    reason: str | None
    detail: Detail
    prev_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a book's log ends: how many records, and the last one's hash."""

    position: int
    hash: bytes


EMPTY = Head(0, GENESIS)


def next_record(book: str, head: Head, at: datetime, access: Access) -> Record:
    """The record that follows the head."""
    said = (access.person, access.action.value, access.subject, access.subject_id, access.reason, dict(access.detail))
    draft = Record(book, head.position + 1, at, *said, head.hash, b"")
    return Record(book, head.position + 1, at, *said, head.hash, record_hash(draft))


def record_hash(record: Record) -> bytes:
    """What a record's hash must be. The record's own `hash` is not read."""
    said: CanonicalJson = {
        "format": FORMAT,
        "book": record.book,
        "position": record.position,
        "prev_hash": record.prev_hash.hex(),
        "at": instant(record.at),
        "person": record.person,
        "action": record.action,
        "subject": record.subject,
        "subject_id": None if record.subject_id is None else str(record.subject_id),
        "reason": record.reason,
        "detail": dict(record.detail),
    }
    return sha256(canonical(said)).digest()


@dataclass(slots=True)
class Walk:
    """A verification under way: the place and hash the next record must follow, and the first position that is not what it must be."""

    position: int = 0
    hash: bytes = GENESIS
    broken_position: int | None = None

    def take(self, records: Iterable[Record]) -> None:
        """Verify records in the order of their positions, until one is not what it must be."""
        for record in records:
            if record.position != self.position + 1 or record.prev_hash != self.hash or not _sound(record):
                self.broken_position = self.position + 1
                return
            self.position, self.hash = record.position, record.hash

    def end(self, head: Head) -> None:
        """Hold what was walked against the head: a cut-off tail leaves the head beyond the last record."""
        if self.broken_position is None and (self.position, self.hash) != (head.position, head.hash):
            self.broken_position = min(self.position, head.position) + 1


def _sound(record: Record) -> bool:
    try:
        return record_hash(record) == record.hash
    except (TypeError, ValueError):  # a value no writer of ours could have hashed
        return False
