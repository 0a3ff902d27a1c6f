"""Which money a payment that names no source draws on. Pure.

Cash is kept by source 资金来源. A line that credits cash without a source takes what each source has, in the fund's stated order,
then money of sources outside that order, then money without a source; never tied money (gifts for a purpose, money held for others).
What is missing after that stays on the last source that has
money, so that the rule against negative balances refuses the entry and names it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ledger.journal.drafts import CASH, NO_SOURCE, TIED_SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ledger.journal.drafts import LineDraft
    from ledger.journal.state import BookState


def split_over_sources(amount_fen: int, cash: Mapping[str, int], order: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Split an amount over the sources of a fund's cash: ``(source, fen)`` pairs that add up to the amount, none of them zero."""
    stated = [source for source in order if source != NO_SOURCE]
    others = sorted(source for source in cash if source not in stated and source not in (NO_SOURCE, *TIED_SOURCES))
    parts: dict[str, int] = {}
    left = amount_fen
    for source in [*stated, *others, NO_SOURCE]:
        taken = min(left, cash.get(source, 0))
        if taken > 0:
            parts[source] = taken
            left -= taken
    if left:
        last = next(reversed(parts), NO_SOURCE)
        parts[last] = parts.get(last, 0) + left
    return tuple(parts.items())


def with_sources(lines: tuple[LineDraft, ...], state: BookState) -> tuple[LineDraft, ...]:
    """Split the lines that credit cash without a source, in the order they stand; leave the others as they are."""
    if not any(_takes_cash_of_any_source(line) for line in lines):
        return lines
    left: dict[str, dict[str, int]] = {}
    settled: list[LineDraft] = []
    for line in lines:
        fund = state.fund(line.fund)
        if fund is None or not _takes_cash_of_any_source(line):
            settled.append(line)
            continue
        cash = left.setdefault(line.fund, state.cash_by_source(line.fund))
        for source, fen in split_over_sources(line.amount_fen, cash, fund.source_order):
            cash[source] = cash.get(source, 0) - fen
            settled.append(replace(line, source=source, amount_fen=fen))
    return tuple(settled)


def _takes_cash_of_any_source(line: LineDraft) -> bool:
    return line.account == CASH and line.source is None and line.side == "credit"
