"""No test reaches beyond this machine: a connection to anything but loopback is an error."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest


class NetworkForbiddenError(RuntimeError):
    """A test tried to reach something outside this machine."""


def _is_local(host: object) -> bool:
    if not isinstance(host, str) or host in {"", "localhost", "testserver"}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check(address: object) -> None:
    if isinstance(address, tuple) and address and not _is_local(address[0]):
        message = f"tests may only reach this machine, not {address[0]!r}"
        raise NetworkForbiddenError(message)


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Refuse every socket connection and name look-up that leaves this machine."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex
    real_getaddrinfo = socket.getaddrinfo

    def connect(self: socket.socket, address: Any) -> None:
        _check(address)
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _check(address)
        return real_connect_ex(self, address)

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        _check((host.decode() if isinstance(host, bytes) else host,))
        return real_getaddrinfo(host, *arguments, **options)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    patch.setattr(socket.socket, "connect_ex", connect_ex)
    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    patch.undo()
