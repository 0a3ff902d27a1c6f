"""What the reports count by, and the figures they work out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from claims.claims.rules import CONSUMING, Status
from claims.policies.rules import RATE_WHOLE_BP


class By(StrEnum):
    """What claims are counted by. `month` is the month of the report."""

    STATUS = "status"
    CAUSE = "cause"
    TOWN = "town"
    MONTH = "month"


GRANTED: Final = CONSUMING
"""Statuses of claims whose benefit was approved and not given up."""
UNDER_WAY: Final = frozenset(Status) - GRANTED - {Status.REFUSED, Status.WITHDRAWN}
"""Statuses of claims nobody has decided yet."""


def parsed_by(text: str) -> tuple[By, ...] | None:
    """Return what to count by, from `cause,town`; None where a word is unknown or stands twice."""
    words = text.split(",")
    known = {by.value for by in By}
    if not known.issuperset(words) or len(set(words)) < len(words):
        return None
    return tuple(By(word) for word in words)


@dataclass(frozen=True, slots=True)
class AgeClass:
    """How long claims have waited: from so many days to so many, both included (None: no end)."""

    from_days: int
    to_days: int | None

    @property
    def label(self) -> str:
        """What the class is called in answers: `4-7`, `61+`."""
        return f"{self.from_days}+" if self.to_days is None else f"{self.from_days}-{self.to_days}"


AGE_CLASSES: Final = tuple(
    AgeClass(start, end) for start, end in ((0, 3), (4, 7), (8, 15), (16, 30), (31, 60), (61, None))
)
"""The classes of the ageing report [assumed]: the programme's own limit, 15 days from lead to decision, ends a class."""
DUE_SOON_DAYS: Final = 3
"""A deadline so many days ahead, or fewer, is near [assumed]."""


def fee_of(paid_fen: int, fee_bp: int) -> int:
    """Return the insurer's fee: so many basis points of all that was paid out, rounded down to the fen once for the whole [assumed]."""
    return paid_fen * fee_bp // RATE_WHOLE_BP


ReasonKey: TypeAlias = tuple[Literal["check", "reason"], str]
"""A reason of a refusal: a check that failed, or what the reviewer chose, and its code."""


@dataclass(frozen=True, slots=True)
class RefusedBy:
    """Why a claim was refused: the checks that spoke against it, and the reason its reviewer chose."""

    failing: tuple[str, ...]
    reason_code: str | None

    @property
    def reasons(self) -> tuple[ReasonKey, ...]:
        """Every reason once."""
        checks: tuple[ReasonKey, ...] = tuple(("check", code) for code in self.failing)
        return checks if self.reason_code is None else (*checks, ("reason", self.reason_code))
