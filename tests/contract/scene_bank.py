"""Requests of the bank that will succeed: each with a sub-fund and a bank account of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.scene import Prepared, Scene

ON = "2021-03-05"
MAPPING = {"date": "日期", "amount": "金额", "reference": "凭证号"}


async def _new_account(scene: Scene) -> tuple[str, dict[str, object]]:
    """A fund of its own, and the account to open for it."""
    number = scene.number()
    fund = f"repair.b{number}"
    await scene.county.post("ledger", "/funds", {"code": fund, "parent": "repair", "name_zh": "测试子基金"}, "officer")
    names = {"bank_name": f"示例银行{number}", "name_zh": "测试专户"}
    return fund, {"code": f"acc-{number}", **names, "number": f"9900{number:08d}", "funds": [fund]}


async def account(scene: Scene) -> str:
    """An account's code."""
    _, body = await _new_account(scene)
    return str((await scene.county.post("ledger", "/bank-accounts", body, "officer"))["code"])


async def _mapped(scene: Scene) -> tuple[str, str]:
    """A fund, and the code of its account with a column mapping."""
    fund, body = await _new_account(scene)
    await scene.county.post("ledger", "/bank-accounts", body, "officer")
    await scene.county.post("ledger", f"/bank-accounts/{body['code']}/column-mapping", MAPPING, "officer")
    return fund, str(body["code"])


async def _pair(scene: Scene) -> tuple[str, dict[str, str]]:
    """An account's code, with a line of its statement and an entry that are the same money."""
    fund, code = await _mapped(scene)
    receipt = {"amount_fen": 100, "source": "county", "effective_on": ON}
    made = await scene.county.post("ledger", f"/funds/{fund}/receipts", receipt, "officer")
    path = f"/v1/books/{scene.county.book}/bank-accounts/{code}/statements"
    files = {"file": ("a.csv", f"日期,金额,凭证号\n{ON},1.00,A\n".encode())}
    taken = await scene.county.ledger.post(path, files=files, headers=scene.county.headers("officer"))
    assert taken.is_success, taken.text
    lines = await scene.county.get("ledger", f"/bank-accounts/{code}/statement-lines", "officer")
    return code, {"line": str(lines["items"][0]["id"]), "entry": str(made["id"])}


async def _account(scene: Scene) -> Prepared:
    return {}, (await _new_account(scene))[1]


async def _column_mapping(scene: Scene) -> Prepared:
    return {"account": await account(scene)}, dict(MAPPING)


async def _statement(scene: Scene) -> Prepared:
    _, code = await _mapped(scene)
    return {"account": code}, {"file": f"日期,金额,凭证号\n{ON},1.00,A\n"}


async def _proposals(scene: Scene) -> Prepared:
    return {"account": await account(scene)}, {"window_days": 5}


async def _matches(scene: Scene) -> Prepared:
    code, pair = await _pair(scene)
    return {"account": code}, {"pairs": [pair]}


async def _undo(scene: Scene) -> Prepared:
    code, pair = await _pair(scene)
    made = await scene.county.post("ledger", f"/bank-accounts/{code}/matches", {"pairs": [pair]}, "officer")
    return {"account": code, "match": str(made["matches"][0]["id"])}, {"reason": "测试"}


MAKERS: dict[tuple[str, str, str], Callable[[Scene], Awaitable[Prepared]]] = {
    ("ledger", "POST", "/bank-accounts"): _account,
    ("ledger", "POST", "/bank-accounts/{account}/column-mapping"): _column_mapping,
    ("ledger", "POST", "/bank-accounts/{account}/statements"): _statement,
    ("ledger", "POST", "/bank-accounts/{account}/match-proposals"): _proposals,
    ("ledger", "POST", "/bank-accounts/{account}/matches"): _matches,
    ("ledger", "POST", "/bank-accounts/{account}/matches/{match}/undo"): _undo,
}
