"""What a decision's letter says, from what was stored. Pure.

A letter is made from the stored decision and its stored inputs, never from figures of its own: it can say nothing the decision does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from claims.claims.rules import Path, Status, last_day_to_appeal, may_appeal
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
class Desk:
    """Where an appeal is handed in and questions are answered, and where this comes from (`assumed`: our own)."""

    where: Text
    source: str


class AppealWay(StrEnum):
    """What the letter says to who does not agree."""

    OPEN = "open"
    """Nothing is decided yet."""
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    """An approval is not appealed; the desk answers questions."""
    OFFERED = "offered"
    APPEALED = "appealed"
    """This refusal was appealed already."""
    FINAL = "final"
    """The refusal of an appeal: final within this procedure."""


@dataclass(frozen=True, slots=True)
class Appeal:
    """What applies to who does not agree. The refusal's day, the period, its last day and source only where an appeal is `offered`."""

    way: AppealWay
    refused_on: date | None = None
    days: int | None = None
    last_day: date | None = None
    source: str | None = None


def appeal_of(kind: Standing, path: Path, refused_on: date | None, *, is_appeal: bool, appealed: bool) -> Appeal:
    """Return what a claim's letter says about appealing; `refused_on` is the refusal's day of a refused claim."""
    if refused_on is None:
        return Appeal(AppealWay(kind.value))
    if may_appeal(Status.REFUSED, is_appeal=is_appeal, appealed=appealed):
        deadline = path.appeal_deadline
        last_day = last_day_to_appeal(path, refused_on)
        return Appeal(AppealWay.OFFERED, refused_on, deadline.days, last_day, deadline.source)
    return Appeal(AppealWay.FINAL if is_appeal else AppealWay.APPEALED)


@dataclass(frozen=True, slots=True)
class Letter:
    """All a letter says. `reason` and `note` are what the refusing reviewer chose and wrote; `latest` is false for an earlier version."""

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
    reason: Text | None
    note: str | None
    appeal: Appeal
    desk: Desk

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
