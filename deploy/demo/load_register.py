"""The register's half of the demo book: households, leads of the six channels and their handling steps."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.api import Api, together
from deploy.demo.plan import Figures, Household, Lead, Village, plan_leads

DIVISIONS_FILE = Path(__file__).parents[2] / "services/claims/src/claims/divisions/data/610923.csv"

# Each step: who takes it, how many days after the lead was found, and its short name where a lead may be refused at it.
_STEPS = (
    ("lead_accepted", "intake", 0, None),
    ("village_town_verification", "village", 3, "verification"),
    ("joint_review", "town", 6, "joint_review"),
    ("county_determination", "county", 10, "determination"),
    ("registered", "county", 11, None),
    ("support_measures", "town", 20, None),
    ("follow_up_visits", "village", 60, None),
)
INCOME_YEAR = 2020
"""The year of the demo households' incomes."""
_REASONS = {
    "village_sweep": "季度排查发现收入下降",
    "cadre_visit": "入户走访发现支出明显增加",
    "data_screening": "系统筛查医疗支出预警",
    "department_check": "部门联合排查发现风险",
    "self_report": "农户自行申报困难",
    "public_supervision": "监督渠道反映困难",
}


def load_villages() -> tuple[Village, ...]:
    """The county's villages from the divisions table that the claims service ships."""
    with DIVISIONS_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            Village(row["code"], row["parent_code"]) for row in csv.DictReader(file) if row["level"] == "village"
        )


async def load_register(
    api: Api, figures: Figures, households: tuple[Household, ...]
) -> dict[int, Mapping[str, object]]:
    """Register households and leads and walk every lead through its steps; answers the stored households by their plan number."""
    stored = await together(
        api.post("claims", "/households", "intake", f"household:{household.number}", _household_body(household))
        for household in households
    )
    by_number: dict[int, Mapping[str, object]] = {
        household.number: answer for household, answer in zip(households, stored, strict=True)
    }
    await together(_load_lead(api, lead, by_number) for lead in plan_leads(figures, households))
    return by_number


def cadre_name(household: Household) -> str:
    """The invented cadre paired with a household; each has several."""
    return f"演示干部{household.number % 60 + 1:02d}"


def _household_body(household: Household) -> dict[str, object]:
    members = [
        {
            "name": member.name,
            "id_number": member.id_number,
            "relation": member.relation,
            "birth_on": member.birth_on.isoformat(),
        }
        | ({"phone": household.phone} if member.relation == "head" else {})
        for member in household.members
    ]
    return {
        "town": household.village.town,
        "village": household.village.code,
        "category": household.category,
        "members": members,
        "annual_income_fen": household.annual_income_fen,
        "income_year": INCOME_YEAR,
        "bank_account": household.bank_account,
        "responsible_cadre": cadre_name(household),
    }


@dataclass(frozen=True, slots=True)
class LeadStep:
    """A handling step to take: what, by which role, on which day, and whether the lead is refused at it."""

    code: str
    who: str
    done_on: dt.date
    refused: bool


def lead_steps(lead: Lead) -> tuple[LeadStep, ...]:
    """The steps a lead takes, one after the other, as far as it goes; every second household was visited again by the year's end."""
    if lead.household is None and lead.refused_at is None:
        return ()
    steps = []
    for code, who, days, short_name in _STEPS:
        refused = short_name is not None and short_name == lead.refused_at
        steps.append(LeadStep(code, who, lead.found_on + dt.timedelta(days=days), refused))
        if refused or (code == "support_measures" and lead.number % 2):
            break
    return tuple(steps)


async def _load_lead(api: Api, lead: Lead, stored: Mapping[int, Mapping[str, object]]) -> None:
    """File one lead and take its steps one after the other, as far as it goes."""
    body: dict[str, object] = {
        "channel": lead.channel,
        "reason": _REASONS[lead.channel],
        "found_on": lead.found_on.isoformat(),
    }
    if lead.household:
        body["household_id"] = stored[lead.household.number]["id"]
    else:
        body["description"] = f"演示线索{lead.number:03d}：经核实情况后处理"
    if lead.channel == "department_check":
        body["department"] = ("县医保局", "县教体科技局", "县住建局", "县民政局")[lead.number % 4]
    answer = await api.post("claims", "/leads", "intake", f"lead:{lead.number}", body)
    for step in lead_steps(lead):
        taken = {
            "step": step.code,
            "outcome": "refused" if step.refused else "passed",
            "note": "核实后不符合监测条件" if step.refused else "按程序办理",
            "done_on": step.done_on.isoformat(),
        }
        await api.post("claims", f"/leads/{answer['id']}/steps", step.who, f"lead:{lead.number}:{step.code}", taken)
