"""Which month may be closed or reopened next: a handwritten table, and the property that closed months come first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.periods.rules import decide_close, decide_reopen

MONTHS = {"2026-01": "closed", "2026-02": "closed", "2026-03": "open", "2026-04": "open", "2026-05": "open"}


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        ("2026-01", "period_closed"),
        ("2026-02", "period_closed"),
        ("2026-03", None),
        ("2026-04", "out_of_order"),
        ("2026-05", "out_of_order"),
        ("2026-06", "not_found"),
        ("2025-12", "not_found"),
    ],
)
def test_months_close_in_order(code: str, refusal: str | None) -> None:
    problem = decide_close(MONTHS, code, "2026-05")
    assert (problem.code if problem else None) == refusal


def test_the_month_we_are_in_cannot_be_closed() -> None:
    months = dict.fromkeys(("2026-01", "2026-02"), "closed") | {"2026-03": "open"}
    refused = decide_close(months, "2026-03", "2026-03")
    assert refused is not None
    assert refused.code == "period_not_ended"
    assert decide_close(months, "2026-03", "2026-04") is None


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("2026-01", "out_of_order"), ("2026-02", None), ("2026-03", "out_of_order"), ("2030-01", "not_found")],
)
def test_only_the_latest_closed_month_reopens(code: str, refusal: str | None) -> None:
    problem = decide_reopen(MONTHS, code)
    assert (problem.code if problem else None) == refusal


def test_a_book_without_closed_months_has_nothing_to_reopen() -> None:
    refused = decide_reopen({"2026-01": "open"}, "2026-01")
    assert refused is not None
    assert refused.code == "out_of_order"


@given(moves=st.lists(st.tuples(st.sampled_from(["close", "reopen"]), st.integers(1, 6)), max_size=40))
def test_closed_months_are_always_the_first_ones(moves: list[tuple[str, int]]) -> None:
    months = {f"2026-{number:02d}": "open" for number in range(1, 7)}
    for action, number in moves:
        code = f"2026-{number:02d}"
        refused = decide_close(months, code, "2026-06") if action == "close" else decide_reopen(months, code)
        if refused is None:
            months[code] = "closed" if action == "close" else "open"
        statuses = [months[month] for month in sorted(months)]
        assert statuses == sorted(statuses)  # "closed" sorts before "open"
