"""Routes that let nothing pass unread.

The order of a `StrictRoute`: authorisation (401, 403), then the query and the headers (422), then the body's type (415),
size (413) and form (400), and only then the fields (422). FastAPI by itself reads the body before it asks who is calling.
"""

import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Header, Query
from fastapi.routing import APIRoute

from common.auth import Requirement
from common.errors import UNSUPPORTED_MEDIA_TYPE, FieldError
from common.json_body import is_storable, parse_json
from common.validation import invalid, invalid_field, safe_name
from common.wire import Wire

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_JSON: Final = "application/json"
_UNREADABLE: Final = re.compile("[\x00-\x1f\x7f\ufffd\ud800-\udfff]")
_NOT_PARSED: Final = object()


class StrictRequest(Request):
    """A request whose JSON body was read by `parse_json`, once."""

    parsed: object = _NOT_PARSED
    judged_alone: frozenset[str] = frozenset()

    async def json(self) -> Any:  # noqa: ANN401 - Starlette's own signature
        """Return the parsed body; raises as `parse_json`."""
        if self.parsed is _NOT_PARSED:
            self.parsed = parse_json(await self.body(), judged_alone=self.judged_alone)
        return self.parsed


class StrictRoute(APIRoute):
    """An operation that checks everything around the fields before FastAPI sees the request."""

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handler with the checks, in their documented order."""
        handle = super().get_route_handler()
        requirements = list(requirements_of(self.dependant))
        query_names, header_names = _declared(self.dependant)
        media_types = _media_types(self.openapi_extra)
        takes_json = self.body_field is not None
        judged_alone = _judged_alone(self)

        async def checked(plain: Request) -> Response:
            request = StrictRequest(plain.scope, plain.receive)
            request.judged_alone = judged_alone
            for requirement in requirements:
                await requirement(request)
            _check_path(request.path_params)
            _check_query(request, query_names)
            _check_headers(request, header_names)
            if media_types:
                _check_raw_body(request, media_types)
            else:
                await _read_json(request, expected=takes_json)
            return await handle(request)

        return checked


class Router(APIRouter):
    """A room's router: every operation on it is a `StrictRoute` and is named after its function in the API document."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - FastAPI's own options, passed on
        """Take what FastAPI's APIRouter takes."""
        options.setdefault("route_class", StrictRoute)
        options.setdefault("generate_unique_id_function", _operation_id)
        options.setdefault("redirect_slashes", False)
        super().__init__(**options)


def raw_body(*media_types: str, description: str = "", example: str | None = None) -> dict[str, Any]:
    """Document (as ``openapi_extra``) a body that is not JSON; the operation reads ``request.stream()`` or ``.body()``.

    Other content types are refused (415); the size limit holds while it is read.
    """
    schema: dict[str, object] = {"type": "string", "format": "binary", "minLength": 1}
    content = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {
        "requestBody": {
            "required": True,
            "description": description,
            "content": dict.fromkeys(media_types, content),
        }
    }


def requirements_of(dependant: Dependant) -> Iterable[Requirement]:
    """Yield the authorisation an operation asks for, wherever among its dependencies it stands."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Requirement):
            yield dependency.call
        yield from requirements_of(dependency)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _declared(dependant: Dependant) -> tuple[frozenset[str], frozenset[str]]:
    fields = get_flat_params(dependant)
    queries = frozenset(field.alias for field in fields if isinstance(field.field_info, Query))
    headers = frozenset(field.alias for field in fields if isinstance(field.field_info, Header))
    return queries, headers


def _media_types(openapi_extra: Mapping[str, Any] | None) -> frozenset[str]:
    accepted = frozenset((openapi_extra or {}).get("requestBody", {}).get("content", {}))
    # JSON beside another type: the operation reads either by itself. JSON alone is only documentation.
    return accepted if accepted - {_JSON} else frozenset()


def _check_path(path_params: Mapping[str, Any]) -> None:
    for name, value in path_params.items():
        if isinstance(value, str) and _UNREADABLE.search(value):
            raise _unreadable(name)


def _check_query(request: Request, declared: frozenset[str]) -> None:
    raw: bytes = request.scope["query_string"]
    if not raw:
        return
    try:
        unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise _unreadable("query") from None
    faults = []
    seen = set()
    for name, value in request.query_params.multi_items():
        if name not in declared:
            fault = FieldError(
                safe_name(name) or "?", "unknown_parameter", "没有这个查询参数。", "There is no such query parameter."
            )
        elif name in seen:
            fault = FieldError(name, "given_twice", "同一参数出现多次。", "Is given more than once.")
        elif not is_storable(value):
            raise _unreadable(name)
        else:
            fault = None
        seen.add(name)
        if fault is not None and fault not in faults:
            faults.append(fault)
    if faults:
        raise invalid(faults)


def _check_headers(request: Request, declared: frozenset[str]) -> None:
    for name in declared:
        if len(request.headers.getlist(name)) > 1:
            raise invalid_field(name, "given_twice", "同一请求头出现多次。", "Is given more than once.")


def _check_media_type(request: Request, accepted: frozenset[str]) -> None:
    offered = request.headers.get("content-type", "")
    media_type, _, parameters = offered.partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    if media_type.strip().lower() not in accepted or (
        media_type.strip().lower() == _JSON
        and charset is not None
        and charset.group(1).lower() not in {"utf-8", "utf8"}
    ):
        raise UNSUPPORTED_MEDIA_TYPE.error(field="Content-Type", accepted=", ".join(sorted(accepted)))


def _check_raw_body(request: Request, accepted: frozenset[str]) -> None:
    _check_media_type(request, accepted)
    # The operation streams its body, so this looks only at what was announced.
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        raise invalid_field("body", "required", "此项必填。", "This is required.")


def _judged_alone(route: APIRoute) -> frozenset[str]:
    """The fields of the route's body that its use case takes item by item."""
    body = None if route.body_field is None else route.body_field.field_info.annotation
    return body.judged_alone if isinstance(body, type) and issubclass(body, Wire) else frozenset()


async def _read_json(request: StrictRequest, *, expected: bool) -> None:
    body = await request.body()
    if not body:
        return
    _check_media_type(request, frozenset({_JSON}))
    value = await request.json()
    if not expected and value != {}:
        # An empty object is what many clients send for "nothing"; anything else would be ignored, so it is refused.
        raise invalid_field("body", "not_expected", "本操作不接受请求正文。", "This operation takes no body.")


def _unreadable(field: str) -> Exception:
    return invalid_field(field, "invalid_characters", "含有无效字符。", "Contains invalid characters.")
