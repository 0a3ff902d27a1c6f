"""What a worker process does for the register beside its deliveries: large imports, and indexes older rows lack."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from claims.context import build_context
from claims.households.index_backfill import index_some_members
from claims.register import store
from claims.register.runner import run_one
from common.database import transaction
from common.errors import Problem
from common.logging import get_logger

if TYPE_CHECKING:
    from claims.context import Context
    from claims.settings import Settings

log = get_logger(__name__)

_FORGET_SECONDS: Final = 3600


async def run_imports(
    settings: Settings, worker: str, stopping: asyncio.Event, poll_seconds: float, lease_seconds: float
) -> None:
    """Work until told to stop. A job under way is let go at once: whoever leases it next goes on after its last piece."""
    context = build_context(settings, application_name="claims-imports")
    try:
        work = asyncio.create_task(_run(context, worker, stopping, poll_seconds, lease_seconds))
        work.add_done_callback(lambda _: stopping.set())
        await stopping.wait()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
    finally:
        await context.engine.dispose()


async def _run(
    context: Context, worker: str, stopping: asyncio.Event, poll_seconds: float, lease_seconds: float
) -> None:
    forgot_at = 0.0
    while not stopping.is_set():
        worked = False
        try:
            if time.monotonic() - forgot_at > _FORGET_SECONDS:
                async with transaction(context.engine) as conn:
                    await store.forget_old(conn)
                forgot_at = time.monotonic()
            worked = await run_one(context, worker, lease_seconds) or await index_some_members(context) > 0
        except Problem as problem:
            log.warning("register_round_failed", worker=worker, problem=problem.code)
        except Exception as error:  # one job that cannot be worked on must not stop the others; its lease runs out
            log.exception("register_round_broke", worker=worker, error=type(error).__name__)
        if not worked:
            await asyncio.sleep(poll_seconds)
