"""A county in which every endpoint has something to act on: one call of ``prepared`` makes what the next request needs."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import anyio

from tests.contract import (
    scene_access,
    scene_bank,
    scene_budgets,
    scene_documents,
    scene_operations,
    scene_path,
    scene_payouts,
    scene_register,
)
from tests.contract.access_table import Row
from tests.support.county import County, id_number, return_body

Prepared = tuple[dict[str, str], dict[str, object] | None]
"""The path's parameters and the body of a request that will succeed."""

ON = "2021-03-05"
# Bank accounts that other rows opened have no statement of the month.
CLOSED = {"reason": "已核对", "excuses": [{"item": "bank_reconciled", "reason": "测试"}]}


@dataclass
class Scene:
    """Makes for each row a request that succeeds. Not to be used by two tests at once."""

    county: County
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    proposer: str = "access-officer"
    """The officer whose proposals wait: only this person may withdraw them."""

    async def prepared(self, row: Row) -> Prepared:
        """What the next request of this row needs; makes it through the API."""
        place = row.path.removeprefix("/funds/{fund}/")
        if row.method == "POST" and place in scene_operations.PATHS:
            return await scene_operations.prepared(self, place)
        maker = MAKERS.get((row.service, row.method, row.path))
        if maker is None:
            assert row.method == "GET", f"no request is prepared for {row}"
            return await self.reading(row)
        return await maker(self)

    async def reading(self, row: Row) -> Prepared:
        """The parameters of a GET."""
        if row.path == "/budget-versions/{fiscal_year}/{version}":
            return await scene_budgets.one_version(self), None
        if row.path in IDS:
            return {"id": await IDS[row.path](self)}, None
        parameters = {name: await make(self) for name, make in READ_PARAMETERS.items() if f"{{{name}}}" in row.path}
        return parameters, None

    async def first_month(self) -> str:
        """Whether January 2021 is open or closed."""
        periods = await self.county.get("ledger", "/periods", "officer")
        return next(str(period["status"]) for period in periods["items"] if "2021-01" in period.values())

    async def open_first_month(self) -> None:
        """Reopen January 2021 if another row has closed it."""
        if await self.first_month() == "closed":
            said = {"reason": "测试", "authority": "批复"}
            await self.county.post("ledger", "/periods/2021-01/reopen", said, "officer")

    def number(self) -> int:
        """A number nobody had before."""
        return next(self.numbers)

    async def wait(self, path: str, status: str) -> None:
        """Wait until the worker has brought a claim, or the one item of a batch, to a status."""
        with anyio.fail_after(60):
            while True:
                found = await self.county.get("claims", path, "payer")
                if status in {found["status"], *(item["status"] for item in found.get("items", ()))}:
                    return
                await anyio.sleep(0.1)

    async def encumbrance(self) -> str:
        """An open encumbrance's id."""
        body = {"fund": "insurance", "fiscal_year": 2021, "amount_fen": 100, "purpose": "测试", "effective_on": ON}
        return str((await self.county.post("ledger", "/encumbrances", body, "officer"))["id"])

    async def liquidation(self) -> dict[str, str]:
        """A liquidated encumbrance's id and its liquidation's."""
        encumbrance = await self.encumbrance()
        body = {"amount_fen": 100, "effective_on": ON, "payee_ref": "payee-1"}
        path = f"/encumbrances/{encumbrance}/liquidations"
        return {"id": encumbrance, "lid": str((await self.county.post("ledger", path, body, "officer"))["id"])}

    async def entry(self) -> str:
        """A free entry's id."""
        return str((await self.county.post("ledger", "/journal-entries", entry(), "officer"))["id"])

    async def proposal(self) -> str:
        """A waiting proposal's id: free entries of the industry fund need a second person from now on."""
        rules = {"rules": [{"kind": "journal", "fund": "industry", "from_fen": 0}]}
        await self.county.post("ledger", "/approval-rules", rules, "admin")
        made = await self.county.post("ledger", "/journal-entries", entry("industry"), f"officer/{self.proposer}")
        return str(made["proposal"]["id"])

    async def household(self) -> dict[str, Any]:
        """A stored household."""
        return await self.county.household()

    async def lead(self) -> str:
        """An open lead's id."""
        return str((await self.county.post("claims", "/leads", lead(), "intake"))["id"])

    async def policy(self) -> str:
        """A programme's id."""
        return str((await self.county.post("claims", "/policies", await self.programme(), "county"))["id"])

    async def programme(self) -> dict[str, object]:
        """A programme that can be made."""
        year = await self.free_year("/policies")
        return {"year": year, "insurer": f"示例保险{self.number()}", "name": "方案", "funding": "county_paid"}

    async def free_year(self, path: str) -> int:
        """The first year of which the list has nothing: a year has one programme, and one income line that nobody need explain.

        The years of the calendar of working days are left to the claims that need one.
        """
        # Income lines come on one page, and start with 2000.
        page, first = ({"limit": "1000"}, 1900) if path == "/policies" else ({}, 2000)
        listed = await self.county.get("claims", path, "county", **page)
        taken = {int(one["year"]) for one in listed["items"]}
        return next(year for year in itertools.chain(range(first, 2004), range(2030, 2201)) if year not in taken)

    async def claim_body(self) -> dict[str, object]:
        """A claim that can be filed."""
        household = await self.county.household()
        return {
            "household_id": household["id"],
            "claimant_member_id": household["members"][0]["id"],
            "cause": "schooling",
            "event_on": "2021-06-01",
            "reported_on": "2021-06-05",
            "loss": [{"kind": "tuition", "amount_fen": 400_000}],
            "other_payments": [],
        }

    async def claim(self) -> str:
        """A reported claim's id."""
        return str((await self.county.post("claims", "/claims", await self.claim_body(), "intake"))["id"])

    async def payable_claim(self) -> str:
        """An encumbered claim's id; the running worker encumbers it."""
        claim_id = await self.county.approved_claim(1_000)
        await self.wait(f"/claims/{claim_id}", "encumbered")
        return claim_id

    async def batch(self) -> dict[str, Any]:
        """A prepared batch of one claim, not approved yet."""
        return await self.county.post(
            "claims", "/payout-batches", {"claim_ids": [await self.payable_claim()]}, "payer/p-9"
        )

    async def approved_batch(self) -> dict[str, Any]:
        """An approved batch of one claim."""
        batch = await self.batch()
        return await self.county.post("claims", f"/payout-batches/{batch['id']}/approval", {}, "payer/p-8")


def entry(fund: str = "health") -> dict[str, object]:
    """A free entry between two accounts that touch no cash."""
    postings = [
        {"fund": fund, "account": account, "side": side, "amount_fen": 100}
        for account, side in (("1218", "debit"), ("2307", "credit"))
    ]
    return {"effective_on": ON, "description": "测试分录", "postings": postings}


def lead() -> dict[str, object]:
    """A lead that names no household, but where it is."""
    place = {"town": "610923100", "village": "610923100213"}
    return {"channel": "village_sweep", "description": "示例线索", "reason": "收入下降", "found_on": ON, **place}


def household_body(number: int) -> dict[str, object]:
    """A household of one invented person."""
    return {
        "town": "610923100",
        "village": "610923100213",
        "category": "general",
        "members": [{"name": "孙示例", "id_number": id_number(900 - number), "relation": "head"}],
        "annual_income_fen": 400_000,
        "income_year": 2021,
    }


TERMS: dict[str, object] = {
    "deductible_fen": 300_000,
    "tiers": [{"from_fen": 0, "rate_bp": 10_000}],
    "tier_mode": "marginal",
    "base": "person",
    "cap_fen": 1_000_000,
    "waiting_days": 0,
    "reporting_days": 60,
}


async def _book(scene: Scene) -> Prepared:
    return {}, {"code": str(620000 + scene.number()), "name": "测试账套", "first_period": "2026-01"}


async def _fund(scene: Scene) -> Prepared:
    return {}, {"code": f"repair.r{scene.number()}", "parent": "repair", "name_zh": "测试子基金"}


async def _opening(scene: Scene) -> Prepared:
    await scene.open_first_month()
    code = f"repair.o{scene.number()}"
    await scene.county.post("ledger", "/funds", {"code": code, "parent": "repair", "name_zh": "子基金"}, "officer")
    lines = [
        {"fund": code, "account": "1002", "side": "debit", "amount_fen": 500, "source": "county"},
        {"fund": code, "account": "3001", "side": "credit", "amount_fen": 500},
        {"fund": code, "account": "8001", "side": "debit", "amount_fen": 500},
        {"fund": code, "account": "8101", "side": "credit", "amount_fen": 500},
    ]
    return {}, {"effective_on": "2021-01-01", "lines": lines}


async def _receipt(_scene: Scene) -> Prepared:
    return {"fund": "insurance"}, {"amount_fen": 100, "source": "county", "effective_on": ON}


async def _allotment(_scene: Scene) -> Prepared:
    return {"fund": "insurance"}, {"amount_fen": 100, "fiscal_year": 2021, "effective_on": ON, "authority": "文号"}


async def _payment(_scene: Scene) -> Prepared:
    return {"fund": "insurance"}, {"amount_fen": 100, "effective_on": ON, "payee_ref": "payee-1", "purpose": "测试"}


async def _typed_reversal(scene: Scene) -> Prepared:
    parameters, body = await _receipt(scene)
    made = await scene.county.post("ledger", "/funds/insurance/receipts", body, "officer")
    return {**parameters, "operation": "receipts", "id": str(made["id"])}, {"effective_on": ON, "reason": "测试"}


async def _purpose(scene: Scene) -> Prepared:
    return {}, {"fund": "employment", "code": f"p{scene.number()}", "name_zh": "测试用途"}


async def _budget_version(scene: Scene) -> Prepared:
    found = await scene.county.get("ledger", "/budget-versions", "officer", fiscal_year="2021")
    kind = "amended" if found["items"] else "original"
    lines = [{"fund": "employment", "change_fen": 100}]
    said = {"authority": "县人大", "document": "文1", "decided_on": ON, "effective_on": ON, "lines": lines}
    return {}, {"fiscal_year": 2021, "kind": kind, **said}


def transfer(settled_by: str) -> dict[str, object]:
    """A transfer from the insurance fund to the health fund."""
    funds = {"from_fund": "insurance", "to_fund": "health", "amount_fen": 10, "fiscal_year": 2021}
    return {**funds, "settled_by": settled_by, "authority": "文2", "reason": "测试", "effective_on": ON}


async def _transfer(_scene: Scene) -> Prepared:
    return {}, transfer("cash")


async def _settlement(scene: Scene) -> Prepared:
    asked = await scene.county.post("ledger", "/fund-transfers", transfer("due"), "officer")
    path = f"/proposals/{asked['proposal']['id']}/approval"
    done = await scene.county.post("ledger", path, {}, "checker")
    return {}, {"item": done["result"]["item"], "amount_fen": 5, "effective_on": ON}


async def _encumbrance(_scene: Scene) -> Prepared:
    body = {"fund": "insurance", "fiscal_year": 2021, "amount_fen": 100, "purpose": "测试", "effective_on": ON}
    return {}, dict(body)


async def _liquidation(scene: Scene) -> Prepared:
    return {"id": await scene.encumbrance()}, {"amount_fen": 100, "effective_on": ON, "payee_ref": "payee-1"}


async def _return(scene: Scene) -> Prepared:
    return await scene.liquidation(), {"effective_on": ON, "reason": "账户已销户"}


async def _release(scene: Scene) -> Prepared:
    return {"id": await scene.encumbrance()}, {"effective_on": ON}


async def _entry(_scene: Scene) -> Prepared:
    return {}, entry()


async def _bulk(scene: Scene) -> Prepared:
    return {}, {"atomic": False, "entries": [{"idempotency_key": f"scene-{scene.number()}", **entry()}]}


async def _reversal(scene: Scene) -> Prepared:
    return {"id": await scene.entry()}, {"effective_on": ON, "reason": "测试"}


async def _approval_rules(_scene: Scene) -> Prepared:
    return {}, {"rules": [{"kind": "journal", "fund": "industry", "from_fen": 0}]}


async def _proposal_approval(scene: Scene) -> Prepared:
    return {"id": await scene.proposal()}, {}


async def _proposal_approvals(scene: Scene) -> Prepared:
    return {}, {"ids": [await scene.proposal()], "atomic": False}


async def _proposal_no(scene: Scene) -> Prepared:
    return {"id": await scene.proposal()}, {"reason": "附件不全"}


async def _operations(scene: Scene) -> Prepared:
    parameters, body = await scene_operations.prepared(scene, "awards")
    assert body is not None
    named = {"operation": "award", **parameters, "idempotency_key": f"scene-{scene.number()}"}
    return {}, {"atomic": False, "entries": [{**named, **body}]}


async def _open_item(scene: Scene) -> str:
    return str((await scene_operations.made(scene, "advances"))["item"]["id"])


async def _close(scene: Scene) -> Prepared:
    await scene.open_first_month()
    return {"period": "2021-01"}, dict(CLOSED)


async def _reopen(scene: Scene) -> Prepared:
    if await scene.first_month() == "open":
        await scene.county.post("ledger", "/periods/2021-01/close", CLOSED, "officer")
    return {"period": "2021-01"}, {"reason": "测试", "authority": "批复"}


async def _ended_year(scene: Scene) -> Prepared:
    """A book of its own whose only month of 2024 is closed, with money and budget in it."""
    county = replace(scene.county, book=str(650000 + scene.number()))
    body = {"code": county.book, "name": "年末账套", "first_period": "2024-12"}
    made = await county.ledger.post("/v1/books", json=body, headers=county.headers("admin"))
    assert made.is_success, made.text
    on = {"amount_fen": 100, "effective_on": "2024-12-05"}
    await county.post("ledger", "/funds/health/receipts", {**on, "source": "county"}, "officer")
    await county.post("ledger", "/funds/health/allotments", {**on, "fiscal_year": 2024, "authority": "文号"}, "officer")
    await county.post("ledger", "/periods/2024-12/close", {}, "officer")
    return {"book": county.book, "year": "2024"}, {"reference": "NZ-2024"}


async def _carry_rules(_scene: Scene) -> Prepared:
    return {}, {"rules": [{"fund": "repair", "available": "carry", "encumbered": "carry"}]}


async def _payment_list(scene: Scene) -> Prepared:
    await scene_operations.money(scene, "industry")
    return {}, {"file": f"发放金额（元）,收款方引用号,用途,日期\n1.00,p-{scene.number()},测试,{ON}\n"}


async def giver(scene: Scene) -> str:
    """A registered giver's reference."""
    _, body = await _giver(scene)
    return str((await scene.county.post("ledger", "/givers", body, "officer"))["ref"])


async def _giver(scene: Scene) -> Prepared:
    return {}, {"ref": f"giver-{scene.number()}", "name": "示例捐赠人", "contact": "示例街道"}


async def _of_giver(scene: Scene) -> Prepared:
    return {"ref": await giver(scene)}, {"reason": "测试"}


async def _household(scene: Scene) -> Prepared:
    return {}, household_body(scene.number())


async def _household_patch(scene: Scene) -> Prepared:
    return {"household_id": str((await scene.household())["id"])}, {"responsible_cadre": "示例干部"}


async def _search(_scene: Scene) -> Prepared:
    return {}, {"name": "钱示例1", "town": "610923100"}


async def _lead(_scene: Scene) -> Prepared:
    return {}, lead()


async def _lead_step(scene: Scene) -> Prepared:
    step = {"step": "lead_accepted", "outcome": "passed", "note": "属实", "done_on": ON}
    return {"lead_id": await scene.lead()}, dict(step)


async def _income_line(scene: Scene) -> Prepared:
    return {}, {"year": await scene.free_year("/income-lines"), "amount_fen": 700_000, "source": "测试文件"}


async def _working_days(scene: Scene) -> Prepared:
    year = 2030 + next(scene.numbers) % 170
    day = next(date(year, 1, day) for day in range(1, 8) if date(year, 1, day).weekday() == 0)
    # Known or not: a year that the running scene recorded before is corrected.
    known = (await scene.county.try_get("claims", "/working-days", "admin", year=str(year))).is_success
    body: dict[str, object] = {"year": year, "days_off": [day.isoformat()], "authority": "测试机关"}
    return {}, body | ({"correction_reason": "测试更正"} if known else {})


async def _policy(scene: Scene) -> Prepared:
    return {}, await scene.programme()


async def _terms(scene: Scene) -> Prepared:
    policy = await scene.county.get("claims", f"/policies/{await scene.policy()}", "county")
    dates = {"valid_from": f"{policy['year']}-01-01", "valid_to": f"{policy['year']}-12-31"}
    sources = {"sources": dict.fromkeys(TERMS, "assumed")}
    return {"policy_id": str(policy["id"])}, TERMS | dates | sources | {"cause": "schooling"}


async def _terms_approval(scene: Scene) -> Prepared:
    parameters, body = await _terms(scene)
    path = f"/policies/{parameters['policy_id']}/terms"
    draft = await scene.county.post("claims", path, body, f"county/{scene.proposer}")
    return {**parameters, "terms_id": str(draft["id"])}, {"outcome": "approved"}


async def _terms_preview(scene: Scene) -> Prepared:
    parameters, _ = await _terms_approval(scene)
    return parameters, {"samples": [{"loss_fen": 1_800_000}]}


async def _claim(scene: Scene) -> Prepared:
    return {}, await scene.claim_body()


async def _recomputation(scene: Scene) -> Prepared:
    return {"claim_id": await scene.claim()}, None


async def _claim_step(scene: Scene) -> Prepared:
    step = {"step": "town_check", "outcome": "passed", "note": "属实", "done_on": "2021-06-10"}
    return {"claim_id": await scene.claim()}, dict(step)


async def _batch(scene: Scene) -> Prepared:
    return {}, {"claim_ids": [await scene.payable_claim()]}


async def _approval(scene: Scene) -> Prepared:
    return {"batch_id": str((await scene.batch())["id"])}, {}


async def _bank_return(scene: Scene) -> Prepared:
    batch = await scene.approved_batch()
    return {"batch_id": str(batch["id"])}, return_body(batch["items"], "success")


async def _booking_retry(scene: Scene) -> Prepared:
    """A bank's success that the ledger refuses to book, because the money was released there behind the claims service's back."""
    batch = await scene.approved_batch()
    claim_id = batch["items"][0]["claim_id"]
    found = await scene.county.get("ledger", "/encumbrances", "officer", reference=f"claim:{claim_id}")
    path = f"/encumbrances/{found['items'][0]['id']}/release"
    await scene.county.post("ledger", path, {"effective_on": "2021-06-30"}, "officer")
    await scene.county.bank_return(batch, "success")
    await scene.wait(f"/payout-batches/{batch['id']}", "booking_refused")
    return {"batch_id": str(batch["id"])}, {}


async def _bank_file(scene: Scene) -> Prepared:
    return {"batch_id": str((await scene.approved_batch())["id"])}, None


async def _reissue(scene: Scene) -> Prepared:
    """A file that was fetched, and is asked for once more."""
    batch_id = str((await scene.approved_batch())["id"])
    file = await scene.county.try_get("claims", f"/payout-batches/{batch_id}/bank-file", "payer/p-9")
    assert file.is_success, file.text
    return {"batch_id": batch_id}, {"reason": "下载中断"}


async def _withdrawal(scene: Scene) -> Prepared:
    batch = await scene.approved_batch()
    numbers = [item["item_number"] for item in batch["items"]]
    return {"batch_id": str(batch["id"])}, {"item_numbers": numbers, "reason": "农户更换账户"}


MAKERS: dict[tuple[str, str, str], Callable[[Scene], Awaitable[Prepared]]] = {
    **scene_budgets.MAKERS,
    ("ledger", "POST", "/v1/books"): _book,
    ("ledger", "POST", "/funds"): _fund,
    ("ledger", "POST", "/opening-balances"): _opening,
    ("ledger", "POST", "/funds/{fund}/receipts"): _receipt,
    ("ledger", "POST", "/funds/{fund}/allotments"): _allotment,
    ("ledger", "POST", "/funds/{fund}/payments"): _payment,
    ("ledger", "POST", "/funds/{fund}/{operation}/{id}/reversal"): _typed_reversal,
    ("ledger", "POST", "/purposes"): _purpose,
    ("ledger", "POST", "/budget-versions"): _budget_version,
    ("ledger", "POST", "/fund-transfers"): _transfer,
    ("ledger", "POST", "/fund-transfers/settlements"): _settlement,
    ("ledger", "POST", "/encumbrances"): _encumbrance,
    ("ledger", "POST", "/encumbrances/{id}/liquidations"): _liquidation,
    ("ledger", "POST", "/encumbrances/{id}/liquidations/{lid}/return"): _return,
    ("ledger", "POST", "/encumbrances/{id}/release"): _release,
    ("ledger", "POST", "/journal-entries"): _entry,
    ("ledger", "POST", "/journal-entries/bulk"): _bulk,
    ("ledger", "POST", "/journal-entries/{id}/reversal"): _reversal,
    ("ledger", "POST", "/operations/batch"): _operations,
    ("ledger", "POST", "/payment-lists"): _payment_list,
    ("ledger", "POST", "/givers"): _giver,
    ("ledger", "POST", "/givers/{ref}/disclosure"): _of_giver,
    ("ledger", "POST", "/givers/{ref}/erasure"): _of_giver,
    **scene_access.MAKERS,
    **scene_bank.MAKERS,
    **scene_payouts.MAKERS,
    **scene_documents.MAKERS,
    **scene_register.MAKERS,
    ("ledger", "POST", "/approval-rules"): _approval_rules,
    ("ledger", "POST", "/proposals/approvals"): _proposal_approvals,
    ("ledger", "POST", "/proposals/{id}/approval"): _proposal_approval,
    ("ledger", "POST", "/proposals/{id}/refusal"): _proposal_no,
    ("ledger", "POST", "/proposals/{id}/withdrawal"): _proposal_no,
    ("ledger", "POST", "/periods/{period}/close"): _close,
    ("ledger", "POST", "/periods/{period}/reopen"): _reopen,
    ("ledger", "POST", "/fiscal-years/{year}/closing"): _ended_year,
    ("ledger", "POST", "/fiscal-years/{year}/carry-forward"): _ended_year,
    ("ledger", "POST", "/carry-forward-rules"): _carry_rules,
    ("claims", "POST", "/households"): _household,
    ("claims", "PATCH", "/households/{household_id}"): _household_patch,
    ("claims", "POST", "/households/search"): _search,
    ("claims", "POST", "/leads"): _lead,
    ("claims", "POST", "/leads/{lead_id}/steps"): _lead_step,
    ("claims", "POST", "/income-lines"): _income_line,
    ("claims", "POST", "/working-days"): _working_days,
    ("claims", "POST", "/policies"): _policy,
    ("claims", "POST", "/policies/{policy_id}/terms"): _terms,
    ("claims", "POST", "/policies/{policy_id}/terms/{terms_id}/approval"): _terms_approval,
    ("claims", "POST", "/policies/{policy_id}/terms/{terms_id}/preview"): _terms_preview,
    ("claims", "POST", "/eligibility-checks"): _claim,
    ("claims", "POST", "/claims"): _claim,
    ("claims", "POST", "/claims/{claim_id}/decision/recomputation"): _recomputation,
    ("claims", "POST", "/claims/{claim_id}/steps"): _claim_step,
    ("claims", "POST", "/claims/steps/batch"): scene_path.steps,
    ("claims", "POST", "/claims/{claim_id}/notice"): scene_path.notice,
    ("claims", "GET", "/claims/{claim_id}/notice"): scene_path.notice_read,
    ("claims", "POST", "/claims/{claim_id}/objections"): scene_path.objection,
    ("claims", "POST", "/claims/{claim_id}/objections/{position}/resolution"): scene_path.resolution,
    ("claims", "POST", "/claims/{claim_id}/appeals"): scene_path.appeal,
    ("claims", "POST", "/payout-batches"): _batch,
    ("claims", "POST", "/payout-batches/{batch_id}/approval"): _approval,
    ("claims", "GET", "/payout-batches/{batch_id}/bank-file"): _bank_file,
    ("claims", "POST", "/payout-batches/{batch_id}/bank-file/reissues"): _reissue,
    ("claims", "POST", "/payout-batches/{batch_id}/withdrawals"): _withdrawal,
    ("claims", "POST", "/payout-batches/{batch_id}/bank-return"): _bank_return,
    ("claims", "POST", "/payout-batches/{batch_id}/booking-retries"): _booking_retry,
}


async def _household_id(scene: Scene) -> str:
    return str((await scene.household())["id"])


async def _period(_scene: Scene) -> str:
    return "2021-01"


async def _any_batch(scene: Scene) -> str:
    found = await scene.county.get("claims", "/payout-batches", "payer")
    return str(found["items"][0]["id"]) if found["items"] else str((await scene.batch())["id"])


IDS: dict[str, Callable[[Scene], Awaitable[str]]] = {
    "/encumbrances/{id}": Scene.encumbrance,
    "/encumbrances/{id}/history": Scene.encumbrance,
    "/journal-entries/{id}": Scene.entry,
    "/journal-entries/{id}/voucher": Scene.entry,
    "/proposals/{id}": Scene.proposal,
    "/open-items/{id}": _open_item,
}
READ_PARAMETERS: dict[str, Callable[[Scene], Awaitable[str]]] = {
    "household_id": _household_id,
    "lead_id": Scene.lead,
    "policy_id": Scene.policy,
    "claim_id": Scene.claim,
    "batch_id": _any_batch,
    "account": scene_bank.account,
    "ref": giver,
    "period": _period,
    **scene_register.READ_PARAMETERS,
}
