"""Real database servers by address: every way this can be wrong is one line without a password."""

import pytest

from deploy.local import external
from deploy.local.databases import Database
from deploy.local.external import external_database
from deploy.local.failures import RunnerError
from deploy.local.ports import free_port
from tests.support.servers import Server


@pytest.fixture
def database(postgres: Server) -> Database:
    return postgres.create("ledger")


def use(monkeypatch: pytest.MonkeyPatch, service_url: str, owner_url: str) -> None:
    monkeypatch.setenv("LEDGER_DATABASE_URL", service_url.replace("+asyncpg", ""))
    monkeypatch.setenv("LEDGER_OWNER_DATABASE_URL", owner_url.replace("+asyncpg", ""))


def refusal(monkeypatch: pytest.MonkeyPatch, service_url: str, owner_url: str) -> str:
    use(monkeypatch, service_url, owner_url)
    with pytest.raises(RunnerError) as caught:
        external_database("ledger")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_addresses_the_embedded_server_is_used() -> None:
    assert external_database("ledger") is None


def test_two_right_addresses_are_taken(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    use(monkeypatch, database.service_url, database.owner_url)
    found = external_database("ledger")
    assert found is not None
    assert (found.service_url, found.owner_url) == (database.service_url, database.owner_url)


@pytest.mark.parametrize(
    "address", ["nonsense", "mysql://u:geheim@h/d", "postgresql://host/db", "postgresql://u:geheim@h"]
)
def test_what_is_no_database_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, database: Database, address: str
) -> None:
    said = refusal(monkeypatch, address, database.owner_url)
    assert said.startswith("LEDGER_DATABASE_URL")
    assert "postgresql://user:password@host:port/database" in said
    assert "geheim" not in said


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    port = free_port()
    said = refusal(monkeypatch, f"postgresql://u:geheim@127.0.0.1:{port}/ledger", database.owner_url)
    assert f"LEDGER_DATABASE_URL: 127.0.0.1:{port}/ledger: cannot be reached" in said
    assert "geheim" not in said


def test_a_wrong_password_is_said_without_showing_it(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    wrong = database.owner_url.replace("_owner:", "_owner:x")
    said = refusal(monkeypatch, database.service_url, wrong)
    assert "LEDGER_OWNER_DATABASE_URL" in said
    assert "refuses user fangpin_ledger_owner or the password" in said
    assert wrong.split(":")[2].split("@")[0] not in said


def test_a_database_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    missing = database.service_url.replace(f"/{database.name}", "/nowhere")
    # The restricted role may not enter other databases, so ask as the superuser would spell it.
    said = refusal(monkeypatch, missing, database.owner_url)
    assert "that database does not exist" in said


def test_a_foreign_database_without_permission_is_refused(
    monkeypatch: pytest.MonkeyPatch, postgres: Server, database: Database
) -> None:
    foreign = database.service_url.replace(f"/{database.name}", f"/{postgres.create('claims').name}")
    assert "has no permission to connect" in refusal(monkeypatch, foreign, database.owner_url)


def test_a_service_may_not_connect_as_the_owner_or_a_superuser(
    monkeypatch: pytest.MonkeyPatch, postgres: Server, database: Database
) -> None:
    superuser = f"postgresql://postgres:{postgres.cluster.password}@127.0.0.1:{postgres.cluster.port}/{database.name}"
    for address in (database.owner_url, superuser):
        said = refusal(monkeypatch, address, database.owner_url)
        assert "may do too much for a service; connect as fangpin_ledger_service" in said


def test_an_owner_that_may_not_create_tables_is_refused(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    said = refusal(monkeypatch, database.service_url, database.service_url)
    assert "LEDGER_OWNER_DATABASE_URL: role fangpin_ledger_service may not create tables" in said


def test_a_server_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    monkeypatch.setattr(external, "OLDEST_MAJOR", 99)
    said = refusal(monkeypatch, database.service_url, database.owner_url)
    assert "PostgreSQL 18" in said
    assert "is too old; 99 or newer is needed" in said
