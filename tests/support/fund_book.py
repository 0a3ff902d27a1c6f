"""A book in memory for tests of rules: plans are decided by the journal's own code, without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count

from common.errors import Problem
from ledger.accounts.chart import chart_of_accounts
from ledger.books.starting_funds import starting_funds
from ledger.journal.decide import Ticket, decide_group
from ledger.journal.drafts import Answer, EntryDraft, Needs, PostedEntry, PostingRequest
from ledger.journal.state import AccountState, BookState, ChainHead, FundState

Plan = Callable[[BookState], EntryDraft | Problem]
TODAY = date(2022, 6, 30)
NOW = datetime(2022, 6, 30, 4, 0, tzinfo=UTC)


class FundBook:
    """A book with some funds, every month of 2021 and 2022 up to today open."""

    def __init__(self, *funds: str, parents: dict[str, str] | None = None) -> None:
        order = starting_funds().source_order
        parent_of = parents or {}
        self._keys = count(1)
        self.state = BookState(
            book="610923",
            first_period="2021-01",
            now=NOW,
            today=TODAY,
            head=ChainHead(0, 0, bytes(32)),
            periods={f"{year}-{month:02d}": "open" for year in (2021, 2022) for month in range(1, 13)},
            vouchers={},
            funds={
                code: FundState(code, parent_of.get(code), code.partition(".")[0], code, code, order, has_opening=False)
                for code in funds
            },
            chart={
                (fund, a.code): AccountState(fund, a.code, a.name_zh, a.basis, a.normal_side, a.guarded)
                for fund in funds
                for a in chart_of_accounts()
            },
            balances={},
            turnover={},
            encumbrances={},
            entries={},
        )

    def post(self, plan: Plan) -> PostedEntry | Problem:
        """Decide and post one plan, as the engine would; the refusal if it is refused."""
        request = PostingRequest(
            book=self.state.book,
            key=f"k{next(self._keys)}",
            fingerprint=b"",
            needs=Needs(),
            plan=plan,
            render=lambda entry, _state: {"id": str(entry.id)},
        )
        (outcome,) = decide_group([Ticket(request)], self.state, {}).outcomes
        if isinstance(outcome, Problem):
            return outcome
        assert isinstance(outcome, Answer)
        body = json.loads(outcome.body)
        if outcome.status != 201:
            return Problem.from_stored(body)
        return next(entry for entry in self.state.entries.values() if str(entry.id) == body["id"])

    def posted(self, plan: Plan) -> PostedEntry:
        """Post a plan that must succeed."""
        outcome = self.post(plan)
        assert isinstance(outcome, PostedEntry), outcome
        return outcome

    def refused(self, plan: Plan) -> Problem:
        """Post a plan that must be refused, and see that it changed nothing."""
        before = (dict(self.state.balances), dict(self.state.encumbrances), self.state.head.seq)
        outcome = self.post(plan)
        assert isinstance(outcome, Problem), outcome
        assert before == (self.state.balances, self.state.encumbrances, self.state.head.seq)
        return outcome
