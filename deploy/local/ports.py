"""TCP ports on the loopback address."""

import errno
import secrets
import socket
from pathlib import Path
from typing import Final

from deploy.local.failures import RunnerError

LOOPBACK: Final = "127.0.0.1"
BACKLOG: Final = 2048
LOWEST_FREE_PORT: Final = 10240
HIGHEST_FREE_PORT: Final = 32768
OUTGOING_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """Answer a port nobody uses at this moment.

    It lies below the range the system hands to outgoing connections, so that none of those takes
    the port before it is listened on, or while a killed server is away from it.
    """
    highest = min(first_outgoing_port(), HIGHEST_FREE_PORT)
    while True:
        port = LOWEST_FREE_PORT + secrets.randbelow(highest - LOWEST_FREE_PORT)
        if is_free(port):
            return port


def first_outgoing_port() -> int:
    """Where the range of outgoing connections begins on this machine."""
    try:
        first = int(OUTGOING_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return HIGHEST_FREE_PORT
    return first if first > 2 * LOWEST_FREE_PORT else HIGHEST_FREE_PORT


def is_free(port: int) -> bool:
    """Tell whether we could listen on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def listen(port: int, service: str) -> socket.socket:
    """Listen on `port` for a service whose processes inherit the socket.

    Holding the port before anything is started is what makes "port in use" the first thing said.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        variable = f"{service.upper()}_PORT"
        message = (
            f"port {port} for {service} is in use by another program ({LOOPBACK}:{port}); "
            f"stop it or choose another with {variable}="
            if error.errno == errno.EADDRINUSE
            else f"cannot listen on {LOOPBACK}:{port} for {service}: {error.strerror} ({variable}=)"
        )
        raise RunnerError(message) from error
    return listener
