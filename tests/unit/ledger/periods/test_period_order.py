"""Which month may be closed or reopened next: a handwritten table, and the property that closed months come first."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.periods.rules import days_of, decide_close, decide_reopen, year_to_be_closed

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


YEAR = {f"2026-{number:02d}": "closed" for number in range(1, 13)} | {"2026-13": "open", "2027-01": "open"}


@pytest.mark.parametrize(
    ("code", "refusal"), [("2026-13", None), ("2027-01", "out_of_order"), ("2026-12", "period_closed")]
)
def test_the_adjusting_period_closes_between_december_and_january(code: str, refusal: str | None) -> None:
    problem = decide_close(YEAR, code, "2027-02")
    assert (problem.code if problem else None) == refusal
    if code == "2027-01":
        assert problem is not None
        assert problem.params["next_period"] == "2026-13"
    ended = decide_close(YEAR, "2026-13", "2027-01")
    assert ended is None
    early = decide_close(YEAR, "2026-13", "2026-12")
    assert early is not None
    assert early.code == "period_not_ended"


def test_december_stays_closed_once_the_adjusting_period_has_begun() -> None:
    begun = decide_reopen(YEAR, "2026-12")
    assert begun is not None
    assert begun.code == "adjusting_period_begun"
    closed = YEAR | {"2026-13": "closed"}
    after = decide_reopen(closed, "2026-12")
    assert after is not None
    assert (after.code, after.params["next_period"]) == ("out_of_order", "2026-13")
    assert decide_reopen(closed, "2026-13") is None
    never = {code: status for code, status in YEAR.items() if code != "2026-13"}
    assert decide_reopen(never, "2026-12") is None


@pytest.mark.parametrize(
    ("code", "year"),
    [("2026-13", 2026), ("2027-01", 2026), ("2026-01", None), ("2026-12", None), ("2026-06", None)],
)
def test_a_years_results_are_asked_for_where_nothing_more_will_post_into_it(code: str, year: int | None) -> None:
    assert year_to_be_closed(YEAR, code) == year


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("2026-01", date(2026, 1, 1), date(2026, 1, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-13", date(2026, 12, 31), date(2026, 12, 31)),
    ],
)
def test_the_days_of_a_period(code: str, first: date, last: date) -> None:
    assert days_of(code) == (first, last)


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
