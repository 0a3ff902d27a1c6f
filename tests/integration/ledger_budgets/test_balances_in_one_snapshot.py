"""Balances and open encumbrances in one answer: they fit each other whatever is posted meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from deploy.local.issuer import Issuer
from ledger.budgets import store
from tests.support.ledger_calls import Json, LedgerCalls

pytestmark = pytest.mark.anyio

ON = "2021-03-09"


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    await calls.made("/funds", code="repair.overhaul", parent="repair", name_zh="大修基金")
    for fund in ("repair", "repair.overhaul", "health"):
        await calls.made(f"/funds/{fund}/receipts", amount_fen=9000, source="county", effective_on="2021-03-01")
        await calls.made(
            f"/funds/{fund}/allotments", amount_fen=9000, fiscal_year=2021, effective_on="2021-03-01", authority="文1"
        )
    return calls


async def encumbered(ledger: LedgerCalls, fund: str, fen: int) -> str:
    body = {"fund": fund, "fiscal_year": 2021, "amount_fen": fen, "purpose": "维修", "effective_on": ON}
    return str((await ledger.made("/encumbrances", **body))["id"])


def figures(fund: Json, account: str) -> tuple[int, int, int]:
    [found] = [one for one in fund["accounts"] if one["account"] == account]
    return found["debit_fen"], found["credit_fen"], found["balance_fen"]


async def test_every_account_shows_debit_and_credit_beside_the_open_encumbrances(ledger: LedgerCalls) -> None:
    own, below = await encumbered(ledger, "repair", 300), await encumbered(ledger, "repair.overhaul", 40)
    await encumbered(ledger, "health", 5)
    await ledger.made(f"/encumbrances/{own}/liquidations", amount_fen=100, effective_on=ON, payee_ref="p")
    shown = await ledger.read("/balances", fund="repair")
    assert shown["as_of_seq"] == (await ledger.read("/chain"))["seq"]
    assert [one["fund"] for one in shown["funds"]] == ["repair", "repair.overhaul"]
    repair, overhaul = shown["funds"]
    assert figures(repair, "encumbered") == (100, 300, -200)
    assert figures(repair, "available") == (300, 9000, -8700)
    assert figures(repair, "1002") == (9000, 100, 8900)
    assert (repair["encumbered_fen"], repair["remaining_fen"], repair["available_fen"]) == (200, 200, 8700)
    assert (overhaul["encumbered_fen"], overhaul["open_encumbrances"]) == (40, 1)
    assert [(one["id"], one["remaining_fen"]) for one in shown["encumbrances"]] == [(own, 200), (below, 40)]
    first = await ledger.read("/balances", fund="repair", limit=1)
    assert [one["id"] for one in first["encumbrances"]] == [own]
    second = await ledger.read("/balances", fund="repair", limit=1, cursor=first["next_cursor"])
    assert [one["id"] for one in second["encumbrances"]] == [below]
    assert second["next_cursor"] is None
    assert {one["fund"] for one in (await ledger.read("/balances"))["funds"]} >= {"repair", "health", "industry"}
    for query, status in (({"fund": "nowhere"}, 404), ({"cursor": "x"}, 422), ({"limit": 10_001}, 422)):
        assert (await ledger.get("/balances", **query)).status_code == status


@pytest.mark.parametrize("read", ["fund_sums", "account_sums", "with_a_remainder"])
async def test_what_is_posted_between_two_reads_of_an_answer_is_in_none_of_them(
    ledger: LedgerCalls, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    first = await encumbered(ledger, "repair", 300)
    before = (await ledger.read("/chain"))["seq"]
    really = getattr(store, read)

    async def posted_first(*given: Any, **named: Any) -> Any:
        await encumbered(ledger, "repair", 7)
        return await really(*given, **named)

    monkeypatch.setattr(store, read, posted_first)
    shown = await ledger.read("/balances", fund="repair")
    assert (await ledger.read("/chain"))["seq"] == before + 1
    assert shown["as_of_seq"] == before
    assert [one["id"] for one in shown["encumbrances"]] == [first]
    [repair] = [one for one in shown["funds"] if one["fund"] == "repair"]
    assert (repair["remaining_fen"], repair["encumbered_fen"], repair["available_fen"]) == (300, 300, 8700)
    assert figures(repair, "encumbered") == (0, 300, -300)


async def test_remainders_equal_what_is_encumbered_in_every_answer_under_load(ledger: LedgerCalls) -> None:
    stop = asyncio.Event()

    async def work(number: int) -> int:
        fund, done = ("repair", "repair.overhaul")[number % 2], 0
        while not stop.is_set():
            one = await encumbered(ledger, fund, 10 + number)
            await ledger.made(f"/encumbrances/{one}/liquidations", amount_fen=3, effective_on=ON, payee_ref="p")
            if done % 2:
                await ledger.made(f"/encumbrances/{one}/release", effective_on=ON)
            done += 1
        return done

    workers = [asyncio.create_task(work(number)) for number in range(4)]
    answers: list[Any] = []
    try:
        while len({one["as_of_seq"] for one in answers}) < 12:
            answers.append(await ledger.read("/balances", fund="repair", limit=10_000))
    finally:
        stop.set()
    assert sum(await asyncio.gather(*workers)) > 0
    for answer in answers:
        of_fund: dict[str, int] = {}
        for one in answer["encumbrances"]:
            of_fund[one["fund"]] = of_fund.get(one["fund"], 0) + one["remaining_fen"]
        for fund in answer["funds"]:
            assert of_fund.get(fund["fund"], 0) == fund["remaining_fen"] == fund["encumbered_fen"]
            debit, credit, _ = figures(fund, "encumbered") if fund["encumbered_fen"] else (0, 0, 0)
            assert credit - debit == fund["encumbered_fen"]
