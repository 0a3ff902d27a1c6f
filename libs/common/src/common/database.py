"""Connections and transactions, written out where they happen.

``async with transaction(engine) as connection`` commits when the block ends and is used inside use cases only. Never in a
FastAPI dependency: that would commit after the answer has left. ``snapshot(engine)`` reads everything as of one instant.
What the database cannot do now becomes ``unavailable`` (503), what it finds wrong with a value ``invalid_request`` (422).
"""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import asyncpg
import orjson
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from common.errors import INVALID_REQUEST, Problem, unavailable
from common.json_body import dump_json
from common.logging import get_logger

log = get_logger(__name__)

NAMING_CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints and indexes, for every service's MetaData."""

# PostgreSQL's error codes (appendix A of its manual) that mean "not now" rather than "never".
_NOT_NOW_CLASSES: Final = ("08", "53", "57", "58")
_NOT_NOW: Final = frozenset({"40001", "40P01", "55P03", "25P03", "25P04"})
_TRY_AGAIN: Final = frozenset({"40001", "40P01"})

PING_AFTER_SECONDS: Final = 1.0
"""A connection that rested longer than this is asked whether it lives before it is used; the question takes three round trips."""
_RESTS_SINCE: Final = "fangpin_rests_since"


def async_url(url: str) -> str:
    """Return a PostgreSQL address with the driver we use: ``postgresql+asyncpg://``."""
    _, _, rest = url.partition("://")
    return f"postgresql+asyncpg://{rest}"


def create_engine(
    url: str,
    *,
    application_name: str,
    pool_size: int = 8,
    pool_wait_seconds: float = 10.0,
    statement_seconds: float = 30.0,
    lock_seconds: float = 10.0,
    idle_seconds: float = 30.0,
) -> AsyncEngine:
    """Return an engine with a bounded pool and time limits on statements, locks and forgotten transactions."""
    engine = create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_wait_seconds,
        pool_recycle=1800,
        # Values of statements may be personal data: they must not get into errors and logs.
        hide_parameters=True,
        json_serializer=lambda value: dump_json(value).decode("utf-8"),
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": 5,
            "server_settings": {
                "application_name": application_name,
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": _milliseconds(statement_seconds),
                "lock_timeout": _milliseconds(lock_seconds),
                "idle_in_transaction_session_timeout": _milliseconds(idle_seconds),
            },
        },
    )
    _ping_rested_connections(engine)
    return engine


def _ping_rested_connections(engine: AsyncEngine) -> None:
    """Find connections the server has dropped before somebody works with them, as SQLAlchemy's pre-ping does.

    A busy connection is only asked what the driver knows of it already: was it closed? If the server vanished without a word, its
    transaction fails as it would after a ping: the caller is told to try again.
    """
    dialect = engine.dialect

    @event.listens_for(engine.sync_engine, "checkin")
    def rest(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info[_RESTS_SINCE] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ping(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
        driver_connection = entry.driver_connection
        if isinstance(driver_connection, asyncpg.Connection) and driver_connection.is_closed():
            raise InvalidatePoolError
        rests_since = entry.info.get(_RESTS_SINCE)
        if rests_since is None or time.monotonic() - rests_since < PING_AFTER_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            # The pool then replaces this connection and all that are as old.
            raise InvalidatePoolError from error


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Run a block in one transaction: committed when the block ends, rolled back when it raises.

    Raises ``unavailable`` when the database cannot be reached, is too slow or chose this transaction as a deadlock's
    victim, also at commit: nobody is told "done" before it is. Raises ``invalid_request`` for values it cannot hold.
    Broken constraints raise SQLAlchemy's IntegrityError, for the caller to name.
    """
    with translated():
        async with engine.connect() as connection, connection.begin():
            yield connection


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Run a block that only reads, all of it as of one instant (REPEATABLE READ, READ ONLY). Raises as `transaction`."""
    with translated():
        async with engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with connection.begin():
                yield connection


async def check_database(engine: AsyncEngine) -> None:
    """Raise ``unavailable`` unless the database answers; a readiness check."""
    async with transaction(engine) as connection:
        await connection.execute(text("SELECT 1"))


def sqlstate(error: BaseException) -> str | None:
    """Return the five-character error code behind an exception, if PostgreSQL gave one."""
    original = error.orig if isinstance(error, DBAPIError) else error
    for candidate in (original, getattr(original, "__cause__", None)):
        code = getattr(candidate, "sqlstate", None)
        if isinstance(code, str):
            return code
    return None


def constraint_name(error: BaseException) -> str | None:
    """Return the name of the constraint an exception is about, if PostgreSQL named one."""
    original = error.orig if isinstance(error, DBAPIError) else error
    for candidate in (original, getattr(original, "__cause__", None)):
        name = getattr(candidate, "constraint_name", None)
        if isinstance(name, str):
            return name
    return None


def worth_trying_again(error: BaseException) -> bool:
    """Tell whether the same transaction may simply be run again: a deadlock or a serialisation failure."""
    cause = error.__cause__ if isinstance(error, Problem) else error
    return cause is not None and sqlstate(cause) in _TRY_AGAIN


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the database cannot do now or cannot hold into problems; leave everything else as it is."""
    try:
        yield
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        problem = _problem_for(error)
        if problem is None:
            raise
        raise problem from error


def _problem_for(error: Exception) -> Problem | None:
    code = sqlstate(error)
    if _is_not_now(error, code):
        log.warning("database_unavailable", sqlstate=code, error=type(error).__name__)
        return unavailable()
    if (code is not None and code.startswith("22")) or _is_unsendable(error):
        # Validation should have caught it; the caller still gets an honest answer, and we get a line to act on.
        log.error("database_refused_a_value", sqlstate=code, error=type(error).__name__)
        return INVALID_REQUEST.error()
    return None


def _is_not_now(error: Exception, code: str | None) -> bool:
    if isinstance(error, PoolTimeoutError | OSError | TimeoutError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if code is not None:
        return code in _NOT_NOW or code.startswith(_NOT_NOW_CLASSES)
    original = _driver_error(error)
    if isinstance(original, asyncpg.InterfaceError) and not isinstance(original, ValueError):
        # The driver lost or closed the connection under us.
        return "closed" in str(original) or "connection" in str(original)
    return isinstance(original, OSError | TimeoutError)


def _is_unsendable(error: Exception) -> bool:
    """Tell whether the driver could not even encode a value: too large an integer, a lone surrogate."""
    return isinstance(_driver_error(error), asyncpg.DataError | UnicodeEncodeError)


def _driver_error(error: Exception) -> BaseException:
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig.__cause__ or error.orig
    return error


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
