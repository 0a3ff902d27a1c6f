"""What the end of a fiscal year books: the closing of its results. Pure: balances as of December 31 in, lines out.

The mapping is data (``closing.yaml``). Running it again closes only what has come since: a late adjustment, or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from common.errors import NOT_FOUND, SAME_PERSON, Problem
from ledger.journal.drafts import NO_PURPOSE, NO_SOURCE, Act, EntryDraft, LineDraft
from ledger.problems import OUT_OF_ORDER, PERIOD_CLOSED, PROPOSALS_WAIT
from ledger.year_end.closing_table import ClosingTable, closing_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ledger.journal.drafts import Json, PostedEntry, PostedRecord, Side
    from ledger.journal.entries import People
    from ledger.journal.state import BalanceKey, BookState

CLOSING = "year_end_closing"
ENCUMBRANCE_LAPSE, CARRY_FORWARD, BUDGET_LAPSE = "encumbrance_lapse", "carry_forward", "budget_lapse"
OPERATIONS = frozenset({CLOSING, ENCUMBRANCE_LAPSE, CARRY_FORWARD, BUDGET_LAPSE})
"""The operations of a year's end; while they wait for a second person themselves, they do not stand in each other's way."""

MAX_LINE_FEN = 10**15
"""The most one posting may carry, in fen (the database's own bound); a larger balance takes several lines."""
DONE = 200


@dataclass(frozen=True, slots=True)
class YearEndOrder:
    """What is to be done at the end of a year with one fund, by whom."""

    year: int
    fund: str
    people: People
    reference: str | None = None

    @property
    def period(self) -> str:
        """The adjusting period everything is booked in."""
        return f"{self.year}-13"


def emptied_accounts() -> tuple[str, ...]:
    """Return every account that has no balance once a year is closed."""
    return closing_table().emptied_accounts()


def not_ready(year: int, people: People, state: BookState) -> Problem | None:
    """Return why the year's end cannot be booked, or nothing.

    Refusals: not_found (the book has no such December); same_person; out_of_order (a month is open); period_closed (the adjusting
    period); proposals_wait.
    """
    if f"{year}-12" not in state.periods:
        return NOT_FOUND.error("year")
    if people.prepared_by == people.reviewed_by:
        return SAME_PERSON.error("reviewed_by")
    still_open = sorted(code for code, status in state.periods.items() if code <= f"{year}-12" and status == "open")
    if still_open:
        return OUT_OF_ORDER.error("year", next_period=still_open[0])
    if state.period_status(f"{year}-13") != "open":
        return PERIOD_CLOSED.error("year", period=f"{year}-13")
    waiting = sum(operation not in OPERATIONS for operation in state.year_ends[year].waiting)
    return PROPOSALS_WAIT.error("year", waiting=waiting) if waiting else None


def decide_closing(order: YearEndOrder, state: BookState) -> EntryDraft | Act | Problem:
    """Close one fund's results of the year. Refusals: not_found; as ``not_ready``. Nothing left to close is no refusal."""
    if state.fund(order.fund) is None:
        return NOT_FOUND.error("fund")
    problem = not_ready(order.year, order.people, state)
    if problem is not None:
        return problem
    lines = closing_lines(order.fund, state.year_ends[order.year].balances, closing_table())
    return year_end_draft(order, CLOSING, f"{order.year}年年末结转", lines) if lines else nothing_left()


def closing_lines(fund: str, balances: Mapping[BalanceKey, int], table: ClosingTable) -> tuple[LineDraft, ...]:
    """Return the lines that close one fund's results, given debit-minus-credit balances as of December 31 in fen.

    Every account emptied gets a line against its balance; the first account on the way takes what was on the debit and what was on the
    credit side apart, so that its turnover shows expense and revenue.
    """
    lines: list[LineDraft] = []
    for closing in table.closings:
        taken = [
            (account, source, fen)
            for account, source in table.taken(closing)
            if (fen := balances.get((fund, account, 0, source, NO_PURPOSE), 0))
        ]
        stations = [*closing.through, closing.to]
        for account, source, fen in taken:
            lines.extend(_move(fund, account, source, -fen))
        for sign in (1, -1):
            lines.extend(_move(fund, stations[0], NO_SOURCE, sum(fen for _, _, fen in taken if fen * sign > 0)))
        carried = sum(fen for _, _, fen in taken)
        for station, following in pairwise(stations):
            standing = _standing(fund, station, balances)
            standing[NO_SOURCE] = standing.get(NO_SOURCE, 0) + carried
            for source, fen in sorted(standing.items()):
                lines.extend(_move(fund, station, source, -fen))
            carried = sum(standing.values())
            lines.extend(_move(fund, following, NO_SOURCE, carried))
    return tuple(lines)


def _standing(fund: str, account: str, balances: Mapping[BalanceKey, int]) -> dict[str, int]:
    """Return what already stood on an account, by source."""
    return {key[3]: fen for key, fen in balances.items() if key[:2] == (fund, account) and fen}


def _move(fund: str, account: str, source: str, fen: int) -> Iterator[LineDraft]:
    """Yield the lines that move a balance by ``fen`` (debit minus credit); none for nothing."""
    yield from lines_of(fund, account, "debit" if fen > 0 else "credit", abs(fen), source=source)


def lines_of(
    fund: str,
    account: str,
    side: Side,
    fen: int,
    *,
    source: str = NO_SOURCE,
    budget_year: int = 0,
    purpose_code: str = NO_PURPOSE,
) -> Iterator[LineDraft]:
    """Yield the lines of an amount; one posting carries so much and no more."""
    while fen > 0:
        part = min(fen, MAX_LINE_FEN)
        yield LineDraft(fund, account, side, part, budget_year, source, purpose_code=purpose_code)
        fen -= part


def year_end_draft(order: YearEndOrder, kind: str, description: str, lines: Sequence[LineDraft]) -> EntryDraft:
    """Return an entry of the year's end: dated December 31, booked in the adjusting period, a transfer voucher 转."""
    return EntryDraft(
        kind=kind,
        effective_on=date(order.year, 12, 31),
        description=description,
        lines=tuple(lines),
        prepared_by=order.people.prepared_by,
        posted_by=order.people.posted_by,
        reviewed_by=order.people.reviewed_by,
        voucher_type="转",
        reference=order.reference,
        period=order.period,
        metadata={"fiscal_year": order.year},
    )


def nothing_left() -> Act:
    """Return the act of a fund that has nothing left to be booked."""

    def render(entry: PostedEntry | None, records: tuple[PostedRecord, ...], state: BookState) -> dict[str, Json]:
        del entry, records, state
        return {}

    return Act((), render, status=DONE)
