"""One process of a service: uvicorn on a socket that the supervisor already holds.

Started as `python -m deploy.local.serve ledger FD`. Several processes of one service inherit the
same listening socket and the kernel spreads connections over them.
"""

import socket
import sys
from importlib import import_module

import uvicorn

from common.settings import load_settings

GRACE_SECONDS = 10
STARTUP_FAILED = 3


def main() -> None:
    """Serve until told to stop; exit code 3 when the app did not start."""
    service, descriptor = sys.argv[1], int(sys.argv[2])
    settings = load_settings(import_module(f"{service}.settings").Settings)
    app = import_module(f"{service}.app").create(settings)
    config = uvicorn.Config(
        app,
        lifespan="on",
        # The app logs for itself (structured, with request ids), so uvicorn's own lines stay off.
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[socket.socket(fileno=descriptor)])
    if not server.started:
        sys.exit(STARTUP_FAILED)


if __name__ == "__main__":
    main()
