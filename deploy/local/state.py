"""Where the runner keeps what it must remember: the state folder, `.fangpin/` in the checkout.

Owns: names and modes of the files in it. Secrets are written 0600 and replaced in one step, so that
a reader beside a writer sees the old file or the new one, never half of one.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.failures import RunnerError

CHECKOUT: Final = Path(__file__).resolve().parents[2]
DEFAULT_FOLDER: Final = CHECKOUT / ".fangpin"


def write_secret(path: Path, text: str) -> None:
    """Write `text` to `path`, readable by its owner only, replacing what was there in one step."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@dataclass(frozen=True, slots=True)
class State:
    """The state folder. `open()` makes it; everything else only names what lies in it."""

    folder: Path

    def open(self) -> None:
        """Make the folder.

        As root it may be passed through (0711) but not listed, because the database server, which
        refuses to run as root, must reach its own data below it.
        """
        try:
            for folder in (self.folder, self.keys, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.keys.chmod(0o700)
            self.logs.chmod(0o700)
        except OSError as error:
            message = f"cannot write the state folder {self.folder}: {error.strerror}"
            raise RunnerError(message) from error

    @property
    def keys(self) -> Path:
        """Development keys and the claims service's token."""
        return self.folder / "keys"

    @property
    def logs(self) -> Path:
        """One log file a process."""
        return self.folder / "logs"

    @property
    def server_file(self) -> Path:
        """Port and passwords of the embedded database server."""
        return self.folder / "server.json"

    def read_server(self) -> dict[str, str]:
        """Answer what `write_server` remembered, or nothing."""
        try:
            remembered = json.loads(self.server_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            message = f"{self.server_file} cannot be read; `make clean` starts anew: {error}"
            raise RunnerError(message) from error
        return {str(key): str(value) for key, value in dict(remembered).items()}

    def write_server(self, values: Mapping[str, str]) -> None:
        """Remember port and passwords for the next start."""
        write_secret(self.server_file, json.dumps(dict(values), indent=1, sort_keys=True) + "\n")

    @contextmanager
    def held(self, name: str, *, wait: bool, refusal: str = "") -> Iterator[None]:
        """Hold the lock `name`; without `wait` a second holder is refused with `refusal`."""
        with (self.folder / f"{name}.lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError as error:
                file.seek(0)
                raise RunnerError(refusal.format(pid=file.read().strip() or "?")) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
