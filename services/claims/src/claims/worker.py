"""The worker: brings the claims service's wishes to the ledger. Run with `python -m claims.worker`; any number may run.

One round: lease the wishes that are due, commit, deliver them side by side, note the heartbeat. A wish is leased for longer than one
delivery can take, so two workers meet only after one has died; even then one key has one effect in the ledger. SIGTERM and SIGINT let
the deliveries under way finish.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass, field

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from sqlalchemy.ext.asyncio import AsyncEngine

from claims.access.keeper import Keeper
from claims.documents.stores import content_store
from claims.documents.sweeping import Sweeper
from claims.payouts import heartbeat, outbox
from claims.payouts.delivery import deliver
from claims.payouts.ledger_calls import Wish
from claims.payouts.ledger_client import LedgerClient
from claims.register.worker import run_imports
from claims.settings import Settings
from common.crypto import FieldCipher
from common.database import create_engine, transaction
from common.errors import Problem
from common.ids import uuid7
from common.logging import configure_logging, get_logger
from common.settings import load_settings

log = get_logger(__name__)


class WorkerSettings(Settings):
    """What the worker is told beside the service's own settings (`CLAIMS_WORKER_…`)."""

    model_config = SettingsConfigDict(env_prefix="CLAIMS_", extra="ignore", frozen=True, hide_input_in_errors=True)

    worker_poll_seconds: float = Field(default=0.5, ge=0.05, le=60, description="Pause when nothing is due.")
    worker_lease_seconds: float = Field(default=60, ge=2, le=3600, description="How long a wish is one worker's.")
    worker_ledger_seconds: float = Field(
        default=15, ge=0.5, le=300, description="Longest wait for one answer of the ledger."
    )
    worker_sweep_seconds: float = Field(
        default=600, ge=0.1, le=86_400, description="Pause between two rounds of removing what dead uploads left."
    )
    worker_keeper_seconds: float = Field(
        default=600, ge=1, le=86_400, description="Pause between two rounds of what keeps personal data."
    )
    worker_at_once: int = Field(default=8, ge=1, le=100, description="Wishes delivered side by side.")


@dataclass(slots=True)
class Worker:
    """One worker process; `stopping` is set by a signal."""

    engine: AsyncEngine
    client: LedgerClient
    settings: WorkerSettings
    name: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid7().hex[-8:]}")
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    finished: int = 0

    async def run(self) -> None:
        """Work until told to stop; a database that is away or refuses is waited for."""
        log.info("worker_started", worker=self.name)
        with suppress(Problem):  # the database may come up after us
            async with transaction(self.engine) as conn:
                await heartbeat.forget_dead(conn)
        while not self.stopping.is_set():
            worked = 0
            try:
                worked = await self.one_round()
            except Problem as problem:
                log.warning("worker_round_failed", worker=self.name, problem=problem.code)
            except Exception as error:  # whatever the database objects to: the next round tries again
                log.exception("worker_round_broke", worker=self.name, error=type(error).__name__)
            if not worked:
                await self._pause()
        log.info("worker_stopped", worker=self.name, finished=self.finished)

    async def one_round(self) -> int:
        """Lease what is due and deliver it; answers how many wishes that were."""
        async with transaction(self.engine) as conn:
            await heartbeat.note(conn, self.name, self.finished)
            wishes = await outbox.lease(
                conn, self.name, self.settings.worker_at_once, self.settings.worker_lease_seconds
            )
        await asyncio.gather(*(self._one(wish) for wish in wishes))
        return len(wishes)

    async def _one(self, wish: Wish) -> None:
        try:
            # Ends before the lease does: whoever leases the wish next must not find us still recording.
            async with asyncio.timeout(self.settings.worker_lease_seconds * 0.9):
                done = await deliver(self.engine, self.client, self.name, wish)
            # Only now: the others count meanwhile.
            self.finished += done
        except Exception as error:  # one wish that cannot be recorded must not stop the others; its lease runs out
            log.exception("delivery_failed", worker=self.name, key=wish.key, error=type(error).__name__)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self.settings.worker_poll_seconds):
                await self.stopping.wait()
        except TimeoutError:
            return


async def work(settings: WorkerSettings) -> None:
    """Run one worker until SIGTERM or SIGINT."""
    engine = create_engine(
        settings.database_url, application_name="claims-worker", pool_size=settings.worker_at_once + 2
    )
    try:
        async with LedgerClient(
            settings.ledger_url, settings.ledger_token_file, timeout_seconds=settings.worker_ledger_seconds
        ) as client:
            worker = Worker(engine, client, settings)
            keeper = Keeper(engine, FieldCipher(settings.ring()), settings.worker_keeper_seconds, worker.stopping)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, worker.stopping.set)
            sweeper = Sweeper(
                engine,
                content_store(settings),
                settings.document_folder,
                settings.worker_sweep_seconds,
                worker.stopping,
            )
            imports = run_imports(
                settings, worker.name, worker.stopping, settings.worker_poll_seconds, settings.worker_lease_seconds
            )
            beside = [
                asyncio.create_task(sweeper.run()),
                asyncio.create_task(imports),
                asyncio.create_task(keeper.run()),
            ]
            for task in beside:
                # One that broke ends the process with its error: a worker that lives on with half its work gone is never missed.
                task.add_done_callback(lambda _: worker.stopping.set())
            try:
                await worker.run()
            finally:
                worker.stopping.set()
                await asyncio.wait(beside)  # all of them: what they use is let go below
                await asyncio.gather(*beside)
            with suppress(Problem):  # the database may be gone before us: then the row only grows old
                async with transaction(engine) as conn:
                    await heartbeat.forget(conn, worker.name)
    finally:
        await engine.dispose()


def main() -> None:
    """Start a worker with the settings of the environment."""
    settings = load_settings(WorkerSettings)
    configure_logging("claims-worker", level=settings.log_level, log_format=settings.log_format)
    asyncio.run(work(settings))


if __name__ == "__main__":
    main()
