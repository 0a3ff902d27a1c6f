"""Figures as of any day, at any seq and both, right after back-dating, against sums over raw postings read by plain SQL."""

import asyncio
import random
from datetime import date, timedelta
from itertools import cycle, pairwise
from typing import Any

import httpx
import pytest

from common.dates import next_month, today_in_shanghai
from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls, small_book
from tests.support.random_book import FUNDS, PURPOSE, SOURCES, RandomBook, Raw, raw_postings, turnover
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

ACCOUNTS = (
    "1002", "1214", "1218", "2303", "2307", "4001", "4603", "4604", "5001", "6001", "6609", "7101", "8001", "8202", "8501",
    "allotted", "available", "encumbered", "expended",
)  # fmt: skip
CONTROL = frozenset({"allotted", "available", "encumbered", "expended"})
SEED = 20_211_125


@pytest.fixture
def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    return LedgerCalls(ledger_client, issuer)


class Questions:
    """Random questions, and what the raw postings say to them."""

    def __init__(self, chance: random.Random, rows: list[Raw]) -> None:
        self.chance = chance
        self.rows = rows
        self.head = rows[-1].seq

    def day(self) -> date:
        chosen = self.chance.random()
        if chosen < 0.05:
            return self.chance.choice((date(1900, 1, 1), date(2020, 12, 31), date(2022, 3, 1), today_in_shanghai()))
        if chosen < 0.3:
            # A day on which something was posted, or the day before it.
            return self.chance.choice(self.rows).day - timedelta(days=self.chance.randint(0, 1))
        return date(2021, 1, 1) + timedelta(days=self.chance.randint(0, 430))

    def seq(self) -> int:
        edges = (0, 1, self.head - 1, self.head)
        return self.chance.choice(edges) if self.chance.random() < 0.15 else self.chance.randint(0, self.head)

    def balance(self) -> dict[str, Any]:
        account = self.chance.choice(ACCOUNTS)
        asked: dict[str, Any] = {"fund": self.chance.choice(FUNDS), "account": account}
        if self.chance.random() < 0.3:
            asked["subtree"] = "true"
        if self.chance.random() < 0.3:
            asked["source"] = self.chance.choice(SOURCES)
        if account in CONTROL and self.chance.random() < 0.4:
            asked["budget_year"] = self.chance.choice((2021, 2022))
        if account in CONTROL and asked["fund"] == "health" and self.chance.random() < 0.5:
            asked["purpose"] = PURPOSE
        return asked

    def answer(self, asked: dict[str, Any], day: date | None, seq: int | None) -> tuple[int, int]:
        def counts(row: Raw) -> bool:
            of_fund = row.fund == asked["fund"] or ("subtree" in asked and row.fund.startswith(asked["fund"] + "."))
            return (
                of_fund
                and row.account == asked["account"]
                and (day is None or row.day <= day)
                and (seq is None or row.seq <= seq)
                and row.source == asked.get("source", row.source)
                and row.budget_year == asked.get("budget_year", row.budget_year)
                and row.purpose == asked.get("purpose", row.purpose)
            )

        return turnover(self.rows, counts)


async def a_year_at_random(ledger: LedgerCalls, chance: random.Random) -> RandomBook:
    """Several hundred entries out of order; 2021 is closed then, adjusted, and 2022 goes on out of order."""
    book = RandomBook(ledger, chance)
    await book.found()
    await book.act(430)
    month = "2021-01"
    while month < "2022-01":
        await ledger.made(f"/periods/{month}/close")
        month = next_month(month)
    for fund in FUNDS:
        assert await book.free_entry(fund, date(2021, 12, 31), "5001", "2303", period="2021-13")
    book.days = (date(2022, 1, 1), date(2022, 2, 28))
    await book.act(120)
    return book


@pytest.mark.timeout(300)
async def test_a_thousand_answers_after_random_backdating_equal_the_sums_of_raw_postings(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    chance = random.Random(SEED)
    book = await a_year_at_random(ledger, chance)
    rows = raw_postings(postgres, ledger_database)
    days_in_order = [row.day for row in rows]
    assert len(book.posted) > 350, (SEED, len(book.posted), book.refused)
    assert sum(earlier > later for earlier, later in pairwise(days_in_order)) > 100
    questions = Questions(chance, rows)
    nonzero = 0
    for kind, times in (("as_of", 1_000), ("at_seq", 200), ("both", 100)):
        for number in range(times):
            asked = questions.balance()
            day = None if kind == "at_seq" else questions.day()
            seq = None if kind == "as_of" else questions.seq()
            moment = {name: value for name, value in (("as_of", day), ("at_seq", seq)) if value is not None}
            told = await ledger.read("/reports/balance", **asked, **moment)
            debit, credit = questions.answer(asked, day, seq)
            shown = (told["debit_fen"], told["credit_fen"], told["balance_fen"])
            assert shown == (debit, credit, debit - credit), f"seed {SEED}, {kind} {number}: {asked} {moment}"
            nonzero += shown != (0, 0, 0)
    assert nonzero > 500, (SEED, nonzero)


@pytest.mark.timeout(300)
async def test_reports_at_random_moments_equal_the_sums_of_raw_postings(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    seed = SEED + 1
    chance = random.Random(seed)
    await a_year_at_random(ledger, chance)
    rows = raw_postings(postgres, ledger_database)
    questions = Questions(chance, rows)
    moments: list[tuple[date | None, int | None]] = [(questions.day(), None) for _ in range(25)]
    moments += [(None, questions.seq()) for _ in range(10)] + [(questions.day(), questions.seq()) for _ in range(10)]
    for day, seq in (*moments, (None, None)):
        moment = {name: value for name, value in (("as_of", day), ("at_seq", seq)) if value is not None}
        counted = [row for row in rows if (day is None or row.day <= day) and (seq is None or row.seq <= seq)]
        why = f"seed {seed}: {moment}"
        for year in (2021, 2022):
            execution = await ledger.read("/reports/fund-execution", fiscal_year=year, **moment)
            listed = await ledger.read("/funds", fiscal_year=year, limit=100, **moment)
            assert execution["as_of"] == (day or today_in_shanghai()).isoformat(), why
            assert execution["seq"] == (questions.head if seq is None else seq), why
            assert_figures(execution["items"], counted, year, why)
            assert_figures(listed["items"], counted, year, why)
        everything = await ledger.read("/funds", fiscal_year="all", limit=100, **moment)
        assert_figures(everything["items"], counted, None, why)
        trial = await ledger.read("/reports/trial-balance", **moment)
        assert_trial(trial["items"], counted, why)


def assert_figures(items: list[Json], counted: list[Raw], year: int | None, why: str) -> None:
    for item in items:
        sums = {"allotted": 0, "encumbered": 0, "expended": 0, "available": 0, "1002": 0}
        for row in counted:
            of_fund = row.fund == item["code"] or row.fund.startswith(item["code"] + ".")
            if of_fund and row.account in sums and (row.account == "1002" or year in {None, row.budget_year}):
                sums[row.account] += (
                    row.fen if (row.side == "debit") == (row.account in {"allotted", "1002"}) else -row.fen
                )
        for name, fen in sums.items():
            if name != "1002" or "cash_fen" in item:
                assert item[f"{name.replace('1002', 'cash')}_fen"] == fen, (why, item["code"], name)


def assert_trial(items: list[Json], counted: list[Raw], why: str) -> None:
    sums: dict[tuple[str, str], list[int]] = {}
    for row in counted:
        sums.setdefault((row.fund, row.account), [0, 0])[row.side == "credit"] += row.fen
    shown = {(item["fund"], item["account"]): [item["debit_fen"], item["credit_fen"]] for item in items}
    assert shown == {key: pair for key, pair in sums.items() if any(pair)}, why


async def test_a_backdated_entry_counts_in_the_very_next_answer_and_not_at_an_earlier_seq(ledger: LedgerCalls) -> None:
    await small_book(ledger)
    asked = {"fund": "insurance", "account": "1002", "source": "county"}
    before = await ledger.read("/reports/balance", **asked, as_of="2021-02-28")
    told = await ledger.made("/funds/insurance/receipts", amount_fen=7, source="county", effective_on="2021-02-27")
    after = await ledger.read("/reports/balance", **asked, as_of="2021-02-28")
    assert (after["balance_fen"], after["seq"]) == (before["balance_fen"] + 7, told["seq"])
    eve = await ledger.read("/reports/balance", **asked, as_of="2021-02-26")
    assert eve["balance_fen"] == before["balance_fen"]
    then = await ledger.read("/reports/balance", **asked, as_of="2021-02-28", at_seq=before["seq"])
    assert {**then, "seq": 0} == {**before, "seq": 0}


async def test_an_answer_at_a_seq_stays_the_same_while_others_back_date(ledger: LedgerCalls) -> None:
    await small_book(ledger)
    seq = (await ledger.read("/chain"))["seq"]
    asked: list[tuple[str, dict[str, str]]] = [
        ("/reports/balance", {"fund": "insurance", "account": "1002", "as_of": "2021-06-15"}),
        ("/funds", {"fiscal_year": "2021"}),
        ("/balances", {"as_of": "2021-06-15"}),
    ]
    before = [await ledger.read(path, **query, at_seq=seq) for path, query in asked]
    stop = asyncio.Event()

    async def back_date(number: int) -> None:
        days = cycle(date(2021, 2, 1) + timedelta(days=number + 7 * week) for week in range(40))
        while not stop.is_set():
            day = next(days)
            body = {"amount_fen": 1 + number, "source": "county", "effective_on": day.isoformat()}
            await ledger.made("/funds/insurance/receipts", **body)

    workers = [asyncio.create_task(back_date(number)) for number in range(3)]
    try:
        for _ in range(15):
            assert [await ledger.read(path, **query, at_seq=seq) for path, query in asked] == before
    finally:
        stop.set()
        await asyncio.gather(*workers)
    assert (await ledger.read("/chain"))["seq"] > seq + 10


async def test_an_account_ledger_at_a_seq_is_what_it_was_then(ledger: LedgerCalls) -> None:
    await small_book(ledger)
    asked = {"fund": "insurance", "account": "1002", "from": "2021-03-01", "to": "2021-12-31"}
    then = await ledger.read("/reports/account-ledger", **asked)
    for day in ("2021-01-04", "2021-05-11", "2021-12-31"):
        await ledger.made("/funds/insurance/receipts", amount_fen=5_000, source="city", effective_on=day)
    now = await ledger.read("/reports/account-ledger", **asked)
    assert now["closing_balance_fen"] == then["closing_balance_fen"] + 15_000
    assert await ledger.read("/reports/account-ledger", **asked, at_seq=then["seq"]) == then
    first = await ledger.read("/reports/account-ledger", **asked, at_seq=then["seq"], limit=2)
    rest = await ledger.read("/reports/account-ledger", **asked, at_seq=then["seq"], cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == then["items"]


async def test_the_year_of_the_list_of_funds_is_the_latest_allotted_by_then(ledger: LedgerCalls) -> None:
    await small_book(ledger)
    body = {"amount_fen": 9, "fiscal_year": 2022, "effective_on": "2021-12-20", "authority": "提前下达"}
    await ledger.made("/funds/insurance/allotments", **body)
    for moment, year in (
        ({}, 2022),
        ({"as_of": "2021-12-19"}, 2021),
        ({"as_of": "2020-12-19"}, 2020),
        ({"at_seq": 0}, None),
    ):
        page = await ledger.read("/funds", limit=2, **moment)
        rest = await ledger.read("/funds", limit=100, cursor=page["next_cursor"], **moment)
        shown = {item["fiscal_year"] for item in (*page["items"], *rest["items"])}
        assert shown == {year or today_in_shanghai().year}, moment


TOMORROW = (today_in_shanghai() + timedelta(days=1)).isoformat()
BY_DAY_AND_SEQ: list[tuple[str, dict[str, str]]] = [
    ("/funds", {}),
    ("/reports/trial-balance", {}),
    ("/reports/fund-execution", {"fiscal_year": "2021"}),
    ("/reports/balance", {"fund": "health", "account": "1002"}),
]
BY_SEQ = [*BY_DAY_AND_SEQ, ("/reports/account-ledger", {"fund": "health", "account": "1002"})]


@pytest.mark.parametrize(
    ("moment", "code", "reports"),
    [
        ({"as_of": TOMORROW}, "in_the_future", BY_DAY_AND_SEQ),
        ({"as_of": "2021-02-29"}, "not_a_date", BY_DAY_AND_SEQ),
        ({"as_of": ""}, "not_a_date", BY_DAY_AND_SEQ),
        ({"as_of": "2021-01-01", "at_seq": "7"}, "not_reached", BY_DAY_AND_SEQ),
        ({"at_seq": "1"}, "not_reached", BY_SEQ),
        ({"at_seq": "-1"}, "not_an_integer", BY_SEQ),
        ({"at_seq": "9223372036854775808"}, "too_large", BY_SEQ),
        ({"at_seq": "1.0"}, "not_an_integer", BY_SEQ),
    ],
)
async def test_a_moment_that_is_not_yet_is_refused_everywhere_in_the_same_way(
    ledger: LedgerCalls, moment: dict[str, str], code: str, reports: list[tuple[str, dict[str, str]]]
) -> None:
    await ledger.open_book()
    for path, query in reports:
        refused = await ledger.get(path, **query, **moment)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request"), (path, refused.text)
        [error] = refused.json()["errors"]
        assert error["field"] in moment, path
        assert error["code"] == code, path


async def test_a_balance_of_nothing_that_exists_is_refused(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    for query, status, field in (
        ({"fund": "nowhere"}, 404, "account"),
        ({"account": "9999"}, 404, "account"),
        ({"account": "available", "purpose": "nothing"}, 404, "purpose"),
        ({"budget_year": "2021"}, 422, "budget_year"),
        ({"purpose": "drugs"}, 422, "purpose"),
        ({"source": "somewhere"}, 422, "source"),
        ({"subtree": "perhaps"}, 422, "subtree"),
        ({"account": "available", "budget_year": "21"}, 422, "budget_year"),
        ({"fund": ""}, 422, "fund"),
        ({"year": "2021"}, 422, "year"),
    ):
        refused = await ledger.get("/reports/balance", **{"fund": "health", "account": "1002"} | query)
        assert (refused.status_code, refused.json()["field"]) == (status, field), (query, refused.text)
