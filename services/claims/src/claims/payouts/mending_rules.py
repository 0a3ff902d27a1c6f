"""What mends each difference of the reconciliation: the call to make, with its body, and what it does. Pure.

A difference is mended on the side that is wrong. The claims service can send again what is not confirmed and reserve anew what the
ledger has lost; what stands in the ledger without a claim is undone there, by the operations the ledger has for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from claims.payouts.schemas import DifferenceKind, Mend

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

REASON: Final = "…"
"""Stands in a body for the reason the person writes."""

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "ask": ("立即再次发送未确认的请求，随后再对。", "Send what is not confirmed again now, then compare again."),
    "reserve": (
        "按原批准重新冻结资金，原冻结记录留存。",
        "Reserve the money anew, as it was approved; the lost reservation stays on record.",
    ),
    "release": ("在账务系统解除这笔冻结。", "Release this encumbrance in the ledger."),
    "history": (
        "查看这笔冻结的往来：手工支付用退回冲销，手工退回用支付补记。",
        "Look at what was done to this encumbrance: a payment made by hand is undone by its return, a return by a payment.",
    ),
    "trail": (
        "查看这笔理赔的资金轨迹，核对其中的凭证编号。",
        "Look at the claim's money and at the entries it names.",
    ),
    "give_back": ("在账务系统把多付的金额退回资金池。", "Give what was drawn too much back to the pool in the ledger."),
    "entries": (
        "在账务系统查找这些凭证，用对应业务冲销。",
        "Find these entries in the ledger and take them back by their reversal.",
    ),
    "top_up": ("在账务系统补足资金池。", "Top the pool up in the ledger."),
}


def mend_of(
    kind: DifferenceKind, claim_id: UUID | None, item_id: UUID | None, claims_fen: int, ledger_fen: int
) -> Mend:
    """The call that mends a difference. `item_id` is the encumbrance or, for a pool, its open item."""
    if kind in _BY_US:
        words, act = _BY_US[kind]
        return _claims(words, {"claim_id": str(claim_id), "act": act, "reason": REASON})
    if kind in {"unknown_to_claims", "duplicate_in_ledger"}:
        return _ledger("release", f"/encumbrances/{item_id}/release", {"effective_on": REASON, "reason": REASON})
    if kind in {"liquidated_differs", "returned_differs"}:
        return _look("ledger", "history", f"/encumbrances/{item_id}/history")
    return _of_pool_or_recovery(kind, str(claim_id), str(item_id), ledger_fen - claims_fen)


_BY_US: Final[Mapping[str, tuple[str, str]]] = {
    "in_flight": ("ask", "ask_again"),
    "missing_in_ledger": ("reserve", "reserve_again"),
    "released_in_ledger": ("reserve", "reserve_again"),
    "encumbered_differs": ("reserve", "reserve_again"),
}


def _of_pool_or_recovery(kind: DifferenceKind, claim: str, pool: str, too_much_fen: int) -> Mend:
    money: dict[str, str | int] = {
        "item": REASON,
        "amount_fen": abs(too_much_fen),
        "payee_ref": REASON,
        "purpose": REASON,
        "effective_on": REASON,
    }
    if kind == "pool_short":
        return _ledger("top_up", "/funds/insurance/pool-top-ups", money | {"item": pool})
    if kind == "payout_unknown_to_claims":
        return _look("ledger", "entries", "/journal-entries?fund=insurance&account=1214")
    if kind == "payout_differs" and too_much_fen > 0:
        return _ledger("give_back", "/funds/insurance/pool-payout-returns", money)
    return _look("claims", "trail", f"/claims/{claim}")


def _claims(words: str, body: dict[str, str | int]) -> Mend:
    return _mend("claims", "/reconciliation/mends", body, words)


def _ledger(words: str, path: str, body: dict[str, str | int]) -> Mend:
    return _mend("ledger", path, body, words)


def _mend(service: str, path: str, body: dict[str, str | int], words: str) -> Mend:
    zh, en = _WORDS[words]
    return Mend.model_validate(
        {
            "service": service,
            "method": "POST",
            "path": path,
            "body": body,
            "explanation_zh": zh,
            "explanation_en": en,
        }
    )


def _look(service: str, words: str, path: str) -> Mend:
    zh, en = _WORDS[words]
    return Mend.model_validate(
        {
            "service": service,
            "method": "GET",
            "path": path,
            "body": None,
            "explanation_zh": zh,
            "explanation_en": en,
        }
    )
