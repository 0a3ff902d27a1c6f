"""A database with only the shared tables, used through the service's restricted role."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import BigInteger, Column, MetaData, PrimaryKeyConstraint, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import NAMING_CONVENTION, create_engine
from common.idempotency import idempotency_table
from deploy.local.databases import Database
from tests.support.servers import Server

metadata = MetaData(naming_convention=NAMING_CONVENTION)
idempotency_table(metadata)
effects = Table(
    "effect",
    metadata,
    Column("book", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("amount", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("book", "name"),
)

GRANTS = """
GRANT SELECT, INSERT ON idempotency_key TO fangpin_claims_service;
GRANT SELECT, INSERT, UPDATE ON effect TO fangpin_claims_service;
"""


@pytest.fixture
def database(postgres: Server) -> Iterator[Database]:
    made = postgres.create("claims")
    yield made
    postgres.drop(made)


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    """The service role's engine on a fresh database with the shared tables."""
    owner = create_engine(database.owner_url, application_name="test-owner", pool_size=1)
    async with owner.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for grant in GRANTS.strip().split("\n"):
            await connection.execute(text(grant))
    await owner.dispose()
    made = create_engine(database.service_url, application_name="test-service", pool_size=20)
    yield made
    await made.dispose()
