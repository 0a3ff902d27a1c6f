"""The rules every entry must pass, in the order in which their refusals are reported. Pure.

First what is wrong with the entry itself (422), then what the book's state refuses (409); within each, top to bottom as listed in
``RULES``. docs/postings-refusals.md shows the same order to callers. The database proves the same again (docs/adr/0003).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from common.dates import month_code
from common.errors import NOT_FOUND, Problem
from common.validation import invalid_field
from ledger import problems
from ledger.journal.drafts import (
    CASH,
    CONTROL_ACCOUNTS,
    DUE_FROM,
    DUE_TO,
    FUNDS_BALANCE,
    GIFT,
    NO_PURPOSE,
    TIED_SOURCES,
    TRANSFER,
)
from ledger.journal.sources import with_sources
from ledger.journal.state import CARRY_FORWARD

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from ledger.journal.drafts import EntryDraft, LineDraft
    from ledger.journal.state import BalanceKey, BookState

MAX_TURNOVER_FEN = 9 * 10**18
"""The most an account may turn over, in fen: what a 64-bit column holds, rounded down."""

_FREE_KINDS = frozenset({"journal", "reversal"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry about to be decided: its draft, its lines with their sources settled, and what they move (debit minus credit)."""

    draft: EntryDraft
    lines: tuple[LineDraft, ...]
    moves: dict[BalanceKey, int]

    @property
    def sign(self) -> int:
        """Red entries take away what their sides would add."""
        return -1 if self.draft.red else 1

    def moved(self, account: str) -> Counter[str]:
        """What the entry moves on an account, per fund, over all years and sources."""
        total: Counter[str] = Counter()
        for (fund, code, _, _, _), fen in self.moves.items():
            if code == account:
                total[fund] += fen
        return total


Rule: TypeAlias = "Callable[[Candidate, BookState], Problem | None]"


def candidate(draft: EntryDraft, state: BookState) -> Candidate:
    """Settle the sources of the draft's lines and sum up what they move."""
    lines = with_sources(draft.lines, state)
    moves: dict[BalanceKey, int] = {}
    for line in lines:
        key = (line.fund, line.account, line.budget_year, line.source or "", line.purpose_code)
        fen = line.amount_fen if (line.side == "debit") != draft.red else -line.amount_fen
        moves[key] = moves.get(key, 0) + fen
    return Candidate(draft, lines, moves)


def refusal(entry: Candidate, state: BookState) -> Problem | None:
    """Return the first rule's refusal, or nothing: then the entry must succeed."""
    for rule in RULES:
        problem = rule(entry, state)
        if problem is not None:
            return problem
    return None


def has_two_lines(entry: Candidate, state: BookState) -> Problem | None:
    """An entry has at least two postings 有借必有贷."""
    del state
    if len(entry.draft.lines) < 2:  # noqa: PLR2004 - double entry
        return invalid_field("postings", "too_few", "凭证至少有两行分录。", "An entry has at least two postings.")
    return None


def is_dated_in_the_book(entry: Candidate, state: BookState) -> Problem | None:
    """The business date is neither after today (Asia/Shanghai) nor before the book's first month."""
    day = entry.draft.effective_on
    if day > state.today:
        return invalid_field(
            "effective_on", "in_the_future", "业务日期不得晚于今天。", "The date must not be after today."
        )
    if month_code(day) < state.first_period:
        return invalid_field(
            "effective_on", "before_the_book", "业务日期早于账套启用月份。", "The date lies before the book begins."
        )
    if entry.draft.period is not None and (entry.draft.period, day.month, day.day) != (f"{day.year}-13", 12, 31):
        return invalid_field(
            "period",
            "not_the_adjusting_period",
            "调整期只能是业务日期所在年度的第13期，且业务日期须为12月31日。",
            "Only the adjusting period 13 of the date's year can be named, for an entry dated December 31.",
        )
    return None


def names_known_accounts(entry: Candidate, state: BookState) -> Problem | None:
    """Every posting names a fund of the book and an account of that fund."""
    chart = state.chart
    for index, line in enumerate(entry.draft.lines):
        if (line.fund, line.account) not in chart:
            field = "account" if state.fund(line.fund) else "fund"
            return problems.UNKNOWN_ACCOUNT.error(field=f"postings[{index}].{field}", line=index + 1)
    return None


def leaves_control_accounts_alone(entry: Candidate, state: BookState) -> Problem | None:
    """Free entries never touch control accounts; typed operations do."""
    del state
    if entry.draft.kind != "journal":
        return None
    for index, line in enumerate(entry.draft.lines):
        if line.account in CONTROL_ACCOUNTS:
            return problems.CONTROL_ACCOUNT.error(field=f"postings[{index}].account", line=index + 1)
    return None


def balances(entry: Candidate, state: BookState) -> Problem | None:
    """Debits equal credits within every fund, basis and budget year."""
    sums: dict[tuple[str, str, int], int] = {}
    for (fund, account, year, _, _), fen in entry.moves.items():
        key = (fund, state.chart[fund, account].basis, year)
        sums[key] = sums.get(key, 0) + fen
    for (fund, basis, _), fen in sums.items():
        if fen:
            return problems.UNBALANCED_ENTRY.error(
                field="postings", fund=fund, basis=basis, difference_fen=fen * entry.sign
            )
    return None


def crosses_funds_whole(entry: Candidate, state: BookState) -> Problem | None:
    """What one fund transfers or owes, another takes or is owed, in the same entry; balances taken over are as they are."""
    del state
    if entry.draft.kind == "opening":
        return None
    for accounts in ((TRANSFER,), (DUE_FROM, DUE_TO)):
        fen = sum(moved for (_, code, _, _, _), moved in entry.moves.items() if code in accounts)
        if fen:
            return problems.COUNTERPART_MISSING.error(field="postings", account=accounts[0], difference_fen=fen)
    return None


def names_its_gifts(entry: Candidate, state: BookState) -> Problem | None:
    """Cash of restricted gifts moves only under the name of a gift, so that each gift tells what is left of it."""
    del state
    for index, line in enumerate(entry.lines):
        if line.account == CASH and line.source == GIFT and line.item is None:
            return problems.GIFT_NOT_NAMED.error(field=f"postings[{index}].source", line=index + 1)
    return None


def names_known_items(entry: Candidate, state: BookState) -> Problem | None:
    """An open item a posting names exists, unless this very entry opens it, and is of the posting's fund and account."""
    opened = entry.draft.new_item
    for line in entry.lines:
        if line.item is None:
            continue
        known = opened if opened is not None and opened.id == line.item else state.item(line.item)
        if known is None or (known.fund, known.account) != (line.fund, line.account):
            return NOT_FOUND.error(field="item")
    return None


def draws_on_its_purposes(entry: Candidate, state: BookState) -> Problem | None:
    """A purpose belongs to the fund or one above it, and says which kinds of entry and which sources may draw on it."""
    for line in entry.lines:
        if line.purpose_code == NO_PURPOSE:
            continue
        purpose = state.purpose(line.fund, line.purpose_code)
        if purpose is None:
            return NOT_FOUND.error(field="purpose_code")
        # A red entry gives back what was drawn.
        draws = line.account == "expended" and line.side == "credit" and not entry.draft.red
        kind_fits = not purpose.kinds or entry.draft.kind in purpose.kinds
        source_fits = not purpose.sources or (line.source or "") in purpose.sources
        if draws and not (kind_fits and source_fits):
            return problems.PURPOSE_NOT_ALLOWED.error(
                field="purpose_code",
                purpose=purpose.code,
                kinds=sorted(purpose.kinds),
                sources=sorted(purpose.sources),
            )
    return None


def names_known_encumbrances(entry: Candidate, state: BookState) -> Problem | None:
    """An encumbrance a posting names exists, unless this very entry opens it."""
    opened = entry.draft.new_encumbrance
    for line in entry.lines:
        known = line.encumbrance is None or line.encumbrance in state.encumbrances
        if not known and (opened is None or opened.id != line.encumbrance):
            return NOT_FOUND.error()
    return None


def falls_in_an_open_period(entry: Candidate, state: BookState) -> Problem | None:
    """Nothing posts into a closed period 结账."""
    month = entry.draft.booked_in
    if state.period_status(month) != "open":
        return problems.PERIOD_CLOSED.error(field="effective_on", period=month)
    return None


def undoes_only_once(entry: Candidate, state: BookState) -> Problem | None:
    """An entry is reversed or returned once."""
    if entry.draft.undoes is None:
        return None
    undone = state.entry(entry.draft.undoes)
    if undone is None:
        return NOT_FOUND.error()
    return None if undone.undone_by is None else problems.ALREADY_REVERSED.error(undone_by=str(undone.undone_by))


def opens_a_fund_only_once(entry: Candidate, state: BookState) -> Problem | None:
    """A fund takes over its opening balance once."""
    for code in entry.draft.opening_funds:
        fund = state.fund(code)
        if fund is not None and fund.has_opening:
            return problems.OPENING_ALREADY_POSTED.error(fund=code)
    return None


def carries_its_budgetary_lines(entry: Candidate, state: BookState) -> Problem | None:
    """A free entry that lowers a fund's cash credits 8001 by as much, or says it is not budgetary; see also the next rule."""
    del state
    if entry.draft.kind != "journal" or entry.draft.non_budget:
        return None
    budgetary = entry.moved(FUNDS_BALANCE)
    for fund, fen in entry.moved(CASH).items():
        if fen < 0 and -budgetary[fund] < -fen:
            return problems.BUDGET_LINES_MISSING.error(field="postings", fund=fund, missing_fen=budgetary[fund] - fen)
    return None


def leaves_encumbered_money_alone(entry: Candidate, state: BookState) -> Problem | None:
    """A free entry or a reversal that lowers a fund's own cash leaves at least what is encumbered.

    Money that is tied, to a gift or to others, covers nothing. Where budget was reserved ahead of its cash, a wrong entry can still be
    taken back.
    """
    if entry.draft.kind not in _FREE_KINDS:
        return None
    moved: Counter[str] = Counter()
    for (fund, account, _, source, _), fen in entry.moves.items():
        if account == CASH and source not in TIED_SOURCES:
            moved[fund] += fen
    for fund, fen in moved.items():
        if fen < 0:
            cash = sum(left for source, left in state.cash_by_source(fund).items() if source not in TIED_SOURCES)
            left = cash + fen
            encumbered = -state.balance_of(fund, "encumbered")
            was_ahead = entry.draft.kind == "reversal" and cash < encumbered
            # Cash below zero is the matter of stays_above_zero, which says so.
            if 0 <= left < encumbered and not was_ahead:
                return problems.BUDGET_LINES_MISSING.error(field="postings", fund=fund, encumbered_fen=encumbered)
    return None


def stays_above_zero(entry: Candidate, state: BookState) -> Problem | None:
    """Cash, available and encumbered never stand below zero: per fund, budget year and source; no more comes back than was spent."""
    for key, fen in entry.moves.items():
        account = state.chart[key[0], key[1]]
        if account.code == "expended" and fen > 0 and state.balances.get(key, 0) + fen > 0:
            return problems.MORE_THAN_WAS_SPENT.error(
                fund=key[0],
                fiscal_year=key[2],
                source=key[3] or None,
                purpose_code=key[4] or None,
                spent_fen=-state.balances.get(key, 0),
                requested_fen=fen,
            )
        if not account.guarded:
            continue
        sign = 1 if account.normal_side == "debit" else -1
        before = state.balances.get(key, 0) * sign
        if fen * sign < 0 and before + fen * sign < 0:
            kind = problems.AMOUNT_EXCEEDS_REMAINING if account.code == "encumbered" else problems.INSUFFICIENT_FUNDS
            return kind.error(
                fund=key[0], account=key[1], source=key[3] or None, available_fen=before, requested_fen=-fen * sign
            )
    return None


def leaves_encumbrances_whole(entry: Candidate, state: BookState) -> Problem | None:
    """No encumbrance gives more than it has left, pays again more than the bank returned, or gets back more than it paid."""
    remaining: Counter[object] = Counter()
    payable: Counter[object] = Counter()
    returned: Counter[object] = Counter()
    for line in entry.lines:
        if line.encumbrance is not None and line.account in {"encumbered", "2303"}:
            fen = line.amount_fen if (line.side == "credit") != entry.draft.red else -line.amount_fen
            (payable if line.account == "2303" else remaining)[line.encumbrance] += fen
            if line.account == "encumbered" and line.side == "credit" and entry.draft.kind != CARRY_FORWARD:
                returned[line.encumbrance] += fen
    for encumbrance, stood in state.encumbrances.items() if remaining or payable else ():
        if stood.remaining_fen + remaining[encumbrance] < 0 or stood.payable_fen + payable[encumbrance] < 0:
            return problems.AMOUNT_EXCEEDS_REMAINING.error(remaining_fen=stood.remaining_fen)
        paid_fen = stood.liquidated_fen - stood.returned_fen
        if returned[encumbrance] > paid_fen:
            return problems.AMOUNT_EXCEEDS_REMAINING.error(remaining_fen=paid_fen, requested_fen=returned[encumbrance])
    return None


def leaves_items_whole(entry: Candidate, state: BookState) -> Problem | None:
    """No open item is settled beyond what stands open of it, per source of money."""
    moved: Counter[tuple[UUID, str]] = Counter()
    for line in entry.lines:
        if line.item is not None:
            item = entry.draft.new_item if state.item(line.item) is None else state.item(line.item)
            opens = item is not None and (line.side == item.side) != entry.draft.red
            moved[line.item, line.source or ""] += line.amount_fen if opens else -line.amount_fen
    for (item_id, source), fen in moved.items():
        stood = state.item(item_id)
        left = stood.remaining.get(source, 0) if stood is not None else 0
        if left + fen < 0:
            return problems.AMOUNT_EXCEEDS_REMAINING.error(
                item=str(item_id), source=source or None, remaining_fen=left, requested_fen=-fen
            )
    return None


def stays_in_range(entry: Candidate, state: BookState) -> Problem | None:
    """An account's turnover stays within what a 64-bit column holds."""
    for line in entry.lines:
        debit, credit = state.turnover.get(
            (line.fund, line.account, line.budget_year, line.source or "", line.purpose_code), (0, 0)
        )
        if max(abs(debit), abs(credit)) > MAX_TURNOVER_FEN:
            return problems.AMOUNT_OUT_OF_RANGE.error(fund=line.fund, account=line.account)
    return None


RULES: tuple[Rule, ...] = (
    has_two_lines,
    is_dated_in_the_book,
    names_known_accounts,
    leaves_control_accounts_alone,
    balances,
    crosses_funds_whole,
    names_its_gifts,
    names_known_encumbrances,
    names_known_items,
    falls_in_an_open_period,
    undoes_only_once,
    opens_a_fund_only_once,
    draws_on_its_purposes,
    carries_its_budgetary_lines,
    leaves_encumbered_money_alone,
    stays_above_zero,
    leaves_encumbrances_whole,
    leaves_items_whole,
    stays_in_range,
)
