"""Texts and the personal numbers in them."""

import uuid
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from common.errors import Problem
from common.personal_data import id_number_checksum_is_valid, luhn_is_valid
from common.text import (
    BookCode,
    Code,
    Line,
    PlainLine,
    PlainText,
    Text,
    compact,
    personal_data_in,
    refuse_personal_data,
)


def with_check_character(first17: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first17 + "10X98765432"[sum(int(d) * w for d, w in zip(first17, weights, strict=True)) % 11]


def with_luhn_digit(body: str) -> str:
    return next(body + str(digit) for digit in range(10) if luhn_is_valid(body + str(digit)))


# Invented: nobody was born with these numbers on these days in these places.
PERSONAL = [
    ("612424199001011234", "id_number"),
    ("本人身份证612424199001011234，望批准", "id_number"),
    ("61242419900101123X", "id_number"),
    ("61242419900101123x", "id_number"),
    ("６１２４２４１９９００１０１１２３４", "id_number"),
    ("6124 2419 9001 0112 34", "id_number"),
    ("612424-19900101-1234", "id_number"),
    ("612424 1990-01-01 1234", "id_number"),
    ("612424—19900101—1234", "id_number"),
    ("6\u200b12424199001011234", "id_number"),
    ("6 1 2 4 2 4 1 9 9 0 0 1 0 1 1 2 3 4", "id_number"),
    ("٦١٢٤٢٤١٩٩٠٠١٠١١٢٣٤", "id_number"),
    ("ID612424199001011234x2", "id_number"),
    ("612424900101123", "id_number"),
    (with_check_character("61092320209901123"), "id_number"),
    ("13812345678", "mobile"),
    ("电话13812345678。", "mobile"),
    ("tel:13812345678", "mobile"),
    ("138 1234 5678", "mobile"),
    ("138-1234-5678", "mobile"),
    ("１３８１２３４５６７８", "mobile"),
    ("+8613812345678", "mobile"),
    ("+86 138 1234 5678", "mobile"),
    ("0086-13812345678", "mobile"),
    ("2026-01-05 13812345678", "mobile"),
    ("a 19912345678 b", "mobile"),
    ("4111111111111111", "bank_card"),
    ("6222 0212 3456 7890 128", "bank_card"),
    ("6222-0212-3456-7890-128", "bank_card"),
    ("卡号６２２２０２１２３４５６７８９０１２８", "bank_card"),
    (with_luhn_digit("623052000001234567"), "bank_card"),
]

HARMLESS = [
    "",
    "大病救助，已核实",
    "2026-01-05",
    "2026-01-05 2026-01-06",
    "2026年1月5日至2026年12月31日",
    "2026/01/05 12:30:45",
    "20260105 123045",
    "20260105123045678",
    "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0",
    "01234567-1234-7123-8123-138123456789",
    "urn:uuid:13812345-6781-7812-8123-456781234567",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "claim:0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0:encumber:1",
    "NS2021-000123",
    "C-610923-2026-0000123",
    "记-2026-01-0001",
    "610923-202601-000001",
    "509,800.00",
    "50980000",
    "1000000000000000",
    "¥5,098.00 ¥12,000.00 ¥1,000,000.00",
    "5098.00 5098.00 5098.00 5098.00",
    "610923113001",
    "12812345678",
    "1381234567",
    "138123456789",
    "4111111111111112",
    "0000000000000000",
    "1.38e10",
    "610923-2026-00000123",
    "610923 202601 000123",
    "1 3 5 2 4 1 2 3 5 4 2 3 1 5 4 3 2",
    "130 4000 25 1200 1000",
    "第 13 周 4567 8901 户",
    "40 个社区, 859 条线索, 394 户, 1087 人",
]


@pytest.mark.parametrize(("text", "kind"), PERSONAL)
def test_a_personal_number_is_found_however_it_is_written(text: str, kind: str) -> None:
    assert personal_data_in(text) == kind


@pytest.mark.parametrize("text", HARMLESS)
def test_dates_amounts_ids_and_numbers_of_vouchers_are_left_alone(text: str) -> None:
    assert personal_data_in(text) is None


@given(st.uuids(), st.uuids())
@example(uuid.UUID("13812345-6781-7812-8123-456781234567"), uuid.UUID(int=0))
def test_no_uuid_is_personal(one: uuid.UUID, other: uuid.UUID) -> None:
    assert personal_data_in(f"{one}") is None
    assert personal_data_in(f"{one} {other}: {one.hex.upper()}") in {None, personal_data_in(one.hex.upper())}


@given(
    st.lists(st.dates(date(1990, 1, 1), date(2100, 1, 1)), max_size=4),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"]),
)
def test_no_list_of_dates_is_personal(days: list[date], form: str) -> None:
    assert personal_data_in(" ".join(day.strftime(form) for day in days)) is None


@given(st.integers(0, 10**9))
def test_no_amount_up_to_ten_million_yuan_is_personal(fen: int) -> None:
    assert personal_data_in(str(fen)) is None
    assert personal_data_in(f"{fen // 100:,}.{fen % 100:02d} {fen // 100:,}.{fen % 100:02d}") is None


separators = st.sampled_from(["", " ", "-", "－", "\u3000", " - ", "–"])
digits_of_any_width = st.sampled_from([0, 0xFF10 - 0x30])


@given(
    st.dates(date(1900, 1, 1), date(2030, 1, 1)),
    st.integers(0, 999),
    separators,
    digits_of_any_width,
    st.text("公元甲乙 ,", max_size=5),
)
def test_every_id_number_is_found_in_any_writing(born: date, order: int, gap: str, shift: int, around: str) -> None:
    number = with_check_character(f"610923{born:%Y%m%d}{order:03d}")
    assert id_number_checksum_is_valid(number)
    written = gap[:2].join([number[:6], number[6:14], number[14:]])
    written = "".join(chr(ord(c) + shift) if c.isdigit() and c.isascii() else c for c in written)
    assert personal_data_in(f"{around}:{written};{around}") == "id_number"


@given(st.integers(3, 9), st.integers(0, 10**9 - 1), separators, digits_of_any_width)
def test_every_mobile_number_is_found_in_any_writing(second: int, rest: int, gap: str, shift: int) -> None:
    number = f"1{second}{rest:09d}"
    written = gap[:2].join([number[:3], number[3:7], number[7:]])
    assert personal_data_in("".join(chr(ord(c) + shift) if c in "0123456789" else c for c in written)) == "mobile"


@given(st.integers(10**14, 10**18 - 1))
def test_every_bank_card_is_found(body: int) -> None:
    number = with_luhn_digit(f"6{body}"[:18])
    assert personal_data_in(number) in {"bank_card", "id_number"}


@given(st.text())
def test_detection_takes_any_text(text: str) -> None:
    assert personal_data_in(text) in {None, "id_number", "mobile", "bank_card"}


def test_detection_stays_quick_on_long_rows_of_digits() -> None:
    assert personal_data_in("0 " * 100_000) is None
    assert personal_data_in("12-" * 100_000 + "x") is None
    assert personal_data_in("a1" * 100_000) is None


def test_the_check_character_is_that_of_the_standard() -> None:
    # GB 11643-1999, annex: 11010519491231002X is the standard's own made-up example.
    assert id_number_checksum_is_valid("11010519491231002X")
    assert not id_number_checksum_is_valid("110105194912310021")
    assert not id_number_checksum_is_valid("11010519491231002x")
    assert not id_number_checksum_is_valid("1101051949123100２X")


# ---- wire types ---------------------------------------------------------------------------------------


def checked(kind: Any, value: object) -> object:
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["type"]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Line, "  a b  ", "a b"),
        (Line, "a\tb", "invalid_characters"),
        (Line, "a\u2028b", "invalid_characters"),
        (Line, "a\x85b", "invalid_characters"),
        (Line, "\u3000", "blank"),
        (Line, "字" * 200, "字" * 200),
        (Line, "字" * 201, "string_too_long"),
        (Line, 5, "string_type"),
        (Line, b"a", "string_type"),
        (Text, " a\n\tb ", "a\n\tb"),
        (Text, "a\rb", "invalid_characters"),
        (Text, "a\x00b", "invalid_characters"),
        (Text, "\n\t ", "blank"),
        (Text, "x" * 2001, "string_too_long"),
        (PlainLine, "13812345678", "personal_data_in_text"),
        (PlainText, "见\n612424199001011234", "personal_data_in_text"),
        (PlainText, "见 2026-01-05 会议纪要", "见 2026-01-05 会议纪要"),
        (Code, "repair.overhaul.c01", "repair.overhaul.c01"),
        (Code, ".hidden", "string_pattern_mismatch"),
        (Code, "a/b", "string_pattern_mismatch"),
        (Code, "a\n", "string_pattern_mismatch"),
        (Code, "大病", "string_pattern_mismatch"),
        (Code, "x" * 65, "string_pattern_mismatch"),
        (BookCode, "610923", "610923"),
        (BookCode, "６１０９２３", "string_pattern_mismatch"),
        (BookCode, "61092", "string_pattern_mismatch"),
        (BookCode, 610923, "string_type"),
    ],
)
def test_a_text_is_cleaned_or_refused(kind: Any, value: object, expected: object) -> None:
    assert checked(kind, value) == expected


@pytest.mark.parametrize("kind", [Line, Text, PlainLine])
@given(st.text(max_size=60))
def test_what_a_text_accepts_is_what_its_schema_says(kind: Any, value: str) -> None:
    import re  # noqa: PLC0415 - the document's pattern is read with another engine than the validator's

    pattern = TypeAdapter(kind).json_schema()["pattern"]
    accepted = checked(kind, value)
    if accepted == "personal_data_in_text":
        return
    is_valid = accepted == value.strip()
    assert is_valid == (re.search(pattern.replace("$", r"\Z"), value) is not None)


def test_a_number_is_brought_into_its_one_form() -> None:
    assert compact(" ６１２４２４ 1990-0101 123x ") == "61242419900101123X"


def test_a_personal_number_is_refused_naming_the_field() -> None:
    with pytest.raises(Problem) as refusal:
        refuse_personal_data("13812345678", "reason")
    assert (refusal.value.code, refusal.value.field) == ("personal_data_in_text", "reason")
    refuse_personal_data("ok", "reason")
    refuse_personal_data(None, "reason")
