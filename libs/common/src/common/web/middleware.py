"""What surrounds every request, as plain ASGI: request id, access log, metrics, size limit, HEAD and OPTIONS, the 500.

Plain ASGI because Starlette's BaseHTTPMiddleware runs the application in another task and buffers streams.
"""

import re
import time
from collections.abc import Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import BODY_TOO_LARGE, INTERNAL, NOT_FOUND
from common.logging import get_logger
from common.request_id import begin_request
from common.web.answers import problem_response

log = get_logger("common.web.access")

MEBIBYTE: Final = 1024 * 1024
DEFAULT_BODY_LIMIT: Final = 16 * MEBIBYTE
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_CLIENT_CLOSED: Final = 499
_LIMIT: Final = "fangpin_body_limit"


class RouteTable:
    """Which path patterns exist, with their methods: for Allow headers and for naming routes in metrics."""

    def __init__(self, entries: Callable[[], Sequence[tuple[re.Pattern[str], frozenset[str], str, object]]]) -> None:
        """Take a function that lists (pattern, methods, template, endpoint); it is called at the first request."""
        self._load = entries
        self._entries: Sequence[tuple[re.Pattern[str], frozenset[str], str, object]] | None = None
        self._templates: dict[int, str] = {}

    def methods(self, path: str) -> list[str]:
        """Return the methods a path understands, with HEAD and OPTIONS; empty for an unknown path."""
        found: set[str] = set()
        for pattern, methods, _, _ in self._all():
            if pattern.match(path):
                found |= methods
        if "GET" in found:
            found.add("HEAD")
        return sorted(found | {"OPTIONS"}) if found else []

    def template(self, endpoint: object) -> str:
        """Return the template of the route an endpoint serves, ``unmatched`` if there is none."""
        self._all()
        return self._templates.get(id(endpoint), "unmatched")

    def _all(self) -> Sequence[tuple[re.Pattern[str], frozenset[str], str, object]]:
        if self._entries is None:
            self._entries = self._load()
            self._templates = {id(endpoint): template for _, _, template, endpoint in self._entries}
        return self._entries


class Metrics:
    """Request counts and durations per route."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Register the series."""
        self.requests = Counter(
            "fangpin_http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "fangpin_http_request_seconds",
            "Time to the last byte.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=registry,
        )


class Envelope:
    """The outermost layer: gives the request its id, observes it, and answers 500 for what nobody expected."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: RouteTable) -> None:
        """Wrap the application."""
        self._app = app
        self._metrics = metrics
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = begin_request(headers.get("x-request-id"))
        started = time.perf_counter()
        status = 0

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                sent = MutableHeaders(scope=message)
                sent["X-Request-ID"] = request_id
                sent["X-Content-Type-Options"] = "nosniff"
                sent.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, observed_send)
        except ClientDisconnect:
            status = status or _CLIENT_CLOSED
        except Exception:
            log.exception("unexpected_error", method=scope["method"])
            if status:
                # Half an answer is out: only a broken connection tells the caller that it is not whole.
                raise
            await problem_response(INTERNAL.error(), headers)(scope, receive, observed_send)
        finally:
            self._observe(scope, status or INTERNAL.status, time.perf_counter() - started)

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        route = self._routes.template(scope.get("endpoint"))
        method = scope["method"] if route != "unmatched" else "any"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if route not in _QUIET:
            log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


class BodyLimit:
    """Stops reading a body once it is larger than allowed, whether its length was announced or not."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        """Take the largest body in bytes; an operation that streams its body may allow more (`allow_body`)."""
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; reading too much raises ``body_too_large`` where it is read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "")
        announced = int(stated[:20]) if stated.isdecimal() else 0
        scope[_LIMIT] = self._limit
        received = 0

        async def limited_receive() -> Message:
            nonlocal received
            limit: int = scope[_LIMIT]
            if announced > limit:
                raise BODY_TOO_LARGE.error(limit_bytes=limit)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BODY_TOO_LARGE.error(limit_bytes=limit)
            return message

        await self._app(scope, limited_receive, send)


def allow_body(scope: Scope, limit: int) -> None:
    """Allow this one request a body of another size; for operations that stream it, before they read."""
    scope[_LIMIT] = limit


class Methods:
    """Answers HEAD like GET without the body, and OPTIONS with what the path understands."""

    def __init__(self, app: ASGIApp, routes: RouteTable) -> None:
        """Wrap the application."""
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        method = scope["method"] if scope["type"] == "http" else ""
        if method == "OPTIONS":
            await self._options(scope)(scope, receive, send)
        elif method == "HEAD" and "GET" in self._routes.methods(scope["path"]):

            async def bodiless_send(message: Message) -> None:
                await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

            await self._app({**scope, "method": "GET"}, receive, bodiless_send)
        else:
            await self._app(scope, receive, send)

    def _options(self, scope: Scope) -> Response:
        methods = self._routes.methods(scope["path"])
        if not methods:
            return problem_response(NOT_FOUND.error(), Headers(scope=scope))
        return Response(status_code=204, headers={"Allow": ", ".join(methods)})
