"""Which unmatched lines of a statement belong to which unmatched entries: proposals, and groups out of pairs. Pure and deterministic.

A proposal pairs one line with one entry of exactly its amount. What speaks for it is counted:

| reason | score |
| --- | --- |
| the same amount (always) | 40 |
| the same reference | 40 |
| dates within the window | 20, less one for each day between |
| nothing else of this amount stands within the window, on either side | 10 (only without a reference) |

First whoever shares a reference is paired, then the rest by date, the nearest first; equals in the order of the statement and of the book.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeVar

Reason = Literal["amount", "reference", "date", "only_one"]
DEFAULT_WINDOW: Final = 5
_AMOUNT, _REFERENCE, _DATE, _ONLY_ONE = 40, 40, 20, 10

Node = TypeVar("Node")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line or an entry that waits: its number on its own side, day, fen (in positive, out negative) and reference."""

    number: int
    day: date
    fen: int
    reference: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One line and one entry that seem to be the same money, and why."""

    line: int
    entry: int
    score: int
    reasons: tuple[Reason, ...]


def propose(lines: Sequence[Candidate], entries: Sequence[Candidate], window: int = DEFAULT_WINDOW) -> list[Proposal]:
    """Return proposals, the best first. Each line and each entry is in one at most; ``window`` is in days."""
    lines_by_amount = _by_amount(lines)
    entries_by_amount = _by_amount(entries)
    found: list[Proposal] = []
    for fen, here in lines_by_amount.items():
        there = entries_by_amount.get(fen)
        if there:
            found += _within_amount(here, there, window)
    days = {line.number: line.day for line in lines}
    return sorted(found, key=lambda one: (-one.score, days[one.line], one.line, one.entry))


def reference_form(reference: str | None) -> str | None:
    """Bring a reference into the form in which two are compared."""
    if reference is None:
        return None
    return "".join(unicodedata.normalize("NFKC", reference).split()).replace("-", "").upper() or None


def components(pairs: Iterable[tuple[Node, Node]]) -> list[list[Node]]:
    """Group what pairs connect, in the order in which each group is first named."""
    leader: dict[Node, Node] = {}

    def found(node: Node) -> Node:
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    for one, other in pairs:
        leader.setdefault(one, one)
        leader.setdefault(other, other)
        leader[found(other)] = found(one)
    groups: dict[Node, list[Node]] = {}
    for node in leader:
        groups.setdefault(found(node), []).append(node)
    return list(groups.values())


def _by_amount(candidates: Iterable[Candidate]) -> dict[int, list[Candidate]]:
    grouped: dict[int, list[Candidate]] = defaultdict(list)
    for one in sorted(candidates, key=lambda one: (one.day, one.number)):
        grouped[one.fen].append(one)
    return grouped


def _within_amount(lines: list[Candidate], entries: list[Candidate], window: int) -> list[Proposal]:
    by_reference: dict[str, list[Candidate]] = defaultdict(list)
    for entry in reversed(entries):
        if (form := reference_form(entry.reference)) is not None:
            by_reference[form].append(entry)
    found: list[Proposal] = []
    rest: list[Candidate] = []
    taken: set[int] = set()
    for line in lines:
        same = by_reference.get(reference_form(line.reference) or "")
        if same:
            entry = same.pop()
            taken.add(entry.number)
            found.append(_proposal(line, entry, window, by_reference=True, only_one=False))
        else:
            rest.append(line)
    left = [entry for entry in entries if entry.number not in taken]
    return found + _by_date(rest, left, window)


def _by_date(lines: list[Candidate], entries: list[Candidate], window: int) -> list[Proposal]:
    """Pair by distance in days, the nearest first."""
    waiting = list(lines)
    by_day: dict[int, list[Candidate]] = defaultdict(list)
    for entry in reversed(entries):
        by_day[entry.day.toordinal()].append(entry)
    found: list[Proposal] = []
    for distance in range(window + 1):
        unpaired: list[Candidate] = []
        for line in waiting:
            day = line.day.toordinal()
            near = next((by_day[other] for other in (day - distance, day + distance) if by_day.get(other)), None)
            if near is None:
                unpaired.append(line)
            else:
                only_one = len(lines) == 1 and len(entries) == 1
                found.append(_proposal(line, near.pop(), window, by_reference=False, only_one=only_one))
        waiting = unpaired
    return found


def _proposal(line: Candidate, entry: Candidate, window: int, *, by_reference: bool, only_one: bool) -> Proposal:
    apart = abs((line.day - entry.day).days)
    reasons: list[Reason] = ["amount"]
    score = _AMOUNT
    if by_reference:
        reasons.append("reference")
        score += _REFERENCE
    if apart <= window:
        reasons.append("date")
        score += max(_DATE - apart, 0)
    if only_one:
        reasons.append("only_one")
        score += _ONLY_ONE
    return Proposal(line.number, entry.number, score, tuple(reasons))
