"""Whatever the amounts, sources and conditions: what a template books balances, and loses no fen."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.funds.expansion import Amount, Facts, Part, Shortage, borne_by, expand, total_fen, whole
from ledger.funds.templates import Template, shipped

SOURCES = ("central", "province", "city", "county", "donation", "interest", "")
CHART_BASIS = {line.account: line.basis for template in shipped().templates for line in template.lines}

sums_of_money = st.integers(min_value=1, max_value=10**15)
parted = st.dictionaries(st.sampled_from(SOURCES), sums_of_money, min_size=1).map(
    lambda found: tuple(Part(source, fen) for source, fen in found.items())
)


def roles(template: Template) -> dict[str, str]:
    """A fund of its own for every role, so that two funds never balance each other."""
    return {role: f"fund_{role}" for role in sorted({line.fund for line in template.lines})}


def years(template: Template) -> dict[str, int]:
    """A budget year of its own for every role of one."""
    named = sorted({line.year for line in template.lines if line.year})
    return {role: 2021 + place for place, role in enumerate(named)}


@st.composite
def operations(draw: st.DrawFn) -> tuple[Template, dict[str, Amount], Facts]:
    template = draw(st.sampled_from(shipped().templates))
    amounts: dict[str, Amount] = {name: draw(parted) for name in template.amounts}
    for total, parts in template.sums.items():
        left = total_fen(amounts[total])
        for part in parts[:-1]:
            share = draw(st.integers(min_value=0, max_value=left))
            amounts[part] = whole(share)
            left -= share
        amounts[parts[-1]] = whole(left)
    conditions = {name: draw(st.sampled_from(values)) for name, values in template.conditions.items()}
    return template, amounts, Facts(roles(template), years(template), conditions, UUID(int=1), new_item=UUID(int=2))


@given(operations())
def test_every_expansion_balances_on_each_basis(case: tuple[Template, dict[str, Amount], Facts]) -> None:
    template, amounts, facts = case
    net: dict[tuple[str, str, int], int] = defaultdict(int)
    for draft in expand(template, amounts, facts):
        assert draft.amount_fen > 0
        signed_fen = draft.amount_fen if draft.side == "debit" else -draft.amount_fen
        net[draft.fund, CHART_BASIS[draft.account], draft.budget_year] += signed_fen
    assert net
    assert not any(net.values())


@given(operations())
def test_sourced_lines_keep_every_source_of_their_amount(case: tuple[Template, dict[str, Amount], Facts]) -> None:
    template, amounts, facts = case
    drafts = expand(template, amounts, facts)
    for line in template.lines:
        if line.sourced and line.applies(facts.conditions):
            booked = [(d.source, d.amount_fen) for d in drafts if d.account == line.account and d.side == line.side]
            assert booked == [(part.source, part.amount_fen) for part in amounts[line.amount]]


@given(
    amount=sums_of_money,
    cash=st.dictionaries(st.sampled_from(SOURCES), st.integers(min_value=-10, max_value=10**15)),
    order=st.permutations(SOURCES[:-1]),
)
def test_a_split_takes_all_of_the_amount_or_nothing(amount: int, cash: dict[str, int], order: list[str]) -> None:
    at_hand = sum(fen for fen in cash.values() if fen > 0)
    outcome = borne_by(amount, cash, order)
    if isinstance(outcome, Shortage):
        assert at_hand < amount
        assert outcome == Shortage(at_hand, amount)
        return
    assert total_fen(outcome) == amount
    assert all(0 < part.amount_fen <= cash[part.source] for part in outcome)
    # Only the last source of the split may keep something.
    ranks = [[*order, ""].index(part.source) for part in outcome]
    assert ranks == sorted(ranks)
    assert all(cash[part.source] == part.amount_fen for part in outcome[:-1])
    assert all(
        cash.get(source, 0) <= 0 for source in [*order, ""][: ranks[-1]] if source not in {p.source for p in outcome}
    )
