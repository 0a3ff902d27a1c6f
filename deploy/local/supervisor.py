"""The supervisor: our processes under one roof, started in order and stopped in the opposite one.

A process that ends by itself ends the run, with one clear line: nothing is restarted behind the
user's back, because a restart would hide the crash from the only person who can report it.
Processes are bound to the supervisor: if it is killed, the kernel tells them to stop.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final, Self

from deploy.local.child import POLL_SECONDS, Child, wait_until
from deploy.local.console import Tail, rotate, say
from deploy.local.failures import CrashError, RunnerError

READY_SECONDS: Final = 90.0
WATCH_SECONDS: Final = 0.2
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequestedError(Exception):
    """Somebody asked the run to end (Ctrl-C, SIGTERM, a closed terminal, make itself gone)."""


@dataclass(slots=True)
class Supervisor:
    """Starts, watches and stops children. Use as a context manager: leaving it stops all of them."""

    show_everything: bool = False
    _children: list[Child] = field(default_factory=list)
    _tails: list[Tail] = field(default_factory=list)
    _asked: threading.Event = field(default_factory=threading.Event)
    _parent: int = field(default_factory=os.getppid)
    _parent_minded_interrupt: bool = field(default=False)

    def __enter__(self) -> Self:
        """Take the stop signals."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)
        self._parent_minded_interrupt = catches_interrupt(self._parent)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop every child, the last started first, then give the signals back."""
        for child in reversed(self._children):
            if child.is_running:
                say("stopping", child.name)
                child.stop(complain=say)
        self.show_logs()
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def adopt(self, child: Child) -> None:
        """Watch and stop a child that is already running."""
        self._children.append(child)
        self._tails.append(Tail(child.name, child.log, self.show_everything))

    def start(self, child: Child) -> None:
        """Start a child with a fresh log file (the last run's is kept beside it)."""
        self.check_stop()
        rotate(child.log)
        self.adopt(child)
        child.start()

    def wait_ready(self, ready: Callable[[], bool], child: Child) -> None:
        """Wait until `ready`; raises when the child ends first or takes too long."""

        def settled() -> bool:
            self.step()
            return ready()

        if not wait_until(settled, READY_SECONDS):
            message = f"{child.name} was not ready after {READY_SECONDS:.0f} s (log: {child.log})"
            raise RunnerError(message)

    def watch(self, *, every: float, task: Callable[[], None]) -> None:
        """Stay until somebody asks us to stop or a child ends; do `task` `every` so many seconds."""
        due = time.monotonic() + every
        while True:
            self.step()
            if time.monotonic() > due:
                task()
                due += every
            self._asked.wait(WATCH_SECONDS)

    def run_to_end(self, child: Child) -> int:
        """Run a child that is meant to end, showing what it prints; answer its exit code."""
        rotate(child.log)
        tail = Tail(child.name, child.log, everything=True)
        child.start()
        try:
            while child.is_running:
                self.step()
                tail.show()
                self._asked.wait(POLL_SECONDS)
            tail.show()
        finally:
            child.stop(complain=say)
        return child.exit_code or 0

    def step(self) -> None:
        """Show new log lines; raise if a child ended or a stop was asked for."""
        self.show_logs()
        self.check_stop()
        for child in self._children:
            if child.exit_code is not None:
                self.show_logs()
                raise CrashError(obituary(child))

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked us to stop."""
        return self._asked.is_set() or self._parent_left()

    def check_stop(self) -> None:
        """Raise if somebody asked us to stop."""
        if self.stop_requested:
            raise StopRequestedError

    def show_logs(self) -> None:
        """Print what the children logged since the last time."""
        for tail in self._tails:
            tail.show()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.set()

    def _parent_left(self) -> bool:
        """Tell whether whoever started us is gone, or is `make` that was interrupted alone.

        make answers an interrupt by restoring the default action and waiting for us without
        telling us; only then does it stop minding the signal.
        """
        if os.getppid() != self._parent:
            return True
        return self._parent_minded_interrupt and not catches_interrupt(self._parent)


def obituary(child: Child) -> str:
    """Say in one line how a child ended and where to look."""
    code = child.exit_code or 0
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended by itself with code {code}"
    return f"{child.name} {how}; everything is stopped (log: {child.log})"


def catches_interrupt(pid: int) -> bool:
    """Tell whether a process has a handler of its own for SIGINT."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    mask = next((line.split()[1] for line in lines if line.startswith("SigCgt:")), "0")
    return bool(int(mask, 16) >> (signal.SIGINT - 1) & 1)
