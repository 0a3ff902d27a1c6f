"""The system under measurement: PostgreSQL as it ships (every commit flushed), and two ledger processes behind one port."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from deploy.local.cluster import ORDINARY_SETTINGS
from deploy.local.databases import SERVICES, addresses, create_database, create_roles, role_names
from deploy.local.issuer import Issuer
from deploy.local.keys import ServiceKeys
from deploy.local.migrate import upgrade
from deploy.local.ports import free_port
from deploy.local.throwaway import throwaway_cluster
from tests.bench.plan import BOOK, DAY, FUNDS, OPENING_FEN
from tests.support.stack import Stack

WORKERS: Final = 2
DURABILITY: Final = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@contextmanager
def measured_system() -> Iterator[Stack]:
    """Start the server with ordinary settings (not those of tests) and the ledger; all is gone when left."""
    with throwaway_cluster(ORDINARY_SETTINGS) as cluster:
        passwords = {role: secrets.token_hex(8) for role in role_names()}
        create_roles(cluster, passwords)
        upgrade(create_database(cluster, "ledger", "ledger", passwords), cluster.data.parent / "migrate.log")
        folder = cluster.data.parent / "stack"
        folder.mkdir(mode=0o700)
        issuer, keys = Issuer(folder), ServiceKeys(folder)
        issuer.ensure()
        keys.ensure(issuer)
        databases = {service: addresses(cluster.port, service, service, passwords) for service in SERVICES}
        ports = {service: free_port() for service in SERVICES}
        stack = Stack(cluster, folder, issuer, keys, databases, ports, WORKERS)
        try:
            stack.start("ledger")
            open_book(stack)
            yield stack
        finally:
            stack.end()


def open_book(stack: Stack) -> None:
    """Open the book and bring each fund the money the cases pay out, over the service's own API."""
    with httpx.Client(base_url=stack.url("ledger"), timeout=60) as client:
        _post(client, stack, "admin", "/v1/books", {"code": BOOK, "name": "基准账套", "first_period": DAY[:7]})
        receipt = {"amount_fen": OPENING_FEN, "source": "county", "effective_on": DAY}
        for fund in FUNDS:
            _post(client, stack, "officer", f"/v1/books/{BOOK}/funds/{fund}/receipts", receipt)


def _post(client: httpx.Client, stack: Stack, who: str, path: str, body: dict[str, object]) -> None:
    token = stack.issuer.token(who, book=BOOK)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"bench-{secrets.token_hex(8)}"}
    client.post(path, json=body, headers=headers).raise_for_status()


def durability(stack: Stack) -> dict[str, str]:
    """The server's durability settings, as it says them itself. Raises if a commit would not be flushed."""
    shown = {name: stack.cluster.psql("-c", f"SHOW {name}") for name in DURABILITY}
    if (shown["fsync"], shown["synchronous_commit"]) != ("on", "on"):
        raise RuntimeError(f"the server does not flush its commits: {shown}")
    return shown


def machine(stack: Stack) -> str:
    """Cores, processor and PostgreSQL version."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    version = stack.cluster.psql("-c", "SHOW server_version")
    return f"{len(os.sched_getaffinity(0))} cores, {model}, PostgreSQL {version}"


def ledger_cpu(stack: Stack) -> float:
    """Seconds of processor time the ledger processes have used."""
    return sum(sum(_times(pid)[:2]) for pid in stack.pids("ledger"))


def database_cpu(stack: Stack) -> float:
    """Seconds of processor time the database server has used, those of ended connections included."""
    [server] = stack.pids("postgres")
    children = Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii").split()
    return sum(_times(server)) + sum(sum(_times(int(pid))[:2]) for pid in children)


def _times(pid: int) -> list[float]:
    """User and system time of a process, then those of its ended children; zeros if it has just ended itself."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return [0.0] * 4
    return [int(ticks) / _TICKS for ticks in stat.rpartition(")")[2].split()[11:15]]
