"""The table of statuses and events, written out by hand a second time."""

from datetime import date

import pytest

from claims.claims.rules import (
    CONSUMING,
    GIVEN_UP,
    STEPS,
    DateFault,
    Duty,
    Event,
    Status,
    StepName,
    TakenStep,
    WaitingFor,
    claim_number,
    date_fault,
    expected_steps,
    next_status,
    other_duty_of,
    statuses_waiting_for,
    waiting_for,
)

# status: who is waited for, and what each event that may happen leads to.
PATH: dict[str, tuple[str | None, dict[str, str]]] = {
    "reported": (
        "town",
        {
            "town_passed": "under_review",
            "town_refused": "refused",
            "town_sent_back": "sent_back",
            "withdrawn": "withdrawn",
        },
    ),
    "under_review": (
        "county",
        {
            "county_passed": "approved",
            "county_refused": "refused",
            "county_sent_back": "sent_back",
            "withdrawn": "withdrawn",
        },
    ),
    "sent_back": ("intake", {"completed": "reported", "withdrawn": "withdrawn"}),
    "approved": ("ledger", {"encumbered": "encumbered", "awaiting_funds": "awaiting_funds"}),
    "awaiting_funds": ("county", {"funding_retried": "approved", "withdrawn": "withdrawn"}),
    "encumbered": ("payer", {"in_batch": "in_batch"}),
    "in_batch": ("payer", {"paid": "paid", "payment_returned": "payment_returned", "encumbered": "encumbered"}),
    "paid": (None, {"payment_returned": "payment_returned"}),
    "payment_returned": ("payer", {"in_batch": "in_batch"}),
    "refused": (None, {}),
    "withdrawn": (None, {}),
    "closed": (None, {}),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("event", Event)
def test_each_event_leads_where_the_table_says_and_nowhere_else(status: Status, event: Event) -> None:
    _, leads_to = PATH[status.value]
    expected = leads_to.get(event.value)
    assert next_status(status, event) == (None if expected is None else Status(expected))


def test_each_status_waits_for_whom_the_table_says() -> None:
    assert {status.value for status in Status} == PATH.keys()
    for status in Status:
        expected = PATH[status.value][0]
        assert waiting_for(status) == (None if expected is None else WaitingFor(expected))
    for who in WaitingFor:
        waiting = {status.value for status in statuses_waiting_for(who)}
        assert waiting == {status for status, (expected, _) in PATH.items() if expected == who.value}


def test_every_event_of_a_step_can_happen_somewhere_and_to_one_step_only() -> None:
    events = [event for rule in STEPS.values() for event in rule.events.values()]
    assert len(events) == len(set(events))
    for event in events:
        assert any(next_status(status, event) for status in Status)


def test_money_is_asked_for_only_after_both_reviews() -> None:
    # Whatever leads to `approved` comes from the county, and whatever leads to the county comes from the town.
    assert {status for status in Status for event in Event if next_status(status, event) is Status.APPROVED} == {
        Status.UNDER_REVIEW,
        Status.AWAITING_FUNDS,
    }
    assert {status for status in Status for event in Event if next_status(status, event) is Status.UNDER_REVIEW} == {
        Status.REPORTED
    }


def test_a_claim_counts_against_the_cap_or_is_given_up_or_is_still_open() -> None:
    assert frozenset() == CONSUMING & GIVEN_UP
    still_open = {Status.REPORTED, Status.UNDER_REVIEW, Status.SENT_BACK}
    assert set(Status) == CONSUMING | GIVEN_UP | still_open


def test_the_steps_people_may_take_next() -> None:
    assert expected_steps(Status.REPORTED) == (StepName.TOWN_CHECK, StepName.WITHDRAWAL)
    assert expected_steps(Status.AWAITING_FUNDS) == (StepName.WITHDRAWAL, StepName.FUNDING_RETRY)
    assert expected_steps(Status.PAID) == ()


DAY = date(2021, 6, 10)


def test_nobody_takes_two_of_the_three_duties() -> None:
    taken = [TakenStep(Duty.FILING, "li", DAY), TakenStep(Duty.TOWN_CHECK, "wang", DAY), TakenStep(None, "zhao", DAY)]
    assert other_duty_of("li", Duty.TOWN_CHECK, taken) is Duty.FILING
    assert other_duty_of("wang", Duty.COUNTY_APPROVAL, taken) is Duty.TOWN_CHECK
    assert other_duty_of("wang", Duty.TOWN_CHECK, taken) is None
    assert other_duty_of("zhao", Duty.COUNTY_APPROVAL, taken) is None
    assert other_duty_of("li", None, taken) is None


@pytest.mark.parametrize(
    ("done_on", "fault"),
    [
        (date(2021, 6, 9), DateFault.BEFORE_PREVIOUS_STEP),
        (date(2021, 6, 10), None),
        (date(2021, 7, 1), None),
        (date(2021, 7, 2), DateFault.IN_FUTURE),
        (date(2021, 5, 31), DateFault.BEFORE_EVENT),
    ],
)
def test_a_step_lies_between_the_step_before_and_today(done_on: date, fault: DateFault | None) -> None:
    taken = [TakenStep(Duty.FILING, "li", DAY)]
    assert date_fault(done_on, today=date(2021, 7, 1), event_on=date(2021, 6, 1), taken=taken) is fault


def test_a_claim_number_reads_book_year_and_serial() -> None:
    assert claim_number("610923", 2021, 1) == "610923-2021-000001"
    assert claim_number("610923", 2021, 1_234_567) == "610923-2021-1234567"
