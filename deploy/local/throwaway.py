"""A throw-away PostgreSQL server in a folder of its own, for checks and tests: gone when left."""

import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.account import Account, database_account
from deploy.local.binaries import copy_installation, wheel_installation
from deploy.local.cluster import THROWAWAY_SETTINGS, Cluster

REACHABLE_TMP: Final = "/var/tmp"  # noqa: S108 - only as the parent of mkdtemp


@contextmanager
def scratch_folder(account: Account | None, prefix: str = "fangpin-test-") -> Iterator[Path]:
    """Make a folder that the database server's account can reach, and remove it afterwards."""
    parent = tempfile.gettempdir()
    if account is not None and not account.reaches(Path(parent)):
        parent = REACHABLE_TMP
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def reachable_programs(folder: Path, account: Account | None) -> Path:
    """Answer PostgreSQL's programs, copied below `folder` where the account cannot reach the wheel."""
    programs = wheel_installation() / "bin"
    if account is None or account.reaches(programs / "postgres"):
        return programs
    return copy_installation(folder)


@dataclass(frozen=True, slots=True)
class Seed:
    """The data of a server that was stopped cleanly, to start others from."""

    data: Path
    password: str


@contextmanager
def throwaway_cluster(settings: Mapping[str, str] = THROWAWAY_SETTINGS, seed: Seed | None = None) -> Iterator[Cluster]:
    """Start a server on a free port, from a copy of `seed` if given; it and all it wrote are gone afterwards."""
    account = database_account()
    with scratch_folder(account) as folder:
        cluster = Cluster(
            programs=reachable_programs(folder, account),
            data=folder / "postgres",
            log=folder / "postgres.log",
            password=secrets.token_hex(16) if seed is None else seed.password,
            account=account,
            settings=settings,
        )
        if seed is None:
            cluster.initialise()
        else:
            # cp keeps owners and modes, which PostgreSQL insists on.
            subprocess.run(["/bin/cp", "-a", "--reflink=auto", str(seed.data), str(cluster.data)], check=True)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.kill()
