"""How Alembic reaches the claims database: as its owner, one transaction for everything.

The caller hands a connection over in `config.attributes["connection"]` (tests, the local runner) or an address in `sqlalchemy.url` or
CLAIMS_OWNER_DATABASE_URL.
"""

from __future__ import annotations

import asyncio
import os

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

from claims.metadata import load_all_tables

target_metadata = load_all_tables()


def migrate(connection: sa.Connection) -> None:
    """Run the migrations on an open connection of the owner."""
    context.configure(connection=connection, target_metadata=target_metadata, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()


def address() -> str:
    """The owner's address as an asyncpg URL; one clear line if there is none."""
    url = context.config.get_main_option("sqlalchemy.url") or os.environ.get("CLAIMS_OWNER_DATABASE_URL", "")
    if not url:
        raise SystemExit(
            "claims migrations: set CLAIMS_OWNER_DATABASE_URL to the owner's address of the claims database"
        )
    return str(sa.make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False))


async def migrate_by_address() -> None:
    """Open a connection of our own and migrate."""
    engine = create_async_engine(address())
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await engine.dispose()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    raise SystemExit("claims migrations: run them against a database, not as SQL text")
if given is None:
    asyncio.run(migrate_by_address())
else:
    migrate(given)
