"""Requests of the access room for the tests of every endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.scene import Prepared, Scene

_FIELDS: dict[str, object] = {"fields": ["phone"], "reason": "测试"}
_ERASURE: dict[str, object] = {"legal_basis": "request", "reason": "测试"}


async def _household(scene: Scene) -> dict[str, str]:
    return {"household_id": str((await scene.household())["id"])}


async def _member(scene: Scene) -> dict[str, str]:
    household = await scene.household()
    return {"household_id": str(household["id"]), "member_id": str(household["members"][0]["id"])}


async def _disclosure(scene: Scene) -> Prepared:
    return await _household(scene), dict(_FIELDS)


async def _member_disclosure(scene: Scene) -> Prepared:
    return await _member(scene), dict(_FIELDS)


async def _claim_disclosure(scene: Scene) -> Prepared:
    return {"claim_id": await scene.claim()}, {"reason": "测试"}


async def _erasure(scene: Scene) -> Prepared:
    return await _household(scene), dict(_ERASURE)


async def _member_erasure(scene: Scene) -> Prepared:
    return await _member(scene), dict(_ERASURE)


MAKERS: dict[tuple[str, str, str], Callable[[Scene], Awaitable[Prepared]]] = {
    ("claims", "POST", "/households/{household_id}/disclosure"): _disclosure,
    ("claims", "POST", "/households/{household_id}/members/{member_id}/disclosure"): _member_disclosure,
    ("claims", "POST", "/claims/{claim_id}/disclosure"): _claim_disclosure,
    ("claims", "POST", "/households/{household_id}/erasure"): _erasure,
    ("claims", "POST", "/households/{household_id}/members/{member_id}/erasure"): _member_erasure,
}
