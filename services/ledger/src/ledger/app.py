"""The ledger as an ASGI application: its rooms, its resources, its readiness."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from importlib import import_module

from fastapi import FastAPI

from common.auth import Authenticator
from common.crypto import FieldCipher
from common.database import check_database, create_engine
from common.logging import configure_logging
from common.settings import key_bytes
from common.web import Router, create_app
from ledger.appropriations.service import AGAIN as APPROPRIATIONS
from ledger.budgets.expiry import AGAIN as EXPIRY
from ledger.budgets.service import AGAIN as BUDGETS
from ledger.context import Context
from ledger.funds.corrections import KINDS as CORRECTIONS
from ledger.funds.corrections import Correctable
from ledger.funds.service import AGAIN as FUNDS
from ledger.journal.engine import EngineLimits, PostingEngine
from ledger.journal.posting import AGAIN as JOURNAL
from ledger.journal.service import check_rights
from ledger.operations.api import router_of
from ledger.operations.catalogue import catalogue
from ledger.operations.service import Desk
from ledger.payment_lists.api import router_of as payment_lists_of
from ledger.problems import PROBLEMS
from ledger.settings import Settings
from ledger.year_end.service import AGAIN as YEAR_END

VERSION = "0.1.0"
SERVICE = "ledger"
# In the order of the API document.
ROOMS = (
    "books",
    "funds",
    "accounts",
    "appropriations",
    "budgets",
    "journal",
    "approvals",
    "periods",
    "bank",
    "givers",
    "year_end",
    "reports",
    "statements",
    "vouchers",
    "audit",
)
# A group of a thousand entries makes tens of thousands of small objects that all die with it: looking for cycles among them every
# 700 allocations, which is Python's default, cost a fifth of the engine's time.
_GC_THRESHOLDS = (100_000, 20, 20)


def create(settings: Settings) -> FastAPI:
    """Build the application and set up its logs; opens no connection."""
    configure_logging(SERVICE, log_format=settings.log_format, level=settings.log_level)
    desk = _shipped_desk() if settings.extra_operations is None else Desk(catalogue(settings.extra_operations))
    context = build_context(settings, desk)
    authenticator = Authenticator(settings.jwks, settings.issuer, settings.audience)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        gc.set_threshold(*_GC_THRESHOLDS)
        try:
            async with context.engine:
                yield
        finally:
            await context.database.dispose()

    app = create_app(
        service=SERVICE,
        version=VERSION,
        title="Fangpin ledger 防贫基金账",
        routers=routers(desk),
        authenticator=authenticator,
        problems=PROBLEMS,
        readiness_checks={
            "database": partial(check_database, context.database),
            "database_role": partial(check_rights, context.database),
            "keys": authenticator.check_keys,
        },
        lifespan=lifespan,
    )
    app.state.context = context
    context.engine.metrics.register(app.state.metrics_registry)
    return app


@cache
def _shipped_desk() -> Desk:
    """Return the desk of the shipped catalogue; made once in a process: its types cost more than all else an app is made of."""
    return Desk(catalogue())


@cache
def _routers_of(desk: Desk) -> tuple[Router, Router]:
    return payment_lists_of(desk), router_of(desk)


def build_context(settings: Settings, desk: Desk) -> Context:
    """The resources of a process of the ledger."""
    limits = EngineLimits(
        connections=settings.engine_connections,
        group_size=settings.group_size,
        queue_limit=settings.queue_limit,
        shutdown_grace=settings.shutdown_grace,
        reconnect_pause=settings.reconnect_pause,
    )
    return Context(
        settings=settings,
        database=create_engine(settings.database_url, application_name="fangpin-ledger", pool_size=settings.pool_size),
        engine=PostingEngine(settings.database_url, limits),
        fingerprint_secret=key_bytes(settings.fingerprint_key),
        again={**JOURNAL, **FUNDS, **APPROPRIATIONS, **BUDGETS, **EXPIRY, **YEAR_END, **desk.again()},
        cipher=FieldCipher(settings.ring()),
        corrections={
            **{place: Correctable(kind) for place, kind in CORRECTIONS.items()},
            **{one.path: Correctable(one.kind, one.approval == "always") for one in desk.catalogue.operations},
        },
    )


def routers(desk: Desk) -> list[Router]:
    """The routers of the rooms. Those of the operations come last: their places stand beside those the other rooms name."""
    rooms = (import_module(f"ledger.{room}.api").router for room in ROOMS)
    return [*rooms, *_routers_of(desk)]
