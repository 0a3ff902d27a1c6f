"""Random sequences of operations, decided by the ledger's rules and by a plain model, agree at every step."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import Problem
from ledger.budgets import rules as budgets
from ledger.funds import rules as funds
from ledger.journal.drafts import EntryDraft, PostedEntry
from ledger.journal.state import BookState
from tests.support.fund_book import FundBook
from tests.support.fund_model import FUNDS, OK, SOURCES, FundModel, Operation, operations

BEGINNING = [
    *(
        Operation("receipt", fund, 60, source, 2021, early=True, target=0, part=0)
        for fund in FUNDS
        for source in ("central", "county")
    ),
    *(Operation("allotment", fund, 90, None, 2021, early=True, target=0, part=0) for fund in FUNDS),
]


class Driver:
    """Does the model's steps on the rules, keeping the ids of what came of them."""

    def __init__(self) -> None:
        self.book = FundBook(*FUNDS)
        self.encumbrances: list[UUID] = []
        self.liquidations: list[list[UUID]] = []

    def do(self, step: Operation, model: FundModel) -> str:
        outcome = self.book.post(lambda state: self._decide(step, model, state))
        if isinstance(outcome, Problem):
            return outcome.code
        if step.name == "encumber":
            self.encumbrances.append(UUID(int=len(self.encumbrances) + 1))
            self.liquidations.append([])
        elif step.name == "liquidate":
            number = model.target(step)
            assert number is not None
            self.liquidations[number].append(outcome.id)
        return OK

    def _decide(self, step: Operation, model: FundModel, state: BookState) -> EntryDraft | Problem:
        voucher = funds.Voucher(date.fromisoformat(step.on), "li", "li")
        match step.name:
            case "receipt":
                return funds.decide_receipt(funds.Receipt(step.fund, step.fen, step.source or "county", voucher), state)
            case "allotment":
                return budgets.decide_allotment(budgets.Allotment(step.fund, step.fen, step.year, "文", voucher), state)
            case "payment":
                return funds.decide_payment(
                    funds.Payment(step.fund, step.fen, step.year, "p", "用途", step.source, voucher), state
                )
            case "encumber":
                new = UUID(int=len(self.encumbrances) + 1)
                wish = budgets.Encumbering(new, step.fund, step.year, step.fen, "用途", None, voucher)
                return budgets.decide_encumbering(wish, state)
        return self._decide_on_encumbrance(step, model, state, voucher)

    def _decide_on_encumbrance(
        self, step: Operation, model: FundModel, state: BookState, voucher: funds.Voucher
    ) -> EntryDraft | Problem:
        number = model.target(step)
        assert number is not None
        found = self.encumbrances[number]
        if step.name == "liquidate":
            return budgets.decide_liquidation(budgets.Liquidation(found, step.fen, "p", step.source, voucher), state)
        if step.name == "release":
            return budgets.decide_release(budgets.Release(found, None, voucher), state)
        part = model.part(step)
        assert part is not None
        return budgets.decide_return(budgets.Return(found, self.liquidations[number][part], "退", voucher), state)


def assert_equal(state: BookState, model: FundModel, driver: Driver) -> None:
    for fund in FUNDS:
        for year in (2021, 2022):
            key = (fund, year)
            assert state.balance(fund, "allotted", year) == model.allotted[key]
            assert -state.balance(fund, "available", year) == model.available[key]
            assert -state.balance(fund, "encumbered", year) == model.encumbered[key]
            for source in SOURCES:
                assert -state.balance(fund, "expended", year, source) == model.expended[fund, year, source]
            spent = model.expended_of(fund, year)
            assert model.allotted[key] == model.available[key] + model.encumbered[key] + spent
            remainders = sum(one.remaining for one in model.encumbrances if (one.fund, one.year) == key)
            assert remainders == model.encumbered[key]
        for source in SOURCES:
            assert state.balance(fund, "1002", 0, source) == model.cash[fund, source]
        assert state.balance_of(fund, "5001") == model.expense[fund]
    for number, expected in enumerate(model.encumbrances):
        found = state.encumbrances[driver.encumbrances[number]]
        stands = (found.remaining_fen, found.payable_fen, found.released_fen, found.status(state.now))
        assert stands == (expected.remaining, expected.payable, expected.released, expected.status)


def assert_whole(entries: dict[UUID, PostedEntry], state: BookState) -> None:
    """Balances equal the sums of postings, and each entry balances on each basis."""
    sums: dict[tuple[str, str, int, str, str], int] = {}
    for entry in entries.values():
        bases: dict[tuple[str, str, int], int] = {}
        for line in entry.postings:
            key = (line.fund, line.account, line.budget_year, line.source, line.purpose_code)
            sums[key] = sums.get(key, 0) + line.signed_fen
            basis = (line.fund, state.chart[line.fund, line.account].basis, line.budget_year)
            bases[basis] = bases.get(basis, 0) + line.signed_fen
        assert not any(bases.values())
    assert sums == state.balances


@given(st.lists(operations, min_size=10, max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_operations_ends_where_the_model_says(steps: list[Operation]) -> None:
    model, driver = FundModel(), Driver()
    # Money and budget to begin with, so that most sequences get somewhere.
    for first in BEGINNING:
        assert driver.do(first, model) == model.apply(first) == OK
    for step in steps:
        if step.name in {"liquidate", "release"} and model.target(step) is None:
            continue
        if step.name == "return" and model.part(step) is None:
            continue
        # The driver first: the model's target must not have moved yet.
        came = driver.do(step, model)
        assert came == model.apply(step), step
        assert_equal(driver.book.state, model, driver)
    assert_whole(driver.book.state.entries, driver.book.state)
