"""A claim from the report to the wish for its money, and every way it can leave that path."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.payouts.tables import ledger_operation
from tests.support.claims_office import Office

pytestmark = pytest.mark.anyio


async def test_a_claim_is_filed_checked_and_approved_and_asks_for_its_money(office: Office, owner: AsyncEngine) -> None:
    await office.programme()
    family = await office.family()
    claim = await office.filed(family)
    assert (claim["number"], claim["status"], claim["waiting_for"]) == ("610923-2021-000001", "reported", "town")
    assert (claim["outcome"], claim["benefit_fen"]) == ("eligible", 1_100_000)

    checked = await office.step(claim, "town_check", "town", note="入户核实", done_on="2021-06-15")
    assert checked.json()["claim"]["status"] == "under_review"
    assert checked.json()["claim"]["waiting_for"] == "county"
    approved = await office.step(claim, "county_approval", "county", done_on="2021-06-20")
    assert approved.status_code == 201, approved.text
    assert approved.json()["claim"]["status"] == "approved"

    found = await office.read(f"/claims/{claim['id']}")
    assert [(line["event"], line["by_person"], line["done_on"]) for line in found["history"]] == [
        ("filed", "intake-1", "2021-06-10"),
        ("town_passed", "town-1", "2021-06-15"),
        ("county_passed", "county-1", "2021-06-20"),
    ]
    assert found["history"][1]["note"] == "入户核实"
    assert found["waiting_for"] == "ledger"
    assert [(one["operation"], one["status"]) for one in found["money"]["operations"]] == [("encumber", "pending")]
    decision = await office.read(f"/claims/{claim['id']}/decision")
    assert (decision["version"], decision["occasion"], decision["final"]) == (2, "approval", True)
    async with owner.connect() as conn:
        wish = (await conn.execute(sa.select(ledger_operation))).mappings().one()
    assert wish["key"] == f"claim:{claim['id']}:encumber:1"
    assert (wish["amount_fen"], wish["fiscal_year"], wish["effective_on"].isoformat()) == (1_100_000, 2021, "2021-06-20")
    assert (wish["prepared_by"], wish["reviewed_by"]) == ("town-1", "county-1")


async def test_all_five_causes_go_the_whole_path(office: Office) -> None:
    from tests.support.claims_office import terms

    causes = ["industry_failure", "serious_illness", "schooling", "natural_disaster", "accident"]
    await office.programme(*(terms(cause) for cause in causes))
    for cause in causes:
        claim = await office.approved(await office.family(), cause=cause)
        assert (await office.read(f"/claims/{claim['id']}"))["cause"] == cause
    listed = await office.read("/claims", status="approved")
    assert [item["cause"] for item in listed["items"]] == causes
