"""What groups, the time of encumbrances and versions of the budget need before their endpoints can be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.scene import Prepared, Scene

ON = "2021-03-05"


def _days_from_now(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def _expiring(scene: Scene) -> str:
    """An open encumbrance's id that has an expiry."""
    body = {"fund": "insurance", "fiscal_year": 2021, "amount_fen": 100, "purpose": "测试", "effective_on": ON}
    body["expires_at"] = _days_from_now(3)
    return str((await scene.county.post("ledger", "/encumbrances", body, "officer"))["id"])


async def one_version(scene: Scene) -> dict[str, str]:
    """The place of a version of the budget there is."""
    found = await scene.county.get("ledger", "/budget-versions", "officer", fiscal_year="2021")
    if not found["items"]:
        said = {"authority": "县人大", "document": "文1", "decided_on": ON, "effective_on": ON}
        lines = [{"fund": "employment", "change_fen": 100}]
        body = {"fiscal_year": 2021, "kind": "original", "lines": lines, **said}
        await scene.county.post("ledger", "/budget-versions", body, "officer")
    return {"fiscal_year": "2021", "version": "1"}


async def _extension(scene: Scene) -> Prepared:
    return {"id": await _expiring(scene)}, {"expires_at": _days_from_now(9), "reason": "测试"}


async def _liquidations(scene: Scene) -> Prepared:
    items = [{"id": await scene.encumbrance(), "amount_fen": 100, "payee_ref": "payee-1"} for _ in range(2)]
    return {}, {"items": items, "effective_on": ON}


async def _releases(scene: Scene) -> Prepared:
    return {}, {"ids": [await scene.encumbrance(), await scene.encumbrance()], "effective_on": ON, "reason": "测试"}


async def _expiry(_scene: Scene) -> Prepared:
    return {}, {"most": 10}


MAKERS: dict[tuple[str, str, str], Callable[[Scene], Awaitable[Prepared]]] = {
    ("ledger", "POST", "/encumbrances/{id}/extension"): _extension,
    ("ledger", "POST", "/encumbrances/liquidations"): _liquidations,
    ("ledger", "POST", "/encumbrances/releases"): _releases,
    ("ledger", "POST", "/encumbrances/expiry"): _expiry,
}
