"""Every answer of the ledger is understood as done, refused or unknown; nothing the network does raises."""

import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from claims.payouts.ledger_calls import Call
from claims.payouts.ledger_client import Done, LedgerClient, LedgerUnavailableError, Refused, Unknown

pytestmark = pytest.mark.anyio

ENTRY = {"id": str(UUID(int=5)), "seq": 9, "voucher_number": 3, "hash": "ab" * 32, "kind": "encumber"}
BOOKED = {"id": str(UUID(int=7)), "entry": ENTRY, "fund": {"code": "insurance"}}
CALL = Call("610923", "/encumbrances", "claim:x:encumber:1", {"amount_fen": 5})
PROBLEM = {"code": "insufficient_funds", "title": "资金不足", "status": 409, "detail": "可用指标不足。"}


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("first\n")
    return path


def client(token_file: Path, answer: Callable[[httpx.Request], httpx.Response], timeout: float = 5) -> LedgerClient:
    return LedgerClient(
        "http://127.0.0.1:1", token_file, timeout_seconds=timeout, transport=httpx.MockTransport(answer)
    )


async def test_a_receipt_is_done_and_the_call_carries_key_token_and_body(token_file: Path) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json=BOOKED)

    async with client(token_file, answer) as ledger:
        outcome = await ledger.send(CALL)
    assert outcome == Done(UUID(int=7), UUID(int=5), 9, 3, "ab" * 32)
    assert seen[0].url.path == "/v1/books/610923/encumbrances"
    assert seen[0].headers["Idempotency-Key"] == CALL.key
    assert seen[0].headers["Authorization"] == "Bearer first"
    assert seen[0].content == b'{"amount_fen":5}'


@pytest.mark.parametrize("status", [403, 404, 409, 422])
async def test_a_rule_of_the_ledger_is_a_refusal(token_file: Path, status: int) -> None:
    async with client(token_file, lambda _: httpx.Response(status, json=PROBLEM)) as ledger:
        assert await ledger.send(CALL) == Refused("insufficient_funds", "可用指标不足。")


@pytest.mark.parametrize("status", [301, 400, 401, 413, 428, 429, 500, 502, 503, 504])
async def test_every_other_status_leaves_the_outcome_unknown(token_file: Path, status: int) -> None:
    async with client(token_file, lambda _: httpx.Response(status, json=PROBLEM)) as ledger:
        assert isinstance(await ledger.send(CALL), Unknown)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>proxy</html>",
        b'{"id": 5}',
        b'{"id": "%s", "entry": {"id": "%s", "seq": "9"}}' % (str(UUID(int=1)).encode(), str(UUID(int=1)).encode()),
    ],
)
@pytest.mark.parametrize("status", [200, 201, 404, 409])
async def test_an_answer_that_is_not_the_ledgers_is_unknown(token_file: Path, status: int, content: bytes) -> None:
    async with client(token_file, lambda _: httpx.Response(status, content=content)) as ledger:
        assert isinstance(await ledger.send(CALL), Unknown)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError, OSError]
)
async def test_a_lost_connection_is_unknown(token_file: Path, error: type[Exception]) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error("lost")

    async with client(token_file, answer) as ledger:
        assert isinstance(await ledger.send(CALL), Unknown)


async def test_a_missing_token_file_is_unknown_and_a_renewed_token_is_used(token_file: Path) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        return httpx.Response(201, json=BOOKED)

    async with client(token_file, answer) as ledger:
        await ledger.send(CALL)
        renewed = token_file.with_name("renewed")
        renewed.write_text("second-token")
        os.replace(renewed, token_file)  # noqa: PTH105 - as the issuer renews it, in one step
        await ledger.send(CALL)
        os.remove(token_file)  # noqa: PTH107 - as above
        assert isinstance(await ledger.send(CALL), Unknown)
    assert seen == ["Bearer first", "Bearer second-token"]


async def test_every_page_of_encumbrances_is_read(token_file: Path) -> None:
    def one(number: int) -> dict[str, object]:
        return {
            "id": str(UUID(int=number)),
            "reference": None,
            "amount_fen": number,
            "liquidated_fen": 0,
            "returned_fen": 0,
            "released_fen": 0,
            "remaining_fen": number,
        }

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.params["fund"] == "insurance"
        if "cursor" not in request.url.params:
            return httpx.Response(200, json={"items": [one(1), one(2)], "next_cursor": "more"})
        return httpx.Response(200, json={"items": [one(3)], "next_cursor": None})

    async with client(token_file, answer) as ledger:
        assert [found.amount_fen async for found in ledger.encumbrances("610923", "insurance")] == [1, 2, 3]


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(200, content=b"[]"), httpx.Response(403)])
async def test_a_question_without_an_answer_says_that_the_ledger_is_unavailable(
    token_file: Path, answer: httpx.Response
) -> None:
    async with client(token_file, lambda _: answer) as ledger:
        with pytest.raises(LedgerUnavailableError):
            await ledger.months("610923")
