"""Requests for the operations of each fund that will succeed: what a scene makes first, and what is then asked. Written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.contract.scene import Scene

ON = "2021-03-05"
PAID = {"payee_ref": "payee-1", "purpose": "测试"}
GIVEN = {"party_ref": "giver-1", "purpose": "测试"}
GRANTS = {
    "awards": "industry",
    "training-grants": "employment",
    "startup-supports": "employment",
    "welfare-wages": "employment",
    "student-aids": "education",
    "early-education-grants": "education",
    "relief-grants": "safety_net",
    "clinic-subsidies": "repair",
    "village-doctor-subsidies": "repair",
    "pool-prepayments": "insurance",
    "advances": "health",
}
# What needs nothing but money and budget: its fund and what it says besides the date.
PLAIN: dict[str, tuple[str, dict[str, object]]] = {
    **{path: (fund, {"amount_fen": 100, **PAID}) for path, fund in GRANTS.items()},
    "reserves": ("industry", {"amount_fen": 100, "purpose": "测试"}),
    "family-shares": ("safety_net", {"amount_fen": 100, **GIVEN}),
    "custodial-care-fees": ("safety_net", {"amount_fen": 100, "family_share_fen": 0, **PAID}),
    "overhaul-levies": ("repair", {"amount_fen": 100, **GIVEN}),
    "project-stages": ("repair", {"amount_fen": 100, "retention_fen": 10, **PAID}),
    "restricted-gifts": ("education", {"amount_fen": 100, "giver_ref": "giver-1", "purpose": "测试"}),
    "free-gifts": ("education", {"amount_fen": 100, "giver_ref": "giver-1", "purpose": "测试"}),
    "named-gifts": ("education", {"amount_fen": 100, **GIVEN}),
    "subsidy-recognitions": ("education", {"amount_fen": 100, **PAID}),
    "grant-repayments": ("education", {"amount_fen": 1, "source": "county", "fiscal_year": 2021, **PAID}),
}
# What follows something: the operation before it, and what it says besides the date and the open item.
FOLLOWING: dict[str, tuple[str, dict[str, object]]] = {
    "reserve-draws": ("reserves", {"amount_fen": 10, **PAID}),
    "reserve-releases": ("reserves", {"amount_fen": 10, "purpose": "测试"}),
    "advance-settlements": ("advances", {"amount_fen": 10, "payer": "household", "payee_ref": "payee-1"}),
    "advance-forgivenesses": ("advances", {"amount_fen": 10, "purpose": "测试"}),
    "retention-releases": ("project-stages", {"amount_fen": 5, "purpose": "测试"}),
    "retention-forfeitures": ("project-stages", {"amount_fen": 5, "purpose": "测试"}),
    "pool-top-ups": ("pool-prepayments", {"amount_fen": 10, **PAID}),
    "pool-payouts": ("pool-prepayments", {"amount_fen": 10, **PAID}),
    "pool-payout-returns": ("pool-prepayments", {"amount_fen": 10, **PAID}),
    "pool-fees": ("pool-prepayments", {"payouts_fen": 100, "fee_bp": 1_000, "purpose": "测试"}),
    "pool-surplus-returns": ("pool-prepayments", {"amount_fen": 10, "purpose": "测试", "source": "county"}),
    "pool-carry-forwards": ("pool-prepayments", {"amount_fen": 10, **PAID}),
    "restricted-gift-payments": ("restricted-gifts", {"amount_fen": 10, **PAID}),
    "named-gift-payments": ("named-gifts", {"amount_fen": 10, **PAID}),
    "subsidy-payments": ("subsidy-recognitions", {"amount_fen": 10, **PAID}),
}
PATHS = (*PLAIN, *FOLLOWING, "reserve-recoveries", "overhaul-payments")


async def prepared(scene: Scene, path: str) -> tuple[dict[str, str], dict[str, object] | None]:
    """The path's parameters and the body of an operation that will succeed; makes what it follows."""
    if path in PLAIN:
        fund, said = PLAIN[path]
        await money(scene, fund)
        if path == "grant-repayments":
            # Only what was paid can be paid back, to the source that paid it.
            await made(scene, "student-aids")
        return {"fund": fund}, {"effective_on": ON, **said}
    if path == "overhaul-payments":
        await made(scene, "overhaul-levies")
        return {"fund": "repair"}, {"effective_on": ON, "amount_fen": 10, **PAID}
    if path == "reserve-recoveries":
        parameters, body = await prepared(scene, "reserve-draws")
        await scene.county.post("ledger", "/funds/industry/reserve-draws", body, "officer")
        assert body is not None
        return parameters, {**body, "amount_fen": 1, "source": "county"}
    before, said = FOLLOWING[path]
    opened = await made(scene, before)
    return {"fund": PLAIN[before][0]}, {"effective_on": ON, "item": opened["item"]["id"], **said}


async def made(scene: Scene, path: str) -> dict[str, Any]:
    """What came of an operation, done by an officer."""
    parameters, body = await prepared(scene, path)
    return await scene.county.post("ledger", f"/funds/{parameters['fund']}/{path}", body, "officer")


async def money(scene: Scene, fund: str) -> None:
    """Give the fund money and budget for one more request."""
    receipt = {"amount_fen": 200, "source": "county", "effective_on": ON}
    await scene.county.post("ledger", f"/funds/{fund}/receipts", receipt, "officer")
    allotment = {"amount_fen": 200, "fiscal_year": 2021, "effective_on": ON, "authority": "文号"}
    await scene.county.post("ledger", f"/funds/{fund}/allotments", allotment, "officer")
