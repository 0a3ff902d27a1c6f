"""Trial balance, account ledger and fund execution over HTTP, held against sums of postings made by SQL."""

import random
from collections import defaultdict
from datetime import date, timedelta

import httpx
import pytest

from common.dates import today_in_shanghai
from common.paging import encode_cursor
from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.ledger_calls import Json, LedgerCalls, small_book
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

POSTINGS = """
SELECT p.seq, p.line, e.effective_on, p.fund, p.account, p.side, CASE WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END
FROM posting p JOIN journal_entry e USING (book, seq) ORDER BY e.effective_on, p.seq, p.line
"""
Posting = tuple[int, int, str, str, str, str, int]


@pytest.fixture
def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    return LedgerCalls(ledger_client, issuer)


def postings(postgres: Server, database: Database) -> list[Posting]:
    rows = [line.split("|") for line in postgres.sql(database, POSTINGS).strip().splitlines()]
    return [(int(row[0]), int(row[1]), row[2], row[3], row[4], row[5], int(row[6])) for row in rows]


def expected_turnover(rows: list[Posting], as_of: str, at_seq: int) -> dict[tuple[str, str], tuple[int, int]]:
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for seq, _, day, fund, account, side, fen in rows:
        if day <= as_of and seq <= at_seq:
            sums[fund, account][side == "credit"] += fen
    return {key: (debit, credit) for key, (debit, credit) in sums.items() if debit or credit}


def shown_turnover(report: Json) -> dict[tuple[str, str], tuple[int, int]]:
    assert all(line["balance_fen"] == line["debit_fen"] - line["credit_fen"] for line in report["items"])
    return {(line["fund"], line["account"]): (line["debit_fen"], line["credit_fen"]) for line in report["items"]}


async def test_the_trial_balance_is_the_sum_of_postings_at_every_cut(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    await small_book(ledger)
    rows = postings(postgres, ledger_database)
    last = max(row[0] for row in rows)
    days = ["2020-12-31", "2021-02-25", "2021-02-26", "2021-02-28", "2021-03-30", "2021-03-31", "2021-04-01"]
    days += ["2021-05-11", "2021-06-30", "2021-07-01", "2021-12-30", "2021-12-31", today_in_shanghai().isoformat()]
    for day in days:
        report = await ledger.read("/reports/trial-balance", as_of=day)
        assert (report["as_of"], report["seq"]) == (day, last)
        assert shown_turnover(report) == expected_turnover(rows, day, last), day
        assert all(total["debit_fen"] == total["credit_fen"] for total in report["totals"])
    for seq in range(last + 1):
        report = await ledger.read("/reports/trial-balance", at_seq=seq)
        assert report["seq"] == seq
        assert shown_turnover(report) == expected_turnover(rows, "9999-12-31", seq), seq
    for day, seq in (("2021-03-31", 12), ("2021-04-02", last - 3), ("2021-05-31", 20)):
        report = await ledger.read("/reports/trial-balance", as_of=day, at_seq=seq)
        assert shown_turnover(report) == expected_turnover(rows, day, seq)


async def test_a_reversal_takes_its_turnover_back(ledger: LedgerCalls) -> None:
    await small_book(ledger)
    before = shown_turnover(await ledger.read("/reports/trial-balance", as_of="2021-03-31"))
    after = shown_turnover(await ledger.read("/reports/trial-balance", as_of="2021-04-01"))
    assert before["industry", "1218"] == (777, 0)
    assert ("industry", "1218") not in after


async def test_the_trial_balance_filters_by_fund_alone_and_by_basis(ledger: LedgerCalls) -> None:
    await small_book(ledger)
    everything = await ledger.read("/reports/trial-balance")
    for fund in ("repair", "repair.overhaul.c01", "insurance"):
        report = await ledger.read("/reports/trial-balance", fund=fund)
        assert report["items"] == [line for line in everything["items"] if line["fund"] == fund]
    for basis in ("financial", "budgetary", "control"):
        report = await ledger.read("/reports/trial-balance", basis=basis)
        assert report["items"] == [line for line in everything["items"] if line["basis"] == basis]
        assert {total["basis"] for total in report["totals"]} == {basis}
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in everything["items"]:
        sums[line["fund"], line["basis"]][0] += line["debit_fen"]
        sums[line["fund"], line["basis"]][1] += line["credit_fen"]
    assert {(one["fund"], one["basis"]): [one["debit_fen"], one["credit_fen"]] for one in everything["totals"]} == sums
    funds = list(dict.fromkeys(line["fund"] for line in everything["items"]))
    assert funds == ["safety_net.custodial_care", "repair.overhaul.c01", "insurance"]


async def test_reports_come_from_maintained_totals_and_not_from_history(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    await small_book(ledger)
    paths = (
        "/reports/trial-balance?as_of=2021-05-15",
        "/reports/trial-balance",
        "/reports/fund-execution?fiscal_year=2021",
    )
    before = [
        (await ledger.client.get(f"/v1/books/610923{path}", headers=ledger.headers("auditor"))).json() for path in paths
    ]
    # With the postings gone an answer that read them would be another.
    postgres.sql(ledger_database, "SET session_replication_role = replica; DELETE FROM posting;")
    after = [
        (await ledger.client.get(f"/v1/books/610923{path}", headers=ledger.headers("auditor"))).json() for path in paths
    ]
    assert after == before
    assert before[0]["items"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"as_of": "2021-02-30"}, "as_of"),
        ({"as_of": "20210228"}, "as_of"),
        ({"as_of": (today_in_shanghai() + timedelta(days=1)).isoformat()}, "as_of"),
        ({"as_of": ""}, "as_of"),
        ({"at_seq": "-1"}, "at_seq"),
        ({"at_seq": "1.0"}, "at_seq"),
        ({"at_seq": "99999"}, "at_seq"),
        ({"at_seq": "9" * 40}, "at_seq"),
        ({"basis": "cash"}, "basis"),
        ({"fund": "No Fund"}, "fund"),
        ({"surprise": "1"}, "surprise"),
    ],
)
async def test_a_malformed_question_for_a_trial_balance_is_refused(
    ledger: LedgerCalls, query: dict[str, str], field: str
) -> None:
    await ledger.open_book()
    response = await ledger.get("/reports/trial-balance", **query)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert field in {error["field"] for error in response.json()["errors"]}


async def test_an_unknown_fund_or_account_is_not_found(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    for path, query in (
        ("/reports/trial-balance", {"fund": "nothing"}),
        ("/reports/account-ledger", {"fund": "nothing", "account": "1002"}),
        ("/reports/account-ledger", {"fund": "health", "account": "9999"}),
    ):
        response = await ledger.get(path, **query)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_an_empty_book_has_empty_reports(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    trial = await ledger.read("/reports/trial-balance")
    assert (trial["items"], trial["totals"], trial["seq"]) == ([], [], 0)
    page = await ledger.read("/reports/account-ledger", fund="health", account="1002")
    assert (page["opening_balance_fen"], page["closing_balance_fen"], page["items"]) == (0, 0, [])
    assert page["effective_from"] == "2021-01-01"
    execution = await ledger.read("/reports/fund-execution", fiscal_year=2021)
    assert len(execution["items"]) == 7
    assert execution["total"]["execution_rate"] is None


async def test_account_ledgers_run_from_opening_to_closing_and_page_as_one(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    await small_book(ledger)
    rows = postings(postgres, ledger_database)
    for fund, account in (("insurance", "1002"), ("repair.overhaul.c01", "encumbered"), ("industry", "1218")):
        own = [row for row in rows if (row[3], row[4]) == (fund, account)]
        for first, last in (("2021-01-01", "2021-12-31"), ("2021-03-31", "2021-05-31"), ("2021-04-01", "2021-04-01")):
            question = {"fund": fund, "account": account, "from": first, "to": last}
            whole = await ledger.read("/reports/account-ledger", **question)
            opening = sum(signed(row) for row in own if row[2] < first)
            within = [row for row in own if first <= row[2] <= last]
            assert whole["opening_balance_fen"] == opening
            assert whole["closing_balance_fen"] == opening + sum(map(signed, within))
            assert whole["debit_fen"] == sum(row[6] for row in within if row[5] == "debit")
            assert whole["credit_fen"] == sum(row[6] for row in within if row[5] == "credit")
            assert [(line["seq"], line["line"]) for line in whole["items"]] == [(row[0], row[1]) for row in within]
            running = opening
            for line, row in zip(whole["items"], within, strict=True):
                running += signed(row)
                assert line["balance_fen"] == running
            paged = await all_pages(ledger, question, limit=2)
            assert [line for page in paged for line in page["items"]] == whole["items"]
            assert {page["closing_balance_fen"] for page in paged} == {whole["closing_balance_fen"]}


async def test_a_red_entry_stands_negative_on_its_own_side(ledger: LedgerCalls) -> None:
    await small_book(ledger)
    lines = (await ledger.read("/reports/account-ledger", fund="industry", account="1218"))["items"]
    shown = [(line["red"], line["debit_fen"], line["credit_fen"], line["balance_fen"]) for line in lines]
    assert shown == [(False, 777, 0, 777), (True, -777, 0, 0)]


async def test_what_is_posted_between_two_pages_does_not_move_them(ledger: LedgerCalls) -> None:
    await ledger.open_book()
    for number in range(6):
        await ledger.made("/funds/health/receipts", amount_fen=100 + number, source="county", effective_on="2021-03-05")
    question = {"fund": "health", "account": "1002", "from": "2021-01-01", "to": "2021-12-31"}
    whole = await ledger.read("/reports/account-ledger", **question)
    first = await ledger.read("/reports/account-ledger", **question, limit=3)
    # Into the past, into the day being read, and after it.
    for day in ("2021-01-04", "2021-03-05", "2021-06-01"):
        await ledger.made("/funds/health/receipts", amount_fen=5_000, source="city", effective_on=day)
    second = await ledger.read("/reports/account-ledger", **question, limit=3, cursor=first["next_cursor"])
    assert first["items"] + second["items"] == whole["items"]
    for name in ("seq", "opening_balance_fen", "debit_fen", "closing_balance_fen"):
        assert second[name] == whole[name]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2021-06-01", "to": "2021-05-31"}, "to"),
        ({"from": (today_in_shanghai() + timedelta(days=1)).isoformat()}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2021-02-29"}, "to"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WzFd"}, "cursor"),
        ({"cursor": encode_cursor(date.min, 1, 1, 5)}, "cursor"),
        ({"cursor": encode_cursor(date.max, 1, 1, 5)}, "cursor"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
    ],
)
async def test_a_malformed_range_is_refused(ledger: LedgerCalls, query: dict[str, str], field: str) -> None:
    await ledger.open_book()
    response = await ledger.get("/reports/account-ledger", **{"fund": "health", "account": "1002"} | query)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert field in {error["field"] for error in response.json()["errors"]}


async def test_fund_execution_sums_descendants_and_shows_the_rate(ledger: LedgerCalls) -> None:
    await small_book(ledger)
    report = await ledger.read("/reports/fund-execution", fiscal_year=2021)
    by_code = {item["code"]: item for item in report["items"]}
    own = by_code["repair.overhaul.c01"]
    # 30,000.01 yuan allotted; 1,500 paid and 1,500 (returned, then released) not; 12.34 paid without an encumbrance.
    assert (own["allotted_fen"], own["expended_fen"], own["encumbered_fen"]) == (3_000_001, 300_000 + 1_234, 0)
    assert (own["execution_rate_basis_points"], own["execution_rate"]) == (1004, "10.04%")
    for item in report["items"]:
        assert item["allotted_fen"] == item["available_fen"] + item["encumbered_fen"] + item["expended_fen"]
    assert {name: own[name] for name in own if name.endswith("_fen")} == {
        name: by_code["repair"][name] for name in own if name.endswith("_fen")
    }
    assert by_code["industry"]["execution_rate"] is None
    tops = [item for item in report["items"] if item["parent"] is None]
    assert len(tops) == 7
    assert report["total"]["allotted_fen"] == sum(item["allotted_fen"] for item in tops)
    codes = [item["code"] for item in report["items"]]
    assert codes.index("repair.overhaul.c01") == codes.index("repair") + 2
    other = await ledger.read("/reports/fund-execution", fiscal_year=2022)
    assert other["total"]["allotted_fen"] == 0
    for year in ("0", "twenty", "2021.0", ""):
        assert (await ledger.get("/reports/fund-execution", fiscal_year=year)).status_code == 422
    assert (await ledger.get("/reports/fund-execution")).status_code == 422


async def test_random_entries_in_random_order_balance_at_random_cuts(
    ledger: LedgerCalls, postgres: Server, ledger_database: Database
) -> None:
    await ledger.open_book()
    chance = random.Random(20210709)
    accounts = ("1218", "2307", "3001", "4603", "5001", "8501", "8202")
    entries = []
    for number in range(150):
        fund = chance.choice(("health", "repair"))
        pairs = [("1218", "2307"), ("5001", "3001"), ("8501", "8202")][: chance.randint(1, 3)]
        lines = [
            {"fund": fund, "account": account, "side": side, "amount_fen": fen}
            for pair in pairs
            for fen in [chance.randint(1, 10**12)]
            for account, side in zip(pair, chance.choice((("debit", "credit"), ("credit", "debit"))), strict=True)
        ]
        posted_on = date(2021, 1, 1) + timedelta(days=chance.randint(0, 400))
        entries.append(
            {
                "idempotency_key": f"random-{number}",
                "effective_on": posted_on.isoformat(),
                "description": "随机凭证",
                "postings": lines,
            }
        )
    results = await ledger.made("/journal-entries/bulk", atomic=True, entries=entries)
    assert {result["status"] for result in results["results"]} == {"posted"}
    rows = postings(postgres, ledger_database)
    for _ in range(40):
        day = (date(2021, 1, 1) + timedelta(days=chance.randint(0, 420))).isoformat()
        seq = chance.randint(0, 150)
        report = await ledger.read("/reports/trial-balance", as_of=day, at_seq=seq)
        assert shown_turnover(report) == expected_turnover(rows, day, seq)
        account, fund = chance.choice(accounts), chance.choice(("health", "repair"))
        question = {"fund": fund, "account": account, "from": "2021-02-10", "to": max(day, "2021-02-10")}
        whole = await ledger.read("/reports/account-ledger", **question, limit=1000)
        pages = await all_pages(ledger, question, limit=chance.randint(5, 40))
        assert [line for page in pages for line in page["items"]] == whole["items"]
        if whole["items"]:
            assert whole["items"][-1]["balance_fen"] == whole["closing_balance_fen"]


async def all_pages(ledger: LedgerCalls, question: dict[str, str], limit: int) -> list[Json]:
    pages: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        page = await ledger.read("/reports/account-ledger", **question, **cursor, limit=limit)
        assert len(page["items"]) <= limit
        pages.append(page)
        if page["next_cursor"] is None:
            return pages
        cursor = {"cursor": page["next_cursor"]}


def signed(row: Posting) -> int:
    return row[6] if row[5] == "debit" else -row[6]
