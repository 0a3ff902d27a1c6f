"""Requests about documents that will succeed: each with a claim, and where it needs one a document, of its own."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.support.papers import pdf

if TYPE_CHECKING:
    from tests.contract.scene import Prepared, Scene

PATH = "/claims/{claim_id}/documents"
_numbers = itertools.count(1)


async def stored(scene: Scene) -> dict[str, str]:
    """A claim with a document."""
    claim_id = await scene.claim()
    county = scene.county
    answer = await county.claims.post(
        f"/v1/books/{county.book}/claims/{claim_id}/documents",
        params={"kind": "invoice"},
        files={"file": ("a.pdf", pdf(f"stored {next(_numbers)}"))},
        headers=county.headers("intake"),
    )
    assert answer.is_success, answer.text
    return {"claim_id": claim_id, "document_id": str(answer.json()["id"])}


async def _handing_in(scene: Scene) -> Prepared:
    return {"claim_id": await scene.claim()}, {"file": pdf(f"sent {next(_numbers)}").decode("ascii")}


async def _one(scene: Scene) -> Prepared:
    return await stored(scene), None


async def _withdrawal(scene: Scene) -> Prepared:
    return await stored(scene), {"reason": "重复提交"}


MAKERS: dict[tuple[str, str, str], Callable[[Scene], Awaitable[Prepared]]] = {
    ("claims", "POST", PATH): _handing_in,
    ("claims", "GET", f"{PATH}/{{document_id}}"): _one,
    ("claims", "POST", f"{PATH}/{{document_id}}/verification"): _one,
    ("claims", "POST", f"{PATH}/{{document_id}}/withdrawal"): _withdrawal,
}
