"""How these tests speak to the claims service: invented people, a caller with keys and tokens."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import httpx

from deploy.local.issuer import Issuer

BOOK = "610923"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(area: str = "610923", born: str = "19800101", order: int = 1) -> str:
    """An ID number of nobody, its check digit computed as GB 11643 prescribes."""
    body = f"{area}{born}{order:03d}"
    remainder = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[remainder]


def member(order: int = 1, relation: str = "head", **other: object) -> dict[str, Any]:
    """An invented member."""
    return {"name": f"钱示例{order}", "id_number": id_number(order=order), "relation": relation, **other}


def household(members: Sequence[dict[str, Any]] | None = None, **other: object) -> dict[str, Any]:
    """A household as reported."""
    return {
        "town": "610923100",
        "village": "610923100213",
        "category": "marginal_poverty_prone",
        "members": list(members) if members is not None else [member()],
        "annual_income_fen": 1_000_000,
        "income_year": 2020,
        **other,
    }


def lead(**other: object) -> dict[str, Any]:
    """A lead as reported."""
    return {"channel": "village_sweep", "reason": "收入明显下降", "found_on": "2021-03-01", **other}


class Caller:
    """Calls the claims service as different people."""

    def __init__(self, client: httpx.AsyncClient, issuer: Issuer, book: str = BOOK) -> None:
        self.client = client
        self.issuer = issuer
        self.book = book
        self._numbers = itertools.count(1)

    def headers(self, who: str, **more: str) -> dict[str, str]:
        token = self.issuer.token(who, book=self.book)
        return {"Authorization": f"Bearer {token}", "Accept-Language": "en", **more}

    async def post(
        self, path: str, body: object, *, who: str = "intake", key: str | None = None, book: str | None = None
    ) -> httpx.Response:
        headers = self.headers(who, **{"Idempotency-Key": key or f"test-{next(self._numbers)}"})
        return await self.client.post(f"/v1/books/{book or self.book}{path}", json=body, headers=headers)

    async def get(self, path: str, *, who: str = "intake", **query: str) -> httpx.Response:
        return await self.client.get(f"/v1/books/{self.book}{path}", params=query, headers=self.headers(who))

    async def patch(self, path: str, body: object, *, version: int | None, who: str = "intake") -> httpx.Response:
        more = {} if version is None else {"If-Match": f'"{version}"'}
        return await self.client.patch(f"/v1/books/{self.book}{path}", json=body, headers=self.headers(who, **more))

    async def search(self, body: object) -> httpx.Response:
        path = f"/v1/books/{self.book}/households/search"
        return await self.client.post(path, json=body, headers=self.headers("intake"))

    async def registered(self, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A household that is there."""
        answer = await self.post("/households", body or household())
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def reported(self, **other: object) -> dict[str, Any]:
        """A lead that is there."""
        answer = await self.post("/leads", lead(**other))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def step(
        self, lead_id: str, step: str, done_on: str, *, who: str, outcome: str = "passed", **other: object
    ) -> httpx.Response:
        body = {"step": step, "outcome": outcome, "done_on": done_on, "note": "已核实", **other}
        return await self.post(f"/leads/{lead_id}/steps", body, who=who)


PATH_TO_MONITORED = (
    ("lead_accepted", "2021-03-02", "intake"),
    ("village_town_verification", "2021-03-05", "village"),
    ("joint_review", "2021-03-08", "town"),
    ("county_determination", "2021-03-12", "county"),
    ("registered", "2021-03-15", "county"),
)


async def monitor(caller: Caller, lead_id: str, **registration: Any) -> httpx.Response:
    """Take a lead through its steps up to `registered`; answers the last step's response."""
    answer: httpx.Response | None = None
    for step, day, who in PATH_TO_MONITORED:
        answer = await caller.step(lead_id, step, day, who=who, **(registration if step == "registered" else {}))
        assert answer.status_code == 201 or step == "registered", answer.text
    if answer is None:
        raise AssertionError
    return answer
