"""An S3 server on this machine as a real process (moto's), with one empty bucket: for tests of the S3-compatible store."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import obstore
from obstore.store import S3Store

from deploy.local.child import wait_until
from deploy.local.ports import LOOPBACK, free_port

BUCKET = "papers"
START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class S3Server:
    """The running server."""

    url: str
    process: subprocess.Popen[bytes]

    def bucket_file(self, folder: Path) -> Path:
        """Write what the service is told of the bucket; the server takes any keys."""
        said = {
            "endpoint": self.url,
            "bucket": BUCKET,
            "region": "us-east-1",
            "access_key_id": "test",
            "secret_access_key": "test-secret",
        }
        path = folder / "bucket.json"
        path.write_text(json.dumps(said), encoding="utf-8")
        return path

    def keys(self) -> list[str]:
        """The names of all objects."""
        return [str(one["path"]) for page in obstore.list(self._store()) for one in page]

    def content(self, key: str) -> bytes:
        """An object as it lies there."""
        return bytes(obstore.get(self._store(), key).bytes())

    def replace(self, key: str, content: bytes) -> None:
        """Put another object in its place, as somebody with access to the store could."""
        obstore.put(self._store(), key, content)

    def delete(self, key: str) -> None:
        """Remove an object."""
        obstore.delete(self._store(), key)

    def _store(self) -> S3Store:
        return S3Store(
            BUCKET,
            endpoint=self.url,
            region="us-east-1",
            access_key_id="test",
            secret_access_key="test-secret",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
        )


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Start it; it ends with its block."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = S3Server(f"http://{LOOPBACK}:{port}", process)
    try:
        if not wait_until(lambda: _answers(server.url), START_SECONDS):
            raise RuntimeError("the S3 server did not start")
        httpx.put(f"{server.url}/{BUCKET}").raise_for_status()
        yield server
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/moto-api/", timeout=2).is_success
    except httpx.HTTPError:
        return False
