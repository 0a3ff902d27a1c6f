"""A loopback proxy before a service that hands every request and answer to the test before it passes them on.

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

Before = Callable[[str], Awaitable[int]]
"""Gets the idempotency key and may wait; answers how often the request is passed on: 0 cuts it off, 2 doubles it at once, -1 passes it
on and once more later, when others have overtaken it."""

LATER_SECONDS = 1.5
HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "host", "keep-alive"}


@dataclass(slots=True)
class FaultProxy:
    """Forwards to `target`; `before` sees the POSTs, `hook` their answers."""

    target: str
    hook: Hook | None = None
    before: Before | None = None
    port: int = 0
    late: set[asyncio.Task[object]] = field(default_factory=set)
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
            sent = {name: value for name, value in lower.items() if name not in HOP_BY_HOP}
            request = httpx.Request(method, f"{self.target}{path}", headers=sent, content=body)
            times = 1
            if method == "POST" and self.before is not None:
                times = await self.before(lower.get("idempotency-key", ""))
            if times == 0:
                return
            if times < 0:
                task = asyncio.create_task(self._later(request))
                self.late.add(task)
                task.add_done_callback(self.late.discard)
            answers = await asyncio.gather(*(_send(request) for _ in range(max(times, 1))), return_exceptions=True)
            answer = answers[0]
            if isinstance(answer, BaseException):
                raise answer
            if await self._may_pass(method, lower.get("idempotency-key", ""), answer):
                writer.write(self._plain(answer))
                await writer.drain()
        except (httpx.HTTPError, asyncio.IncompleteReadError, ConnectionError):
            pass  # the caller sees a cut connection
        finally:
            writer.close()

    async def _later(self, request: httpx.Request) -> object:
        await asyncio.sleep(LATER_SECONDS)
        try:
            return await _send(request)
        except httpx.HTTPError:
            return None  # the service is away; the doubled request is lost

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


async def _send(request: httpx.Request) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30) as client:
        return await client.send(request)


@asynccontextmanager
async def fault_proxy(target: str) -> AsyncIterator[FaultProxy]:
    """A proxy on a free loopback port."""
    proxy = FaultProxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
