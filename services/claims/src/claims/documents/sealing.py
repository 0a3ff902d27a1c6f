"""Sealing and opening what a document's row holds: its content's key, its file name, the reason of a withdrawal."""

from __future__ import annotations

from uuid import UUID

from common.crypto import FieldCipher


class DocumentSeal:
    """Seals and opens the fields of the documents of one book."""

    def __init__(self, cipher: FieldCipher, book: str) -> None:
        self._cipher = cipher
        self._book = book

    def seal_key(self, document_id: UUID, key: bytes) -> bytes:
        """Seal the key of a content."""
        return self._cipher.encrypt(key.hex(), self._context("key", document_id))

    def open_key(self, document_id: UUID, sealed: bytes) -> bytes:
        """Open the key of a content."""
        return bytes.fromhex(self._cipher.decrypt(sealed, self._context("key", document_id)))

    def seal_name(self, document_id: UUID, name: str | None) -> bytes | None:
        """Seal a file's name: people write names of people into it."""
        return None if name is None else self._cipher.encrypt(name, self._context("file_name", document_id))

    def open_name(self, document_id: UUID, sealed: bytes | None) -> str | None:
        """Open a file's name."""
        return None if sealed is None else self._cipher.decrypt(sealed, self._context("file_name", document_id))

    def seal_reason(self, document_id: UUID, reason: str) -> bytes:
        """Seal the reason of a withdrawal."""
        return self._cipher.encrypt(reason, self._context("withdrawal_reason", document_id))

    def open_reason(self, document_id: UUID, sealed: bytes | None) -> str | None:
        """Open the reason of a withdrawal."""
        return None if sealed is None else self._cipher.decrypt(sealed, self._context("withdrawal_reason", document_id))

    def address(self, sha256: bytes) -> bytes:
        """Return the keyed address of a content in this book."""
        return self._cipher.blind_index(sha256.hex(), f"{self._book}/document.content")

    def content_context(self, document_id: UUID) -> str:
        """What the chunks of a content are bound to."""
        return self._context("content", document_id)

    def _context(self, column: str, document_id: UUID) -> str:
        return f"{self._book}/document.{column}/{document_id}"
