"""Personal data at rest: field encryption, blind indexes for exact search, and masks for showing.

Fields are sealed with AES-256-GCM under a named key, so that keys can be rotated while old rows stay readable. The
context (``"member.id_number"``, perhaps with the row's id) is authenticated: a ciphertext moved to another column or
row does not open. Blind indexes are HMAC-SHA256 under a key derived for each context. Nothing here logs.
"""

import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

_FORMAT: Final = 1
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


class KeyFileError(ValueError):
    """The key file is missing or not of the documented form. The text names the fault, never a key."""


class DecryptionError(ValueError):
    """A ciphertext cannot be opened: another key, another context, or it was changed."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """The keys of one service: the one that seals, all that open, and the root of the blind indexes."""

    current: str
    keys: Mapping[str, bytes]
    index_key: bytes

    def __post_init__(self) -> None:
        """Refuse a ring that could not seal: unknown current key, short keys, an index key used twice."""
        if self.current not in self.keys:
            raise KeyFileError("the current key is not among the keys")
        for key_id, key in self.keys.items():
            if not _KEY_ID.fullmatch(key_id):
                raise KeyFileError("a key id must be 1 to 32 letters, digits, hyphens or underscores")
            if len(key) != _KEY_BYTES:
                raise KeyFileError(f"the key {key_id} must have {_KEY_BYTES} bytes")
        if len(self.index_key) != _KEY_BYTES:
            raise KeyFileError(f"the index key must have {_KEY_BYTES} bytes")
        if self.index_key in self.keys.values():
            raise KeyFileError("the index key must not also encrypt")

    def __repr__(self) -> str:
        """Name the keys without showing them."""
        return f"KeyRing(current={self.current!r}, keys={sorted(self.keys)})"

    @classmethod
    def from_file(cls, path: Path) -> "KeyRing":
        """Read ``{"current": "k1", "keys": {"k1": hex}, "index_key": hex}``. Raises KeyFileError."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise KeyFileError(f"cannot read the key file {path}: {error.strerror}") from None
        except ValueError:
            raise KeyFileError(f"the key file {path} is not JSON") from None
        match content:
            case {"current": str(current), "keys": dict(keys), "index_key": str(index_key)}:
                decoded = {str(key_id): _key_bytes(str(key_id), value) for key_id, value in keys.items()}
                return cls(current, decoded, _key_bytes("index_key", index_key))
            case _:
                raise KeyFileError(f'the key file {path} must hold "current", "keys" and "index_key"')


class FieldCipher:
    """Seals and opens single fields, and computes their blind indexes, with one key ring."""

    def __init__(self, ring: KeyRing) -> None:
        """Prepare the ciphers of every key of the ring."""
        self._ring = ring
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}
        self._index_keys: dict[str, bytes] = {}

    def encrypt(self, plain: str, context: str) -> bytes:
        """Seal a text for a context: format, key id, random 96-bit nonce, ciphertext and tag."""
        key_id = self._ring.current
        header = bytes([_FORMAT, len(key_id)]) + key_id.encode("ascii")
        nonce = os.urandom(_NONCE_BYTES)
        return (
            header
            + nonce
            + self._ciphers[key_id].encrypt(nonce, plain.encode("utf-8"), header + context.encode("utf-8"))
        )

    def decrypt(self, sealed: bytes, context: str) -> str:
        """Open what `encrypt` sealed for the same context. Raises DecryptionError."""
        header, nonce, ciphertext = _parts(sealed)
        cipher = self._ciphers.get(header[2:].decode("ascii", "replace"))
        if cipher is None:
            raise DecryptionError("the key this was sealed with is not in the key file")
        try:
            return cipher.decrypt(nonce, ciphertext, header + context.encode("utf-8")).decode("utf-8")
        except InvalidTag:
            raise DecryptionError("the ciphertext does not belong here or was changed") from None

    def needs_resealing(self, sealed: bytes) -> bool:
        """Tell whether a ciphertext was sealed with a key that is no longer the current one."""
        header, _, _ = _parts(sealed)
        return header[2:] != self._ring.current.encode("ascii")

    def blind_index(self, plain: str, context: str) -> bytes:
        """Return 32 bytes that are equal for equal texts of one context and reveal nothing without the key.

        The text is taken as it is: bring it into its one form first (`common.text.compact`).
        """
        key = self._index_keys.get(context)
        if key is None:
            info = b"fangpin blind index\x00" + context.encode("utf-8")
            key = HKDFExpand(algorithm=SHA256(), length=_KEY_BYTES, info=info).derive(self._ring.index_key)
            self._index_keys[context] = key
        return hmac.digest(key, plain.encode("utf-8"), sha256)


def mask_id_number(number: str) -> str:
    """Show an ID number's area and last four characters: ``612424********1234``."""
    return _masked(number, 6, 4)


def mask_phone(number: str) -> str:
    """Show a phone number's first three and last four digits: ``138****5678``."""
    return _masked(number, 3, 4)


def mask_account(number: str) -> str:
    """Show only the last four digits of a bank account: ``***************7890``."""
    return _masked(number, 0, 4)


def _masked(value: str, first: int, last: int) -> str:
    # Too short to hide anything between the ends: hide it all.
    if len(value) < first + last + 4:
        return "*" * len(value)
    return value[:first] + "*" * (len(value) - first - last) + value[len(value) - last :]


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    header_end = 2 + (sealed[1] if len(sealed) > 1 else 0)
    if len(sealed) < header_end + _NONCE_BYTES + _TAG_BYTES or sealed[0] != _FORMAT:
        raise DecryptionError("not a ciphertext of a known format")
    nonce_end = header_end + _NONCE_BYTES
    return sealed[:header_end], sealed[header_end:nonce_end], sealed[nonce_end:]


def _key_bytes(name: str, value: object) -> bytes:
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        raise KeyFileError(f"{name} in the key file must be hexadecimal") from None
