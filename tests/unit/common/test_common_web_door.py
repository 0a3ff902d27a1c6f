"""Everything around the body: who may, which address, which query, which language, and what is answered when it breaks."""

import asyncio
import json
import logging
from io import StringIO
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from common.errors import UNAVAILABLE, ProblemType
from common.logging import configure_logging
from common.web import Router, create_app
from tests.unit.common.conftest import Keys, reader

pytestmark = pytest.mark.anyio

BOOK = "/v1/books/610923"
THINGS = f"{BOOK}/things"
THING = f"{THINGS}/0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# ---- who may ----------------------------------------------------------------------------------------


async def test_authorisation_comes_before_everything_about_the_body_and_the_query(
    client: httpx.AsyncClient, keys: Keys
) -> None:
    cases = [
        ({}, THINGS, 422),
        ({"Authorization": ""}, THINGS, 401),
        ({"Authorization": "Bearer rubbish"}, THINGS, 401),
        (bearer(keys.token(books=["610924"])), THINGS, 403),
        (bearer(keys.token(scope="things:read")), THINGS, 403),
        # THINGS does not heed places, so it has nothing for a token that is bound to one.
        (bearer(keys.token(places=["610923100"])), THINGS, 403),
        (bearer(keys.token(scope="things:read")), "/v1/books/%00/things", 403),
    ]
    for headers, url, status in cases:
        answer = await client.post(url, headers=headers, content=b"{ broken", params={"unknown": "1"})
        assert answer.status_code == status, (headers, answer.text)


async def test_an_unauthorised_body_is_not_read(client: httpx.AsyncClient) -> None:
    async def body() -> Any:
        raise AssertionError("the body was read")
        yield b""

    answer = await client.post(THINGS, content=body(), headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401


async def test_a_missing_token_is_challenged_and_a_bad_one_is_named_invalid(client: httpx.AsyncClient) -> None:
    missing = await client.get(THINGS, headers={"Authorization": ""})
    bad = await client.get(THINGS, headers=bearer("a.b.c"))
    basic = await client.get(THINGS, headers={"Authorization": "Basic YTpi"})
    assert [one.status_code for one in (missing, bad, basic)] == [401, 401, 401]
    assert bad.headers["WWW-Authenticate"] == 'Bearer realm="fangpin", error="invalid_token"'
    assert missing.headers["WWW-Authenticate"].startswith("Bearer")


async def test_two_authorization_headers_are_no_authorization(client: httpx.AsyncClient, keys: Keys) -> None:
    del client.headers["Authorization"]
    token = ("Authorization", f"Bearer {keys.token()}")
    assert (await client.get(THINGS, headers=[token])).status_code == 200
    assert (await client.get(THINGS, headers=[token, token])).status_code == 401


async def test_a_token_for_all_books_opens_every_book(client: httpx.AsyncClient, keys: Keys) -> None:
    assert (await client.get("/v1/books/610924/things")).status_code == 403
    assert (await client.get("/v1/books/610924/things", headers=bearer(keys.token(books=["*"])))).status_code == 200


async def test_any_of_several_scopes_suffices(client: httpx.AsyncClient, keys: Keys) -> None:
    for scope, status in (("things:write", 200), ("things:admin x", 200), ("things", 403), ("", 403)):
        answer = await client.post(f"{BOOK}/optional", headers=bearer(keys.token(scope=scope)))
        assert answer.status_code == status


async def test_a_book_in_the_body_is_checked_by_the_use_case(client: httpx.AsyncClient, keys: Keys) -> None:
    headers = bearer(keys.token(scope="books:admin"))
    assert (await client.post("/v1/books", json={"note": "610923"}, headers=headers)).status_code == 201
    assert (await client.post("/v1/books", json={"note": "610924"}, headers=headers)).status_code == 403


# ---- which address ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/nowhere", f"{THINGS}/", f"{THINGS}//", "/v1/books/610923/thing%2Fs", "/../etc"]
)
async def test_an_unknown_address_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_wrong_method_is_told_all_right_ones(client: httpx.AsyncClient) -> None:
    answer = await client.delete(THINGS)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert (await client.request("TRACE", THINGS)).status_code == 405
    assert (await client.request("BREW", "/healthz")).status_code == 405
    assert (await client.head(f"{THING}/close")).status_code == 405


async def test_options_answers_what_an_address_understands(client: httpx.AsyncClient) -> None:
    answer = await client.options(f"{THING}/close")
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (204, "OPTIONS, POST", b"")
    assert (await client.options("/nowhere")).status_code == 404


async def test_head_answers_like_get_without_the_body(client: httpx.AsyncClient) -> None:
    got, head = await client.get(THING), await client.head(THING)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert (await client.head(THINGS, headers={"Authorization": ""})).status_code == 401


@pytest.mark.parametrize("name", ["%00", "a%00b", "%0A", "%FF", "%ED%A0%80", "%7F"])
async def test_an_unreadable_part_of_the_path_is_named(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"{BOOK}/named/{name}")
    assert (answer.status_code, answer.json()["field"]) == (422, "name")


async def test_a_chinese_name_in_the_path_is_readable(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{BOOK}/named/大病")).json() == {"note": "大病"}


async def test_a_malformed_id_in_the_path_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{THINGS}/612424199001011234")
    assert (answer.status_code, answer.json()["errors"][0]["code"], answer.json()["field"]) == (
        422,
        "not_a_uuid",
        "thing",
    )
    assert "612424199001011234" not in answer.text


# ---- which query and headers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("surplus=1", "surplus", "unknown_parameter"),
        ("LIMIT=1", "LIMIT", "unknown_parameter"),
        ("limit=1&limit=2", "limit", "given_twice"),
        ("limit=0", "limit", "too_small"),
        ("limit=1001", "limit", "too_large"),
        ("limit=-1", "limit", "not_an_integer"),
        ("limit=1.0", "limit", "not_an_integer"),
        ("limit=1_0", "limit", "not_an_integer"),
        ("limit=%201", "limit", "not_an_integer"),
        ("limit=%D9%A1", "limit", "not_an_integer"),
        ("limit=", "limit", "not_an_integer"),
        ("limit=" + "9" * 5000, "limit", "not_an_integer"),
        ("fund=%00", "fund", "invalid_characters"),
        ("fund=%ED%A0%80", "query", "invalid_characters"),
        ("fund=%FF", "query", "invalid_characters"),
        ("fund=a+b", "fund", "wrong_form"),
        ("cursor=rubbish", "cursor", "bad_cursor"),
        ("cursor=W10", "cursor", "bad_cursor"),
        ("cursor=%E6%B1%89", "cursor", "bad_cursor"),
        ("cursor=" + "A" * 1001, "cursor", "too_long"),
        ("612424199001011234=x", "?", "unknown_parameter"),
        ("=x", "?", "unknown_parameter"),
    ],
)
async def test_a_wrong_query_is_named(client: httpx.AsyncClient, query: str, field: str, code: str) -> None:
    answer = await client.get(f"{THINGS}?{query}")
    assert answer.status_code == 422, answer.text
    assert (answer.json()["field"], answer.json()["errors"][0]["code"]) == (field, code)


async def test_a_good_query_pages_through_the_list(client: httpx.AsyncClient) -> None:
    first = (await client.get(f"{THINGS}?limit=1000&fund=health")).json()
    second = (await client.get(THINGS, params={"limit": 1000, "cursor": first["next_cursor"]})).json()
    third = (await client.get(THINGS, params={"limit": 1000, "cursor": second["next_cursor"]})).json()
    assert [len(page["items"]) for page in (first, second, third)] == [1000, 1000, 500]
    assert third["next_cursor"] is None


@pytest.mark.parametrize("key", [b"", b"a b", b"\xe6\xb1\x89", b"a\x7f", b"k" * 201, b"\xff"])
async def test_an_idempotency_key_is_short_visible_ascii(client: httpx.AsyncClient, key: bytes) -> None:
    answer = await client.post(f"{THING}/close", headers=[(b"Idempotency-Key", key)])
    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")


async def test_a_missing_or_repeated_idempotency_key_is_named(client: httpx.AsyncClient) -> None:
    missing = await client.post(f"{THING}/close")
    assert (missing.json()["field"], missing.json()["errors"][0]["code"]) == ("Idempotency-Key", "required")
    twice = await client.post(f"{THING}/close", headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "a")])
    assert (twice.status_code, twice.json()["errors"][0]["code"]) == (422, "given_twice")


async def test_a_replay_says_so(client: httpx.AsyncClient) -> None:
    body = {"effective_on": "2026-01-05", "postings": [{"fund": "health", "side": "debit", "amount_fen": 1}]}
    assert (await client.post(THINGS, json=body, headers={"Idempotency-Key": "again"})).headers[
        "Idempotent-Replayed"
    ] == "true"


# ---- which language ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh-CN"),
        ("fr", "zh-CN"),
        ("en", "en"),
        ("zh-CN,en;q=0.8", "zh-CN"),
        ("en-GB;q=0.9, zh;q=0.5", "en"),
        ("\xff", "zh-CN"),
    ],
)
async def test_a_refusal_speaks_the_preferred_language(client: httpx.AsyncClient, accepted: str, language: str) -> None:
    answer = await client.get("/nowhere", headers=[(b"Accept-Language", accepted.encode("latin-1"))])
    assert answer.headers["Content-Language"] == language
    assert answer.json()["title"] == {"zh-CN": "未找到", "en": "Not found"}[language]
    assert answer.headers["Vary"] == "Accept-Language"


async def test_wrong_fields_are_explained_in_both_languages(client: httpx.AsyncClient) -> None:
    details = {}
    for language in ("zh", "en"):
        answer = await client.get(f"{THINGS}?limit=0", headers={"Accept-Language": language})
        details[language] = answer.json()["errors"][0]["detail"]
    assert details == {"zh": "不得小于 1。", "en": "Must be at least 1."}


async def test_a_rules_refusal_shows_its_parameters(client: httpx.AsyncClient) -> None:
    body = {"effective_on": "2026-01-05", "postings": [{"fund": "health", "side": "debit", "amount_fen": 999}]}
    for language, detail in (("zh", "可用余额为 12 分。"), ("en", "Only 12 fen.")):
        answer = await client.post(THINGS, json=body, headers={"Idempotency-Key": "k", "Accept-Language": language})
        problem = answer.json()
        assert answer.status_code == problem["status"] == 409
        assert (problem["code"], problem["detail"], problem["available_fen"]) == ("insufficient_funds", detail, 12)
        assert problem["type"] == "urn:fangpin:problem:insufficient_funds"


# ---- request ids, failures, pages -------------------------------------------------------------------


async def test_a_sane_request_id_is_kept_and_shown_in_the_refusal(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers={"X-Request-ID": "trace-0001"})
    assert answer.headers["X-Request-ID"] == "trace-0001"
    assert answer.json()["instance"] == "urn:fangpin:request:trace-0001"


@pytest.mark.parametrize("offered", ["short", "x" * 65, "has blank inside", "612424199001011234", "a\"b'c<>;--", ""])
async def test_another_request_id_is_replaced(client: httpx.AsyncClient, offered: str) -> None:
    answer = await client.get("/healthz", headers={"X-Request-ID": offered})
    assert answer.headers["X-Request-ID"] != offered
    assert len(answer.headers["X-Request-ID"]) == 36


async def test_an_unexpected_error_is_a_500_that_tells_nothing_and_is_logged_without_personal_data(
    client: httpx.AsyncClient,
) -> None:
    log = StringIO()
    configure_logging("sample", stream=log)
    try:
        answer = await client.get(f"{BOOK}/explosion")
    finally:
        logging.getLogger().handlers = []
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "612424" not in answer.text
    assert "612424199001011234" not in log.getvalue()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    failure = next(line for line in lines if line["event"] == "unexpected_error")
    assert "RuntimeError" in failure["exception"] or "explode" in failure["exception"]
    assert failure["request_id"] == answer.headers["X-Request-ID"]
    access = next(line for line in lines if line["event"] == "request")
    assert (access["route"], access["status"], access["service"]) == ("/v1/books/{book}/explosion", 500, "sample")


async def test_a_stream_that_breaks_half_way_breaks_the_connection(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{BOOK}/stream")).text == "first\nsecond\n"
    with pytest.raises(RuntimeError, match="half way"):
        await client.get(f"{BOOK}/stream?broken=true")


async def test_the_pages_for_operators_need_no_token(client: httpx.AsyncClient) -> None:
    client.headers = httpx.Headers()
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json()["status"] == "ready"
    await client.get(THINGS)
    metrics = (await client.get("/metrics")).text
    assert 'fangpin_http_requests_total{method="GET",route="/v1/books/{book}/things",status="401"} 1.0' in metrics
    assert (await client.get("/openapi.json")).json()["openapi"].startswith("3.1")


async def test_metrics_do_not_grow_with_the_addresses_somebody_tries(client: httpx.AsyncClient) -> None:
    for number in range(20):
        await client.request(f"METHOD{number}", f"/nowhere/{number}")
    metrics = (await client.get("/metrics")).text
    assert metrics.count("fangpin_http_requests_total{") == 1


async def test_the_documentation_page_loads_only_from_this_service(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert "http://" not in page
    assert "https://" not in page
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f"/docs/static/{name}" in page
        assert (await client.get(f"/docs/static/{name}")).status_code == 200


async def test_a_service_whose_checks_fail_or_hang_is_not_ready(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.web.app._READINESS_SECONDS", 0.05)

    async def fails() -> None:
        raise UNAVAILABLE.error()

    async def hangs() -> None:
        await asyncio.sleep(60)

    async def passes() -> None: ...

    app = make_app(readiness_checks={"database": fails, "ledger": hangs, "keys": passes})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://t") as client:
        answer = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200
    assert (answer.status_code, answer.json()["failed"], answer.headers["Retry-After"]) == (
        503,
        ["database", "ledger"],
        "2",
    )


async def test_without_the_issuers_keys_the_service_is_unavailable(make_app: Any, keys: Keys) -> None:
    keys.path.unlink()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=make_app()), base_url="http://t") as client:
        answer = await client.get(THINGS, headers=bearer(keys.token()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


# ---- what does not start ----------------------------------------------------------------------------


def starting(make_app: Any, router: APIRouter) -> FastAPI:
    return make_app(routers=[router])  # type: ignore[no-any-return]


async def test_an_operation_without_a_scope_does_not_start(make_app: Any) -> None:
    router = Router()

    @router.get("/open")
    async def leak() -> None: ...

    with pytest.raises(ValueError, match="asks for no scope"):
        starting(make_app, router)


async def test_an_operation_on_a_plain_router_does_not_start(make_app: Any) -> None:
    router = APIRouter()

    @router.get("/plain")
    async def plain(_who: reader) -> None: ...

    with pytest.raises(TypeError, match=r"common\.web\.Router"):
        starting(make_app, router)


async def test_two_operations_of_one_name_do_not_start(make_app: Any) -> None:
    router = Router()

    @router.get("/one")
    async def same(_who: reader) -> None: ...

    router.get("/two")(same)
    with pytest.raises(ValueError, match="already named 'same'"):
        starting(make_app, router)


async def test_a_code_with_two_meanings_does_not_start(make_app: Any) -> None:
    with pytest.raises(ValueError, match="two meanings"):
        make_app(problems=[ProblemType("not_found", 410, "x", "x")])


def test_the_factory_is_importable_from_one_place() -> None:
    assert create_app.__module__ == "common.web.app"
