"""Claims on the full path for the contract tests: a programme of a year of its own, and claims where each call needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.contract.scene import Prepared, Scene

FIGURES = ("deductible_fen", "tiers", "tier_mode", "base", "cap_fen", "waiting_days", "reporting_days")


async def full_year(scene: Scene) -> int:
    """The year of a programme on the full path with terms for schooling; made if there is none."""
    listed: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = {} if cursor is None else {"cursor": cursor}
        page = await scene.county.get("claims", "/policies", "county", limit="1000", **query)
        listed += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    for one in listed:
        if one["path"] == "full" and one["insurer"] == "示例全流程":
            return int(one["year"])
    taken = {one["year"] for one in listed}
    year = next(year for year in range(2025, 1999, -1) if year not in taken)
    body = {"year": year, "insurer": "示例全流程", "funding": "county_paid", "path": "full"}
    policy = await scene.county.post("claims", "/policies", body, "county")
    terms = {
        "cause": "schooling",
        "valid_from": f"{year}-01-01",
        "deductible_fen": 0,
        "tiers": [{"from_fen": 0, "rate_bp": 10_000}],
        "tier_mode": "marginal",
        "base": "person",
        "cap_fen": 10_000_000,
        "waiting_days": 0,
        "reporting_days": 60,
        "sources": dict.fromkeys(FIGURES, "assumed"),
    }
    path = f"/policies/{policy['id']}/terms"
    draft = await scene.county.post("claims", path, terms, "county")
    await scene.county.post("claims", f"{path}/{draft['id']}/approval", {"outcome": "approved"}, "admin")
    return year


async def at_notice(scene: Scene) -> tuple[str, int]:
    """A claim that waits for its public notice, and its year."""
    year = await full_year(scene)
    body = await scene.claim_body()
    body |= {"event_on": f"{year}-06-01", "reported_on": f"{year}-06-05"}
    claim = await scene.county.post("claims", "/claims", body, "intake")
    for step, who in (
        ("home_visit", "village/v-1"),
        ("data_comparison", "county/c-1"),
        ("village_review", "village/v-2"),
    ):
        taken = {"step": step, "outcome": "passed", "done_on": f"{year}-06-06"}
        await scene.county.post("claims", f"/claims/{claim['id']}/steps", taken, who)
    return str(claim["id"]), year


async def shown(scene: Scene) -> tuple[str, int]:
    """A claim whose notice is up, and its year."""
    claim, year = await at_notice(scene)
    await scene.county.post("claims", f"/claims/{claim}/notice", {"published_on": f"{year}-06-07"}, "village/v-2")
    return claim, year


async def notice(scene: Scene) -> Prepared:
    """A notice that can be put up."""
    claim, year = await at_notice(scene)
    return {"claim_id": claim}, {"published_on": f"{year}-06-07"}


async def notice_read(scene: Scene) -> Prepared:
    """A notice that can be read."""
    return {"claim_id": (await shown(scene))[0]}, None


async def objection(scene: Scene) -> Prepared:
    """A notice that can be objected to."""
    claim, year = await shown(scene)
    return {"claim_id": claim}, {"reason": "测试异议", "raised_on": f"{year}-06-08"}


async def resolution(scene: Scene) -> Prepared:
    """An objection that can be resolved."""
    claim, year = await shown(scene)
    raised = {"reason": "测试异议", "raised_on": f"{year}-06-08"}
    await scene.county.post("claims", f"/claims/{claim}/objections", raised, "intake/i-9")
    body: dict[str, object] = {"outcome": "dismissed", "reason": "经核实", "resolved_on": f"{year}-06-09"}
    return {"claim_id": claim, "position": "1"}, body


async def appeal(scene: Scene) -> Prepared:
    """A refusal that can be appealed."""
    claim = await scene.claim()
    refusal = {"step": "town_check", "outcome": "refused", "note": "测试", "done_on": "2021-06-10"}
    await scene.county.post("claims", f"/claims/{claim}/steps", refusal, "town/t-9")
    return {"claim_id": claim}, {"reason": "请重新核实", "appealed_on": "2021-06-20"}


async def steps(scene: Scene) -> Prepared:
    """A step that can be taken in a batch."""
    step = {"step": "town_check", "outcome": "passed", "done_on": "2021-06-10"}
    return {}, {"steps": [{"claim_id": await scene.claim(), "idempotency_key": f"batch-step-{scene.number()}", **step}]}
