"""The arithmetic of a bank reconciliation 银行存款余额调节表. Pure.

Book and bank differ by what only one of them has yet. Whoever adds to each side what only the other has must come to the same sum:

    book + (bank received − bank paid, not in the book) = bank + (book received − book paid, not at the bank)

What is matched counts on both sides alike, so the two adjusted balances differ exactly where the bank's own balance is not what its lines
come to: a line is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

Status = Literal["reconciled", "unreconciled", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Movement:
    """How an entry moved the cash of a bank account: fen, in positive, out negative."""

    seq: int
    id: UUID
    effective_on: date
    period: str
    voucher_type: str
    voucher_number: int
    description: str
    reference: str | None
    red: bool
    undoes: UUID | None
    moved_fen: int

    @property
    def received_fen(self) -> int:
        """What stands in the receipts column; a red entry stands in the column of what it takes back, negative."""
        return self.moved_fen if (self.moved_fen > 0) != self.red else 0

    @property
    def paid_fen(self) -> int:
        """What stands in the payments column."""
        return -self.moved_fen if (self.moved_fen > 0) == self.red else 0


@dataclass(frozen=True, slots=True)
class Group:
    """Outstanding items of one kind: how many, and their sum, positive."""

    count: int
    sum_fen: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Both balances, what stands out on each side, and what both come to."""

    book_fen: int
    statement_fen: int
    book_received: Group
    """企业已收银行未收."""
    book_paid: Group
    """企业已付银行未付."""
    bank_received: Group
    """银行已收企业未收."""
    bank_paid: Group
    """银行已付企业未付."""

    @property
    def adjusted_book_fen(self) -> int:
        """The book's balance with what only the bank has."""
        return self.book_fen + self.bank_received.sum_fen - self.bank_paid.sum_fen

    @property
    def adjusted_statement_fen(self) -> int:
        """The bank's balance with what only the book has."""
        return self.statement_fen + self.book_received.sum_fen - self.book_paid.sum_fen

    @property
    def is_balanced(self) -> bool:
        """Whether both come to the same."""
        return self.adjusted_book_fen == self.adjusted_statement_fen


def reconcile(
    book_fen: int, statement_fen: int, book_items: Sequence[int], bank_items: Sequence[int]
) -> Reconciliation:
    """Put the reconciliation together from the balances and the signed fen of what stands out in the book and at the bank."""
    return Reconciliation(
        book_fen,
        statement_fen,
        _group(fen for fen in book_items if fen > 0),
        _group(-fen for fen in book_items if fen < 0),
        _group(fen for fen in bank_items if fen > 0),
        _group(-fen for fen in bank_items if fen < 0),
    )


def without_set_off(waiting: Sequence[Movement], matched: frozenset[UUID]) -> list[Movement]:
    """Leave out each red entry together with the entry it takes back, where both wait and neither is in a match that stands.

    A wrong entry and its reversal never reach the bank. A payment the bank sent back is no red entry, and has its two lines.
    """
    by_id = {one.id: one for one in waiting if one.id not in matched}
    gone: set[UUID] = set()
    for red in by_id.values():
        taken_back = by_id.get(red.undoes) if red.red and red.undoes is not None else None
        if taken_back is not None and taken_back.moved_fen == -red.moved_fen:
            gone |= {red.id, taken_back.id}
    return [one for one in waiting if one.id not in gone]


def closing_balance(day: Sequence[tuple[int, int]]) -> int:
    """Return the balance at the end of a day from its lines' (amount, balance), whatever order they came in.

    A line's balance is the end unless another line starts from it. Where that leaves no single one (the day came to nothing, or
    a line is missing), it is the last one's.
    """
    ends = Counter(balance for _, balance in day)
    ends.subtract(Counter(balance - amount for amount, balance in day))
    left = [balance for balance, count in ends.items() if count > 0]
    return left[0] if len(left) == 1 else day[-1][1]


def account_status(reconciliation: Reconciliation, covered_to: date | None, day: date) -> Status:
    """Say whether an account is reconciled at the end of a month.

    The statement must reach to that day, every line up to it must be matched [assumed: what the bank did in a month is booked before the
    month closes], and the adjusted balances must be equal. What only the book has may stand: the bank will follow.
    """
    is_covered = covered_to is not None and covered_to >= day
    nothing_unbooked = reconciliation.bank_received.count == 0 and reconciliation.bank_paid.count == 0
    return "reconciled" if is_covered and nothing_unbooked and reconciliation.is_balanced else "unreconciled"


def _group(amounts: Iterable[int]) -> Group:
    listed = list(amounts)
    return Group(len(listed), sum(listed))


def above(fund: str, parents: Mapping[str, str | None]) -> list[str]:
    """Return the funds above a fund, the nearest first."""
    found: list[str] = []
    parent = parents.get(fund)
    while parent is not None:
        found.append(parent)
        parent = parents.get(parent)
    return found


def first_clash(wanted: Sequence[str], taken: Collection[str], parents: Mapping[str, str | None]) -> str | None:
    """Return the first fund that lies on a bank account already, by itself, through one above it or through one below it."""
    above_taken = {ancestor for fund in taken for ancestor in above(fund, parents)}
    for fund in wanted:
        if fund in taken or fund in above_taken or any(ancestor in taken for ancestor in above(fund, parents)):
            return fund
    return None
