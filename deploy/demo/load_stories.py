"""Claims that are not paid: refused, taken back, sent back, waiting, disputed, appealed, each told in `stories.yaml`.

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
from deploy.demo.load_claims import load_programme
from deploy.demo.load_funds import FEN
from deploy.demo.papers import paper
from deploy.demo.plan import ClaimPlan, Figures, Household, plan_claims

STORIES_FILE = Path(__file__).parent / "stories.yaml"
DAYS_TO_REPORT = 10


class Act(BaseModel):
    """One request: who sends it, to which path below the claim, and its body. What follows an appeal happens to the appeal."""

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
    consents: tuple[str, ...] = ()
    """What the head of the household consents to on the day of the report."""
    acts: tuple[Act, ...]
    letter: bool = False
    """Whether the county prints the decision and hands it over."""


@dataclass(frozen=True, slots=True)
class Told:
    """A story with the household it happens to."""

    number: int
    story: Story
    household: Household


class Programme(BaseModel):
    """A further year's programme and its terms, written as in `terms.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: int
    programme: dict[str, object]
    terms: dict[str, dict[str, object]]


class Stories(BaseModel):
    """The whole of `stories.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    programme: Programme
    stories: tuple[Story, ...]


def load_stories() -> Stories:
    """Read and check ``stories.yaml``."""
    return Stories.model_validate(yaml.safe_load(STORIES_FILE.read_text(encoding="utf-8")))


def plan_stories(households: tuple[Household, ...], claims: tuple[ClaimPlan, ...]) -> tuple[Told, ...]:
    """Give each story a household of its own that nobody pays."""
    paid = {claim.household.number for claim in claims}
    free = [household for household in households if household.number not in paid]
    return tuple(
        Told(number, story, household)
        for number, (story, household) in enumerate(zip(load_stories().stories, free, strict=False), 1)
    )


async def load_stories_of(
    api: Api, figures: Figures, households: tuple[Household, ...], stored: Mapping[int, Mapping[str, object]]
) -> None:
    """Make the further year's programme and tell every story; the stories are independent of each other."""
    further = load_stories().programme
    await load_programme(api, further.year, {"year": further.year, **further.programme}, further.terms)
    await together(_tell(api, told, stored) for told in plan_stories(households, plan_claims(figures, households)))


async def _tell(api: Api, told: Told, stored: Mapping[int, Mapping[str, object]]) -> None:
    story, key = told.story, f"story:{told.number}"
    household = stored[told.household.number]
    body = _claim_body(story, household)
    for kind in story.consents:
        consent = {
            "kind": kind,
            "given_by": body["claimant_member_id"],
            "given_on": body["reported_on"],
            "document_reference": f"演示授权书{told.number:02d}",
        }
        await api.post("claims", f"/households/{household['id']}/consents", "intake", f"{key}:consent:{kind}", consent)
    claim = await api.post("claims", "/claims", "intake", key, body)
    path = f"/claims/{claim['id']}"
    for kind in story.papers:
        content = paper(f"Demo paper: {kind}", f"Claim {claim['number']}", "Invented, stands for nobody.")
        await api.upload(f"{path}/documents", "intake", f"{key}:{kind}", f"{kind}.pdf", content, kind=kind)
    for number, act in enumerate(story.acts, start=1):
        sent = act.model_dump(mode="json")["body"]
        answer = await api.post("claims", f"{path}/{act.post}", act.who, f"{key}:act:{number}", sent)
        if act.post == "appeals":
            path = f"/claims/{answer['id']}"
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
