"""What a person sees: progress lines, and what the processes log, each line with its process's name.

The log files hold everything. The terminal shows warnings and errors only, unless `everything`.
"""

import json
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

NAME_WIDTH: Final = 9
LARGEST_LOG_BYTES: Final = 64 * 1024 * 1024
SHOWN_LEVELS: Final = frozenset({"warning", "error", "critical"})
OWN_FIELDS: Final = frozenset({"event", "level", "at", "service", "logger", "exception"})
POSTGRES_ROUTINE: Final = (" LOG: ", " STATEMENT: ", " DETAIL: ", " HINT: ", " CONTEXT: ")


def say(text: str, name: str = "fangpin") -> None:
    """Print one line at once, also into a pipe."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {name:<{NAME_WIDTH}} {text}\n")
    sys.stdout.flush()


def readable(line: str, *, everything: bool) -> str | None:
    """Turn a logged line into what the terminal shows, or None to leave it to the file.

    Structured lines become `level event key=value`; other lines (a traceback, PostgreSQL) pass,
    except PostgreSQL's routine ones.
    """
    if not line.strip():
        return None
    if not line.startswith("{"):
        routine = any(mark in line for mark in POSTGRES_ROUTINE)
        return line if everything or not routine else None
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    if not isinstance(entry, Mapping):
        return line
    level = str(entry.get("level", "info"))
    if not everything and level not in SHOWN_LEVELS:
        return None
    details = [f"{key}={value}" for key, value in entry.items() if key not in OWN_FIELDS]
    # Of a traceback the terminal shows its last line; the log file has all of it.
    details += str(entry.get("exception", "")).strip().splitlines()[-1:]
    return " ".join([level, str(entry.get("event", "")), *details])


@dataclass(slots=True)
class Tail:
    """Follows one log file from where it ended when following began."""

    name: str
    path: Path
    everything: bool
    _offset: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Begin at the end of what is there."""
        self._offset = self.path.stat().st_size if self.path.exists() else 0

    def show(self) -> None:
        """Print the complete lines that were added, and keep the file from growing without end."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._offset)
            added = file.read(1 << 20)
        complete = added.rfind(b"\n") + 1
        self._offset += complete
        for line in added[:complete].decode("utf-8", "replace").splitlines():
            shown = readable(line, everything=self.everything)
            if shown is not None:
                say(shown, self.name)
        if self._offset > LARGEST_LOG_BYTES:
            rotate(self.path)
            self._offset = 0


def rotate(path: Path) -> None:
    """Keep what a log file holds as `….1` and empty it; its writer appends, so it writes on."""
    if path.exists() and path.stat().st_size:
        shutil.copyfile(path, path.with_name(f"{path.name}.1"))
        with path.open("r+b") as file:
            file.truncate(0)
