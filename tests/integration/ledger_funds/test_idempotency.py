"""One key, one effect, on every operation of funds and budgets."""

from asyncio import gather
from collections.abc import Awaitable, Callable

import httpx
import pytest

from common.wire import Wire
from deploy.local.issuer import Issuer
from ledger.budgets.schemas import EncumbranceMoved, EncumbrancePosted
from ledger.funds.schemas import FundCreated, OpeningPosted, Posted
from tests.support.ledger_calls import Json, LedgerCalls

pytestmark = pytest.mark.anyio

DAY = {"effective_on": "2021-03-05"}


@pytest.fixture
async def ledger(ledger_client: httpx.AsyncClient, issuer: Issuer) -> LedgerCalls:
    calls = LedgerCalls(ledger_client, issuer)
    assert (await calls.open_book()).status_code == 201
    await calls.made("/funds/health/receipts", amount_fen=1000, source="county", **DAY)
    await calls.made("/funds/health/allotments", amount_fen=900, fiscal_year=2021, authority="文1", **DAY)
    return calls


async def encumbrance(ledger: LedgerCalls) -> str:
    made = await ledger.made("/encumbrances", fund="health", fiscal_year=2021, amount_fen=50, purpose="救助", **DAY)
    return str(made["id"])


async def liquidation(ledger: LedgerCalls) -> str:
    found = await encumbrance(ledger)
    paid = await ledger.made(f"/encumbrances/{found}/liquidations", amount_fen=50, payee_ref="p", **DAY)
    return f"/encumbrances/{found}/liquidations/{paid['id']}"


Wish = tuple[str, Json, Json]


async def receipt(_ledger: LedgerCalls) -> Wish:
    return "/funds/health/receipts", {"amount_fen": 5, "source": "city"} | DAY, {"amount_fen": 6}


async def allotment(_ledger: LedgerCalls) -> Wish:
    body = {"amount_fen": 5, "fiscal_year": 2021, "authority": "文2"} | DAY
    return "/funds/health/allotments", body, {"authority": "文3"}


async def payment(_ledger: LedgerCalls) -> Wish:
    return "/funds/health/payments", {"amount_fen": 5, "payee_ref": "p", "purpose": "印刷"} | DAY, {"source": "county"}


async def opening(_ledger: LedgerCalls) -> Wish:
    lines = [
        {"fund": "repair", "account": "1002", "side": "debit", "amount_fen": 5},
        {"fund": "repair", "account": "3001", "side": "credit", "amount_fen": 5},
    ]
    return "/opening-balances", {"lines": lines} | DAY, {"reference": "x"}


async def sub_fund(_ledger: LedgerCalls) -> Wish:
    return "/funds", {"code": "repair.roads", "parent": "repair", "name_zh": "村道"}, {"name_zh": "公路"}


async def encumber(_ledger: LedgerCalls) -> Wish:
    body = {"fund": "health", "fiscal_year": 2021, "amount_fen": 5, "purpose": "救助"} | DAY
    return "/encumbrances", body, {"expires_at": "2099-01-01T00:00:00Z"}


async def liquidate(ledger: LedgerCalls) -> Wish:
    path = f"/encumbrances/{await encumbrance(ledger)}/liquidations"
    return path, {"amount_fen": 5, "payee_ref": "p"} | DAY, {"payee_ref": "q"}


async def take_back(ledger: LedgerCalls) -> Wish:
    return f"{await liquidation(ledger)}/return", {"reason": "户名不符"} | DAY, {"reason": "销户"}


async def release(ledger: LedgerCalls) -> Wish:
    return f"/encumbrances/{await encumbrance(ledger)}/release", dict(DAY), {"reason": "取消"}


async def correction(ledger: LedgerCalls) -> Wish:
    made = await ledger.made("/funds/health/receipts", amount_fen=5, source="city", **DAY)
    return f"/funds/health/receipts/{made['id']}/reversal", {"reason": "误记"} | DAY, {"reason": "重复"}


EVERY: list[tuple[Callable[[LedgerCalls], Awaitable[Wish]], type[Wire]]] = [
    (receipt, Posted),
    (allotment, Posted),
    (payment, Posted),
    (correction, Posted),
    (opening, OpeningPosted),
    (sub_fund, FundCreated),
    (encumber, EncumbrancePosted),
    (liquidate, EncumbranceMoved),
    (take_back, EncumbranceMoved),
    (release, EncumbranceMoved),
]


@pytest.mark.parametrize(("wish", "shape"), EVERY, ids=[wish.__name__ for wish, _ in EVERY])
async def test_fifty_at_once_with_one_key_have_one_effect_and_equal_answers(
    ledger: LedgerCalls, wish: Callable[[LedgerCalls], Awaitable[Wish]], shape: type[Wire]
) -> None:
    path, body, change = await wish(ledger)
    before = (await ledger.read("/chain"))["position"]
    responses = await gather(*(ledger.post(path, body, key="one") for _ in range(50)))
    assert {one.status_code for one in responses} == {201}
    assert len({one.content for one in responses}) == 1
    # The answer is stored text: it must still be what the document promises, no field more or less.
    shown = shape.model_validate_json(responses[0].content)
    assert shown.model_fields_set == set(shape.model_fields)
    assert [one.headers.get("Idempotent-Replayed") for one in responses].count(None) == 1
    assert (await ledger.read("/chain"))["position"] == before + 1
    changed = await ledger.post(path, body | change, key="one")
    assert (changed.status_code, changed.json()["code"]) == (409, "idempotency_key_reused")
    # The order of the fields is not a change.
    reordered = await ledger.post(path, dict(reversed(body.items())), key="one")
    assert reordered.content == responses[0].content
    assert (await ledger.read("/chain"))["position"] == before + 1


async def test_a_refused_key_stays_refused_while_a_new_one_succeeds_once_money_is_there(ledger: LedgerCalls) -> None:
    wishes: list[tuple[str, Json, Json]] = [
        ("/funds/repair/payments", {"amount_fen": 70, "payee_ref": "p", "purpose": "维修"} | DAY, {}),
        ("/encumbrances", {"fund": "repair", "fiscal_year": 2021, "amount_fen": 30, "purpose": "维修"} | DAY, {}),
    ]
    refusals = []
    for number, (path, body, _) in enumerate(wishes):
        response = await ledger.post(path, body, key=f"refused-{number}")
        assert (response.status_code, response.json()["code"]) == (409, "insufficient_funds")
        refusals.append(response.json())
    await ledger.made("/funds/repair/receipts", amount_fen=70, source="county", **DAY)
    await ledger.made("/funds/repair/allotments", amount_fen=100, fiscal_year=2021, authority="文1", **DAY)
    for number, (path, body, _) in enumerate(wishes):
        again = await ledger.post(path, body, key=f"refused-{number}")
        assert (again.status_code, again.json(), again.headers["Idempotent-Replayed"]) == (
            409,
            refusals[number],
            "true",
        )
        assert (await ledger.post(path, body, key=f"new-{number}")).status_code == 201


async def test_what_is_wrong_with_a_request_is_not_remembered(ledger: LedgerCalls) -> None:
    body = {"amount_fen": 5, "payee_ref": "p", "purpose": "印刷"} | DAY
    for wrong, status in (
        ({"amount_fen": 0}, 422),
        ({"effective_on": "2999-01-01"}, 422),
        ({"fiscal_year": 2022}, 422),
    ):
        assert (await ledger.post("/funds/health/payments", body | wrong, key="k")).status_code == status
    assert (await ledger.post("/funds/nowhere/payments", body, key="k")).status_code == 404
    assert (await ledger.post("/funds/health/payments", body, who="auditor", key="k")).status_code == 403
    assert (await ledger.post("/funds/health/payments", body, key="k")).status_code == 201


async def test_a_key_is_needed_and_shared_by_all_operations(ledger: LedgerCalls) -> None:
    path, body, _ = await receipt(ledger)
    url = f"/v1/books/610923{path}"
    without = await ledger.client.post(url, json=body, headers=ledger.headers("officer"))
    assert (without.status_code, without.json()["field"]) == (422, "Idempotency-Key")
    assert (await ledger.post(path, body, key="shared")).status_code == 201
    other_path, other_body, _ = await allotment(ledger)
    other = await ledger.post(other_path, other_body, key="shared")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
