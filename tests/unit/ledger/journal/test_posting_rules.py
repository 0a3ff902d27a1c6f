"""Every rule of an entry by itself, and the order in which several faults are reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from ledger.accounts.chart import chart_of_accounts
from ledger.journal.drafts import EntryDraft, NewEncumbrance, PostedEntry
from ledger.journal.rules import RULES, candidate, refusal
from ledger.journal.state import AccountState, BookState, ChainHead, EncumbranceState, FundState
from tests.support.ledger_engine import ORDER, accrual, draft, line, receipt, spending

NOW = datetime(2026, 6, 30, 4, 0, tzinfo=UTC)
DOCUMENT = Path(__file__).parents[4] / "docs" / "postings-refusals.md"


def book(**cash: int) -> BookState:
    """A book with two funds and the given cash of `repair` by source (fen)."""
    funds = ("repair", "health")
    return BookState(
        book="610923",
        first_period="2026-01",
        now=NOW,
        today=date(2026, 6, 30),
        head=ChainHead(0, 0, bytes(32)),
        periods={f"2026-{month:02d}": "closed" if month == 2 else "open" for month in range(1, 7)},
        vouchers={},
        funds={
            code: FundState(code, None, code, code, code, tuple(ORDER), has_opening=code == "health") for code in funds
        },
        chart={
            (fund, a.code): AccountState(fund, a.code, a.name_zh, a.basis, a.normal_side, a.guarded)
            for fund in funds
            for a in chart_of_accounts()
        },
        balances={("repair", "1002", 0, source, ""): fen for source, fen in cash.items()},
        turnover={},
        encumbrances={},
        entries={},
    )


def code_of(entry: EntryDraft, state: BookState) -> str | None:
    problem = refusal(candidate(entry, state), state)
    return None if problem is None else problem.code


def field_of(entry: EntryDraft, state: BookState) -> str | None:
    problem = refusal(candidate(entry, state), state)
    return None if problem is None else problem.field


CASES = [
    ("good accrual", accrual(5), None),
    ("good receipt", receipt(5), None),
    ("good payment", spending(100), None),
    ("no posting", draft("journal"), "invalid_request"),
    ("one posting", draft("journal", line("5001", "debit", 5)), "invalid_request"),
    ("tomorrow", accrual(5, on=date(2026, 7, 1)), "invalid_request"),
    ("today", accrual(5, on=date(2026, 6, 30)), None),
    ("before the book", accrual(5, on=date(2025, 12, 31)), "invalid_request"),
    ("closed month", accrual(5, on=date(2026, 2, 28)), "period_closed"),
    ("unknown fund", accrual(5, fund="nofund"), "unknown_account"),
    ("unknown account", draft("journal", line("5001", "debit", 5), line("0000", "credit", 5)), "unknown_account"),
    (
        "control account",
        draft("journal", line("allotted", "debit", 5), line("available", "credit", 5)),
        "control_account",
    ),
    ("unbalanced", draft("journal", line("5001", "debit", 5), line("2303", "credit", 6)), "unbalanced_entry"),
    (
        "unbalanced within a fund",
        draft("journal", line("5001", "debit", 5), line("2303", "credit", 5, "health")),
        "unbalanced_entry",
    ),
    (
        "unbalanced within a basis",
        draft("journal", line("5001", "debit", 5), line("8001", "credit", 5)),
        "unbalanced_entry",
    ),
    ("overdraft", spending(1001), "insufficient_funds"),
    (
        "overdraft of one source",
        replace(
            spending(100),
            lines=(*spending(100).lines[:1], line("1002", "credit", 100, source="city"), *spending(100).lines[2:]),
        ),
        "insufficient_funds",
    ),
    (
        "cash without budgetary lines",
        draft("journal", line("5001", "debit", 5), line("1002", "credit", 5)),
        "budget_lines_missing",
    ),
    (
        "too little on the budgetary side",
        draft(
            "journal",
            line("5001", "debit", 5),
            line("1002", "credit", 5),
            line("7101", "debit", 4),
            line("8001", "credit", 4),
        ),
        "budget_lines_missing",
    ),
    (
        "said not to be budgetary",
        draft("journal", line("2901", "debit", 5), line("1002", "credit", 5), non_budget=True),
        None,
    ),
    ("raising cash needs none", draft("journal", line("1002", "debit", 5), line("2901", "credit", 5)), None),
    (
        "moving cash between sources needs none",
        draft("journal", line("1002", "debit", 5, source="city"), line("1002", "credit", 5, source="county")),
        None,
    ),
    (
        "second opening",
        draft("opening", *accrual(5, "health").lines, opening_funds=("health",)),
        "opening_already_posted",
    ),
    ("first opening", draft("opening", *accrual(5).lines, opening_funds=("repair",)), None),
    ("undoing the unknown", draft("reversal", *accrual(5).lines, red=True, undoes=uuid4()), "not_found"),
    (
        "unknown encumbrance",
        draft(
            "release",
            line("encumbered", "debit", 5, budget_year=2026, encumbrance=uuid4()),
            line("available", "credit", 5, budget_year=2026),
        ),
        "not_found",
    ),
]


@pytest.mark.parametrize(("entry", "code"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_rule(entry: EntryDraft, code: str | None) -> None:
    assert code_of(entry, book(county=1000)) == code


def test_an_unknown_account_is_named_by_its_line() -> None:
    entry = draft("journal", line("5001", "debit", 5), line("0000", "credit", 5))
    assert field_of(entry, book()) == "postings[1].account"
    assert field_of(accrual(5, fund="nofund"), book()) == "postings[0].fund"


def test_an_overdraft_says_what_there_is_and_what_was_asked() -> None:
    state = book(county=600, city=300)
    problem = refusal(candidate(spending(901), state), state)
    assert problem is not None
    # The fund's order takes the city's 300 first; the rest falls on the county's 600.
    assert problem.params == {
        "fund": "repair",
        "account": "1002",
        "source": "county",
        "available_fen": 600,
        "requested_fen": 601,
    }


def test_a_free_payment_leaves_what_is_encumbered() -> None:
    state = book(county=1000)
    state.balances["repair", "encumbered", 2025, "", ""] = -300
    state.balances["repair", "encumbered", 2026, "", ""] = -400
    assert code_of(spending(301), state) == "budget_lines_missing"
    assert code_of(spending(300), state) is None
    assert code_of(replace(spending(301), kind="payment"), state) is None


def test_an_encumbrance_gives_no_more_than_it_has() -> None:
    state = book()
    held = EncumbranceState(uuid4(), "repair", 2026, 50, "x", None, None, date(2026, 1, 5), 1, 50, 0, 0, 0, 0)
    state.encumbrances[held.id] = held
    state.balances["repair", "encumbered", 2026, "", ""] = -500

    def release(fen: int) -> EntryDraft:
        return draft(
            "release",
            line("encumbered", "debit", fen, budget_year=2026, encumbrance=held.id),
            line("available", "credit", fen, budget_year=2026),
        )

    assert code_of(release(51), state) == "amount_exceeds_remaining"
    assert code_of(release(50), state) is None


def test_more_than_is_encumbered_is_refused() -> None:
    state = book()
    new = NewEncumbrance(uuid4(), "repair", 2026, 5, "x")
    entry = draft(
        "encumber",
        line("available", "debit", 5, budget_year=2026),
        line("encumbered", "credit", 5, budget_year=2026, encumbrance=new.id),
        new_encumbrance=new,
    )
    assert code_of(entry, state) == "insufficient_funds"
    state.balances["repair", "available", 2026, "", ""] = -5
    assert code_of(entry, state) is None


def test_a_total_stays_within_64_bits() -> None:
    state = book()
    state.turnover["repair", "5001", 0, "", ""] = (9 * 10**18 + 1, 0)
    assert code_of(accrual(1), state) == "amount_out_of_range"


def test_an_entry_already_undone_is_not_undone_again() -> None:
    state = book()
    undone = PostedEntry(
        "610923", 1, uuid4(), "journal", 2026, "2026-01", "记", 1, date(2026, 1, 5), NOW, "x", None, {}, None, False, None, False,
        None, "a", None, "a", 0, (), (), 1, bytes(32), uuid4(),
    )  # fmt: skip
    state.entries[undone.id] = undone
    entry = draft("reversal", *accrual(5).lines, red=True, undoes=undone.id)
    assert code_of(entry, state) == "already_reversed"
    state.entries[undone.id] = undone._replace(undone_by=None)
    assert code_of(entry, state) is None


def test_faults_are_reported_in_the_documented_order() -> None:
    """An entry with every fault at once; each repaired fault uncovers the next."""
    state = book(county=10)
    state.balances["repair", "encumbered", 2026, "", ""] = -5
    wrong: list[tuple[EntryDraft, str]] = [
        (draft("journal", line("zzzz", "debit", 1), on=date(2027, 1, 1)), "invalid_request"),
        (
            draft("journal", line("zzzz", "debit", 1), line("available", "credit", 2), on=date(2027, 1, 1)),
            "invalid_request",
        ),
        (
            draft("journal", line("zzzz", "debit", 1), line("available", "credit", 2), on=date(2026, 2, 1)),
            "unknown_account",
        ),
        (
            draft("journal", line("5001", "debit", 1), line("available", "credit", 2), on=date(2026, 2, 1)),
            "control_account",
        ),
        (
            draft("journal", line("5001", "debit", 1), line("1002", "credit", 99), on=date(2026, 2, 1)),
            "unbalanced_entry",
        ),
        (draft("journal", line("5001", "debit", 99), line("1002", "credit", 99), on=date(2026, 2, 1)), "period_closed"),
        (draft("journal", line("5001", "debit", 99), line("1002", "credit", 99)), "budget_lines_missing"),
        (spending(99), "insufficient_funds"),
        (spending(9), "budget_lines_missing"),
        (spending(5), ""),
    ]
    assert [code_of(entry, state) or "" for entry, _ in wrong] == [code for _, code in wrong]


def test_the_document_lists_the_rules_in_their_order() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    places = [text.find(f"`{rule.__name__}`") for rule in RULES]
    assert -1 not in places
    assert places == sorted(places)
