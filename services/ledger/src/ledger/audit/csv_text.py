"""The journal as CSV: one posting a line, the entry's fields repeated.

Made for spreadsheets, so no cell may turn into a formula.
"""

import csv
import io

import orjson

from common.spreadsheets.writing import BYTE_ORDER_MARK, safe_cell
from ledger.audit.entries import ExportedEntry, ExportedPosting, ExportHeader

MEDIA_TYPE = "text/csv; charset=utf-8"
COLUMNS = (
    "book", "seq", "id", "position", "hash", "kind", "fiscal_year", "period", "voucher_type", "voucher_number",
    "effective_on", "posted_at", "description", "reference", "payee_ref", "non_budget", "non_budget_reason", "red",
    "undoes", "prepared_by", "reviewed_by", "posted_by", "attachment_count", "attachment_hashes", "metadata",
    "line", "fund", "account", "basis", "side", "amount_fen", "debit_fen", "credit_fen", "budget_year", "source",
    "encumbrance", "memo", "purpose_code", "item",
)  # fmt: skip


def header(_: ExportHeader) -> str:
    """Return the line of column names, after a byte order mark."""
    return BYTE_ORDER_MARK + ",".join(COLUMNS) + "\r\n"


def entry(exported: ExportedEntry) -> str:
    """Return the entry's postings, one a line. ``debit_fen`` and ``credit_fen`` are turnover: negative if red."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    shared = _entry_cells(exported)
    writer.writerows([*shared, *_posting_cells(posting)] for posting in exported.postings)
    return out.getvalue()


def _entry_cells(exported: ExportedEntry) -> list[str | int]:
    return [
        exported.book,
        exported.seq,
        exported.id,
        exported.position,
        exported.hash,
        exported.kind,
        exported.fiscal_year,
        exported.period,
        safe_cell(exported.voucher_type),
        exported.voucher_number,
        exported.effective_on.isoformat(),
        exported.posted_at.isoformat(),
        safe_cell(exported.description),
        safe_cell(exported.reference),
        safe_cell(exported.payee_ref),
        _boolean(flag=exported.non_budget),
        safe_cell(exported.non_budget_reason),
        _boolean(flag=exported.red),
        exported.undoes or "",
        safe_cell(exported.prepared_by),
        safe_cell(exported.reviewed_by),
        safe_cell(exported.posted_by),
        exported.attachment_count,
        safe_cell(" ".join(exported.attachment_hashes)),
        orjson.dumps(dict(exported.metadata), option=orjson.OPT_SORT_KEYS).decode(),
    ]


def _posting_cells(posting: ExportedPosting) -> list[str | int]:
    turnover_fen = posting.turnover_fen
    return [
        posting.line,
        safe_cell(posting.fund),
        safe_cell(posting.account),
        posting.basis,
        posting.side,
        posting.amount_fen,
        turnover_fen if posting.side == "debit" else 0,
        turnover_fen if posting.side == "credit" else 0,
        posting.budget_year or "",
        safe_cell(posting.source),
        posting.encumbrance or "",
        safe_cell(posting.memo),
        posting.purpose_code,
        posting.item or "",
    ]


def _boolean(*, flag: bool) -> str:
    return "true" if flag else "false"
