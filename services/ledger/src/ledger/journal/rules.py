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
from ledger.journal.drafts import CASH, CONTROL_ACCOUNTS, FUNDS_BALANCE
from ledger.journal.sources import with_sources

if TYPE_CHECKING:
    from collections.abc import Callable

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
        for (fund, code, _, _), fen in self.moves.items():
            if code == account:
                total[fund] += fen
        return total


Rule: TypeAlias = "Callable[[Candidate, BookState], Problem | None]"


def candidate(draft: EntryDraft, state: BookState) -> Candidate:
    """Settle the sources of the draft's lines and sum up what they move."""
    lines = with_sources(draft.lines, state)
    moves: dict[BalanceKey, int] = {}
    for line in lines:
        key = (line.fund, line.account, line.budget_year, line.source or "")
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
    for (fund, account, year, _), fen in entry.moves.items():
        key = (fund, state.chart[fund, account].basis, year)
        sums[key] = sums.get(key, 0) + fen
    for (fund, basis, _), fen in sums.items():
        if fen:
            return problems.UNBALANCED_ENTRY.error(
                field="postings", fund=fund, basis=basis, difference_fen=fen * entry.sign
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
    """Nothing posts into a closed month 结账."""
    month = month_code(entry.draft.effective_on)
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
    """A free entry or its reversal that lowers a fund's cash leaves at least what is encumbered."""
    if entry.draft.kind not in _FREE_KINDS:
        return None
    for fund, fen in entry.moved(CASH).items():
        if fen < 0:
            left = state.balance_of(fund, CASH) + fen
            encumbered = -state.balance_of(fund, "encumbered")
            # Cash below zero is the matter of stays_above_zero, which says so.
            if 0 <= left < encumbered:
                return problems.BUDGET_LINES_MISSING.error(field="postings", fund=fund, encumbered_fen=encumbered)
    return None


def stays_above_zero(entry: Candidate, state: BookState) -> Problem | None:
    """Cash, available and encumbered never stand below zero: per fund, budget year and source."""
    for key, fen in entry.moves.items():
        account = state.chart[key[0], key[1]]
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
    """No encumbrance gives more than it has left, nor pays again more than the bank returned."""
    remaining: Counter[object] = Counter()
    payable: Counter[object] = Counter()
    for line in entry.lines:
        if line.encumbrance is not None and line.account in {"encumbered", "2303"}:
            fen = line.amount_fen if (line.side == "credit") != entry.draft.red else -line.amount_fen
            (payable if line.account == "2303" else remaining)[line.encumbrance] += fen
    for encumbrance, stood in state.encumbrances.items() if remaining or payable else ():
        if stood.remaining_fen + remaining[encumbrance] < 0 or stood.payable_fen + payable[encumbrance] < 0:
            return problems.AMOUNT_EXCEEDS_REMAINING.error(remaining_fen=stood.remaining_fen)
    return None


def stays_in_range(entry: Candidate, state: BookState) -> Problem | None:
    """An account's turnover stays within what a 64-bit column holds."""
    for line in entry.lines:
        debit, credit = state.turnover.get((line.fund, line.account, line.budget_year, line.source or ""), (0, 0))
        if max(abs(debit), abs(credit)) > MAX_TURNOVER_FEN:
            return problems.AMOUNT_OUT_OF_RANGE.error(fund=line.fund, account=line.account)
    return None


RULES: tuple[Rule, ...] = (
    has_two_lines,
    is_dated_in_the_book,
    names_known_accounts,
    leaves_control_accounts_alone,
    balances,
    names_known_encumbrances,
    falls_in_an_open_period,
    undoes_only_once,
    opens_a_fund_only_once,
    carries_its_budgetary_lines,
    leaves_encumbered_money_alone,
    stays_above_zero,
    leaves_encumbrances_whole,
    stays_in_range,
)
