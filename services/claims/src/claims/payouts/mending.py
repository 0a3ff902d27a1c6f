"""Use cases that mend what the reconciliation finds: ask again now, reserve anew what the ledger has lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from claims.claims.rules import Event, Status
from claims.claims.store import lock_claim, set_status
from claims.payouts import outbox
from claims.payouts.ledger_client import LedgerUnavailableError, UnknownInLedgerError
from claims.payouts.schemas import MendOut
from claims.problems import LEDGER_UNAVAILABLE, NOTHING_TO_MEND
from common.database import snapshot
from common.dates import today_in_shanghai
from common.errors import NOT_FOUND

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from claims.payouts.ledger_client import LedgerClient

MAY_LOSE = frozenset({Status.ENCUMBERED, Status.PAYMENT_RETURNED})
"""Where a claim stands on its reservation alone: without it, it waits for its money as after its approval."""


async def lost_encumbrance(engine: AsyncEngine, client: LedgerClient, book: str, claim_id: UUID) -> UUID | None:
    """The encumbrance of the claim that the ledger no longer holds as it was reserved; None where it does. Raises `ledger_unavailable`."""
    async with snapshot(engine) as conn:
        reserved = await outbox.standing_encumbrance(conn, book, claim_id)
    if reserved is None:
        return None
    encumbrance_id, amount_fen = reserved
    try:
        remaining_fen = (await client.encumbrance(book, encumbrance_id)).remaining_fen
    except UnknownInLedgerError:
        return encumbrance_id
    except LedgerUnavailableError:
        raise LEDGER_UNAVAILABLE.error(headers={"Retry-After": "5"}) from None
    return encumbrance_id if remaining_fen < amount_fen else None


async def ask_again(conn: AsyncConnection, book: str, claim_id: UUID) -> MendOut:
    """Make every request of the claim that is not confirmed due now, under the same keys. Raises `not_found`, `nothing_to_mend`."""
    if await lock_claim(conn, book, claim_id) is None:
        raise NOT_FOUND.error(field="claim_id")
    due = await outbox.make_due(conn, book, claim_id)
    if not due:
        raise NOTHING_TO_MEND.error(field="claim_id")
    return MendOut(claim_id=claim_id, act="ask_again", operations=due)


async def reserve_again(
    conn: AsyncConnection, book: str, claim_id: UUID, person: str, reason: str, *, lost: UUID | None
) -> MendOut:
    """Reserve anew the money of a claim whose reservation the ledger has released or lost; the old one stays on record, replaced.

    `lost` is the encumbrance the ledger said just before that it has lost: another one that stands by now is not touched.
    Nothing of the claim may be paid, and nothing under way. A claim that only waits for
    its payment stands as approved until the ledger has reserved it again; one the bank has paid already stays where it is, for its
    booking to be asked again.
    Raises `not_found`, `nothing_to_mend`.
    """
    row = await lock_claim(conn, book, claim_id)
    if row is None:
        raise NOT_FOUND.error(field="claim_id")
    if lost is None or not await outbox.replace_reservation(conn, book, claim_id, lost, person, reason):
        raise NOTHING_TO_MEND.error(field="claim_id")
    if row.status in MAY_LOSE:
        await set_status(
            conn, book, claim_id, Event.RESERVATION_LOST, by_person=person, done_on=today_in_shanghai(), reference=None
        )
    return MendOut(claim_id=claim_id, act="reserve_again", operations=1)
