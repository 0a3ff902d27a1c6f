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
from deploy.demo.papers import paper
from deploy.demo.plan import ClaimPlan, Figures, Household, plan_claims

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
    letter: bool = False
    """Whether the county prints the decision and hands it over."""


@dataclass(frozen=True, slots=True)
class Told:
    """A story with the household it happens to."""

    number: int
    story: Story
    household: Household


def load_stories() -> tuple[Story, ...]:
    """Read and check ``stories.yaml``."""
    return tuple(Story.model_validate(one) for one in yaml.safe_load(STORIES_FILE.read_text(encoding="utf-8")))


def plan_stories(households: tuple[Household, ...], claims: tuple[ClaimPlan, ...]) -> tuple[Told, ...]:
    """Give each story a household of its own that nobody pays."""
    paid = {claim.household.number for claim in claims}
    free = [household for household in households if household.number not in paid]
    return tuple(
        Told(number, story, household)
        for number, (story, household) in enumerate(zip(load_stories(), free, strict=False), 1)
    )


async def load_stories_of(
    api: Api, figures: Figures, households: tuple[Household, ...], stored: Mapping[int, Mapping[str, object]]
) -> None:
    """Tell every story; the stories are independent of each other."""
    await together(_tell(api, told, stored) for told in plan_stories(households, plan_claims(figures, households)))


async def _tell(api: Api, told: Told, stored: Mapping[int, Mapping[str, object]]) -> None:
    story, key = told.story, f"story:{told.number}"
    claim = await api.post("claims", "/claims", "intake", key, _claim_body(story, stored[told.household.number]))
    path = f"/claims/{claim['id']}"
    for kind in story.papers:
        content = paper(f"Demo paper: {kind}", f"Claim {claim['number']}", "Invented, stands for nobody.")
        await api.upload(f"{path}/documents", "intake", f"{key}:{kind}", f"{kind}.pdf", content, kind=kind)
    for number, act in enumerate(story.acts, start=1):
        await api.post(
            "claims", f"{path}/{act.post}", act.who, f"{key}:act:{number}", act.model_dump(mode="json")["body"]
        )
    if story.letter:
        await api.read(f"{path}/decision/letter", "county")


def _claim_body(story: Story, household: Mapping[str, object]) -> dict[str, object]:
    members = household["members"]
    if not isinstance(members, list):
        message = "a household answered without its members"
        raise DemoLoadError(message)
    reported_on = story.reported_on or story.event_on + dt.timedelta(days=DAYS_TO_REPORT)
    return {
        "household_id": household["id"],
        "claimant_member_id": members[0]["id"],
        "cause": story.cause,
        "event_on": story.event_on.isoformat(),
        "reported_on": reported_on.isoformat(),
        "loss": [{"kind": kind, "amount_fen": yuan * FEN} for kind, yuan in story.loss.items()],
        "other_payments": [{"payer": payer, "amount_fen": yuan * FEN} for payer, yuan in story.others.items()],
    }
