"""Amounts, dates, ids, cursors, wire types and JSON."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from common import dates
from common.dates import BusinessDate, Month, midnight_after, month_code, next_month, now_utc, today_in_shanghai
from common.errors import Problem
from common.idempotency import fingerprint, fingerprint_bytes, fingerprint_value
from common.ids import uuid7
from common.json_body import dump_json, parse_json
from common.money import MAX_FEN, Fen, FenOrZero, SignedFen, yuan
from common.paging import Page, QueryInteger, decode_cursor, encode_cursor, page_of
from common.validation import field_path, problem_from, safe_name
from common.wire import Wire

SECRET = b"s" * 32


def taken(kind: Any, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


def status_of(work: Callable[[], object]) -> int:
    try:
        work()
    except Problem as problem:
        return problem.status
    return 200


# ---- money --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1, 100, MAX_FEN])
def test_a_positive_integer_is_an_amount(value: int) -> None:
    assert taken(Fen, value)


@pytest.mark.parametrize(
    "value", [0, -1, MAX_FEN + 1, 10**30, 1.0, 1.5, "1", True, None, Decimal(1), [1], float("nan")]
)
def test_anything_else_is_no_amount(value: object) -> None:
    assert not taken(Fen, value)


def test_zero_and_negative_amounts_have_their_own_types() -> None:
    assert (taken(FenOrZero, 0), taken(FenOrZero, -1), taken(FenOrZero, False)) == (True, False, False)
    assert (taken(SignedFen, -(10**18)), taken(SignedFen, 1.0)) == (True, False)


@pytest.mark.parametrize(
    ("fen", "printed"),
    [
        (0, "0.00"),
        (1, "0.01"),
        (-1, "-0.01"),
        (509_800, "5,098.00"),
        (50_980_000, "509,800.00"),
        (-123_456_789, "-1,234,567.89"),
    ],
)
def test_an_amount_is_printed_in_yuan(fen: int, printed: str) -> None:
    assert yuan(fen) == printed


@given(st.integers(-(10**20), 10**20))
def test_a_printed_amount_reads_back_to_the_fen(fen: int) -> None:
    assert int(Decimal(yuan(fen).replace(",", "")) * 100) == fen


# ---- dates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["1900-01-01", "2026-02-28", "2024-02-29", "2200-12-31", date(2026, 1, 5)])
def test_a_date_written_out_is_a_date(value: object) -> None:
    assert taken(BusinessDate, value)


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-29",
        "2026-13-01",
        "2026-00-01",
        "2026-1-1",
        "20260101",
        "2026-01-01 ",
        "2026-01-01\n",
        "2026-W01-1",
        "1899-12-31",
        "2201-01-01",
        "２０２６-01-01",
        "",
        20260101,
        1_767_225_600,
        1.5,
        None,
        True,
        datetime(2026, 1, 1, tzinfo=UTC),
        "2026-01-01T00:00:00Z",
    ],
)
def test_anything_else_is_no_date(value: object) -> None:
    assert not taken(BusinessDate, value)


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_every_business_date_is_written_as_it_was_read(day: date) -> None:
    adapter = TypeAdapter(BusinessDate)
    assert adapter.dump_json(adapter.validate_python(day.isoformat())) == f'"{day.isoformat()}"'.encode()


@pytest.mark.parametrize(
    ("value", "good"),
    [("2026-01", True), ("2026-12", True), ("2026-13", False), ("2026-1", False), (202601, False), ("1899-12", False)],
)
def test_a_month_is_written_out(value: object, good: bool) -> None:  # noqa: FBT001
    assert taken(Month, value) == good


def test_months_follow_each_other() -> None:
    assert month_code(date(2026, 1, 31)) == "2026-01"
    assert midnight_after(date(2026, 12, 31)) == datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert (next_month("2026-01"), next_month("2026-11"), next_month("2026-12")) == ("2026-02", "2026-12", "2027-01")


def test_the_business_day_begins_at_midnight_in_shanghai(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(2025, 12, 31, 16, 0, tzinfo=UTC).astimezone(tz)

    monkeypatch.setattr(dates, "datetime", Clock)
    assert today_in_shanghai() == date(2026, 1, 1)
    assert now_utc().tzinfo is UTC


def test_new_ids_sort_by_the_time_they_were_made() -> None:
    made = [uuid7() for _ in range(1000)]
    assert {one.version for one in made} == {7}
    assert made == sorted(made)
    assert type(made[0]) is uuid.UUID


# ---- cursors ------------------------------------------------------------------------------------------

keys = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    st.uuids(),
    st.dates(),
)


@given(keys)
def test_a_cursor_brings_its_key_back(key: tuple[int, str, uuid.UUID, date]) -> None:
    assert decode_cursor(encode_cursor(*key), int, str, uuid.UUID, date) == key


@pytest.mark.parametrize(
    ("cursor", "types"),
    [
        (encode_cursor(1), (str,)),
        (encode_cursor("a"), (int,)),
        (encode_cursor(1, 2), (int,)),
        (encode_cursor(), (int,)),
        (encode_cursor("x"), (uuid.UUID,)),
        (encode_cursor("2026-02-30"), (date,)),
        (encode_cursor("a\x00"), (str,)),
        ("W3RydWVd", (int,)),
        ("WzFlMzBd", (int,)),
        ("WzkyMjMzNzIwMzY4NTQ3NzU4MDhd", (int,)),
        ("", (int,)),
        ("!!!!", (int,)),
        ("W", (int,)),
        ("bnVsbA", (int,)),
        ("e30", (int,)),
        ("é", (int,)),
        ("\ud800", (int,)),
        ("W1tbW1tbW1td", (int,)),
    ],
)
def test_a_cursor_of_another_list_is_refused(cursor: str, types: tuple[Any, ...]) -> None:
    with pytest.raises(Problem) as refusal:
        decode_cursor(cursor, *types)
    assert (refusal.value.code, refusal.value.field) == ("invalid_request", "cursor")


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_cursors(cursor: str) -> None:
    assert status_of(lambda: decode_cursor(cursor, int)) in {200, 422}


def test_the_first_page_has_no_cursor_and_the_last_page_gives_none() -> None:
    assert decode_cursor(None, int) is None
    assert page_of([1, 2, 3], 3, lambda row: (row,)) == ([1, 2, 3], None)
    shown, following = page_of([1, 2, 3, 4], 3, lambda row: (row,))
    assert (shown, decode_cursor(following, int)) == ([1, 2, 3], (3,))


@pytest.mark.parametrize("value", ["+5", " 5", "5 ", "5.0", "1_0", "٥", "", "-0", "0x1", "9" * 20])
def test_a_number_in_a_query_is_digits_only(value: str) -> None:
    assert not taken(QueryInteger, value)
    assert TypeAdapter(QueryInteger).validate_python("0012") == 12


# ---- wire types ---------------------------------------------------------------------------------------


class Kind(StrEnum):
    A = "a"


class Inner(Wire):
    number: int
    next: "Inner | None" = None


class Outer(Wire):
    number: int
    flag: bool = False
    inner: list[Inner] = []  # noqa: RUF012 - pydantic copies defaults
    id: uuid.UUID | None = None
    kind: Kind = Kind.A
    type: Literal["x"] = "x"
    pair: tuple[int, ...] = ()
    extra: dict[str, str | int | bool] = {}  # noqa: RUF012


@pytest.mark.parametrize(
    "value",
    [
        {"number": 1},
        {"number": 1, "id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0", "kind": "a", "pair": [1, 2]},
        {"number": 1, "inner": [{"number": 1, "next": {"number": 2}}], "extra": {"a": 1, "b": True, "c": "d"}},
    ],
)
def test_what_json_must_write_as_text_is_read_from_text(value: dict[str, Any]) -> None:
    assert taken(Outer, value)


@pytest.mark.parametrize(
    "value",
    [
        {"number": "1"},
        {"number": True},
        {"number": 1.0},
        {"number": None},
        {"number": 1, "flag": 1},
        {"number": 1, "flag": "true"},
        {"number": 1, "inner": [{"number": "1"}]},
        {"number": 1, "inner": [{"number": 1, "next": {"number": 1.0}}]},
        {"number": 1, "pair": ["1"]},
        {"number": 1, "extra": {"a": 1.5}},
        {"number": 1, "kind": "b"},
        {"number": 1, "id": "x"},
        {"number": 1, "unknown": 1},
        {"number": 1, "inner": [{"number": 1, "unknown": 1}]},
    ],
)
def test_scalars_are_strict_at_every_depth(value: dict[str, Any]) -> None:
    assert not taken(Outer, value)


def test_a_wire_value_cannot_be_changed_and_its_errors_show_no_input() -> None:
    value = Outer(number=1)
    with pytest.raises(ValidationError):
        value.number = 2  # type: ignore[misc] # that is the point
    with pytest.raises(ValidationError) as refusal:
        Outer.model_validate({"number": "612424199001011234"})
    assert "612424199001011234" not in str(refusal.value)


def test_a_page_is_a_wire_type() -> None:
    page = Page[Inner](items=[Inner(number=1)], next_cursor=None)
    assert page.model_dump_json() == '{"items":[{"number":1,"next":null}],"next_cursor":null}'


# ---- saying what is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loc", "path"),
    [
        (("body", "postings", 2, "amount_fen"), "postings[2].amount_fen"),
        (("body",), "body"),
        ((), "body"),
        (("query", "limit"), "limit"),
        (("header", "Idempotency-Key"), "Idempotency-Key"),
        (("body", 3), "[3]"),
        (("body", "metadata", "a", "str"), "metadata.a"),
        (("body", "value", "function-after[clean(), str]"), "value"),
        (("body", "身份证", "x"), "?.x"),
        (("body", "13812345678"), "?"),
        (("body", "a" * 61), "?"),
    ],
)
def test_a_path_names_the_field_and_nothing_a_person_typed(loc: tuple[str | int, ...], path: str) -> None:
    assert field_path(loc) == path


@given(st.text())
def test_a_name_is_shown_only_if_it_looks_like_one(name: str) -> None:
    shown = safe_name(name)
    assert shown in {None, "?", name}
    assert shown != name or name.isascii()


def test_a_validation_error_inside_a_bulk_item_names_its_place() -> None:
    with pytest.raises(ValidationError) as refusal:
        Inner.model_validate({"number": "x"})
    assert problem_from(refusal.value, ("entries", 3)).field == "entries[3].number"


# ---- JSON and fingerprints ----------------------------------------------------------------------------

storable = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(storable),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(storable, max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_every_good_json_value_is_read_as_it_was_written(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading_of_json(body: bytes) -> None:
    assert status_of(lambda: parse_json(body)) in {200, 400, 422}


@given(json_values, st.randoms(use_true_random=False))
def test_the_order_of_keys_and_blanks_do_not_change_a_fingerprint(value: object, random: Any) -> None:
    def shuffled(node: object) -> object:
        if isinstance(node, dict):
            items = list(node.items())
            random.shuffle(items)
            return {key: shuffled(item) for key, item in items}
        return [shuffled(item) for item in node] if isinstance(node, list) else node

    body = json.dumps(shuffled(value), indent=2).encode()
    assert fingerprint(SECRET, "POST", "/x", body) == fingerprint_value(SECRET, "POST", "/x", value)


def test_a_fingerprint_depends_on_everything_and_is_keyed() -> None:
    base = fingerprint(SECRET, "POST", "/a", b'{"n": 1}')
    others = [
        fingerprint(b"t" * 32, "POST", "/a", b'{"n": 1}'),
        fingerprint(SECRET, "PUT", "/a", b'{"n": 1}'),
        fingerprint(SECRET, "POST", "/b", b'{"n": 1}'),
        fingerprint(SECRET, "POST", "/a", b'{"n": 2}'),
        fingerprint(SECRET, "POST", "/a", b'{"n": 1.0}'),
        fingerprint(SECRET, "POST", "/a", b'{"n": true}'),
        fingerprint(SECRET, "POST", "/a", b'{"n": "1"}'),
        fingerprint(SECRET, "POST", "/a", b""),
        fingerprint_bytes(SECRET, "POST", "/", b'a{"n":1}'),
        fingerprint_bytes(SECRET, "POST/a", "", b'{"n":1}'),
    ]
    assert len(base) == 32
    assert len({base, *others}) == len(others) + 1


def test_the_drivers_ids_and_dates_become_texts_and_other_things_are_refused() -> None:
    class DriverId(uuid.UUID):
        pass

    made = DriverId("0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0")
    assert (
        dump_json({"id": made, "on": date(2026, 1, 5)})
        == b'{"id":"0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0","on":"2026-01-05"}'
    )
    with pytest.raises(TypeError):
        dump_json({"amount": Decimal("1.5")})
