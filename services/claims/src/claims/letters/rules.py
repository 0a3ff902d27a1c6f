"""What a decision's letter says, from what was stored. Pure.

A letter is made from the stored decision and its stored inputs, never from figures of its own: it can say nothing the decision does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from claims.claims.rules import Status
from claims.eligibility.model import Check, CheckOutcome, Decision, Inputs, Text


class Standing(StrEnum):
    """What kind of letter a claim gets. Only an approval or a refusal is a notice; the others are marked as drafts."""

    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OPEN = "open"


ENDED: Final[Mapping[Status, Standing]] = MappingProxyType(
    {Status.REFUSED: Standing.REFUSED, Status.WITHDRAWN: Standing.WITHDRAWN}
)
"""Where a claim without a benefit has ended."""


def standing(status: Status, *, final: bool) -> Standing:
    """Return the kind of letter: where the claim has ended, else approved once a decision is final, else open."""
    if status in ENDED:
        return ENDED[status]
    return Standing.APPROVED if final else Standing.OPEN


@dataclass(frozen=True, slots=True)
class Appeal:
    """How to appeal: within how many days of the letter, where, and where this rule comes from (`assumed`: our own)."""

    days: int
    where: Text
    source: str


@dataclass(frozen=True, slots=True)
class Letter:
    """All a letter says. `note` is what the reviewer wrote who refused; `latest` is false for an earlier version."""

    book: str
    office: str
    number: str
    claimant: str
    status: Status
    standing: Standing
    dated_on: date
    version: int
    latest: bool
    decision: Decision
    inputs: Inputs
    note: str | None
    appeal: Appeal

    @property
    def draft(self) -> bool:
        """Whether the page is no notice: nothing is decided yet, or a later version has taken over."""
        return self.standing is Standing.OPEN or not self.latest

    @property
    def failing(self) -> tuple[Check, ...]:
        """The checks that speak against the claim."""
        return self._ended(CheckOutcome.FAIL)

    @property
    def open_checks(self) -> tuple[Check, ...]:
        """The checks a person still has to look at."""
        return self._ended(CheckOutcome.NEEDS_REVIEW)

    def _ended(self, outcome: CheckOutcome) -> tuple[Check, ...]:
        return tuple(check for check in self.decision.checks if check.outcome is outcome)
