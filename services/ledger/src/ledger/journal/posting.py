"""Use cases of free journal entries: post one, many, or take one back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from common.errors import Problem
from common.idempotency import fingerprint_value
from common.json_body import refuse_unstorable
from common.validation import problem_from
from ledger.journal.drafts import NOT_ATTEMPTED, Answer, LineDraft, Needs, PostedEntry, PostingRequest
from ledger.journal.entries import FreeEntry, People, Reversal, draft_free_entry, draft_reversal, entry_json
from ledger.journal.once import Once
from ledger.journal.people import conditions_of, deed_of, people_of
from ledger.journal.schemas import BulkEntryIn, EntryIn, ReversalIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from common.auth import Principal
    from ledger.journal.decide import Outcome
    from ledger.journal.drafts import Json
    from ledger.journal.engine import PostingEngine
    from ledger.journal.state import BookState

Again: TypeAlias = "Callable[[Once, People, Mapping[str, Json]], PostingRequest]"
"""Makes a proposal's arguments the request of another call, under the names of others."""

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
    dry_run: bool = False


async def post_entry(engine: PostingEngine, once: Once, principal: Principal, body: EntryIn) -> Answer:
    """Post a free entry. Refusals: forbidden (people without act_for), those of docs/postings-refusals.md."""
    return await engine.post(entry_request(once, people_of(body, principal), body))


async def reverse_entry(
    engine: PostingEngine, once: Once, principal: Principal, entry: UUID, body: ReversalIn
) -> Answer:
    """Post the red entry that takes an entry back. Refusals: as ``draft_reversal``, then those of every entry."""
    return await engine.post(reversal_request(once, people_of(body, principal), entry, body))


def reversal_request(once: Once, people: People, entry: UUID, body: ReversalIn) -> PostingRequest:
    """Return what the engine is asked to take back."""
    wish = Reversal(entry, body.effective_on, body.reason, people, body.period)
    return PostingRequest(
        book=once.book,
        key=once.key,
        fingerprint=once.fingerprint,
        needs=Needs(entries=frozenset({entry})),
        plan=partial(draft_reversal, wish),
        render=_render,
        conditions=conditions_of(body, entry=entry),
        deed=deed_of("reversal", people, body, entry=str(entry)),
        dry_run=once.dry_run,
    )


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
        people = people_of(body, call.principal)
    except ValidationError as error:
        return problem_from(error)
    except Problem as problem:
        return problem
    sent = {name: value for name, value in item.items() if name != "idempotency_key"} if isinstance(item, dict) else {}
    mark = fingerprint_value(call.secret, "POST", call.path, sent)
    return entry_request(Once(call.book, body.idempotency_key, mark, call.dry_run), people, body)


def entry_request(once: Once, people: People, body: EntryIn) -> PostingRequest:
    """Return what the engine is asked to post."""
    lines = tuple(
        LineDraft(line.fund, line.account, line.side, line.amount_fen, source=line.source, memo=line.memo)
        for line in body.postings
    )
    wish = FreeEntry(
        effective_on=body.effective_on,
        description=body.description,
        lines=lines,
        people=people,
        voucher_type=body.voucher_type,
        reference=body.reference,
        metadata=body.metadata,
        payee_ref=body.payee_ref,
        non_budget=body.non_budget,
        non_budget_reason=body.non_budget_reason,
        attachment_count=body.attachment_count,
        attachment_hashes=tuple(body.attachment_hashes),
        period=body.period,
    )
    funds = frozenset(line.fund for line in lines)
    return PostingRequest(
        book=once.book,
        key=once.key,
        fingerprint=once.fingerprint,
        needs=Needs(funds=funds),
        plan=partial(draft_free_entry, wish),
        render=_render,
        conditions=conditions_of(body, fund=lines[0].fund, year=body.effective_on.year),
        deed=deed_of("journal", people, body),
        dry_run=once.dry_run,
    )


def _render(entry: PostedEntry, state: BookState) -> dict[str, Json]:
    del state
    return entry_json(entry)


def _again(once: Once, people: People, arguments: Mapping[str, Json]) -> PostingRequest:
    return entry_request(once, people, EntryIn.model_validate(arguments["body"]))


def _reversal_again(once: Once, people: People, arguments: Mapping[str, Json]) -> PostingRequest:
    return reversal_request(once, people, UUID(str(arguments["entry"])), ReversalIn.model_validate(arguments["body"]))


AGAIN: Mapping[str, Again] = {"journal": _again, "reversal": _reversal_again}
"""How a proposal of each operation is made a request again when it is approved."""
