"""People of a county who take claims along the full path over HTTP, each duty a person of their own."""

from __future__ import annotations

from typing import Any, Final

import httpx

from tests.support.county import DEDUCTIBLE_FEN, EVENT_ON, County

Json = dict[str, Any]
CAUSES: Final = ("industry_failure", "serious_illness", "schooling", "natural_disaster", "accident")
LOST_FEN: Final = 500_000
# Each step with who takes it (role/person) and the day it is usually done in these tests.
STEPS: Final = {
    "home_visit": ("village/visitor", "2021-06-07"),
    "data_comparison": ("county/comparer", "2021-06-08"),
    "village_review": ("village/reviewer", "2021-06-09"),
    "public_notice": ("village/reviewer", "2021-06-15"),
    "town_check": ("town/checker", "2021-06-16"),
    "survey": ("county/surveyor", "2021-06-17"),
    "county_approval": ("county/approver", "2021-06-20"),
}
NOTICE_UP_ON: Final = "2021-06-10"


class FullPath:
    """Takes steps on the claims of a county whose programme goes the full path."""

    def __init__(self, county: County) -> None:
        """Keep the county; nothing is set up yet."""
        self.county = county

    async def found(self, **plan: object) -> None:
        """Open the book with a programme of all five causes on the full path."""
        await self.county.found(programme={"path": "full", **plan}, causes=CAUSES)

    async def filed(self, cause: str = "schooling", **other: object) -> Json:
        """File a claim of a household of its own: the deductible and 5,000.00 yuan lost."""
        household = await self.county.household()
        body = {
            "household_id": household["id"],
            "claimant_member_id": household["members"][0]["id"],
            "cause": cause,
            "event_on": EVENT_ON,
            "reported_on": "2021-06-05",
            "loss": [{"kind": "tuition", "amount_fen": LOST_FEN + DEDUCTIBLE_FEN}],
            "other_payments": [],
            **other,
        }
        return await self.county.post("claims", "/claims", body, "intake/clerk")

    async def try_step(self, claim: Json, step: str, who: str, day: str, **other: object) -> httpx.Response:
        """Take a step, whatever becomes of it."""
        body = {"step": step, "done_on": day, **other}
        return await self.county.try_post("claims", f"/claims/{claim['id']}/steps", body, who)

    async def step(self, claim: Json, step: str, who: str, day: str, **other: object) -> Json:
        """Take a step that must succeed; answers the claim after it."""
        answer = await self.try_step(claim, step, who, day, **other)
        assert answer.status_code == httpx.codes.CREATED, (step, answer.text)
        after: Json = answer.json()["claim"]
        return after

    async def notice(self, claim: Json, day: str = NOTICE_UP_ON, who: str = "village/reviewer") -> Json:
        """Put the notice up."""
        return await self.county.post("claims", f"/claims/{claim['id']}/notice", {"published_on": day}, who)

    async def until(self, claim: Json, last: str, *, after: str | None = None, suffix: str = "") -> Json:
        """Pass every step up to and with `last`, from the one after `after` on; `suffix` makes them other people."""
        names = list(STEPS)
        for name in names[0 if after is None else names.index(after) + 1 : names.index(last) + 1]:
            who, day = STEPS[name]
            if name == "public_notice":
                await self.notice(claim, who=f"village/reviewer{suffix}")
            claim = await self.step(claim, name, f"{who}{suffix}", day, outcome="passed")
        return claim

    async def read(self, claim: Json) -> Json:
        """The claim with its history."""
        return await self.county.get("claims", f"/claims/{claim['id']}", "county")
