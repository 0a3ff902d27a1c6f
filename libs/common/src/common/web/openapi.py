"""The API document: truthful about refusals and access, with an example for every operation."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import ConfigDict

from common.errors import (
    BODY_TOO_LARGE,
    FORBIDDEN,
    INVALID_REQUEST,
    MALFORMED,
    NOT_FOUND,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNSUPPORTED_MEDIA_TYPE,
    ProblemType,
)
from common.web.answers import problem_documentation
from common.web.routes import requirements_of

_METHODS: Final = ("get", "put", "post", "delete", "patch")
_PROBLEM_COMPONENT: Final[Mapping[str, Any]] = {
    "title": "Problem",
    "description": "An RFC 9457 problem in the language of Accept-Language (zh-CN unless English is preferred).",
    "type": "object",
    "required": ["type", "code", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:fangpin:problem:[a-z][a-z0-9_]*$"},
        "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "Stable; has one status."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The request: the X-Request-ID of the answer."},
        "field": {"type": "string", "description": "The field it is about, e.g. `postings[2].amount_fen`."},
        "line": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}


def example(value: Mapping[str, Any]) -> ConfigDict:
    """Return what gives a wire type its example, for its ``model_config``."""
    return ConfigDict(json_schema_extra={"examples": [dict(value)]})


def describe_api(app: FastAPI, problems: Iterable[ProblemType]) -> dict[str, Any]:
    """Return the OpenAPI document of an application, completed with what every operation has in common."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=_problem_table(problems),
        routes=app.routes,
        tags=app.openapi_tags,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = dict(_PROBLEM_COMPONENT)
    for name in (
        "HTTPValidationError",
        "ValidationError",
    ):  # the framework's own form of refusal, which nothing answers
        schemas.pop(name, None)
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    scopes = _scopes_by_operation(app)
    for path, method, operation in operations(document):
        _complete(operation, path, scopes.get((path, method)))
        _add_examples(operation, schemas)
    return document


def operations(document: Mapping[str, Any]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Yield each operation of a document with its path and method."""
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def missing_examples(document: Mapping[str, Any]) -> list[str]:
    """Name the operations whose JSON request or success answer has no example."""
    missing = []
    for path, method, operation in operations(document):
        contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        contents += [answer.get("content", {}) for status, answer in operation["responses"].items() if status < "300"]
        if not all("example" in media or "examples" in media for content in contents for media in content.values()):
            missing.append(f"{method.upper()} {path}")
    return missing


def _problem_table(problems: Iterable[ProblemType]) -> str:
    rows = sorted(problems, key=lambda one: (one.status, one.code))
    lines = [f"| {one.status} | `{one.code}` | {one.title_zh} | {one.title_en} |" for one in rows]
    return "\n".join(["Refusals:", "", "| status | code | 中文 | English |", "| --- | --- | --- | --- |", *lines])


def _scopes_by_operation(app: FastAPI) -> dict[tuple[str, str], tuple[str, ...]]:
    found = {}
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute) and context.path_format is not None:
            scopes = tuple(scope for one in requirements_of(context.dependant) for scope in one.scopes)
            for method in context.methods or ():
                found[context.path_format, method.lower()] = scopes
    return found


def _complete(operation: dict[str, Any], path: str, scopes: tuple[str, ...] | None) -> None:
    common = [INVALID_REQUEST, UNAVAILABLE]
    if scopes:
        common += [UNAUTHENTICATED, FORBIDDEN]
        operation["security"] = [{"bearer": []}]
        operation["x-required-scopes"] = list(scopes)
        needed = "Needs a token with " + " or ".join(f"`{scope}`" for scope in scopes) + "."
        operation["description"] = f"{operation['description']}\n\n{needed}" if operation.get("description") else needed
    if "{" in path:
        common.append(NOT_FOUND)
    # Every operation reads a body if one is sent, if only to say that it takes none.
    common += [MALFORMED, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE]
    answers = operation["responses"]
    for problem_type in common:
        documented = problem_documentation([problem_type])
        status = str(problem_type.status)
        if status not in answers or "HTTPValidationError" in str(answers[status]):
            answers[status] = documented
        elif problem_type.code not in answers[status]["description"]:
            answers[status]["description"] += "\n\n" + documented["description"]
    operation["responses"] = dict(sorted(answers.items()))
    for status, documented in operation["responses"].items():
        if status == str(UNAVAILABLE.status):
            documented["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
        elif status == str(UNAUTHENTICATED.status):
            documented["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}


def _add_examples(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
    contents += [answer.get("content", {}) for status, answer in operation["responses"].items() if status < "300"]
    for content in contents:
        for media in content.values():
            if "example" not in media and "examples" not in media:
                found, value = _example_of(media.get("schema", {}), schemas, 0)
                if found:
                    media["example"] = value


def _example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> tuple[bool, Any]:
    """Find the example a schema states, or put one together from the examples of its parts."""
    for keyword in ("examples", "enum"):
        if schema.get(keyword):
            return True, schema[keyword][0]
    for keyword in ("example", "const", "default"):
        if keyword in schema:
            return True, schema[keyword]
    # Eight levels: a schema may contain itself.
    return _composed_example(schema, schemas, depth + 1) if depth < 8 else (False, None)  # noqa: PLR2004


def _composed_example(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> tuple[bool, Any]:
    match schema:
        case {"$ref": str(reference)}:
            return _example_of(schemas.get(reference.rsplit("/", 1)[-1], {}), schemas, depth)
        case {"anyOf": list(options)}:
            tried = [value for found, value in (_example_of(one, schemas, depth) for one in options) if found]
            return bool(tried), next((value for value in tried if value is not None), None)
        case {"type": "null"}:
            return True, None
        case {"type": "array", "items": dict(items)}:
            found, value = _example_of(items, schemas, depth)
            return found, [value]
        case {"type": "object", "properties": dict(properties)}:
            parts = {name: _example_of(part, schemas, depth) for name, part in properties.items()}
            return all(found for found, _ in parts.values()), {name: value for name, (_, value) in parts.items()}
        case _:
            return False, None
