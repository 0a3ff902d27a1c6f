"""Balances and open encumbrances as of any day and at any seq: what was answered then, and what raw postings say."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from common.dates import today_in_shanghai
from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.random_book import RandomBook, Raw, raw_postings
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

SEED = 20_211_126
ON = "2021-03-09"


@pytest.fixture
def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    return LedgerCalls(ledger_client, issuer)


async def fund_with_budget(ledger: LedgerCalls) -> None:
    assert (await ledger.open_book()).status_code == 201
    await ledger.made("/funds/repair/receipts", amount_fen=9000, source="county", effective_on="2021-03-01")
    body = {"amount_fen": 9000, "fiscal_year": 2021, "effective_on": "2021-03-01", "authority": "文1"}
    await ledger.made("/funds/repair/allotments", **body)


async def encumbered(ledger: LedgerCalls, fen: int, on: str = ON, **more: object) -> str:
    body = {"fund": "repair", "fiscal_year": 2021, "amount_fen": fen, "purpose": "维修", "effective_on": on} | more
    return str((await ledger.made("/encumbrances", **body))["id"])


async def everything(ledger: LedgerCalls, **moment: object) -> Json:
    return await ledger.read("/balances", limit=10_000, **moment)


@pytest.mark.timeout(300)
async def test_what_was_answered_then_is_answered_at_that_seq_and_raw_postings_agree_on_every_day(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    chance = random.Random(SEED)
    book = RandomBook(ledger, chance)
    await book.found()
    told: list[Json] = []
    for _ in range(30):
        await book.act(8)
        told.append(await everything(ledger))
    assert sum(len(one["encumbrances"]) for one in told) > 200, SEED
    for one in told:
        assert await everything(ledger, at_seq=one["as_of_seq"]) == one, (SEED, one["as_of_seq"])
    assert await everything(ledger, as_of=today_in_shanghai(), at_seq=told[-1]["as_of_seq"]) == told[-1]

    rows = raw_postings(postgres, ledger_database)
    for _ in range(60):
        day = date(2021, 1, 1) + timedelta(days=chance.randint(0, 430))
        seq = chance.choice((None, chance.randint(1, rows[-1].seq)))
        moment = {"as_of": day} | ({} if seq is None else {"at_seq": seq})
        shown = await everything(ledger, **moment)
        counted = [row for row in rows if row.day <= day and (seq is None or row.seq <= seq)]
        assert shown["as_of"] == day.isoformat()
        assert_remainders(shown, counted, f"seed {SEED}: {moment}")


def assert_remainders(shown: Json, counted: list[Raw], why: str) -> None:
    left: Counter[str] = Counter()
    of_fund: Counter[str] = Counter()
    for row in counted:
        if row.account == "encumbered":
            fen = row.fen if row.side == "credit" else -row.fen
            left[row.encumbrance] += fen
            of_fund[row.fund] += fen
    expected = {key: fen for key, fen in left.items() if fen}
    assert {one["id"]: one["remaining_fen"] for one in shown["encumbrances"]} == expected, why
    for one in shown["encumbrances"]:
        assert one["amount_fen"] == one["liquidated_fen"] + one["released_fen"] + one["remaining_fen"], why
    for fund in shown["funds"]:
        assert fund["remaining_fen"] == fund["encumbered_fen"] == of_fund[fund["fund"]], (why, fund["fund"])
        own = [one for one in shown["encumbrances"] if one["fund"] == fund["fund"]]
        assert fund["open_encumbrances"] == len(own), why
        sums: dict[tuple[str, int | None], list[int]] = {}
        for row in counted:
            if row.fund == fund["fund"]:
                sums.setdefault((row.account, row.budget_year or None), [0, 0])[row.side == "credit"] += row.fen
        assert {
            (one["account"], one["budget_year"]): [one["debit_fen"], one["credit_fen"]] for one in fund["accounts"]
        } == {key: pair for key, pair in sums.items() if any(pair)}, why


async def test_an_encumbrance_is_open_until_the_day_it_is_paid_whatever_is_posted_later(ledger: LedgerCalls) -> None:
    await fund_with_budget(ledger)
    one = await encumbered(ledger, 300)
    await ledger.made(f"/encumbrances/{one}/liquidations", amount_fen=100, effective_on="2021-03-20", payee_ref="p")
    await ledger.made(f"/encumbrances/{one}/release", effective_on="2021-04-01")
    for day, left in (
        ("2021-03-08", None),
        ("2021-03-09", 300),
        ("2021-03-19", 300),
        ("2021-03-20", 200),
        ("2021-04-01", None),
    ):
        shown = [(item["id"], item["remaining_fen"]) for item in (await everything(ledger, as_of=day))["encumbrances"]]
        assert shown == ([] if left is None else [(one, left)]), day
    # Back-dated: the days from the 10th on know of it at once.
    two = await encumbered(ledger, 50, "2021-03-10")
    both = (await everything(ledger, as_of="2021-03-20"))["encumbrances"]
    assert [item["id"] for item in both] == [one, two]
    first = await ledger.read("/balances", fund="repair", as_of="2021-03-20", limit=1)
    second = await ledger.read("/balances", fund="repair", as_of="2021-03-20", limit=1, cursor=first["next_cursor"])
    assert [item["id"] for page in (first, second) for item in page["encumbrances"]] == [one, two]
    assert (await ledger.read("/balances", fund="health", as_of="2021-03-20"))["encumbrances"] == []


async def test_no_figure_of_a_past_day_is_made_up_to_look_right(ledger: LedgerCalls) -> None:
    await fund_with_budget(ledger)
    one = await encumbered(ledger, 100)
    pay = {"effective_on": "2021-05-01", "payee_ref": "p"}
    paid = await ledger.made(f"/encumbrances/{one}/liquidations", amount_fen=100, **pay)
    back = {"effective_on": "2021-06-01", "reason": "退票"}
    await ledger.made(f"/encumbrances/{one}/liquidations/{paid['id']}/return", **back)
    # Paid again out of what the bank gave back, dated before it did.
    await ledger.made(f"/encumbrances/{one}/liquidations", amount_fen=60, **pay | {"effective_on": "2021-05-15"})
    for day, left in (("2021-05-14", None), ("2021-05-15", -60), ("2021-05-31", -60), ("2021-06-01", 40)):
        shown = await ledger.read("/balances", fund="repair", as_of=day)
        [fund] = shown["funds"]
        assert [item["remaining_fen"] for item in shown["encumbrances"]] == ([] if left is None else [left])
        assert fund["remaining_fen"] == fund["encumbered_fen"] == (left or 0)


async def test_an_expiry_is_told_as_it_was_known_then(ledger: LedgerCalls) -> None:
    await fund_with_budget(ledger)
    soon = datetime.now(UTC) + timedelta(seconds=1)
    one = await encumbered(ledger, 300, expires_at=soon.isoformat())
    opened = (await ledger.read("/chain"))["seq"]
    await asyncio.sleep(1.2)
    expired = await everything(ledger)
    assert [item["status"] for item in expired["encumbrances"]] == ["expired"]
    # A moment in the order of posting lasts until the next entry, and it had expired before that.
    assert await everything(ledger, at_seq=opened) == expired
    # At the end of that day, though, nobody knew: it was a day long ago.
    [item] = (await everything(ledger, as_of=ON))["encumbrances"]
    assert (item["status"], item["expires_at"]) == ("open", expired["encumbrances"][0]["expires_at"])
    await ledger.made("/funds/health/receipts", amount_fen=1, source="county", effective_on=ON)
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    await ledger.made(f"/encumbrances/{one}/extension", expires_at=later, reason="工期顺延")
    extended = await everything(ledger)
    assert [item["status"] for item in extended["encumbrances"]] == ["open"]
    assert (await everything(ledger, at_seq=opened))["encumbrances"] == expired["encumbrances"]
    assert await everything(ledger, at_seq=opened + 1) == extended
    assert (await everything(ledger, as_of=ON))["encumbrances"] == [item]


async def test_a_carried_encumbrance_stands_in_its_old_year_until_it_is_carried(ledger: LedgerCalls) -> None:
    await fund_with_budget(ledger)
    one = await encumbered(ledger, 300)
    month = 1
    while month <= 12:
        await ledger.made(f"/periods/2021-{month:02d}/close")
        month += 1
    before = (await ledger.read("/chain"))["seq"]
    await ledger.post(
        "/carry-forward-rules", {"rules": [{"fund": "*", "available": "lapse", "encumbered": "carry"}]}, "admin"
    )
    carried = await ledger.post("/fiscal-years/2021/carry-forward", {})
    assert carried.status_code in {200, 201}, carried.text
    [now] = (await everything(ledger))["encumbrances"]
    assert (now["id"], now["fiscal_year"], now["remaining_fen"]) == (one, 2022, 300)
    for moment, year in (({"at_seq": before}, 2021), ({"as_of": "2021-12-30"}, 2021), ({"as_of": "2022-01-01"}, 2022)):
        [then] = (await everything(ledger, **moment))["encumbrances"]
        assert then == now | {"fiscal_year": year}, moment


async def test_a_moment_that_is_not_yet_or_not_here_is_refused(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    tomorrow = (today_in_shanghai() + timedelta(days=1)).isoformat()
    for query, status, field in (
        ({"as_of": tomorrow}, 422, "as_of"),
        ({"at_seq": "1"}, 422, "at_seq"),
        ({"as_of": "2021-13-01"}, 422, "as_of"),
        ({"as_of": "2021-03-01", "fund": "nowhere"}, 404, "fund"),
    ):
        refused = await ledger.get("/balances", **query)
        assert (refused.status_code, refused.json()["field"]) == (status, field), (query, refused.text)
