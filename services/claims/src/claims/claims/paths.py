"""The paths, the steps and the reasons of refusal, loaded from the data beside this file and proved when first used."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict

from claims.calendar.rules import DayKind, Deadline
from claims.claims.rules import (
    Duty,
    Event,
    Path,
    PathStep,
    Status,
    StepName,
    StepOutcome,
    StepRule,
    WaitingFor,
    step_event,
)
from claims.policies.rules import PathName

PAYMENT: Final = "payment"
"""The place on a path where the money side takes over; no step people take."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _DeadlineRow(_Row):
    days: int
    kind: DayKind
    source: str

    def deadline(self) -> Deadline:
        if self.days < 1:
            raise ValueError("paths.yaml: a deadline has one day at least")
        return Deadline(self.days, self.kind, self.source)


class _NoticeRow(_Row):
    days: int
    source: str


class _StepRow(_Row):
    name_zh: str
    name_en: str
    waiting_for: WaitingFor
    duty: Duty
    decides: bool
    outcomes: tuple[StepOutcome, ...]
    source: str


class _ExitRow(_Row):
    name_zh: str
    name_en: str
    who: tuple[WaitingFor, ...]
    duty: Duty | None = None
    from_: tuple[Status, ...]
    event: Event


class _PlaceRow(_Row):
    step: str
    status: Status | None = None
    after_completion: StepName | None = None
    drawn: bool = False
    deadline: _DeadlineRow


class _PathRow(_Row):
    name_zh: str
    name_en: str
    refusal_reason: str
    notice: _NoticeRow | None = None
    exits: tuple[StepName, ...]
    completion_deadline: _DeadlineRow
    appeal_deadline: _DeadlineRow
    steps: tuple[_PlaceRow, ...]


class _Document(_Row):
    version: str
    steps: dict[StepName, _StepRow]
    exits: dict[StepName, _ExitRow]
    paths: dict[PathName, _PathRow]


@dataclass(frozen=True, slots=True)
class Paths:
    """Everything `paths.yaml` says."""

    version: str
    steps: Mapping[StepName, StepRule]
    paths: Mapping[PathName, Path]

    @property
    def deciding(self) -> frozenset[Duty]:
        """The duties whose holders may not decide an appeal."""
        return frozenset(rule.duty for rule in self.steps.values() if rule.decides and rule.duty is not None)


def parse_paths(text: str) -> Paths:
    """Read and prove the paths. Raises ValueError for a document that does not make sense."""
    raw = yaml.safe_load(text)
    for row in raw["exits"].values():
        row["from_"] = row.pop("from")
    document = _Document.model_validate(raw)
    missing = set(StepName) - document.steps.keys() - document.exits.keys()
    if missing or set(PathName) != document.paths.keys():
        raise ValueError(f"paths.yaml: nothing about {sorted(missing) or 'one of the paths'}")
    rules = {name: _rule(name, document) for name in StepName}
    paths = {name: _path(name, row, document) for name, row in document.paths.items()}
    for path in paths.values():
        _prove(path)
    return Paths(document.version, MappingProxyType(rules), MappingProxyType(paths))


def _rule(name: StepName, document: _Document) -> StepRule:
    if name in document.steps:
        row = document.steps[name]
        events = {outcome: step_event(name, outcome) for outcome in row.outcomes}
        scope = f"claims:{row.waiting_for.value}"
        return StepRule(
            row.name_zh,
            row.name_en,
            (scope,),
            row.waiting_for,
            row.duty,
            row.decides,
            MappingProxyType(events),
            row.source,
        )
    beside = document.exits[name]
    events = {StepOutcome.PASSED: beside.event}
    scopes = tuple(f"claims:{who.value}" for who in beside.who)
    return StepRule(
        beside.name_zh, beside.name_en, scopes, None, beside.duty, False, MappingProxyType(events), "assumed"
    )


def _path(name: PathName, row: _PathRow, document: _Document) -> Path:
    places = [place.step for place in row.steps]
    if places.count(PAYMENT) != 1 or len(set(places)) != len(places):
        raise ValueError(f"paths.yaml: {name.value} needs one payment, and each step once")
    at = places.index(PAYMENT)
    steps = [_place(place, document) for place in row.steps if place.step != PAYMENT]
    return Path(
        name=name,
        name_zh=row.name_zh,
        name_en=row.name_en,
        reason_required=row.refusal_reason == "required",
        notice_days=None if row.notice is None else row.notice.days,
        before_payment=tuple(steps[:at]),
        after_payment=tuple(steps[at:]),
        exits=MappingProxyType(
            {document.exits[step].event: (step, frozenset(document.exits[step].from_)) for step in row.exits}
        ),
        payment_deadline=row.steps[at].deadline.deadline(),
        completion_deadline=row.completion_deadline.deadline(),
        appeal_deadline=row.appeal_deadline.deadline(),
    )


def _place(row: _PlaceRow, document: _Document) -> PathStep:
    name = StepName(row.step)
    if row.status is None:
        raise ValueError(f"paths.yaml: {name.value} needs a status")
    waiting = document.steps[name].waiting_for
    return PathStep(name, row.status, waiting, row.after_completion, row.drawn, row.deadline.deadline())


def _prove(path: Path) -> None:
    """Raise ValueError for a path on which a claim could be lost, skip its approval, or wait for a table of days."""
    names = [step.step for step in path.before_payment]
    faults = {
        "must end with the county's approval before the payment": names[-1] is not StepName.COUNTY_APPROVAL,
        "must hold the town's check": StepName.TOWN_CHECK not in names,
        "must hold the second look right before the approval": names[-2] is not StepName.SECOND_LOOK,
        "reviews happen while a claim is reported or under review": any(
            step.status not in {Status.REPORTED, Status.UNDER_REVIEW} for step in path.before_payment
        ),
        "after the payment a claim is paid": any(step.status is not Status.PAID for step in path.after_payment),
        "has one step after the payment at most": len(path.after_payment) > 1,
        "only the second look is drawn": any(
            step.drawn is not (step.step is StepName.SECOND_LOOK) for step in path.steps
        ),
        "a completion goes back on the path, never forward": any(
            step.after_completion not in names[: names.index(step.step) + 1] for step in path.before_payment
        ),
        "a public notice needs its days, and the other way round": (StepName.PUBLIC_NOTICE in names)
        is (path.notice_days is None),
        "deadlines set by a filing, the ledger or the bank are in calendar days": any(
            deadline.kind is not DayKind.CALENDAR
            for deadline in (
                path.before_payment[0].deadline,
                path.payment_deadline,
                path.completion_deadline,
                path.appeal_deadline,
                *(step.deadline for step in path.after_payment),
            )
        ),
    }
    wrong = [text for text, is_wrong in faults.items() if is_wrong]
    if wrong:
        raise ValueError(f"paths.yaml: {path.name.value}: {'; '.join(wrong)}")


@dataclass(frozen=True, slots=True)
class RefusalReason:
    """Why a claim may be refused."""

    code: str
    zh: str
    en: str


OTHER_REASON: Final = "other"


def _read(name: str) -> str:
    return importlib.resources.files("claims.claims").joinpath(name).read_text(encoding="utf-8")


@functools.cache
def loaded() -> Paths:
    """The paths in force."""
    return parse_paths(_read("paths.yaml"))


@functools.cache
def refusal_reasons() -> Mapping[str, RefusalReason]:
    """The reasons of refusal in force, by code, in their order."""
    reasons = {row["code"]: RefusalReason(**row) for row in yaml.safe_load(_read("refusal_reasons.yaml"))}
    if OTHER_REASON not in reasons:
        raise ValueError("refusal_reasons.yaml: needs the reason other")
    return MappingProxyType(reasons)


def path_of(name: PathName) -> Path:
    """One of the paths."""
    return loaded().paths[name]


STEPS: Final = loaded().steps
"""Who may take each step, its duty and its outcomes. Loading it here proves the data when the service starts."""
