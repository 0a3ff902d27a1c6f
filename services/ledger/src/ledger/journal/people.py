"""Whose wish a request is, and under which conditions: what every posting call says besides its entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.journal.drafts import Conditions, Deed
from ledger.journal.entries import People
from ledger.journal.schemas import AskedIn

if TYPE_CHECKING:
    from uuid import UUID

    from common.auth import Principal
    from ledger.journal.drafts import Json

ACT_FOR = "ledger:act_for"
_NOT_AGAIN = frozenset({*AskedIn.model_fields, "idempotency_key"} - {"period"})
"""What belongs to the call and not to the wish: people and conditions are others' when the wish is approved."""


def people_of(body: AskedIn, principal: Principal) -> People:
    """Say who stands on the voucher: the caller, or the people a service names on whose behalf it acts.

    Raises ``forbidden`` if people are named without the scope ledger:act_for.
    """
    if body.prepared_by is not None or body.reviewed_by is not None:
        principal.check_scope(ACT_FOR)
    return People(body.prepared_by or principal.sub, principal.sub, body.reviewed_by)


def conditions_of(
    body: AskedIn,
    *,
    fund: str | None = None,
    year: int | None = None,
    encumbrance: UUID | None = None,
    entry: UUID | None = None,
    item: UUID | None = None,
) -> Conditions | None:
    """Return what the caller wants to be true, asked of this fund and year, or of an encumbrance's, an entry's or an item's."""
    if body.if_seq is None and body.if_available_at_least_fen is None:
        return None
    return Conditions(body.if_seq, body.if_available_at_least_fen, fund, year, encumbrance, entry, item)


def deed_of(operation: str, people: People, body: AskedIn, **subject: str) -> Deed:
    """Return how the request can be done again: ``subject`` is what its address names, ``body`` what it says."""

    def arguments() -> dict[str, Json]:
        said: dict[str, Json] = body.model_dump(mode="json", exclude_none=True, exclude=set(_NOT_AGAIN))
        return {**subject, "body": said}

    return Deed(operation, arguments, people.prepared_by, people.posted_by)
