"""Use cases of maker and checker: setting the rules, listing what waits, deciding on it.

An approval does what was proposed by the same code that was asked for it, under the names of both people, and records the decision, in
one transaction. Its Problems: those of ``rules``, and whatever the operation refuses by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import snapshot
from common.errors import NOT_FOUND, Problem
from common.paging import decode_cursor, page_of
from ledger.approvals import rules, store
from ledger.approvals.rules import Decision
from ledger.approvals.store import ProposalFilter
from ledger.journal.calls import nth, post_call
from ledger.journal.chain import instant
from ledger.journal.decide import Outcome
from ledger.journal.drafts import NOT_ATTEMPTED, Answer, Json, Needs, Plan, PostedEntry, PostingRequest
from ledger.journal.engine import PostingEngine
from ledger.journal.entries import People
from ledger.journal.once import Once
from ledger.journal.posting import Again
from ledger.journal.reading import require_book
from ledger.journal.state import ApprovalRule, BookState
from ledger.problems import SECOND_PERSON_NEEDED


async def set_rules(engine: PostingEngine, once: Once, by_person: str, wanted: Sequence[ApprovalRule]) -> Answer:
    """Say which entries need a second person from now on. Refusal: unknown_fund_in_rule."""
    funds = frozenset(rule.fund for rule in wanted if rule.fund != "*")
    plan = partial(rules.decide_rules, tuple(wanted), by_person)
    return await engine.post(_request(once, Needs(funds=funds), plan))


async def read_rules(engine: AsyncEngine, book: str) -> dict[str, Json]:
    """Return the rules in force and every version there was. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        await require_book(connection, book)
        versions = await store.policies(connection, book)
    shown: list[Json] = [
        {"rules": _rules_json(one.rules), "set_by": one.set_by, "set_at": instant(one.set_at), "position": one.position}
        for one in versions
    ]
    return {"rules": _rules_json(versions[0].rules) if versions else [], "versions": shown}


def _rules_json(said: Sequence[Mapping[str, str | int]]) -> list[Json]:
    return [dict(rule) for rule in said]


@dataclass(frozen=True, slots=True)
class Approving:
    """What approving works with: where proposals stand, how each operation is done again, and the door to the journal."""

    database: AsyncEngine
    engine: PostingEngine
    again: Mapping[str, Again]


async def approve(desk: Approving, once: Once, checker: str, proposal: UUID) -> Answer:
    """Do what was proposed. Refusals: see ``rules.decide_approval``."""
    async with snapshot(desk.database) as connection:
        found = await store.by_id(connection, once.book, proposal)
    if found is None:
        raise NOT_FOUND.error(field="proposal")
    return await desk.engine.post(_approval(desk, once, checker, found))


async def approve_many(
    desk: Approving, once: Once, checker: str, wanted: Sequence[UUID], *, atomic: bool
) -> list[Outcome]:
    """Do what was proposed, proposal by proposal, or all or nothing; return what became of each, in order."""
    async with snapshot(desk.database) as connection:
        found = await store.by_ids(connection, once.book, wanted)
    requests = [
        _approval(desk, nth(once, number), checker, found[one]) for number, one in enumerate(wanted) if one in found
    ]
    if not requests or (atomic and len(requests) < len(wanted)):
        return [NOT_ATTEMPTED if one in found else _unknown(number) for number, one in enumerate(wanted)]
    outcomes = iter(await post_call(desk.engine, once, requests, atomic=atomic))
    return [next(outcomes) if one in found else _unknown(number) for number, one in enumerate(wanted)]


def _unknown(number: int) -> Problem:
    return NOT_FOUND.error(field=f"ids[{number}]")


async def decide_no(engine: PostingEngine, once: Once, wish: Decision) -> Answer:
    """Refuse or withdraw a proposal. Refusals: see ``rules.decide_no``."""
    needs = Needs(proposals=frozenset({wish.proposal}))
    return await engine.post(_request(once, needs, partial(rules.decide_no, wish)))


async def read_proposal(engine: AsyncEngine, book: str, wanted: UUID) -> dict[str, Json]:
    """Return one proposal with what it was asked with. Raises ``not_found``."""
    async with snapshot(engine) as connection:
        found = await store.by_id(connection, book, wanted)
    if found is None:
        raise NOT_FOUND.error()
    arguments: Json = orjson.loads(found.arguments)
    return {**_proposal_json(found), "arguments": arguments}


async def list_proposals(
    engine: AsyncEngine, book: str, wanted: ProposalFilter, *, limit: int, cursor: str | None
) -> tuple[list[dict[str, Json]], str | None]:
    """Return a page of proposals in the order they were made. Raises ``not_found``, ``invalid_request`` (cursor)."""
    place = decode_cursor(cursor, int)
    position = place[0] if place and isinstance(place[0], int) else 0
    async with snapshot(engine) as connection:
        await require_book(connection, book)
        rows = await store.after(connection, book, wanted, position=position, limit=limit + 1)
    shown, next_cursor = page_of(rows, limit, lambda row: (row.position,))
    return [_proposal_json(row) for row in shown], next_cursor


def _approval(desk: Approving, once: Once, checker: str, found: Row[Any]) -> PostingRequest:
    """Return the request that does what was proposed, under the names of its preparer and its checker."""
    again = desk.again.get(found.operation)
    if again is None:
        # An operation of the county's own that is no longer in its catalogue.
        raise SECOND_PERSON_NEEDED.error()
    people = People(found.prepared_by, posted_by=checker, reviewed_by=checker)
    inner = again(once, people, orjson.loads(found.arguments))
    wish = Decision(found.id, "approved", checker)
    needs = replace(inner.needs, proposals=frozenset({found.id}))
    return replace(inner, needs=needs, plan=partial(rules.decide_approval, wish, inner), conditions=None, deed=None)


def _request(once: Once, needs: Needs, plan: Plan) -> PostingRequest:
    return PostingRequest(once.book, once.key, once.fingerprint, needs, plan, _unused, dry_run=once.dry_run)


def _unused(entry: PostedEntry, state: BookState) -> dict[str, Json]:
    """Stand where a plan of records alone, which renders itself, needs no rendering of an entry."""
    raise TypeError((entry, state))


def _proposal_json(row: Row[Any]) -> dict[str, Json]:
    return {
        "id": str(row.id),
        "status": row.status,
        "operation": row.operation,
        "kind": row.kind,
        "funds": list(row.funds),
        "amount_fen": row.amount_fen,
        "period": row.period,
        "effective_on": row.effective_on.isoformat(),
        "description": row.description,
        "reference": row.reference,
        "prepared_by": row.prepared_by,
        "sent_by": row.sent_by,
        "proposed_at": instant(row.proposed_at),
        "position": row.position,
        "decided_by": row.by_person,
        "reason": row.reason,
        "decided_at": None if row.decided_at is None else instant(row.decided_at),
        "decision_position": row.decision_position,
        "entry": None if row.entry is None else str(row.entry),
        "seq": row.seq,
    }
