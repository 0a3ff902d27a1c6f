"""Bring a database to the newest migration, as its owner, in a process of its own.

A process of its own, because a migration environment runs an event loop and reads its address from
the environment. A failure is one line; the whole output is in the log file.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.local.databases import Database, migrations_folder
from deploy.local.environment import migration_settings
from deploy.local.failures import RunnerError
from deploy.local.state import CHECKOUT

# Alembic is told where the scripts lie; everything else is in the service's own env.py.
_PROGRAM = """
import sys
from alembic import command
from alembic.config import Config
config = Config()
config.set_main_option("script_location", sys.argv[1])
config.set_main_option("path_separator", "os")
getattr(command, sys.argv[2])(config, *sys.argv[3:])
"""


def alembic(database: Database, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run one alembic command (`upgrade head`, `check`) against the database as its owner."""
    folder = migrations_folder(database.service)
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder), *arguments],
        cwd=CHECKOUT,
        env={**os.environ, **migration_settings(database)},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C stops the runner, which lets a migration finish first
    )


def upgrade(database: Database, log: Path) -> None:
    """Migrate to the newest revision; raises `RunnerError` with the last line of what went wrong."""
    if not (migrations_folder(database.service) / "env.py").exists():
        message = f"services/{database.service} has no migrations"
        raise RunnerError(message)
    done = alembic(database, ["upgrade", "head"])
    with log.open("a", encoding="utf-8") as file:
        file.write(done.stdout + done.stderr)
    if done.returncode != 0:
        complaints = [line for line in done.stderr.splitlines() if line.strip()]
        raise RunnerError(f"migrating {database.service} failed: {complaint(complaints)} (log: {log})")


def complaint(lines: Sequence[str]) -> str:
    """Answer the line of a traceback that says what is wrong."""
    for line in reversed(lines):
        if not line.startswith((" ", "(Background", "[SQL")) and "Error" in line:
            return line.strip()
    return lines[-1].strip() if lines else "no reason given"
