"""The journal as JSON Lines: one entry a line with everything it holds.

The exact format; the others are for reading and for other programs.
"""

from dataclasses import fields

import orjson

from ledger.audit.entries import ExportedEntry, ExportedPosting, ExportHeader

MEDIA_TYPE = "application/jsonl"

_ENTRY_FIELDS = tuple(field.name for field in fields(ExportedEntry) if field.name != "postings")
_POSTING_FIELDS = tuple(field.name for field in fields(ExportedPosting))


def header(_: ExportHeader) -> str:
    """Return nothing: in JSON Lines every line is an entry."""
    return ""


def entry(exported: ExportedEntry) -> str:
    """Return one line.

    Amounts are integers of fen, ``posted_at`` is RFC 3339 in UTC; a red posting keeps its positive amount and says
    ``red``. As in every answer, no budget year, source, purpose or open item are null.
    """
    line: dict[str, object] = {name: getattr(exported, name) for name in _ENTRY_FIELDS}
    line["postings"] = [_posting(posting) for posting in exported.postings]
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z).decode()


def _posting(posting: ExportedPosting) -> dict[str, object]:
    shown: dict[str, object] = {name: getattr(posting, name) for name in _POSTING_FIELDS}
    shown["budget_year"] = posting.budget_year or None
    shown["source"] = posting.source or None
    shown["purpose_code"] = posting.purpose_code or None
    return shown
