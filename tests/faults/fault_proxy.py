"""A loopback proxy before a service that hands every answer to the test before it passes it on.

The service has committed by then: a test that kills the caller here kills it between the service's commit and its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

Hook = Callable[[str, httpx.Response], Awaitable[bool]]
"""Gets the idempotency key and the answer; True passes the answer on, False cuts the connection instead."""

HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "host", "keep-alive"}


@dataclass(slots=True)
class FaultProxy:
    """Forwards to `target`; `hook` sees the answers of POSTs."""

    target: str
    hook: Hook | None = None
    port: int = 0
    keys: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where callers find the proxy."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request of one connection."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            lower = {name.lower(): value for name, value in headers.items()}
            body = await reader.readexactly(int(lower.get("content-length", "0")))
            async with httpx.AsyncClient(timeout=30) as client:
                sent = {name: value for name, value in lower.items() if name not in HOP_BY_HOP}
                answer = await client.request(method, f"{self.target}{path}", headers=sent, content=body)
            if await self._may_pass(method, lower.get("idempotency-key", ""), answer):
                writer.write(self._plain(answer))
                await writer.drain()
        except (httpx.HTTPError, asyncio.IncompleteReadError, ConnectionError):
            pass  # the caller sees a cut connection
        finally:
            writer.close()

    async def _may_pass(self, method: str, key: str, answer: httpx.Response) -> bool:
        if method != "POST":
            return True
        self.keys.append(key)
        return self.hook is None or await self.hook(key, answer)

    @staticmethod
    def _plain(answer: httpx.Response) -> bytes:
        lines = [f"HTTP/1.1 {answer.status_code} x", f"Content-Length: {len(answer.content)}", "Connection: close"]
        lines.append(f"Content-Type: {answer.headers['content-type']}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.content


@asynccontextmanager
async def fault_proxy(target: str) -> AsyncIterator[FaultProxy]:
    """A proxy on a free loopback port."""
    proxy = FaultProxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
