"""The claims service as an ASGI application: its rooms, its resources, its readiness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from claims.access import api as access
from claims.calendar import api as calendar
from claims.claims import api as claims
from claims.claims import path_api as paths
from claims.context import build_context
from claims.divisions import api as divisions
from claims.documents import api as documents
from claims.documents.spool import sweep_spool
from claims.eligibility import api as eligibility
from claims.households import api as households
from claims.households import over_time
from claims.letters import api as letters
from claims.monitoring import api as monitoring
from claims.payouts import api as payouts
from claims.policies import api as policies
from claims.problems import PROBLEMS
from claims.register import api as register
from claims.reports import api as reports
from claims.settings import Settings
from common.auth import Authenticator
from common.database import check_database
from common.logging import configure_logging
from common.spreadsheets.workplace import WORKPLACE
from common.web import create_app

VERSION = "0.1.0"
SERVICE = "claims"
# In the order of the API document.
ROOMS = (
    divisions,
    register,
    households,
    over_time,
    monitoring,
    calendar,
    policies,
    eligibility,
    claims,
    paths,
    documents,
    letters,
    payouts,
    reports,
    access,
)


def create(settings: Settings) -> FastAPI:
    """Build the application and set up its logs; opens no connection. Raises KeyFileError for a key file that will not do."""
    configure_logging(SERVICE, log_format=settings.log_format, level=settings.log_level)
    context = build_context(settings, application_name="fangpin-claims")
    authenticator = Authenticator(settings.jwks, settings.issuer, settings.audience)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(sweep_spool, settings.document_folder)
        await asyncio.to_thread(WORKPLACE.settle, settings.export_folder or settings.document_folder / "exports")
        try:
            yield
        finally:
            await context.engine.dispose()

    app = create_app(
        service=SERVICE,
        version=VERSION,
        title="Fangpin claims 防贫理赔",
        routers=[room.router for room in ROOMS],
        authenticator=authenticator,
        problems=PROBLEMS,
        readiness_checks={
            "database": partial(check_database, context.engine),
            "keys": authenticator.check_keys,
            "documents": context.contents.check,
        },
        lifespan=lifespan,
    )
    app.state.context = context
    return app
