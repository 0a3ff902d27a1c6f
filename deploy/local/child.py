"""One child process: started bound to us, writing to its own log file, stopped in good order.

Owns: start, stop and kill of a process. Knows nothing of what the process does.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local.account import Account
from deploy.local.failures import RunnerError
from deploy.local.state import CHECKOUT

BOUND: Final = Path(__file__).with_name("bound.py")
POLL_SECONDS: Final = 0.05


@dataclass(slots=True)
class Child:
    """A process of ours.

    It runs in a session of its own, so that Ctrl-C reaches only the supervisor, which stops its
    children in order. `death_signal` is what the kernel sends it when we die without stopping it.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] | None = None
    account: Account | None = None
    folder: Path = CHECKOUT
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    patience_seconds: float = 15.0
    inherited: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the process; its output is appended to the log file."""
        ids = ("-", "-")
        if self.account is not None:
            ids = (str(self.account.uid), str(self.account.gid))
        binding = [str(int(self.death_signal)), str(os.getpid()), *ids]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(BOUND), *binding, *self.command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=tuple(self.inherited),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id of the running child."""
        if self.process is None:
            message = f"{self.name} was never started"
            raise RunnerError(message)
        return self.process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs (or was never started)."""
        return None if self.process is None else self.process.poll()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def stop(self, complain: Callable[[str], None] | None = None) -> None:
        """Ask it to end and wait; after its patience is over, kill it and say so."""
        if self.process is None or not self.is_running:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(self.patience_seconds)
        except subprocess.TimeoutExpired:
            if complain is not None:
                complain(f"{self.name} did not stop in {self.patience_seconds:.0f} s: killed")
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would, and wait until it is gone."""
        if self.process is not None and self.is_running:
            self.process.kill()
            self.process.wait()

    def log_tail(self, lines: int = 5) -> str:
        """Answer the last lines it wrote."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until `condition` holds; False when it did not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
