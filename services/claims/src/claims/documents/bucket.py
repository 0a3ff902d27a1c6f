"""Contents in an S3-compatible store (MinIO, Ceph, a cloud's), by setting. The store sees sealed bytes and keyed names only.

Spoken through obstore, the Python face of Rust's object_store: it retries, sends large contents in parts that appear as one object or
not at all, and streams.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from claims.documents.contents import ContentMissingError
from common.errors import unavailable
from common.logging import get_logger

log = get_logger(__name__)

_PIECE: Final = 256 * 1024
_ANSWER: Final = timedelta(seconds=30)
_RETRIES: Final = 3
_RETRY_FOR: Final = timedelta(seconds=20)


class BucketFileError(ValueError):
    """The bucket file is missing or not of the documented form. The text names the fault, never a key."""


@dataclass(frozen=True, slots=True, repr=False)
class Bucket:
    """Where the bucket is, and who we are there."""

    endpoint: str
    bucket: str
    region: str
    access_key_id: str
    secret_access_key: str

    @classmethod
    def from_file(cls, path: Path) -> Bucket:
        """Read ``{"endpoint", "bucket", "region", "access_key_id", "secret_access_key"}``. Raises BucketFileError."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BucketFileError(f"cannot read the bucket file {path}: {error.strerror}") from None
        except ValueError:
            raise BucketFileError(f"the bucket file {path} is not JSON") from None
        names = ("endpoint", "bucket", "region", "access_key_id", "secret_access_key")
        if not isinstance(content, dict) or content.keys() != set(names):
            raise BucketFileError(f"the bucket file {path} must hold exactly {', '.join(names)}")
        values = [content[name] for name in names]
        if not all(isinstance(value, str) and value for value in values):
            raise BucketFileError(f"everything in the bucket file {path} must be a text")
        if not content["endpoint"].startswith(("https://", "http://")):
            raise BucketFileError(f"the endpoint in the bucket file {path} must start with https:// (or http://)")
        return cls(*values)


class BucketStore:
    """Keeps contents as objects of one bucket, which must exist."""

    def __init__(self, bucket: Bucket) -> None:
        """Nothing is connected yet."""
        self._store = S3Store(
            bucket.bucket,
            endpoint=bucket.endpoint,
            region=bucket.region,
            access_key_id=bucket.access_key_id,
            secret_access_key=bucket.secret_access_key,
            virtual_hosted_style_request=False,
            client_options={"allow_http": bucket.endpoint.startswith("http://"), "timeout": _ANSWER},
            retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY_FOR},
        )

    async def put(self, name: str, spooled: Path) -> None:
        """Send a spooled file; the object is there whole, or not."""
        with _available():
            await obstore.put_async(self._store, name, spooled)

    @asynccontextmanager
    async def read(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a content. Raises ContentMissingError."""
        with _available():
            try:
                found = await obstore.get_async(self._store, name)
            except FileNotFoundError:
                raise ContentMissingError from None

        async def pieces() -> AsyncIterator[bytes]:
            with _available():
                async for piece in found.stream(min_chunk_size=_PIECE):
                    yield bytes(piece)

        yield pieces()

    async def remove(self, name: str) -> None:
        """Delete an object; one that is not there is deleted already."""
        with _available():
            try:
                await obstore.delete_async(self._store, name)
            except FileNotFoundError:
                return

    async def check(self) -> None:
        """Raise ``unavailable`` unless the bucket answers."""
        with _available():
            await obstore.list_with_delimiter_async(self._store, prefix="check")


@contextmanager
def _available() -> Iterator[None]:
    """Turn what the store cannot do now into ``unavailable``. Its texts are not logged: they hold addresses and headers."""
    try:
        yield
    except (BaseError, OSError) as error:
        log.warning("document_store_unavailable", error=type(error).__name__)
        raise unavailable() from None
