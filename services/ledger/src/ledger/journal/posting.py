"""Use cases of free journal entries: post one, many, or take one back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from common.errors import Problem
from common.idempotency import fingerprint_value
from common.json_body import refuse_unstorable
from common.validation import problem_from
from ledger.journal.drafts import NOT_ATTEMPTED, Answer, LineDraft, Needs, PostedEntry, PostingRequest
from ledger.journal.entries import FreeEntry, People, Reversal, draft_free_entry, draft_reversal, entry_json
from ledger.journal.schemas import BulkEntryIn, EntryIn, ReversalIn

if TYPE_CHECKING:
    from uuid import UUID

    from common.auth import Principal
    from ledger.journal.decide import Outcome
    from ledger.journal.drafts import Json
    from ledger.journal.engine import PostingEngine
    from ledger.journal.once import Once
    from ledger.journal.state import BookState

ACT_FOR = "ledger:act_for"
_BULK_ENTRY = TypeAdapter(BulkEntryIn)
_BREATH = 200
"""Entries of a bulk call read at a stretch, before other requests of the process get a turn."""


@dataclass(frozen=True, slots=True)
class BulkCall:
    """Who makes a bulk call and where: what an entry's fingerprint and people are made of."""

    book: str
    path: str
    secret: bytes
    principal: Principal


async def post_entry(engine: PostingEngine, once: Once, principal: Principal, body: EntryIn) -> Answer:
    """Post a free entry. Refusals: forbidden (people without act_for), those of docs/postings-refusals.md."""
    return await engine.post(_entry_request(once.book, once.key, once.fingerprint, principal, body))


async def reverse_entry(
    engine: PostingEngine, once: Once, principal: Principal, entry: UUID, body: ReversalIn
) -> Answer:
    """Post the red entry that takes an entry back. Refusals: as ``draft_reversal``, then those of every entry."""
    wish = Reversal(entry, body.effective_on, body.reason, _people(body, principal))
    needs = Needs(entries=frozenset({entry}))
    request = PostingRequest(once.book, once.key, once.fingerprint, needs, partial(draft_reversal, wish), _render)
    return await engine.post(request)


async def post_entries(
    engine: PostingEngine, call: BulkCall, entries: Sequence[object], *, atomic: bool
) -> list[Outcome]:
    """Post many entries; return what became of each, in order.

    An entry of a wrong shape is refused by itself; with ``atomic`` it keeps the others from being attempted.
    The same entry sent alone under the same key is the same request.
    """
    requests: list[PostingRequest | Problem] = []
    for start in range(0, len(entries), _BREATH):
        requests += [_bulk_request(call, item) for item in entries[start : start + _BREATH]]
        await asyncio.sleep(0)
    good = [request for request in requests if isinstance(request, PostingRequest)]
    if not good or (atomic and len(good) < len(requests)):
        return [request if isinstance(request, Problem) else NOT_ATTEMPTED for request in requests]
    outcomes = iter(await engine.post_many(good, atomic=atomic))
    return [request if isinstance(request, Problem) else next(outcomes) for request in requests]


def _bulk_request(call: BulkCall, item: object) -> PostingRequest | Problem:
    try:
        refuse_unstorable(item)
        body = _BULK_ENTRY.validate_python(item)
    except ValidationError as error:
        return problem_from(error)
    except Problem as problem:
        return problem
    sent = {name: value for name, value in item.items() if name != "idempotency_key"} if isinstance(item, dict) else {}
    mark = fingerprint_value(call.secret, "POST", call.path, sent)
    return _entry_request(call.book, body.idempotency_key, mark, call.principal, body)


def _entry_request(book: str, key: str, fingerprint: bytes, principal: Principal, body: EntryIn) -> PostingRequest:
    lines = tuple(
        LineDraft(line.fund, line.account, line.side, line.amount_fen, source=line.source, memo=line.memo)
        for line in body.postings
    )
    wish = FreeEntry(
        effective_on=body.effective_on,
        description=body.description,
        lines=lines,
        people=_people(body, principal),
        voucher_type=body.voucher_type,
        reference=body.reference,
        metadata=body.metadata,
        payee_ref=body.payee_ref,
        non_budget=body.non_budget,
        non_budget_reason=body.non_budget_reason,
        attachment_count=body.attachment_count,
        attachment_hashes=tuple(body.attachment_hashes),
    )
    needs = Needs(funds=frozenset(line.fund for line in lines))
    return PostingRequest(book, key, fingerprint, needs, partial(draft_free_entry, wish), _render)


def _people(body: EntryIn | ReversalIn, principal: Principal) -> People:
    """Say who stands on the voucher: the caller, or the people a service names. Raises ``forbidden`` without act_for."""
    if body.prepared_by is not None or body.reviewed_by is not None:
        principal.check_scope(ACT_FOR)
    return People(body.prepared_by or principal.sub, principal.sub, body.reviewed_by)


def _render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
    del state
    return entry_json(entry)
