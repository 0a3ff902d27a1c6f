"""A payment without a source is borne by the fund's sources in its order, to the fen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.journal.sources import split_over_sources

SOURCES = ["central", "province", "city", "county", "donation", "interest", ""]
cash = st.dictionaries(st.sampled_from(SOURCES), st.integers(0, 1000))
orders = st.permutations(SOURCES[:-1]).map(lambda order: order[:4])


@given(st.integers(1, 8000), cash, orders)
def test_the_parts_add_up_and_no_source_gives_more_than_it_has_while_there_is_enough(
    amount: int, has: dict[str, int], order: list[str]
) -> None:
    parts = split_over_sources(amount, has, order)
    assert sum(fen for _, fen in parts) == amount
    assert all(fen > 0 for _, fen in parts)
    assert len({source for source, _ in parts}) == len(parts)
    if amount <= sum(has.values()):
        assert all(fen <= has[source] for source, fen in parts)


@given(st.integers(1, 8000), cash, orders)
def test_a_later_source_gives_only_when_the_earlier_ones_are_empty(
    amount: int, has: dict[str, int], order: list[str]
) -> None:
    parts = dict(split_over_sources(amount, has, order))
    ranked = [*order, *sorted(set(has) - set(order) - {""}), ""]
    last = max(ranked.index(source) for source in parts)
    assert all(parts.get(source, 0) >= has.get(source, 0) for source in ranked[:last])


def test_worked_examples() -> None:
    order = ["central", "county"]
    assert split_over_sources(50, {"central": 30, "county": 40}, order) == (("central", 30), ("county", 20))
    assert split_over_sources(50, {"": 100, "donation": 10}, order) == (("donation", 10), ("", 40))
    assert split_over_sources(50, {"county": 20}, order) == (("county", 50),)
    assert split_over_sources(50, {}, order) == (("", 50),)
