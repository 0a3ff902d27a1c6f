"""Under which account the database server runs: PostgreSQL refuses to run as root.

Owns: the choice of account, and the question whether that account can reach a folder.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from deploy.local.failures import RunnerError


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account that root lends to the database server."""

    name: str
    uid: int
    gid: int

    def may_pass(self, folder: Path) -> bool:
        """Tell whether the account may enter a folder or run a program (mode bits only)."""
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def reaches(self, path: Path) -> bool:
        """Tell whether every folder down to `path` lets the account through, and `path` itself (run or entered)."""
        resolved = path.resolve()
        return all(self.may_pass(step) for step in (*resolved.parents, resolved) if step.exists())


def database_account() -> Account | None:
    """Answer the account for the database server, or None where the caller's own will do."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        message = "PostgreSQL cannot run as root and this machine has no account `nobody`"
        raise RunnerError(message) from error
    return Account("nobody", entry.pw_uid, entry.pw_gid)


def give(path: Path, account: Account | None) -> None:
    """Hand `path`, which the caller made, to the account."""
    if account is not None:
        os.chown(path, account.uid, account.gid)
