"""The ledger's worker: gives back what expired encumbrances have left. Run with `python -m ledger.worker`; any number may run.

It goes through the posting engine and not over HTTP: it is the ledger's own code on the ledger's own database, with the service's
restricted role, so it needs no token that could be stolen or run out, and posts even while no server runs. The chain names it as who
prepared and posted (`ledger-worker`); where the book wants a second person for releases, it proposes and a person decides.

One round: for every book, find what is expired by the database's clock, release each by itself. Killed anywhere, it leaves whole
entries; the next round, or another worker, goes on (see ``ledger.budgets.expiry`` for why none happens twice).
"""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass, field

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine, snapshot
from common.errors import Problem
from common.logging import configure_logging, get_logger
from common.settings import load_settings
from ledger.books.store import codes
from ledger.budgets import expiry
from ledger.journal.drafts import Answer
from ledger.journal.engine import EngineLimits, PostingEngine
from ledger.journal.entries import People
from ledger.settings import Settings

log = get_logger(__name__)

NAME = "ledger-worker"
"""Who stands on the vouchers of what it does."""
_PEOPLE = People(NAME, NAME, None)


class WorkerSettings(Settings):
    """What the worker is told beside the service's own settings (`LEDGER_WORKER_…`)."""

    model_config = SettingsConfigDict(env_prefix="LEDGER_", extra="ignore", frozen=True, hide_input_in_errors=True)

    worker_poll_seconds: float = Field(default=60, ge=0.05, le=86_400, description="Pause between two rounds.")
    worker_most: int = Field(default=1_000, ge=1, le=10_000, description="Most releases handed over at a time.")


@dataclass(slots=True)
class Worker:
    """One worker process; `stopping` is set by a signal."""

    database: AsyncEngine
    engine: PostingEngine
    settings: WorkerSettings
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Work until told to stop; a database that is away or refuses is waited for."""
        log.info("worker_started", worker=NAME)
        while not self.stopping.is_set():
            try:
                await self.one_round()
            except Problem as problem:
                log.warning("worker_round_failed", worker=NAME, problem=problem.code)
            except Exception as error:  # whatever the database objects to: the next round tries again
                log.exception("worker_round_broke", worker=NAME, error=type(error).__name__)
            await self._pause()
        log.info("worker_stopped", worker=NAME)

    async def one_round(self) -> int:
        """Release what is expired in every book; answer how many were released or proposed. Raises ``unavailable``."""
        async with snapshot(self.database) as connection:
            books = await codes(connection)
        return sum([await self._one_book(book) for book in books])

    async def _one_book(self, book: str) -> int:
        """Go through all that is expired in a book: what waits as a proposal does not keep the rest from its turn."""
        done, last_seq, more = 0, 0, True
        while more and not self.stopping.is_set():
            async with snapshot(self.database) as connection:
                found = await expiry.find(connection, book, self.settings.worker_most, last_seq)
            outcomes = await expiry.release_found(self.engine, book, found, _PEOPLE)
            done += sum(isinstance(one, Answer) and not one.replayed for one in outcomes)
            more, last_seq = found.more, found.last_seq
        if done:
            log.info("expired_released", worker=NAME, book=book, done=done)
        return done

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self.settings.worker_poll_seconds):
                await self.stopping.wait()
        except TimeoutError:
            return


async def work(settings: WorkerSettings) -> None:
    """Run one worker until SIGTERM or SIGINT."""
    database = create_engine(settings.database_url, application_name=NAME, pool_size=1)
    limits = EngineLimits(connections=1, group_size=settings.group_size, shutdown_grace=settings.shutdown_grace)
    try:
        async with PostingEngine(settings.database_url, limits) as engine:
            worker = Worker(database, engine, settings)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, worker.stopping.set)
            await worker.run()
    finally:
        await database.dispose()


def main() -> None:
    """Start a worker with the settings of the environment."""
    settings = load_settings(WorkerSettings)
    configure_logging(NAME, level=settings.log_level, log_format=settings.log_format)
    asyncio.run(work(settings))


if __name__ == "__main__":
    main()
