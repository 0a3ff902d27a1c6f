"""Personal data at rest: field encryption, blind indexes for exact search, and masks for showing.

Fields are sealed under a named key: with AES-256-GCM, or with SM4-GCM (GB/T 32907) where the key says so. A ciphertext names its
algorithm and its key, so that both algorithms open side by side and keys can be rotated while old rows stay readable. The context
(``"member.id_number"``, perhaps with the row's id) is authenticated: a ciphertext moved to another column or row does not open.
Blind indexes are HMAC-SHA256 under a key derived for each context. Nothing here logs.
"""

import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

ERASED: Final = b"\x00"
"""What stands in place of a ciphertext that was destroyed; no format has this number."""
ERASED_TEXT: Final = "erased"
"""What is shown in place of a text that was destroyed 已抹除."""
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_INDEX_KEY_BYTES: Final = 32
_KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


class Algorithm(StrEnum):
    """How a key seals."""

    AES_256_GCM = "aes-256-gcm"
    SM4_GCM = "sm4-gcm"


_FORMATS: Final = {Algorithm.AES_256_GCM: 1, Algorithm.SM4_GCM: 2}
"""A ciphertext's first byte."""
_KEY_BYTES: Final = {Algorithm.AES_256_GCM: 32, Algorithm.SM4_GCM: 16}


class KeyFileError(ValueError):
    """The key ring is missing or not of the documented form. The text names the fault, never a key."""


class DecryptionError(ValueError):
    """A ciphertext cannot be opened: another key, another context, or it was changed."""


class ErasedError(DecryptionError):
    """There is nothing to open any more: the text was destroyed on purpose."""


@dataclass(frozen=True, slots=True, repr=False)
class SealingKey:
    """A key and the algorithm it is for."""

    key: bytes
    algorithm: Algorithm = Algorithm.AES_256_GCM


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """The keys of one service: the one that seals, all that open, and the root of the blind indexes."""

    current: str
    keys: Mapping[str, SealingKey]
    index_key: bytes

    def __post_init__(self) -> None:
        """Refuse a ring that could not seal: unknown current key, short keys, an index key used twice."""
        if self.current not in self.keys:
            raise KeyFileError("the current key is not among the keys")
        for key_id, one in self.keys.items():
            if not _KEY_ID.fullmatch(key_id):
                raise KeyFileError("a key id must be 1 to 32 letters, digits, hyphens or underscores")
            if len(one.key) != _KEY_BYTES[one.algorithm]:
                raise KeyFileError(f"the key {key_id} must have {_KEY_BYTES[one.algorithm]} bytes for {one.algorithm}")
        if len(self.index_key) != _INDEX_KEY_BYTES:
            raise KeyFileError(f"the index key must have {_INDEX_KEY_BYTES} bytes")
        if any(self.index_key == one.key for one in self.keys.values()):
            raise KeyFileError("the index key must not also encrypt")

    def __repr__(self) -> str:
        """Name the keys without showing them."""
        return f"KeyRing(current={self.current!r}, keys={sorted(self.keys)})"

    @classmethod
    def from_file(cls, path: Path) -> "KeyRing":
        """Read a file that holds what `from_text` reads. Raises KeyFileError."""
        try:
            content = path.read_text(encoding="utf-8")
        except OSError as error:
            raise KeyFileError(f"cannot read the key file {path}: {error.strerror}") from None
        except ValueError:
            raise KeyFileError(f"the key file {path} is not JSON") from None
        return cls.from_text(content, f"the key file {path}")

    @classmethod
    def from_text(cls, text: str, origin: str) -> "KeyRing":
        """Read ``{"current": "k1", "keys": {"k1": hex, "k2": {"algorithm": "sm4-gcm", "key": hex}}, "index_key": hex}``.

        A bare key is AES-256-GCM's. `origin` says where the text is from. Raises KeyFileError.
        """
        try:
            content = json.loads(text)
        except ValueError:
            raise KeyFileError(f"{origin} is not JSON") from None
        match content:
            case {"current": str(current), "keys": dict(keys), "index_key": str(index_key)}:
                decoded = {str(key_id): _sealing_key(str(key_id), value) for key_id, value in keys.items()}
                return cls(current, decoded, _key_bytes("index_key", index_key))
            case _:
                raise KeyFileError(f'{origin} must hold "current", "keys" and "index_key"')


class _Aead(Protocol):
    """Authenticated encryption with associated data; `decrypt` raises InvalidTag."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...


class _Sm4Gcm:
    """SM4 in GCM mode with a whole tag behind the ciphertext, as AESGCM lays it out."""

    def __init__(self, key: bytes) -> None:
        self._cipher = SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        encryptor = Cipher(self._cipher, GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        tag = data[-_TAG_BYTES:]
        decryptor = Cipher(self._cipher, GCM(nonce, tag, _TAG_BYTES)).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(data[:-_TAG_BYTES]) + decryptor.finalize()


class FieldCipher:
    """Seals and opens single fields, and computes their blind indexes, with one key ring."""

    def __init__(self, ring: KeyRing) -> None:
        """Prepare the ciphers of every key of the ring."""
        self._ring = ring
        self._ciphers: dict[bytes, _Aead] = {_header(key_id, one): _aead(one) for key_id, one in ring.keys.items()}
        self._index_keys: dict[str, bytes] = {}

    @property
    def current_key(self) -> str:
        """The id of the key that seals."""
        return self._ring.current

    @property
    def current_algorithm(self) -> Algorithm:
        """How the current key seals."""
        return self._ring.keys[self._ring.current].algorithm

    @property
    def current_header(self) -> bytes:
        """The first bytes of every ciphertext of the current key; what begins otherwise is to be sealed anew."""
        return _header(self._ring.current, self._ring.keys[self._ring.current])

    def encrypt(self, plain: str, context: str) -> bytes:
        """Seal a text for a context: format (the algorithm), key id, random 96-bit nonce, ciphertext and tag."""
        return self.encrypt_bytes(plain.encode("utf-8"), context)

    def encrypt_bytes(self, plain: bytes, context: str) -> bytes:
        """Seal bytes for a context, as `encrypt` seals a text."""
        header, nonce = self.current_header, os.urandom(_NONCE_BYTES)
        return header + nonce + self._ciphers[header].encrypt(nonce, plain, header + context.encode("utf-8"))

    def decrypt(self, sealed: bytes, context: str) -> str:
        """Open what `encrypt` sealed for the same context. Raises DecryptionError, and ErasedError for what was destroyed."""
        return self.decrypt_bytes(sealed, context).decode("utf-8")

    def decrypt_bytes(self, sealed: bytes, context: str) -> bytes:
        """Open what `encrypt_bytes` sealed for the same context. Raises as `decrypt`."""
        if sealed == ERASED:
            raise ErasedError("the text was erased")
        header, nonce, ciphertext = _parts(sealed)
        cipher = self._ciphers.get(header)
        if cipher is None:
            raise DecryptionError("the key this was sealed with is not in the key file")
        try:
            return cipher.decrypt(nonce, ciphertext, header + context.encode("utf-8"))
        except InvalidTag:
            raise DecryptionError("the ciphertext does not belong here or was changed") from None

    def needs_resealing(self, sealed: bytes) -> bool:
        """Tell whether a ciphertext was sealed with a key that is no longer the current one."""
        return sealed != ERASED and _parts(sealed)[0] != self.current_header

    def blind_index(self, plain: str, context: str) -> bytes:
        """Return 32 bytes that are equal for equal texts of one context and reveal nothing without the key.

        The text is taken as it is: bring it into its one form first (`common.text.compact`).
        """
        key = self._index_keys.get(context)
        if key is None:
            info = b"fangpin blind index\x00" + context.encode("utf-8")
            key = HKDFExpand(algorithm=SHA256(), length=_INDEX_KEY_BYTES, info=info).derive(self._ring.index_key)
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
    if value == ERASED_TEXT:
        return value
    # Too short to hide anything between the ends: hide it all.
    if len(value) < first + last + 4:
        return "*" * len(value)
    return value[:first] + "*" * (len(value) - first - last) + value[len(value) - last :]


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    header_end = 2 + (sealed[1] if len(sealed) > 1 else 0)
    if len(sealed) < header_end + _NONCE_BYTES + _TAG_BYTES or sealed[0] not in _FORMATS.values():
        raise DecryptionError("not a ciphertext of a known format")
    nonce_end = header_end + _NONCE_BYTES
    return sealed[:header_end], sealed[header_end:nonce_end], sealed[nonce_end:]


def _header(key_id: str, one: SealingKey) -> bytes:
    return bytes([_FORMATS[one.algorithm], len(key_id)]) + key_id.encode("ascii")


def _aead(one: SealingKey) -> _Aead:
    return _Sm4Gcm(one.key) if one.algorithm is Algorithm.SM4_GCM else AESGCM(one.key)


def _sealing_key(key_id: str, value: object) -> SealingKey:
    match value:
        case {"algorithm": str(algorithm), "key": str(key)}:
            try:
                return SealingKey(_key_bytes(key_id, key), Algorithm(algorithm))
            except ValueError as error:
                if isinstance(error, KeyFileError):
                    raise
                known = ", ".join(Algorithm)
                raise KeyFileError(f"the key {key_id} must be for one of: {known}") from None
        case _:
            return SealingKey(_key_bytes(key_id, value))


def _key_bytes(name: str, value: object) -> bytes:
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        raise KeyFileError(f"{name} in the key file must be hexadecimal") from None
