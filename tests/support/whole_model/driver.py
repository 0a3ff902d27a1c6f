"""Does the model's operations over HTTP in a book of its own, and holds each answer against the model."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import asyncpg
import httpx

from deploy.local.issuer import Issuer
from tests.support.whole_model.book import FIRST_MONTH, NOTHING, OK, PROPOSED, Book
from tests.support.whole_model.free import outcome_of_bulk
from tests.support.whole_model.operation import PEOPLE, Ids, Json, Operation, Request, same, tried
from tests.support.whole_model.years import YearEnd

SCOPES = ("ledger:read", "ledger:post", "ledger:approve", "ledger:periods", "ledger:act_for", "books:admin")
REMEMBERED = frozenset({200, 201, 202, 409})


_BALANCES = """SELECT fund, account, budget_year, source, purpose_code, debit_fen - credit_fen AS fen
FROM balance WHERE book = $1"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was answered, to be sent again later."""

    request: Request
    key: str
    status: int
    answer: Json


class Tokens:
    """One token for each person, good for every book: signing one for each call would cost more than the call."""

    def __init__(self, issuer: Issuer) -> None:
        self._tokens = {who: issuer.token("tester", book="*", sub=who, scopes=SCOPES) for who in PEOPLE}

    def headers(self, who: str) -> dict[str, str]:
        """The headers of a person."""
        return {"Authorization": f"Bearer {self._tokens[who]}", "Accept-Language": "en"}


@dataclass(slots=True)
class HttpBook:
    """A book as its people see it, beside the model of it. ``seen`` counts what came of each operation."""

    client: httpx.AsyncClient
    database: asyncpg.Connection[asyncpg.Record]
    tokens: Tokens
    code: str
    seen: Counter[tuple[str, str]]
    model: Book = field(default_factory=Book)
    ids: Ids = field(default_factory=Ids)
    sent: list[Sent] = field(default_factory=list)

    async def open(self) -> None:
        """Open the book."""
        body = {"code": self.code, "name": "账套", "first_period": FIRST_MONTH}
        headers = self.tokens.headers("li") | {"Idempotency-Key": "open"}
        response = await self.client.post("/v1/books", json=body, headers=headers)
        assert response.status_code == 201, response.text

    async def read(self, path: str, **query: object) -> Json:
        """GET what must be answered with 200."""
        url = f"/v1/books/{self.code}{path}"
        said = {name.rstrip("_"): str(value) for name, value in query.items()}
        response = await self.client.get(url, params=said, headers=self.tokens.headers("li"))
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    async def send(self, request: Request, key: str) -> httpx.Response:
        """POST below the book."""
        url = f"/v1/books/{self.code}{request.path}{'?dry_run=true' if request.dry else ''}"
        headers = self.tokens.headers(request.who) | {"Idempotency-Key": key}
        return await self.client.post(url, json=request.body, headers=headers)

    async def do(self, drawn: Operation) -> None:
        """Do an operation to the ledger and to the model; the outcomes must be the same."""
        operation = drawn.bind(self.model)
        if operation is None:
            return
        key = self.ids.fresh_key()
        request, response = await self._asked(operation, key)
        model = tried(self.model) if request.dry else self.model
        expected = operation.apply(model)
        answer: Json = response.json()
        outcome = self._outcome(operation, response, answer)
        assert outcome == expected, f"{operation}: the ledger says {outcome}, the model {expected}\n{response.text}"
        self.seen[operation.counted_as, expected] += 1
        if expected == OK:
            operation.check(model, answer)
        await self.stands_as_told(operation)
        if request.dry:
            assert response.headers.get("Dry-Run", "true") == "true"
            return
        if response.is_success:
            operation.learn(self.ids, answer, model)
            await asyncio.sleep(operation.pause)
        self.sent.append(Sent(request, key, response.status_code, answer))

    async def _asked(self, operation: Operation, key: str) -> tuple[Request, httpx.Response]:
        """Send an operation; once more if what it says about the clock was over before it was decided."""
        while True:
            begun = perf_counter()
            request = operation.request(self.model, self.ids)
            response = await self.send(request, key)
            if response.is_success or not operation.pause or perf_counter() - begun < operation.pause:
                return request, response

    async def stands_as_told(self, about: object) -> None:
        """Hold the chain's head and every balance, by year, source and purpose, against the model: a refusal moves nothing."""
        head = await self.database.fetchrow("SELECT position, seq FROM chain_head WHERE book = $1", self.code)
        assert head is not None
        same((head["position"], head["seq"]), (self.model.records, self.model.seq), about)
        rows = await self.database.fetch(_BALANCES, self.code)
        shown = {tuple(row)[:-1]: row["fen"] for row in rows if row["fen"]}
        same(shown, {key: fen for key, fen in self.model.balances.items() if fen}, about)

    @staticmethod
    def _outcome(operation: Operation, response: httpx.Response, answer: Any) -> str:
        if "results" in answer:
            return outcome_of_bulk(answer) or OK
        if isinstance(operation, YearEnd) and response.status_code == 200:
            assert answer["nothing_left"]
            return NOTHING
        if response.is_success:
            return PROPOSED if response.status_code == 202 else OK
        return str(answer["code"])
