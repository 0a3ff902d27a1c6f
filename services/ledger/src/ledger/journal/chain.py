"""The hash chain's canonical form, by format version. Pure.

A record's hash is SHA-256 over canonical JSON (``common.canonical``) of its place, the hash before it and its whole content.
docs/adr/0004-chain-format.md describes the form for other readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from common.canonical import canonical, canonical_text, instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ledger.journal.drafts import Json, PostedEntry, PostedLine

__all__ = [
    "FORMAT",
    "GENESIS",
    "SUITE",
    "Link",
    "RecordKind",
    "canonical",
    "canonical_text",
    "content_bytes",
    "content_hash",
    "entry_bytes",
    "entry_content",
    "entry_hash",
    "instant",
]

FORMAT = 1
SUITE = "sha256"
GENESIS = bytes(32)
"""The hash before the first record."""

RecordKind: TypeAlias = str
"""What a record tells of: ``entry``; or, with content of its own, ``book``, ``fund``, ``chart``, ``period``, ``proposal`` …"""


@dataclass(frozen=True, slots=True)
class Link:
    """A record's place in the chain: its book, its position (from 1) and the hash before it."""

    book: str
    position: int
    prev_hash: bytes


def entry_bytes(link: Link, entry: PostedEntry) -> bytes:
    """Return what the hash of an entry's record covers: every column of the entry and of its postings."""
    return canonical(_record(link, "entry", entry_content(entry)))


def entry_hash(link: Link, entry: PostedEntry) -> bytes:
    """Return the hash of an entry's record. The entry's own ``position`` and ``hash`` are not read."""
    return sha256(entry_bytes(link, entry)).digest()


def content_bytes(link: Link, kind: RecordKind, content: Mapping[str, Json]) -> bytes:
    """Return what the hash of any other record covers."""
    return canonical(_record(link, kind, dict(content)))


def content_hash(link: Link, kind: RecordKind, content: Mapping[str, Json]) -> bytes:
    """Return the hash of a record that carries its content itself."""
    return sha256(content_bytes(link, kind, content)).digest()


def _record(link: Link, kind: RecordKind, content: dict[str, Json]) -> dict[str, Json]:
    return {
        "format": FORMAT,
        "book": link.book,
        "position": link.position,
        "kind": kind,
        "prev_hash": link.prev_hash.hex(),
        kind if kind == "entry" else "content": content,
    }


def entry_content(entry: PostedEntry) -> dict[str, Json]:
    """Return an entry as the chain sees it."""
    return {
        "seq": entry.seq,
        "id": str(entry.id),
        "kind": entry.kind,
        "fiscal_year": entry.fiscal_year,
        "period": entry.period,
        "voucher_type": entry.voucher_type,
        "voucher_number": entry.voucher_number,
        "effective_on": entry.effective_on.isoformat(),
        "posted_at": instant(entry.posted_at),
        "description": entry.description,
        "reference": entry.reference,
        "metadata": dict(entry.metadata),
        "payee_ref": entry.payee_ref,
        "non_budget": entry.non_budget,
        "non_budget_reason": entry.non_budget_reason,
        "red": entry.red,
        "undoes": None if entry.undoes is None else str(entry.undoes),
        "prepared_by": entry.prepared_by,
        "reviewed_by": entry.reviewed_by,
        "posted_by": entry.posted_by,
        "attachment_count": entry.attachment_count,
        "attachment_hashes": list(entry.attachment_hashes),
        "postings": [_line_content(line) for line in entry.postings],
    }


def _line_content(line: PostedLine) -> dict[str, Json]:
    content: dict[str, Json] = {
        "line": line.line,
        "fund": line.fund,
        "account": line.account,
        "side": line.side,
        "amount_fen": line.amount_fen,
        "red": line.red,
        "budget_year": line.budget_year,
        "source": line.source,
        "encumbrance": None if line.encumbrance is None else str(line.encumbrance),
        "memo": line.memo,
    }
    # Absent where there is none, as on every line booked before they existed: one line has one form.
    if line.purpose_code:
        content["purpose_code"] = line.purpose_code
    if line.item is not None:
        content["item"] = str(line.item)
    return content
