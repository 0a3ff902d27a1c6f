"""SQL attacks on maker and checker, as the service's own role: who decides, what an approval lets through, what the chain says of it.

The last line of defence: a service that forgot every rule of its own could still not let a preparer approve.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.databases import Database
from tests.support.ledger_engine import BOOK, DAY, Forger, broken_totals, connect, seed_book

pytestmark = pytest.mark.anyio

FP_RECORD, FP_PERSON = "FP010", "FP020"
UNIQUE, CHECK, DENIED = "23505", "23514", "42501"
INCOME = (("1002", "debit", 100), ("4001", "credit", 100))
NOW = datetime(2026, 1, 20, 3, 0, tzinfo=UTC)
ARGUMENTS = {"fund": "repair", "body": {"amount_fen": 100}}


@dataclass
class Desk:
    """Writes proposals and decisions past every rule of the service: honestly unless told otherwise."""

    forger: Forger

    async def proposal(self, told: dict[str, object] | None = None, /, **changes: object) -> UUID:
        """Insert a proposal by li, sent by svc; ``told`` replaces what its record says, ``changes`` columns of its row."""
        said: dict[str, Any] = {
            "id": str(uuid4()),
            "operation": "receipt",
            "kind": "receipt",
            "funds": ["repair"],
            "amount_fen": 100,
            "period": "2026-01",
            "effective_on": DAY.isoformat(),
            "description": "测试",
            "reference": None,
            "prepared_by": "li",
            "sent_by": "svc",
        }
        record = said | {"arguments": ARGUMENTS} | (told or {})
        position = await self.forger.record(None, kind="proposal", content=json.dumps(record))
        row = said | {
            "book": BOOK,
            "id": UUID(said["id"]),
            "position": position,
            "effective_on": DAY,
            "arguments": json.dumps(ARGUMENTS),
            "proposed_at": NOW,
        }
        await self.forger._insert("proposal", row | changes)
        return UUID(said["id"])

    async def entry(self, **changes: object) -> int:
        """Insert what the proposal asks for: by li, reviewed and posted by wang."""
        people = {"prepared_by": "li", "reviewed_by": "wang", "posted_by": "wang"}
        return await self.forger.honest(*INCOME, **({"kind": "receipt", "posted_at": NOW} | people | changes))

    async def decision(
        self, proposal: UUID, outcome: str, by: str, seq: int | None = None, told: dict[str, object] | None = None
    ) -> None:
        """Insert a decision beside its record; ``told`` replaces what the record says."""
        entry = await self.forger.connection.fetchrow(
            "SELECT e.id, r.hash FROM journal_entry e JOIN chain_record r USING (book, seq) WHERE book = $1 AND seq = $2",
            BOOK,
            seq,
        )
        record = {
            "proposal": str(proposal),
            "outcome": outcome,
            "by": by,
            "reason": "理由",
            "seq": seq,
            "entry": None if entry is None else str(entry["id"]),
            "entry_hash": None if entry is None else entry["hash"].hex(),
        }
        position = await self.forger.record(None, kind="decision", content=json.dumps(record | (told or {})))
        row = {
            "book": BOOK,
            "proposal": proposal,
            "position": position,
            "outcome": outcome,
            "by_person": by,
            "reason": "理由",
            "seq": seq,
            "decided_at": NOW,
        }
        await self.forger._insert("decision", row)


@pytest.fixture
async def desk(ledger_database: Database) -> AsyncIterator[Desk]:
    await seed_book(ledger_database.service_url)
    connection = await connect(ledger_database.service_url)
    made = Desk(Forger(connection))
    await made.forger.month()
    yield made
    await connection.close()


@pytest.fixture
async def proposal(desk: Desk) -> UUID:
    async with desk.forger.connection.transaction():
        return await desk.proposal()


async def refused(code: str, attack: Callable[[], Awaitable[object]], desk: Desk) -> None:
    """The attack's transaction fails with this SQLSTATE and leaves nothing behind."""
    connection = desk.forger.connection
    head = tuple(await desk.forger.head())
    with pytest.raises(asyncpg.PostgresError) as raised:
        async with connection.transaction():
            await attack()
    assert raised.value.sqlstate == code, raised.value
    assert tuple(await desk.forger.head()) == head
    assert await broken_totals(connection) == []


async def approved(desk: Desk, proposal: UUID, by: str = "wang", /, **changes: object) -> int:
    """An entry and the approval that let it through, in one transaction."""
    async with desk.forger.connection.transaction():
        seq = await desk.entry(**changes)
        await desk.decision(proposal, "approved", by, seq)
    return seq


@pytest.mark.parametrize(("outcome", "by"), [("refused", "wang"), ("withdrawn", "li"), ("withdrawn", "svc")])
async def test_honest_rows_without_an_entry_are_accepted(desk: Desk, proposal: UUID, outcome: str, by: str) -> None:
    async with desk.forger.connection.transaction():
        await desk.decision(proposal, outcome, by)


async def test_an_honest_approval_is_accepted_with_its_entry(desk: Desk, proposal: UUID) -> None:
    assert await approved(desk, proposal) == 1


@pytest.mark.parametrize(
    ("outcome", "by"), [("refused", "li"), ("refused", "svc"), ("withdrawn", "wang"), ("withdrawn", "admin")]
)
async def test_nobody_decides_what_is_not_theirs_to_decide(desk: Desk, proposal: UUID, outcome: str, by: str) -> None:
    await refused(FP_PERSON, lambda: desk.decision(proposal, outcome, by), desk)


@pytest.mark.parametrize("by", ["li", "svc"])
async def test_who_prepared_or_sent_does_not_approve(desk: Desk, proposal: UUID, by: str) -> None:
    await refused(FP_PERSON, lambda: approved(desk, proposal, by), desk)


async def test_an_approval_without_an_entry_is_none(desk: Desk, proposal: UUID) -> None:
    await refused(CHECK, lambda: desk.decision(proposal, "approved", "wang"), desk)


@pytest.mark.parametrize(
    "changes",
    [{"kind": "payment"}, {"prepared_by": "zhao"}, {"reviewed_by": "zhao"}, {"reviewed_by": None}],
    ids=lambda changes: "-".join(map(str, changes)),
)
async def test_an_approval_lets_through_what_was_proposed(
    desk: Desk, proposal: UUID, changes: dict[str, object]
) -> None:
    await refused(FP_PERSON, lambda: approved(desk, proposal, **changes), desk)


async def test_an_entry_posted_before_the_proposal_is_not_what_it_asked_for(desk: Desk) -> None:
    async with desk.forger.connection.transaction():
        seq = await desk.entry()
        late = await desk.proposal()
    await refused(FP_PERSON, lambda: desk.decision(late, "approved", "wang", seq), desk)


async def test_an_entry_posted_in_another_act_is_not_the_approvals(desk: Desk, proposal: UUID) -> None:
    async with desk.forger.connection.transaction():
        seq = await desk.entry(posted_at=datetime(2026, 1, 19, tzinfo=UTC))
    await refused(FP_PERSON, lambda: desk.decision(proposal, "approved", "wang", seq), desk)


async def test_one_entry_answers_one_proposal(desk: Desk, proposal: UUID) -> None:
    async with desk.forger.connection.transaction():
        twin = await desk.proposal()
    seq = await approved(desk, proposal)
    await refused(UNIQUE, lambda: desk.decision(twin, "approved", "wang", seq), desk)


@pytest.mark.parametrize(("outcome", "by"), [("refused", "wang"), ("withdrawn", "li")])
async def test_a_proposal_is_decided_once(desk: Desk, proposal: UUID, outcome: str, by: str) -> None:
    await approved(desk, proposal)
    await refused(UNIQUE, lambda: desk.decision(proposal, outcome, by), desk)


@pytest.mark.parametrize(
    "told",
    [
        {"by": "zhao"},
        {"outcome": "approved"},
        {"reason": "别的"},
        {"proposal": str(uuid4())},
        {"seq": 1},
    ],
    ids="-".join,
)
async def test_a_decision_is_what_its_record_says(desk: Desk, proposal: UUID, told: dict[str, object]) -> None:
    await refused(FP_RECORD, lambda: desk.decision(proposal, "refused", "wang", told=told), desk)


@pytest.mark.parametrize("told", [{"entry": str(uuid4())}, {"entry_hash": "00"}], ids="-".join)
async def test_an_approvals_record_names_its_entry_and_hash(
    desk: Desk, proposal: UUID, told: dict[str, object]
) -> None:
    async def attack() -> None:
        await desk.decision(proposal, "approved", "wang", await desk.entry(), told=told)

    await refused(FP_PERSON, attack, desk)


async def test_a_decision_without_its_record_is_none(desk: Desk, proposal: UUID) -> None:
    async def attack() -> None:
        position = await desk.forger.record(None)
        row = {"book": BOOK, "proposal": proposal, "position": position, "outcome": "refused", "by_person": "wang"}
        await desk.forger._insert("decision", row | {"reason": "x", "decided_at": NOW})

    await refused(FP_RECORD, attack, desk)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 1},
        {"prepared_by": "zhao"},
        {"sent_by": "zhao"},
        {"kind": "payment"},
        {"operation": "payment"},
        {"period": "2026-02"},
        {"description": "别的"},
        {"funds": ["health"]},
        {"arguments": json.dumps({"fund": "repair", "body": {"amount_fen": 1}})},
    ],
    ids="-".join,
)
async def test_a_proposal_is_what_its_record_says(desk: Desk, changes: dict[str, object]) -> None:
    await refused(FP_RECORD, lambda: desk.proposal(**changes), desk)


async def test_a_proposal_without_its_record_is_none(desk: Desk, proposal: UUID) -> None:
    async def attack() -> None:
        await desk.proposal(position=await desk.forger.record(None))

    await refused(FP_RECORD, attack, desk)


async def test_rules_are_what_their_record_says(desk: Desk) -> None:
    rules = [{"kind": "*", "fund": "*", "from_fen": 0}]

    async def policy(told: object, by: str = "admin-1") -> None:
        content = json.dumps({"rules": told, "set_by": "admin-1"})
        position = await desk.forger.record(None, kind="approval_rules", content=content)
        row = {"book": BOOK, "position": position, "rules": json.dumps(rules), "set_by": by, "set_at": NOW}
        await desk.forger._insert("approval_policy", row)

    await refused(FP_RECORD, lambda: policy([]), desk)
    await refused(FP_RECORD, lambda: policy(rules, by="zhao"), desk)
    async with desk.forger.connection.transaction():
        await policy(rules)


async def test_no_voucher_is_reviewed_by_who_prepared_it(desk: Desk) -> None:
    await refused(CHECK, lambda: desk.entry(prepared_by="wang"), desk)


@pytest.mark.parametrize("table", ["proposal", "decision", "approval_policy"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET position = 1", "DELETE FROM {}", "TRUNCATE {}"])
async def test_what_was_said_stays_said(desk: Desk, table: str, verb: str) -> None:
    await refused(DENIED, lambda: desk.forger.connection.execute(verb.format(table)), desk)
