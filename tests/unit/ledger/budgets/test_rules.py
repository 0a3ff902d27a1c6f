"""The life of an encumbrance: what each step books, and when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from common.errors import Problem
from ledger.budgets.answers import encumbrance_json
from ledger.budgets.rules import (
    Allotment,
    Encumbering,
    Liquidation,
    Release,
    Return,
    decide_allotment,
    decide_encumbering,
    decide_liquidation,
    decide_release,
    decide_return,
)
from ledger.funds.rules import Receipt, Voucher, decide_receipt
from ledger.journal.drafts import EntryDraft, PostedEntry
from ledger.journal.state import BookState
from tests.support.fund_book import NOW, FundBook

Plan = Callable[[BookState], EntryDraft | Problem]

VOUCHER = Voucher(effective_on=date(2021, 3, 4), prepared_by="li", posted_by="li")
ID = UUID(int=1)
OTHER = UUID(int=2)
NEXT_YEAR = replace(VOUCHER, effective_on=date(2022, 1, 8))


def receipt(fen: int, source: str = "county") -> Plan:
    return lambda state: decide_receipt(Receipt("health", fen, source, VOUCHER), state)


def allotment(fen: int, year: int = 2021) -> Plan:
    return lambda state: decide_allotment(Allotment("health", fen, year, "文1", VOUCHER), state)


def encumber(
    fen: int,
    *,
    by: UUID = ID,
    year: int = 2021,
    fund: str = "health",
    expires_at: datetime | None = None,
    voucher: Voucher = VOUCHER,
) -> Plan:
    return lambda state: decide_encumbering(Encumbering(by, fund, year, fen, "理赔", expires_at, voucher), state)


def liquidate(fen: int, *, of: UUID = ID, source: str | None = None, voucher: Voucher = VOUCHER) -> Plan:
    return lambda state: decide_liquidation(Liquidation(of, fen, "p-1", source, voucher), state)


def give_back(liquidation: UUID, *, of: UUID = ID, voucher: Voucher = VOUCHER) -> Plan:
    return lambda state: decide_return(Return(of, liquidation, "户名不符", voucher), state)


def release(*, of: UUID = ID, voucher: Voucher = VOUCHER) -> Plan:
    return lambda state: decide_release(Release(of, None, voucher), state)


def funded(cash: int = 1000, allotted: int = 1000) -> FundBook:
    book = FundBook("health", "repair")
    book.posted(receipt(cash))
    book.posted(allotment(allotted))
    return book


def lines_of(entry: PostedEntry) -> list[tuple[str, str, int]]:
    return [(p.account, p.side, p.amount_fen) for p in entry.postings]


def standing(book: FundBook, encumbrance: UUID = ID) -> tuple[str, int, int, int, int]:
    found = book.state.encumbrances[encumbrance]
    shown = encumbrance_json(found, book.state.now)
    liquidated, released = shown["liquidated_fen"], shown["released_fen"]
    assert isinstance(liquidated, int)
    assert isinstance(released, int)
    assert found.amount_fen == liquidated + released + found.remaining_fen
    return found.status(book.state.now), liquidated, released, found.remaining_fen, found.payable_fen


def test_an_encumbrance_moves_budget_from_available_to_encumbered() -> None:
    book = funded()
    entry = book.posted(encumber(300))
    assert lines_of(entry) == [("available", "debit", 300), ("encumbered", "credit", 300)]
    assert standing(book) == ("open", 0, 0, 300, 0)
    assert book.refused(encumber(701, by=OTHER)).params["available_fen"] == 700


def test_an_encumbrance_is_paid_in_parts_until_nothing_is_left() -> None:
    book = funded()
    book.posted(encumber(300))
    first = book.posted(liquidate(100))
    assert lines_of(first) == [
        ("5001", "debit", 100),
        ("1002", "credit", 100),
        ("7101", "debit", 100),
        ("8001", "credit", 100),
        ("encumbered", "debit", 100),
        ("expended", "credit", 100),
    ]
    assert standing(book) == ("open", 100, 0, 200, 0)
    refusal = book.refused(liquidate(201))
    assert (refusal.code, refusal.params["remaining_fen"]) == ("amount_exceeds_remaining", 200)
    book.posted(liquidate(200))
    assert standing(book) == ("liquidated", 300, 0, 0, 0)
    refusal = book.refused(liquidate(1))
    assert (refusal.code, refusal.params["encumbrance_status"]) == ("encumbrance_not_open", "liquidated")
    assert book.refused(release()).code == "encumbrance_not_open"


def test_a_returned_payment_opens_the_encumbrance_again_and_is_paid_again_from_the_payable() -> None:
    book = funded()
    book.posted(encumber(300))
    paid = book.posted(liquidate(300))
    back = book.posted(give_back(paid.id))
    assert back.undoes == paid.id
    assert back.payee_ref == "p-1"
    assert not back.red
    assert lines_of(back) == [
        ("1002", "debit", 300),
        ("2303", "credit", 300),
        ("8001", "debit", 300),
        ("7101", "credit", 300),
        ("expended", "debit", 300),
        ("encumbered", "credit", 300),
    ]
    assert standing(book) == ("open", 0, 0, 300, 300)
    again = book.posted(liquidate(300))
    assert lines_of(again)[:2] == [("2303", "debit", 300), ("1002", "credit", 300)]
    assert standing(book) == ("liquidated", 300, 0, 0, 0)
    assert book.state.balance_of("health", "5001") == 300
    assert book.state.balance_of("health", "2303") == 0


def test_a_payment_larger_than_the_payable_expenses_only_the_rest() -> None:
    book = funded()
    book.posted(encumber(300))
    paid = book.posted(liquidate(100))
    book.posted(give_back(paid.id))
    assert lines_of(book.posted(liquidate(250)))[:3] == [
        ("2303", "debit", 100),
        ("5001", "debit", 150),
        ("1002", "credit", 250),
    ]
    assert standing(book) == ("open", 250, 0, 50, 0)


def test_a_return_goes_back_to_the_sources_the_payment_took_from() -> None:
    book = FundBook("health")
    for fen, source in ((40, "central"), (60, "county"), (100, "donation")):
        book.posted(receipt(fen, source))
    book.posted(allotment(200))
    book.posted(encumber(200))
    paid = book.posted(liquidate(150))
    assert book.state.cash_by_source("health") == {"donation": 50}
    book.posted(give_back(paid.id))
    assert book.state.cash_by_source("health") == {"central": 40, "county": 60, "donation": 100}
    assert not any(
        book.state.balance("health", "expended", 2021, source) for source in ("central", "county", "donation")
    )


def test_a_liquidation_is_returned_once() -> None:
    book = funded()
    book.posted(encumber(300))
    paid = book.posted(liquidate(100))
    back = book.posted(give_back(paid.id))
    refusal = book.refused(give_back(paid.id))
    assert (refusal.code, refusal.params["undone_by"]) == ("already_reversed", str(back.id))


def test_a_release_gives_the_remainder_back_and_ends_the_encumbrance() -> None:
    book = funded()
    book.posted(encumber(300))
    book.posted(liquidate(100))
    assert lines_of(book.posted(release())) == [("encumbered", "debit", 200), ("available", "credit", 200)]
    assert standing(book) == ("released", 100, 200, 0, 0)
    assert book.state.balance("health", "available", 2021) == -900
    for plan in (liquidate(1), release()):
        refusal = book.refused(plan)
        assert (refusal.code, refusal.params["encumbrance_status"]) == ("encumbrance_not_open", "released")


def test_a_release_with_a_payable_left_drops_the_payable() -> None:
    book = funded()
    book.posted(encumber(300))
    paid = book.posted(liquidate(100))
    book.posted(give_back(paid.id))
    assert lines_of(book.posted(release())) == [
        ("2303", "debit", 100),
        ("5001", "credit", 100),
        ("encumbered", "debit", 300),
        ("available", "credit", 300),
    ]
    assert standing(book) == ("released", 0, 300, 0, 0)
    assert book.state.balance_of("health", "5001") == 0
    assert book.state.balance_of("health", "1002") == 1000


def test_a_return_after_release_is_taken_and_opens_the_encumbrance_again() -> None:
    book = funded()
    book.posted(encumber(300))
    paid = book.posted(liquidate(100))
    book.posted(release())
    book.posted(give_back(paid.id))
    assert standing(book) == ("open", 0, 200, 100, 100)
    book.posted(release())
    assert standing(book) == ("released", 0, 300, 0, 0)


def test_an_expired_encumbrance_pays_nothing_but_can_be_released_and_can_take_money_back() -> None:
    book = funded()
    book.posted(encumber(300, expires_at=datetime(2022, 6, 30, 4, 0, 1, tzinfo=UTC)))
    paid = book.posted(liquidate(100))
    book.state.now = datetime(2022, 6, 30, 4, 0, 1, tzinfo=UTC)
    refusal = book.refused(liquidate(1))
    assert (refusal.code, refusal.params["encumbrance_status"]) == ("encumbrance_not_open", "expired")
    book.posted(give_back(paid.id))
    assert standing(book) == ("expired", 0, 0, 300, 100)
    book.posted(release())
    assert standing(book) == ("released", 0, 300, 0, 0)


def test_last_years_encumbrance_is_paid_from_last_years_figures() -> None:
    book = funded()
    book.posted(allotment(500, year=2022))
    book.posted(encumber(300))
    paid = book.posted(liquidate(300, voucher=NEXT_YEAR))
    assert {p.budget_year for p in paid.postings if p.budget_year} == {2021}
    assert book.state.balance("health", "available", 2022) == -500
    assert book.state.balance_of("health", "expended", 2021) == -300


@pytest.mark.parametrize(
    ("paid_on", "returned_on", "account"),
    [
        (date(2021, 12, 31), date(2021, 12, 31), "7101"),
        (date(2021, 12, 31), date(2022, 1, 1), "8101"),
        (date(2022, 1, 1), date(2022, 1, 2), "7101"),
    ],
)
def test_a_return_of_a_prior_years_payment_adjusts_the_carry_over(
    paid_on: date, returned_on: date, account: str
) -> None:
    book = funded()
    book.posted(encumber(300))
    paid = book.posted(liquidate(300, voucher=replace(VOUCHER, effective_on=paid_on)))
    back = book.posted(give_back(paid.id, voucher=replace(VOUCHER, effective_on=returned_on)))
    assert (account, "credit", 300) in lines_of(back)


def test_a_named_source_with_too_little_cash_is_refused_although_others_have_more() -> None:
    book = funded()
    book.posted(receipt(10, "central"))
    book.posted(encumber(300))
    refusal = book.refused(liquidate(11, source="central"))
    assert (refusal.code, refusal.params["source"], refusal.params["available_fen"]) == (
        "insufficient_funds",
        "central",
        10,
    )


def test_budget_without_cash_can_be_encumbered_but_not_paid() -> None:
    book = funded(cash=99, allotted=300)
    book.posted(encumber(300))
    refusal = book.refused(liquidate(100))
    assert (refusal.code, refusal.params["account"], refusal.params["available_fen"]) == (
        "insufficient_funds",
        "1002",
        99,
    )
    book.posted(liquidate(99))


def test_the_amount_is_held_against_the_remainder_before_cash_is_looked_at() -> None:
    book = funded(cash=1, allotted=300)
    book.posted(encumber(300))
    assert book.refused(liquidate(301)).code == "amount_exceeds_remaining"


EARLIER = replace(VOUCHER, effective_on=date(2021, 3, 3))
TOMORROW = replace(VOUCHER, effective_on=date(2022, 7, 1))
CLOSED = replace(VOUCHER, effective_on=date(2021, 4, 1))
ALONE = replace(VOUCHER, reviewed_by="li")


@pytest.mark.parametrize(
    ("plan", "code", "field"),
    [
        (encumber(1, fund="nowhere", by=OTHER), "not_found", "fund"),
        (encumber(1, year=2022, by=OTHER), "invalid_request", "fiscal_year"),
        (encumber(1, expires_at=NOW, by=OTHER), "invalid_request", "expires_at"),
        (encumber(1, voucher=TOMORROW, by=OTHER, year=2022), "invalid_request", "effective_on"),
        (encumber(1, voucher=CLOSED, by=OTHER), "period_closed", "effective_on"),
        (encumber(9999, voucher=ALONE, by=OTHER), "same_person", "reviewed_by"),
        (encumber(1, year=2020, by=OTHER), "insufficient_funds", "amount_fen"),
        (encumber(1, fund="repair", by=OTHER), "insufficient_funds", "amount_fen"),
        (liquidate(1, of=OTHER), "not_found", "encumbrance"),
        (liquidate(1, voucher=TOMORROW), "invalid_request", "effective_on"),
        (liquidate(1, voucher=CLOSED), "period_closed", "effective_on"),
        (liquidate(1, voucher=ALONE), "same_person", "reviewed_by"),
        (liquidate(9999, voucher=EARLIER), "out_of_order", "effective_on"),
        (release(of=OTHER), "not_found", "encumbrance"),
        (release(voucher=EARLIER), "out_of_order", "effective_on"),
        (release(voucher=CLOSED), "period_closed", "effective_on"),
        (release(voucher=ALONE), "same_person", "reviewed_by"),
        (give_back(OTHER), "not_found", "liquidation"),
    ],
)
def test_refusals_come_in_their_fixed_order(plan: Plan, code: str, field: str) -> None:
    book = funded()
    book.posted(encumber(300))
    book.state.periods["2021-04"] = "closed"
    refusal = book.refused(plan)
    assert (refusal.code, refusal.field) == (code, field)


def test_a_return_must_name_a_liquidation_of_its_own_encumbrance() -> None:
    book = funded()
    opened = book.posted(encumber(300))
    book.posted(encumber(300, by=OTHER))
    paid = book.posted(liquidate(100))
    received = next(entry for entry in book.state.entries.values() if entry.kind == "receipt")
    assert book.refused(give_back(paid.id, of=OTHER)).code == "not_found"
    assert book.refused(give_back(opened.id)).code == "not_found"
    assert book.refused(give_back(received.id)).code == "not_found"
    back = book.posted(give_back(paid.id))
    assert book.refused(give_back(back.id)).code == "not_found"


def test_a_return_is_not_dated_before_its_payment() -> None:
    book = funded()
    book.posted(encumber(300))
    paid = book.posted(liquidate(100, voucher=replace(VOUCHER, effective_on=date(2021, 5, 2))))
    refusal = book.refused(give_back(paid.id, voucher=replace(VOUCHER, effective_on=date(2021, 5, 1))))
    assert (refusal.code, refusal.params["not_before"]) == ("out_of_order", "2021-05-02")
