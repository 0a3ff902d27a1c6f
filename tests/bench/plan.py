"""What is measured and how much of it: the sizes of a run, and the entries every case posts.

Every entry is a legal free journal entry under its own idempotency key, over the seven funds in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ledger.journal.drafts import Side

BOOK: Final = "610923"
DAY: Final = "2026-01-05"
FUNDS: Final = ("industry", "employment", "health", "education", "safety_net", "repair", "insurance")
OPENING_FEN: Final = 10**12
"""Cash each fund starts with: more than all cases together pay."""

TWO_LINES: Final[tuple[tuple[str, Side], ...]] = (("5001", "debit"), ("2303", "credit"))
"""A subsidy recognised before it is paid: one basis, no cash."""
SIX_LINES: Final[tuple[tuple[str, Side], ...]] = (
    ("5001", "debit"), ("1002", "credit"), ("7101", "debit"), ("8001", "credit"), ("5001", "debit"), ("2303", "credit"),
)  # fmt: skip
"""A payment in parallel bookkeeping (cash and both bases), and a subsidy recognised."""
SHAPES: Final = {2: TWO_LINES, 6: SIX_LINES}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much one run does. Times are seconds, the rest counts."""

    pgbench_scale: int = 10
    pgbench_seconds: int = 10
    clients: int = 64
    singles_seconds: float = 10.0
    bulk_calls: tuple[tuple[int, int], ...] = ((1_000, 8), (10_000, 1))
    """Entries a call, and how many calls each of the two callers makes."""
    engine_groups: tuple[int, ...] = (1_000, 5_000)
    engine_entries: int = 20_000
    engine_singles: int = 5_000


FULL: Final = Sizes()
QUICK: Final = Sizes(
    pgbench_scale=1,
    pgbench_seconds=1,
    clients=8,
    singles_seconds=0.3,
    bulk_calls=((50, 1),),
    engine_groups=(100,),
    engine_entries=200,
    engine_singles=40,
)


def amount_fen(number: int) -> int:
    """Amount of each line of the entry of this number."""
    return 100 + number % 900


def debit_fen(number: int, lines: int) -> int:
    """Sum of an entry's debits: what the case acknowledges."""
    return amount_fen(number) * lines // 2


def entry_body(number: int, lines: int) -> dict[str, object]:
    """The entry of this number as it is sent."""
    fund, fen = FUNDS[number % len(FUNDS)], amount_fen(number)
    postings = [{"fund": fund, "account": account, "side": side, "amount_fen": fen} for account, side in SHAPES[lines]]
    return {"effective_on": DAY, "description": "基准测试凭证", "postings": postings}
