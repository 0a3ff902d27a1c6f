"""The embedded PostgreSQL server: made once, started as a child, recovered after a kill.

Owns: the data folder, the server process and its settings. It listens on 127.0.0.1 only, with
scram passwords; there is no socket file. Roles and databases are made in `databases.py`.
"""

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local.account import Account, give
from deploy.local.child import POLL_SECONDS, Child, wait_until
from deploy.local.failures import RunnerError
from deploy.local.ports import LOOPBACK, free_port, is_free

SUPERUSER: Final = "postgres"
START_SECONDS: Final = 60.0
LEFTOVER_SECONDS: Final = 20.0
RETRY_SECONDS: Final = 20.0
# A port somebody took just now; backends of a killed server that have not noticed its end yet.
PASSING_REASONS: Final = ("could not bind", "shared memory block")
ORDINARY_SETTINGS: Final[Mapping[str, str]] = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "password_encryption": "scram-sha-256",
    "jit": "off",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %u@%d ",
    # DETAIL lines quote the values of a refused row, and values may be about people.
    "log_error_verbosity": "terse",
}
# For throw-away servers in tests: nothing has to survive a power cut.
THROWAWAY_SETTINGS: Final[Mapping[str, str]] = {
    **ORDINARY_SETTINGS,
    "shared_buffers": "128MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "scram_iterations": "1",
    "autovacuum": "off",
    "log_min_messages": "error",
}


@dataclass(slots=True)
class Cluster:
    """One database server of ours."""

    programs: Path
    data: Path
    log: Path
    password: str
    account: Account | None = None
    settings: Mapping[str, str] = field(default_factory=lambda: dict(ORDINARY_SETTINGS))
    port: int = 0
    server: Child | None = field(default=None, init=False)

    @property
    def is_initialised(self) -> bool:
        """Whether `initialise` completed before."""
        return (self.data / "PG_VERSION").exists()

    def initialise(self) -> None:
        """Make the data folder: UTF-8, a locale that is the same on every machine, checksums."""
        shutil.rmtree(self.data, ignore_errors=True)
        draft = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        give(draft, self.account)
        password_file = draft.with_name(f".password.{secrets.token_hex(4)}")
        password_file.touch(mode=0o600)
        password_file.write_text(self.password + "\n", encoding="utf-8")
        give(password_file, self.account)
        command = [
            str(self.programs / "initdb"), "--pgdata", str(draft), "--username", SUPERUSER,
            "--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8",
            "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8",
            "--no-instructions", "--no-sync",
        ]  # fmt: skip
        try:
            self._run_as_account(command, "initdb")
            draft.rename(self.data)
        finally:
            password_file.unlink(missing_ok=True)

    def start(self) -> None:
        """Start the server and wait until it accepts connections.

        What a killed predecessor left is dealt with first. The port of last time is taken again;
        where somebody else has it now, another one is.
        """
        self._clear_leftovers()
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            if self.port == 0 or not is_free(self.port):
                self.port = free_port()
            self.server = self._server()
            self.server.start()
            wait_until(self._settled, START_SECONDS)
            if self._accepts():
                return
            self.server.stop()
            complaints = self.server.log_tail()
            passing = any(reason in complaints for reason in PASSING_REASONS)
            if not passing or time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
        reason = (complaints.splitlines() or ["it said nothing"])[-1]
        raise RunnerError(f"PostgreSQL did not start: {reason} (log: {self.log})")

    def stop(self) -> None:
        """Shut down cleanly (connections are ended, data is flushed)."""
        if self.server is not None:
            self.server.stop()

    def kill(self) -> None:
        """Kill the server as a crash would; `start` recovers."""
        if self.server is not None:
            self.server.kill()

    def psql(self, *arguments: str, database: str = "postgres", script: str = "") -> str:
        """Run psql as the superuser; raise `RunnerError` with its first complaint."""
        command = [
            str(self.programs / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            "-h", LOOPBACK, "-p", str(self.port), "-U", SUPERUSER, "-d", database, *arguments,
        ]  # fmt: skip
        environment = {**os.environ, "PGPASSWORD": self.password, "PGOPTIONS": "", "LC_ALL": "C"}
        done = subprocess.run(
            command, input=script, env=environment, capture_output=True, text=True, check=False, start_new_session=True
        )
        if done.returncode != 0:
            complaint = (done.stderr.strip().splitlines() or ["psql failed"])[0]
            raise RunnerError(complaint)
        return done.stdout.strip()

    def _settled(self) -> bool:
        return self.server is None or not self.server.is_running or self._accepts()

    def _accepts(self) -> bool:
        if self.server is None or not self.server.is_running:
            return False
        command = [
            str(self.programs / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self.port), "-t", "5",
        ]  # fmt: skip
        return subprocess.run(command, check=False, start_new_session=True).returncode == 0

    def _server(self) -> Child:
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        settings = {
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "logging_collector": "off",
            **self.settings,
        }
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return Child(
            name="postgres",
            command=command,
            log=self.log,
            environment={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            account=self.account,
            folder=Path("/"),
            # SIGINT is PostgreSQL's fast shutdown: open connections are ended, data is flushed.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            patience_seconds=30.0,
        )

    def _clear_leftovers(self) -> None:
        """Deal with a postmaster.pid that an earlier server left behind.

        Its number may name a server of ours that is still shutting down (wait, then insist), or by
        now any other process (remove the file, which PostgreSQL itself would not dare).
        """
        note = self.data / "postmaster.pid"
        try:
            pid = int(note.read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if self._is_our_server(pid):
            if not wait_until(lambda: not self._is_our_server(pid), LEFTOVER_SECONDS):
                os.kill(pid, signal.SIGINT)
            if not wait_until(lambda: not self._is_our_server(pid), LEFTOVER_SECONDS):
                message = f"PostgreSQL of an earlier run (process {pid}) does not end; stop it"
                raise RunnerError(message)
        note.unlink(missing_ok=True)

    def _is_our_server(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return words[0].endswith(b"/postgres") and str(self.data).encode() in words

    def _run_as_account(self, command: list[str], name: str) -> None:
        account = self.account
        try:
            done = subprocess.run(
                command,
                cwd="/",
                env={**os.environ, "LC_ALL": "C"},
                user=None if account is None else account.uid,
                group=None if account is None else account.gid,
                extra_groups=None if account is None else [],
                capture_output=True,
                text=True,
                check=False,
                start_new_session=True,  # Ctrl-C stops the runner, not this
            )
        except PermissionError as error:
            message = f"{name} cannot be run as {account.name if account else 'you'}: {error}"
            raise RunnerError(message) from error
        if done.returncode != 0:
            complaint = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            message = f"{name} failed: {complaint}"
            raise RunnerError(message)
