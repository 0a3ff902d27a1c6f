"""The application factory of both services."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import fastapi_offline
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from common.auth import Authenticator
from common.errors import (
    INTERNAL,
    MALFORMED,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    SHARED,
    UNAVAILABLE,
    Problem,
    ProblemType,
    check_types,
)
from common.logging import get_logger
from common.validation import problem_from_details
from common.web.answers import JsonResponse, problem_response
from common.web.middleware import DEFAULT_BODY_LIMIT, BodyLimit, Envelope, Methods, Metrics, RouteTable
from common.web.openapi import describe_api
from common.web.routes import Router, StrictRoute, requirements_of

log = get_logger(__name__)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
ReadinessCheck = Callable[[], Awaitable[object]]

_READINESS_SECONDS: Final = 3.0
_STATIC: Final = Path(fastapi_offline.__file__).parent / "static"
_STATIC_PATH: Final = "/docs/static"
_MADE: Final[dict[tuple[int, ...], tuple[tuple[Router, ...], tuple[BaseRoute, ...]]]] = {}


def create_app(
    *,
    service: str,
    version: str,
    title: str,
    routers: Sequence[Router],
    authenticator: Authenticator,
    problems: Iterable[ProblemType] = (),
    readiness_checks: Mapping[str, ReadinessCheck] | None = None,
    lifespan: Lifespan | None = None,
    body_limit: int = DEFAULT_BODY_LIMIT,
) -> FastAPI:
    """Return a service's application: its routers, and around them what every operation gets without asking.

    `problems` are the service's own problem types, listed in the API document. `readiness_checks` are awaited by
    ``/readyz``: a check that raises or takes three seconds means not ready. Raises ValueError or TypeError for an operation that
    asks for no scope, stands on a plain APIRouter, shares its name with another, or for a code with two meanings.
    """
    types = [*SHARED, *problems]
    check_types(types)
    app = FastAPI(
        title=title,
        version=version,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        default_response_class=JsonResponse,
        redirect_slashes=False,
        routes=_operations(routers),
    )
    app.state.service = service
    app.state.authenticator = authenticator
    app.state.metrics_registry = _registry()
    _check_operations(app)
    _add_pages(app, readiness_checks or {})
    _describe(app, types)
    routes = RouteTable(lambda: _entries(app))
    _add_handlers(app, routes)
    # Added last means outermost: Envelope around BodyLimit around Methods around the routes.
    app.add_middleware(Methods, routes=routes)
    app.add_middleware(BodyLimit, limit=body_limit)
    app.add_middleware(Envelope, metrics=Metrics(app.state.metrics_registry), routes=routes)
    return app


def _operations(routers: Sequence[Router]) -> list[BaseRoute]:
    """The operations of these routers, made once a process: their parameters' types cost more than all else an app is made of."""
    # By identity, because a router has no hash; it is kept beside its operations, so its id is nobody else's.
    key = tuple(id(router) for router in routers)
    if key not in _MADE:
        made = FastAPI(default_response_class=JsonResponse, redirect_slashes=False, openapi_url=None)
        for router in routers:
            made.include_router(router)
        _MADE[key] = (tuple(routers), tuple(made.routes))
    return list(_MADE[key][1])


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _check_operations(app: FastAPI) -> None:
    names: set[str] = set()
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            continue
        where = f"{sorted(context.methods or ())} {context.path_format}"
        if not isinstance(route, StrictRoute):
            raise TypeError(f"{where} must stand on common.web.Router, or its body would be read before its token")
        if not list(requirements_of(context.dependant)):
            raise ValueError(f"{where} asks for no scope: add Depends(require(...))")
        if (name := context.unique_id) in names:
            raise ValueError(f"{where}: another operation is already named {name!r}")
        names.add(name)


def _describe(app: FastAPI, types: Sequence[ProblemType]) -> None:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe_api(app, types)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend the document


def _entries(app: FastAPI) -> list[tuple[Any, frozenset[str], str, object]]:
    return [
        (context.path_regex, frozenset(context.methods or ()) - {"HEAD"}, context.path_format or "", context.endpoint)
        for context in iter_route_contexts(app.routes)
        if context.methods and context.path_format is not None
    ]


def _add_handlers(app: FastAPI, routes: RouteTable) -> None:
    async def refuse(request: Request, problem: Problem) -> Response:
        if problem.status == INTERNAL.status:
            log.error("internal_problem", problem=str(problem))
        return problem_response(problem, request.headers)

    async def refuse_fields(request: Request, error: RequestValidationError) -> Response:
        return problem_response(problem_from_details(error.errors()), request.headers)

    async def refuse_http(request: Request, error: HTTPException) -> Response:
        if error.status_code == METHOD_NOT_ALLOWED.status:
            allow = ", ".join(routes.methods(request.scope["path"]))
            problem = METHOD_NOT_ALLOWED.error(headers={"Allow": allow})
        else:
            by_status = {NOT_FOUND.status: NOT_FOUND, MALFORMED.status: MALFORMED, UNAVAILABLE.status: UNAVAILABLE}
            problem = by_status.get(error.status_code, INTERNAL).error()
        return await refuse(request, problem)

    app.add_exception_handler(Problem, refuse)  # type: ignore[arg-type] # Starlette types handlers for Exception
    app.add_exception_handler(RequestValidationError, refuse_fields)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, refuse_http)  # type: ignore[arg-type]


def _add_pages(app: FastAPI, checks: Mapping[str, ReadinessCheck]) -> None:
    async def healthz(_request: Request) -> Response:
        """Answer that the process runs; says nothing about what it needs."""
        return JsonResponse({"status": "ok"})

    async def readyz(request: Request) -> Response:
        """Answer whether everything this service needs can be reached now."""
        results = dict(zip(checks, await asyncio.gather(*map(_outcome, checks.values())), strict=True))
        failed = [name for name, passed in results.items() if not passed]
        if failed:
            return problem_response(UNAVAILABLE.error(headers={"Retry-After": "2"}, failed=failed), request.headers)
        return JsonResponse({"status": "ready", "checks": sorted(results)})

    async def metrics(_request: Request) -> Response:
        """Answer this process's metrics for Prometheus."""
        return Response(generate_latest(app.state.metrics_registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def docs(_request: Request) -> HTMLResponse:
        """Show the API document; everything it loads comes from this service."""
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url=f"{_STATIC_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{_STATIC_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{_STATIC_PATH}/favicon.png",
            oauth2_redirect_url=None,
            # The validator badge would call a site on the internet.
            swagger_ui_parameters={"validatorUrl": None},
        )

    for path, page in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics), ("/docs", docs)):
        app.add_route(path, page, methods=["GET"], include_in_schema=False)
    app.mount(_STATIC_PATH, StaticFiles(directory=_STATIC), name="docs-static")


async def _outcome(check: ReadinessCheck) -> bool:
    try:
        await asyncio.wait_for(check(), _READINESS_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it raises, the service is not ready
        log.warning("not_ready", error=type(error).__name__)
        return False
    return True
