"""A process of its own that posts payments through an engine of its own: `python -m tests.support.ledger_poster URL PREFIX COUNT FEN`.

Prints one JSON list: the status of each request, 201 or the refusal's code.
"""

from __future__ import annotations

import asyncio
import json
import sys

from common.errors import Problem
from ledger.journal.engine import PostingEngine
from tests.support.ledger_engine import request, spending


async def main(url: str, prefix: str, entries: int, amount_fen: int) -> list[str]:
    """Post so many payments at once; say what became of each."""
    async with PostingEngine(url) as engine:
        wishes = (engine.post(request(spending(amount_fen), f"{prefix}-{n}")) for n in range(entries))
        done = await asyncio.gather(*wishes, return_exceptions=True)
    return [one.code if isinstance(one, Problem) else str(getattr(one, "status", one)) for one in done]


if __name__ == "__main__":
    outcomes = asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    sys.stdout.write(json.dumps(outcomes))
