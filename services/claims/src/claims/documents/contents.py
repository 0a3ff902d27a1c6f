"""Where sealed contents lie: the one interface of the folder and the S3-compatible store.

A content is put once under a name nobody used before, whole or not at all, and is never changed. Stores see sealed bytes only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol


class ContentMissingError(Exception):
    """The store has nothing under this name."""


class ContentStore(Protocol):
    """Keeps sealed contents. What it cannot do now raises ``unavailable``."""

    async def put(self, name: str, spooled: Path) -> None:
        """Keep a spooled file under a name; when this returns, it outlives a crash. The spooled file may be gone then."""

    def read(self, name: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open a content to be read piece by piece. Raises ContentMissingError on entering."""

    async def remove(self, name: str) -> None:
        """Remove a content for good; one that is not there is removed already."""

    async def check(self) -> None:
        """Raise ``unavailable`` unless contents can be kept now; a readiness check."""
