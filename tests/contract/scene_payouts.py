"""Requests about paid money that will succeed: recoveries, pools, mends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.scene import Prepared, Scene

PREPAID = {"amount_fen": 100, "payee_ref": "insurer-1", "purpose": "测试", "effective_on": "2021-03-05"}


async def _paid_claim(scene: Scene) -> str:
    batch = await scene.approved_batch()
    await scene.county.bank_return(batch, "success")
    claim_id = str(batch["items"][0]["claim_id"])
    await scene.wait(f"/claims/{claim_id}", "paid")
    return claim_id


async def _recovery(scene: Scene) -> Prepared:
    body = {"amount_fen": 1, "received_on": "2021-07-20", "reason": "重复申报"}
    return {"claim_id": await _paid_claim(scene)}, body


async def _recovery_decision(scene: Scene) -> Prepared:
    path, body = await _recovery(scene)
    made = await scene.county.post("claims", f"/claims/{path['claim_id']}/recoveries", body, "payer/p-9")
    return {**path, "recovery_id": str(made["id"])}, {}


async def _programme(scene: Scene) -> str:
    """A programme an insurer pays, of a year of its own, without a pool."""
    figures = {"pool_fen": 100, "fee_bp": 100, "surplus_rule": "carried_forward"}
    body = {
        "year": await scene.free_year("/policies"),
        "insurer": "示例保险公司",
        "name": "测试方案",
        "funding": "insurer_pool",
        **figures,
        "sources": dict.fromkeys(figures, "assumed"),
    }
    return str((await scene.county.post("claims", "/policies", body, "county"))["id"])


async def _pool(scene: Scene) -> Prepared:
    made = await scene.county.post("ledger", "/funds/insurance/pool-prepayments", PREPAID, "officer")
    return {"policy_id": await _programme(scene)}, {"open_item_id": str(made["item"]["id"])}


async def _named_pool(scene: Scene) -> Prepared:
    path, body = await _pool(scene)
    await scene.county.post("claims", f"/policies/{path['policy_id']}/pool", body, "county")
    return path, None


async def _mend(scene: Scene) -> Prepared:
    """A reservation the ledger has released behind the claims service's back."""
    claim_id = await scene.payable_claim()
    found = await scene.county.get("ledger", "/encumbrances", "officer", reference=f"claim:{claim_id}")
    release = {"effective_on": "2021-06-30"}
    await scene.county.post("ledger", f"/encumbrances/{found['items'][0]['id']}/release", release, "officer")
    return {}, {"claim_id": claim_id, "act": "reserve_again", "reason": "误解冻"}


MAKERS: dict[tuple[str, str, str], Callable[[Scene], Awaitable[Prepared]]] = {
    ("claims", "POST", "/claims/{claim_id}/recoveries"): _recovery,
    ("claims", "POST", "/claims/{claim_id}/recoveries/{recovery_id}/decision"): _recovery_decision,
    ("claims", "POST", "/policies/{policy_id}/pool"): _pool,
    ("claims", "GET", "/policies/{policy_id}/pool"): _named_pool,
    ("claims", "POST", "/reconciliation/mends"): _mend,
}
