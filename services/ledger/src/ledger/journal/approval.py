"""Maker and checker inside the chain: which entries need a second person 复核, and the proposal that waits for one. Pure.

Which they are is data of the book (``ApprovalRule``), or the entry's own template says so. What is proposed was decided by the same
rules as what is posted, and is decided again when it is approved. docs/adr/0014-maker-and-checker.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.ids import uuid7
from ledger.journal.chain import canonical_text, instant
from ledger.journal.drafts import Act, Fill, RecordDraft, SideRow
from ledger.journal.state import ProposalState
from ledger.problems import AMOUNT_OUT_OF_RANGE, SECOND_PERSON_NEEDED

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from common.errors import Problem
    from ledger.journal.drafts import Deed, EntryDraft, Json, PostedEntry, PostedRecord
    from ledger.journal.state import ApprovalRule, BookState

ACCEPTED = 202
WAITING = "waiting"
MOST_FEN = 2**53 - 1
"""The most a proposal may be about: the largest number every reader of JSON takes exactly."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A wish recorded in the chain: what is to be done, how much money it is about, and whose wish it is."""

    id: UUID
    operation: str
    kind: str
    funds: tuple[str, ...]
    amount_fen: int
    period: str
    effective_on: str
    description: str
    reference: str | None
    prepared_by: str
    sent_by: str
    proposed_at: datetime


def amount_of(draft: EntryDraft, state: BookState) -> int:
    """Return what an entry is about in fen: its debits on the basis on which they are largest."""
    sums: dict[str, int] = {}
    for line in draft.lines:
        account = state.account(line.fund, line.account)
        if line.side == "debit" and account is not None:
            sums[account.basis] = sums.get(account.basis, 0) + line.amount_fen
    return max(sums.values(), default=0)


def reviews_oneself(deed: Deed | None, draft: EntryDraft) -> bool:
    """Tell whether a voucher names as its reviewer who prepared it, or the very caller who sends it.

    Whoever sends a voucher with a reviewer's name says that another person looked at it. An approval sends nothing (no ``deed``): there
    the reviewer is the checker who calls.
    """
    if draft.reviewed_by is None:
        return False
    return draft.reviewed_by == draft.prepared_by or (deed is not None and draft.reviewed_by == deed.sent_by)


def needs_second_person(draft: EntryDraft, state: BookState) -> bool:
    """Tell whether an entry waits for a second person: nobody reviewed it yet, and its template or a rule of the book asks for it."""
    if draft.reviewed_by is not None:
        return False
    if draft.needs_approval:
        return True
    if not state.approval_rules:
        return False
    return rules_ask(draft.kind, {line.fund for line in draft.lines}, amount_of(draft, state), state)


def rules_ask(kind: str, funds: set[str], amount_fen: int, state: BookState) -> bool:
    """Tell whether a rule of the book asks for a second person for an entry of this kind, on these funds, about so much."""
    return any(_covers(rule, kind, funds, amount_fen) for rule in state.approval_rules)


def _covers(rule: ApprovalRule, kind: str, funds: set[str], amount_fen: int) -> bool:
    fund_fits = rule.fund == "*" or any(fund == rule.fund or fund.startswith(f"{rule.fund}.") for fund in funds)
    return rule.kind in ("*", kind) and fund_fits and amount_fen >= rule.from_fen


def propose(deed: Deed | None, draft: EntryDraft, state: BookState) -> Act | Problem:
    """Return the act that records the wish and lets it wait.

    Refusals: second_person_needed, if it could not be done again; amount_out_of_range, beyond what the chain's JSON holds exactly.
    """
    if deed is None:
        return SECOND_PERSON_NEEDED.error()
    if amount_of(draft, state) > MOST_FEN:
        return AMOUNT_OUT_OF_RANGE.error()
    wish = Proposal(
        id=uuid7(),
        operation=deed.operation,
        kind=draft.kind,
        funds=tuple(dict.fromkeys(line.fund for line in draft.lines)),
        amount_fen=amount_of(draft, state),
        period=draft.booked_in,
        effective_on=draft.effective_on.isoformat(),
        description=draft.description,
        reference=draft.reference,
        prepared_by=deed.prepared_by,
        sent_by=deed.sent_by,
        proposed_at=state.now,
    )
    arguments = dict(deed.arguments())

    def content(entry: PostedEntry | None) -> dict[str, Json]:
        del entry
        return {**_plain(wish), "proposed_at": instant(wish.proposed_at), "arguments": arguments}

    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del entry, state
        return {"proposal": proposal_json(wish, WAITING, position=records[0].position)}

    def waits(state: BookState) -> None:
        state.proposals[wish.id] = ProposalState(
            wish.id, WAITING, wish.operation, wish.prepared_by, wish.sent_by, wish.amount_fen
        )

    return Act(
        (RecordDraft("proposal", content, (_row(wish, arguments, draft),)),), render, status=ACCEPTED, moves=waits
    )


def _row(wish: Proposal, arguments: dict[str, Json], draft: EntryDraft) -> SideRow:
    return SideRow(
        "proposal",
        {
            "id": wish.id,
            "position": Fill.POSITION,
            "operation": wish.operation,
            "kind": wish.kind,
            "funds": list(wish.funds),
            "amount_fen": wish.amount_fen,
            "period": wish.period,
            "effective_on": draft.effective_on,
            "description": wish.description,
            "reference": wish.reference,
            "prepared_by": wish.prepared_by,
            "sent_by": wish.sent_by,
            "arguments": canonical_text(arguments),
            "proposed_at": Fill.AT,
        },
    )


def _plain(wish: Proposal) -> dict[str, Json]:
    return {
        "id": str(wish.id),
        "operation": wish.operation,
        "kind": wish.kind,
        "funds": list(wish.funds),
        "amount_fen": wish.amount_fen,
        "period": wish.period,
        "effective_on": wish.effective_on,
        "description": wish.description,
        "reference": wish.reference,
        "prepared_by": wish.prepared_by,
        "sent_by": wish.sent_by,
    }


def proposal_json(wish: Proposal, status: str, *, position: int) -> dict[str, Json]:
    """Return a proposal as every answer shows it, without what it was asked with."""
    return {**_plain(wish), "status": status, "proposed_at": instant(wish.proposed_at), "position": position}
