"""The path of a claim as data: which event leads from which status to which.

Owns the statuses, the events, the steps people take and who may take them. Pure: no clock, no I/O.
The money side (payouts) moves claims through the same table with the events `encumbered`,
`awaiting_funds`, `in_batch`, `paid` and `payment_returned`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Status(StrEnum):
    """Where a claim stands."""

    REPORTED = "reported"
    UNDER_REVIEW = "under_review"
    SENT_BACK = "sent_back"
    APPROVED = "approved"
    AWAITING_FUNDS = "awaiting_funds"
    ENCUMBERED = "encumbered"
    IN_BATCH = "in_batch"
    PAID = "paid"
    PAYMENT_RETURNED = "payment_returned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class Event(StrEnum):
    """What can happen to a claim after it was filed."""

    # Steps of the office.
    TOWN_PASSED = "town_passed"
    TOWN_REFUSED = "town_refused"
    TOWN_SENT_BACK = "town_sent_back"
    COUNTY_PASSED = "county_passed"
    COUNTY_REFUSED = "county_refused"
    COUNTY_SENT_BACK = "county_sent_back"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    FUNDING_RETRIED = "funding_retried"
    # Facts of the money side; named after the status they lead to.
    ENCUMBERED = "encumbered"
    AWAITING_FUNDS = "awaiting_funds"
    IN_BATCH = "in_batch"
    PAID = "paid"
    PAYMENT_RETURNED = "payment_returned"
    RESERVATION_LOST = "reservation_lost"


TRANSITIONS: Final[Mapping[tuple[Status, Event], Status]] = MappingProxyType(
    {
        (Status.REPORTED, Event.TOWN_PASSED): Status.UNDER_REVIEW,
        (Status.REPORTED, Event.TOWN_REFUSED): Status.REFUSED,
        (Status.REPORTED, Event.TOWN_SENT_BACK): Status.SENT_BACK,
        (Status.UNDER_REVIEW, Event.COUNTY_PASSED): Status.APPROVED,
        (Status.UNDER_REVIEW, Event.COUNTY_REFUSED): Status.REFUSED,
        (Status.UNDER_REVIEW, Event.COUNTY_SENT_BACK): Status.SENT_BACK,
        # A completed claim starts its review again: the town checks the new papers too. [assumed]
        (Status.SENT_BACK, Event.COMPLETED): Status.REPORTED,
        # Withdrawal is possible while the ledger neither holds money nor was asked to. [assumed]
        (Status.REPORTED, Event.WITHDRAWN): Status.WITHDRAWN,
        (Status.UNDER_REVIEW, Event.WITHDRAWN): Status.WITHDRAWN,
        (Status.SENT_BACK, Event.WITHDRAWN): Status.WITHDRAWN,
        (Status.AWAITING_FUNDS, Event.WITHDRAWN): Status.WITHDRAWN,
        (Status.APPROVED, Event.ENCUMBERED): Status.ENCUMBERED,
        (Status.APPROVED, Event.AWAITING_FUNDS): Status.AWAITING_FUNDS,
        (Status.AWAITING_FUNDS, Event.FUNDING_RETRIED): Status.APPROVED,
        (Status.ENCUMBERED, Event.IN_BATCH): Status.IN_BATCH,
        (Status.IN_BATCH, Event.PAID): Status.PAID,
        (Status.IN_BATCH, Event.PAYMENT_RETURNED): Status.PAYMENT_RETURNED,
        (Status.PAYMENT_RETURNED, Event.IN_BATCH): Status.IN_BATCH,
        # A credit that had succeeded comes back later; a batch that is not approved gives its claims back.
        (Status.PAID, Event.PAYMENT_RETURNED): Status.PAYMENT_RETURNED,
        (Status.IN_BATCH, Event.ENCUMBERED): Status.ENCUMBERED,
        # The ledger has lost what it had reserved: the claim waits for its money again, as after its approval.
        (Status.ENCUMBERED, Event.RESERVATION_LOST): Status.APPROVED,
        (Status.PAYMENT_RETURNED, Event.RESERVATION_LOST): Status.APPROVED,
    }
)

# Claims that were approved and not given up: their benefit counts against the running cap.
CONSUMING: Final = frozenset(
    {
        Status.APPROVED,
        Status.AWAITING_FUNDS,
        Status.ENCUMBERED,
        Status.IN_BATCH,
        Status.PAID,
        Status.PAYMENT_RETURNED,
        Status.CLOSED,
    }
)

# Claims that ended without a benefit: their papers may be used again in a new claim. [assumed]
GIVEN_UP: Final = frozenset({Status.REFUSED, Status.WITHDRAWN})


class WaitingFor(StrEnum):
    """Who has to act next on a claim."""

    TOWN = "town"
    COUNTY = "county"
    INTAKE = "intake"
    LEDGER = "ledger"
    PAYER = "payer"


WAITING_FOR: Final[Mapping[Status, WaitingFor]] = MappingProxyType(
    {
        Status.REPORTED: WaitingFor.TOWN,
        Status.UNDER_REVIEW: WaitingFor.COUNTY,
        Status.SENT_BACK: WaitingFor.INTAKE,
        Status.APPROVED: WaitingFor.LEDGER,
        Status.AWAITING_FUNDS: WaitingFor.COUNTY,
        Status.ENCUMBERED: WaitingFor.PAYER,
        Status.IN_BATCH: WaitingFor.PAYER,
        Status.PAYMENT_RETURNED: WaitingFor.PAYER,
    }
)


def next_status(status: Status, event: Event) -> Status | None:
    """Return the status `event` leads to, or None where it cannot happen in `status`."""
    return TRANSITIONS.get((status, event))


def waiting_for(status: Status) -> WaitingFor | None:
    """Return who has to act next, or None where nobody has to (the claim has ended)."""
    return WAITING_FOR.get(status)


def statuses_waiting_for(who: WaitingFor) -> tuple[Status, ...]:
    """Return the statuses in which a claim waits for `who`."""
    return tuple(status for status in Status if WAITING_FOR.get(status) is who)


class StepName(StrEnum):
    """A step a person takes on a claim."""

    TOWN_CHECK = "town_check"
    COUNTY_APPROVAL = "county_approval"
    COMPLETION = "completion"
    WITHDRAWAL = "withdrawal"
    FUNDING_RETRY = "funding_retry"


class StepOutcome(StrEnum):
    """How a step ended. Completion, withdrawal and funding retry can only have `passed`."""

    PASSED = "passed"
    REFUSED = "refused"
    SENT_BACK = "sent_back"


class Duty(StrEnum):
    """The three duties of a claim that must lie with three different people."""

    FILING = "filing"
    TOWN_CHECK = "town_check"
    COUNTY_APPROVAL = "county_approval"


@dataclass(frozen=True, slots=True)
class StepRule:
    """Who may take a step, which event each outcome is, and which duty it fulfils."""

    scope: str
    duty: Duty | None
    events: Mapping[StepOutcome, Event]


# Withdrawal carries no duty: it moves no money towards anyone. A funding retry repeats the
# county's own decision, so it is the county's duty.
STEPS: Final[Mapping[StepName, StepRule]] = MappingProxyType(
    {
        StepName.TOWN_CHECK: StepRule(
            scope="claims:town",
            duty=Duty.TOWN_CHECK,
            events={
                StepOutcome.PASSED: Event.TOWN_PASSED,
                StepOutcome.REFUSED: Event.TOWN_REFUSED,
                StepOutcome.SENT_BACK: Event.TOWN_SENT_BACK,
            },
        ),
        StepName.COUNTY_APPROVAL: StepRule(
            scope="claims:county",
            duty=Duty.COUNTY_APPROVAL,
            events={
                StepOutcome.PASSED: Event.COUNTY_PASSED,
                StepOutcome.REFUSED: Event.COUNTY_REFUSED,
                StepOutcome.SENT_BACK: Event.COUNTY_SENT_BACK,
            },
        ),
        StepName.COMPLETION: StepRule(
            scope="claims:intake",
            duty=Duty.FILING,
            events={StepOutcome.PASSED: Event.COMPLETED},
        ),
        StepName.WITHDRAWAL: StepRule(scope="claims:intake", duty=None, events={StepOutcome.PASSED: Event.WITHDRAWN}),
        StepName.FUNDING_RETRY: StepRule(
            scope="claims:county",
            duty=Duty.COUNTY_APPROVAL,
            events={StepOutcome.PASSED: Event.FUNDING_RETRIED},
        ),
    }
)


def expected_steps(status: Status) -> tuple[StepName, ...]:
    """Return the steps people may take on a claim in `status`."""
    return tuple(
        name for name, rule in STEPS.items() if any(next_status(status, event) for event in rule.events.values())
    )


@dataclass(frozen=True, slots=True)
class TakenStep:
    """One earlier step of a claim, as far as the rules need it."""

    duty: Duty | None
    by_person: str
    done_on: date


def other_duty_of(person: str, duty: Duty | None, taken: Iterable[TakenStep]) -> Duty | None:
    """Return a different duty `person` already had on this claim, or None.

    Filing, town check and county approval lie with three different people (the token's subject,
    whatever its roles). Repeating the own duty, e.g. checking again after a completion, is allowed.
    """
    if duty is None:
        return None
    for step in taken:
        if step.by_person == person and step.duty is not None and step.duty is not duty:
            return step.duty
    return None


class DateFault(StrEnum):
    """Why the day of a step cannot be right."""

    IN_FUTURE = "in_future"
    BEFORE_EVENT = "before_event"
    BEFORE_PREVIOUS_STEP = "before_previous_step"


def date_fault(done_on: date, *, today: date, event_on: date, taken: Iterable[TakenStep]) -> DateFault | None:
    """Return what is wrong with the day of a step, or None."""
    if done_on > today:
        return DateFault.IN_FUTURE
    if done_on < event_on:
        return DateFault.BEFORE_EVENT
    if any(done_on < step.done_on for step in taken):
        return DateFault.BEFORE_PREVIOUS_STEP
    return None


def claim_number(book: str, year: int, serial: int) -> str:
    """Return the number people write on paper, e.g. `610923-2021-000001`."""
    return f"{book}-{year:04d}-{serial:06d}"
