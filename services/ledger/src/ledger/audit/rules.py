"""What it takes for a record of the chain to be sound. Pure: the records and entries are handed in as they are stored.

The canonical form and the hash are ``journal/chain.py``'s, the very functions that wrote the chain.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from ledger.journal.chain import FORMAT, Link, canonical, content_hash, entry_hash
from ledger.journal.drafts import Json, PostedEntry

CONTENT_KINDS = ("book", "fund", "period")


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One row of the chain as it stands in the database, trusted in nothing."""

    position: int
    kind: str
    seq: int | None
    format: int
    content: str | None
    prev_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it stands in the database, with the number of lines it says it has."""

    entry: PostedEntry
    lines: int


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a book's chain: how many records, how many entries, and the last record's hash."""

    position: int
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an auditor noted earlier: the chain reached this position, and the record there had this hash (if noted)."""

    position: int
    hash: bytes | None


@dataclass(slots=True)
class Walk:
    """How far a verification has come: the place and hash the next record must follow, and what was found."""

    book: str
    next_position: int
    last_hash: bytes
    last_seq: int
    records: int = 0
    broken_position: int | None = None

    def take(
        self,
        records: Iterable[StoredRecord],
        entries: Mapping[int, StoredEntry],
        expected: Expectation | None,
    ) -> None:
        """Verify records in the order of their positions, until one is not what it must be."""
        for record in records:
            if not self._sound(record, entries) or _disappoints(record, expected):
                # A gap is broken where the first missing record should stand.
                self.broken_position = self.next_position
                return
            self.records += 1
            self.next_position = record.position + 1
            self.last_hash = record.hash
            self.last_seq = record.seq if record.seq is not None else self.last_seq

    def _sound(self, record: StoredRecord, entries: Mapping[int, StoredEntry]) -> bool:
        if record.position != self.next_position or record.prev_hash != self.last_hash or record.format != FORMAT:
            return False
        link = Link(self.book, record.position, record.prev_hash)
        if record.kind == "entry":
            stored = entries.get(record.seq) if record.seq == self.last_seq + 1 and record.content is None else None
            return stored is not None and _entry_matches(link, stored, record.hash)
        return record.seq is None and _content_matches(link, record)


def _disappoints(record: StoredRecord, expected: Expectation | None) -> bool:
    return (
        expected is not None
        and expected.position == record.position
        and expected.hash is not None
        and expected.hash != record.hash
    )


def _entry_matches(link: Link, stored: StoredEntry, recorded: bytes) -> bool:
    if stored.lines != len(stored.entry.postings):
        return False
    try:
        return entry_hash(link, stored.entry) == recorded
    except (TypeError, ValueError):  # a value no writer of ours could have hashed
        return False


def _content_matches(link: Link, record: StoredRecord) -> bool:
    if record.kind == "entry" or record.content is None:
        return False
    content = read_content(record.content)
    return content is not None and content_hash(link, record.kind, content) == record.hash


def read_content(text: str) -> dict[str, Json] | None:
    """Return a record's content, or nothing unless the text is the canonical form of an object: every byte counts."""
    try:
        content = orjson.loads(text)
        sound = isinstance(content, dict) and canonical(content) == text.encode()
    except (TypeError, ValueError):
        return None
    return content if sound else None


def broken_end(walk: Walk, head: Head | None, last_position: int, expected: Expectation | None) -> int | None:
    """Return where the end of the chain is broken, or nothing.

    The head the database keeps must be the last record, and the chain must reach the position the auditor expects.
    """
    if head is None or head.position != last_position:
        return min(last_position, head.position if head else 0) + 1
    if walk.next_position == last_position + 1 and (head.hash != walk.last_hash or head.seq != walk.last_seq):
        return last_position
    if expected is not None and expected.position > last_position:
        return last_position + 1
    return None
