"""What every entry must pass, whatever operation made it, in the order in which its faults are told (docs/postings-refusals.md)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.support.whole_model.book import BASIS, CONTROL, FIRST_MONTH, GUARDED, LAST_DAY, TIED

if TYPE_CHECKING:
    from tests.support.whole_model.book import Book, Draft, When


def refusal(book: Book, draft: Draft) -> str | None:
    """The code of the first fault, or nothing."""
    return (
        badly_dated(draft.when)
        or _wrong_accounts(book, draft)
        or _unbalanced(draft)
        or _missing_counterpart(draft)
        or _nameless_gift(draft)
        or closed(book, draft.when)
        or _done_before(book, draft)
        or _wrong_purpose(book, draft)
        or _too_little_budgetary(book, draft)
        or _below_zero(book, draft)
        or _beyond_what_is_open(book, draft)
    )


def badly_dated(when: When) -> str | None:
    """A date in the future or before the book, or a named period that is not the date's."""
    named_wrongly = when.named is not None and (when.named, when.on[5:]) != (f"{when.on[:4]}-13", "12-31")
    return "invalid_request" if when.on > LAST_DAY or when.on[:7] < FIRST_MONTH or named_wrongly else None


def closed(book: Book, when: When) -> str | None:
    """Nothing posts into a closed period."""
    return None if book.status_of(when.period) == "open" else "period_closed"


def refused_for_its_date(book: Book, when: When) -> str | None:
    """What typed operations ask of a date before they look at any money."""
    return badly_dated(when) or closed(book, when)


def _wrong_accounts(book: Book, draft: Draft) -> str | None:
    if any(line.fund not in book.funds or line.account not in BASIS for line in draft.lines):
        return "unknown_account"
    if draft.kind == "journal" and any(line.account in CONTROL for line in draft.lines):
        return "control_account"
    return None


def _unbalanced(draft: Draft) -> str | None:
    sums: Counter[tuple[str, str, int]] = Counter()
    for line in draft.lines:
        sums[line.fund, BASIS[line.account], line.year] += line.moved(red=draft.red)
    return "unbalanced_entry" if any(sums.values()) else None


def _missing_counterpart(draft: Draft) -> str | None:
    if draft.kind == "opening":
        return None
    for accounts in ({"300101"}, {"121801", "230701"}):
        if sum(line.moved(red=draft.red) for line in draft.lines if line.account in accounts):
            return "counterpart_missing"
    return None


def _nameless_gift(draft: Draft) -> str | None:
    nameless = any(line.account == "1002" and line.source == TIED[0] and line.item is None for line in draft.lines)
    return "gift_not_named" if nameless else None


def _done_before(book: Book, draft: Draft) -> str | None:
    if draft.undoes is not None and book.entries[draft.undoes].undone_by is not None:
        return "already_reversed"
    return "opening_already_posted" if book.opened & set(draft.opening) else None


def _wrong_purpose(book: Book, draft: Draft) -> str | None:
    for line in draft.lines:
        if not line.purpose:
            continue
        rules = book.purpose_for(line.fund, line.purpose)
        if rules is None:
            return "not_found"
        kinds, sources = rules
        draws = (line.account, line.side) == ("expended", "credit") and not draft.red
        if draws and not ((not kinds or draft.kind in kinds) and (not sources or line.source in sources)):
            return "purpose_not_allowed"
    return None


def _moved(draft: Draft, account: str) -> Counter[str]:
    sums: Counter[str] = Counter()
    for line in draft.lines:
        if line.account == account:
            sums[line.fund] += line.moved(red=draft.red)
    return sums


def _too_little_budgetary(book: Book, draft: Draft) -> str | None:
    """A free entry that takes cash says so on the budgetary side; it and its reversal leave what is encumbered."""
    cash, budgetary = _moved(draft, "1002"), _moved(draft, "8001")
    if draft.kind == "journal" and not draft.non_budget and any(f < 0 and f < budgetary[c] for c, f in cash.items()):
        return "budget_lines_missing"
    if draft.kind in {"journal", "reversal"}:
        for code, fen in _own_cash(draft).items():
            has = sum(n for key, n in book.balances.items() if key[:2] == (code, "1002") and key[3] not in TIED)
            encumbered = -book.total(code, "encumbered")
            ahead = draft.kind == "reversal" and has < encumbered
            if fen < 0 and 0 <= has + fen < encumbered and not ahead:
                return "budget_lines_missing"
    return None


def _own_cash(draft: Draft) -> Counter[str]:
    """What moves of each fund's own money: what is tied to a gift or to others covers nothing."""
    sums: Counter[str] = Counter()
    for line in draft.lines:
        if line.account == "1002" and line.source not in TIED:
            sums[line.fund] += line.moved(red=draft.red)
    return sums


def _below_zero(book: Book, draft: Draft) -> str | None:
    moves: Counter[tuple[str, str, int, str, str]] = Counter()
    for line in draft.lines:
        moves[line.key] += line.moved(red=draft.red)
    for key, fen in moves.items():
        if key[1] == "expended" and fen > 0 and book.balances[key] + fen > 0:
            return "more_than_was_spent"
        sign = GUARDED.get(key[1], 0)
        if fen * sign < 0 and (book.balances[key] + fen) * sign < 0:
            return "amount_exceeds_remaining" if key[1] == "encumbered" else "insufficient_funds"
    return None


def _beyond_what_is_open(book: Book, draft: Draft) -> str | None:
    """Encumbrances and open items give no more than they have."""
    reserved: Counter[int] = Counter()
    back: Counter[int] = Counter()
    owed: Counter[int] = Counter()
    settled: Counter[tuple[int, str]] = Counter()
    for line in draft.lines:
        fen = line.moved(red=draft.red)
        if line.encumbrance is not None and line.account in {"encumbered", "2303"}:
            (owed if line.account == "2303" else reserved)[line.encumbrance] -= fen
            if (line.account, line.side) == ("encumbered", "credit") and draft.kind != "carry_forward":
                back[line.encumbrance] += line.fen
        if line.item is not None and line.item < len(book.items):
            settled[line.item, line.source] += fen if book.items[line.item].side == "debit" else -fen
    known = len(book.encumbrances)
    paid = {number: one.liquidated - one.returned for number, one in enumerate(book.encumbrances)}
    beyond = (
        any(number < known and book.encumbrances[number].remaining + fen < 0 for number, fen in reserved.items())
        or any(number < known and book.encumbrances[number].payable + fen < 0 for number, fen in owed.items())
        or any(number < known and fen > paid[number] for number, fen in back.items())
        or any(book.items[number].remaining(source) + fen < 0 for (number, source), fen in settled.items())
    )
    return "amount_exceeds_remaining" if beyond else None
