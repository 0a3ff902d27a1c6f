"""The insurance's half of the demo book: the programme, seventy claims from report to approval, and two payout batches.

Benefits come from the service's own decisions. The last claims (schooling, where the whole excess is paid) are given
the losses that bring the year's amount to the programme's figure: the sum is computed by the terms like every part.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import yaml

from deploy.demo.api import Api, DemoLoadError, together
from deploy.demo.load_funds import FEN
from deploy.demo.plan import ClaimPlan, Figures, Household, plan_claims, split_evenly

TERMS_FILE = Path(__file__).parent / "terms.yaml"
FIRST_RETURN_ON = dt.date(2021, 9, 10)
SECOND_RETURN_ON = dt.date(2021, 9, 28)
WAIT_SECONDS = 120
"""How long the worker may take to carry all wishes to the ledger before the load gives up."""

Stored = Mapping[int, Mapping[str, object]]


async def load_claims(api: Api, figures: Figures, households: tuple[Household, ...], stored: Stored) -> list[str]:
    """File, check and approve the year's claims, and wait until their money is reserved; answers their ids."""
    terms = yaml.safe_load(TERMS_FILE.read_text(encoding="utf-8"))
    await load_programme(api, figures.policy.year, {**figures.policy.model_dump(), "funding": "county_paid"}, terms)
    claims = plan_claims(figures, households)
    ids = await together(_file(api, claim, stored, claim.loss_fen) for claim in claims if claim.loss_fen is not None)
    benefits = await together(_benefit(api, claim_id) for claim_id in ids)
    last = [claim for claim in claims if claim.loss_fen is None]
    open_fen = figures.seed.amount_paid_fen - sum(benefits)
    losses = [share + terms["schooling"]["deductible"] * FEN for share in split_evenly(open_fen, len(last), 100 * FEN)]
    ids += await together(_file(api, claim, stored, loss) for claim, loss in zip(last, losses, strict=True))
    await together(
        _approve(api, claim, claim_id)
        for claim, claim_id in zip([c for c in claims if c.loss_fen is not None] + last, ids, strict=True)
    )
    await _wait_for(api, "encumbered", "paid", count=len(ids))
    return ids


async def load_programme(
    api: Api, year: int, programme: Mapping[str, object], terms: Mapping[str, Mapping[str, object]]
) -> None:
    """Make a year's programme and its terms, one set a cause, each approved by a second person."""
    policy = await api.post("claims", "/policies", "county", f"policy:{year}", programme)
    for cause, figures_of_cause in terms.items():
        path, key = f"/policies/{policy['id']}/terms", f"terms:{year}:{cause}"
        draft = await api.post("claims", path, "county", key, _terms_body(cause, figures_of_cause, year))
        approval = f"{path}/{draft['id']}/approval"
        await api.post("claims", approval, "admin", f"{key}:approval", {"outcome": "approved"})


def _terms_body(cause: str, terms: Mapping[str, object], year: int) -> dict[str, object]:
    tiers = terms["tiers"]
    if not isinstance(tiers, list):
        message = f"terms.yaml: tiers of {cause} are not a list"
        raise DemoLoadError(message)
    same = {name: terms[name] for name in ("tier_mode", "base", "waiting_days", "reporting_days", "sources")}
    return same | {
        "cause": cause,
        "valid_from": f"{year}-01-01",
        "valid_to": f"{year}-12-31",
        "deductible_fen": _fen(terms["deductible"]),
        "cap_fen": _fen(terms["cap"]),
        "tiers": [{"from_fen": start * FEN, "rate_bp": rate} for start, rate in tiers],
    }


def _fen(yuan: object) -> int:
    if not isinstance(yuan, int):
        message = f"terms.yaml: {yuan!r} is not whole yuan"
        raise DemoLoadError(message)
    return yuan * FEN


async def _file(api: Api, claim: ClaimPlan, stored: Stored, loss_fen: int | None) -> str:
    household = stored[claim.household.number]
    members = household["members"]
    if not isinstance(members, list):
        message = "a household answered without its members"
        raise DemoLoadError(message)
    body = {
        "household_id": household["id"],
        "claimant_member_id": members[0]["id"],
        "cause": claim.cause,
        "event_on": claim.event_on.isoformat(),
        "reported_on": (claim.event_on + dt.timedelta(days=10)).isoformat(),
        "loss": [{"kind": claim.kind, "amount_fen": loss_fen, "document_number": f"DEMO-{claim.number:04d}"}],
        "other_payments": [{"payer": claim.other_payer, "amount_fen": claim.other_fen}] if claim.other_payer else [],
    }
    answer = await api.post("claims", "/claims", "intake", f"claim:{claim.number}", body)
    return str(answer["id"])


async def _benefit(api: Api, claim_id: str) -> int:
    decision = await api.get("claims", f"/claims/{claim_id}/decision", "county")
    benefit = decision["benefit_fen"]
    if not isinstance(benefit, int) or benefit <= 0:
        message = f"the terms give claim {claim_id} no benefit: {decision}"
        raise DemoLoadError(message)
    return benefit


async def _approve(api: Api, claim: ClaimPlan, claim_id: str) -> None:
    for step, who, days in (("town_check", "town", 15), ("county_approval", "county", 20)):
        done_on = (claim.event_on + dt.timedelta(days=days)).isoformat()
        body = {"step": step, "outcome": "passed", "note": "材料齐全，情况属实", "done_on": done_on}
        await api.post("claims", f"/claims/{claim_id}/steps", who, f"claim:{claim.number}:{step}", body)


async def _wait_for(api: Api, *statuses: str, count: int) -> None:
    """Wait until so many claims stand in one of the statuses; the worker brings them there."""
    by_status: object = None
    for _ in range(WAIT_SECONDS * 2):
        summary = await api.get("claims", "/reports/summary", "county")
        by_status = summary["claims_by_status"]
        if isinstance(by_status, dict) and sum(by_status.get(status, 0) for status in statuses) >= count:
            return
        await asyncio.sleep(0.5)
    message = f"after {WAIT_SECONDS} s the claims stand at {by_status}, not {count} at {' or '.join(statuses)}; see the worker's log"
    raise DemoLoadError(message)


async def pay_claims(api: Api, ids: list[str]) -> None:
    """Two batches: the first one's file is issued again, and the bank fails one of its credits; the second pays it."""
    first = await _batch(api, "first", ids)
    await _bank_file_twice(api, str(first["id"]))
    await _bank_return(api, "first", first, FIRST_RETURN_ON, failing=1)
    await _wait_for(api, "paid", count=len(ids) - 1)
    failed = [str(item["claim_id"]) for item in _items(first)[:1]]
    second = await _batch(api, "second", failed)
    await _bank_return(api, "second", second, SECOND_RETURN_ON, failing=0)
    await _wait_for(api, "paid", count=len(ids))


async def _batch(api: Api, name: str, claim_ids: list[str]) -> dict[str, object]:
    batch = await api.post("claims", "/payout-batches", "payer", f"batch:{name}", {"claim_ids": claim_ids})
    await api.post(
        "claims", f"/payout-batches/{batch['id']}/approval", "payer/demo-payer-2", f"batch:{name}:approval", {}
    )
    return batch


async def _bank_file_twice(api: Api, batch_id: str) -> None:
    """Take the file for the bank, and once more after a second person allowed it."""
    path, given = f"/payout-batches/{batch_id}/bank-file", ("bank_file_issued", "batch_partly_returned")
    await api.read(path, "payer", given=given)
    reissue = {"reason": "银行未收到第一份文件（演示）"}
    await api.post("claims", f"{path}/reissues", "payer/demo-payer-2", "batch:first:reissue", reissue)
    await api.read(path, "payer", given=given)


def _items(batch: Mapping[str, object]) -> list[dict[str, object]]:
    items = batch["items"]
    if not isinstance(items, list):
        message = "a payout batch answered without its items"
        raise DemoLoadError(message)
    return items


async def _bank_return(api: Api, name: str, batch: Mapping[str, object], booked_on: dt.date, *, failing: int) -> None:
    items = _items(batch)
    rows = [
        {"item_number": item["item_number"], "amount_fen": item["amount_fen"], "booked_on": booked_on.isoformat()}
        | ({"outcome": "failure", "reason": "账户状态异常（演示）"} if index < failing else {"outcome": "success"})
        for index, item in enumerate(items)
    ]
    body = {"rows": rows, "control_count": len(rows), "control_total_fen": batch["control_total_fen"]}
    await api.post("claims", f"/payout-batches/{batch['id']}/bank-return", "payer", f"batch:{name}:return", body)
