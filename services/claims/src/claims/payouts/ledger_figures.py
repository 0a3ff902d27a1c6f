"""What the ledger tells about itself, as far as the claims service reads it. Amounts in fen; fields not named here are ignored."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Whole = Annotated[int, Field(strict=True)]


class LedgerFigure(BaseModel):
    """Base of what is read from the ledger: it may say more than we understand."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Month(LedgerFigure):
    """A month of the ledger's calendar, `code` as `YYYY-MM`."""

    code: str
    status: str


class Encumbrance(LedgerFigure):
    """An encumbrance as the ledger lists it."""

    id: UUID
    reference: str | None
    amount_fen: Whole
    liquidated_fen: Whole
    """Paid and not given back."""
    returned_fen: Whole
    """Given back by the bank over its whole life."""
    released_fen: Whole
    remaining_fen: Whole


class OpenItem(LedgerFigure):
    """An open item as the ledger shows it: here, an insurer's pool."""

    id: UUID
    kind: str
    fund: str
    opened_fen: Whole
    settled_fen: Whole
    remaining_fen: Whole


class Posting(LedgerFigure):
    """One line of an entry."""

    account: str
    side: str
    amount_fen: Whole
    source: str | None = None


class JournalEntry(LedgerFigure):
    """An entry as the ledger lists it."""

    id: UUID
    kind: str
    reference: str | None
    postings: list[Posting]
