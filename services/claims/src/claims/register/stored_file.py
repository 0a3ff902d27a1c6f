"""A file that lies in the database in sealed pieces, read as if it were an open file: one piece at a time is in memory.

The readers of spreadsheets are synchronous and run in a thread; the pieces are fetched by the event loop the thread belongs to.
"""

from __future__ import annotations

import asyncio
import base64
import io
import os
from typing import TYPE_CHECKING, Final

from claims.register import store
from common.database import transaction

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncEngine
    from typing_extensions import Buffer

    from claims.households.personal import PersonalData

PIECE: Final = 256 * 1024
"""Bytes of a piece; the last one is shorter."""
_FETCH_SECONDS: Final = 60


def seal_piece(personal: PersonalData, job_id: UUID, position: int, piece: bytes) -> bytes:
    """Seal one piece; it opens only in its place."""
    return personal.seal_text(base64.b64encode(piece).decode("ascii"), _column(position), job_id)


def _open_piece(personal: PersonalData, job_id: UUID, position: int, sealed: bytes) -> bytes:
    return base64.b64decode(personal.open_text(sealed, _column(position), job_id))


def _column(position: int) -> str:
    return f"import_piece.sealed/{position}"


def stored_file(engine: AsyncEngine, personal: PersonalData, book: str, job_id: UUID, size: int) -> StoredFile:
    """A job's file; to be read in threads of the running loop only."""
    loop = asyncio.get_running_loop()

    async def load(position: int) -> bytes:
        async with transaction(engine) as conn:
            return await store.load_piece(conn, book, job_id, position)

    def fetch(position: int) -> bytes:
        sealed = asyncio.run_coroutine_threadsafe(load(position), loop).result(_FETCH_SECONDS)
        return _open_piece(personal, job_id, position, sealed)

    return StoredFile(_Pieces(fetch, size))


class StoredFile(io.BufferedReader):
    """A file in pieces, open for reading."""

    def __init__(self, pieces: _Pieces) -> None:
        super().__init__(pieces, PIECE)
        self._pieces = pieces

    def stop(self) -> None:
        """Let whoever reads in a thread meet an EOFError soon: a thread cannot be cancelled."""
        self._pieces.stopped = True


class _Pieces(io.RawIOBase):
    """Random access over pieces, the last one read at hand."""

    def __init__(self, fetch: Callable[[int], bytes], size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._place = 0
        self._at_hand = -1
        self._piece = b""
        self.stopped = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: Buffer) -> int:
        if self.stopped:
            raise EOFError
        view = memoryview(buffer).cast("B")
        if self._place >= self._size or not len(view):
            return 0
        position, offset = divmod(self._place, PIECE)
        if position != self._at_hand:
            self._piece = self._fetch(position)
            self._at_hand = position
        part = self._piece[offset : offset + len(view)]
        view[: len(part)] = part
        self._place += len(part)
        return len(part)
