"""The identity of a bank reconciliation over random books, statements and matches: both adjusted balances are the same sum on every day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.bank.matching import Candidate, propose
from ledger.bank.rules import Movement, closing_balance, reconcile, without_set_off

START = date(2026, 1, 1)
DAYS = 12
amounts = st.integers(-4, 4).filter(bool)
days = st.integers(0, DAYS - 1)


@dataclass
class Office:
    """A book and a statement with what is matched: parts of one match are numbers of lines and of entries."""

    entries: list[Movement] = field(default_factory=list)
    lines: list[Candidate] = field(default_factory=list)
    matches: list[tuple[list[int], list[int]]] = field(default_factory=list)

    def outstanding(self, on: date) -> tuple[list[Movement], list[int]]:
        """What nothing up to a day is matched with, straight from the definition."""
        line_days = {line.number: line.day for line in self.lines}
        entry_days = {one.seq: one.effective_on for one in self.entries}
        whole = [
            (lines, seqs)
            for lines, seqs in self.matches
            if max([line_days[line] for line in lines] + [entry_days[seq] for seq in seqs]) <= on
        ]
        done_lines = {line for lines, _ in whole for line in lines}
        done_seqs = {seq for _, seqs in whole for seq in seqs}
        matched = frozenset(UUID(int=seq) for _, seqs in self.matches for seq in seqs)
        waiting = [one for one in self.entries if one.effective_on <= on and one.seq not in done_seqs]
        left = [line.fen for line in self.lines if line.day <= on and line.number not in done_lines]
        return without_set_off(waiting, matched), left


@st.composite
def offices(draw: st.DrawFn) -> Office:
    made = Office()
    for day, fen in draw(st.lists(st.tuples(days, amounts), max_size=14)):
        _enter(made, day, fen, None)
    for seq in draw(st.sets(st.sampled_from([one.seq for one in made.entries]))) if made.entries else ():
        wrong = made.entries[seq - 1]
        later = (wrong.effective_on - START).days + draw(st.integers(0, 3))
        _enter(made, later, -wrong.moved_fen, wrong.id)
    for day, fen in draw(st.lists(st.tuples(days, amounts), max_size=14)):
        made.lines.append(Candidate(len(made.lines) + 1, START + timedelta(days=day), fen, None))
    free_lines = {line.number: line.fen for line in made.lines}
    free_entries = {one.seq: one.moved_fen for one in made.entries}
    # Groups drawn at random count as matches where their sums agree, as the database has it.
    for _ in range(draw(st.integers(0, 3))):
        lines = sorted(draw(st.sets(st.sampled_from(sorted(free_lines)), max_size=3))) if free_lines else []
        seqs = sorted(draw(st.sets(st.sampled_from(sorted(free_entries)), max_size=3))) if free_entries else []
        if (
            lines
            and len(lines) + len(seqs) > 1
            and sum(free_lines[one] for one in lines) == sum(free_entries[one] for one in seqs)
        ):
            made.matches.append((lines, seqs))
            for one in lines:
                del free_lines[one]
            for one in seqs:
                del free_entries[one]
    left = [line for line in made.lines if line.number in free_lines]
    book = [
        Candidate(one.seq, one.effective_on, one.moved_fen, None) for one in made.entries if one.seq in free_entries
    ]
    for proposal in propose(left, book, draw(st.integers(0, DAYS))):
        if draw(st.booleans()):
            made.matches.append(([proposal.line], [proposal.entry]))
    return made


def _enter(office: Office, day: int, fen: int, undoes: UUID | None) -> None:
    seq = len(office.entries) + 1
    on = START + timedelta(days=day)
    office.entries.append(
        Movement(seq, UUID(int=seq), on, "2026-01", "记", seq, "x", None, undoes is not None, undoes, fen)
    )


@given(offices())
def test_both_adjusted_balances_are_the_same_on_every_day(office: Office) -> None:
    for day in range(DAYS + 5):
        on = START + timedelta(days=day)
        book_fen = sum(one.moved_fen for one in office.entries if one.effective_on <= on)
        statement_fen = sum(line.fen for line in office.lines if line.day <= on)
        entries, lines = office.outstanding(on)
        found = reconcile(book_fen, statement_fen, [one.moved_fen for one in entries], lines)
        assert found.is_balanced
        # A line the bank knows of and we do not shows to the fen.
        missing = reconcile(book_fen, statement_fen + 7, [one.moved_fen for one in entries], lines)
        assert missing.adjusted_statement_fen - missing.adjusted_book_fen == 7


@given(offices())
def test_proposals_are_one_to_one_and_of_equal_amounts(office: Office) -> None:
    lines = {line.number: line for line in office.lines}
    book = {one.seq: Candidate(one.seq, one.effective_on, one.moved_fen, None) for one in office.entries}
    found = propose(list(lines.values()), list(book.values()), 3)
    assert len({one.line for one in found}) == len({one.entry for one in found}) == len(found)
    for one in found:
        assert lines[one.line].fen == book[one.entry].fen
        assert abs((lines[one.line].day - book[one.entry].day).days) <= 3


@given(
    st.integers(-100, 100),
    st.lists(st.integers(-50, 50).filter(bool), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
)
def test_a_day_ends_with_the_same_balance_in_whatever_order_its_lines_come(
    start: int, moves: list[int], chance: object
) -> None:
    day: list[tuple[int, int]] = []
    balance = start
    for move in moves:
        balance += move
        day.append((move, balance))
    assert closing_balance(day) == balance
    shuffled = list(day)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    if balance != start:
        assert closing_balance(shuffled) == balance
