"""Past days below zero: a back-dated entry may make them, and they are listed with the entry that did."""

import random
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from common.paging import encode_cursor
from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.random_book import RandomBook, Raw, raw_postings
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

SEED = 20_211_127
NORMAL = {"1002": "debit", "available": "credit", "encumbered": "credit"}
Day = tuple[str, str, int, str, str, date]


@pytest.fixture
def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    return LedgerCalls(ledger_client, issuer)


async def received(ledger: LedgerCalls, fund: str, fen: int, day: str, source: str = "county") -> Json:
    return await ledger.made(f"/funds/{fund}/receipts", amount_fen=fen, source=source, effective_on=day)


async def allotted(ledger: LedgerCalls, fund: str, fen: int, day: str) -> Json:
    body = {"amount_fen": fen, "fiscal_year": 2021, "effective_on": day, "authority": "文1"}
    return await ledger.made(f"/funds/{fund}/allotments", **body)


async def paid(ledger: LedgerCalls, fund: str, fen: int, day: str, **more: object) -> Json:
    body = {"amount_fen": fen, "effective_on": day, "payee_ref": "p", "purpose": "维修", "source": "county"} | more
    return await ledger.made(f"/funds/{fund}/payments", **body)


async def test_a_payment_dated_before_its_money_is_allowed_and_its_days_are_listed(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    await allotted(ledger, "health", 1000, "2021-03-01")
    await received(ledger, "health", 1000, "2021-03-10")
    nothing = await ledger.read("/reports/negative-days")
    assert (nothing["items"], nothing["next_cursor"], nothing["seq"]) == ([], None, 2)
    early = await paid(ledger, "health", 300, "2021-03-05")
    assert (await ledger.read("/reports/balance", fund="health", account="1002"))["balance_fen"] == 700
    shown = await ledger.read("/reports/negative-days")
    [item] = shown["items"]
    assert shown["seq"] == 3
    [entry] = item.pop("made_by")
    assert item == {
        "fund": "health",
        "account": "1002",
        "name_zh": "银行存款",
        "name_en": "Bank deposits",
        "budget_year": None,
        "source": "county",
        "purpose": None,
        "first_day": "2021-03-05",
        "last_day": "2021-03-09",
        "lowest_balance_fen": -300,
        "lowest_on": "2021-03-05",
    }
    assert (entry["seq"], entry["id"], entry["kind"], entry["effective_on"]) == (
        3,
        early["id"],
        "payment",
        "2021-03-05",
    )
    day_before = await ledger.read("/reports/balance", fund="health", account="1002", as_of="2021-03-09")
    assert day_before["balance_fen"] == -300
    # A receipt found later, dated in time, takes the days off the list.
    await received(ledger, "health", 300, "2021-03-04")
    assert (await ledger.read("/reports/negative-days"))["items"] == []


async def test_budget_reserved_before_it_was_allotted_is_listed_by_year_and_purpose(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    await ledger.made("/purposes", fund="health", code="drugs", name_zh="药品", kinds=[], sources=[])
    body = {
        "amount_fen": 500,
        "fiscal_year": 2021,
        "effective_on": "2021-04-10",
        "authority": "文1",
        "purpose_code": "drugs",
    }
    await ledger.made("/funds/health/allotments", **body)
    held = {"fund": "health", "fiscal_year": 2021, "amount_fen": 200, "purpose": "采购", "purpose_code": "drugs"}
    await ledger.made("/encumbrances", **held, effective_on="2021-04-08")
    [item] = (await ledger.read("/reports/negative-days"))["items"]
    place = (item["account"], item["budget_year"], item["source"], item["purpose"], item["first_day"], item["last_day"])
    assert place == ("available", 2021, None, "drugs", "2021-04-08", "2021-04-09")
    assert item["lowest_balance_fen"] == -200


async def test_filters_and_pages(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    await ledger.made("/funds", code="repair.water", parent="repair", name_zh="饮水")
    for fund in ("repair", "repair.water", "health"):
        await allotted(ledger, fund, 1000, "2021-03-01")
        for month in ("03", "04"):
            await received(ledger, fund, 100, f"2021-{month}-10")
    for fund in ("repair", "repair.water", "health"):
        await paid(ledger, fund, 50, "2021-03-05")
        await paid(ledger, fund, 100, "2021-04-05")
        await paid(ledger, fund, 1, "2021-02-25")
    whole = (await ledger.read("/reports/negative-days"))["items"]
    # Each fund: cash in two stretches, the first from the end of February; available on the days before the allotment.
    assert [(item["fund"], item["account"], item["first_day"], item["last_day"]) for item in whole] == [
        (fund, account, first, last)
        for fund in ("health", "repair", "repair.water")
        for account, first, last in (
            ("1002", "2021-02-25", "2021-03-09"),
            ("1002", "2021-04-05", "2021-04-09"),
            ("available", "2021-02-25", "2021-02-28"),
        )
    ]
    below = (await ledger.read("/reports/negative-days", fund="repair"))["items"]
    assert below == [item for item in whole if item["fund"].startswith("repair")]
    own = (await ledger.read("/reports/negative-days", fund="repair.water", account="available"))["items"]
    assert own == [whole[-1]]
    for limit in (1, 2, 4, 8, 9):
        paged: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            page = await ledger.read("/reports/negative-days", limit=limit, **cursor)
            paged += page["items"]
            assert len(page["items"]) <= limit
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert paged == whole, limit


async def test_what_cannot_be_asked_is_refused(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    for query, status, field in (
        ({"fund": "nowhere"}, 404, "fund"),
        ({"account": "9999"}, 404, "account"),
        ({"account": "5001"}, 422, "account"),
        ({"cursor": "x"}, 422, "cursor"),
        ({"cursor": encode_cursor("health", "1002", 0, "", "", "2021-03-01")}, 200, None),
        ({"cursor": encode_cursor("health", "1002", 2**40, "", "", "2021-03-01")}, 422, "cursor"),
        ({"cursor": encode_cursor("health", "1002", -1, "", "", "2021-03-01")}, 422, "cursor"),
        ({"cursor": encode_cursor("\x00", "1002", 0, "", "", "2021-03-01")}, 422, "cursor"),
        ({"as_of": "2021-03-01"}, 422, "as_of"),
    ):
        answer = await ledger.get("/reports/negative-days", **query)
        assert (answer.status_code, answer.json().get("field")) == (status, field), (query, answer.text)


def expected_days(rows: list[Raw]) -> dict[Day, tuple[int, int]]:
    """Every day below zero by its key, with the balance at its end and the entry that took it there for good."""
    of_key: dict[tuple[str, str, int, str, str], list[Raw]] = defaultdict(list)
    for row in rows:
        if row.account in NORMAL:
            of_key[row.fund, row.account, row.budget_year, row.source, row.purpose].append(row)
    found: dict[Day, tuple[int, int]] = {}
    for key, own in of_key.items():
        day = min(row.day for row in own)
        while day <= max(row.day for row in own):
            stood: dict[int, int] = {0: 0}
            for row in own:
                if row.day <= day:
                    fen = row.fen if row.side == NORMAL[row.account] else -row.fen
                    stood[row.seq] = stood[max(stood)] + fen
            if stood[max(stood)] < 0:
                last_fine = max(seq for seq, fen in stood.items() if fen >= 0)
                found[*key, day] = (stood[max(stood)], min(seq for seq in stood if seq > last_fine))
            day += timedelta(days=1)
    return found


@pytest.mark.timeout(300)
async def test_after_random_backdating_exactly_the_days_below_zero_are_listed(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    book = RandomBook(ledger, random.Random(SEED))
    await book.found()
    await book.act(300)
    expected = expected_days(raw_postings(postgres, ledger_database))
    assert len({key[:5] for key in expected}) > 5, SEED
    shown: dict[Day, Any] = {}
    for item in (await ledger.read("/reports/negative-days", limit=1000))["items"]:
        key = (item["fund"], item["account"], item["budget_year"] or 0, item["source"] or "", item["purpose"] or "")
        first, last = date.fromisoformat(item["first_day"]), date.fromisoformat(item["last_day"])
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        stood = {day: expected[*key, day] for day in days}
        assert item["lowest_balance_fen"] == min(fen for fen, _ in stood.values()), (SEED, item)
        assert stood[date.fromisoformat(item["lowest_on"])][0] == item["lowest_balance_fen"], (SEED, item)
        assert [one["seq"] for one in item["made_by"]] == sorted({seq for _, seq in stood.values()}), (SEED, item)
        shown.update({(*key, day): item for day in days})
    assert shown.keys() == expected.keys(), SEED
