"""The API document says what the application does."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from common.web import Router, Wire, missing_examples
from common.web.openapi import operations
from tests.unit.common.conftest import reader

THINGS = "/v1/books/{book}/things"


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def test_every_operation_documents_what_it_may_refuse(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        documented = set(operation["responses"])
        assert {"400", "401", "403", "413", "415", "422", "503"} <= documented, (method, path)
        assert ("404" in documented) == ("{" in path)
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"]
                assert answer["content"]["application/problem+json"]["schema"] == {
                    "$ref": "#/components/schemas/Problem"
                }


def test_own_refusals_are_listed_with_their_codes(document: dict[str, Any]) -> None:
    answer = document["paths"][THINGS]["post"]["responses"]["409"]
    assert "insufficient_funds" in answer["description"]
    assert "| 409 | `insufficient_funds` | 余额不足 | Not enough money |" in document["info"]["description"]


def test_every_operation_says_which_scopes_open_it(document: dict[str, Any]) -> None:
    operation = document["paths"][THINGS]["post"]
    assert operation["security"] == [{"bearer": []}]
    assert operation["x-required-scopes"] == ["things:write", "things:admin"]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_operations_are_named_after_their_functions(document: dict[str, Any]) -> None:
    names = {operation["operationId"] for _, _, operation in operations(document)}
    assert {"create_thing", "list_things", "read_thing", "post_file"} <= names


def test_examples_are_put_together_from_the_types(document: dict[str, Any]) -> None:
    listed = document["paths"][THINGS]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    assert listed["items"][0]["count"] == 1
    sent = document["paths"][THINGS]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert sent["effective_on"] == "2026-01-05"


def test_an_operation_without_an_example_is_named(make_app: Any) -> None:
    class Bare(Wire):
        number: int

    router = Router(prefix="/v1/books/{book}")

    @router.get("/bare")
    async def bare(_who: reader) -> Bare:
        return Bare(number=1)

    assert missing_examples(make_app(routers=[router]).openapi()) == ["GET /v1/books/{book}/bare"]


def test_no_validation_error_of_the_framework_is_documented(document: dict[str, Any]) -> None:
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert "HTTPValidationError" not in str(document["paths"])


def test_a_raw_body_is_documented_with_its_type(document: dict[str, Any]) -> None:
    assert list(document["paths"]["/v1/books/{book}/files"]["post"]["requestBody"]["content"]) == ["text/csv"]


@pytest.mark.anyio
async def test_every_example_of_a_request_is_accepted(app: FastAPI, client: httpx.AsyncClient) -> None:
    for path, method, operation in operations(app.openapi()):
        if "/v1/books/{book}" not in path or "requestBody" not in operation:
            continue
        ((content_type, media),) = operation["requestBody"]["content"].items()
        sample = media["example"]
        content = {"json": sample} if content_type == "application/json" else {"content": sample.encode()}
        headers = {"Idempotency-Key": "k", "Content-Type": content_type}
        url = path.format(book="610923", thing="0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0")
        answer = await client.request(method, url, headers=headers, **content)
        assert answer.status_code < 300, answer.text
