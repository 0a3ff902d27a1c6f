"""What each wish says to the ledger: the same bytes for the same attempt, and nothing that names a person."""

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from claims.payouts.ledger_calls import IncompleteWishError, Operation, Wish, ledger_call, operation_key
from common.personal_data import personal_data_in

CLAIM = UUID("01957c6e-1111-7c3e-9b1d-2f4a6c8e0b12")
ENCUMBRANCE = UUID("01957c6e-2222-7c3e-9b1d-2f4a6c8e0b12")
LIQUIDATION = UUID("01957c6e-3333-7c3e-9b1d-2f4a6c8e0b12")
HOUSEHOLD = UUID("01957c6e-4444-7c3e-9b1d-2f4a6c8e0b12")
ENCUMBER = Wish(
    book="610923",
    id=UUID(int=1),
    position=1,
    claim_id=CLAIM,
    household_id=HOUSEHOLD,
    operation=Operation.ENCUMBER,
    attempt=1,
    key=operation_key(CLAIM, "encumber", 1),
    item_id=None,
    item_number=None,
    amount_fen=509_800,
    effective_on=dt.date(2021, 7, 15),
    bank_booked_on=None,
    fiscal_year=2021,
    prepared_by="town-1",
    reviewed_by="county-1",
    tries=1,
    encumbrance_id=None,
    liquidation_id=None,
    liquidated_on=None,
    policy_id=UUID(int=7),
    recovery_id=None,
    source=None,
)
LIQUIDATE = replace(
    ENCUMBER,
    operation=Operation.LIQUIDATE,
    key=operation_key(CLAIM, "liquidate", 1),
    item_id=UUID(int=2),
    item_number="B2021-0001-0001",
    effective_on=dt.date(2021, 8, 1),
    bank_booked_on=dt.date(2021, 7, 22),
    encumbrance_id=ENCUMBRANCE,
)
RETURN = replace(
    LIQUIDATE,
    operation=Operation.RETURN,
    key=operation_key(CLAIM, "return", 1),
    effective_on=dt.date(2021, 7, 25),
    bank_booked_on=dt.date(2021, 7, 25),
    liquidation_id=LIQUIDATION,
    liquidated_on=dt.date(2021, 8, 1),
)


def test_an_approval_encumbers_the_insurance_fund_under_the_claims_reference() -> None:
    call = ledger_call(ENCUMBER)
    assert (call.path, call.key) == ("/encumbrances", f"claim:{CLAIM}:encumber:1")
    assert call.body["fund"] == "insurance"
    assert call.body["fiscal_year"] == 2021
    assert call.body["effective_on"] == "2021-07-15"
    assert call.body["reference"] == f"claim:{CLAIM}"
    assert (call.body["prepared_by"], call.body["reviewed_by"]) == ("town-1", "county-1")


def test_a_payment_keeps_the_banks_own_day_when_it_is_booked_in_a_later_month() -> None:
    call = ledger_call(LIQUIDATE)
    assert call.path == f"/encumbrances/{ENCUMBRANCE}/liquidations"
    assert call.body["effective_on"] == "2021-08-01"
    assert call.body["reference"] == f"claim:{CLAIM} item:B2021-0001-0001 bank:2021-07-22"
    assert call.body["payee_ref"] == f"household:{HOUSEHOLD}"


def test_a_payment_booked_late_cannot_come_back_before_it_was_booked() -> None:
    call = ledger_call(RETURN)
    assert call.path == f"/encumbrances/{ENCUMBRANCE}/liquidations/{LIQUIDATION}/return"
    assert call.body["effective_on"] == "2021-08-01"
    assert "bank:2021-07-25" in str(call.body["reference"])


@pytest.mark.parametrize("wish", [ENCUMBER, LIQUIDATE, RETURN])
def test_the_same_attempt_says_the_same_however_often_it_is_sent(wish: Wish) -> None:
    assert ledger_call(replace(wish, tries=9, id=UUID(int=99))) == ledger_call(wish)


@pytest.mark.parametrize("wish", [ENCUMBER, LIQUIDATE, RETURN])
def test_no_text_looks_like_personal_data_to_the_ledger(wish: Wish) -> None:
    for value in ledger_call(wish).body.values():
        assert personal_data_in(str(value)) is None


@pytest.mark.parametrize("wish", [replace(LIQUIDATE, encumbrance_id=None), replace(RETURN, liquidation_id=None)])
def test_a_wish_about_an_unknown_object_is_a_fault_of_our_own(wish: Wish) -> None:
    with pytest.raises(IncompleteWishError):
        ledger_call(wish)


POOL = UUID(int=8)


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        (Operation.POOL_PAYOUT, "/funds/insurance/pool-payouts"),
        (Operation.POOL_RETURN, "/funds/insurance/pool-payout-returns"),
        (Operation.POOL_RECOVER, "/funds/insurance/pool-payout-returns"),
    ],
)
def test_an_insurers_money_moves_in_its_pool(operation: Operation, path: str) -> None:
    call = ledger_call(replace(LIQUIDATE, operation=operation, encumbrance_id=POOL))
    assert (call.path, call.body["item"], call.body["amount_fen"]) == (path, str(POOL), 509_800)


def test_what_comes_back_to_a_pool_is_of_the_year_it_was_paid_out() -> None:
    back = replace(RETURN, operation=Operation.POOL_RETURN, encumbrance_id=POOL, effective_on=dt.date(2022, 1, 3))
    assert ledger_call(replace(back, liquidated_on=dt.date(2021, 12, 30))).body["fiscal_year"] == 2021
    assert ledger_call(replace(back, liquidated_on=dt.date(2022, 1, 2))).body["fiscal_year"] == 2022


def test_a_recovery_goes_back_to_the_source_and_year_it_was_paid_from() -> None:
    wish = replace(RETURN, operation=Operation.RECOVER, recovery_id=UUID(int=9), source="central", amount_fen=100)
    call = ledger_call(wish)
    assert call.path == "/funds/insurance/grant-repayments"
    assert (call.body["source"], call.body["fiscal_year"], call.body["amount_fen"]) == ("central", 2021, 100)
    assert call.body["effective_on"] == "2021-08-01"
    assert str(call.body["reference"]).endswith(f"recovery:{UUID(int=9)}")


def test_a_reservation_in_a_pool_is_no_call() -> None:
    with pytest.raises(IncompleteWishError):
        ledger_call(replace(ENCUMBER, operation=Operation.POOL_RESERVE))
