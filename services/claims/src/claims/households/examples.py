"""Examples of the API document for households. Every person in them is invented; the ID numbers belong to nobody."""

from __future__ import annotations

from typing import Final

HOUSEHOLD_ID: Final = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"
MEMBER_ID: Final = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f1"
CHILD_ID: Final = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f2"

MEMBER_IN: Final[dict[str, object]] = {
    "name": "钱示例",
    "id_number": "610923198001010037",
    "relation": "head",
    "birth_on": "1980-01-01",
    "phone": "13800000000",
}
HOUSEHOLD_IN: Final[dict[str, object]] = {
    "town": "610923100",
    "village": "610923100213",
    "category": "marginal_poverty_prone",
    "members": [MEMBER_IN, {"name": "钱小示例", "id_number": "610923201203010048", "relation": "女"}],
    "annual_income_fen": 1_080_000,
    "income_year": 2020,
    "bank_account": "6217000000000000004",
    "responsible_cadre": "孙示例",
}
PATCH: Final[dict[str, object]] = {
    "annual_income_fen": 960_000,
    "income_year": 2021,
    "members": {"change": [{"id": MEMBER_ID, "phone": "13900000000"}]},
}


def _member(member_id: str, name: str, id_number: str, relation: str, relation_zh: str) -> dict[str, object]:
    return {
        "id": member_id,
        "name": name,
        "id_number": id_number,
        "relation": relation,
        "relation_name_zh": relation_zh,
        "phone": "138****0000" if relation == "head" else None,
        "present": True,
        "joined_on": None,
        "moved_from": None,
        "left_on": None,
        "left_reason": None,
    }


def household(head: str, child: str, cadre: str) -> dict[str, object]:
    """A household's answer with these names."""
    return {
        "id": HOUSEHOLD_ID,
        "town": "610923100",
        "town_name": "城关镇",
        "village": "610923100213",
        "village_name": "旱坝村委会",
        "division": {"verified": True, "code_system": "NBS statistical division codes", "as_of": "2023-06-30"},
        "category": "marginal_poverty_prone",
        "category_name_zh": "边缘易致贫户",
        "monitored": True,
        "monitored_from": "2021-03-15",
        "annual_income_fen": 1_080_000,
        "income_year": 2020,
        "bank_account": "***************0004",
        "responsible_cadre": cadre,
        "members": [
            _member(MEMBER_ID, head, "610923********0037", "head", "户主"),
            _member(CHILD_ID, child, "610923********0048", "daughter", "女"),
        ],
        "external_number": "NS-000123",
        "version": 3,
        "created_at": "2021-03-01T01:00:00Z",
        "created_by": "intake-1",
        "updated_at": "2021-03-15T02:00:00Z",
        "updated_by": "county-1",
    }


OTHER_ID: Final = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1ff"
CONSENT_ID: Final = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5b101"
HOUSEHOLD: Final = household("钱示例", "钱小示例", "孙示例")
CHANGED: Final[dict[str, object]] = household("钱**", "钱***", "孙**") | {
    "monitored": False,
    "monitored_from": None,
    "version": 1,
    "updated_at": "2021-03-01T01:00:00Z",
    "updated_by": "intake-1",
    "warnings": [
        {
            "code": "possible_duplicate",
            "field": "members[1].id_number",
            "text_zh": "该身份证号码已登记在另一户",
            "text_en": "this ID number is already recorded in another household",
            "household_id": "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1ff",
        }
    ],
}
SEARCHES: Final = {
    "id_number": {"summary": "By ID number", "value": {"id_number": "610923198001010037"}},
    "phone": {"summary": "By phone", "value": {"phone": "13800000000"}},
    "name": {"summary": "By name within a town", "value": {"name": "钱示例", "town": "610923100"}},
}
CATEGORY: Final[dict[str, object]] = {
    "code": "sudden_hardship",
    "name_zh": "突发严重困难户",
    "name_en": "In sudden serious hardship",
    "monitored": True,
    "valid_from": "2021-01-01",
    "valid_to": None,
    "source": "pub",
}
RELATION: Final[dict[str, object]] = {
    "code": "head",
    "name_zh": "户主",
    "name_en": "Head of the household",
    "words": ["户主", "本人"],
}
MOVE: Final[dict[str, object]] = {"to_household_id": OTHER_ID, "moved_on": "2021-03-01", "relation": "儿媳"}
EVENT: Final[dict[str, object]] = {
    "version": 2,
    "kind": "edited",
    "changes": {"category": ["general", "sudden_hardship"], "bank_account": [None, None]},
    "at": "2021-03-02T01:00:00Z",
    "by_person": "intake-1",
}
CONSENT_IN: Final[dict[str, object]] = {
    "kind": "data_comparison",
    "given_by": MEMBER_ID,
    "given_on": "2021-03-01",
    "document_reference": "授权书 2021-015 号",
}
CONSENT: Final[dict[str, object]] = {
    **CONSENT_IN,
    "id": CONSENT_ID,
    "household_id": OTHER_ID,
    "kind_name_zh": "数据比对授权",
    "member_id": None,
    "recorded_at": "2021-03-01T02:00:00Z",
    "recorded_by": "village-1",
    "withdrawn_on": None,
    "withdrawn_by": None,
}
WITHDRAWAL: Final[dict[str, object]] = {"withdrawn_on": "2021-04-01"}
RESOLUTION: Final[dict[str, object]] = {"resolution": "different", "note": "入户核实：同名同日出生，系两人"}
DUPLICATE: Final[dict[str, object]] = {
    "id": CONSENT_ID,
    "kind": "name_birth",
    "found_at": "2021-03-01T02:00:00Z",
    "resolution": "open",
    "first": {"household_id": HOUSEHOLD["id"], "household": HOUSEHOLD, "member_id": MEMBER_ID},
    "second": {"household_id": OTHER_ID, "household": None, "member_id": None},
    "resolutions": [],
}
