"""What keeps personal data in the background, beside the worker's deliveries: sealing anew under the current key, erasing by age."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from claims.access.retention import erase_due
from claims.access.rotation import reseal_all
from common.crypto import FieldCipher
from common.dates import today_in_shanghai
from common.errors import Problem
from common.logging import get_logger

log = get_logger(__name__)


@dataclass(slots=True)
class Keeper:
    """One process's keeper; `stopping` is set by a signal. Several may run: each ciphertext is changed once, each person erased once."""

    engine: AsyncEngine
    cipher: FieldCipher
    pause_seconds: float
    stopping: asyncio.Event

    async def run(self) -> None:
        """Work until told to stop. Neither duty's failure stops the other or the deliveries; the next round tries again."""
        while not self.stopping.is_set():
            await self._tried("reseal", reseal_all(self.engine, self.cipher, self.stopping))
            await self._tried("erase", erase_due(self.engine, today_in_shanghai(), self.stopping))
            await self._pause()

    @staticmethod
    async def _tried(duty: str, work: Awaitable[int]) -> None:
        try:
            await work
        except Problem as problem:  # above all a database that is away
            log.warning("keeper_round_failed", duty=duty, problem=problem.code)
        except Exception as error:
            log.exception("keeper_round_failed", duty=duty, error=type(error).__name__)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self.pause_seconds):
                await self.stopping.wait()
        except TimeoutError:
            return
