"""TCP ports on the loopback address."""

import errno
import socket
from typing import Final

from deploy.local.failures import RunnerError

LOOPBACK: Final = "127.0.0.1"
BACKLOG: Final = 2048


def free_port() -> int:
    """Answer a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


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
