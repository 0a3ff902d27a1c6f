"""What typed operations answer: the entry, the fund's figures right after it, and warnings.

Pure: reads the posted entry and the state after it. The journal stores these answers and replays them as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ledger.funds.rules import EVERY_SOURCE
from ledger.journal.chain import instant
from ledger.journal.drafts import CASH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.journal.drafts import Json, PostedEntry
    from ledger.journal.state import BookState


_WITHOUT_SOURCE = ("allotted", "available", "encumbered")


def entry_brief(entry: PostedEntry) -> dict[str, Json]:
    """Return where an entry stands in the book."""
    return {
        "id": str(entry.id),
        "seq": entry.seq,
        "kind": entry.kind,
        "period": entry.period,
        "voucher_type": entry.voucher_type,
        "voucher_number": entry.voucher_number,
        "effective_on": entry.effective_on.isoformat(),
        "posted_at": instant(entry.posted_at),
        "hash": entry.hash.hex(),
    }


def fund_after(state: BookState, fund: str, year: int) -> dict[str, Json]:
    """Return a fund's figures of one budget year, those below it included, as of the state's last entry.

    Looks up exactly the balances it needs: this runs for every entry of a group, whatever else the group loaded.
    """
    codes = state.subtree(fund)
    kept = [(code, purpose) for code in codes for purpose in state.purpose_codes(code)]
    control = {
        account: -sum(state.balance(code, account, year, purpose_code=purpose) for code, purpose in kept)
        for account in _WITHOUT_SOURCE
    }
    return {
        "code": fund,
        "fiscal_year": year,
        "allotted_fen": -control["allotted"],
        "encumbered_fen": control["encumbered"],
        "expended_fen": -sum(
            state.balance(code, "expended", year, source, purpose) for code, purpose in kept for source in EVERY_SOURCE
        ),
        "available_fen": control["available"],
        "cash_fen": sum(state.balance(code, CASH, 0, source) for code in codes for source in EVERY_SOURCE),
        "as_of_seq": state.head.seq,
    }


def posted(
    entry: PostedEntry, state: BookState, fund: str, year: int, warnings: Sequence[dict[str, Json]] = ()
) -> dict[str, Json]:
    """Return the answer of an operation on one fund."""
    brief = entry_brief(entry)
    return {
        **{name: brief[name] for name in ("id", "seq", "voucher_number", "hash")},
        "entry": brief,
        "fund": fund_after(state, fund, year),
        "warnings": list(warnings),
    }


def opening_posted(entry: PostedEntry, state: BookState, funds: Sequence[str]) -> dict[str, Json]:
    """Return the answer of an opening balance: its entry, and the figures of each of its funds."""
    brief = entry_brief(entry)
    year = entry.fiscal_year
    return {
        **{name: brief[name] for name in ("id", "seq", "voucher_number", "hash")},
        "entry": brief,
        "funds": [fund_after(state, code, year) for code in funds],
    }


def budget_ahead_of_cash(state: BookState, fund: str) -> list[dict[str, Json]]:
    """Warn when the fund's own unspent budget exceeds its own cash.

    Approved indicators may precede their cash (docs/domain/accounting.md): this is never a refusal.
    """
    unspent_fen = -state.balance_of(fund, "available") - state.balance_of(fund, "encumbered")
    cash_fen = state.balance_of(fund, CASH)
    if unspent_fen <= cash_fen:
        return []
    return [
        {
            "code": "allotment_exceeds_cash",
            "detail_zh": "下达指标大于基金现有资金，支付前须先到账。",
            "detail_en": "Unspent budget exceeds the fund's cash; money must arrive before it can be paid.",
            "unspent_fen": unspent_fen,
            "cash_fen": cash_fen,
        }
    ]
