"""The two paths of a claim, written out by hand a second time: what each event leads to, for whom a claim waits, what may be done."""

from datetime import date

import pytest

from claims.claims.paths import STEPS, loaded, parse_paths, path_of
from claims.claims.rules import (
    CONSUMING,
    GIVEN_UP,
    DateFault,
    Duty,
    Event,
    Standing,
    Status,
    StepName,
    TakenStep,
    claim_number,
    date_fault,
    deadline_of,
    earlier_decider,
    expected_steps,
    first_standing,
    move,
    needs_second_look,
    other_duty_of,
    waiting_for,
)
from claims.policies.rules import PathName

MONEY = """
approved          -               ledger   encumbered=encumbered awaiting_funds=awaiting_funds
awaiting_funds    -               county   funding_retried=approved withdrawn=withdrawn
encumbered        -               payer    in_batch=in_batch reservation_lost=approved
payment_returned  -               payer    in_batch=in_batch reservation_lost=approved
refused           -               -
withdrawn         -               -
closed            -               -        payment_returned=payment_returned
"""
# standing (status, next step), who is waited for, and what each event that may happen leads to (status, or status/next step).
SHORT = f"""
reported          town_check      town     town_passed=under_review/county_approval town_refused=refused \
town_sent_back=sent_back/town_check withdrawn=withdrawn
under_review      county_approval county   county_passed=approved county_refused=refused county_sent_back=sent_back/town_check \
withdrawn=withdrawn second_look_passed=under_review/county_approval second_look_refused=refused second_look_sent_back=sent_back/town_check
under_review      second_look     county   second_look_passed=under_review/county_approval second_look_refused=refused \
second_look_sent_back=sent_back/town_check withdrawn=withdrawn
sent_back         town_check      intake   completed=reported/town_check withdrawn=withdrawn
in_batch          -               payer    paid=paid payment_returned=payment_returned encumbered=encumbered
paid              -               -        payment_returned=payment_returned
{MONEY}"""
FULL = f"""
reported          home_visit      village  home_visit_passed=reported/data_comparison home_visit_refused=refused \
home_visit_sent_back=sent_back/home_visit withdrawn=withdrawn held=on_hold/home_visit
reported          data_comparison county   data_comparison_passed=reported/village_review \
data_comparison_sent_back=sent_back/data_comparison withdrawn=withdrawn held=on_hold/data_comparison
reported          village_review  village  village_review_passed=reported/public_notice village_review_refused=refused \
village_review_sent_back=sent_back/village_review withdrawn=withdrawn held=on_hold/village_review
reported          public_notice   village  public_notice_passed=reported/town_check public_notice_refused=refused \
public_notice_sent_back=sent_back/village_review withdrawn=withdrawn held=on_hold/public_notice
reported          town_check      town     town_passed=under_review/survey town_refused=refused town_sent_back=sent_back/village_review \
withdrawn=withdrawn held=on_hold/town_check
under_review      survey          county   survey_passed=under_review/county_approval survey_refused=refused \
survey_sent_back=sent_back/village_review withdrawn=withdrawn held=on_hold/survey
under_review      second_look     county   second_look_passed=under_review/county_approval second_look_refused=refused \
second_look_sent_back=sent_back/village_review withdrawn=withdrawn held=on_hold/second_look
under_review      county_approval county   county_passed=approved county_refused=refused county_sent_back=sent_back/village_review \
withdrawn=withdrawn held=on_hold/county_approval second_look_passed=under_review/county_approval second_look_refused=refused \
second_look_sent_back=sent_back/village_review
sent_back         village_review  intake   completed=reported/village_review withdrawn=withdrawn
on_hold           survey          -        resumed=under_review/survey withdrawn=withdrawn
in_batch          -               payer    paid=paid/follow_up payment_returned=payment_returned encumbered=encumbered
paid              follow_up       village  follow_up_passed=closed payment_returned=payment_returned
{MONEY}"""
ROWS = [
    pytest.param(path, *line.split(maxsplit=3), id=f"{path.value} {' '.join(line.split()[:2])}")
    for path, table in ((PathName.SHORT, SHORT), (PathName.FULL, FULL))
    for line in table.splitlines()
    if line.strip()
]


def standing(status: str, step: str = "-") -> Standing:
    return Standing(Status(status), None if step == "-" else StepName(step))


@pytest.mark.parametrize("row", [pytest.param((*row.values, "")[:5], id=row.id) for row in ROWS])
def test_each_event_leads_where_the_table_says_and_nowhere_else(row: tuple[PathName, str, str, str, str]) -> None:
    name, status, step, who, events = row
    path, here = path_of(name), standing(status, step)
    leads_to = dict(pair.split("=") for pair in events.split())
    for event in Event:
        target, _, goes_on = leads_to.get(event.value, "").partition("/")
        expected = standing(target, goes_on or "-") if target else None
        assert move(path, here, event, drawn=False) == expected, event
    assert (waiting_for(path, here) or "-") == who
    # Whoever is waited for has a deadline, but the ledger, and the county that has no funds.
    runs = deadline_of(path, here) is not None
    assert runs is (who != "-" and status not in {"approved", "awaiting_funds"})


@pytest.mark.parametrize("name", PathName)
def test_a_drawn_claim_waits_for_its_second_look_before_the_approval(name: PathName) -> None:
    path = path_of(name)
    before = path.before_payment[-3]
    event = STEPS[before.step].events
    moved = move(path, Standing(before.status, before.step), next(iter(event.values())), drawn=True)
    assert moved == Standing(Status.UNDER_REVIEW, StepName.SECOND_LOOK)


def test_the_steps_of_the_full_path_in_order() -> None:
    path = path_of(PathName.FULL)
    here, seen = first_standing(path), []
    while here.next_step is not None and here.status is not Status.APPROVED:
        seen.append(here.next_step.value)
        after = move(path, here, next(iter(STEPS[here.next_step].events.values())), drawn=False)
        assert after is not None
        here = after
    assert seen == [
        "home_visit",
        "data_comparison",
        "village_review",
        "public_notice",
        "town_check",
        "survey",
        "county_approval",
    ]
    assert here.status is Status.APPROVED


def test_a_claim_counts_against_the_cap_or_is_given_up_or_is_still_open() -> None:
    assert frozenset() == CONSUMING & GIVEN_UP
    still_open = {Status.REPORTED, Status.UNDER_REVIEW, Status.SENT_BACK, Status.ON_HOLD}
    assert set(Status) == CONSUMING | GIVEN_UP | still_open


def test_the_steps_people_may_take_next() -> None:
    short, full = path_of(PathName.SHORT), path_of(PathName.FULL)
    assert expected_steps(short, standing("reported", "town_check")) == (StepName.TOWN_CHECK, StepName.WITHDRAWAL)
    assert expected_steps(short, standing("awaiting_funds")) == (StepName.WITHDRAWAL, StepName.FUNDING_RETRY)
    assert expected_steps(short, standing("paid")) == ()
    assert expected_steps(full, standing("on_hold", "survey")) == (StepName.WITHDRAWAL, StepName.RESUMPTION)
    assert expected_steps(full, standing("paid", "follow_up")) == (StepName.FOLLOW_UP,)


TEXT_FAULTS = [
    ("step: county_approval, status: under_review", "step: county_approval, status: paid", "reported or under review"),
    ("drawn: true, ", "", "only the second look is drawn"),
    ("{step: payment,", "{step: survey, status: under_review, after_completion: survey,", "needs one payment"),
    (
        "after_completion: village_review, deadline: {days: 5, kind: working",
        "after_completion: survey, deadline: {days: 5, kind: working",
        "never forward",
    ),
    ('notice: {days: 5, source: "pub: Qin\'an"}', "", "needs its days"),
    (
        "{step: payment, deadline: {days: 30, kind: calendar",
        "{step: payment, deadline: {days: 30, kind: working",
        "calendar days",
    ),
    ("deadline: {days: 7,", "deadline: {days: 0,", "one day at least"),
    ("  resumption:\n    {name_zh", "  resumptions:\n    {name_zh", "resumptions"),
]


@pytest.mark.parametrize(("old", "new", "said"), TEXT_FAULTS)
def test_a_path_that_could_lose_a_claim_is_refused_at_start(old: str, new: str, said: str) -> None:
    text = paths_text()
    assert old in text
    with pytest.raises(ValueError, match=said):
        parse_paths(text.replace(old, new))


def paths_text() -> str:
    import importlib.resources  # noqa: PLC0415

    return importlib.resources.files("claims.claims").joinpath("paths.yaml").read_text(encoding="utf-8")


def test_who_decides_is_what_the_database_knows_too() -> None:
    # migrations/versions/0006_path.sql, claim_duties_lie_apart
    assert {duty.value for duty in loaded().deciding} == {
        "village_review",
        "town_check",
        "survey",
        "second_look",
        "county_approval",
    }


@pytest.mark.parametrize(
    ("share_bp", "from_fen", "draw", "benefit_fen", "needed"),
    [
        (0, None, 0, 10**9, False),
        (1, None, 0, 1, True),
        (500, None, 499, 1, True),
        (500, None, 500, 1, False),
        (10_000, None, 9_999, 1, True),
        (10_000, None, 10_000, 1, False),
        (0, 100, 9_999, 99, False),
        (0, 100, 9_999, 100, True),
    ],
)
def test_a_claim_is_looked_at_twice_by_chance_or_for_its_amount(
    *, share_bp: int, from_fen: int | None, draw: int, benefit_fen: int, needed: bool
) -> None:
    assert needs_second_look(share_bp=share_bp, from_fen=from_fen, draw=draw, benefit_fen=benefit_fen) is needed


DAY = date(2021, 6, 10)


def test_nobody_takes_two_duties() -> None:
    taken = [TakenStep(Duty.FILING, "li", DAY), TakenStep(Duty.TOWN_CHECK, "wang", DAY), TakenStep(None, "zhao", DAY)]
    assert other_duty_of("li", Duty.TOWN_CHECK, taken) is Duty.FILING
    assert other_duty_of("wang", Duty.COUNTY_APPROVAL, taken) is Duty.TOWN_CHECK
    assert other_duty_of("wang", Duty.TOWN_CHECK, taken) is None
    assert other_duty_of("zhao", Duty.COUNTY_APPROVAL, taken) is None
    assert other_duty_of("li", None, taken) is None


def test_who_decided_a_claim_decides_no_appeal_but_may_file_it() -> None:
    earlier = [
        TakenStep(Duty.FILING, "li", DAY),
        TakenStep(Duty.HOME_VISIT, "he", DAY),
        TakenStep(Duty.SURVEY, "wang", DAY),
    ]
    deciding = loaded().deciding
    assert earlier_decider("wang", Duty.COUNTY_APPROVAL, earlier, deciding)
    assert not earlier_decider("wang", Duty.FILING, earlier, deciding)
    assert not earlier_decider("he", Duty.VILLAGE_REVIEW, earlier, deciding)
    assert not earlier_decider("li", Duty.TOWN_CHECK, earlier, deciding)


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
