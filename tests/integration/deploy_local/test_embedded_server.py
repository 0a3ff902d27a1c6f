"""The embedded database server: made once, recovered after crashes, also as root in a closed folder."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.account import database_account
from deploy.local.binaries import find_system_folder
from deploy.local.cluster import THROWAWAY_SETTINGS, Cluster
from deploy.local.databases import SERVICES
from deploy.local.embedded import start_embedded
from deploy.local.failures import RunnerError
from deploy.local.ports import free_port, listen
from deploy.local.state import CHECKOUT, State
from deploy.local.throwaway import reachable_programs, scratch_folder


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    account = database_account()
    with scratch_folder(account) as folder:
        made = Cluster(
            programs=reachable_programs(folder, account),
            data=folder / "postgres",
            log=folder / "postgres.log",
            password=secrets.token_hex(8),
            account=account,
            settings={**THROWAWAY_SETTINGS, "synchronous_commit": "on"},
        )
        made.initialise()
        made.start()
        yield made
        made.kill()


def test_it_speaks_utf8_with_a_locale_that_every_machine_has(cluster: Cluster) -> None:
    asked = "SELECT current_setting('server_encoding'), datlocprovider, datlocale FROM pg_database WHERE datname = 'postgres'"
    assert cluster.psql("-c", asked) == "UTF8|b|C.UTF-8"


def test_it_listens_on_loopback_only_and_wants_a_password(cluster: Cluster) -> None:
    assert cluster.psql("-c", "SHOW listen_addresses") == "127.0.0.1"
    cluster.password = "wrong"
    with pytest.raises(RunnerError, match="password authentication failed"):
        cluster.psql("-c", "SELECT 1")


def test_after_a_kill_it_starts_again_with_what_was_committed(cluster: Cluster) -> None:
    cluster.psql("-c", "CREATE TABLE kept (a int)", "-c", "INSERT INTO kept VALUES (7)")
    cluster.kill()
    assert (cluster.data / "postmaster.pid").exists()
    cluster.start()
    assert cluster.psql("-c", "SELECT a FROM kept") == "7"


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_stop_it(cluster: Cluster) -> None:
    cluster.stop()
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n", encoding="utf-8")
    cluster.start()
    assert cluster.psql("-c", "SELECT 1") == "1"


def test_when_somebody_took_its_port_it_takes_another(cluster: Cluster) -> None:
    cluster.stop()
    before = cluster.port
    with listen(before, "ledger"):
        cluster.start()
        assert cluster.port != before
        assert cluster.psql("-c", "SELECT 1") == "1"


def test_a_port_that_is_held_is_refused_by_name() -> None:
    port = free_port()
    with listen(port, "claims"), pytest.raises(RunnerError, match=f"port {port} for claims is in use"):
        listen(port, "claims")


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """What `mktemp -d` makes: only its owner may enter."""
    with tempfile.TemporaryDirectory(prefix="fangpin-closed-") as folder:
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends another account to the server")
def test_as_root_in_a_closed_folder_the_server_runs_from_a_system_folder(
    closed_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = State(closed_folder / "checkout" / ".fangpin")
    state.open()
    server = start_embedded(state)
    try:
        moved = find_system_folder(state.folder)
        assert moved is not None
        assert server.cluster.data == moved / "postgres"
        assert capsys.readouterr().out.count(f"PostgreSQL runs from {moved}") == 1
        assert set(server.databases(SERVICES)) == set(SERVICES)
        assert closed_folder.stat().st_mode & 0o777 == 0o700
    finally:
        server.cluster.stop()
    # A second start finds the same data there, and `clean` removes it.
    again = start_embedded(state)
    assert again.cluster.psql("-c", "SELECT count(*) FROM pg_database WHERE datname IN ('ledger', 'claims')") == "2"
    again.cluster.stop()
    clean = [sys.executable, "-m", "deploy.local", "clean", "--state", str(state.folder)]
    subprocess.run(clean, cwd=CHECKOUT, check=True)
    assert not moved.exists()
    assert not state.folder.exists()


def test_data_whose_passwords_are_lost_is_not_thrown_away(closed_folder: Path) -> None:
    closed_folder.chmod(0o755)
    state = State(closed_folder / ".fangpin")
    state.open()
    start_embedded(state).cluster.stop()
    state.server_file.unlink()
    with pytest.raises(RunnerError, match=r"passwords .* are lost"):
        start_embedded(state)
    assert (state.folder / "postgres" / "PG_VERSION").exists()
