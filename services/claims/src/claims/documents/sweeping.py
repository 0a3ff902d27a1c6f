"""What dead uploads and erasures leave behind is removed: contents on the list of the unsettled, and leavings in the spool.

Only what the list names is removed: the store is never searched for what seems to belong to nobody, so a service pointed at the wrong
database destroys nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from claims.documents import store
from claims.documents.contents import ContentStore
from claims.documents.spool import sweep_spool
from common.database import transaction
from common.errors import Problem
from common.logging import get_logger

log = get_logger(__name__)

_AT_ONCE: Final = 100


async def remove_content(engine: AsyncEngine, contents: ContentStore, book: str, name: str) -> None:
    """Remove a given-up content from the store, then from the list. A crash in between leaves it on the list."""
    await contents.remove(name)
    async with transaction(engine) as conn:
        await store.forget_content(conn, book, name)


@dataclass(slots=True)
class Sweeper:
    """Removes leavings now and then; `stopping` is set by a signal. Several may run: what is gone is gone."""

    engine: AsyncEngine
    contents: ContentStore
    folder: Path
    pause_seconds: float
    stopping: asyncio.Event

    async def run(self) -> None:
        """Work until told to stop. Nothing that fails here stops anything else; the next round tries again."""
        while not self.stopping.is_set():
            try:
                await self.sweep()
            except Problem as problem:  # the database or the store is away
                log.warning("sweep_failed", problem=problem.code)
            except Exception as error:
                log.exception("sweep_failed", error=type(error).__name__)
            await self._pause()

    async def sweep(self) -> int:
        """One round; answers how many contents and spooled files were removed."""
        removed = await asyncio.to_thread(sweep_spool, self.folder)
        stuck = 0
        while not self.stopping.is_set():
            async with transaction(self.engine) as conn:
                due = await store.give_up_overdue(conn, _AT_ONCE, stuck)
            gone = sum([await self._remove(book, name) for book, name in due])
            removed += gone
            stuck += len(due) - gone
            if len(due) < _AT_ONCE:
                break
        if removed:
            log.info("swept", removed=removed)
        return removed

    async def _remove(self, book: str, name: str) -> bool:
        """Remove a content; one that cannot be removed now stays on the list and is in the way of no other."""
        try:
            await remove_content(self.engine, self.contents, book, name)
        except Problem as problem:
            log.warning("content_not_removed", book=book, content=name, problem=problem.code)
        except Exception as error:
            log.exception("content_not_removed", book=book, content=name, error=type(error).__name__)
        else:
            return True
        return False

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self.pause_seconds):
                await self.stopping.wait()
        except TimeoutError:
            return
