"""`make run` from outside: it starts, says clearly what is wrong, loses nothing and leaves nothing."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.issuer import Issuer
from tests.support.runner import Run, started

pytestmark = pytest.mark.timeout(400)
BOOK = {"code": "610924", "name": "石泉县", "first_period": "2021-01"}


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder below a passable folder, as a checkout in /srv would have it."""
    with tempfile.TemporaryDirectory(prefix="fangpin-run-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "state"


def headers(state: Path, who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {Issuer(state / 'keys').token(who, book=BOOK['code'])}"}


def make_book(run: Run, state: Path) -> None:
    url = f"http://127.0.0.1:{run.ports['ledger']}/v1/books"
    answer = httpx.post(url, json=BOOK, headers=headers(state, "admin") | {"Idempotency-Key": "book"}, timeout=30)
    assert answer.status_code == 201, answer.text


def fund_codes(run: Run, state: Path) -> set[str]:
    url = f"http://127.0.0.1:{run.ports['ledger']}/v1/books/{BOOK['code']}/funds"
    answer = httpx.get(url, headers=headers(state, "auditor"), timeout=30)
    assert answer.status_code == 200, answer.text
    return {item["code"] for item in answer.json()["items"]}


def complaint(run: Run) -> str:
    """The one line a failed start ends with."""
    assert run.wait_end() == 2, run.said
    assert "Traceback" not in run.said
    lines = [line for line in run.said.splitlines() if line.startswith("fangpin: ")]
    assert len(lines) == 1, run.said
    return lines[0]


def test_a_run_survives_crashes_keeps_its_data_and_leaves_no_process(state: Path) -> None:
    with started(state) as run:
        run.wait_said("ready after")
        make_book(run, state)
        books = fund_codes(run, state)
        assert len(books) == 7
        commands = " ".join(run.processes().values())
        assert "deploy.local.serve ledger" in commands
        assert "deploy.local.serve claims" in commands
        assert "claims.worker" in commands
        # The database server is killed: the run says so, stops the rest, and ends with code 1.
        os.kill(run.one("/bin/postgres -D"), signal.SIGKILL)
        assert run.wait_end() == 1
        assert "postgres was killed by SIGKILL; everything is stopped" in run.said
        run.wait_nothing_left()
    with started(state) as run:
        # The stale postmaster.pid is dealt with and what was acknowledged is there.
        run.wait_said("ready after")
        assert fund_codes(run, state) == books
        with started(state) as second:
            assert "already running here" in complaint(second)
        # The supervisor itself is killed: the kernel tells its children.
        run.process.kill()
        run.wait_end()
        run.wait_nothing_left()
    with started(state) as run:
        run.wait_said("ready after")
        assert fund_codes(run, state) == books
        run.interrupt()
        assert run.wait_end() == 0, run.said
        run.wait_nothing_left()
        order = [line.split()[1] for line in run.said.splitlines() if line.endswith(" stopping")]
        assert order == ["ledger-worker", "worker", "claims", "ledger", "postgres"]


def test_interrupting_make_alone_stops_everything(state: Path) -> None:
    makefile = state.with_name("Makefile")
    makefile.write_text(
        f"run:\n\t@exec {sys.executable} -m deploy.local run --no-demo --state {state}\n", encoding="utf-8"
    )
    with started(state, command=["make", "-f", str(makefile), "run"]) as run:
        run.wait_said("ready after")
        run.interrupt()
        run.wait_end()
        run.wait_nothing_left()


def test_several_ledger_processes_share_the_port(state: Path) -> None:
    with started(state, environment={"LEDGER_WORKERS": "2"}) as run:
        run.wait_said("ready after")
        assert sum("deploy.local.serve ledger" in command for command in run.processes().values()) == 2
        run.process.terminate()
        assert run.wait_end() == 0, run.said
        run.wait_nothing_left()


@pytest.mark.parametrize("service", ["ledger", "claims"])
def test_a_port_in_use_is_the_first_and_only_thing_said(state: Path, service: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(state, environment={f"{service.upper()}_PORT": str(port)}) as run:
            line = complaint(run)
    assert f"port {port} for {service} is in use" in line
    assert f"{service.upper()}_PORT=" in line
    assert not (state / "postgres").exists()


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"LEDGER_PORT": "http"}, "LEDGER_PORT=http must be a whole number from 1 to 65535"),
        ({"LEDGER_PORT": "70000"}, "LEDGER_PORT=70000 must be a whole number from 1 to 65535"),
        ({"LEDGER_PORT": "8010", "CLAIMS_PORT": "8010"}, "LEDGER_PORT and CLAIMS_PORT are both 8010"),
        ({"LEDGER_WORKERS": "0"}, "LEDGER_WORKERS=0 must be a whole number from 1 to 64"),
        ({"CLAIMS_KEY_FILE": "x"}, "CLAIMS_KEY_FILE is set, but `make run` uses its own development keys"),
        ({"FANGPIN_MODE": "production"}, "the development issuer works in development mode only"),
        ({"LEDGER_DATABASE_URL": "nonsense"}, "LEDGER_DATABASE_URL is set but LEDGER_OWNER_DATABASE_URL is not"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(state: Path, environment: dict[str, str], line: str) -> None:
    with started(state, environment=environment) as run:
        assert line in complaint(run)


def test_a_folder_that_cannot_be_written_is_one_clear_line(state: Path) -> None:
    state.write_text("a file where the folder should be", encoding="utf-8")
    with started(state) as run:
        assert "cannot write the state folder" in complaint(run)


def token(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "deploy.local.token", "--state", str(state), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_tokens_asked_for_at_once_on_a_fresh_machine_share_one_key(state: Path) -> None:
    command = [sys.executable, "-m", "deploy.local.token", "--state", str(state), "--who", "officer"]
    asked = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    tokens = [process.communicate()[0] for process in asked]
    assert all(process.returncode == 0 for process in asked)
    assert all(text.count("\n") == 1 and text.count(".") == 2 for text in tokens)
    assert len({path.name for path in (state / "keys").iterdir()}) == 2


def test_an_unknown_role_prints_nothing_but_one_line_of_complaint(state: Path) -> None:
    done = token(state, "--who", "mayor")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("fangpin: unknown WHO=mayor; choose one of: officer,")
    assert done.stderr.count("\n") == 1
