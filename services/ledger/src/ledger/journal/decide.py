"""Deciding a group of requests one after the other on a state in memory. Pure: the same input gives the same rows and outcomes.

Each request succeeds or fails by itself. What was decided moves the state on, so that the next request of the group sees it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from common.errors import IDEMPOTENCY_KEY_REUSED, PRECONDITION_FAILED, SAME_PERSON, Problem
from common.ids import uuid7
from ledger.journal.approval import needs_second_person, propose, reviews_oneself
from ledger.journal.chain import Link, content_hash, entry_hash
from ledger.journal.drafts import (
    NO_SOURCE,
    NOT_ATTEMPTED,
    Act,
    Answer,
    Conditions,
    EntryDraft,
    Fill,
    NotAttempted,
    PostedEntry,
    PostedLine,
    PostedRecord,
    PostingRequest,
    RecordDraft,
)
from ledger.journal.rows import NewRows, StoredAnswer
from ledger.journal.rules import Candidate, candidate, refusal
from ledger.journal.state import ChainHead, is_adjusting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.journal.drafts import Cell, Json
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
    """Decide every request in order. With ``atomic`` the first refusal undoes all the others, and only it is remembered.

    An all-or-nothing group that was refused before is refused by the same one again, whatever the others would be by now.
    """
    if atomic and (refused := _refused_before(tickets, known)) is not None:
        return refused
    decided = Decided()
    answers = dict(known)
    for ticket in tickets:
        outcome = _decide(ticket, state, answers, decided.rows)
        decided.outcomes.append(outcome)
        if atomic and _refused(outcome):
            return _only_the_refusal(decided, tickets, known)
    if decided.rows.entries:
        # Before an adjusting period, which follows them.
        decided.rows.add_periods(state.book, state.new_months, first=True)
    return decided


def _refused(outcome: Outcome) -> bool:
    return isinstance(outcome, Problem) or (isinstance(outcome, Answer) and outcome.status == CONFLICT)


def _refused_before(tickets: Sequence[Ticket], known: Mapping[str, StoredAnswer]) -> Decided | None:
    """Return the outcomes of a group one of which was refused by an earlier call, or nothing."""
    outcomes: list[Outcome] = []
    for ticket in tickets:
        stored = known.get(ticket.request.key)
        outcomes.append(NOT_ATTEMPTED if stored is None else _replay(ticket, stored))
        if _refused(outcomes[-1]):
            outcomes.extend([NOT_ATTEMPTED] * (len(tickets) - len(outcomes)))
            return Decided(outcomes)
    return None


def _only_the_refusal(decided: Decided, tickets: Sequence[Ticket], known: Mapping[str, StoredAnswer]) -> Decided:
    """Take back what the group posted before the refusal that ended it. What had been posted by earlier calls stays posted.

    A replay of an entry of this very call (one key sent twice) goes back with it. What announces the call keeps its key if the refusal
    is remembered: the key is this call's from then on.
    """
    refused = decided.outcomes[-1]
    remembered = isinstance(refused, Answer)
    outcomes: list[Outcome] = [
        done if ticket.request.key in known or (remembered and ticket.request.announces) else NOT_ATTEMPTED
        for ticket, done in zip(tickets, decided.outcomes[:-1], strict=False)
    ]
    outcomes.append(refused)
    outcomes.extend([NOT_ATTEMPTED] * (len(tickets) - len(outcomes)))
    rows = NewRows()
    if remembered:
        ended = tickets[len(decided.outcomes) - 1]
        stay = {ticket.request.key for ticket in tickets if ticket is ended or ticket.request.announces}
        rows.keys += [row for row in decided.rows.keys if row[1] in stay]
    return Decided(outcomes, rows)


def _decide(ticket: Ticket, state: BookState, answers: dict[str, StoredAnswer], rows: NewRows) -> Outcome:
    request = ticket.request
    stored = answers.get(request.key)
    if stored is not None:
        return _replay(ticket, stored)
    result = unmet(request.conditions, state) or _done(request, state, rows)
    if isinstance(result, Problem):
        if result.status != CONFLICT:
            return result
        stored = StoredAnswer(request.fingerprint, CONFLICT, _problem_body(result, ticket.instance))
    else:
        stored = StoredAnswer(request.fingerprint, result[0], orjson.dumps(result[1]).decode())
    answers[request.key] = stored
    rows.add_key(request.book, request.key, stored, state.now)
    return Answer(stored.status, stored.body, replayed=False, dry_run=request.dry_run)


def unmet(conditions: Conditions | None, state: BookState) -> Problem | None:
    """Return ``precondition_failed`` unless the book stands as the caller wants it before anything is decided."""
    if conditions is None:
        return None
    if conditions.if_seq is not None and conditions.if_seq != state.head.seq:
        return PRECONDITION_FAILED.error(field="if_seq", seq=state.head.seq)
    fund, year = _asked_of(conditions, state)
    if conditions.at_least_fen is None or fund is None or state.fund(fund) is None:
        # A fund, encumbrance, entry or item that does not exist is the plan's to refuse.
        return None
    available_fen = -state.balance_of(fund, "available", year)
    if available_fen >= conditions.at_least_fen:
        return None
    return PRECONDITION_FAILED.error(
        field="if_available_at_least_fen", fund=fund, fiscal_year=year, available_fen=available_fen
    )


def _asked_of(conditions: Conditions, state: BookState) -> tuple[str | None, int | None]:
    """Return the fund and the year whose available a condition is about."""
    held = state.encumbrance(conditions.encumbrance) if conditions.encumbrance is not None else None
    if held is not None:
        return held.fund, held.fiscal_year
    undone = state.entry(conditions.entry) if conditions.entry is not None else None
    if undone is not None:
        return undone.postings[0].fund, undone.fiscal_year
    item = state.item(conditions.item) if conditions.item is not None else None
    if item is not None:
        return item.party_ref, conditions.year
    return conditions.fund, conditions.year


def _done(request: PostingRequest, state: BookState, rows: NewRows) -> tuple[int, dict[str, Json]] | Problem:
    """Do what the plan says: post, or record, or ask a second person; return the status and body to answer."""
    wish = request.plan(state)
    if isinstance(wish, Problem):
        return wish
    wanted = wish if isinstance(wish, EntryDraft) else wish.entry
    if wanted is not None and reviews_oneself(request.deed, wanted):
        return SAME_PERSON.error(field="reviewed_by")
    if wanted is not None and needs_second_person(wanted, state):
        problem = refusal(candidate(wanted, state), state)
        wish = problem or propose(request.deed, wanted, state)
    if isinstance(wish, Problem):
        return wish
    if isinstance(wish, Act):
        return _act(request.book, wish, state, rows)
    entry = _post(request.book, wish, state, rows)
    return entry if isinstance(entry, Problem) else (CREATED, request.render(entry, state))


def _act(book: str, act: Act, state: BookState, rows: NewRows) -> tuple[int, dict[str, Json]] | Problem:
    """Post the act's entry, if it has one, and append its records with their side rows. Only the entry can be refused."""
    entry = None if act.entry is None else _post(book, act.entry, state, rows)
    if isinstance(entry, Problem):
        return entry
    records = tuple(_record(book, record, entry, state, rows) for record in act.records)
    if act.moves is not None:
        act.moves(state)
    return act.status, act.render(entry, records, state)


def _record(book: str, record: RecordDraft, entry: PostedEntry | None, state: BookState, rows: NewRows) -> PostedRecord:
    content = record.content(entry)
    link = Link(book, state.head.position + 1, state.head.hash)
    digest = content_hash(link, record.kind, content)
    rows.add_record(link, record, content, digest, state.now)
    filled: dict[Fill, Cell] = {
        Fill.POSITION: link.position,
        Fill.SEQ: entry.seq if entry is not None else None,
        Fill.ENTRY: entry.id if entry is not None else None,
        Fill.AT: state.now,
    }
    for row in record.rows:
        cells = {name: filled[cell] if isinstance(cell, Fill) else cell for name, cell in row.values.items()}
        rows.add_side_row(book, row.table, cells)
    state.head = ChainHead(link.position, state.head.seq, digest)
    return PostedRecord(link.position, digest, state.now)


def _replay(ticket: Ticket, stored: StoredAnswer) -> Outcome:
    if stored.fingerprint != ticket.request.fingerprint:
        return IDEMPOTENCY_KEY_REUSED.error()
    again = stored.body != ticket.unconfirmed
    return Answer(stored.status, stored.body, replayed=again, dry_run=ticket.request.dry_run)


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
    if is_adjusting(entry.period) and entry.period not in state.periods:
        state.periods[entry.period] = "open"
        rows.add_periods(book, (entry.period,))
    state.apply(entry, draft)
    return entry


def _numbered(link: Link, ready: Candidate, state: BookState) -> PostedEntry:
    draft = ready.draft
    period = draft.booked_in
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
            line.purpose_code,
            line.item,
        )
        for number, line in enumerate(ready.lines, 1)
    )
