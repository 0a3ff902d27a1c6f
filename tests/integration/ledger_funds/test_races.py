"""Many at once: money is paid out as often as it is there, whoever asks and through whichever instance."""

from asyncio import gather
from collections import Counter

import httpx
import pytest

from deploy.local.databases import Database
from deploy.local.issuer import Issuer
from tests.support.fixtures import ClientFactory
from tests.support.ledger_calls import Json, LedgerCalls
from tests.support.servers import Server

pytestmark = pytest.mark.anyio

PAYMENT: Json = {"amount_fen": 10, "effective_on": "2021-03-02", "payee_ref": "vendor-1", "purpose": "印刷费"}
SUMS = """
SELECT (SELECT count(*) FROM balance b FULL JOIN (
            SELECT p.book, p.fund, p.account, p.budget_year, p.source,
                   sum(CASE WHEN p.side <> 'debit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS debit,
                   sum(CASE WHEN p.side <> 'credit' THEN 0 WHEN p.red THEN -p.amount_fen ELSE p.amount_fen END) AS credit
            FROM posting p GROUP BY 1, 2, 3, 4, 5) s USING (book, fund, account, budget_year, source)
        WHERE b.debit_fen IS DISTINCT FROM s.debit OR b.credit_fen IS DISTINCT FROM s.credit),
       (SELECT count(*) FROM balance WHERE account = '1002' AND balance_fen < 0),
       (SELECT count(*) FROM balance WHERE account IN ('available', 'encumbered') AND balance_fen > 0),
       (SELECT count(*) FROM journal_entry) - (SELECT max(seq) FROM journal_entry),
       (SELECT count(*) FROM journal_entry) - (SELECT sum(number) FROM voucher_head)
"""


async def fund_of(ledger: LedgerCalls, cash: dict[str, int], allotted: int) -> None:
    assert (await ledger.open_book()).status_code == 201
    for source, fen in cash.items():
        await ledger.made("/funds/health/receipts", amount_fen=fen, source=source, effective_on="2021-03-01")
    await ledger.made(
        "/funds/health/allotments", amount_fen=allotted, fiscal_year=2021, effective_on="2021-03-01", authority="文1"
    )


async def figures(ledger: LedgerCalls) -> tuple[int, int, int, int, int]:
    page = await ledger.read("/funds", fiscal_year=2021)
    found = next(item for item in page["items"] if item["code"] == "health")
    allotted, available = found["allotted_fen"], found["available_fen"]
    assert allotted == available + found["encumbered_fen"] + found["expended_fen"]
    return allotted, available, found["encumbered_fen"], found["expended_fen"], found["cash_fen"]


def outcomes(responses: list[httpx.Response]) -> Counter[str]:
    return Counter("201" if one.status_code == 201 else f"{one.status_code} {one.json()['code']}" for one in responses)


def assert_whole(postgres: Server, database: Database) -> None:
    """Balances equal the sums of postings, none is negative, no number is missing."""
    assert postgres.sql(database, SUMS).strip() == "0|0|0|0|0"


async def test_of_64_payments_against_money_for_ten_ten_succeed(
    ledger_client: httpx.AsyncClient, issuer: Issuer, postgres: Server, ledger_database: Database
) -> None:
    ledger = LedgerCalls(ledger_client, issuer)
    await fund_of(ledger, {"central": 35, "county": 65}, 100)
    responses = await gather(*(ledger.post("/funds/health/payments", PAYMENT) for _ in range(64)))
    assert outcomes(responses) == {"201": 10, "409 insufficient_funds": 54}
    assert await figures(ledger) == (100, 0, 0, 100, 0)
    seqs = [one.json()["seq"] for one in responses if one.status_code == 201]
    assert sorted(seqs) == list(range(4, 14))
    assert_whole(postgres, ledger_database)
    assert (await ledger.read("/chain/verification"))["verified"] is True


async def test_the_same_through_two_instances_on_one_database(
    clients: ClientFactory,
    ledger_settings: dict[str, str],
    issuer: Issuer,
    postgres: Server,
    ledger_database: Database,
) -> None:
    async with clients("ledger", ledger_settings) as one, clients("ledger", ledger_settings) as two:
        first, second = LedgerCalls(one, issuer), LedgerCalls(two, issuer)
        await fund_of(first, {"central": 35, "county": 65}, 1000)
        responses = await gather(
            *(
                (first, second)[number % 2].post("/funds/health/payments", PAYMENT, key=f"payment-{number}")
                for number in range(64)
            )
        )
        assert outcomes(responses) == {"201": 10, "409 insufficient_funds": 54}
        assert await figures(first) == await figures(second) == (1000, 900, 0, 100, 0)
        assert_whole(postgres, ledger_database)
        # Every key is answered alike by the other instance.
        replays = await gather(
            *(
                (second, first)[number % 2].post("/funds/health/payments", PAYMENT, key=f"payment-{number}")
                for number in range(64)
            )
        )
        assert [one.status_code for one in replays] == [one.status_code for one in responses]
        assert [one.json().get("id") for one in replays] == [one.json().get("id") for one in responses]
        assert {one.headers.get("Idempotent-Replayed") for one in replays} == {"true"}
        assert (await first.read("/chain/verification"))["verified"] is True


async def test_encumbrances_race_for_available_and_their_payments_for_the_remainder(
    ledger_client: httpx.AsyncClient, issuer: Issuer, postgres: Server, ledger_database: Database
) -> None:
    ledger = LedgerCalls(ledger_client, issuer)
    await fund_of(ledger, {"county": 500}, 100)
    wish = {"fund": "health", "fiscal_year": 2021, "amount_fen": 25, "purpose": "救助", "effective_on": "2021-03-01"}
    made = await gather(*(ledger.post("/encumbrances", wish) for _ in range(16)))
    assert outcomes(made) == {"201": 4, "409 insufficient_funds": 12}
    first = next(one.json()["id"] for one in made if one.status_code == 201)
    payment = {"amount_fen": 10, "effective_on": "2021-03-02", "payee_ref": "p"}
    paid = await gather(*(ledger.post(f"/encumbrances/{first}/liquidations", payment) for _ in range(16)))
    assert outcomes(paid) == {"201": 2, "409 amount_exceeds_remaining": 14}
    lid = next(one.json()["id"] for one in paid if one.status_code == 201)
    back = {"effective_on": "2021-03-03", "reason": "退票"}
    returned = await gather(*(ledger.post(f"/encumbrances/{first}/liquidations/{lid}/return", back) for _ in range(8)))
    assert outcomes(returned) == {"201": 1, "409 already_reversed": 7}
    released = await gather(
        *(ledger.post(f"/encumbrances/{first}/release", {"effective_on": "2021-03-04"}) for _ in range(8))
    )
    assert outcomes(released) == {"201": 1, "409 encumbrance_not_open": 7}
    assert await figures(ledger) == (100, 15, 75, 10, 490)
    assert_whole(postgres, ledger_database)


async def test_sub_funds_created_at_once_each_get_a_position_of_their_own(
    ledger_client: httpx.AsyncClient, issuer: Issuer
) -> None:
    ledger = LedgerCalls(ledger_client, issuer)
    await ledger.open_book()
    made = await gather(
        *(
            ledger.post("/funds", {"code": f"repair.c{number % 4}", "parent": "repair", "name_zh": "社区"})
            for number in range(12)
        )
    )
    assert outcomes(made) == {"201": 4, "409 fund_exists": 8}
    positions = [item.json()["position"] for item in made if item.status_code == 201]
    assert sorted(positions) == [8, 9, 10, 11]
    assert (await ledger.read("/chain/verification"))["verified"] is True
