"""Every statement, held against sums of raw postings made here: back-dated and red entries, takeovers, period 13, two years."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest

from common.dates import today_in_shanghai
from common.paging import encode_cursor
from tests.integration.ledger_statements.conftest import Reported
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

POSTINGS = """
SELECT p.seq, p.line, e.effective_on, e.period, e.kind, coalesce(u.kind, e.kind), p.fund, p.account, a.basis, p.side,
       CASE WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END, p.red, p.budget_year, p.source, p.purpose_code
FROM posting p JOIN journal_entry e USING (book, seq) JOIN account a ON a.book = p.book AND a.fund = p.fund AND a.code = p.account
LEFT JOIN journal_entry u ON u.book = e.book AND u.id = e.undoes AND e.red ORDER BY e.effective_on, p.seq, p.line
"""
TODAY = today_in_shanghai().isoformat()
DAYS = (
    "2021-01-01",
    "2021-01-31",
    "2021-02-26",
    "2021-02-27",
    "2021-03-31",
    "2021-05-20",
    "2021-12-30",
    "2021-12-31",
    "2022-01-10",
)
SPANS = [(first, last) for first in DAYS for last in (*DAYS, TODAY) if first <= last]


class P(NamedTuple):
    """A posting; ``fen`` is turnover, negative if red."""

    seq: int
    line: int
    day: str
    period: str
    kind: str
    counts_to: str
    fund: str
    account: str
    basis: str
    side: str
    fen: int
    red: bool
    year: int
    source: str
    purpose: str

    @property
    def net(self) -> int:
        return self.fen if self.side == "debit" else -self.fen


def posting(seq: str, line: str, *texts: str) -> P:
    day, period, kind, counts_to, fund, account, basis, side, fen, red, year, source, purpose = texts
    names = (day, period, kind, counts_to, fund, account, basis, side)
    return P(int(seq), int(line), *names, int(fen), red == "t", int(year), source, purpose)


@pytest.fixture(scope="module")
def rows(reported: Reported, postgres: Server) -> list[P]:
    found = [line.split("|") for line in postgres.sql(reported.database, POSTINGS).strip().splitlines()]
    made = [posting(*line) for line in found]
    assert {"2021-13"} <= {row.period for row in made}
    assert any(row.kind == "opening" for row in made)
    assert any(row.red and row.account == "1002" for row in made)
    assert any(later.seq < row.seq and later.day > row.day for row in made for later in made)
    return made


def opens(row: P, first: str, last: str) -> bool:
    """Whether a posting belongs to the opening of a range: what came before, and takeovers within it."""
    return row.day < first or (row.kind == "opening" and row.day <= last)


def moves(row: P, first: str, last: str) -> bool:
    return row.kind != "opening" and first <= row.day <= last


def moved(rows: Iterable[P], key: Callable[[P], Any], first: str, last: str) -> dict[Any, list[int]]:
    """Opening, debit, credit, closing by key."""
    sums: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        if opens(row, first, last):
            sums[key(row)][0] += row.net
        elif moves(row, first, last):
            sums[key(row)][1 if row.side == "debit" else 2] += row.fen
    for one in sums.values():
        one[3] = one[0] + one[1] - one[2]
    return {key: one for key, one in sums.items() if any(one)}


def sides(fen: int) -> tuple[int, int]:
    return max(fen, 0), max(-fen, 0)


SIX = ("opening_debit_fen", "opening_credit_fen", "debit_fen", "credit_fen", "closing_debit_fen", "closing_credit_fen")


async def test_account_balances_are_sums_of_postings_over_every_range(ledger: LedgerCalls, rows: list[P]) -> None:
    for first, last in SPANS:
        report = await ledger.read("/reports/account-balances", from_=first, to=last)
        expected = {
            key: [*sides(one[0]), one[1], one[2], *sides(one[3])]
            for key, one in moved(rows, lambda row: (row.fund, row.account), first, last).items()
        }
        shown = {(one["fund"], one["account"]): [one[name] for name in SIX] for one in report["items"]}
        assert shown == expected, (first, last)
        for one in report["items"]:
            opening, closing = (one[f"{when}_debit_fen"] - one[f"{when}_credit_fen"] for when in ("opening", "closing"))
            assert closing == opening + one["debit_fen"] - one["credit_fen"]
        for total in report["totals"]:
            of_basis = [one for one in report["items"] if one["basis"] == total["basis"]]
            assert [total[name] for name in SIX] == [sum(one[name] for one in of_basis) for name in SIX]
            assert total["balanced"] is True
            assert total["debit_fen"] == total["credit_fen"]


async def test_account_balances_at_a_seq_leave_out_what_was_posted_later(ledger: LedgerCalls, rows: list[P]) -> None:
    for seq in (0, 3, 20, max(row.seq for row in rows) - 2):
        report = await ledger.read("/reports/account-balances", fiscal_year=2021, at_seq=seq)
        counted = [row for row in rows if row.seq <= seq]
        expected = moved(counted, lambda row: (row.fund, row.account), "2021-01-01", "2021-12-31")
        shown = {(one["fund"], one["account"]): [one["debit_fen"], one["credit_fen"]] for one in report["items"]}
        assert shown == {key: one[1:3] for key, one in expected.items()}
        assert report["seq"] == seq


def above(code: str, fund: str) -> bool:
    return code == fund or code.startswith(f"{fund}.")


async def test_a_parent_can_contain_its_funds_and_the_totals_count_each_once(
    ledger: LedgerCalls, rows: list[P]
) -> None:
    report = await ledger.read("/reports/account-balances", fiscal_year=2021, include_descendants=True)
    by_key = moved(rows, lambda row: (row.fund, row.account), "2021-01-01", "2021-12-31")
    funds = {one["fund"] for one in report["items"]}
    assert {"repair", "repair.overhaul", "repair.overhaul.c01"} <= funds
    for one in report["items"]:
        below = [
            figures
            for (fund, account), figures in by_key.items()
            if above(fund, one["fund"]) and account == one["account"]
        ]
        assert one["debit_fen"] == sum(figures[1] for figures in below)
        assert one["closing_debit_fen"] - one["closing_credit_fen"] == sum(figures[3] for figures in below)
    own = await ledger.read("/reports/account-balances", fiscal_year=2021)
    for total, plain in zip(report["totals"], own["totals"], strict=True):
        assert (total["debit_fen"], total["credit_fen"]) == (plain["debit_fen"], plain["credit_fen"])
    repair = await ledger.read("/reports/account-balances", fiscal_year=2021, include_descendants=True, fund="repair")
    assert repair["items"] == [one for one in report["items"] if one["fund"] == "repair"]
    listed = await ledger.read("/reports/account-balances", fiscal_year=2021, fund="repair")
    assert listed["items"] == [one for one in own["items"] if above(one["fund"], "repair")]


async def test_a_month_and_a_year_are_their_days(ledger: LedgerCalls) -> None:
    for short, first, last in (
        ({"period": "2021-02"}, "2021-02-01", "2021-02-28"),
        ({"period": "2021-12"}, "2021-12-01", "2021-12-31"),
        ({"fiscal_year": "2021"}, "2021-01-01", "2021-12-31"),
    ):
        for path in ("account-balances", "receipts-and-payments"):
            answer = await ledger.read(f"/reports/{path}", **short)
            assert (answer["first_day"], answer["last_day"]) == (first, last)
            assert answer == await ledger.read(f"/reports/{path}", from_=first, to=last)
    running = await ledger.read("/reports/account-balances", fiscal_year=TODAY[:4])
    assert running["last_day"] == TODAY


def month_figures(rows: list[P], fund: str, account: str, first: str, last: str, year_from: str) -> list[Json]:
    """The months of a range in which anything moved, as a person would sum them."""
    mine = [row for row in rows if (row.fund, row.account) == (fund, account)]
    months = sorted({row.day[:7] for row in mine if moves(row, first, last)})
    found = []
    for month in months:
        of_month = [row for row in mine if moves(row, first, last) and row.day[:7] == month]
        start = max(f"{month[:4]}-01-01", year_from)
        of_year = [
            row
            for row in mine
            if row.kind != "opening" and start <= row.day and row.day[:7] <= month and row.day <= last
        ]
        standing = sum(
            row.net for row in mine if opens(row, first, last) or (moves(row, first, last) and row.day[:7] <= month)
        )
        found.append(
            {
                "month": month,
                "debit_fen": sum(row.fen for row in of_month if row.side == "debit"),
                "credit_fen": sum(row.fen for row in of_month if row.side == "credit"),
                "year_debit_fen": sum(row.fen for row in of_year if row.side == "debit"),
                "year_credit_fen": sum(row.fen for row in of_year if row.side == "credit"),
                "balance_fen": standing,
                "direction": "debit" if standing > 0 else "credit" if standing < 0 else "even",
            }
        )
    return found


@pytest.mark.parametrize("year", [2021, 2022])
async def test_the_general_ledger_sums_months_and_years(ledger: LedgerCalls, rows: list[P], year: int) -> None:
    first, last = f"{year}-01-01", f"{year}-12-31"
    report = await ledger.read("/reports/general-ledger", fiscal_year=year, limit=1000)
    balances = await ledger.read("/reports/account-balances", fiscal_year=year)
    keys = [(one["fund"], one["account"]) for one in report["items"]]
    assert set(keys) >= {(one["fund"], one["account"]) for one in balances["items"]}
    touched = {(row.fund, row.account) for row in rows if row.day <= last}
    assert len(keys) == len(set(keys))
    for one in report["items"]:
        assert (one["fund"], one["account"]) in touched
        assert one["months"] == month_figures(rows, one["fund"], one["account"], first, last, first)
        mine = [row for row in rows if (row.fund, row.account) == (one["fund"], one["account"])]
        assert one["opening_fen"] == sum(row.net for row in mine if opens(row, first, last))
        assert one["closing_fen"] == sum(row.net for row in mine if row.day <= last)
        assert one["closing_direction"] in {"debit", "credit", "even"}
    december = next(one for one in report["items"] if (one["fund"], one["account"]) == ("health", "5001"))
    if year == 2021:
        # 4.04 of the adjusting period stands in December, and the closing that took it away too.
        assert december["months"][-1]["month"] == "2021-12"
        assert december["months"][-1]["debit_fen"] == 4_04
        assert december["closing_direction"] == "even"
    pages, cursor = [], None
    while True:
        page = await ledger.read(
            "/reports/general-ledger", fiscal_year=year, limit=7, **({"cursor": cursor} if cursor else {})
        )
        pages += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == report["items"]
    one_fund = await ledger.read("/reports/general-ledger", fiscal_year=year, fund="health", account="1002")
    assert one_fund["items"] == [one for one in report["items"] if (one["fund"], one["account"]) == ("health", "1002")]


@pytest.mark.parametrize(
    ("fund", "account"),
    [("insurance", "1002"), ("health", "1002"), ("health", "5001"), ("health", "available"), ("insurance", "4604")],
)
async def test_the_subsidiary_ledger_is_every_posting_with_its_balance(
    ledger: LedgerCalls, rows: list[P], fund: str, account: str
) -> None:
    mine = [row for row in rows if (row.fund, row.account) == (fund, account)]
    for first, last in SPANS[::4]:
        report = await ledger.read("/reports/subsidiary-ledger", fund=fund, account=account, from_=first, to=last)
        expected = [row for row in mine if moves(row, first, last)]
        assert [(one["seq"], one["line"]) for one in report["items"]] == [(row.seq, row.line) for row in expected]
        balance = sum(row.net for row in mine if opens(row, first, last))
        assert report["opening_fen"] == balance
        for one, row in zip(report["items"], expected, strict=True):
            balance += row.net
            assert (one["balance_fen"], one["direction"]) == (
                balance,
                "debit" if balance > 0 else "credit" if balance else "even",
            )
            assert (one["debit_fen"], one["credit_fen"]) == ((row.fen, 0) if row.side == "debit" else (0, row.fen))
            assert (one["effective_on"], one["period"], one["red"]) == (row.day, row.period, row.red)
            others = {
                r.account
                for r in rows
                if r.seq == row.seq and r.fund == fund and r.basis == row.basis and r.side != row.side
            }
            assert one["opposite_accounts"] == sorted(others)
        assert report["closing_fen"] == balance
        assert report["debit_fen"] == sum(row.fen for row in expected if row.side == "debit")
        assert report["months"] == month_figures(rows, fund, account, first, last, f"{first[:4]}-01-01")


async def test_pages_of_a_subsidiary_ledger_are_one_picture(ledger: LedgerCalls) -> None:
    question: dict[str, object] = {"fund": "insurance", "account": "1002", "from_": "2021-03-01"}
    at_once = await ledger.read("/reports/subsidiary-ledger", **question)
    page = await ledger.read("/reports/subsidiary-ledger", **question, limit=2)
    lines = page["items"]
    while page["next_cursor"]:
        page = await ledger.read("/reports/subsidiary-ledger", **question, limit=2, cursor=page["next_cursor"])
        assert {**page, "items": None, "next_cursor": None} == {**at_once, "items": None}
        lines += page["items"]
    assert lines == at_once["items"]
    assert len(lines) > 4


async def test_execution_by_source_is_cash_and_expenditure_at_any_day(ledger: LedgerCalls, rows: list[P]) -> None:
    for last in (*DAYS, TODAY):
        report = await ledger.read("/reports/execution-by-source", as_of=last)
        first = f"{last[:4]}-01-01"
        cash = moved([row for row in rows if row.account == "1002"], lambda row: (row.fund, row.source), first, last)
        spent: dict[tuple[str, str], int] = defaultdict(int)
        for row in rows:
            if row.account == "expended" and row.year == int(last[:4]) and row.day <= last:
                spent[row.fund, row.source] -= row.net
        expected = {key: [*cash.get(key, [0, 0, 0, 0]), spent.get(key, 0)] for key in {*cash, *spent}}
        names = ("opening_fen", "received_fen", "paid_fen", "balance_fen", "expended_fen")
        shown = {(one["fund"], one["source"]): [one[name] for name in names] for one in report["items"]}
        assert shown == {key: one for key, one in expected.items() if any(one)}, last
        assert [report["total"][name] for name in names] == [
            sum(one[place] for one in shown.values()) for place in range(5)
        ]


async def test_execution_by_purpose_is_the_budget_at_any_day(ledger: LedgerCalls, rows: list[P]) -> None:
    for last, year in [(day, 2021) for day in (*DAYS, TODAY)] + [(TODAY, 2022)]:
        report = await ledger.read("/reports/execution-by-purpose", as_of=last, fiscal_year=year)
        expected: dict[tuple[str, str | None], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in rows:
            if row.basis == "control" and row.year == year and row.day <= last:
                expected[row.fund, row.purpose or None][row.account] += (
                    row.net if row.account == "allotted" else -row.net
                )
        names = ("allotted", "encumbered", "expended", "available")
        shown = {(one["fund"], one["purpose_code"]): [one[f"{name}_fen"] for name in names] for one in report["items"]}
        assert shown == {
            key: figures for key, one in expected.items() if any(figures := [one[name] for name in names])
        }, last
        for one in [*report["items"], report["total"]]:
            assert one["allotted_fen"] == one["encumbered_fen"] + one["expended_fen"] + one["available_fen"]
    report = await ledger.read("/reports/execution-by-purpose", as_of="2021-11-30", fund="health")
    assert [(one["purpose_code"], one["purpose_name_zh"], one["purpose_name_en"]) for one in report["items"]] == [
        (None, "未分用途", "General budget"),
        ("meds", "@药品", "Medicines"),
    ]
    meds = report["items"][1]
    assert (meds["allotted_fen"], meds["encumbered_fen"], meds["expended_fen"]) == (100_00, 39_99, 20_01)
    assert (meds["execution_rate_basis_points"], meds["execution_rate"]) == (2001, "20.01%")


async def test_receipts_and_payments_lead_from_cash_to_cash_by_kind(ledger: LedgerCalls, rows: list[P]) -> None:
    cash = [row for row in rows if row.account == "1002"]
    for first, last in SPANS:
        report = await ledger.read("/reports/receipts-and-payments", from_=first, to=last)
        by_fund = moved(cash, lambda row: row.fund, first, last)
        kinds: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for row in cash:
            if moves(row, first, last):
                kinds[row.fund, row.side, row.counts_to][0] += not row.red
                kinds[row.fund, row.side, row.counts_to][1] += row.fen
        assert {one["fund"] for one in report["items"]} >= set(by_fund)
        for one in report["items"]:
            figures = [one[name] for name in ("opening_fen", "receipts_fen", "payments_fen", "closing_fen")]
            assert figures == by_fund.get(one["fund"], [0, 0, 0, 0]), (first, last)
            for side, name in (("debit", "receipts"), ("credit", "payments")):
                shown = {line["kind"]: [line["postings"], line["amount_fen"]] for line in one[name]}
                assert shown == {
                    key[2]: pair for key, pair in kinds.items() if key[:2] == (one["fund"], side) and any(pair)
                }
                assert sum(line["amount_fen"] for line in one[name]) == one[f"{name}_fen"]
        total = report["total"]
        assert total["opening_fen"] + total["receipts_fen"] - total["payments_fen"] == total["closing_fen"]
    whole = await ledger.read("/reports/receipts-and-payments", fiscal_year=2021)
    titles = {line["kind"]: line["title_zh"] for one in whole["items"] for line in one["receipts"] + one["payments"]}
    assert (
        titles | {"receipt": "到账", "free_gift": "非限定用途捐赠", "journal": "手工凭证", "return": "支付退票"}
        == titles
    )


UNKNOWN = [
    ("account-balances", {"fund": "nothing"}),
    ("general-ledger", {"fiscal_year": "2021", "fund": "nothing"}),
    ("general-ledger", {"fiscal_year": "2021", "account": "9999"}),
    ("subsidiary-ledger", {"fund": "nothing", "account": "1002"}),
    ("subsidiary-ledger", {"fund": "health", "account": "9999"}),
    ("execution-by-source", {"fund": "nothing"}),
    ("execution-by-purpose", {"fund": "nothing"}),
    ("receipts-and-payments", {"fund": "nothing"}),
]


@pytest.mark.parametrize(("path", "query"), UNKNOWN)
async def test_an_unknown_fund_or_account_is_named(ledger: LedgerCalls, path: str, query: dict[str, str]) -> None:
    for format_ in ("json", "csv", "xlsx"):
        answer = await ledger.get(f"/reports/{path}", **query, format=format_)
        field = "account" if "account" in query and query.get("fund") != "nothing" else "fund"
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (404, "not_found", field)


async def test_an_unknown_book_is_not_found(ledger: LedgerCalls) -> None:
    stranger = LedgerCalls(ledger.client, ledger.issuer, "610922")
    for path, query in (*UNKNOWN, ("account-balances", {})):
        plain = {name: value for name, value in query.items() if value not in {"nothing", "9999"}}
        needed = {"fund": "health", "account": "1002"} if path == "subsidiary-ledger" else {}
        assert (
            await stranger.get(f"/reports/{path}", **needed, **{k: v for k, v in plain.items() if k not in needed})
        ).status_code == 404


TOMORROW = (date.fromisoformat(TODAY) + timedelta(days=1)).isoformat()
CURSOR = encode_cursor("health", "9999")
REFUSED = [
    ("account-balances", {"from": "2021-03-01", "to": "2021-02-28"}, "to", "before_from"),
    ("account-balances", {"from": TOMORROW}, "from", "in_the_future"),
    ("account-balances", {"from": "2021-03-01", "fiscal_year": "2021"}, "fiscal_year", "conflicting_range"),
    ("account-balances", {"to": "2021-03-01", "period": "2021-01"}, "period", "conflicting_range"),
    ("account-balances", {"period": "2021-01", "fiscal_year": "2021"}, "fiscal_year", "conflicting_range"),
    ("account-balances", {"fiscal_year": str(int(TODAY[:4]) + 1)}, "fiscal_year", "in_the_future"),
    ("account-balances", {"period": "2021-13"}, "period", None),
    ("account-balances", {"at_seq": "99999"}, "at_seq", "not_reached"),
    ("account-balances", {"include_descendants": "maybe"}, "include_descendants", "not_a_boolean"),
    ("general-ledger", {}, "fiscal_year", "required"),
    ("general-ledger", {"fiscal_year": str(int(TODAY[:4]) + 1)}, "fiscal_year", "in_the_future"),
    ("general-ledger", {"fiscal_year": "2021", "cursor": CURSOR}, "cursor", "bad_cursor"),
    ("general-ledger", {"fiscal_year": "2021", "cursor": "x"}, "cursor", "bad_cursor"),
    ("subsidiary-ledger", {"fund": "health"}, "account", "required"),
    (
        "subsidiary-ledger",
        {"fund": "health", "account": "1002", "from": "2021-03-01", "to": "2021-02-28"},
        "to",
        "before_from",
    ),
    ("subsidiary-ledger", {"fund": "health", "account": "1002", "cursor": CURSOR}, "cursor", "bad_cursor"),
    (
        "subsidiary-ledger",
        {"fund": "health", "account": "1002", "from": "2021-03-01", "cursor": encode_cursor(date(2021, 1, 1), 1, 1, 1)},
        "cursor",
        "outside_the_range",
    ),
    ("execution-by-source", {"as_of": TOMORROW}, "as_of", "in_the_future"),
    ("execution-by-source", {"as_of": "2021-03-01", "fiscal_year": "2022"}, "as_of", "outside_the_year"),
    ("execution-by-purpose", {"as_of": TOMORROW}, "as_of", "in_the_future"),
    ("receipts-and-payments", {"from": "2021-03-01", "to": "2021-02-28"}, "to", "before_from"),
]


@pytest.mark.parametrize(("path", "query", "field", "code"), REFUSED)
async def test_a_question_that_cannot_be_is_refused_by_name(
    ledger: LedgerCalls, path: str, query: dict[str, str], field: str, code: str | None
) -> None:
    answer = await ledger.get(f"/reports/{path}", **query)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert code in {error["code"], None}


async def test_statements_of_totals_do_not_read_postings(
    ledger: LedgerCalls, rows: list[P], reported: Reported, postgres: Server
) -> None:
    """Last in the file: the book is broken on purpose afterwards."""
    paths = (
        "/reports/account-balances?from=2021-02-10&to=2021-05-15",
        "/reports/general-ledger?fiscal_year=2022",
        "/reports/execution-by-source?as_of=2022-01-20",
        "/reports/execution-by-purpose?as_of=2021-05-15",
    )
    before = [
        (await ledger.client.get(f"/v1/books/610923{path}", headers=ledger.headers("auditor"))).json() for path in paths
    ]
    postgres.sql(reported.database, "SET session_replication_role = replica; DELETE FROM posting;")
    after = [
        (await ledger.client.get(f"/v1/books/610923{path}", headers=ledger.headers("auditor"))).json() for path in paths
    ]
    assert after == before
    assert all(one["items"] for one in before)
