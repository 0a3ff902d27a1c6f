"""Random sequences of operations over HTTP on PostgreSQL end where the plain model says, refusal by refusal."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.fixtures import ClientFactory
from tests.support.fund_model import FUNDS, OK, SOURCES, FundModel, Operation, operations
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.servers import Server

BEGINNING = [
    *(
        Operation("receipt", fund, 60, name, 2021, early=True, target=0, part=0)
        for fund in FUNDS
        for name in SOURCES[:2]
    ),
    *(Operation("allotment", fund, 90, None, 2021, early=True, target=0, part=0) for fund in FUNDS),
]


class HttpBook:
    """Does the model's steps over HTTP in a book of its own, keeping the ids of what came of them."""

    def __init__(self, portal: BlockingPortal, calls: LedgerCalls) -> None:
        self.portal = portal
        self.calls = calls
        self.encumbrances: list[str] = []
        self.liquidations: list[list[str]] = []
        assert portal.call(calls.open_book).status_code == 201

    def read(self, path: str, **query: str) -> Json:
        """GET below the book."""

        async def ask() -> Json:
            url = f"/v1/books/{self.calls.book}{path}"
            response = await self.calls.client.get(url, params=query, headers=self.calls.headers("auditor"))
            assert response.status_code == 200, response.text
            answer: Json = response.json()
            return answer

        return self.portal.call(ask)

    def do(self, step: Operation, model: FundModel) -> str:
        """Do a step; say ``ok`` or the refusal's code."""
        path, body = self._request(step, model)
        response: httpx.Response = self.portal.call(self.calls.post, path, body)
        answer = response.json()
        if response.status_code != 201:
            return str(answer["code"])
        if step.name == "encumber":
            self.encumbrances.append(answer["id"])
            self.liquidations.append([])
        elif step.name == "liquidate":
            number = model.target(step)
            assert number is not None
            self.liquidations[number].append(answer["id"])
        return OK

    def _request(self, step: Operation, model: FundModel) -> tuple[str, Json]:
        body: dict[str, Any] = {"effective_on": step.on}
        if step.source is not None or step.name == "receipt":
            body["source"] = step.source or "county"
        if step.name in {"receipt", "payment", "allotment", "encumber", "liquidate"}:
            body["amount_fen"] = step.fen
        if step.name in {"allotment", "encumber", "payment"}:
            body["fiscal_year"] = step.year
        match step.name:
            case "receipt":
                return f"/funds/{step.fund}/receipts", body
            case "payment":
                return f"/funds/{step.fund}/payments", body | {"payee_ref": "p", "purpose": "用途"}
            case "allotment" | "encumber":
                body.pop("source", None)
                if step.name == "allotment":
                    return f"/funds/{step.fund}/allotments", body | {"authority": "文"}
                return "/encumbrances", body | {"fund": step.fund, "purpose": "用途"}
        return self._request_on_encumbrance(step, model, body)

    def _request_on_encumbrance(self, step: Operation, model: FundModel, body: Json) -> tuple[str, Json]:
        number = model.target(step)
        assert number is not None
        path = f"/encumbrances/{self.encumbrances[number]}"
        if step.name == "liquidate":
            return f"{path}/liquidations", body | {"payee_ref": "p"}
        body.pop("source", None)
        if step.name == "release":
            return f"{path}/release", body
        part = model.part(step)
        assert part is not None
        return f"{path}/liquidations/{self.liquidations[number][part]}/return", body | {"reason": "退"}


def assert_equal(book: HttpBook, model: FundModel) -> None:
    for year in (2021, 2022):
        shown = {item["code"]: item for item in book.read("/funds", fiscal_year=str(year))["items"]}
        for fund in FUNDS:
            expected = {
                "allotted_fen": model.allotted[fund, year],
                "available_fen": model.available[fund, year],
                "encumbered_fen": model.encumbered[fund, year],
                "expended_fen": model.expended_of(fund, year),
                "cash_fen": model.cash_of(fund),
            }
            assert {name: shown[fund][name] for name in expected} == expected
    listed = book.read("/encumbrances", limit="1000")["items"]
    assert [item["id"] for item in listed] == book.encumbrances
    for item, one in zip(listed, model.encumbrances, strict=True):
        stands = (item["status"], item["remaining_fen"], item["released_fen"], item["payable_fen"])
        assert stands == (one.status, one.remaining, one.released, one.payable)
        assert item["amount_fen"] == item["liquidated_fen"] + item["released_fen"] + item["remaining_fen"]
    for status in ("open", "liquidated", "released"):
        found = book.read("/encumbrances", limit="1000", status=status)["items"]
        assert [item["id"] for item in found] == [item["id"] for item in listed if item["status"] == status]
    assert book.read("/chain/verification")["verified"] is True


def stored_sums_differ(postgres: Server, database: Database) -> str:
    """Count balances and encumbrances whose maintained figures are not the sums of their postings."""
    return postgres.sql(
        database,
        """SELECT (SELECT count(*) FROM balance b FULL JOIN (
                SELECT book, fund, account, budget_year, source,
                       sum(CASE WHEN (side = 'debit') <> red THEN amount_fen ELSE -amount_fen END) AS fen
                FROM posting GROUP BY 1, 2, 3, 4, 5) p USING (book, fund, account, budget_year, source)
            WHERE b.balance_fen IS DISTINCT FROM p.fen),
        (SELECT count(*) FROM (SELECT e.book, e.fund, e.fiscal_year, sum(b.remaining_fen) AS open
                FROM encumbrance e JOIN encumbrance_balance b USING (book, id) GROUP BY 1, 2, 3) r
            FULL JOIN (SELECT book, fund, budget_year AS fiscal_year, -sum(balance_fen) AS open FROM balance
                WHERE account = 'encumbered' GROUP BY 1, 2, 3) s USING (book, fund, fiscal_year)
            WHERE r.open IS DISTINCT FROM s.open),
        (SELECT count(*) FROM encumbrance_balance b WHERE payable_fen <> (
            SELECT coalesce(sum(CASE WHEN side = 'credit' THEN amount_fen ELSE -amount_fen END), 0) FROM posting p
            WHERE p.book = b.book AND p.encumbrance = b.id AND p.account = '2303'))""",
    ).strip()


def test_any_sequence_of_requests_ends_where_the_model_says(
    clients: ClientFactory, ledger_settings: dict[str, str], issuer: Issuer, postgres: Server, ledger_database: Database
) -> None:
    numbers = count(610_000)

    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(clients("ledger", ledger_settings)) as client,
    ):

        @given(st.lists(operations, min_size=10, max_size=30))
        @settings(
            max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
        )
        def run(steps: list[Operation]) -> None:
            model, book = FundModel(), HttpBook(portal, LedgerCalls(client, issuer, book=str(next(numbers))))
            for step in [*BEGINNING, *steps]:
                if step.name in {"liquidate", "release"} and model.target(step) is None:
                    continue
                if step.name == "return" and model.part(step) is None:
                    continue
                assert book.do(step, model) == model.apply(step), step
            assert_equal(book, model)

        run()
    assert stored_sums_differ(postgres, ledger_database) == "0|0|0"
