"""Closing a year, whatever its books hold: every result is emptied in every fund, and what stays moved by exactly them."""

from __future__ import annotations

from collections import Counter
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from ledger.accounts.chart import chart_of_accounts
from ledger.journal.drafts import SOURCES, TIED_SOURCES
from ledger.year_end.closing_table import closing_table
from ledger.year_end.rules import MAX_LINE_FEN, closing_lines, emptied_accounts

Key = tuple[str, str, int, str, str]
FUNDS: Final = ("health", "repair", "repair.c01")
FISCAL: Final = ("", "central", "province", "city", "county")
BASIS: Final = {account.code: account.basis for account in chart_of_accounts()}
# Written by hand, not read from the table that is tested.
FREE_BUDGET: Final = ("donation", "interest")
EMPTIED: Final = ("3301", "3302", "4001", "4603", "4604", "5001", "6001", "6609", "7101", "8501")
STAYING: Final = ("3001", "8101", "8102", "8201", "8202", "8001", "1002", "2303", "300101")

amounts = st.one_of(st.integers(-(10**6), 10**6), st.integers(-3 * MAX_LINE_FEN, 3 * MAX_LINE_FEN))
keys = st.tuples(
    st.sampled_from(FUNDS), st.sampled_from((*EMPTIED, *STAYING)), st.just(0),
    st.sampled_from(("", *SOURCES, *TIED_SOURCES)), st.just(""),
)  # fmt: skip


def after(balances: dict[Key, int], fund: str) -> tuple[Counter[Key], Counter[str]]:
    """The balances once a fund is closed, and what its entry moves on each basis."""
    found: Counter[Key] = Counter(balances)
    moved: Counter[str] = Counter()
    for line in closing_lines(fund, balances, closing_table()):
        assert line.fund == fund
        assert 0 < line.amount_fen <= MAX_LINE_FEN
        fen = line.amount_fen if line.side == "debit" else -line.amount_fen
        found[line.fund, line.account, 0, line.source or "", ""] += fen
        moved[BASIS[line.account]] += fen
    return found, moved


def total(
    balances: dict[Key, int] | Counter[Key], fund: str, *accounts: str, sources: tuple[str, ...] | None = None
) -> int:
    return sum(
        fen
        for (owner, account, _, source, _), fen in balances.items()
        if owner == fund and account in accounts and (sources is None or source in sources)
    )


def test_the_accounts_are_those_of_the_table() -> None:
    assert set(emptied_accounts()) == set(EMPTIED)


@given(balances=st.dictionaries(keys, amounts, max_size=40))
def test_every_result_is_emptied_and_stays_where_it_belongs(balances: dict[Key, int]) -> None:
    closed: dict[Key, int] = dict(balances)
    for fund in FUNDS:
        found, moved = after(closed, fund)
        assert set(moved.values()) <= {0}
        closed = dict(found)
    for fund in FUNDS:
        assert all(closed[key] == 0 for key in closed if key[0] == fund and key[1] in EMPTIED)

        def gained(account: str, fund: str = fund) -> int:
            return total(closed, fund, account) - total(balances, fund, account)

        assert gained("3001") == total(balances, fund, "4001", "4603", "4604", "5001", "3301", "3302")
        assert gained("8101") == total(balances, fund, "6001", "7101", sources=FISCAL)
        assert gained("8201") == total(balances, fund, "6001", "6609", "7101", sources=TIED_SOURCES)
        assert gained("8202") == (
            total(balances, fund, "6001", "6609", "7101", sources=FREE_BUDGET)
            + total(balances, fund, "6609", sources=FISCAL)
            + total(balances, fund, "8501")
        )
        for kept in ("8001", "1002", "2303", "300101", "8102"):
            assert gained(kept) == 0


@given(
    balances=st.dictionaries(keys, amounts, max_size=20),
    late=st.dictionaries(keys, amounts, max_size=5),
    fund=st.sampled_from(FUNDS),
)
def test_closing_again_closes_what_came_since_and_nothing_else(
    balances: dict[Key, int], late: dict[Key, int], fund: str
) -> None:
    closed, _ = after(balances, fund)
    assert closing_lines(fund, dict(closed), closing_table()) == ()
    again, _ = after(_added(closed, late), fund)
    at_once, _ = after(_added(Counter(balances), late), fund)
    for account in ("3001", "8101", "8201", "8202"):
        assert total(again, fund, account) == total(at_once, fund, account)


def _added(balances: Counter[Key], late: dict[Key, int]) -> dict[Key, int]:
    return {key: balances[key] + late.get(key, 0) for key in (*balances, *late)}
