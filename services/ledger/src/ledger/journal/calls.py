"""Calls of many requests under one idempotency key: each request has a key of its own, and the call announces itself under the call's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from common.errors import Problem
from ledger.journal.drafts import Act, Needs, PostingRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.journal.decide import Outcome
    from ledger.journal.drafts import Json
    from ledger.journal.engine import PostingEngine
    from ledger.journal.once import Once
    from ledger.journal.state import BookState


async def post_call(
    engine: PostingEngine, once: Once, requests: Sequence[PostingRequest], *, atomic: bool
) -> list[Outcome]:
    """Post the requests of one call, each under the key ``nth`` gives it; return what became of each, in order.

    The call's own key is bound to this call from its first effect on, or its first refusal by a rule: nothing else is done under it.
    One by one it is bound before the first is tried, so that a call that was cut off is finished by its repetition.
    Raises what is about the call: ``idempotency_key_reused``, ``unavailable``, ``not_found`` of the book, ``internal_error``.
    """
    if not atomic:
        await engine.post(_announcement(once))
        return await engine.post_many(requests, atomic=False)
    told, *outcomes = await engine.post_many([_announcement(once), *requests], atomic=True)
    if isinstance(told, Problem):
        raise told
    return outcomes


def nth(once: Once, number: int) -> Once:
    """Return what makes the member of a call with this number happen once."""
    return replace(once, key=f"{once.key}#{number}")


def _announcement(once: Once) -> PostingRequest:
    def told(*_about: object) -> dict[str, Json]:
        return {}

    def nothing(state: BookState) -> Act:
        del state
        return Act((), told, status=200)

    return PostingRequest(
        once.book, once.key, once.fingerprint, Needs(), nothing, told, dry_run=once.dry_run, announces=True
    )
