"""The posting engine without HTTP, in this process: bulk groups, and many callers of single entries."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import time
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import uvloop

from ledger.journal.drafts import Answer, LineDraft, Needs, PostingRequest
from ledger.journal.engine import EngineLimits, PostingEngine
from ledger.journal.entries import FreeEntry, People, draft_free_entry, entry_json
from tests.bench.load import Tally
from tests.bench.phases import Phases, stopwatches
from tests.bench.plan import BOOK, DAY, FUNDS, SHAPES, amount_fen, debit_fen

if TYPE_CHECKING:
    from ledger.journal.drafts import Json, PostedEntry
    from ledger.journal.state import BookState

CREATED = 201


@dataclass(frozen=True, slots=True)
class EngineCase:
    """What to post. `group` is the most entries a transaction; `callers` 0: one post_many, else so many callers of post."""

    name: str
    lines: int
    entries: int
    group: int
    callers: int = 0


def run_engine(url: str, case: EngineCase) -> tuple[Tally, Phases]:
    """Post the case's entries; answer what was acknowledged and where the groups' time went."""
    return uvloop.run(_run(url, case))


async def _run(url: str, case: EngineCase) -> tuple[Tally, Phases]:
    requests = [_request(case, number) for number in range(case.entries)]
    limits = EngineLimits(group_size=case.group, queue_limit=max(20_000, case.entries))
    async with PostingEngine(url, limits) as engine:
        # Connecting and planning are not the engine's daily work.
        await engine.post_many([_request(case, 0, warm=True)], atomic=False)
        started, cpu = time.perf_counter(), time.process_time()
        with stopwatches() as phases:
            latencies = await (_singles(engine, requests, case.callers) if case.callers else _many(engine, requests))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    latencies.sort()
    return Tally(
        acknowledged=len(requests),
        acknowledged_fen=sum(debit_fen(number, case.lines) for number in range(case.entries)),
        seconds=seconds,
        cpu_seconds=cpu,
        p50_ms=latencies[len(latencies) // 2] * 1_000,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1_000,
    ), phases


async def _many(engine: PostingEngine, requests: list[PostingRequest]) -> list[float]:
    started = time.perf_counter()
    for outcome in await engine.post_many(requests, atomic=False):
        if not isinstance(outcome, Answer) or outcome.status != CREATED or outcome.replayed:
            raise RuntimeError(f"the engine did not post an entry: {outcome}")
    return [time.perf_counter() - started]


async def _singles(engine: PostingEngine, requests: list[PostingRequest], callers: int) -> list[float]:
    waiting, latencies = iter(requests), []

    async def caller() -> None:
        for request in waiting:
            started = time.perf_counter()
            answer = await engine.post(request)
            latencies.append(time.perf_counter() - started)
            if answer.status != CREATED or answer.replayed:
                raise RuntimeError(f"the engine did not post an entry: {answer}")

    await asyncio.gather(*itertools.starmap(caller, itertools.repeat((), callers)))
    return latencies


def _request(case: EngineCase, number: int, *, warm: bool = False) -> PostingRequest:
    fund, fen = FUNDS[number % len(FUNDS)], amount_fen(number)
    # The warming entry is of 1 fen and outside the case's sum.
    lines = tuple(LineDraft(fund, account, side, 1 if warm else fen) for account, side in SHAPES[case.lines])
    people = People("officer-1", "officer-1")
    wish = FreeEntry(date.fromisoformat(DAY), "基准测试凭证", lines, people)
    key = f"{case.name}-{'warm' if warm else number}"
    fingerprint = hashlib.sha256(key.encode()).digest()
    return PostingRequest(BOOK, key, fingerprint, Needs(frozenset({fund})), partial(draft_free_entry, wish), _render)


def _render(entry: PostedEntry, _state: BookState) -> dict[str, Json]:
    return entry_json(entry)
