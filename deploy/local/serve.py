"""One process of a service: uvicorn on a socket that the supervisor already holds.

Started as `python -m deploy.local.serve ledger FD`. Several processes of one service inherit the
same listening socket and the kernel spreads connections over them.
"""

import socket
import sys
from importlib import import_module

import uvicorn

from common.logging import configure_logging
from common.settings import ServiceSettings, load_settings

GRACE_SECONDS = 10
STARTUP_FAILED = 3


def settings_class(service: str) -> type[ServiceSettings]:
    """The settings class of a service."""
    found: object = import_module(f"{service}.settings").Settings
    if not (isinstance(found, type) and issubclass(found, ServiceSettings)):
        raise TypeError(f"{service}.settings.Settings does not derive from ServiceSettings")
    return found


def main() -> None:
    """Serve until told to stop; exit code 3 when the app did not start."""
    service, descriptor = sys.argv[1], int(sys.argv[2])
    settings = load_settings(settings_class(service))
    configure_logging(service, log_format=settings.log_format, level=settings.log_level)
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
