"""The handling steps as pure decisions, and the data they are judged by."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from claims.monitoring import rules
from claims.monitoring.reference import START, parse_steps, step_list
from claims.monitoring.rules import LeadState, StepDecision, StepRefusal, StepWish, TakenStep

STEPS = step_list()
HOME, OTHER = UUID(int=1), UUID(int=2)
# The usual order, each step taken by a person of its own on a day of its own.
ORDER = [step.code for step in STEPS.steps]


def state(taken: int, *, household: UUID | None = HOME, last: str = "passed") -> LeadState:
    steps = [
        TakenStep(code, "passed", date(2021, 3, day), f"person-{day}") for day, code in enumerate(ORDER[:taken], 1)
    ]
    if steps:
        steps[-1] = replace(steps[-1], outcome=last)
    return LeadState(date(2021, 3, 1), household, tuple(steps))


def wish(code: str, **change: object) -> StepWish:
    step = STEPS.step(code)
    assert step is not None
    usual = StepWish(step, "passed", date(2021, 4, 1), "somebody", None, None, "sudden_hardship")
    return replace(usual, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("taken", range(8))
def test_after_each_step_the_next_one_passes(taken: int) -> None:
    decision = rules.decide_step(STEPS, state(taken), wish(ORDER[taken]))
    assert isinstance(decision, StepDecision)
    expected = ["open"] * 4 + ["monitored"] * 3 + ["eliminated"]
    assert decision.status == expected[taken]


# For each number of steps taken: every step that may follow. Handwritten, not read from the data.
MAY_FOLLOW = {
    0: {"lead_accepted"},
    1: {"village_town_verification"},
    2: {"joint_review"},
    3: {"county_determination"},
    4: {"registered"},
    5: {"support_measures"},
    6: {"support_measures", "follow_up_visits"},
    7: {"support_measures", "follow_up_visits", "risk_eliminated"},
    8: set(),
}


@pytest.mark.parametrize(("taken", "allowed"), MAY_FOLLOW.items())
def test_no_other_step_passes(taken: int, allowed: set[str]) -> None:
    passed = {code for code in ORDER if isinstance(rules.decide_step(STEPS, state(taken), wish(code)), StepDecision)}
    assert passed == allowed


def test_only_an_elimination_can_be_rolled_back() -> None:
    back = wish("risk_eliminated", outcome="rolled_back")
    for taken in range(9):
        decision = rules.decide_step(STEPS, state(taken), back)
        assert isinstance(decision, StepDecision) is (taken == 8)
    again = rules.decide_step(STEPS, state(8, last="rolled_back"), wish("support_measures"))
    assert again == StepDecision("monitored", HOME, "sudden_hardship")
    assert rules.next_steps(STEPS, "risk_eliminated:passed") == ("risk_eliminated",)


@pytest.mark.parametrize("taken", range(1, 5))
def test_nothing_follows_a_refusal(taken: int) -> None:
    refused = state(taken, last="refused")
    assert rules.next_steps(STEPS, refused.last) == ()
    for code in ORDER:
        decision = rules.decide_step(STEPS, refused, wish(code))
        assert isinstance(decision, StepRefusal)
        assert decision.code == "out_of_order"


REFUSALS = [
    ("verified by the same person", 3, "county_determination", {"by_person": "person-2"}, "same_person"),
    ("reviewed by the same person", 3, "county_determination", {"by_person": "person-3"}, "same_person"),
    ("before the step it follows", 3, "county_determination", {"done_on": date(2021, 3, 2)}, "out_of_order"),
    ("another household", 3, "county_determination", {"household_id": OTHER}, "household_fixed"),
    ("no category", 4, "registered", {"category_now": None}, "category_missing"),
    ("out of order before all else", 2, "registered", {"household_id": OTHER, "category_now": None}, "out_of_order"),
]


@pytest.mark.parametrize(
    ("taken", "code", "change", "expected"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_a_step_is_refused_for(taken: int, code: str, change: dict[str, object], expected: str) -> None:
    decision = rules.decide_step(STEPS, state(taken), wish(code, **change))
    assert isinstance(decision, StepRefusal)
    assert decision.code == expected


def test_the_first_step_may_not_be_before_the_lead_was_found() -> None:
    found = state(0)
    early = wish("lead_accepted", done_on=date(2021, 2, 28))
    assert rules.decide_step(STEPS, found, early) == StepRefusal("out_of_order", ("lead_accepted",), date(2021, 3, 1))
    on_the_day = wish("lead_accepted", done_on=date(2021, 3, 1))
    assert isinstance(rules.decide_step(STEPS, found, on_the_day), StepDecision)


def test_registering_needs_a_household_by_then() -> None:
    described = state(4, household=None)
    missing = rules.decide_step(STEPS, described, wish("registered"))
    assert isinstance(missing, StepRefusal)
    assert missing.code == "household_missing"
    attached = rules.decide_step(STEPS, described, wish("registered", household_id=HOME, category="unstable_relieved"))
    assert attached == StepDecision("monitored", HOME, "unstable_relieved")


EVENTS = [
    # events so far, status before, after, other leads monitored -> event
    (0, "open", "monitored", 0, "started"),
    (1, "open", "monitored", 1, None),
    (1, "monitored", "monitored", 0, None),
    (1, "monitored", "eliminated", 1, None),
    (1, "monitored", "eliminated", 0, "ended"),
    (2, "open", "monitored", 0, "resumed"),
    (2, "eliminated", "monitored", 0, "resumed"),
    (3, "eliminated", "monitored", 1, None),
]


@pytest.mark.parametrize(("past", "before", "after", "others", "event"), EVENTS)
def test_leads_start_end_and_resume_a_household_s_monitoring(
    past: int, before: str, after: str, others: int, event: str | None
) -> None:
    assert rules.monitoring_event(past, before, after, others) == event


def test_a_list_that_names_a_step_it_does_not_have_is_refused() -> None:
    row = {
        "code": "one",
        "name_zh": "一",
        "name_en": "One",
        "who": ["claims:town"],
        "after": ["nowhere"],
        "outcomes": {"passed": "open"},
        "source": "assumed",
    }
    with pytest.raises(ValueError, match="nowhere:passed"):
        parse_steps({"version": "1", "steps": [row]})
    assert parse_steps({"version": "1", "steps": [row | {"after": [START]}]}).steps[0].position == 1
