"""Deciding a group of requests one after the other on a state in memory. Pure: the same input gives the same rows and outcomes.

Each request succeeds or fails by itself. What was decided moves the state on, so that the next request of the group sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from common.dates import month_code
from common.errors import IDEMPOTENCY_KEY_REUSED, Problem
from common.ids import uuid7
from ledger.journal.chain import Link, entry_hash
from ledger.journal.drafts import (
    NO_SOURCE,
    NOT_ATTEMPTED,
    Answer,
    EntryDraft,
    NotAttempted,
    PostedEntry,
    PostedLine,
    PostingRequest,
)
from ledger.journal.rows import NewRows, StoredAnswer
from ledger.journal.rules import Candidate, candidate, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.journal.state import BookState

CREATED = 201
CONFLICT = 409

Outcome = Answer | Problem | NotAttempted
"""What becomes of a request: an answer to send, a refusal nobody remembers, or nothing because a neighbour was refused."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A request on its way through the engine.

    ``instance`` is the HTTP request it came with. ``unconfirmed`` is the answer written by an attempt whose commit was lost: if the
    database turns out to hold exactly this, the request was the first and not a replay.
    """

    request: PostingRequest
    instance: str | None = None
    unconfirmed: str | None = None


@dataclass(slots=True)
class Decided:
    """The outcomes of a group, in order, and the rows that make them true."""

    outcomes: list[Outcome] = field(default_factory=list)
    rows: NewRows = field(default_factory=NewRows)


def decide_group(
    tickets: Sequence[Ticket], state: BookState, known: Mapping[str, StoredAnswer], *, atomic: bool = False
) -> Decided:
    """Decide every request in order. With ``atomic`` the first refusal undoes all the others, and only it is remembered."""
    decided = Decided()
    answers = dict(known)
    for ticket in tickets:
        outcome = _decide(ticket, state, answers, decided.rows)
        decided.outcomes.append(outcome)
        if atomic and _refused(outcome):
            return _only_the_refusal(decided, tickets, known)
    if decided.rows.entries:
        decided.rows.add_periods(state.book, state.new_months)
    return decided


def _refused(outcome: Outcome) -> bool:
    return isinstance(outcome, Problem) or (isinstance(outcome, Answer) and outcome.status == CONFLICT)


def _only_the_refusal(decided: Decided, tickets: Sequence[Ticket], known: Mapping[str, StoredAnswer]) -> Decided:
    """Take back what the group posted before the refusal that ended it. What had been posted by earlier calls stays posted.

    A replay of an entry of this very call (one key sent twice) goes back with it.
    """
    refused = decided.outcomes[-1]
    outcomes: list[Outcome] = [
        done if ticket.request.key in known else NOT_ATTEMPTED
        for ticket, done in zip(tickets, decided.outcomes[:-1], strict=False)
    ]
    outcomes.append(refused)
    outcomes.extend([NOT_ATTEMPTED] * (len(tickets) - len(outcomes)))
    rows = NewRows()
    if isinstance(refused, Answer) and not refused.replayed:
        rows.keys.append(decided.rows.keys[-1])
    return Decided(outcomes, rows)


def _decide(ticket: Ticket, state: BookState, answers: dict[str, StoredAnswer], rows: NewRows) -> Outcome:
    request = ticket.request
    stored = answers.get(request.key)
    if stored is not None:
        return _replay(ticket, stored)
    draft = request.plan(state)
    result = draft if isinstance(draft, Problem) else _post(request.book, draft, state, rows)
    if isinstance(result, Problem):
        if result.status != CONFLICT:
            return result
        stored = StoredAnswer(request.fingerprint, CONFLICT, _problem_body(result, ticket.instance))
    else:
        stored = StoredAnswer(request.fingerprint, CREATED, orjson.dumps(request.render(result, state)).decode())
    answers[request.key] = stored
    rows.add_key(request.book, request.key, stored, state.now)
    return Answer(stored.status, stored.body, replayed=False)


def _replay(ticket: Ticket, stored: StoredAnswer) -> Outcome:
    if stored.fingerprint != ticket.request.fingerprint:
        return IDEMPOTENCY_KEY_REUSED.error()
    return Answer(stored.status, stored.body, replayed=stored.body != ticket.unconfirmed)


def _problem_body(problem: Problem, instance: str | None) -> str:
    if problem.instance is None:
        problem.instance = instance
    return orjson.dumps(problem.to_stored()).decode()


def _post(book: str, draft: EntryDraft, state: BookState, rows: NewRows) -> PostedEntry | Problem:
    """Apply the rules; then the entry succeeds: it gets its numbers and its hash, and the state moves on."""
    ready = candidate(draft, state)
    problem = refusal(ready, state)
    if problem is not None:
        return problem
    link = Link(book, state.head.position + 1, state.head.hash)
    unhashed = _numbered(link, ready, state)
    entry = unhashed._replace(hash=entry_hash(link, unhashed))
    rows.add_entry(entry, link.prev_hash, draft)
    state.apply(entry, draft.new_encumbrance, draft.opening_funds)
    return entry


def _numbered(link: Link, ready: Candidate, state: BookState) -> PostedEntry:
    draft = ready.draft
    period = month_code(draft.effective_on)
    return PostedEntry(
        book=link.book,
        seq=state.head.seq + 1,
        id=uuid7(),
        kind=draft.kind,
        fiscal_year=draft.effective_on.year,
        period=period,
        voucher_type=draft.voucher_type,
        voucher_number=state.next_voucher_number(period, draft.voucher_type),
        effective_on=draft.effective_on,
        posted_at=state.now,
        description=draft.description,
        reference=draft.reference,
        metadata=draft.metadata,
        payee_ref=draft.payee_ref,
        non_budget=draft.non_budget,
        non_budget_reason=(draft.non_budget_reason or draft.description) if draft.non_budget else None,
        red=draft.red,
        undoes=draft.undoes,
        prepared_by=draft.prepared_by,
        reviewed_by=draft.reviewed_by,
        posted_by=draft.posted_by,
        attachment_count=draft.attachment_count,
        attachment_hashes=draft.attachment_hashes,
        postings=_posted_lines(ready),
        position=link.position,
        hash=b"",
    )


def _posted_lines(ready: Candidate) -> tuple[PostedLine, ...]:
    red = ready.draft.red
    return tuple(
        PostedLine(
            number,
            line.fund,
            line.account,
            line.side,
            line.amount_fen,
            red,
            line.budget_year,
            line.source or NO_SOURCE,
            line.encumbrance,
            line.memo,
        )
        for number, line in enumerate(ready.lines, 1)
    )
