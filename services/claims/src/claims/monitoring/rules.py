"""Which handling step a lead may take, and what it does to the lead and to its household. Pure: no clock, no I/O.

Refusals come in one order: the step's order, the same person, its date, its household, its category.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from claims.monitoring.reference import START, Step, StepList

RefusalCode = Literal["out_of_order", "same_person", "household_missing", "household_fixed", "category_missing"]


@dataclass(frozen=True, slots=True)
class TakenStep:
    """A step already recorded on the lead."""

    step: str
    outcome: str
    done_on: date
    by_person: str


@dataclass(frozen=True, slots=True)
class LeadState:
    """A lead as its steps left it."""

    found_on: date
    household_id: UUID | None
    taken: tuple[TakenStep, ...]

    @property
    def last(self) -> str:
        """`start` or `step:outcome` of the last step."""
        return f"{self.taken[-1].step}:{self.taken[-1].outcome}" if self.taken else START

    @property
    def not_before(self) -> date:
        """The earliest day the next step may carry."""
        return self.taken[-1].done_on if self.taken else self.found_on


@dataclass(frozen=True, slots=True)
class StepWish:
    """What is asked for. `category_now` is the household's monitored category so far (None: it has none)."""

    step: Step
    outcome: str
    done_on: date
    by_person: str
    household_id: UUID | None
    category: str | None
    category_now: str | None


@dataclass(frozen=True, slots=True)
class StepRefusal:
    """Why the step is refused. `expected` and `not_before` are set where they help."""

    code: RefusalCode
    expected: tuple[str, ...] = ()
    not_before: date | None = None


@dataclass(frozen=True, slots=True)
class StepDecision:
    """What the step does: the lead's new status and household, and the category the household is monitored under."""

    status: str
    household_id: UUID | None
    category: str | None


def next_steps(steps: StepList, last: str) -> tuple[str, ...]:
    """The steps that may follow `last` (`start` or `step:outcome`), in their usual order."""
    return tuple(step.code for step in steps.steps if any(last in links for links in step.after.values()))


def decide_step(steps: StepList, lead: LeadState, wish: StepWish) -> StepDecision | StepRefusal:
    """Judge one step by the list in force."""
    if lead.last not in wish.step.after[wish.outcome]:
        return StepRefusal("out_of_order", next_steps(steps, lead.last), lead.not_before)
    if wish.by_person in {taken.by_person for taken in lead.taken if taken.step in wish.step.other_person}:
        return StepRefusal("same_person")
    if wish.done_on < lead.not_before:
        return StepRefusal("out_of_order", next_steps(steps, lead.last), lead.not_before)
    return _decide_household(lead, wish)


def _decide_household(lead: LeadState, wish: StepWish) -> StepDecision | StepRefusal:
    """Judge what the step says about the household, once it may be taken at all."""
    household = lead.household_id or wish.household_id
    if wish.household_id is not None and household != wish.household_id:
        return StepRefusal("household_fixed")
    category = wish.category or wish.category_now
    if wish.step.needs_household and household is None:
        return StepRefusal("household_missing")
    if wish.step.needs_household and category is None:
        return StepRefusal("category_missing")
    return StepDecision(wish.step.outcomes[wish.outcome], household, category)


MonitoringEvent = Literal["started", "ended", "resumed"]


def monitoring_event(
    past_events: int, status_before: str, status_after: str, other_leads_monitored: int
) -> MonitoringEvent | None:
    """What a lead's change of status does to its household's monitored state, if anything.

    Several leads may stand behind one monitored household: the first registered starts it, the last eliminated ends it.
    `past_events` counts the household's events so far (odd: it is monitored now).
    """
    monitored = past_events % 2 == 1
    if status_after == "monitored" and not monitored:
        return "resumed" if past_events else "started"
    if status_before == "monitored" and status_after == "eliminated" and monitored and other_leads_monitored == 0:
        return "ended"
    return None
