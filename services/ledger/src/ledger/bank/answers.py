"""What the room answers, as JSON values, made from rows and movements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ledger.bank.statement_rows import ColumnMapping
from ledger.journal.chain import instant

if TYPE_CHECKING:
    from sqlalchemy import Row

    from ledger.bank.rules import Movement
    from ledger.journal.drafts import Json


def account_json(account: Row[Any], mapping: Row[Any] | None) -> dict[str, Json]:
    """An account; its number masked."""
    return {
        "code": account.code,
        "bank_name": account.bank_name,
        "name_zh": account.name_zh,
        "number": account.number_mask,
        "funds": list(account.funds),
        "opened_by": account.opened_by,
        "opened_at": instant(account.opened_at),
        "statements_cover_to": None if account.covered_to is None else account.covered_to.isoformat(),
        "column_mapping": None if mapping is None else mapping_json(mapping),
    }


def mapping_json(row: Row[Any]) -> dict[str, Json]:
    """A version of a column mapping."""
    mapping = ColumnMapping(**row.mapping)
    return {
        "account": row.account,
        "version": row.version,
        "date": mapping.date,
        "date_format": mapping.date_format,
        "header_row": mapping.header_row,
        "amount": mapping.amount,
        "debit": mapping.debit,
        "credit": mapping.credit,
        "balance": mapping.balance,
        "reference": mapping.reference,
        "counterparty": mapping.counterparty,
        "text": mapping.text,
        "set_by": row.set_by,
        "set_at": instant(row.set_at),
    }


def line_json(line: Row[Any], match: object = None) -> dict[str, Json]:
    """A line of a statement; who is on the other side as it may be shown."""
    return {
        "id": str(line.id),
        "number": line.number,
        "booked_on": line.booked_on.isoformat(),
        "amount_fen": line.amount_fen,
        "balance_fen": line.balance_fen,
        "reference": line.reference,
        "counterparty": line.counterparty_mask,
        "text": line.text,
        "match": None if match is None else str(match),
    }


def movement_json(one: Movement) -> dict[str, Json]:
    """How an entry moved the account's cash."""
    return {
        "entry": str(one.id),
        "seq": one.seq,
        "effective_on": one.effective_on.isoformat(),
        "period": one.period,
        "voucher_type": one.voucher_type,
        "voucher_number": one.voucher_number,
        "description": one.description,
        "reference": one.reference,
        "amount_fen": one.moved_fen,
    }


def journal_json(one: Movement, balance_fen: int) -> dict[str, Json]:
    """A line of the bank journal."""
    made = movement_json(one)
    del made["amount_fen"]
    return {
        **made,
        "red": one.red,
        "received_fen": one.received_fen,
        "paid_fen": one.paid_fen,
        "balance_fen": balance_fen,
    }


def match_json(match: Row[Any]) -> dict[str, Json]:
    """A match with its parts, and who undid it."""
    return {
        "id": str(match.id),
        "status": "matched" if match.undone_at is None else "undone",
        "amount_fen": match.amount_fen,
        "lines": [str(line) for line in match.lines],
        "entries": [str(entry) for entry in match.entries],
        "matched_by": match.matched_by,
        "matched_at": instant(match.matched_at),
        "undone_by": match.undone_by,
        "undone_at": None if match.undone_at is None else instant(match.undone_at),
        "undo_reason": match.reason,
    }
