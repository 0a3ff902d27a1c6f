"""A seeded book, an engine on it, and a plain connection beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from deploy.local.databases import Database
from ledger.journal.engine import PostingEngine
from tests.support.ledger_engine import connect, seed_book


@pytest.fixture
async def book_url(ledger_database: Database) -> str:
    await seed_book(ledger_database.service_url)
    return ledger_database.service_url


@pytest.fixture
async def engine(book_url: str) -> AsyncIterator[PostingEngine]:
    async with PostingEngine(book_url) as made:
        yield made


@pytest.fixture
async def observer(book_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await connect(book_url)
    yield connection
    await connection.close()


@pytest.fixture
async def owner(book_url: str, ledger_database: Database) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    del book_url
    connection = await connect(ledger_database.owner_url)
    yield connection
    await connection.close()
