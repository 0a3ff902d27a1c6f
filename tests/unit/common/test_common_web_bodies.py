"""What a body may not be, and that nothing of it comes back."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio

URL = "/v1/books/610923/things"
GOOD: dict[str, Any] = {
    "effective_on": "2026-01-05",
    "postings": [{"fund": "health", "side": "debit", "amount_fen": 100}],
}
HEADERS = {"Content-Type": "application/json", "Idempotency-Key": "k-1"}


def changed(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "postings": [GOOD["postings"][0] | changes]}


async def send(client: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    return await client.post(URL, content=body, headers=HEADERS | headers)


async def test_a_good_body_is_taken(client: httpx.AsyncClient) -> None:
    answer = await send(client, json.dumps(GOOD).encode())
    assert (answer.status_code, answer.json()["count"]) == (201, 1)
    assert "Idempotent-Replayed" not in answer.headers
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"a": 1} x',
        b'{"effective_on": "2026-01-05", "effective_on": "2026-01-06", "postings": []}',
        b'{"postings": [{"fund": "a", "fund": "b"}]}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b"\xff\xfe",
        b'{"a": "\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"a": ' + b"1" * 5000 + b"}",
        b"[" * 5_000,
        b"[" * 3_000 + b"]" * 3_000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b"[" * 250 + b"]" * 250,
        b'{"a": "\x00"}',
    ],
)
async def test_a_body_that_is_not_strict_json_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await send(client, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("depth", [10_000, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
async def test_a_body_nested_very_deep_is_malformed(make_app: Any, keys: Any, depth: int, opening: bytes) -> None:
    transport = httpx.ASGITransport(app=make_app(body_limit=16 * 1024 * 1024))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        closing = b"]" if opening == b"[" else b"}"
        body = opening * depth + b"1" + closing * depth
        answer = await client.post(URL, content=body, headers=HEADERS | {"Authorization": f"Bearer {keys.token()}"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (changed(amount_fen=0), "postings[0].amount_fen", "too_small"),
        (changed(amount_fen=-1), "postings[0].amount_fen", "too_small"),
        (changed(amount_fen=10**15 + 1), "postings[0].amount_fen", "too_large"),
        (changed(amount_fen=10**30), "postings[0].amount_fen", "too_large"),
        (changed(amount_fen=10**4000), "postings[0].amount_fen", "too_large"),
        (changed(amount_fen=5.0), "postings[0].amount_fen", "not_an_integer"),
        (changed(amount_fen=5.5), "postings[0].amount_fen", "not_an_integer"),
        (changed(amount_fen="5"), "postings[0].amount_fen", "not_an_integer"),
        (changed(amount_fen=True), "postings[0].amount_fen", "not_an_integer"),
        (changed(amount_fen=None), "postings[0].amount_fen", "not_an_integer"),
        (changed(amount_fen=[1]), "postings[0].amount_fen", "not_an_integer"),
        (changed(fund=5), "postings[0].fund", "not_a_text"),
        (changed(fund="no blanks"), "postings[0].fund", "wrong_form"),
        (changed(side=""), "postings[0].side", "too_short"),
        (changed(side="   "), "postings[0].side", "blank"),
        (changed(side="x" * 201), "postings[0].side", "too_long"),
        (changed(side="a\x07b"), "postings[0].side", "invalid_characters"),
        (changed(side="a\nb"), "postings[0].side", "invalid_characters"),
        (changed(side="a\x00b"), "postings[0].side", "invalid_characters"),
        (changed(side="\ud800"), "postings[0].side", "invalid_characters"),
        (changed(side="\u202egnp.exe"), "postings[0].side", "invalid_characters"),
        (changed(surplus=1), "postings[0].surplus", "unknown_field"),
        ({**GOOD, "postings": {}}, "postings", "not_an_array"),
        ({**GOOD, "postings": [1]}, "postings[0]", "not_an_object"),
        ({"effective_on": "2026-01-05"}, "postings", "required"),
        ({**GOOD, "effective_on": 20260105}, "effective_on", "not_a_date"),
        ({**GOOD, "effective_on": "2026-02-30"}, "effective_on", "not_a_date"),
        ({**GOOD, "effective_on": "2026-1-5"}, "effective_on", "not_a_date"),
        ({**GOOD, "effective_on": "2026-01-05T00:00:00"}, "effective_on", "not_a_date"),
        ({**GOOD, "effective_on": "1899-12-31"}, "effective_on", "date_out_of_range"),
        ({**GOOD, "effective_on": None}, "effective_on", "not_a_date"),
        ([], "body", "not_an_object"),
        ("text", "body", "not_an_object"),
        (None, "body", "not_an_object"),
        (7, "body", "not_an_object"),
    ],
)
async def test_a_wrong_field_is_named(client: httpx.AsyncClient, body: object, field: str, code: str) -> None:
    answer = await send(client, json.dumps(body).encode())
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (422, "invalid_request", field), problem
    assert [error["code"] for error in problem["errors"]] == [code]


async def test_a_nul_in_a_key_is_refused(client: httpx.AsyncClient) -> None:
    answer = await send(client, json.dumps(GOOD | {"metadata": {"a\x00b": 1}}).encode())
    assert (answer.status_code, answer.json()["field"]) == (422, "metadata")


async def test_an_emoji_written_as_a_surrogate_pair_is_a_text(client: httpx.AsyncClient) -> None:
    assert (await send(client, json.dumps(changed(side="ok \U0001f600")).encode())).status_code == 201


async def test_all_wrong_fields_are_named_at_once(client: httpx.AsyncClient) -> None:
    answer = await send(client, json.dumps({"effective_on": "x", "postings": [{"fund": "a"}], "z": 1}).encode())
    fields = [error["field"] for error in answer.json()["errors"]]
    assert fields == ["effective_on", "postings[0].side", "postings[0].amount_fen", "z"]


async def test_a_refusal_never_repeats_what_was_sent(client: httpx.AsyncClient) -> None:
    secret = "612424199001011234"
    bodies = [
        changed(fund=secret + " "),
        changed(amount_fen=secret),
        changed(**{secret: 1}),
        changed(张三=1),
        {**GOOD, "metadata": {secret: 1.5}},
        {**GOOD, "metadata": {"a": {secret: secret}}},
        {**GOOD, "effective_on": secret},
        changed(memo=secret),
    ]
    for body in bodies:
        answer = await send(client, json.dumps(body).encode())
        assert answer.status_code == 422
        assert secret not in answer.text
        assert "张三" not in answer.text


async def test_a_personal_number_in_a_plain_text_has_its_own_code(client: httpx.AsyncClient) -> None:
    answer = await send(client, json.dumps(changed(memo="电话13812345678")).encode())
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["field"]) == (422, "personal_data_in_text", "postings[0].memo")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/json; charset=gbk", "application/jsonx", "", "*/*"]
)
async def test_another_content_type_is_refused(client: httpx.AsyncClient, content_type: str) -> None:
    answer = await send(client, json.dumps(GOOD).encode(), **{"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
async def test_json_content_types_are_taken(client: httpx.AsyncClient, content_type: str) -> None:
    assert (await send(client, json.dumps(GOOD).encode(), **{"Content-Type": content_type})).status_code == 201


async def test_no_body_at_all_is_a_missing_body(client: httpx.AsyncClient) -> None:
    answer = await client.post(URL, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["field"]) == (422, "body")


async def test_a_body_announced_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        raise AssertionError("the body was read")

    answer = await client.post(URL, content=body(), headers=HEADERS | {"Content-Length": str(50 * 1024 * 1024)})
    assert (answer.status_code, answer.json()["code"], answer.json()["limit_bytes"]) == (413, "body_too_large", 10_000)


@pytest.mark.parametrize("url", [URL, "/v1/books/610923/files"])
async def test_a_body_that_grows_too_large_is_refused_while_it_is_read(client: httpx.AsyncClient, url: str) -> None:
    taken = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1000
            yield b" " * 1000

    content_type = "text/csv" if url.endswith("files") else "application/json"
    answer = await client.post(url, content=body(), headers=HEADERS | {"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_an_operation_without_a_body_takes_none(client: httpx.AsyncClient) -> None:
    url = f"{URL}/0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0/close"
    for body in (b"", b"{}"):
        assert (await client.post(url, content=body, headers=HEADERS)).status_code == 200
    for body, status in ((b'{"reason": "x"}', 422), (b"[]", 422), (b"null", 422), (b"{", 400)):
        assert (await client.post(url, content=body, headers=HEADERS)).status_code == status


async def test_a_broken_body_is_refused_also_where_a_body_is_optional(client: httpx.AsyncClient) -> None:
    url = "/v1/books/610923/optional"
    assert (await client.post(url)).json() == {"note": None}
    assert (await client.post(url, content=b'{"note": "x"}', headers=HEADERS)).json() == {"note": "x"}
    assert (await client.post(url, content=b"{", headers=HEADERS)).status_code == 400


async def test_a_raw_body_must_have_its_own_type(client: httpx.AsyncClient) -> None:
    url = "/v1/books/610923/files"
    taken = await client.post(url, content=b"a,b", headers={"Content-Type": "text/csv; charset=gb18030"})
    assert (taken.status_code, taken.json()["count"]) == (200, 3)
    empty = await client.post(url, content=b"", headers={"Content-Type": "text/csv"})
    assert (empty.status_code, empty.json()["field"]) == (422, "body")
    refused = await client.post(url, content=b"{}", headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["accepted"]) == (415, "text/csv")
