"""How each of our processes is started: ledger and claims behind a socket, their workers beside them."""

import os
import socket
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from deploy.local.child import Child
from deploy.local.ports import LOOPBACK

WORKER: Final = "worker"
LEDGER_WORKER: Final = "ledger-worker"
READY_TIMEOUT: Final = 2.0


def url(port: int) -> str:
    """Answer the address of a service on this machine."""
    return f"http://{LOOPBACK}:{port}"


def service_child(
    service: str, listener: socket.socket, settings: Mapping[str, str], logs: Path, number: int = 0
) -> Child:
    """A process of `service` that accepts on `listener` (`number` tells several apart)."""
    name = f"{service}-{number}" if number else service
    descriptor = listener.fileno()
    return Child(
        name=name,
        command=[sys.executable, "-m", "deploy.local.serve", service, str(descriptor)],
        log=logs / f"{name}.log",
        environment=process_environment(settings),
        inherited=[descriptor],
    )


def worker_child(settings: Mapping[str, str], logs: Path) -> Child:
    """The claims worker: delivers the outbox to the ledger."""
    return Child(
        name=WORKER,
        command=[sys.executable, "-m", "claims.worker"],
        log=logs / f"{WORKER}.log",
        environment=process_environment(settings),
    )


def ledger_worker_child(settings: Mapping[str, str], logs: Path) -> Child:
    """The ledger's worker: gives back what expired encumbrances have left."""
    return Child(
        name=LEDGER_WORKER,
        command=[sys.executable, "-m", "ledger.worker"],
        log=logs / f"{LEDGER_WORKER}.log",
        environment=process_environment(settings),
    )


def process_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Our own environment with `settings` on top; database addresses of owners and of the other service stay with us."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_DATABASE_URL")}
    return {**kept, **settings, "PYTHONUNBUFFERED": "1"}


def is_ready(port: int) -> bool:
    """Ask a service's /readyz, cheaply: this is asked many times a second while a service starts."""
    connection = HTTPConnection(LOOPBACK, port, timeout=READY_TIMEOUT)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
