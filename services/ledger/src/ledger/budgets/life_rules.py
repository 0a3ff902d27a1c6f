"""What happens to encumbrances besides paying one: groups as one act, more time, and the end of their time. Pure.

Refusals come in the order of ``rules``. docs/adr/0016-budgets-purposes-transfers.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from common.errors import NOT_FOUND, Problem
from common.validation import invalid_field
from ledger.budgets.answers import encumbrance_json
from ledger.budgets.rules import Release, decide_release, held
from ledger.journal.approval import rules_ask
from ledger.journal.chain import instant
from ledger.journal.drafts import Act, EntryDraft, Fill, RecordDraft, SideRow
from ledger.problems import ENCUMBRANCE_NOT_OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ledger.journal.drafts import Json, PostedEntry, PostedRecord
    from ledger.journal.state import BookState, EncumbranceState

    Decide = Callable[[BookState], EntryDraft | Problem]


@dataclass(frozen=True, slots=True)
class Share:
    """What a group takes from one encumbrance, in fen; nothing stated means all that remains."""

    encumbrance: UUID
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """More time for an encumbrance, until a later instant."""

    encumbrance: UUID
    expires_at: datetime
    reason: str
    by_person: str


def decide_one_of(group: Sequence[Share], decide: Decide, state: BookState) -> EntryDraft | Problem:
    """Decide one entry of a group that is one act: if one of the group needs a second person, all of it waits for one.

    Otherwise half of an act would be done and half of it wait.
    """
    wish = decide(state)
    if isinstance(wish, Problem) or not waits_as_a_whole(group, wish.kind, state):
        return wish
    return replace(wish, needs_approval=True)


def waits_as_a_whole(group: Sequence[Share], kind: str, state: BookState) -> bool:
    """Tell whether the book's rules ask for a second person for any entry of the group."""
    if not state.approval_rules:
        return False
    largest: dict[str, int] = {}
    for share in group:
        found = state.encumbrance(share.encumbrance)
        if found is not None:
            fen = found.remaining_fen if share.amount_fen is None else share.amount_fen
            largest[found.fund] = max(fen, largest.get(found.fund, 0))
    return any(rules_ask(kind, {fund}, fen, state) for fund, fen in largest.items())


def decide_expiry(order: Release, state: BookState) -> EntryDraft | Problem:
    """Decide what the end of an encumbrance's time books: an ordinary release of what is left of it.

    Whether it is over is asked here, under the lock: it may have been extended, paid or released since it was found.
    Refusals: as ``decide_release``; encumbrance_not_open also while its time is not over.
    """
    found = state.encumbrance(order.encumbrance)
    if found is None:
        return NOT_FOUND.error(field="encumbrance")
    if refusal := held(found):
        return refusal
    status = found.status(state.now)
    if status != "expired" or found.expires_at is None:
        return ENCUMBRANCE_NOT_OPEN.error(encumbrance_status=status)
    wish = decide_release(order, state)
    if isinstance(wish, Problem):
        return wish
    return replace(wish, metadata={**wish.metadata, "expired_at": instant(found.expires_at)})


def decide_extension(order: Extension, state: BookState) -> Act | Problem:
    """Record that an encumbrance may be paid for longer; an expired one with something left is open again.

    Refusals: not_found; encumbrance_held; encumbrance_not_open (nothing is left); invalid_request (the instant has passed, is not later
    than the one in force, or there is none to put off).
    """
    found = state.encumbrance(order.encumbrance)
    if found is None:
        return NOT_FOUND.error(field="encumbrance")
    refusal = (
        held(found)
        or (None if found.remaining_fen else ENCUMBRANCE_NOT_OPEN.error(encumbrance_status=found.status(state.now)))
        or _not_later(found, order.expires_at, state.now)
    )
    if refusal is not None:
        return refusal
    said: dict[str, Json] = {
        "encumbrance": str(found.id),
        "expires_at": instant(order.expires_at),
        "replaced_expires_at": None if found.expires_at is None else instant(found.expires_at),
        "reason": order.reason,
        "by_person": order.by_person,
    }

    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del entry
        shown = encumbrance_json(state.encumbrances[order.encumbrance], state.now)
        extension: dict[str, Json] = {
            "expires_at": said["expires_at"],
            "replaced_expires_at": said["replaced_expires_at"],
            "reason": order.reason,
            "by_person": order.by_person,
            "at": instant(records[0].at),
            "position": records[0].position,
        }
        return {**shown, "extension": extension}

    def moves(state: BookState) -> None:
        state.encumbrances[order.encumbrance] = replace(
            state.encumbrances[order.encumbrance], expires_at=order.expires_at
        )

    row = SideRow(
        "encumbrance_extension",
        {
            "encumbrance": order.encumbrance,
            "position": Fill.POSITION,
            "expires_at": order.expires_at,
            "reason": order.reason,
            "by_person": order.by_person,
            "at": Fill.AT,
        },
    )
    return Act((RecordDraft("extension", lambda _entry: said, (row,)),), render, moves=moves)


def _not_later(found: EncumbranceState, wanted: datetime, now: datetime) -> Problem | None:
    if found.expires_at is None:
        return invalid_field("expires_at", "never_expires", "该冻结没有到期时间。", "The encumbrance never expires.")
    if wanted <= now:
        return invalid_field("expires_at", "already_past", "到期时间已过。", "The expiry lies in the past.")
    if wanted <= found.expires_at:
        return invalid_field(
            "expires_at", "not_later", "须晚于现有到期时间。", "Must be later than the expiry in force."
        )
    return None
