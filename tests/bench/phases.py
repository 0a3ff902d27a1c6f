"""Where a group's time goes: stopwatches hung around the engine's steps while a case runs. The product carries none of this."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final
from unittest.mock import patch

from ledger.journal import chain, decide, group, rows, store

COMMIT: Final = "begin, commit"
HASH: Final = "hash"
DECIDE: Final = "decide, answer"
Phases = dict[str, float]


@contextmanager
def stopwatches() -> Iterator[Phases]:
    """Seconds by phase; complete when left. What is in no other phase of a group is its begin and commit."""
    spent: Phases = {}
    group_time: Phases = {}
    copy = store._copy

    async def timed_copy(connection: store.Connection, table: str, *rest: Any) -> None:
        started = time.perf_counter()
        await copy(connection, table, *rest)
        _add(spent, f"COPY {table}", started)

    with (
        patch.object(group.GroupWriter, "_attempt", _timed(group.GroupWriter._attempt, "group", group_time)),
        patch.object(store, "lock_book", _timed(store.lock_book, "lock, load", spent)),
        patch.object(store, "load", _timed(store.load, "lock, load", spent)),
        patch.object(group, "book_state", _timed(rows.book_state, "lock, load", spent)),
        patch.object(group, "decide_group", _timed(decide.decide_group, DECIDE, spent)),
        patch.object(decide, "entry_hash", _timed(chain.entry_hash, HASH, spent)),
        patch.object(store, "_copy", timed_copy),
    ):
        yield spent
    spent[COMMIT] = group_time.get("group", 0.0) - sum(seconds for name, seconds in spent.items() if name != HASH)
    spent[DECIDE] = spent.get(DECIDE, 0.0) - spent.get(HASH, 0.0)


def _timed(step: Callable[..., Any], name: str, spent: Phases) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(step):

        @wraps(step)
        async def timed_later(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return await step(*arguments, **named)
            finally:
                _add(spent, name, started)

        return timed_later

    @wraps(step)
    def timed(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return step(*arguments, **named)
        finally:
            _add(spent, name, started)

    return timed


def _add(spent: Phases, name: str, started: float) -> None:
    spent[name] = spent.get(name, 0.0) + time.perf_counter() - started
