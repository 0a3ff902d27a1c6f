"""What a path is, and how a claim moves on it. Pure: no clock, no I/O; the paths themselves are data (`paths.py`).

Owns the statuses, the events, the steps people take, the duties that lie with different people, and the days of a step.
The money side (payouts) moves claims through the same function with the events `encumbered`, `awaiting_funds`,
`in_batch`, `paid` and `payment_returned`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from claims.calendar.rules import Deadline, due_on
from claims.policies.rules import PathName


class Status(StrEnum):
    """Where a claim stands."""

    REPORTED = "reported"
    UNDER_REVIEW = "under_review"
    ON_HOLD = "on_hold"
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


class StepOutcome(StrEnum):
    """How a step ended. Steps beside the path and the follow-up can only have `passed`."""

    PASSED = "passed"
    REFUSED = "refused"
    SENT_BACK = "sent_back"


class StepName(StrEnum):
    """A step a person takes on a claim: those of the paths in their usual order, then those beside them."""

    HOME_VISIT = "home_visit"
    DATA_COMPARISON = "data_comparison"
    VILLAGE_REVIEW = "village_review"
    PUBLIC_NOTICE = "public_notice"
    TOWN_CHECK = "town_check"
    SURVEY = "survey"
    SECOND_LOOK = "second_look"
    COUNTY_APPROVAL = "county_approval"
    FOLLOW_UP = "follow_up"
    COMPLETION = "completion"
    WITHDRAWAL = "withdrawal"
    FUNDING_RETRY = "funding_retry"
    HOLD = "hold"
    RESUMPTION = "resumption"


class Event(StrEnum):
    """What can happen to a claim after it was filed. A step's event is its (short) name and its outcome."""

    HOME_VISIT_PASSED = "home_visit_passed"
    HOME_VISIT_REFUSED = "home_visit_refused"
    HOME_VISIT_SENT_BACK = "home_visit_sent_back"
    DATA_COMPARISON_PASSED = "data_comparison_passed"
    DATA_COMPARISON_SENT_BACK = "data_comparison_sent_back"
    VILLAGE_REVIEW_PASSED = "village_review_passed"
    VILLAGE_REVIEW_REFUSED = "village_review_refused"
    VILLAGE_REVIEW_SENT_BACK = "village_review_sent_back"
    PUBLIC_NOTICE_PASSED = "public_notice_passed"
    PUBLIC_NOTICE_REFUSED = "public_notice_refused"
    PUBLIC_NOTICE_SENT_BACK = "public_notice_sent_back"
    TOWN_PASSED = "town_passed"
    TOWN_REFUSED = "town_refused"
    TOWN_SENT_BACK = "town_sent_back"
    SURVEY_PASSED = "survey_passed"
    SURVEY_REFUSED = "survey_refused"
    SURVEY_SENT_BACK = "survey_sent_back"
    SECOND_LOOK_PASSED = "second_look_passed"
    SECOND_LOOK_REFUSED = "second_look_refused"
    SECOND_LOOK_SENT_BACK = "second_look_sent_back"
    COUNTY_PASSED = "county_passed"
    COUNTY_REFUSED = "county_refused"
    COUNTY_SENT_BACK = "county_sent_back"
    FOLLOW_UP_PASSED = "follow_up_passed"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    FUNDING_RETRIED = "funding_retried"
    HELD = "held"
    RESUMED = "resumed"
    # Facts of the money side; named after the status they lead to.
    ENCUMBERED = "encumbered"
    AWAITING_FUNDS = "awaiting_funds"
    IN_BATCH = "in_batch"
    PAID = "paid"
    PAYMENT_RETURNED = "payment_returned"
    RESERVATION_LOST = "reservation_lost"


_SHORT: Final = {StepName.TOWN_CHECK: "town", StepName.COUNTY_APPROVAL: "county"}


def step_event(step: StepName, outcome: StepOutcome) -> Event:
    """Return the event a step of a path is when it ends like this. Raises ValueError where no such event is known."""
    return Event(f"{_SHORT.get(step, step.value)}_{outcome.value}")


class WaitingFor(StrEnum):
    """Who has to act next on a claim."""

    VILLAGE = "village"
    TOWN = "town"
    COUNTY = "county"
    INTAKE = "intake"
    LEDGER = "ledger"
    PAYER = "payer"


class Duty(StrEnum):
    """The duties of a claim. Every two of them lie with two different people."""

    FILING = "filing"
    HOME_VISIT = "home_visit"
    DATA_COMPARISON = "data_comparison"
    VILLAGE_REVIEW = "village_review"
    TOWN_CHECK = "town_check"
    SURVEY = "survey"
    SECOND_LOOK = "second_look"
    COUNTY_APPROVAL = "county_approval"


# Facts of the money side: from where to where.
MONEY: Final[Mapping[tuple[Status, Event], Status]] = MappingProxyType(
    {
        (Status.APPROVED, Event.ENCUMBERED): Status.ENCUMBERED,
        (Status.APPROVED, Event.AWAITING_FUNDS): Status.AWAITING_FUNDS,
        (Status.ENCUMBERED, Event.IN_BATCH): Status.IN_BATCH,
        (Status.IN_BATCH, Event.PAID): Status.PAID,
        (Status.IN_BATCH, Event.PAYMENT_RETURNED): Status.PAYMENT_RETURNED,
        (Status.PAYMENT_RETURNED, Event.IN_BATCH): Status.IN_BATCH,
        # A credit that had succeeded comes back later; a batch that is not approved gives its claims back.
        (Status.PAID, Event.PAYMENT_RETURNED): Status.PAYMENT_RETURNED,
        (Status.CLOSED, Event.PAYMENT_RETURNED): Status.PAYMENT_RETURNED,
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

# Who has to act where no step of a path says so.
_WAITING_FOR: Final[Mapping[Status, WaitingFor]] = MappingProxyType(
    {
        Status.SENT_BACK: WaitingFor.INTAKE,
        Status.APPROVED: WaitingFor.LEDGER,
        Status.AWAITING_FUNDS: WaitingFor.COUNTY,
        Status.ENCUMBERED: WaitingFor.PAYER,
        Status.IN_BATCH: WaitingFor.PAYER,
        Status.PAYMENT_RETURNED: WaitingFor.PAYER,
    }
)

# The claim waits to be paid.
_PAYABLE: Final = frozenset({Status.ENCUMBERED, Status.IN_BATCH, Status.PAYMENT_RETURNED})


@dataclass(frozen=True, slots=True)
class StepRule:
    """What is true of a step on every path: its names, who may take it, its duty, how it may end.

    `scopes` are alternatives. `waiting_for` is None for a step beside the path. `decides` marks a duty whose holder may
    not decide the appeal.
    """

    name_zh: str
    name_en: str
    scopes: tuple[str, ...]
    waiting_for: WaitingFor | None
    duty: Duty | None
    decides: bool
    events: Mapping[StepOutcome, Event]
    source: str


@dataclass(frozen=True, slots=True)
class PathStep:
    """A step in its place on a path. `drawn`: only for claims drawn for a second look."""

    step: StepName
    status: Status
    waiting_for: WaitingFor
    after_completion: StepName | None
    drawn: bool
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Path:
    """A path as loaded. `before_payment` and `after_payment` are its steps in order; `exits` leave or rejoin it."""

    name: PathName
    name_zh: str
    name_en: str
    reason_required: bool
    notice_days: int | None
    before_payment: tuple[PathStep, ...]
    after_payment: tuple[PathStep, ...]
    exits: Mapping[Event, tuple[StepName, frozenset[Status]]]
    payment_deadline: Deadline
    completion_deadline: Deadline
    appeal_deadline: Deadline

    @property
    def steps(self) -> tuple[PathStep, ...]:
        """Every step people take on the way, in order."""
        return self.before_payment + self.after_payment

    def step(self, name: StepName) -> PathStep | None:
        """Return a step of this path, or None."""
        return next((step for step in self.steps if step.step is name), None)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a claim stands on its path.

    `next_step` is the step it waits for; in `sent_back` and `on_hold` the one it goes on with; None where the money
    side or nobody has to act.
    """

    status: Status
    next_step: StepName | None


def first_standing(path: Path) -> Standing:
    """Return where a claim stands that was just filed."""
    first = path.before_payment[0]
    return Standing(first.status, first.step)


def move(path: Path, standing: Standing, event: Event, *, drawn: bool) -> Standing | None:
    """Return where `event` leads to from `standing`, or None where it cannot happen.

    `drawn` says whether the claim needs a second look; it matters only where the path comes to that step.
    """
    if event in path.exits:
        return _exit(path, standing, event)
    if (standing.status, event) in MONEY:
        return _after_money(path, MONEY[standing.status, event])
    return next(
        (
            _after_step(path, step, outcome, drawn=drawn)
            for step in _takeable(path, standing)
            for outcome in StepOutcome
            if _is_event(step.step, outcome, event)
        ),
        None,
    )


def _is_event(step: StepName, outcome: StepOutcome, event: Event) -> bool:
    return event.value == f"{_SHORT.get(step, step.value)}_{outcome.value}"


def _takeable(path: Path, standing: Standing) -> list[PathStep]:
    """The steps of the path that may be taken: the next one, and a second look of one's own accord before the approval."""
    wanted = {standing.next_step}
    if standing.next_step is StepName.COUNTY_APPROVAL:
        wanted.add(StepName.SECOND_LOOK)
    return [step for step in path.steps if step.step in wanted and step.status is standing.status]


def _after_step(path: Path, step: PathStep, outcome: StepOutcome, *, drawn: bool) -> Standing:
    if outcome is StepOutcome.REFUSED:
        return Standing(Status.REFUSED, None)
    if outcome is StepOutcome.SENT_BACK:
        return Standing(Status.SENT_BACK, step.after_completion)
    part = path.before_payment if step in path.before_payment else path.after_payment
    for following in part[part.index(step) + 1 :]:
        if drawn or not following.drawn:
            return Standing(following.status, following.step)
    return Standing(Status.APPROVED if part is path.before_payment else Status.CLOSED, None)


def _exit(path: Path, standing: Standing, event: Event) -> Standing | None:
    _, sources = path.exits[event]
    if standing.status not in sources:
        return None
    step = None if standing.next_step is None else path.step(standing.next_step)
    match event:
        case Event.WITHDRAWN:
            return Standing(Status.WITHDRAWN, None)
        case Event.FUNDING_RETRIED:
            return Standing(Status.APPROVED, None)
        case Event.HELD:
            return Standing(Status.ON_HOLD, standing.next_step)
        case _:  # completed, resumed
            return None if step is None else Standing(step.status, step.step)


def _after_money(path: Path, status: Status) -> Standing:
    follow = path.after_payment[0] if path.after_payment else None
    return Standing(status, follow.step if follow is not None and status is follow.status else None)


def waiting_for(path: Path, standing: Standing) -> WaitingFor | None:
    """Return who has to act next, or None where nobody has to: the claim has ended, or is on hold."""
    if standing.status in _WAITING_FOR:
        return _WAITING_FOR[standing.status]
    step = None if standing.next_step is None else path.step(standing.next_step)
    return None if step is None or standing.status is not step.status else step.waiting_for


def deadline_of(path: Path, standing: Standing) -> Deadline | None:
    """Return how long the claim may wait where it stands, or None where no deadline runs."""
    if standing.status in _PAYABLE:
        return path.payment_deadline
    if standing.status is Status.SENT_BACK:
        return path.completion_deadline
    step = None if standing.next_step is None else path.step(standing.next_step)
    return None if step is None or standing.status is not step.status else step.deadline


def keeps_waiting(before: Status, event: Event) -> bool:
    """Tell whether a deadline runs on through an event: a claim in a batch waits for the same payment as before."""
    return before in _PAYABLE and event in {Event.IN_BATCH, Event.ENCUMBERED}


def expected_steps(path: Path, standing: Standing) -> tuple[StepName, ...]:
    """Return the steps a claim that stands there waits for or may leave by, in the order of `StepName`.

    A second look of one's own accord is none of them; it may be taken all the same before the approval.
    """
    may = {step.step for step in _takeable(path, standing) if step.step is standing.next_step}
    may |= {step for step, sources in path.exits.values() if standing.status in sources}
    return tuple(step for step in StepName if step in may)


def needs_second_look(*, share_bp: int, from_fen: int | None, draw: int, benefit_fen: int) -> bool:
    """Tell whether a second person of the county must look at a claim before its approval.

    `draw` (0 to 9,999) was fixed by chance when the claim was filed: it falls below the programme's share in that share of
    the claims. From the programme's threshold on every claim is looked at.
    """
    return draw < share_bp or (from_fen is not None and benefit_fen >= from_fen)


@dataclass(frozen=True, slots=True)
class TakenStep:
    """One earlier step of a claim, as far as the rules need it."""

    duty: Duty | None
    by_person: str
    done_on: date


def other_duty_of(person: str, duty: Duty | None, taken: Iterable[TakenStep]) -> Duty | None:
    """Return a different duty `person` already had on this claim, or None.

    Every two duties lie with different people (the token's subject, whatever its roles). Repeating the own duty, e.g.
    checking again after a completion, is allowed.
    """
    if duty is None:
        return None
    for step in taken:
        if step.by_person == person and step.duty is not None and step.duty is not duty:
            return step.duty
    return None


def earlier_decider(person: str, duty: Duty | None, earlier: Iterable[TakenStep], deciding: frozenset[Duty]) -> bool:
    """Tell whether `person` decided the claim this one appeals, and would decide again."""
    return duty in deciding and any(step.by_person == person and step.duty in deciding for step in earlier)


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


def may_appeal(status: Status, *, is_appeal: bool, appealed: bool) -> bool:
    """Tell whether a claim can be appealed: refused, not itself an appeal, and not appealed before."""
    return status is Status.REFUSED and not is_appeal and not appealed


def last_day_to_appeal(path: Path, refused_on: date) -> date:
    """Return the last day on which a claim refused on `refused_on` can be appealed.

    In calendar days, as every path is proved to say: no appeal waits for a table.
    """
    return due_on({}, refused_on, path.appeal_deadline.days, path.appeal_deadline.kind)


def claim_number(book: str, year: int, serial: int) -> str:
    """Return the number people write on paper, e.g. `610923-2021-000001`."""
    return f"{book}-{year:04d}-{serial:06d}"
