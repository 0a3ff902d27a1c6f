"""A small client of the two services for the demo loader: every write carries a key made of its place in the plan.

Because the keys are fixed, a load that was cut off can simply be started again: what is there already answers as it did the first time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar

import httpx

T = TypeVar("T")

TokenFor = Callable[[str, str], str]
"""From a role and a person to a bearer token for the demo book."""

CONCURRENT = 16
"""Requests under way at once: enough to keep two cores busy, few enough to leave the services responsive."""


class DemoLoadError(RuntimeError):
    """A step of the load was refused; the text names the call and the service's own words."""


class Api:
    """Calls on behalf of demo people. Use as an async context manager."""

    def __init__(self, ledger_url: str, claims_url: str, book: str, token: TokenFor) -> None:
        """Keep where the services are and how to sign in; opens no connection yet."""
        self._base = {"ledger": f"{ledger_url}/v1", "claims": f"{claims_url}/v1"}
        self.book = book
        self._token = token
        self._tokens: dict[tuple[str, str], str] = {}
        self._client = httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=CONCURRENT))

    async def __aenter__(self) -> Self:
        """Open the connections."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _headers(self, who: str, key: str | None) -> dict[str, str]:
        role, _, person = who.partition("/")
        person = person or f"demo-{role}"
        if (role, person) not in self._tokens:
            self._tokens[role, person] = self._token(role, person)
        headers = {"Authorization": f"Bearer {self._tokens[role, person]}", "Accept-Language": "en"}
        return headers | ({"Idempotency-Key": f"demo:{key}"} if key else {})

    async def post(self, service: str, path: str, who: str, key: str, body: Mapping[str, object]) -> dict[str, object]:
        """POST below the book and return the answer's object; anything but a 2xx is a ``DemoLoadError``."""
        root = self._base[service] if path == "/books" else f"{self._base[service]}/books/{self.book}"
        answer = await self._client.post(root + path, json=body, headers=self._headers(who, key))
        return self._object(answer, path)

    async def upload(self, path: str, who: str, key: str, name: str, content: bytes, **query: str) -> dict[str, object]:
        """POST one file to the claims service and return the answer's object."""
        answer = await self._client.post(
            f"{self._base['claims']}/books/{self.book}{path}",
            files={"file": (name, content)},
            params=query,
            headers=self._headers(who, key),
        )
        return self._object(answer, path)

    async def read(self, path: str, who: str, *, given: tuple[str, ...] = ()) -> bytes:
        """GET a page or file of the claims service; nothing where it answers a code of `given`: an earlier load had it."""
        answer = await self._client.get(
            f"{self._base['claims']}/books/{self.book}{path}", headers=self._headers(who, None)
        )
        if answer.status_code == httpx.codes.CONFLICT and answer.json()["code"] in given:
            return b""
        if not answer.is_success:
            message = f"GET {path} answered {answer.status_code}: {answer.text[:500]}"
            raise DemoLoadError(message)
        return answer.content

    async def get(self, service: str, path: str, who: str, **query: str | int) -> dict[str, object]:
        """GET below the book and return the answer's object."""
        answer = await self._client.get(
            f"{self._base[service]}/books/{self.book}{path}", params=query, headers=self._headers(who, None)
        )
        return self._object(answer, path)

    async def exists(self) -> bool:
        """Whether the ledger knows the book."""
        answer = await self._client.get(
            f"{self._base['ledger']}/books/{self.book}", headers=self._headers("admin", None)
        )
        return answer.is_success

    @staticmethod
    def _object(answer: httpx.Response, path: str) -> dict[str, object]:
        if not answer.is_success:
            message = f"{answer.request.method} {path} answered {answer.status_code}: {answer.text[:500]}"
            raise DemoLoadError(message)
        found = answer.json()
        if not isinstance(found, dict):
            message = f"{path} did not answer an object"
            raise DemoLoadError(message)
        return found


async def together(work: Iterable[Awaitable[T]]) -> list[T]:
    """Run independent calls side by side, a bounded number at once, and return their answers in order."""
    gate = asyncio.Semaphore(CONCURRENT)

    async def one(call: Awaitable[T]) -> T:
        async with gate:
            return await call

    return list(await asyncio.gather(*(one(call) for call in work)))
