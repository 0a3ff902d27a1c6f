"""Alembic environment of the ledger: runs as the owner role, given by ``sqlalchemy.url`` or LEDGER_OWNER_DATABASE_URL."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

import ledger.accounts.tables
import ledger.approvals.tables
import ledger.bank.tables
import ledger.books.tables
import ledger.budgets.tables
import ledger.funds.tables
import ledger.givers.tables
import ledger.journal.tables
import ledger.periods.tables
import ledger.year_end.tables  # noqa: F401 - imported for their tables
from ledger.metadata import metadata

# A migration that cannot get its locks gives up rather than hold up the queue behind it.
_LOCK_TIMEOUT = "10s"


def _url() -> str:
    url = context.config.get_main_option("sqlalchemy.url") or os.environ.get("LEDGER_OWNER_DATABASE_URL")
    if not url:
        message = "LEDGER_OWNER_DATABASE_URL must name the ledger database with its owner role"
        raise SystemExit(message)
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, compare_server_default=False)
    with context.begin_transaction():
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'"))
        context.run_migrations()


async def _run() -> None:
    engine = create_async_engine(_url(), poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    await engine.dispose()


# A caller that already runs an event loop hands over its own connection; alone, Alembic gets one here.
_given = context.config.attributes.get("connection")
if isinstance(_given, Connection):
    _migrate(_given)
else:
    asyncio.run(_run())
