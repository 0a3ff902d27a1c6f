"""Claims that are not paid: refused, taken back, sent back, waiting, disputed, each told in `stories.yaml`.

Their households are monitored ones that no paid claim names, so that nothing here touches the year's figures.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from deploy.demo.api import Api, DemoLoadError, together
from deploy.demo.load_funds import FEN
from deploy.demo.plan import Household, paid_households

STORIES_FILE = Path(__file__).parent / "stories.yaml"
DAYS_TO_REPORT = 10


class Act(BaseModel):
    """One request: who sends it, to which path below the claim, and its body."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: str
    post: str
    body: dict[str, object]


class Story(BaseModel):
    """A claim and what becomes of it; losses and what others paid in whole yuan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    year: int
    cause: str
    event_on: dt.date
    reported_on: dt.date | None = None
    loss: dict[str, int]
    others: dict[str, int] = {}
    papers: tuple[str, ...] = ()
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A story with the household it happens to."""

    number: int
    story: Story
    household: Household


def load_stories() -> tuple[Story, ...]:
    """Read and check ``stories.yaml``."""
    return tuple(Story.model_validate(one) for one in yaml.safe_load(STORIES_FILE.read_text(encoding="utf-8")))


def plan_stories(households: tuple[Household, ...], paid: tuple[Household, ...]) -> tuple[Told, ...]:
    """Give each story a household of its own that nobody pays."""
    taken = {household.number for household in paid}
    free = [household for household in households if household.number not in taken]
    stories = load_stories()
    return tuple(Told(number, *pair) for number, pair in enumerate(zip(stories, free, strict=False), start=1))
