"""Versions of the budget and transfers between funds: their lines, worked out by hand, and their refusals."""

from __future__ import annotations

from datetime import date
from functools import partial
from uuid import UUID

import pytest

from common.errors import Problem
from ledger.appropriations.rules import (
    Change,
    Settlement,
    Transfer,
    Version,
    VersionKind,
    decide_settlement,
    decide_transfer,
    decide_version,
    execution_bp,
)
from ledger.budgets.rules import Allotment, decide_allotment
from ledger.funds.rules import Receipt, Voucher, decide_receipt
from ledger.journal.drafts import Act, EntryDraft, LineDraft, PostedEntry
from ledger.journal.state import PurposeState
from tests.support.fund_book import FundBook

VOUCHER = Voucher(effective_on=date(2021, 3, 4), prepared_by="li", posted_by="li")
ITEM = UUID(int=5)
Line = tuple[str, str, str, int, str | None, str]


def funded() -> FundBook:
    """Health has 70 of central and 30 of county money and a budget of 90; wages is a purpose of health."""
    book = FundBook("health", "repair")
    for fen, source in ((70, "central"), (30, "county")):
        book.posted(partial(decide_receipt, Receipt("health", fen, source, VOUCHER)))
    book.posted(lambda state: decide_allotment(Allotment("health", 90, 2021, "文1", VOUCHER), state))
    book.state.purposes["health", "wages"] = PurposeState("health", "wages", frozenset(), frozenset())
    return book


def version(kind: VersionKind, *changes: tuple[str, str, int], year: int = 2021) -> Version:
    return Version(year, kind, "县人大", "1号", date(2021, 3, 1), tuple(Change(*change) for change in changes), VOUCHER)


def transfer(fen: int, settled_by: str = "cash", **changes: object) -> Transfer:
    said: dict[str, object] = {
        "from_fund": "health",
        "to_fund": "repair",
        "amount_fen": fen,
        "fiscal_year": 2021,
        "settled_by": settled_by,
        "source": None,
        "from_purpose": "",
        "to_purpose": "",
        "authority": "文2",
        "reason": "不足",
        "new_item": ITEM,
        "voucher": VOUCHER,
    }
    return Transfer(**{**said, **changes})  # type: ignore[arg-type]  # each as its field wants it


def lines_of(lines: tuple[LineDraft, ...]) -> list[Line]:
    return [(one.fund, one.account, one.side, one.amount_fen, one.source or None, one.purpose_code) for one in lines]


def test_a_version_is_one_entry_with_two_control_lines_a_change() -> None:
    act = decide_version(
        version("original", ("health", "", 40), ("health", "wages", 25), ("repair", "", 7)), funded().state
    )
    assert isinstance(act, Act)
    assert act.entry is not None
    assert act.entry.kind == "budget_version"
    assert lines_of(act.entry.lines) == [
        ("health", "allotted", "debit", 40, None, ""),
        ("health", "available", "credit", 40, None, ""),
        ("health", "allotted", "debit", 25, None, "wages"),
        ("health", "available", "credit", 25, None, "wages"),
        ("repair", "allotted", "debit", 7, None, ""),
        ("repair", "available", "credit", 7, None, ""),
    ]
    assert [record.kind for record in act.records] == ["budget"]
    assert act.records[0].rows[0].values["version"] == 1


def test_less_budget_turns_the_sides_and_a_move_is_both() -> None:
    book = funded()
    book.state.budget_versions[2021] = 3
    act = decide_version(version("moved", ("health", "", -20), ("health", "wages", 20)), book.state)
    assert isinstance(act, Act)
    assert act.entry is not None
    assert lines_of(act.entry.lines) == [
        ("health", "available", "debit", 20, None, ""),
        ("health", "allotted", "credit", 20, None, ""),
        ("health", "allotted", "debit", 20, None, "wages"),
        ("health", "available", "credit", 20, None, "wages"),
    ]
    assert act.records[0].rows[0].values["version"] == 4


@pytest.mark.parametrize(
    ("order", "versions", "code"),
    [
        (version("amended", ("health", "", 1)), 0, "out_of_order"),
        (version("original", ("health", "", 1)), 1, "out_of_order"),
        (version("moved", ("health", "", -1), ("repair", "", 2)), 1, "invalid_request"),
        (version("amended", ("health", "", 0)), 1, "invalid_request"),
        (version("amended", ("health", "", 1), ("health", "", 2)), 1, "invalid_request"),
        (version("amended", ("nowhere", "", 1)), 1, "not_found"),
        (version("amended", ("health", "other", 1)), 1, "not_found"),
        (version("amended", ("health", "", -91)), 1, "insufficient_funds"),
        (version("amended", ("health", "wages", -1)), 1, "insufficient_funds"),
        (version("original", ("health", "", 1), year=2023), 0, "invalid_request"),
    ],
)
def test_a_version_is_refused(order: Version, versions: int, code: str) -> None:
    book = funded()
    if versions:
        book.state.budget_versions[2021] = versions
    refusal = decide_version(order, book.state)
    assert isinstance(refusal, Problem)
    assert refusal.code == code


def test_next_years_budget_can_be_decided_already() -> None:
    assert isinstance(decide_version(version("original", ("health", "", 1), year=2022), funded().state), Act)


def test_a_transfer_in_cash_books_both_funds_and_names_the_other_on_every_line() -> None:
    draft = decide_transfer(transfer(80, to_purpose=""), funded().state)
    assert isinstance(draft, EntryDraft)
    assert draft.needs_approval
    assert draft.new_item is None
    assert lines_of(draft.lines) == [
        ("health", "300101", "debit", 80, None, ""),
        ("health", "1002", "credit", 70, "central", ""),
        ("health", "1002", "credit", 10, "county", ""),
        ("health", "8101", "debit", 80, None, ""),
        ("health", "8001", "credit", 80, None, ""),
        ("health", "available", "debit", 80, None, ""),
        ("health", "allotted", "credit", 80, None, ""),
        ("repair", "1002", "debit", 70, "central", ""),
        ("repair", "1002", "debit", 10, "county", ""),
        ("repair", "300101", "credit", 80, None, ""),
        ("repair", "8001", "debit", 80, None, ""),
        ("repair", "8101", "credit", 80, None, ""),
        ("repair", "allotted", "debit", 80, None, ""),
        ("repair", "available", "credit", 80, None, ""),
    ]
    assert {(one.fund, one.memo) for one in draft.lines} == {
        ("health", "对方基金：repair"),
        ("repair", "对方基金：health"),
    }
    assert (draft.metadata["from_fund"], draft.metadata["to_fund"]) == ("health", "repair")


def owed() -> tuple[FundBook, PostedEntry]:
    """A transfer of 60 that is owed, as it stands once approved."""
    book = funded()
    reviewed = Voucher(date(2021, 3, 4), prepared_by="li", posted_by="wang", reviewed_by="wang")
    order = transfer(60, "due", voucher=reviewed)
    return book, book.posted(lambda state: decide_transfer(order, state))


def test_a_transfer_that_is_owed_moves_budget_and_no_money_until_it_is_settled() -> None:
    book, entry = owed()
    assert [(one.fund, one.account, one.side, one.amount_fen) for one in entry.postings] == [
        ("health", "300101", "debit", 60),
        ("health", "230701", "credit", 60),
        ("health", "available", "debit", 60),
        ("health", "allotted", "credit", 60),
        ("repair", "121801", "debit", 60),
        ("repair", "300101", "credit", 60),
        ("repair", "allotted", "debit", 60),
        ("repair", "available", "credit", 60),
    ]
    assert (book.state.items[ITEM].party_ref, book.state.items[ITEM].remaining_fen) == ("health", 60)
    settled = book.posted(lambda state: decide_settlement(Settlement(ITEM, 45, "central", VOUCHER), state))
    assert [(one.fund, one.account, one.side, one.amount_fen, one.source) for one in settled.postings] == [
        ("health", "230701", "debit", 45, ""),
        ("health", "1002", "credit", 45, "central"),
        ("health", "8101", "debit", 45, ""),
        ("health", "8001", "credit", 45, ""),
        ("repair", "1002", "debit", 45, "central"),
        ("repair", "121801", "credit", 45, ""),
        ("repair", "8001", "debit", 45, ""),
        ("repair", "8101", "credit", 45, ""),
    ]
    assert book.state.items[ITEM].remaining_fen == 15
    assert book.refused(lambda state: decide_settlement(Settlement(ITEM, 16, None, VOUCHER), state)).code == (
        "amount_exceeds_remaining"
    )
    assert book.refused(lambda state: decide_settlement(Settlement(UUID(int=6), 1, None, VOUCHER), state)).code == (
        "not_found"
    )


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (transfer(91), "insufficient_funds"),
        (transfer(31, source="county"), "insufficient_funds"),
        (transfer(1, from_purpose="wages"), "insufficient_funds"),
        (transfer(1, to_fund="health"), "invalid_request"),
        (transfer(1, "due", source="county"), "invalid_request"),
        (transfer(1, fiscal_year=2022), "invalid_request"),
        (transfer(1, to_fund="nowhere"), "not_found"),
    ],
)
def test_a_transfer_is_refused(order: Transfer, code: str) -> None:
    refusal = decide_transfer(order, funded().state)
    assert isinstance(refusal, Problem)
    assert refusal.code == code


@pytest.mark.parametrize(
    ("expended", "budget", "bp"),
    [(0, 0, None), (5, 0, None), (5, -3, None), (0, 3, 0), (1, 3, 3333), (2, 3, 6667), (1, 20_000, 1), (4, 2, 20_000)],
)
def test_the_execution_rate_is_in_basis_points_half_up(expended: int, budget: int, bp: int | None) -> None:
    assert execution_bp(expended, budget) == bp
