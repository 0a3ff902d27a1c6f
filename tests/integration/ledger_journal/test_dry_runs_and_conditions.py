"""What a dry run refuses it says as one and forgets; conditions are met to the fen and to the entry, one winner among many."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from deploy.local.issuer import Issuer
from tests.support.ledger_calls import BOOK, Json, LedgerCalls

pytestmark = pytest.mark.anyio

ON = "2021-03-05"
PAYMENT: Json = {"amount_fen": 600, "effective_on": ON, "payee_ref": "p-1", "purpose": "测试"}


class Calls(LedgerCalls):
    """The ledger's calls with a query."""

    async def ask(
        self, path: str, body: Json, *, key: str | None = None, dry: bool = False, who: str = "officer"
    ) -> httpx.Response:
        headers = self.headers(who) | {"Idempotency-Key": key or f"ask-{next(self._keys)}"}
        return await self.client.post(path, json=body, params={"dry_run": "true"} if dry else None, headers=headers)

    async def pay(self, key: str | None = None, *, dry: bool = False, **changes: Any) -> httpx.Response:
        return await self.ask(f"/v1/books/{BOOK}/funds/health/payments", PAYMENT | changes, key=key, dry=dry)


@pytest.fixture
async def calls(ledger_client: httpx.AsyncClient, issuer: Issuer) -> Calls:
    made = Calls(ledger_client, issuer)
    assert (await made.open_book()).status_code == 201
    await made.made("/funds/health/receipts", amount_fen=10_000, source="county", effective_on=ON)
    await made.made("/funds/health/allotments", amount_fen=1_000, fiscal_year=2021, effective_on=ON, authority="文1")
    return made


def outcome(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    code = None if answer.is_success else answer.json()["code"]
    return answer.status_code, code, answer.headers.get("Dry-Run")


async def test_a_refused_dry_run_says_so_and_keeps_the_key_free(calls: Calls) -> None:
    assert outcome(await calls.pay("k", dry=True, amount_fen=1_001)) == (409, "insufficient_funds", "true")
    assert outcome(await calls.pay("k", dry=True, source="city")) == (409, "insufficient_funds", "true")
    missing = await calls.ask(f"/v1/books/{BOOK}/funds/nofund/payments", PAYMENT, key="k", dry=True)
    assert outcome(missing) == (404, "not_found", "true")
    assert outcome(await calls.pay("k", dry=True, if_seq=999)) == (412, "precondition_failed", "true")
    assert outcome(await calls.pay("k")) == (201, None, None)
    # Another request under a key that is taken is refused, tried or not.
    assert outcome(await calls.pay("k", dry=True, amount_fen=1)) == (409, "idempotency_key_reused", "true")
    # A remembered refusal is what a dry run under its key answers.
    assert outcome(await calls.pay("no", amount_fen=5_000)) == (409, "insufficient_funds", None)
    again = await calls.pay("no", dry=True, amount_fen=5_000)
    assert outcome(again) == (409, "insufficient_funds", "true")
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_a_book_is_tried_before_it_is_opened(calls: Calls) -> None:
    wish = {"code": "610922", "name": "测试账套", "first_period": "2026-01"}
    other = Calls(calls.client, calls.issuer, "610922")
    tried = await other.ask("/v1/books", wish, key="b", dry=True, who="admin")
    assert outcome(tried) == (201, None, "true")
    assert len(tried.json()["funds"]) == 7
    assert (await other.get("")).status_code == 404
    assert outcome(await other.ask("/v1/books", wish, key="b", who="admin")) == (201, None, None)
    exists = await other.ask("/v1/books", wish, key="c", dry=True, who="admin")
    assert outcome(exists) == (409, "book_exists", "true")
    assert outcome(await other.ask("/v1/books", wish, key="c", who="admin")) == (409, "book_exists", None)


async def test_available_is_asked_to_the_fen(calls: Calls) -> None:
    assert outcome(await calls.pay(if_available_at_least_fen=1_001)) == (412, "precondition_failed", None)
    assert outcome(await calls.pay(if_available_at_least_fen=1_000)) == (201, None, None)
    unmet = (await calls.pay(amount_fen=1, if_available_at_least_fen=401)).json()
    assert (unmet["fund"], unmet["fiscal_year"], unmet["available_fen"]) == ("health", 2021, 400)


async def test_available_is_asked_of_the_fund_an_encumbrance_or_an_entry_belongs_to(calls: Calls) -> None:
    """What names no fund in its body asks that of what it is about; all of these stand at 300 when they are asked."""
    await calls.made("/funds/repair/receipts", amount_fen=9_000, source="county", effective_on=ON)
    await calls.made("/funds/repair/allotments", amount_fen=9_000, fiscal_year=2021, effective_on=ON, authority="文2")
    held = await calls.made(
        "/encumbrances", fund="health", fiscal_year=2021, amount_fen=700, purpose="测试", effective_on=ON
    )
    lines = [("health", "1218", "debit", 5), ("health", "2307", "credit", 5)]
    entry = await calls.entry(ON, *lines)
    asked: dict[str, Json] = {
        f"/encumbrances/{held['id']}/liquidations": {"amount_fen": 1, "effective_on": ON, "payee_ref": "p"},
        f"/journal-entries/{entry['id']}/reversal": {"effective_on": ON, "reason": "测试"},
    }
    for path, body in asked.items():
        unmet = await calls.post(path, body | {"if_available_at_least_fen": 301})
        assert (unmet.status_code, unmet.json()["fund"], unmet.json()["available_fen"]) == (412, "health", 300)
        assert (await calls.post(path, body | {"if_available_at_least_fen": 300})).status_code == 201


async def test_a_settlement_asks_the_fund_that_owes(calls: Calls) -> None:
    people = {"sub": "svc", "scopes": ["ledger:post", "ledger:act_for"]}
    headers = calls.headers("officer", **people) | {"Idempotency-Key": "t"}
    wish = {
        "from_fund": "health",
        "to_fund": "repair",
        "amount_fen": 100,
        "fiscal_year": 2021,
        "settled_by": "due",
        "authority": "文2",
        "reason": "测试",
        "effective_on": ON,
        "prepared_by": "li",
        "reviewed_by": "wang",
    }
    moved = await calls.client.post(f"/v1/books/{BOOK}/fund-transfers", json=wish, headers=headers)
    assert moved.status_code == 201, moved.text
    settle = {"item": moved.json()["item"], "amount_fen": 100, "effective_on": ON}
    unmet = await calls.post("/fund-transfers/settlements", settle | {"if_available_at_least_fen": 901})
    assert (unmet.status_code, unmet.json()["fund"], unmet.json()["available_fen"]) == (412, "health", 900)
    met = await calls.post("/fund-transfers/settlements", settle | {"if_available_at_least_fen": 900})
    assert met.status_code == 201, met.text


async def test_of_many_who_saw_the_same_book_one_posts(calls: Calls) -> None:
    seq = int((await calls.read("/chain"))["seq"])
    answers = await asyncio.gather(*(calls.pay(amount_fen=1, if_seq=seq) for _ in range(12)))
    assert sorted(outcome(one)[:2] for one in answers) == [(201, None), *[(412, "precondition_failed")] * 11]
    assert int((await calls.read("/chain"))["seq"]) == seq + 1
