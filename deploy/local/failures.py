"""The one exception a person at the terminal may see, always as a single line."""

import sys
from collections.abc import Callable
from typing import Final

CRASHED: Final = 1
USAGE_ERROR: Final = 2


class RunnerError(Exception):
    """Something the person can mend: its text is the whole message, and the program ends with code 2."""


class CrashError(RunnerError):
    """One of our own processes ended by itself: also one line, but code 1, for the fault is ours."""


def run_app(command: Callable[[], None]) -> None:
    """Run a command line; what the person can mend is one line on stderr and exit code 2."""
    try:
        command()
    except RunnerError as error:
        sys.stderr.write(f"fangpin: {error}\n")
        sys.exit(CRASHED if isinstance(error, CrashError) else USAGE_ERROR)
