"""The shared fixtures give each test a database of its own, with the restricted roles."""

import asyncpg
import pytest

from deploy.local.databases import Database
from tests.support.servers import Server

pytestmark = pytest.mark.anyio


def plain(url: str) -> str:
    return url.replace("+asyncpg", "")


@pytest.fixture
def empty_database(postgres: Server) -> Database:
    return postgres.create("ledger")


async def test_the_service_role_is_neither_superuser_nor_may_it_make_tables(empty_database: Database) -> None:
    connection = await asyncpg.connect(plain(empty_database.service_url))
    try:
        assert await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE mine (a int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TEMP TABLE mine (a int)")
    finally:
        await connection.close()


async def test_the_reader_role_reads_only(empty_database: Database) -> None:
    connection = await asyncpg.connect(plain(empty_database.reader_url))
    try:
        assert await connection.fetchval("SHOW transaction_read_only") == "on"
    finally:
        await connection.close()


async def test_a_role_of_one_service_cannot_enter_the_other_services_database(
    postgres: Server, empty_database: Database
) -> None:
    claims = postgres.create("claims")
    foreign = claims.service_url.replace(claims.name, empty_database.name)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(plain(foreign))
