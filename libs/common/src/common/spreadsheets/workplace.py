"""Where workbooks are while they are written: in clear, so in a folder nobody else enters, and swept of what a killed process left."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PREFIX: Final = "xlsx-"


class Workplace:
    """The folder of this process's workbooks; the system's temporary folder until it is told another."""

    def __init__(self) -> None:
        self.folder: Path | None = None

    def settle(self, folder: Path) -> int:
        """Use a folder from now on, made if need be; answers how many leavings of dead processes were removed."""
        self._make(folder)
        self.folder = folder
        removed = 0
        for left in folder.glob(f"{_PREFIX}*"):
            with _locked(left) as is_ours:
                if is_ours:
                    shutil.rmtree(left, ignore_errors=True)
                    removed += 1
        return removed

    @contextmanager
    def room(self) -> Iterator[str]:
        """A folder for one workbook, locked so that no sweep takes it, gone when the block ends."""
        if self.folder is not None:
            self._make(self.folder)
        while True:
            made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.folder))
            with _locked(made) as is_ours:
                # Between making and locking a sweep may have taken it.
                if is_ours and made.exists():
                    try:
                        yield str(made)
                    finally:
                        shutil.rmtree(made, ignore_errors=True)
                    return

    @staticmethod
    def _make(folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder's lock; answers whether it was there and free."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_ours = False
        else:
            is_ours = True
        yield is_ours
    finally:
        os.close(descriptor)


WORKPLACE: Final = Workplace()
"""The one of this process; its service settles it at start."""
