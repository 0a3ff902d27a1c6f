"""Who may decide on a proposal, and what a decision does. Pure; each returns a plan for the engine.

A proposal is decided once. Whoever prepared or sent it may withdraw it and may never approve or refuse it: people are told apart by
the token's subject, whatever its roles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from common.errors import NOT_FOUND, SAME_PERSON, Problem
from ledger.journal.approval import WAITING, amount_of
from ledger.journal.chain import canonical_text, instant
from ledger.journal.drafts import Act, EntryDraft, Fill, RecordDraft, SideRow
from ledger.problems import (
    NOT_THE_PROPOSER,
    NOTHING_LEFT,
    PROPOSAL_NOT_WAITING,
    PROPOSAL_OUTDATED,
    UNKNOWN_FUND_IN_RULE,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from ledger.journal.drafts import Json, PostedEntry, PostedRecord, PostingRequest
    from ledger.journal.state import ApprovalRule, BookState, ProposalState

Outcome = Literal["approved", "refused", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decides on a proposal, and why."""

    proposal: UUID
    outcome: Outcome
    by_person: str
    reason: str | None = None


def decide_approval(wish: Decision, inner: PostingRequest, state: BookState) -> Act | Problem:
    """Do what was proposed and record the approval, as one act.

    Refusals: not_found; proposal_not_waiting; same_person; then whatever the operation refuses now, nothing_left if it has nothing to book
    any more, and proposal_outdated if it would book another amount than was proposed; each leaves it waiting.
    """
    refusal = _not_decidable(wish, state)
    if refusal is not None:
        return refusal
    done = inner.plan(state)
    if isinstance(done, Problem):
        return done
    act = done if isinstance(done, Act) else _as_act(done, inner)
    if act.entry is None:
        # Of the year's end, twice proposed: an approval stands beside the entry it allowed, and there is none.
        return NOTHING_LEFT.error()
    stood = state.proposals[wish.proposal]
    now_fen = amount_of(act.entry, state)
    if now_fen != stood.amount_fen:
        # What is computed from the books (a year's end, the rest of an encumbrance) may have become another amount since.
        return PROPOSAL_OUTDATED.error(proposed_fen=stood.amount_fen, now_fen=now_fen)

    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        return {
            "proposal": decided_json(wish, records[-1], entry),
            "result": act.render(entry, records[:-1], state),
        }

    def moves(state: BookState) -> None:
        if act.moves is not None:
            act.moves(state)
        _decided(wish, state)

    records = (*act.records, _record(wish, state.now))
    return replace(act, records=records, render=render, moves=moves, status=201)


def decide_no(wish: Decision, state: BookState) -> Act | Problem:
    """Record a refusal or a withdrawal. Refusals: not_found; proposal_not_waiting; same_person, or not_the_proposer."""
    refusal = _not_decidable(wish, state)
    if refusal is not None:
        return refusal

    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del state
        return {"proposal": decided_json(wish, records[-1], entry)}

    return Act((_record(wish, state.now),), render, status=200, moves=lambda state: _decided(wish, state))


def decide_rules(rules: Sequence[ApprovalRule], by_person: str, state: BookState) -> Act | Problem:
    """Record which entries need a second person from now on. Refusal: unknown_fund_in_rule."""
    for number, rule in enumerate(rules):
        if rule.fund != "*" and state.fund(rule.fund) is None:
            return UNKNOWN_FUND_IN_RULE.error(field=f"rules[{number}].fund", fund=rule.fund)
    said: list[Json] = [{"kind": rule.kind, "fund": rule.fund, "from_fen": rule.from_fen} for rule in rules]

    set_at = state.now

    def content(entry: PostedEntry | None) -> dict[str, Json]:
        del entry
        return {"rules": said, "set_by": by_person, "set_at": instant(set_at)}

    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del entry, state
        [record] = records
        return {
            "rules": said,
            "set_by": by_person,
            "set_at": instant(record.at),
            "position": record.position,
        }

    def moves(state: BookState) -> None:
        state.approval_rules = tuple(rules)

    row = SideRow(
        "approval_policy",
        {"position": Fill.POSITION, "rules": canonical_text(said), "set_by": by_person, "set_at": Fill.AT},
    )
    return Act((RecordDraft("approval_rules", content, (row,)),), render, moves=moves)


def decided_json(wish: Decision, record: PostedRecord, entry: PostedEntry | None) -> dict[str, Json]:
    """Return a decided proposal as the answer of its decision shows it."""
    return {
        "id": str(wish.proposal),
        "status": wish.outcome,
        "decided_by": wish.by_person,
        "reason": wish.reason,
        "decided_at": instant(record.at),
        "decision_position": record.position,
        "entry": None if entry is None else str(entry.id),
        "seq": None if entry is None else entry.seq,
    }


def _not_decidable(wish: Decision, state: BookState) -> Problem | None:
    found = state.proposals.get(wish.proposal)
    if found is None:
        return NOT_FOUND.error(field="proposal")
    if found.status != WAITING:
        return PROPOSAL_NOT_WAITING.error(proposal_status=found.status)
    if wish.outcome == "withdrawn":
        return None if _is_the_proposers(wish, found) else NOT_THE_PROPOSER.error()
    return SAME_PERSON.error() if _is_the_proposers(wish, found) else None


def _is_the_proposers(wish: Decision, found: ProposalState) -> bool:
    return wish.by_person in {found.prepared_by, found.sent_by}


def _as_act(draft: EntryDraft, inner: PostingRequest) -> Act:
    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del records
        if entry is None:
            raise TypeError("the act posts its entry before it renders")
        return inner.render(entry, state)

    return Act((), render, entry=draft)


def _record(wish: Decision, decided_at: datetime) -> RecordDraft:
    def content(entry: PostedEntry | None) -> dict[str, Json]:
        return {
            "proposal": str(wish.proposal),
            "outcome": wish.outcome,
            "by": wish.by_person,
            "reason": wish.reason,
            "decided_at": instant(decided_at),
            "entry": None if entry is None else str(entry.id),
            "seq": None if entry is None else entry.seq,
            "entry_hash": None if entry is None else entry.hash.hex(),
        }

    row = SideRow(
        "decision",
        {
            "proposal": wish.proposal,
            "position": Fill.POSITION,
            "outcome": wish.outcome,
            "by_person": wish.by_person,
            "reason": wish.reason,
            "seq": Fill.SEQ,
            "decided_at": Fill.AT,
        },
    )
    return RecordDraft("decision", content, (row,))


def _decided(wish: Decision, state: BookState) -> None:
    state.proposals[wish.proposal] = replace(state.proposals[wish.proposal], status=wish.outcome)
