"""Answers: JSON written by orjson, problems in the caller's language, and their place in the API document."""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from fastapi.responses import JSONResponse, Response
from starlette.datastructures import Headers

from common.errors import SHARED, Problem, ProblemType, preferred_language
from common.json_body import dump_json

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
PROBLEM_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}
_LANGUAGE_TAG: Final = {"zh": "zh-CN", "en": "en"}
_SHARED_BY_STATUS: Final = {
    status: [problem_type for problem_type in SHARED if problem_type.status == status]
    for status in {problem_type.status for problem_type in SHARED}
}


class JsonResponse(JSONResponse):
    """A JSON answer; dictionaries keep their order, dates and UUIDs become texts."""

    def render(self, content: object) -> bytes:
        """Return the body's bytes."""
        return dump_json(content)


class Answerable(Protocol):
    """What a use case hands back to be sent: also what `common.idempotency` remembers."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON object to send."""

    @property
    def replayed(self) -> bool:
        """Whether this answers a repeated request with what was answered then."""


def answer(result: Answerable, headers: Mapping[str, str] | None = None) -> Response:
    """Send the result of an idempotent use case; a replay says so in ``Idempotent-Replayed``."""
    sent = dict(headers or {})
    if result.replayed:
        sent["Idempotent-Replayed"] = "true"
    return JsonResponse(dict(result.body), status_code=result.status, headers=sent)


def problem_response(problem: Problem, request_headers: Headers) -> Response:
    """Send a problem in the language the request prefers."""
    language = preferred_language(",".join(request_headers.getlist("accept-language")))
    return Response(
        dump_json(problem.render(language)),
        status_code=problem.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={
            "Content-Language": _LANGUAGE_TAG[language],
            "Vary": "Accept-Language",
            "Cache-Control": "no-store",
            **problem.headers,
        },
    )


def responses(*refusals: ProblemType | int) -> dict[int | str, dict[str, Any]]:
    """Document an operation's refusals: ``responses=responses(404, INSUFFICIENT_FUNDS, PERIOD_CLOSED)``.

    A status stands for the shared types that have it. What every operation may answer (401, 403, 422, 503, and 400, 413,
    415 where there is a body) is documented by `create_app` without being named.
    """
    by_status: dict[int, list[ProblemType]] = {}
    for refusal in refusals:
        types = _SHARED_BY_STATUS[refusal] if isinstance(refusal, int) else [refusal]
        for problem_type in types:
            listed = by_status.setdefault(problem_type.status, [])
            if problem_type not in listed:
                listed.append(problem_type)
    return {status: problem_documentation(types) for status, types in sorted(by_status.items())}


def problem_documentation(types: list[ProblemType]) -> dict[str, Any]:
    """Return the OpenAPI response object for refusals that share a status."""
    lines = [f"`{problem_type.code}`: {problem_type.title_en} ({problem_type.title_zh})" for problem_type in types]
    return {
        "description": "\n\n".join(lines),
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": PROBLEM_SCHEMA,
                "examples": {problem_type.code: {"value": _sample(problem_type)} for problem_type in types},
            }
        },
    }


def _sample(problem_type: ProblemType) -> dict[str, object]:
    sample = problem_type.error().render("en")
    sample["instance"] = "urn:fangpin:request:0198c5a2-7c1e-7f7e-9d53-0a54b3a5a1f0"
    return sample
