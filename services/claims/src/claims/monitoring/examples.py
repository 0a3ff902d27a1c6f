"""Examples of the API document for leads and income lines."""

from __future__ import annotations

from typing import Final

HOUSEHOLD_ID: Final = "0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"

LEAD_IN: Final[dict[str, object]] = {
    "channel": "department_check",
    "household_id": HOUSEHOLD_ID,
    "reason": "住院自付费用较高，家庭收入下降",
    "found_on": "2021-03-01",
    "department": "县医疗保障局",
}
STEP_IN: Final[dict[str, object]] = {
    "step": "village_town_verification",
    "outcome": "passed",
    "note": "入户核实，情况属实",
    "done_on": "2021-03-05",
}
LEAD: Final[dict[str, object]] = {
    "id": "0198c5a2-8d10-7a52-8f5e-63a1f24b7c10",
    "channel": "department_check",
    "channel_name_zh": "县行业部门联合排查",
    "department": "县医疗保障局",
    "household_id": HOUSEHOLD_ID,
    "town": "610923100",
    "village": "610923100213",
    "found_on": "2021-03-01",
    "status": "open",
    "step_count": 2,
    "last_step": "village_town_verification",
    "last_outcome": "passed",
    "last_done_on": "2021-03-05",
    "next_steps": ["joint_review"],
    "created_at": "2021-03-01T01:00:00Z",
    "created_by": "intake-1",
}


def _step(position: int, step: str, name_zh: str, day: str, person: str) -> dict[str, object]:
    return {
        "position": position,
        "step": step,
        "name_zh": name_zh,
        "outcome": "passed",
        "note": None if position == 1 else STEP_IN["note"],
        "done_on": f"2021-03-{day}",
        "household_id": None,
        "category": None,
        "at": f"2021-03-{day}T03:00:00Z",
        "by_person": person,
    }


LEAD_DETAIL: Final[dict[str, object]] = LEAD | {
    "description": None,
    "reason": LEAD_IN["reason"],
    "steps": [
        _step(1, "lead_accepted", "线索受理", "02", "intake-1"),
        _step(2, "village_town_verification", "村镇核实", "05", "village-1"),
    ],
}
STEP_LIST: Final[dict[str, object]] = {
    "version": "2021-01",
    "items": [
        {
            "code": "registered",
            "position": 5,
            "name_zh": "纳入监测",
            "name_en": "Registered as monitored",
            "who": ["claims:county"],
            "outcomes": {"passed": "monitored"},
            "after": {"passed": ["county_determination:passed"]},
            "needs_household": True,
            "other_person": [],
            "source": "assumed",
        }
    ],
}
INCOME_LINE_IN: Final[dict[str, object]] = {"year": 2022, "amount_fen": 650_000, "source": "示例：省级文件（文号）"}
INCOME_LINE: Final[dict[str, object]] = {
    "scope": "61",
    "year": 2021,
    "revision": 1,
    "amount_fen": 600_000,
    "source": "陕西省2021年防返贫监测收入线：年人均6000元（公开发布）",
    "source_mark": "pub",
    "correction_reason": None,
    "in_force": True,
    "recorded_at": "2021-01-01T00:00:00Z",
    "recorded_by": "seed",
}
