"""Migrations and table descriptions say the same, and a difference is found."""

import pytest

from deploy.local.migrate import alembic
from tests.support.servers import Server, Templates


@pytest.mark.parametrize("service", ["ledger", "claims"])
def test_the_migrations_make_exactly_the_tables_that_the_code_describes(templates: Templates, service: str) -> None:
    done = alembic(templates.of(service), ["check"])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("service", "table"), [("ledger", "fund"), ("claims", "household")])
def test_a_column_that_only_the_database_has_is_found(
    templates: Templates, postgres: Server, service: str, table: str
) -> None:
    with templates.clone(service) as database:
        postgres.sql(database, f"ALTER TABLE {table} ADD COLUMN nobody_knows integer")
        done = alembic(database, ["check"])
        assert done.returncode != 0
        assert "nobody_knows" in done.stdout + done.stderr
