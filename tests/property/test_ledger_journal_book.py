"""Whatever is posted, by groups of any make-up: the book keeps every invariant, in the real database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from uuid import UUID

import asyncpg
import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.ids import uuid7
from deploy.local.databases import Database
from ledger.journal import store
from ledger.journal.chain import Link, entry_hash
from ledger.journal.decide import Ticket
from ledger.journal.drafts import Answer, EntryDraft, LineDraft, Needs, NewEncumbrance, PostingRequest
from ledger.journal.engine import EngineLimits, PostingEngine
from ledger.journal.rows import book_state
from ledger.journal.state import BookState
from tests.support.ledger_engine import (
    accrual,
    broken_totals,
    connect,
    draft,
    line,
    receipt,
    request,
    seed_book,
    spending,
)

FUNDS = ("repair", "health")
BOOKS = count(100_000)


@dataclass(frozen=True)
class Step:
    """One thing somebody wants posted; ``pick`` chooses among what was posted before."""

    what: str
    fund: str
    amount_fen: int
    day: date
    source: str
    pick: int


steps = st.builds(
    Step,
    st.sampled_from(
        [
            "receipt",
            "receipt",
            "spending",
            "accrual",
            "allotment",
            "encumber",
            "release",
            "reversal",
            "unbalanced",
            "nul",
            "future",
        ]
    ),
    st.sampled_from(FUNDS),
    st.integers(1, 500),
    st.integers(0, 200).map(lambda days: date(2026, 1, 1) + timedelta(days)),
    st.sampled_from(["central", "county", "donation"]),
    st.integers(0, 50),
)
groups = st.lists(st.lists(steps, min_size=1, max_size=12), min_size=1, max_size=6)


class Clerk:
    """Turns steps into requests, naming entries and encumbrances that exist."""

    def __init__(self, book: str) -> None:
        self.book = book
        self.entries: list[UUID] = []
        self.encumbrances: list[tuple[UUID, str]] = []
        self._keys = count()

    def wish(self, step: Step) -> PostingRequest:
        """The request of one step."""
        key = f"k{next(self._keys)}"
        if step.what == "reversal" and self.entries:
            return self._reversal(self.entries[step.pick % len(self.entries)], step, key)
        return request(self._draft(step), key, book=self.book)

    def _draft(self, step: Step) -> EntryDraft:  # noqa: PLR0911 - one for each kind of step
        fund, fen, year = step.fund, step.amount_fen, 2026
        match step.what:
            case "receipt":
                return receipt(fen, fund, step.source, step.day)
            case "spending":
                return spending(fen, fund, step.day)
            case "allotment":
                lines = (
                    line("allotted", "debit", fen, fund, budget_year=year),
                    line("available", "credit", fen, fund, budget_year=year),
                )
                return draft("allotment", *lines, on=step.day)
            case "encumber":
                new = NewEncumbrance(uuid7(), fund, year, fen, "x")
                self.encumbrances.append((new.id, fund))
                return draft("encumber", *_reserving(new.id, fund, fen), on=step.day, new_encumbrance=new)
            case "release" if self.encumbrances:
                held, of_fund = self.encumbrances[step.pick % len(self.encumbrances)]
                return draft("release", *reversed(_reserving(held, of_fund, fen, back=True)), on=step.day)
            case "unbalanced":
                return draft(
                    "journal", line("5001", "debit", fen, fund), line("2303", "credit", fen + 1, fund), on=step.day
                )
            case "nul":
                return accrual(fen, fund, step.day, description="\x00")
            case "future":
                return accrual(fen, fund, date(2199, 1, 1))
            case _:
                return accrual(fen, fund, step.day)

    def _reversal(self, undone: UUID, step: Step, key: str) -> PostingRequest:
        def plan(state: BookState) -> EntryDraft:
            entry = state.entry(undone)
            assert entry is not None
            lines = tuple(
                LineDraft(one.fund, one.account, one.side, one.amount_fen, one.budget_year, one.source)
                for one in entry.postings
            )
            return draft("reversal", *lines, on=step.day, red=True, undoes=undone)

        needs = Needs(entries=frozenset({undone}))
        plain = request(accrual(1), key, book=self.book)
        return PostingRequest(self.book, key, plain.fingerprint, needs, plan, plain.render)

    def note(self, outcomes: list[object]) -> None:
        """Remember the entries that may be reversed later."""
        shown = [orjson.loads(one.body) for one in outcomes if isinstance(one, Answer) and one.status == 201]
        self.entries += [UUID(one["id"]) for one in shown if one["kind"] in {"journal", "receipt"}]


def _reserving(held: UUID, fund: str, fen: int, *, back: bool = False) -> tuple[LineDraft, LineDraft]:
    debit, credit = ("credit", "debit") if back else ("debit", "credit")
    return (
        line("available", debit, fen, fund, budget_year=2026),
        line("encumbered", credit, fen, fund, budget_year=2026, encumbrance=held),
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=groups, atomic=st.booleans())
def test_a_book_keeps_every_invariant(ledger_database: Database, groups: list[list[Step]], *, atomic: bool) -> None:
    asyncio.run(_keeps_every_invariant(ledger_database.service_url, groups, atomic=atomic))


async def _keeps_every_invariant(url: str, groups: list[list[Step]], *, atomic: bool) -> None:
    book = str(next(BOOKS))
    await seed_book(url, book=book, funds=FUNDS)
    clerk = Clerk(book)
    async with PostingEngine(url, EngineLimits(group_size=8)) as engine:
        for group in groups:
            wishes = [clerk.wish(step) for step in group]
            outcomes = await engine.post_many(wishes, atomic=atomic and len(group) % 2 == 0)
            clerk.note(list(outcomes))
            again = await engine.post_many(wishes[:1], atomic=False)
            if isinstance(outcomes[0], Answer):
                assert isinstance(again[0], Answer)
                assert (again[0].body, again[0].replayed) == (outcomes[0].body, True)
    connection = await connect(url)
    try:
        assert await broken_totals(connection) == []
        await _verify(connection, book)
    finally:
        await connection.close()


async def _verify(connection: asyncpg.Connection[asyncpg.Record], book: str) -> None:
    """Recompute every entry's hash from the tables."""
    ids = [row[0] for row in await connection.fetch("SELECT id FROM journal_entry WHERE book = $1", book)]
    plain = request(accrual(1), "-", book=book)
    reading = PostingRequest(book, "-", b"", Needs(entries=frozenset(ids)), plain.plan, plain.render)
    entries = book_state(book, await store.load(connection, book, [Ticket(reading)])).entries
    assert len(entries) == len(ids)
    links = await connection.fetch("SELECT position, prev_hash, hash FROM chain_record WHERE book = $1", book)
    by_position = {row["position"]: row for row in links}
    for entry in entries.values():
        row = by_position[entry.position]
        assert entry_hash(Link(book, entry.position, row["prev_hash"]), entry) == row["hash"]
