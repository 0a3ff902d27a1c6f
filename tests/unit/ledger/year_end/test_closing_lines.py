"""What closing a year books for a fund: hand-computed lines, and a table that empties everything it must."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ledger.accounts.chart import chart_of_accounts
from ledger.journal.drafts import LineDraft
from ledger.year_end import document
from ledger.year_end.closing_table import ClosingTable, closing_table, proved
from ledger.year_end.rules import MAX_LINE_FEN, closing_lines, emptied_accounts

Balances = dict[tuple[str, str, int, str, str], int]


def balances(**fen: int) -> Balances:
    """Balances of the fund `repair`: `a4001`, or `a7101_donation` for a source."""
    found: Balances = {}
    for name, amount in fen.items():
        account, _, source = name.removeprefix("a").partition("_")
        found["repair", account, 0, source, ""] = amount
    return found


def lines(given: Balances) -> list[tuple[str, str, str, int]]:
    drafted = closing_lines("repair", given, closing_table())
    assert all(line.fund == "repair" and line.budget_year == 0 and line.source is not None for line in drafted)
    return [(line.account, line.source or "", line.side, line.amount_fen) for line in drafted]


def test_a_surplus_goes_through_the_years_surplus_and_its_distribution_to_the_accumulated_surplus() -> None:
    assert lines(balances(a4001=-900, a4603=-80, a4604=-20, a5001=600)) == [
        ("4001", "", "debit", 900),
        ("4603", "", "debit", 80),
        ("4604", "", "debit", 20),
        ("5001", "", "credit", 600),
        ("3301", "", "debit", 600),
        ("3301", "", "credit", 1000),
        ("3301", "", "debit", 400),
        ("3302", "", "credit", 400),
        ("3302", "", "debit", 400),
        ("3001", "", "credit", 400),
    ]


def test_a_deficit_goes_the_same_way_on_the_other_sides() -> None:
    assert lines(balances(a4001=-100, a5001=130)) == [
        ("4001", "", "debit", 100),
        ("5001", "", "credit", 130),
        ("3301", "", "debit", 130),
        ("3301", "", "credit", 100),
        ("3301", "", "credit", 30),
        ("3302", "", "debit", 30),
        ("3302", "", "credit", 30),
        ("3001", "", "debit", 30),
    ]


def test_revenue_and_expense_that_are_equal_leave_no_surplus_to_distribute() -> None:
    assert lines(balances(a4001=-100, a5001=100)) == [
        ("4001", "", "debit", 100),
        ("5001", "", "credit", 100),
        ("3301", "", "debit", 100),
        ("3301", "", "credit", 100),
    ]


def test_fiscal_money_of_every_source_goes_to_the_fiscal_carry_over() -> None:
    given = balances(a6001_central=-500, a6001=-7, a7101_central=300, a7101_county=40, a7101=5)
    assert lines(given) == [
        ("6001", "", "debit", 7),
        ("6001", "central", "debit", 500),
        ("7101", "", "credit", 5),
        ("7101", "central", "credit", 300),
        ("7101", "county", "credit", 40),
        ("8101", "", "debit", 345),
        ("8101", "", "credit", 507),
    ]


def test_free_money_goes_through_other_surplus_and_restricted_money_does_not() -> None:
    given = balances(a6609_donation=-200, a6609_interest=-10, a7101_donation=50, a6609_gift=-90, a7101_gift=60)
    assert lines(given) == [
        ("6609", "gift", "debit", 90),
        ("7101", "gift", "credit", 60),
        ("8201", "", "debit", 60),
        ("8201", "", "credit", 90),
        ("6609", "donation", "debit", 200),
        ("6609", "interest", "debit", 10),
        ("7101", "donation", "credit", 50),
        ("8501", "", "debit", 50),
        ("8501", "", "credit", 210),
        ("8501", "", "debit", 160),
        ("8202", "", "credit", 160),
    ]


def test_what_already_stood_on_the_way_goes_along() -> None:
    assert lines(balances(a3302=-50, a3301=20, a8501_donation=-4)) == [
        ("3301", "", "credit", 20),
        ("3302", "", "debit", 20),
        ("3302", "", "debit", 30),
        ("3001", "", "credit", 30),
        ("8501", "donation", "debit", 4),
        ("8202", "", "credit", 4),
    ]


def test_nothing_else_is_touched_and_nothing_is_nothing() -> None:
    kept = balances(a1002_county=900, a3001=-900, a8001=900, a8101=-900, a2303=-5)
    kept["repair", "available", 2021, "", ""] = -400
    kept["health", "4001", 0, "", ""] = -100
    assert lines(kept) == []


def test_a_balance_larger_than_a_posting_may_carry_takes_several_lines() -> None:
    [first, second, *_] = lines(balances(a4001=-MAX_LINE_FEN - 1))
    assert (first, second) == (("4001", "", "debit", MAX_LINE_FEN), ("4001", "", "debit", 1))


def test_every_revenue_and_expense_account_of_the_chart_is_emptied() -> None:
    results = {account.code for account in chart_of_accounts() if account.code[0] in "4567"}
    assert results < set(emptied_accounts())
    assert set(emptied_accounts()) - results == {"3301", "3302", "8501"}


def shipped() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(closing_table().model_dump_json(by_alias=True))
    return told


def test_the_shipped_table_is_its_own_proof() -> None:
    assert proved(ClosingTable.model_validate(shipped())) == closing_table()


def _without_a_source(table: dict[str, Any]) -> None:
    table["groups"]["free"].remove("interest")


def _a_source_twice(table: dict[str, Any]) -> None:
    table["groups"]["free"].append("gift")


def _without_an_account(table: dict[str, Any]) -> None:
    table["closings"][0]["from"][0]["accounts"].remove("4604")


def _an_account_twice(table: dict[str, Any]) -> None:
    table["closings"][1]["from"][0]["accounts"].append("6609")


def _across_bases(table: dict[str, Any]) -> None:
    table["closings"][1]["to"] = "3001"


def _to_an_unknown_account(table: dict[str, Any]) -> None:
    table["closings"][0]["to"] = "3999"


def _through_one_account_twice(table: dict[str, Any]) -> None:
    table["closings"][2]["through"] = ["8501"]


@pytest.mark.parametrize(
    "spoil",
    [
        _without_a_source,
        _a_source_twice,
        _without_an_account,
        _an_account_twice,
        _across_bases,
        _to_an_unknown_account,
        _through_one_account_twice,
    ],
)
def test_a_table_that_would_leave_or_take_wrongly_is_refused(spoil: Any) -> None:
    table = shipped()
    spoil(table)
    with pytest.raises(ValueError, match=r"closing\.yaml"):
        proved(ClosingTable.model_validate(table))


def test_lines_are_drafts_of_the_journal() -> None:
    assert all(isinstance(line, LineDraft) for line in closing_lines("repair", balances(a4001=-1), closing_table()))


def test_the_page_for_accountants_shows_the_shipped_table() -> None:
    stored = (Path(__file__).parents[4] / "docs/year-end.md").read_text(encoding="utf-8")
    assert stored == document.page(closing_table()), "run: python -m ledger.year_end.document > docs/year-end.md"
