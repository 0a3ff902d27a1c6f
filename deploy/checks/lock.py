"""The lock: every package pinned with a hash, no download address in git, nothing it lacks."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from deploy.local.state import CHECKOUT

LOCK: Final = CHECKOUT / "requirements.lock"
PROJECTS: Final = (".", "libs/common", "services/ledger", "services/claims")
NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


def faults() -> list[str]:
    """Answer what is wrong with the lock."""
    return [*lock_faults(LOCK.read_text(encoding="utf-8")), *other_locks(CHECKOUT), *unlocked()]


def lock_faults(text: str) -> Iterator[str]:
    """Yield lines with an address, packages without a pin, pins without a hash."""
    logical = text.replace("\\\n", " ").splitlines()
    for number, line in enumerate(text.splitlines(), start=1):
        if "://" in line or line.startswith(("-", "./", "file:")):
            yield f"requirements.lock:{number}: an address or an option: {line.strip()[:60]}"
    for line in logical:
        if not line or line.startswith("#"):
            continue
        name = line.split()[0]
        if "==" not in name:
            yield f"requirements.lock: {name} is not pinned"
        elif "--hash=sha256:" not in line:
            yield f"requirements.lock: {name} has no hash"


def other_locks(checkout: Path) -> Iterator[str]:
    """Yield lock files that record addresses (uv.lock is ignored by git; one that is tracked is a fault)."""
    ignored = (checkout / ".gitignore").read_text(encoding="utf-8").splitlines()
    for name in ("uv.lock", "package-lock.json"):
        if (checkout / name).exists() and name not in ignored:
            yield f"{name} records download addresses and must not be kept"


def unlocked() -> Iterator[str]:
    """Yield dependencies of the four projects that the lock does not hold."""
    locked = {canonical(line) for line in LOCK.read_text(encoding="utf-8").splitlines() if NAME.match(line)}
    for project in PROJECTS:
        path = CHECKOUT / project / "pyproject.toml"
        described = tomllib.loads(path.read_text(encoding="utf-8"))
        wanted: Iterable[str] = [
            *described["project"].get("dependencies", []),
            *(entry for group in described.get("dependency-groups", {}).values() for entry in group),
        ]
        for requirement in wanted:
            name = canonical(requirement)
            if name not in locked and not name.startswith("fangpin-"):
                yield f"{path.relative_to(CHECKOUT)} needs {name}, which the lock lacks: run `make lock`"


def canonical(requirement: str) -> str:
    """The package's name as registries compare it."""
    match = NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", match.group(0)).lower() if match else requirement
