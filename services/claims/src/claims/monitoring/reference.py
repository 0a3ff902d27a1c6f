"""The channels of leads and their handling steps: data that ships beside this file."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

import yaml

Channel = Literal[
    "village_sweep", "cadre_visit", "data_screening", "department_check", "self_report", "public_supervision"
]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
CHANNEL_NAMES_ZH: Mapping[Channel, str] = {
    "village_sweep": "镇村排查",
    "cadre_visit": "帮扶干部调查",
    "data_screening": "大数据系统筛查",
    "department_check": "县行业部门联合排查",
    "self_report": "风险农户申报",
    "public_supervision": "社会监督发现",
}
START = "start"


@dataclass(frozen=True, slots=True)
class Step:
    """One handling step.

    `outcomes` maps an outcome to the lead's status after it; `after[outcome]` holds what it may follow, as `start` or
    `step:outcome`.
    """

    code: str
    position: int
    name_zh: str
    name_en: str
    who: frozenset[str]
    outcomes: Mapping[str, str]
    after: Mapping[str, frozenset[str]]
    needs_household: bool
    other_person: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class StepList:
    """All steps of one version of the list, in their usual order."""

    version: str
    steps: tuple[Step, ...]

    def step(self, code: str) -> Step | None:
        """The step of this code, or None."""
        return next((step for step in self.steps if step.code == code), None)


def _link(text: str) -> str:
    """`registered` means `registered:passed`; `start` and written-out links stay."""
    return text if text == START or ":" in text else f"{text}:passed"


def parse_steps(document: Mapping[str, object]) -> StepList:
    """Build the list from its YAML; a link to a step or outcome that does not exist is refused with ValueError."""
    rows = cast("list[dict[str, object]]", document["steps"])
    steps = tuple(_parse_step(position, row) for position, row in enumerate(rows, start=1))
    known = {START} | {f"{step.code}:{outcome}" for step in steps for outcome in step.outcomes}
    used = {link for step in steps for links in step.after.values() for link in links}
    codes = {step.code for step in steps}
    strangers = sorted((used - known) | (set().union(*(step.other_person for step in steps)) - codes))
    if strangers:
        message = f"steps.yaml: unknown {', '.join(strangers)}"
        raise ValueError(message)
    return StepList(str(document["version"]), steps)


def _parse_step(position: int, row: Mapping[str, object]) -> Step:
    outcomes = cast("dict[str, str]", row["outcomes"])
    usual = cast("list[str]", row["after"])
    narrowed = cast("dict[str, list[str]]", row.get("outcome_after", {}))
    return Step(
        code=str(row["code"]),
        position=position,
        name_zh=str(row["name_zh"]),
        name_en=str(row["name_en"]),
        who=frozenset(cast("list[str]", row["who"])),
        outcomes=outcomes,
        after={outcome: frozenset(map(_link, narrowed.get(outcome, usual))) for outcome in outcomes},
        needs_household=bool(row.get("needs_household", False)),
        other_person=frozenset(cast("list[str]", row.get("other_person", []))),
        source=str(row["source"]),
    )


@functools.cache
def step_list() -> StepList:
    """The list in force."""
    text = importlib.resources.files("claims.monitoring").joinpath("steps.yaml").read_text(encoding="utf-8")
    return parse_steps(yaml.safe_load(text))
