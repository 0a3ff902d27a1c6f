"""What a file is, told by its bytes alone: a JPEG or PNG picture or a PDF, whole, and nothing behind it.

Read once, piece by piece, in memory that does not grow with the file. Nothing is decoded: a picture is followed from part to part as its
format prescribes, so a cut file is found and a file that is two things at once is refused. Pure.

Sources: PNG ISO/IEC 15948 (chunks, CRC, IEND), JPEG ITU-T T.81 (markers), CIPA DC-007 (several pictures in one JPEG file, as telephones
write), PDF ISO 32000-1 7.5 (header, startxref, end of file), ZIP APPNOTE 4.3.16 (end of central directory).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Generator
from enum import StrEnum
from typing import Final, Protocol

Steps = Generator[None, None, None]


class Fault(StrEnum):
    """Why a file is no document."""

    UNKNOWN = "unknown"
    """It is none of the types that are taken."""
    INCOMPLETE = "incomplete"
    """It begins as one of them, and is cut or broken."""
    TRAILING = "trailing"
    """Something else stands behind its end, or it is an archive as well."""


class ContentError(Exception):
    """The file is no document that is taken."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
_HEAD: Final = 8
_PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_PIECE: Final = 64 * 1024
_TAIL: Final = 64 * 1024 + 22
"""A ZIP archive ends with a record of 22 bytes and a comment of at most 65,535."""
_ARCHIVE_END: Final = re.compile(rb"PK\x05\x06\x00\x00\x00\x00(?!\x00\x00)(..)\1", re.DOTALL)
_PDF_HEADER: Final = re.compile(rb"%PDF-[12]\.[0-9]")
_PDF_END: Final = re.compile(rb"startxref\s+([0-9]{1,10})\s+%%EOF\Z")
_PDF_FILLING: Final = b" \t\r\n\f\v\x00"
"""What may stand behind a PDF's end; taken off first, so that the search's time grows no faster than the file."""
_PDF_MARK: Final = b"%%EOF"
_JPEG_START: Final = b"\xff\xd8"
# The next marker in compressed data: neither a stuffed zero nor a restart. No repetition: a long run of 0xFF is passed in one go.
_MARKER: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_START, _END, _SCAN, _TEMPORARY = 0xD8, 0xD9, 0xDA, 0x01
_RESTARTS: Final = range(0xD0, 0xD8)
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LENGTH_BYTES: Final = 2
_IHDR_BYTES: Final = 13
_LONGEST_CHUNK: Final = 2**31 - 1


class Inspector:
    """Follows one file. Feed it every piece, then ask what it was."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._format: _Format | None = None

    def feed(self, piece: bytes) -> None:
        """Take more of the file. Raises ContentError as soon as it cannot be a document."""
        self._tail = (self._tail + piece)[-_TAIL:]
        if self._format is not None:
            self._format.feed(piece)
            return
        self._head += piece
        if len(self._head) >= _HEAD:
            self._begin()

    def finish(self) -> str:
        """Return the media type of the whole file. Raises ContentError."""
        if self._format is None:
            raise ContentError(Fault.UNKNOWN)
        media_type = self._format.finish()
        if _ARCHIVE_END.search(self._tail):
            raise ContentError(Fault.TRAILING)
        return media_type

    def _begin(self) -> None:
        head = bytes(self._head[:_HEAD])
        if head == _PNG_SIGNATURE:
            self._format = _Walk(PNG, _png)
        elif head.startswith(_JPEG_START + b"\xff"):
            self._format = _Walk(JPEG, _jpeg)
        elif _PDF_HEADER.match(head):
            self._format = _Pdf()
        else:
            raise ContentError(Fault.UNKNOWN)
        self._format.feed(bytes(self._head))
        self._head.clear()


class _Format(Protocol):
    def feed(self, piece: bytes) -> None:
        """Take more of the file."""

    def finish(self) -> str:
        """Return the media type."""


class _Tape:
    """Bytes not yet looked at; what reads them waits (yields) where more must come first."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = False

    def some(self) -> Steps:
        """Wait until there is a byte."""
        while not self.data:
            if self.ended:
                raise ContentError(Fault.INCOMPLETE)
            yield

    def take(self, count: int) -> Generator[None, None, bytes]:
        """The next bytes, taken."""
        while len(self.data) < count:
            if self.ended:
                raise ContentError(Fault.INCOMPLETE)
            yield
        return self.cut(count)

    def cut(self, count: int) -> bytes:
        """Take what is there of the next bytes."""
        taken = bytes(self.data[:count])
        del self.data[:count]
        return taken

    def at_end(self) -> Generator[None, None, bool]:
        """Whether the file ends here."""
        while not self.data and not self.ended:
            yield
        return not self.data


class _Walk:
    """A format followed part by part."""

    def __init__(self, media_type: str, walk: Callable[[_Tape], Steps]) -> None:
        self._media_type = media_type
        self._tape = _Tape()
        self._steps: Steps | None = walk(self._tape)

    def feed(self, piece: bytes) -> None:
        self._tape.data += piece
        self._go_on()

    def finish(self) -> str:
        self._tape.ended = True
        self._go_on()
        return self._media_type

    def _go_on(self) -> None:
        if self._steps is not None:
            try:
                next(self._steps)
            except StopIteration:
                self._steps = None
        if self._steps is None and self._tape.data:
            raise ContentError(Fault.TRAILING)


def _png(tape: _Tape) -> Steps:
    yield from tape.take(len(_PNG_SIGNATURE))
    kind, seen = b"", set[bytes]()
    while kind != b"IEND":
        head = yield from tape.take(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if length > _LONGEST_CHUNK or not kind.isalpha() or (kind == b"IHDR") == bool(seen):
            raise ContentError(Fault.INCOMPLETE)
        if (kind == b"IHDR" and length != _IHDR_BYTES) or (kind == b"IEND" and (length or b"IDAT" not in seen)):
            raise ContentError(Fault.INCOMPLETE)
        seen.add(kind)
        check = zlib.crc32(kind)
        while length:
            yield from tape.some()
            piece = tape.cut(min(length, _PIECE))
            check = zlib.crc32(piece, check)
            length -= len(piece)
        if int.from_bytes((yield from tape.take(4)), "big") != check:
            raise ContentError(Fault.INCOMPLETE)


def _jpeg(tape: _Tape) -> Steps:
    yield from _picture(tape)
    while not (yield from tape.at_end()):
        # Telephones write a second picture (depth, brightness) behind the first, and fill up with zeros.
        if tape.data[0] == 0:
            tape.data = tape.data.lstrip(b"\x00")
        else:
            if (yield from tape.take(len(_JPEG_START))) != _JPEG_START:
                raise ContentError(Fault.TRAILING)
            tape.data[:0] = _JPEG_START
            yield from _picture(tape)


def _picture(tape: _Tape) -> Steps:
    yield from tape.take(len(_JPEG_START))
    has_frame = has_scan = False
    while True:
        marker = yield from _marker(tape)
        if marker == _END:
            break
        if marker == _START:
            raise ContentError(Fault.INCOMPLETE)
        if marker == _TEMPORARY or marker in _RESTARTS:
            continue
        has_frame = has_frame or marker in _FRAMES
        length = int.from_bytes((yield from tape.take(_LENGTH_BYTES)), "big") - _LENGTH_BYTES
        if length < 0:
            raise ContentError(Fault.INCOMPLETE)
        yield from tape.take(length)
        if marker == _SCAN:
            has_scan = True
            yield from _compressed(tape)
    if not (has_frame and has_scan):
        raise ContentError(Fault.INCOMPLETE)


def _marker(tape: _Tape) -> Generator[None, None, int]:
    if (yield from tape.take(1)) != b"\xff":
        raise ContentError(Fault.INCOMPLETE)
    code = b"\xff"
    while code == b"\xff":
        code = yield from tape.take(1)
    if code == b"\x00":
        raise ContentError(Fault.INCOMPLETE)
    return code[0]


def _compressed(tape: _Tape) -> Steps:
    """Pass over a scan's data, up to the marker behind it."""
    while True:
        found = _MARKER.search(tape.data)
        if found is not None:
            tape.cut(found.start())
            return
        # A marker may lie across two pieces: keep the one byte it could begin with.
        tape.cut(len(tape.data) - tape.data.endswith(b"\xff"))
        if tape.ended:
            raise ContentError(Fault.INCOMPLETE)
        yield


class _Pdf:
    """A PDF is read from its end, so its end is what is looked at."""

    def __init__(self) -> None:
        self._size = 0
        self._end = bytearray()

    def feed(self, piece: bytes) -> None:
        self._size += len(piece)
        self._end = (self._end + piece)[-_TAIL:]

    def finish(self) -> str:
        found = _PDF_END.search(self._end.rstrip(_PDF_FILLING))
        if found is None:
            # Cut before its last end mark, or continued behind it.
            raise ContentError(Fault.TRAILING if _PDF_MARK in self._end else Fault.INCOMPLETE)
        if not 0 < int(found[1]) < self._size:
            raise ContentError(Fault.INCOMPLETE)
        return PDF
