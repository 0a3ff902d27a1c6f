"""The journal as JSON Lines: one entry a line with everything it holds.

The exact format; the others are for reading and for other programs.
"""

from dataclasses import asdict

import orjson

from ledger.audit.entries import ExportedEntry, ExportHeader

MEDIA_TYPE = "application/jsonl"


def header(_: ExportHeader) -> str:
    """JSON Lines has no header: every line is an entry."""
    return ""


def entry(exported: ExportedEntry) -> str:
    """Return one line.

    Amounts are integers of fen, ``posted_at`` is RFC 3339 in UTC; a red posting keeps its positive amount and says ``red``.
    """
    fields = asdict(exported)
    fields["metadata"] = dict(exported.metadata)
    for posting in fields["postings"]:
        # As every answer shows postings: no budget year and no source are null.
        posting["budget_year"] = posting["budget_year"] or None
        posting["source"] = posting["source"] or None
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z).decode()
