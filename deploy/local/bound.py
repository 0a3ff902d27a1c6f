"""Run a command whose life is bound to its parent's: when the parent dies, the kernel signals it.

Started as a file (`python -I -S bound.py SIGNAL PARENT UID GID command…`), never imported by the
runner's own process: setting this between fork and exec would run Python in a forked child, which
is not safe beside threads. Root may lend the command another account (`-` `-` keeps the caller's).
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
FIRST_WORD = 5


def main() -> None:
    """Drop privileges, bind to the parent, become the command."""
    number, parent, uid, gid = sys.argv[1:FIRST_WORD]
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    # After setuid, because a change of credentials clears the parent-death signal.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(parent):  # it died before the line above
        os.kill(os.getpid(), signal.SIGKILL)
    os.execv(sys.argv[FIRST_WORD], sys.argv[FIRST_WORD:])  # noqa: S606 - becoming it is the point


if __name__ == "__main__":
    main()
