"""The claims service as an ASGI application: its rooms, its resources, its readiness."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module, util

from fastapi import FastAPI

from claims.context import Context
from claims.problems import PROBLEMS
from claims.settings import Settings
from common.auth import Authenticator
from common.crypto import FieldCipher, KeyRing
from common.database import check_database, create_engine
from common.logging import configure_logging
from common.web import Router, create_app

VERSION = "0.1.0"
SERVICE = "claims"
# In the order of the API document.
ROOMS = (
    "claims.divisions.api",
    "claims.households.api",
    "claims.monitoring.api",
    "claims.policies.api",
    "claims.eligibility.api",
    "claims.claims.api",
    "claims.payouts.api",
    "claims.reports.api",
)


def create(settings: Settings) -> FastAPI:
    """Build the application and set up its logs; opens no connection. Raises KeyFileError for a key file that will not do."""
    configure_logging(SERVICE, log_format=settings.log_format, level=settings.log_level)
    context = build_context(settings, application_name="fangpin-claims")
    authenticator = Authenticator(settings.jwks, settings.issuer, settings.audience)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await context.engine.dispose()

    app = create_app(
        service=SERVICE,
        version=VERSION,
        title="Fangpin claims 防贫理赔",
        routers=routers(),
        authenticator=authenticator,
        problems=PROBLEMS,
        readiness_checks={"database": partial(check_database, context.engine), "keys": authenticator.check_keys},
        lifespan=lifespan,
    )
    app.state.context = context
    return app


def build_context(settings: Settings, *, application_name: str) -> Context:
    """The resources of a process of the claims service, the worker included."""
    engine = create_engine(settings.database_url, application_name=application_name, pool_size=settings.pool_size)
    return Context(settings, engine, FieldCipher(KeyRing.from_file(settings.key_file)))


def routers() -> list[Router]:
    """The routers of the rooms."""
    return [import_module(room).router for room in ROOMS if util.find_spec(room) is not None]
