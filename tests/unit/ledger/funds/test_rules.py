"""Receipts, direct payments and opening balances: what they book, and when they are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from common.errors import Problem
from ledger.budgets.rules import Allotment, decide_allotment
from ledger.funds.answers import budget_ahead_of_cash, fund_after
from ledger.funds.rules import (
    Opening,
    OpeningLine,
    Payment,
    Receipt,
    Voucher,
    decide_opening,
    decide_payment,
    decide_receipt,
)
from ledger.journal.drafts import EntryDraft, PostedEntry, Side
from ledger.journal.state import BookState
from tests.support.fund_book import FundBook

VOUCHER = Voucher(effective_on=date(2021, 3, 4), prepared_by="li", posted_by="li")


def receipt(fen: int, source: str = "county", fund: str = "health") -> Callable[[BookState], EntryDraft | Problem]:
    return lambda state: decide_receipt(Receipt(fund, fen, source, VOUCHER), state)


def allotment(
    fen: int, year: int = 2021, fund: str = "health", voucher: Voucher = VOUCHER
) -> Callable[[BookState], EntryDraft | Problem]:
    return lambda state: decide_allotment(Allotment(fund, fen, year, "文1", voucher), state)


def payment(
    fen: int,
    *,
    fund: str = "health",
    source: str | None = None,
    year: int = 2021,
    voucher: Voucher = VOUCHER,
) -> Callable[[BookState], EntryDraft | Problem]:
    return lambda state: decide_payment(Payment(fund, fen, year, "p-1", "药费", source, voucher), state)


def lines_of(entry: PostedEntry) -> list[tuple[str, str, int, int, str]]:
    return [(p.account, p.side, p.amount_fen, p.budget_year, p.source) for p in entry.postings]


def test_a_payment_books_its_three_bases_and_draws_on_the_sources_in_order() -> None:
    book = FundBook("health")
    book.posted(receipt(70, "county"))
    book.posted(receipt(50, "central"))
    book.posted(receipt(30, "donation"))
    book.posted(allotment(200))
    entry = book.posted(payment(130))
    assert lines_of(entry) == [
        ("5001", "debit", 130, 0, ""),
        ("1002", "credit", 50, 0, "central"),
        ("1002", "credit", 70, 0, "county"),
        ("1002", "credit", 10, 0, "donation"),
        ("7101", "debit", 50, 0, "central"),
        ("7101", "debit", 70, 0, "county"),
        ("7101", "debit", 10, 0, "donation"),
        ("8001", "credit", 130, 0, ""),
        ("available", "debit", 130, 2021, ""),
        ("expended", "credit", 50, 2021, "central"),
        ("expended", "credit", 70, 2021, "county"),
        ("expended", "credit", 10, 2021, "donation"),
    ]
    assert entry.description == "直接支付：药费"
    assert entry.payee_ref == "p-1"
    assert fund_after(book.state, "health", 2021) == {
        "code": "health",
        "fiscal_year": 2021,
        "allotted_fen": 200,
        "encumbered_fen": 0,
        "expended_fen": 130,
        "available_fen": 70,
        "cash_fen": 20,
        "as_of_seq": 5,
    }


def test_the_order_of_sources_is_the_funds_own() -> None:
    book = FundBook("health")
    book.state.funds["health"] = replace(book.state.funds["health"], source_order=("donation", "county"))
    for source in ("central", "county", "donation"):
        book.posted(receipt(50, source))
    book.posted(allotment(200))
    entry = book.posted(payment(120))
    assert [(p.source, p.amount_fen) for p in entry.postings if p.account == "1002"] == [
        ("donation", 50),
        ("county", 50),
        ("central", 20),
    ]


def test_a_named_source_bears_a_payment_alone() -> None:
    book = FundBook("health")
    book.posted(receipt(70, "county"))
    book.posted(receipt(50, "central"))
    book.posted(allotment(200))
    refusal = book.refused(payment(71, source="county"))
    assert refusal.code == "insufficient_funds"
    assert dict(refusal.params) == {
        "fund": "health",
        "account": "1002",
        "fiscal_year": None,
        "source": "county",
        "purpose_code": None,
        "available_fen": 70,
        "requested_fen": 71,
    }
    book.posted(payment(70, source="county"))
    assert book.state.cash_by_source("health") == {"central": 50}


def test_a_payment_beyond_available_is_refused_before_cash_is_looked_at() -> None:
    book = FundBook("health")
    book.posted(receipt(10))
    book.posted(allotment(50))
    refusal = book.refused(payment(51))
    assert (refusal.code, refusal.params["account"], refusal.params["available_fen"]) == (
        "insufficient_funds",
        "available",
        50,
    )
    refusal = book.refused(payment(50))
    assert (refusal.code, refusal.params["account"], refusal.params["available_fen"]) == (
        "insufficient_funds",
        "1002",
        10,
    )


def test_a_late_payment_draws_on_the_budget_year_it_names() -> None:
    book = FundBook("health")
    book.posted(receipt(100))
    book.posted(allotment(60, year=2021))
    book.posted(allotment(40, year=2022))
    late = replace(VOUCHER, effective_on=date(2022, 1, 8))
    book.posted(payment(60, year=2021, voucher=late))
    assert book.state.balance("health", "available", 2021) == 0
    assert book.state.balance("health", "available", 2022) == -40
    assert book.refused(payment(41, year=2022, voucher=late)).code == "insufficient_funds"


@pytest.mark.parametrize("fen", [1, 10**15])
def test_the_whole_of_a_funds_money_can_be_paid(fen: int) -> None:
    book = FundBook("health")
    book.posted(receipt(fen))
    book.posted(allotment(fen))
    book.posted(payment(fen))
    assert book.state.balance_of("health", "1002") == 0
    assert book.refused(payment(1)).code == "insufficient_funds"


@pytest.mark.parametrize(
    ("plan", "code", "field"),
    [
        (payment(1, fund="nowhere"), "not_found", "fund"),
        (receipt(1, fund="nowhere"), "not_found", "fund"),
        (allotment(1, fund="nowhere"), "not_found", "fund"),
        (payment(1, year=2022), "invalid_request", "fiscal_year"),
        (allotment(1, year=2023), "invalid_request", "fiscal_year"),
        (payment(1, voucher=replace(VOUCHER, reviewed_by="li")), "same_person", "reviewed_by"),
        (payment(1, voucher=replace(VOUCHER, effective_on=date(2022, 7, 1))), "invalid_request", "effective_on"),
        (
            payment(1, year=2020, voucher=replace(VOUCHER, effective_on=date(2020, 12, 31))),
            "invalid_request",
            "effective_on",
        ),
        (payment(1, voucher=replace(VOUCHER, effective_on=date(2021, 2, 3))), "period_closed", "effective_on"),
        (allotment(1, voucher=replace(VOUCHER, effective_on=date(2021, 2, 3))), "period_closed", "effective_on"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_before_its_money_is_looked_at(
    plan: Callable[[BookState], EntryDraft | Problem], code: str, field: str
) -> None:
    book = FundBook("health")
    book.state.periods["2021-02"] = "closed"
    refusal = book.refused(plan)
    assert (refusal.code, refusal.field) == (code, field)


def test_an_allotment_may_be_booked_for_next_year() -> None:
    book = FundBook("health")
    book.posted(allotment(5, year=2022))
    assert book.state.balance("health", "available", 2022) == -5


def test_allotting_more_than_the_cash_at_hand_warns() -> None:
    book = FundBook("health")
    book.posted(receipt(100))
    book.posted(allotment(100))
    assert budget_ahead_of_cash(book.state, "health") == []
    book.posted(allotment(1))
    (warning,) = budget_ahead_of_cash(book.state, "health")
    assert (warning["code"], warning["unspent_fen"], warning["cash_fen"]) == ("allotment_exceeds_cash", 101, 100)


def test_a_parents_figures_contain_its_descendants() -> None:
    tree = {"repair.overhaul": "repair", "repair.overhaul.c01": "repair.overhaul"}
    book = FundBook("repair", "repair.overhaul", "repair.overhaul.c01", "health", parents=tree)
    for fen, fund in ((1, "repair"), (20, "repair.overhaul"), (300, "repair.overhaul.c01"), (4000, "health")):
        book.posted(receipt(fen, fund=fund))
        book.posted(allotment(fen, fund=fund))
    assert fund_after(book.state, "repair", 2021)["cash_fen"] == 321
    assert fund_after(book.state, "repair.overhaul", 2021)["available_fen"] == 320
    assert fund_after(book.state, "repair.overhaul.c01", 2021)["allotted_fen"] == 300


def opening(*lines: OpeningLine, voucher: Voucher = VOUCHER) -> Callable[[BookState], EntryDraft | Problem]:
    return lambda state: decide_opening(Opening(lines, voucher), state)


def pair(
    debit: str, credit: str, fen: int, *, source: str | None = None, year: int | None = None
) -> tuple[OpeningLine, OpeningLine]:
    def line(account: str, side: Side) -> OpeningLine:
        return OpeningLine("health", account, side, fen, source if account in {"1002", "expended"} else None, year)

    return line(debit, "debit"), line(credit, "credit")


def test_an_opening_takes_balances_over_on_every_basis() -> None:
    book = FundBook("health")
    entry = book.posted(
        opening(
            *pair("1002", "3001", 90, source="county"),
            *pair("1002", "3001", 10),
            *pair("8001", "8101", 100),
            *pair("allotted", "available", 60),
            *pair("allotted", "expended", 40, source="city", year=2020),
        )
    )
    assert entry.kind == "opening"
    assert book.state.cash_by_source("health") == {"county": 90, "": 10}
    assert book.state.balance("health", "available", 2021) == -60
    assert book.state.balance("health", "expended", 2020, "city") == -40


@pytest.mark.parametrize(
    ("lines", "code", "field"),
    [
        (pair("1002", "9999", 5), "unknown_account", "lines[1].account"),
        ((OpeningLine("nowhere", "1002", "debit", 5),), "unknown_account", "lines[0].account"),
        (pair("available", "encumbered", 5), "invalid_request", "lines[1].account"),
        ((OpeningLine("health", "3001", "credit", 5, "county"),), "invalid_request", "lines[0].source"),
        ((OpeningLine("health", "available", "credit", 5, "county"),), "invalid_request", "lines[0].source"),
        (pair("1002", "3001", 5, year=2021), "invalid_request", "lines[0].budget_year"),
        (pair("allotted", "available", 5, year=2022), "invalid_request", "lines[0].budget_year"),
        ((*pair("1002", "3001", 5), OpeningLine("health", "8001", "debit", 5)), "unbalanced_entry", "postings"),
        ((*pair("1002", "8101", 5),), "unbalanced_entry", "postings"),
        (
            (
                OpeningLine("health", "allotted", "debit", 5, None, 2020),
                OpeningLine("health", "available", "credit", 5, None, 2021),
            ),
            "unbalanced_entry",
            "postings",
        ),
        (pair("3001", "1002", 5), "insufficient_funds", None),
        (pair("available", "allotted", 5), "insufficient_funds", None),
    ],
)
def test_wrong_opening_balances_are_refused_by_their_line(
    lines: tuple[OpeningLine, ...], code: str, field: str | None
) -> None:
    refusal = FundBook("health").refused(opening(*lines))
    assert (refusal.code, refusal.field) == (code, field)


def test_a_fund_takes_over_its_opening_once() -> None:
    book = FundBook("health", "repair")
    book.posted(opening(*pair("1002", "3001", 5)))
    refusal = book.refused(opening(*pair("8001", "8101", 5)))
    assert (refusal.code, refusal.params["fund"]) == ("opening_already_posted", "health")
    book.posted(opening(OpeningLine("repair", "1002", "debit", 1), OpeningLine("repair", "3001", "credit", 1)))


def test_an_opening_of_two_funds_needs_each_to_balance_and_counts_for_both() -> None:
    book = FundBook("health", "repair")
    crossing = (OpeningLine("health", "1002", "debit", 5), OpeningLine("repair", "3001", "credit", 5))
    assert book.refused(opening(*crossing)).code == "unbalanced_entry"
    book.posted(
        opening(
            *pair("1002", "3001", 5),
            OpeningLine("repair", "1002", "debit", 7),
            OpeningLine("repair", "3001", "credit", 7),
        )
    )
    assert book.state.funds["health"].has_opening
    assert book.state.funds["repair"].has_opening
