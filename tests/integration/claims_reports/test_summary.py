"""The summary counts stored rows and nothing else."""

import pytest

from claims.worker import Worker
from tests.support.county import County

pytestmark = pytest.mark.anyio

PATH_TO_MONITORED = (
    ("lead_accepted", "2021-03-02", "intake"),
    ("village_town_verification", "2021-03-05", "village"),
    ("joint_review", "2021-03-08", "town"),
    ("county_determination", "2021-03-12", "county"),
    ("registered", "2021-03-15", "county"),
)


async def lead(county: County, channel: str, household_id: str) -> str:
    body = {"channel": channel, "reason": "收入明显下降", "found_on": "2021-03-01", "household_id": household_id}
    made = await county.post("claims", "/leads", body, "intake")
    return str(made["id"])


async def test_a_new_book_counts_nothing(county: County) -> None:
    summary = await county.get("claims", "/reports/summary", "county")
    del summary["as_of"]
    assert summary == {
        "leads": 0,
        "monitored_households": 0,
        "monitored_people": 0,
        "leads_by_channel": {},
        "claims_by_status": {},
        "claims_by_cause": {},
        "households_paid": 0,
        "amount_paid_fen": 0,
    }


async def test_every_figure_follows_the_rows(county: County, worker: Worker) -> None:
    await county.found()
    household = await county.household()
    first = await lead(county, "village_sweep", household["id"])
    await lead(county, "self_report", household["id"])
    for step, day, who in PATH_TO_MONITORED:
        body = {"step": step, "outcome": "passed", "done_on": day, "note": "已核实"}
        await county.post("claims", f"/leads/{first}/steps", body, who)
    paid, waiting = await county.approved_claim(50_000), await county.approved_claim(30_000)
    await worker.one_round()
    batch = await county.approved_batch(paid)
    await county.bank_return(batch, "success")
    unconfirmed = await county.get("claims", "/reports/summary", "county")
    assert (unconfirmed["households_paid"], unconfirmed["amount_paid_fen"]) == (0, 0)
    await worker.one_round()
    summary = await county.get("claims", "/reports/summary", "county")
    assert (summary["leads"], summary["monitored_households"], summary["monitored_people"]) == (2, 1, 1)
    assert summary["leads_by_channel"] == {"self_report": 1, "village_sweep": 1}
    assert summary["claims_by_status"] == {"encumbered": 1, "paid": 1}
    assert summary["claims_by_cause"] == {"schooling": 2}
    assert (summary["households_paid"], summary["amount_paid_fen"]) == (1, 50_000)
    await lead(county, "self_report", household["id"])
    assert (await county.get("claims", "/reports/summary", "county"))["leads"] == 3
    await county.bank_return(batch, "failure", on="2021-07-09")
    await worker.one_round()
    returned = await county.get("claims", "/reports/summary", "county")
    assert (returned["households_paid"], returned["amount_paid_fen"]) == (0, 0)
    assert returned["claims_by_status"] == {"encumbered": 1, "payment_returned": 1}
    assert await county.status(waiting) == "encumbered"
