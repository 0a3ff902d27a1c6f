"""Contents in a folder: the default store. One file a content, mode 0600, put in place in one step."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from claims.documents.contents import ContentMissingError
from common.errors import unavailable
from common.logging import get_logger

log = get_logger(__name__)

_PIECE: Final = 256 * 1024


class FolderStore:
    """Keeps contents below a folder that lies on one file system with the spool."""

    def __init__(self, folder: Path) -> None:
        """Nothing is made yet: the first content makes the folder."""
        self._folder = folder

    async def put(self, name: str, spooled: Path) -> None:
        """Move a spooled, synced file to its name; the folders on the way are synced too, so that a power cut loses nothing."""
        with available():
            await asyncio.to_thread(self._put, self._folder / name, spooled)

    @asynccontextmanager
    async def read(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a content. Raises ContentMissingError."""
        with available():
            try:
                file = await asyncio.to_thread((self._folder / name).open, "rb")
            except FileNotFoundError:
                raise ContentMissingError from None

        async def pieces() -> AsyncIterator[bytes]:
            with available():
                while piece := await asyncio.to_thread(file.read, _PIECE):
                    yield piece

        try:
            yield pieces()
        finally:
            file.close()

    async def remove(self, name: str) -> None:
        """Unlink a content."""
        with available():
            await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)

    async def check(self) -> None:
        """Raise ``unavailable`` unless the folder can be written."""
        with available():
            await asyncio.to_thread(make_folder, self._folder)
            if not await asyncio.to_thread(os.access, self._folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "the folder of documents cannot be written")

    def _put(self, target: Path, spooled: Path) -> None:
        made = [folder for folder in (target.parent, target.parent.parent) if not folder.exists()]
        make_folder(target.parent)
        spooled.replace(target)
        for folder in (target.parent, *(one.parent for one in made)):
            sync_folder(folder)


def make_folder(folder: Path) -> None:
    """Make a folder only its owner may enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Write a folder's entries through to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def available() -> Iterator[None]:
    """Turn what the file system cannot do now (full, read-only, gone) into ``unavailable``."""
    try:
        yield
    except OSError as error:
        log.warning("document_store_unavailable", error=type(error).__name__, errno=error.errno)
        raise unavailable() from error
