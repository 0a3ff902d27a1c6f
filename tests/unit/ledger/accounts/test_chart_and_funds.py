"""The chart of accounts and the seven funds as data: what the voucher templates and the database need of them."""

import pytest
from pydantic import ValidationError

from ledger.accounts.chart import ChartAccount, basis_told_by, chart_account, chart_of_accounts
from ledger.books.rules import book_content, first_period_problem
from ledger.books.starting_funds import starting_funds
from ledger.funds.templates import shipped
from ledger.journal.chain import canonical
from ledger.journal.drafts import CONTROL_ACCOUNTS, SOURCES

PUBLISHED = {
    "1002", "1201", "1214", "1218", "2303", "2307", "2901", "3001", "3301", "3302", "4001", "4603", "4604", "5001",
    "6001", "6609", "7101", "8001", "8101", "8102", "8201", "8202", "8501",
}  # fmt: skip
NORMAL_SIDES = {
    "1002": "debit", "2303": "credit", "4001": "credit", "5001": "debit", "6001": "credit", "7101": "debit",
    "8001": "debit", "8101": "credit", "allotted": "debit", "available": "credit", "encumbered": "credit",
    "expended": "credit",
}  # fmt: skip


def test_the_chart_has_every_account_the_programme_names() -> None:
    assert {one.code for one in chart_of_accounts()} >= PUBLISHED | CONTROL_ACCOUNTS
    assert {one.code for one in chart_of_accounts() if one.source == "pub"} == PUBLISHED


def test_codes_tell_the_basis() -> None:
    for one in chart_of_accounts():
        assert one.basis == basis_told_by(one.code), one.code
    assert [basis_told_by(code) for code in ("1002", "6001", "8501", "available", "")] == [
        "financial", "budgetary", "budgetary", "control", "financial"
    ]  # fmt: skip


def test_exactly_cash_available_and_encumbered_are_guarded() -> None:
    assert {one.code for one in chart_of_accounts() if one.guarded} == {"1002", "available", "encumbered"}


@pytest.mark.parametrize(("code", "side"), NORMAL_SIDES.items())
def test_normal_sides_are_those_of_the_accounting_system(code: str, side: str) -> None:
    account = chart_account(code)
    assert account is not None
    assert account.normal_side == side


def test_every_account_of_a_voucher_template_is_in_the_chart() -> None:
    used = {(line.account, line.basis) for template in shipped().templates for line in template.lines}
    assert used
    assert used <= {(one.code, one.basis) for one in chart_of_accounts()}


def test_there_are_seven_funds_with_a_full_order_of_sources() -> None:
    table = starting_funds()
    assert [fund.code for fund in table.funds] == [
        "industry", "employment", "health", "education", "safety_net", "repair", "insurance"
    ]  # fmt: skip
    assert sorted(table.source_order) == sorted(SOURCES)


def test_an_account_without_a_basis_is_refused() -> None:
    with pytest.raises(ValidationError):
        ChartAccount.model_validate(
            {"code": "1", "normal_side": "debit", "guarded": False, "name_zh": "x", "name_en": "x"}
        )


def test_the_record_of_a_new_book_can_be_hashed_and_holds_everything() -> None:
    content = book_content("610923", "账套", "2021-01", "admin-1", starting_funds(), chart_of_accounts())
    assert canonical(content)
    assert isinstance(content["funds"], list)
    assert isinstance(content["accounts"], list)
    assert (len(content["funds"]), len(content["accounts"])) == (7, len(chart_of_accounts()))


@pytest.mark.parametrize(
    ("first_period", "fault"),
    [
        ("2026-11", None),
        ("2026-12", "in_the_future"),
        ("2000-01", None),
        ("1999-12", "too_early"),
        ("2200-01", "in_the_future"),
    ],
)
def test_a_book_begins_between_2000_and_this_month(first_period: str, fault: str | None) -> None:
    problem = first_period_problem(first_period, "2026-11")
    assert (problem.errors[0].code if problem else None) == fault
