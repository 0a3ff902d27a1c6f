"""ID numbers, phones, accounts, names and members, judged by hand."""

from __future__ import annotations

from datetime import date

import pytest

from claims.households import reference, rules
from claims.households.rules import Person

TODAY = date(2021, 6, 30)

# (number, what is wrong with it). Check digits were computed by hand with the weights of GB 11643; nobody has these numbers.
ID_NUMBERS = [
    ("610923198001010037", None),
    ("612424197006150027", None),
    ("11010519491231002X", None),
    ("440524188001010014", "id_number_birth"),
    ("11010519491231002x", "id_number_shape"),
    ("110105194912310021", "id_number_checksum"),
    ("610923198001010038", "id_number_checksum"),
    ("610923198002300030", "id_number_birth"),
    ("610923199902290018", "id_number_birth"),
    ("610923202107010015", "id_number_birth_future"),
    ("610923209901010014", "id_number_birth_future"),
    ("610923800101003", "id_number_shape"),
    ("6109231980010100377", "id_number_shape"),
    ("010923198001010037", "id_number_shape"),
    ("6109231980010100３７", "id_number_shape"),
    ("", "id_number_shape"),
]


@pytest.mark.parametrize(("number", "wrong"), ID_NUMBERS)
def test_an_id_number_is_judged_by_shape_birth_and_check_digit(number: str, wrong: str | None) -> None:
    refusal = rules.check_id_number(number, TODAY)
    assert (None if refusal is None else refusal.code) == wrong


def test_a_child_born_today_has_a_number_and_one_born_tomorrow_has_none() -> None:
    assert rules.check_id_number("610923202106300013", date(2021, 6, 30)) is None
    assert rules.check_id_number("610923202106300013", date(2021, 6, 29)) == rules.ID_BIRTH_FUTURE


@pytest.mark.parametrize(
    ("area", "warning"),
    [
        ("610923", None),
        ("110101", None),
        ("612424", "area_code_abolished"),
        ("110103", "area_code_abolished"),
        ("619999", "area_code_unknown"),
        ("990000", "area_code_unknown"),
    ],
)
def test_an_area_code_is_never_a_reason_to_refuse(area: str, warning: str | None) -> None:
    assert rules.area_warning(area + "198001010037") == warning


def test_an_old_number_of_the_county_s_new_code_is_genuine() -> None:
    # The library's own validator refuses it: the code 610923 is of the year 2000, its bearer of 1980.
    assert rules.check_id_number("610923198001010037", TODAY) is None
    assert rules.area_warning("610923198001010037") is None


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("13800000000", "+8613800000000"),
        ("138 0000 0000", "+8613800000000"),
        ("+86-138-0000-0000", "+8613800000000"),
        ("１３８００００００００", "+8613800000000"),
        ("0915-6822000", "+869156822000"),
        ("12800000000", None),
        ("1380000000", None),
        ("+49 30 901820", None),
        ("no", None),
    ],
)
def test_a_phone_is_brought_into_one_form(given: str, normal: str | None) -> None:
    assert rules.normal_phone(given) == normal


@pytest.mark.parametrize(
    ("account", "refused", "warning"),
    [
        ("6217000000000000004", False, None),
        ("6217000000000000005", False, "bank_account_checksum"),
        ("1234567", True, None),
        ("1" * 31, True, None),
        ("62170000A0000000004", True, None),
    ],
)
def test_an_account_is_judged_by_its_digits_and_warned_by_luhn(
    account: str, *, refused: bool, warning: str | None
) -> None:
    assert (rules.check_bank_account(account) is not None) is refused
    if not refused:
        assert rules.bank_account_warning(account) == warning


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("阿依古丽·买买提", "阿依古丽•买买提", True),
        ("阿依古丽．买买提", "阿依古丽·买买提", True),
        ("钱 示例", "钱示例", True),
        ("Ａｎｎ", "ann", True),
        ("钱示例", "钱示列", False),
    ],
)
def test_names_are_compared_in_one_form(one: str, other: str, *, same: bool) -> None:
    assert (rules.normal_name(one) == rules.normal_name(other)) is same


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ([Person("head", "1")], None),
        ([Person("head", "1"), Person("spouse", "2")], None),
        ([Person("spouse", "1")], (None, "one_head")),
        ([Person("head", "1"), Person("head", "2")], (None, "one_head")),
        ([Person("head", "1"), Person("son", "2"), Person("son", "2")], (2, "person_twice")),
        ([Person("", "1")], None),
        ([], (None, "one_head")),
    ],
)
def test_a_household_has_one_head_and_nobody_twice(members: list[Person], found: tuple[int | None, str] | None) -> None:
    answer = rules.check_members(members)
    assert (None if answer is None else (answer[0], answer[1].code)) == found


@pytest.mark.parametrize(("name", "masked"), [("王小明", "王**"), ("王", "王*"), ("王明", "王*")])
def test_a_stored_answer_shows_one_character_of_a_name(name: str, masked: str) -> None:
    assert rules.mask_name(name) == masked


def test_categories_are_valid_from_their_day_on() -> None:
    assert reference.category("sudden_hardship", date(2020, 12, 31)) is None
    found = reference.category("sudden_hardship", date(2021, 1, 1))
    assert found is not None
    assert (found.name_zh, found.monitored, found.source) == ("突发严重困难户", True, "pub")
    assert reference.stored_category("general").monitored is False


def test_every_relation_word_means_one_relation() -> None:
    words = [word for row in reference.relations() for word in (row.code, *row.words)]
    assert len(words) == len(set(words))
    assert [reference.relation_code(word) for word in ("户主", "妻子", "长女", "head", "亲家")] == [
        "head",
        "spouse",
        "daughter",
        "head",
        None,
    ]
