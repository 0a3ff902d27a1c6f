"""`make run` as a test sees it: started on free ports with a state folder of its own, then watched from outside."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.ports import free_port
from deploy.local.state import CHECKOUT

MARK: Final = "FANGPIN_TEST_RUN"
START_SECONDS: Final = 120.0
END_SECONDS: Final = 60.0


@dataclass(slots=True)
class Run:
    """A running `python -m deploy.local run` (or a make that started it)."""

    process: subprocess.Popen[bytes]
    output: Path
    mark: str
    ports: dict[str, int]

    @property
    def said(self) -> str:
        """Everything it printed so far, stdout and stderr."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def wait_said(self, text: str, seconds: float = START_SECONDS) -> None:
        """Wait until it has printed `text`; an AssertionError shows what it printed instead."""
        deadline = time.monotonic() + seconds
        while text not in self.said:
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.said}"
            assert time.monotonic() < deadline, f"never said {text!r}:\n{self.said}"
            time.sleep(0.1)

    def wait_end(self, seconds: float = END_SECONDS) -> int:
        """Wait for its end; answers the exit code."""
        return self.process.wait(seconds)

    def interrupt(self) -> None:
        """Send what Ctrl-C sends, to this process alone."""
        self.process.send_signal(signal.SIGINT)

    def processes(self) -> dict[int, str]:
        """Every live process of this run, by id: they all inherit the run's mark in their environment."""
        return processes_marked(self.mark)

    def one(self, part: str) -> int:
        """Id of the only process whose command line contains `part`."""
        found = [pid for pid, command in self.processes().items() if part in command]
        assert len(found) == 1, self.processes()
        return found[0]

    def wait_nothing_left(self, seconds: float = END_SECONDS) -> None:
        """Wait until no process of this run lives."""
        deadline = time.monotonic() + seconds
        while self.processes():
            assert time.monotonic() < deadline, f"still there: {self.processes()}"
            time.sleep(0.1)


def processes_marked(mark: str) -> dict[int, str]:
    """Command lines of live processes whose environment carries the mark."""
    found: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"{MARK}={mark}".encode() in environment and command:
            found[int(folder.name)] = command.replace(b"\0", b" ").decode("utf-8", "replace")
    return found


@contextmanager
def started(
    state: Path,
    *,
    command: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    ports: dict[str, int] | None = None,
) -> Iterator[Run]:
    """Start a run without the demo; whatever is left of it is killed when the test is over."""
    # Tests that were started in the background ignore Ctrl-C; what they start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    mark = uuid.uuid4().hex
    chosen = ports or {service: free_port() for service in ("ledger", "claims")}
    output = state.with_name(f"{state.name}-{mark[:8]}.out")
    variables = {f"{service.upper()}_PORT": str(port) for service, port in chosen.items()}
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*command] or [sys.executable, "-m", "deploy.local", "run", "--no-demo", "--state", str(state)],
            cwd=CHECKOUT,
            env={**os.environ, **variables, **(environment or {}), MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    run = Run(process, output, mark, chosen)
    try:
        yield run
    finally:
        for pid in run.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()
