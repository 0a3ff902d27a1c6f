"""Migration drift: a database made by the migrations has exactly the tables the code describes.

Runs against a throw-away server, as the owner role, the way a real migration runs.
"""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.databases import SERVICES, create_database, create_roles, role_names
from deploy.local.migrate import alembic, upgrade
from deploy.local.throwaway import throwaway_cluster


def faults() -> list[str]:
    """Answer each difference between migrations and table descriptions, of both services."""
    found: list[str] = []
    with throwaway_cluster() as cluster, scratch() as folder:
        passwords = {role: secrets.token_hex(8) for role in role_names()}
        create_roles(cluster, passwords)
        for service in SERVICES:
            database = create_database(cluster, service, service, passwords)
            upgrade(database, folder / "migrate.log")
            done = alembic(database, ["check"])
            if done.returncode != 0:
                said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
                found.append(f"{service}: {said[-1] if said else 'alembic check failed'}")
    return found


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for logs nobody needs afterwards."""
    with tempfile.TemporaryDirectory(prefix="fangpin-check-") as folder:
        yield Path(folder)
