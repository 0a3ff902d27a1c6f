"""Registering households over HTTP: what is accepted, warned about, refused, masked and replayed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.databases import Database
from tests.integration.claims_households.register import Caller, household, id_number, member

pytestmark = pytest.mark.anyio


async def rows(database: Database, table: str) -> int:
    engine = create_async_engine(database.owner_url)
    try:
        async with engine.connect() as conn:
            return int((await conn.execute(sa.text(f"SELECT count(*) FROM {table}"))).scalar_one())  # noqa: S608
    finally:
        await engine.dispose()


async def test_a_household_is_stored_and_its_personal_data_masked(caller: Caller) -> None:
    body = household(
        [member(1, phone="138 0000 0000", birth_on="1980-01-01"), member(2, "配偶")],
        bank_account="6217 0000 0000 0000 004",
        responsible_cadre="孙示例",
    )
    made = await caller.registered(body)
    assert (made["town_name"], made["village_name"]) == ("城关镇", "旱坝村委会")
    assert made["division"] == {
        "verified": True,
        "code_system": "NBS statistical division codes",
        "as_of": "2023-06-30",
    }
    assert made["warnings"] == []
    assert [one["relation"] for one in made["members"]] == ["head", "spouse"]
    shown = (await caller.get(f"/households/{made['id']}")).json()
    head = shown["members"][0]
    assert head["name"] == "钱示例1"
    assert head["id_number"] == "610923********" + id_number(order=1)[-4:]
    assert head["phone"] == "138****0000"
    assert shown["bank_account"] == "***************0004"
    assert shown["responsible_cadre"] == "孙示例"
    assert "birth_on" not in head
    assert shown["category_name_zh"] == "边缘易致贫户"
    assert shown["monitored"] is False


async def test_names_may_stand_for_codes_within_their_town(caller: Caller) -> None:
    first = await caller.registered(household(town="金川镇", village="兴隆村"))
    second = await caller.registered(household([member(2)], town="皇冠镇", village="兴隆村委会"))
    assert (first["village"], second["village"]) == ("610923108205", "610923109206")


async def test_an_answer_is_replayed_for_the_same_request_and_refused_for_another(
    caller: Caller, claims_database: Database
) -> None:
    first = await caller.post("/households", household(), key="one")
    again = await caller.post("/households", household(), key="one")
    other = await caller.post("/households", household(annual_income_fen=5), key="one")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert (first.headers["ETag"], again.headers["ETag"]) == ('"1"', '"1"')
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert await rows(claims_database, "household") == 1


REFUSED = [
    ("a letter inside the number", {"id_number": "61092319800101A037"}, "members[0].id_number", "id_number_shape"),
    ("fifteen digits", {"id_number": "610923800101003"}, "members[0].id_number", "id_number_shape"),
    ("a wrong check digit", {"id_number": "610923198001010038"}, "members[0].id_number", "id_number_checksum"),
    ("no such day", {"id_number": id_number(born="19800230")}, "members[0].id_number", "id_number_birth"),
    ("born in 2099", {"id_number": id_number(born="20990101")}, "members[0].id_number", "id_number_birth_future"),
    ("another birth date", {"birth_on": "1980-01-02"}, "members[0].birth_on", "birth_on_disagrees"),
    ("a birth date that is no date", {"birth_on": "1980-13-01"}, "members[0].birth_on", "not_a_date"),
    ("a short phone", {"phone": "1380000"}, "members[0].phone", "phone_invalid"),
    ("a foreign phone", {"phone": "+49 30 901820"}, "members[0].phone", "phone_invalid"),
    ("a relation nobody listed", {"relation": "邻居的朋友"}, "members[0].relation", "unknown_relation"),
    ("no head", {"relation": "spouse"}, "members", "one_head"),
    ("a NUL in the name", {"name": "钱\u0000"}, "members[0].name", "invalid_characters"),
    ("a blank name", {"name": "  "}, "members[0].name", "blank"),
    ("an unknown field", {"nickname": "x"}, "members[0].nickname", "unknown_field"),
]


@pytest.mark.parametrize(("change", "field", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_a_member_that_cannot_be_right_is_refused_by_field(
    caller: Caller, claims_database: Database, change: dict[str, object], field: str, code: str
) -> None:
    answer = await caller.post("/households", household([{**member(), **change}]))
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "invalid_request"
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, code)]
    for value in change.values():
        assert str(value).strip() not in answer.text or str(value).strip() in {"", "x", "spouse"}
    assert await rows(claims_database, "household") == await rows(claims_database, "idempotency_key") == 0


HOUSEHOLD_REFUSED = [
    ("no members", {"members": []}, "members", "too_few"),
    ("two heads", {"members": [member(1), member(2)]}, "members", "one_head"),
    ("an unknown town", {"town": "不存在镇"}, "town", "unknown_division"),
    ("a village of another town", {"village": "610923108205"}, "village", "unknown_division"),
    ("a village's name of another town", {"village": "兴隆村"}, "village", "unknown_division"),
    ("an unknown category", {"category": "very_poor"}, "category", "unknown_category"),
    ("negative income", {"annual_income_fen": -1}, "annual_income_fen", "too_small"),
    ("fractional income", {"annual_income_fen": 1.5}, "annual_income_fen", "not_an_integer"),
    ("income as text", {"annual_income_fen": "100"}, "annual_income_fen", "not_an_integer"),
    ("income beyond all bounds", {"annual_income_fen": 10**30}, "annual_income_fen", "too_large"),
    ("income of next year", {"income_year": date.today().year + 1}, "income_year", "future_year"),  # noqa: DTZ011
    ("a short account", {"bank_account": "1234567"}, "bank_account", "bank_account_shape"),
    ("letters in the account", {"bank_account": "6217ABCD12345678"}, "bank_account", "bank_account_shape"),
]


@pytest.mark.parametrize(
    ("change", "field", "code"), [row[1:] for row in HOUSEHOLD_REFUSED], ids=[row[0] for row in HOUSEHOLD_REFUSED]
)
async def test_a_household_that_cannot_be_right_is_refused_by_field(
    caller: Caller, change: dict[str, Any], field: str, code: str
) -> None:
    answer = await caller.post("/households", household(**change))
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


async def test_all_faults_are_named_at_once(caller: Caller) -> None:
    body = household([member(1, phone="1"), member(1, "spouse")], category="none", bank_account="1")
    errors = (await caller.post("/households", body)).json()["errors"]
    assert {(error["field"], error["code"]) for error in errors} == {
        ("members[0].phone", "phone_invalid"),
        ("members[1].id_number", "person_twice"),
        ("category", "unknown_category"),
        ("bank_account", "bank_account_shape"),
    }


async def test_a_personal_number_in_a_clear_text_is_refused(caller: Caller) -> None:
    answer = await caller.post("/households", household(responsible_cadre="孙示例 13800138000"))
    assert (answer.status_code, answer.json()["code"]) == (422, "personal_data_in_text")


async def test_what_a_person_should_look_at_is_a_warning_not_a_refusal(caller: Caller) -> None:
    first = await caller.registered(household([member(5)]))
    old_area = member(1) | {"id_number": id_number("612424", "19700615", 2)}
    no_area = member(2, "spouse") | {"id_number": id_number("619999", "19700615", 3)}
    twice = member(5, "son")
    body = household([old_area, no_area, twice], bank_account="6217000000000000005")
    warnings = (await caller.registered(body))["warnings"]
    assert [(one["code"], one["field"], one["household_id"]) for one in warnings] == [
        ("bank_account_checksum", "bank_account", None),
        ("area_code_abolished", "members[0].id_number", None),
        ("area_code_unknown", "members[1].id_number", None),
        ("possible_duplicate", "members[2].id_number", first["id"]),
    ]


async def test_a_number_typed_full_width_or_with_a_small_x_is_the_same_number(caller: Caller) -> None:
    number = next(made for order in range(1, 99) if (made := id_number(order=order)).endswith("X"))
    first = await caller.registered(household([member(1) | {"id_number": number}]))
    typed = number.lower().translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    second = await caller.registered(household([member(1) | {"id_number": typed}]))
    assert [one["household_id"] for one in second["warnings"]] == [first["id"]]


async def test_a_county_without_a_table_takes_codes_that_extend_its_own(caller: Caller) -> None:
    elsewhere = Caller(caller.client, caller.issuer, book="610924")
    made = await elsewhere.registered(household(town="610924100", village="610924100201"))
    assert [one["code"] for one in made["warnings"]] == ["division_unverified"]
    assert made["division"] == {"verified": False, "code_system": None, "as_of": None}
    for change in ({"town": "610923100"}, {"town": "城关镇"}, {"village": "610924101201"}):
        place: dict[str, Any] = {"town": "610924100", "village": "610924100201", **change}
        body = household(**place)
        answer = await elsewhere.post("/households", body)
        assert [error["code"] for error in answer.json()["errors"]] == ["code_needed"]


ACCESS = [
    ("POST", "/households", {"intake": 201, "village": 201, "town": 201, "county": 201, "auditor": 403, "payer": 403}),
    ("GET", "/households", {"intake": 200, "auditor": 200, "payer": 200, "officer": 403, "checker": 403}),
]


@pytest.mark.parametrize(("method", "path", "expected"), ACCESS)
async def test_who_may_register_and_read(caller: Caller, method: str, path: str, expected: dict[str, int]) -> None:
    for number, (who, status) in enumerate(expected.items()):
        if method == "POST":
            answer = await caller.post(path, household([member(number + 1)]), who=who)
        else:
            answer = await caller.get(path, who=who)
        assert answer.status_code == status, who
    assert (await caller.client.get(f"/v1/books/610923{path}")).status_code == 401
    foreign = Caller(caller.client, caller.issuer, book="610924")
    assert (await foreign.post("/households", household(), book="610923")).status_code == 403


async def test_lists_filter_and_page(caller: Caller) -> None:
    ids = [(await caller.registered(household([member(order)])))["id"] for order in range(1, 4)]
    other = await caller.registered(household([member(9)], town="江口镇", village="高桥村", category="general"))
    first = (await caller.get("/households", limit="2")).json()
    second = (await caller.get("/households", limit="2", cursor=first["next_cursor"])).json()
    assert [one["id"] for one in first["items"] + second["items"]] == [*ids, other["id"]]
    assert second["next_cursor"] is None
    for query, expected in (
        ({"town": "江口镇"}, [other["id"]]),
        ({"village": "610923102204"}, [other["id"]]),
        ({"town": "江口镇", "village": "高桥村"}, [other["id"]]),
        ({"category": "general"}, [other["id"]]),
        ({"monitored": "false"}, [*ids, other["id"]]),
        ({"monitored": "true"}, []),
    ):
        assert [one["id"] for one in (await caller.get("/households", **query)).json()["items"]] == expected
    for query, field in (
        ({"town": "nowhere"}, "town"),
        ({"village": "高桥村"}, "village"),
        ({"cursor": "zzz"}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"name": "钱"}, "name"),
    ):
        answer = await caller.get("/households", **query)
        assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_household_is_found_by_exact_number_phone_or_name_in_its_town(caller: Caller) -> None:
    made = await caller.registered(household([member(7, phone="13800000007")]))
    await caller.registered(household([member(8)]))
    for body, expected in (
        ({"id_number": id_number(order=7)}, [made["id"]]),
        ({"id_number": id_number(order=9)}, []),
        ({"phone": "+86 138-0000-0007"}, [made["id"]]),
        ({"name": "钱示例7", "town": "城关镇"}, [made["id"]]),
        ({"name": "钱示例7", "town": "江口镇"}, []),
        ({"name": "钱示例", "town": "城关镇"}, []),
    ):
        answer = await caller.search(body)
        assert answer.status_code == 200
        assert [one["id"] for one in answer.json()["items"]] == expected


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ([None, None], "body"),
        ("610923198001010037", "body"),
        (5, "body"),
        ({"name": "钱示例"}, "town"),
        ({"id_number": "12"}, "id_number"),
        ({"phone": "12"}, "phone"),
        ({"phone": "13800000007", "id_number": id_number()}, "phone"),
        ({"name": "钱", "town": "无此镇"}, "town"),
    ],
)
async def test_a_search_names_what_is_wrong_with_it(caller: Caller, body: object, field: str) -> None:
    answer = await caller.search(body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_reference_lists_can_be_read(caller: Caller) -> None:
    categories = (await caller.get("/household-categories")).json()["items"]
    assert [one["code"] for one in categories if one["monitored"]] == [
        "unstable_relieved",
        "marginal_poverty_prone",
        "sudden_hardship",
        "return_prevention_object",
    ]
    assert "head" in {one["code"] for one in (await caller.get("/member-relations")).json()["items"]}
    towns = (await caller.get("/divisions")).json()
    assert (towns["as_of"], len(towns["items"])) == ("2023-06-30", 11)
    assert len((await caller.get("/divisions", parent="610923108")).json()["items"]) == 4
    assert (await caller.get("/divisions", parent="610924")).status_code == 404


async def test_a_birth_date_is_judged_by_the_day_in_shanghai(caller: Caller) -> None:
    today = date.fromisoformat((await caller.registered(household()))["created_at"][:10])
    tomorrow_anywhere = (today + timedelta(days=2)).strftime("%Y%m%d")
    answer = await caller.post("/households", household([member() | {"id_number": id_number(born=tomorrow_anywhere)}]))
    assert answer.json()["errors"][0]["code"] == "id_number_birth_future"
