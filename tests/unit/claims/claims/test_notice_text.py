"""A notice tells what the village must know and nothing else; its clock stands while an objection is open."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.claims.notice_text import NoticeText, mask_name, notice_text, runs_until, tells
from claims.policies.rules import Cause

UP = date(2021, 6, 10)
PLACE = "示例镇病马沟村"


def text_of(cause: Cause, masked_head: str = "孙**") -> NoticeText:
    return notice_text(
        number="610923-2021-000001",
        place=PLACE,
        masked_head=masked_head,
        cause=cause,
        benefit_fen=1_100_050,
        published_on=UP,
        days=5,
    )


@pytest.mark.parametrize("cause", Cause)
def test_a_notice_shows_amount_village_days_and_no_health_whatever_the_cause(cause: Cause) -> None:
    text = text_of(cause)
    for part in ("11000.50", PLACE, "孙**", "2021-06-10 至 2021-06-14", "610923-2021-000001"):
        assert part in text.zh
    assert not tells(text, PLACE, {"孙示例一", "612424195001150017", "6222000000000000000", "+8619900000001"})


@pytest.mark.parametrize(
    ("planted", "secrets"),
    [
        ("孙示例一", {"孙示例一"}),
        ("612424 1950 0115 001X", {"61242419500115001X"}),
        ("19900000001", {"+8619900000001", "19900000001"}),
        ("9999990000000000001", {"9999990000000000001"}),
        ("因大病", set()),
        ("住院", set()),
        ("injured", set()),
    ],
)
def test_a_notice_that_tells_is_found_out(planted: str, secrets: set[str]) -> None:
    assert tells(text_of(Cause.SCHOOLING, masked_head=planted), PLACE, secrets)


@pytest.mark.parametrize(
    ("name", "masked"), [("孙示", "孙*"), ("孙示例", "孙**"), ("欧阳示例甲", "欧**"), ("孙", "孙*")]
)
def test_a_name_keeps_its_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def day(number: int) -> date:
    return UP + timedelta(days=number)


@pytest.mark.parametrize(
    ("objections", "until"),
    [
        ([], day(5)),
        ([(day(2), day(4))], day(7)),
        ([(day(0), day(5))], day(10)),
        ([(day(2), day(2))], day(5)),
        # Days under two objections are taken off once.
        ([(day(1), day(3)), (day(2), day(4))], day(8)),
        ([(day(1), day(3)), (day(2), None)], None),
        # One raised after the days had run stops nothing any more.
        ([(day(6), day(9))], day(5)),
    ],
)
def test_a_notice_runs_its_days_without_open_objections(
    objections: list[tuple[date, date | None]], until: date | None
) -> None:
    assert runs_until(UP, 5, objections) == until


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=5), st.integers(1, 10))
def test_exactly_the_days_asked_for_run_undisputed(spans: list[tuple[int, int]], days: int) -> None:
    objections: list[tuple[date, date | None]] = [(day(start), day(start + length)) for start, length in spans]
    until = runs_until(UP, days, objections)
    assert until is not None
    free = [
        one
        for one in (day(number) for number in range((until - UP).days))
        if not any(raised <= one < resolved for raised, resolved in objections if resolved is not None)
    ]
    assert len(free) == days
