"""Contents too large for memory, at rest: sealed in chunks whose order and end are authenticated.

The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance,
CRYPTO 2015): every chunk is sealed under a nonce that holds its number and whether it is the last. So a stream that was cut, lengthened,
reordered or put together from several does not open. Each content has a key of its own (`new_content_key`), used for nothing else; the
key is sealed like any other field (`common.crypto`) and kept apart from the content, so that a rotation seals the keys anew and not the
contents, and a content is gone when its key is. The context (``"document/610923/<id>"``) is authenticated with every chunk.
"""

import os
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.crypto import DecryptionError

CHUNK_BYTES: Final = 64 * 1024
"""Plain bytes of every chunk but the last, which has 1 to as many (none only in an empty content)."""
KEY_BYTES: Final = 32
_MAGIC: Final = b"FPS"
_TAG_BYTES: Final = 16
_MOST_CHUNKS: Final = 2**32
_HEADER_BYTES: Final = len(_MAGIC) + 1


class Aead(Protocol):
    """Authenticated encryption with 96-bit nonces and 128-bit tags, the tag at the end."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Seal `data`."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None, /) -> bytes:
        """Open what `encrypt` sealed. Raises InvalidTag."""


AES_256_GCM: Final = 1
SUITES: Final[Mapping[int, Callable[[bytes], Aead]]] = {AES_256_GCM: AESGCM}
"""Makes the cipher of a suite from a key of `KEY_BYTES`; the suite's number stands in the stream's header."""


def new_content_key() -> bytes:
    """Return a key for one content."""
    return os.urandom(KEY_BYTES)


def sealed_size(plain_bytes: int) -> int:
    """Return how many bytes a content of this size has when it is sealed."""
    chunks = max(1, -(-plain_bytes // CHUNK_BYTES))
    return _HEADER_BYTES + plain_bytes + chunks * _TAG_BYTES


class Sealer:
    """Seals one content, piece by piece."""

    def __init__(self, key: bytes, context: str, *, suite: int = AES_256_GCM) -> None:
        """Take a key of `new_content_key` that has sealed nothing yet."""
        header = _MAGIC + bytes([suite])
        self._chunks = _Chunks(SUITES[suite](key).encrypt, header + context.encode("utf-8"))
        self._pending = bytearray()
        self._ready = bytearray(header)

    def feed(self, piece: bytes) -> bytes:
        """Take more of the content; return what of it is sealed by now (a chunk is held back: it might be the last)."""
        self._pending += piece
        while len(self._pending) > CHUNK_BYTES:
            self._ready += self._chunks.next(bytes(self._pending[:CHUNK_BYTES]), last=False)
            del self._pending[:CHUNK_BYTES]
        return self._taken()

    def finish(self) -> bytes:
        """Return the rest, ended by a chunk that says it is the last."""
        self._ready += self._chunks.next(bytes(self._pending), last=True)
        return self._taken()

    def _taken(self) -> bytes:
        taken = bytes(self._ready)
        self._ready.clear()
        return taken


class Opener:
    """Opens one content, piece by piece. What it returns was authenticated; the end is proved by `finish` alone."""

    def __init__(self, key: bytes, context: str) -> None:
        """Take the content's key and the context it was sealed for."""
        self._key = key
        self._context = context.encode("utf-8")
        self._chunks: _Chunks | None = None
        self._pending = bytearray()

    def feed(self, piece: bytes) -> bytes:
        """Take more of the sealed bytes; return what opened. Raises DecryptionError."""
        self._pending += piece
        if self._chunks is None:
            if len(self._pending) < _HEADER_BYTES:
                return b""
            self._chunks = self._begun()
        opened = bytearray()
        sealed_chunk = CHUNK_BYTES + _TAG_BYTES
        while len(self._pending) > sealed_chunk:
            opened += self._chunks.next(bytes(self._pending[:sealed_chunk]), last=False)
            del self._pending[:sealed_chunk]
        return bytes(opened)

    def finish(self) -> bytes:
        """Return the last chunk. Raises DecryptionError for a stream that was cut or lengthened."""
        if self._chunks is None:
            raise DecryptionError("the sealed content was cut")
        return self._chunks.next(bytes(self._pending), last=True)

    def _begun(self) -> "_Chunks":
        header = bytes(self._pending[:_HEADER_BYTES])
        del self._pending[:_HEADER_BYTES]
        make = SUITES.get(header[-1])
        if not header.startswith(_MAGIC) or make is None:
            raise DecryptionError("not a sealed content of a known format")
        return _Chunks(make(self._key).decrypt, header + self._context)


class _Chunks:
    """Runs the cipher over one chunk after the other."""

    def __init__(self, cipher: Callable[[bytes, bytes, bytes | None], bytes], associated: bytes) -> None:
        self._cipher = cipher
        self._associated = associated
        self._number = 0

    def next(self, chunk: bytes, *, last: bool) -> bytes:
        if self._number >= _MOST_CHUNKS:
            raise ValueError("a content may have at most 2^32 chunks")
        nonce = bytes(7) + self._number.to_bytes(4, "big") + bytes([last])
        self._number += 1
        try:
            return self._cipher(nonce, chunk, self._associated)
        except (InvalidTag, ValueError):
            raise DecryptionError("the sealed content was cut, changed or does not belong here") from None
