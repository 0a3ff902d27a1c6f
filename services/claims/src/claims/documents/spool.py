"""A file on its way in: looked at, hashed and sealed piece by piece, and spooled as ciphertext until it is whole.

Memory holds a piece or two whatever the file's size. The key lies in memory alone until the document is recorded, so what a crash leaves
in the spool opens to nobody; whoever holds a spooled file has it locked, so that only leavings are swept.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from claims.documents.content import ContentError, Fault, Inspector
from claims.documents.folder import available, make_folder
from claims.documents.rules import EXTENSIONS, bare_name, claimed_types
from claims.documents.sealing import DocumentSeal
from claims.problems import DOCUMENT_CONTINUES, DOCUMENT_INCOMPLETE, DOCUMENT_TYPE_MISMATCH, DOCUMENT_TYPE_REFUSED
from common.errors import BODY_TOO_LARGE, Problem
from common.ids import uuid7
from common.sealed_stream import Sealer, new_content_key
from common.validation import invalid_field
from common.web.uploads import StreamedFile

FOLDER: Final = "incoming"
_FAULTS: Final = {
    Fault.UNKNOWN: DOCUMENT_TYPE_REFUSED,
    Fault.INCOMPLETE: DOCUMENT_INCOMPLETE,
    Fault.TRAILING: DOCUMENT_CONTINUES,
}


@dataclass(frozen=True, slots=True)
class Received:
    """A whole file that lies sealed in the spool. `name` is what its sender calls it, None if nothing."""

    id: UUID
    path: Path
    key: bytes
    sha256: bytes
    size_bytes: int
    media_type: str
    name: str | None


@asynccontextmanager
async def received(folder: Path, seal: DocumentSeal, file: StreamedFile, *, most_bytes: int) -> AsyncIterator[Received]:
    """Take in the file of a request; the spooled bytes are gone when the block ends, unless the store has moved them.

    Raises ``invalid_request`` (empty, an unusable name), ``body_too_large``, ``document_type_refused``, ``document_incomplete``,
    ``document_continues``, ``document_type_mismatch``.
    """
    document_id, key = uuid7(), new_content_key()
    with available():
        await asyncio.to_thread(make_folder, folder / FOLDER)
        incoming = await asyncio.to_thread(
            _Incoming, folder / FOLDER, document_id, key, seal.content_context(document_id)
        )
    try:
        async for piece in file:
            if incoming.size + len(piece) > most_bytes:
                raise BODY_TOO_LARGE.error(field="file", limit_bytes=most_bytes)
            await incoming.feed(piece)
        media_type = await incoming.finish()
        name = _kept_name(file.name)
        _refuse_mismatch(name, file.media_type, media_type)
        yield Received(document_id, incoming.path, key, incoming.digest.digest(), incoming.size, media_type, name)
    finally:
        await asyncio.to_thread(incoming.close)


class _Incoming:
    """The spooled file of one request."""

    def __init__(self, folder: Path, document_id: UUID, key: bytes, context: str) -> None:
        self.path = folder / document_id.hex
        self.size = 0
        self.digest = hashlib.sha256()
        self._inspector = Inspector()
        self._sealer = Sealer(key, context)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    async def feed(self, piece: bytes) -> None:
        with available():
            await asyncio.to_thread(self._feed, piece)

    async def finish(self) -> str:
        """The media type, once everything is on the disk."""
        if not self.size:
            raise invalid_field("file", "empty", "文件为空。", "The file is empty.")
        with available():
            return await asyncio.to_thread(self._finish)

    def close(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self._file)

    def _feed(self, piece: bytes) -> None:
        self.size += len(piece)
        self.digest.update(piece)
        try:
            self._inspector.feed(piece)
        except ContentError as error:
            raise _FAULTS[error.fault].error(field="file") from None
        self._write(self._sealer.feed(piece))

    def _finish(self) -> str:
        try:
            media_type = self._inspector.finish()
        except ContentError as error:
            raise _FAULTS[error.fault].error(field="file") from None
        self._write(self._sealer.finish())
        os.fsync(self._file)
        return media_type

    def _write(self, sealed: bytes) -> None:
        rest = memoryview(sealed)
        while rest:
            rest = rest[os.write(self._file, rest) :]


def sweep_spool(folder: Path) -> int:
    """Remove what dead processes left in the spool; answers how many files that were. A file somebody holds is left alone."""
    removed = 0
    for path in (folder / FOLDER).glob("*"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
            removed += 1
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)
    return removed


def _kept_name(said: str | None) -> str | None:
    name = None if said is None else bare_name(said)
    if said is not None and name is None:
        raise invalid_field(
            "file",
            "invalid_name",
            "文件名含有控制字符或超过 255 个字符。",
            "The file's name has control characters or more than 255 characters.",
        )
    return name or None


def _refuse_mismatch(name: str | None, stated: str | None, found: str) -> None:
    if any(claimed != found for claimed in claimed_types(name, stated)):
        raise mismatch(found)


def mismatch(found: str) -> Problem:
    """The refusal of a file whose name or stated type says something else than its content."""
    return DOCUMENT_TYPE_MISMATCH.error(field="file", found=found, extension=EXTENSIONS[found])
