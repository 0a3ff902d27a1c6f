"""What budget operations answer, and how an encumbrance is shown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.funds.answers import budget_ahead_of_cash, entry_brief, fund_after, posted
from ledger.journal.chain import instant

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from ledger.journal.drafts import Json, PostedEntry
    from ledger.journal.state import BookState, EncumbranceState


def encumbrance_json(found: EncumbranceState, now: datetime) -> dict[str, Json]:
    """Return an encumbrance as every answer shows it: amount = liquidated + released + remaining.

    ``liquidated_fen`` leaves out what the bank gave back, which is open again.
    """
    return {
        "id": str(found.id),
        "status": found.status(now),
        "fund": found.fund,
        "fiscal_year": found.fiscal_year,
        "purpose": found.purpose,
        "purpose_code": found.purpose_code or None,
        "reference": found.reference,
        "expires_at": None if found.expires_at is None else instant(found.expires_at),
        "opened_on": found.opened_on.isoformat(),
        "amount_fen": found.amount_fen,
        "liquidated_fen": found.liquidated_fen - found.returned_fen,
        "returned_fen": found.returned_fen,
        "payable_fen": found.payable_fen,
        "released_fen": found.released_fen,
        "remaining_fen": found.remaining_fen,
    }


def allotted(entry: PostedEntry, state: BookState, fund: str, year: int) -> dict[str, Json]:
    """Return the answer of an allotment; it warns when budget runs ahead of cash."""
    return posted(entry, state, fund, year, budget_ahead_of_cash(state, fund))


def encumbered(entry: PostedEntry, state: BookState, encumbrance: UUID) -> dict[str, Json]:
    """Return the answer of a new encumbrance: itself under its own id, its entry, and the fund's figures."""
    found = state.encumbrances[encumbrance]
    brief = entry_brief(entry)
    return {
        **encumbrance_json(found, state.now),
        **{name: brief[name] for name in ("seq", "voucher_number", "hash")},
        "entry": brief,
        "fund": fund_after(state, found.fund, found.fiscal_year),
        "warnings": [],
    }


def moved(entry: PostedEntry, state: BookState, encumbrance: UUID) -> dict[str, Json]:
    """Return the answer of a liquidation, return or release: the entry, the fund's figures, the encumbrance."""
    found = state.encumbrances[encumbrance]
    return {
        **posted(entry, state, found.fund, found.fiscal_year),
        "encumbrance": encumbrance_json(found, state.now),
    }
