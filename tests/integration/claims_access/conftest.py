from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import create_engine
from deploy.local.databases import Database


@pytest.fixture
async def owner(claims_database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(claims_database.owner_url, application_name="test-owner", idle_seconds=600)
    yield engine
    await engine.dispose()


@pytest.fixture
async def service(claims_database: Database) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(claims_database.service_url, application_name="test-service")
    yield engine
    await engine.dispose()
