"""How open items, gifts and operations are shown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from ledger.journal.drafts import Json
    from ledger.journal.state import ItemState
    from ledger.operations.catalogue import Operation
    from ledger.operations.store import GiftRow


def item_json(item: ItemState) -> dict[str, Json]:
    """Return an open item as an operation's answer shows it."""
    purpose = item.details.get("purpose")
    return {
        "id": str(item.id),
        "kind": item.kind,
        "fund": item.fund,
        "account": item.account,
        "side": item.side,
        "status": "open" if item.remaining_fen else "settled",
        "party_ref": item.party_ref,
        "reference": item.reference,
        "purpose": str(purpose) if purpose else None,
        "encumbrance": None if item.encumbrance is None else str(item.encumbrance),
        "purpose_code": item.purpose_code or None,
        "opened_on": item.opened_on.isoformat(),
        "due_on": None if item.due_on is None else item.due_on.isoformat(),
        "opened_seq": item.opened_seq,
        "opened_fen": sum(item.opened.values()),
        "settled_fen": sum(item.settled.values()),
        "remaining_fen": item.remaining_fen,
    }


def aged_item_json(item: ItemState, today: date) -> dict[str, Json]:
    """Return an open item with its age and what stands on each source."""
    overdue = (today - item.due_on).days if item.due_on is not None and item.remaining_fen else 0
    sources: list[Json] = [
        {
            "source": source or None,
            "opened_fen": fen,
            "settled_fen": item.settled.get(source, 0),
            "remaining_fen": fen - item.settled.get(source, 0),
        }
        for source, fen in sorted(item.opened.items())
    ]
    return {
        **item_json(item),
        "age_days": (today - item.opened_on).days,
        "overdue_days": max(overdue, 0),
        "sources": sources,
    }


def gift_json(row: GiftRow) -> dict[str, Json]:
    """Return a gift with its receipt number and what is unspent of it."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "fund": row.fund,
        "giver_ref": row.party_ref,
        "purpose": row.purpose,
        "received_on": row.opened_on.isoformat(),
        "receipt_number": f"{row.opened_on.year}-{row.number:04d}",
        "amount_fen": row.opened_fen,
        "unspent_fen": row.unspent_fen,
    }


def operation_json(operation: Operation) -> dict[str, Json]:
    """Return an operation as clients read it."""
    fields: list[Json] = [
        {"name": name, "type": spec.type, "required": spec.required, "zh": spec.zh, "en": spec.en}
        for name, spec in operation.fields.items()
    ]
    return {
        "operation": operation.operation,
        "kind": operation.kind,
        "path": operation.path,
        "funds": list(operation.funds),
        "title_zh": operation.title_zh,
        "title_en": operation.title_en,
        "approval": operation.approval,
        "fields": fields,
        "example": dict(operation.example),
    }
