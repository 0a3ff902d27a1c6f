"""Load on a ledger that is killed: every wish is sent under its own key until it is answered, and everything is counted.

A wish is *unanswered* when the request left and no answer came back. Then nobody but the ledger knows whether it was done; the
only thing a client can do is send it again under the same key.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

Json = dict[str, Any]

DAY: Final = "2021-03-02"
PLENTY_FEN: Final = 10**12
FUNDS: Final = ("insurance", "health", "repair", "industry", "safety_net")
BULK_ENTRIES: Final = 120
PAUSE_SECONDS: Final = 0.05
# A refused connection or one that was never made carried nothing: that request is not unanswered, it was not asked.
NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(slots=True)
class Kill:
    """What one kill left behind."""

    in_flight: int = 0
    """Requests sent and not answered in the moment before the kill."""
    unanswered: int = 0
    """Requests that never got their answer and were sent again under their key."""
    found_posted: int = 0
    """Of those, how many the ledger had committed before it could say so."""


@dataclass(slots=True)
class Load:
    """Clients that post without pause into one book, and what they were told."""

    client: httpx.AsyncClient
    book: str
    chance: random.Random
    kills: list[Kill] = field(default_factory=lambda: [Kill()])
    """The first counts what no kill explains."""
    entries: dict[str, Json] = field(default_factory=dict)
    """Acknowledged entries by their key: id, seq, voucher_number, hash."""
    refused: Counter[int] = field(default_factory=Counter)
    """Answers 503 by kill; each must name a time to come back."""
    in_flight: set[str] = field(default_factory=set)
    stopping: bool = False
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def found(self, admin: httpx.AsyncClient) -> None:
        """Open the book and give its funds more money than the load can spend."""
        book = {"code": self.book, "name": "测试账套", "first_period": "2021-01"}
        made = await admin.post("/v1/books", json=book, headers={"Idempotency-Key": f"book-{self.book}"})
        assert made.status_code == 201, made.text
        for fund in FUNDS:
            money = {"amount_fen": PLENTY_FEN, "effective_on": DAY}
            await self.entry("setup", f"/funds/{fund}/receipts", money | {"source": "county"})
            allotted = money | {"fiscal_year": 2021, "authority": "测试文号"}
            await self.entry("setup", f"/funds/{fund}/allotments", allotted)

    @asynccontextmanager
    async def running(self, clients: int) -> AsyncIterator[None]:
        """Post with so many clients at once, one of them in bulk; when left, every wish is brought to its answer."""
        async with asyncio.TaskGroup() as group:
            for _ in range(clients - 1):
                group.create_task(self._single_entries())
            group.create_task(self._bulk_calls())
            try:
                yield
            finally:
                self.stopping = True

    def about_to_kill(self) -> Kill:
        """Count what is under way; what is lost from now on is this kill's."""
        self.kills.append(Kill(in_flight=len(self.in_flight)))
        return self.kills[-1]

    async def grown_by(self, entries: int) -> None:
        """Wait until so many more entries were acknowledged."""
        goal = len(self.entries) + entries
        async with asyncio.timeout(60):
            while len(self.entries) < goal:  # noqa: ASYNC110 - counted in many places
                await asyncio.sleep(PAUSE_SECONDS / 5)

    async def entry(self, kind: str, path: str, body: Json) -> Json:
        """Post one entry and return the answer, however often it takes."""
        key = f"{kind}-{next(self._numbers):06d}"
        answer = await self._answered(key, path, body | {"reference": key})
        self.entries[key] = answer.get("entry", answer)
        return answer

    async def _single_entries(self) -> None:
        while not self.stopping:
            choice = self.chance.choices(
                (self._free, self._payment, self._receipt, self._two_phases), weights=(4, 3, 1, 2)
            )[0]
            await choice(self.chance.choice(FUNDS))

    async def _free(self, fund: str) -> None:
        await self.entry("free", "/journal-entries", self._accrual(fund))

    async def _payment(self, fund: str) -> None:
        body = {"amount_fen": self._fen(), "effective_on": DAY, "payee_ref": "vendor-1", "purpose": "印刷费"}
        await self.entry("payment", f"/funds/{fund}/payments", body)

    async def _receipt(self, fund: str) -> None:
        body = {"amount_fen": self._fen(), "effective_on": DAY, "source": self.chance.choice(("county", "donation"))}
        await self.entry("receipt", f"/funds/{fund}/receipts", body)

    async def _two_phases(self, fund: str) -> None:
        """An encumbrance, paid in part; half of them then release the rest."""
        amount = self._fen()
        wish = {"fund": fund, "fiscal_year": 2021, "amount_fen": amount, "purpose": "救助发放", "effective_on": DAY}
        opened = await self.entry("encumber", "/encumbrances", wish)
        paid = {"amount_fen": amount // 3, "effective_on": DAY, "payee_ref": "household-1"}
        await self.entry("liquidate", f"/encumbrances/{opened['id']}/liquidations", paid)
        if self.chance.random() < 0.5:
            await self.entry("release", f"/encumbrances/{opened['id']}/release", {"effective_on": DAY})

    async def _bulk_calls(self) -> None:
        while not self.stopping:
            call = next(self._numbers)
            keys = [f"bulk-{call:06d}-{item}" for item in range(BULK_ENTRIES)]
            items = [
                self._accrual(self.chance.choice(FUNDS)) | {"idempotency_key": key, "reference": key} for key in keys
            ]
            answer = await self._answered(f"bulk-{call:06d}", "/journal-entries/bulk", {"entries": items})
            for key, result in zip(keys, answer["results"], strict=True):
                assert result["status"] in {"posted", "replayed"}, result
                self.entries[key] = result["entry"]

    async def _answered(self, key: str, path: str, body: Json) -> Json:
        """Send until a 200 or 201 comes back."""
        lost: Kill | None = None
        while True:
            self.in_flight.add(key)
            try:
                answer = await self.client.post(
                    f"/v1/books/{self.book}{path}", json=body, headers={"Idempotency-Key": key}
                )
            except NEVER_SENT:
                answer = None
            except httpx.TransportError:
                answer = None
                lost = self.kills[-1]
                lost.unanswered += 1
            finally:
                self.in_flight.discard(key)
            if answer is not None and answer.status_code != 503:
                break
            if answer is not None:
                assert int(answer.headers["Retry-After"]) > 0
                self.refused[len(self.kills) - 1] += 1
            await asyncio.sleep(PAUSE_SECONDS)
        assert answer.status_code in {200, 201}, f"{path}: {answer.status_code} {answer.text}"
        found: Json = answer.json()
        if lost is not None and _had_been_done(answer, found):
            lost.found_posted += 1
        return found

    def _accrual(self, fund: str) -> Json:
        fen = self._fen()
        sides = (("1218", "debit"), ("2307", "credit"))
        lines = [{"fund": fund, "account": account, "side": side, "amount_fen": fen} for account, side in sides]
        return {"effective_on": DAY, "description": "手工凭证", "postings": lines}

    def _fen(self) -> int:
        return self.chance.randint(3, 100_000)


def _had_been_done(answer: httpx.Response, body: Json) -> bool:
    replayed = any(result["status"] == "replayed" for result in body.get("results", ()))
    return replayed or answer.headers.get("Idempotent-Replayed") == "true"
