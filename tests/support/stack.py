"""The whole system as real processes on free ports: PostgreSQL, ledger, claims and the worker.

For end-to-end and fault tests. Every process can be killed (-9) and started again; ports, keys and
data stay. The database server writes through to the operating system at each commit, so that a
killed server loses nothing it acknowledged. Everything is gone when the stack is left.

`start` blocks and must be called on the main thread (the kernel binds a child to the thread that
made it). In the middle of async load use `start(name, wait=False)` and `await ready(name)`.
"""

import secrets
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio
import httpx

from deploy.local.child import Child, wait_until
from deploy.local.cluster import THROWAWAY_SETTINGS, Cluster
from deploy.local.databases import SERVICES, Database, addresses, create_database, create_roles, role_names
from deploy.local.environment import service_settings
from deploy.local.failures import RunnerError
from deploy.local.issuer import DEFAULT_BOOK, Issuer
from deploy.local.keys import ServiceKeys
from deploy.local.migrate import upgrade
from deploy.local.ports import free_port, listen
from deploy.local.services import is_ready, service_child, url, worker_child
from deploy.local.throwaway import Seed, throwaway_cluster

READY_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05
ALL: Final = ("ledger", "claims", "worker")
# Unlike the server of ordinary tests, a commit must outlive a kill -9 of the server.
SURVIVING_SETTINGS: Final[Mapping[str, str]] = {**THROWAWAY_SETTINGS, "synchronous_commit": "on", "autovacuum": "on"}


@dataclass(slots=True)
class Stack:
    """A running system. Processes are named `postgres`, `ledger`, `claims`, `worker`."""

    cluster: Cluster
    folder: Path
    issuer: Issuer
    keys: ServiceKeys
    databases: dict[str, Database]
    ports: dict[str, int]
    ledger_workers: int = 1
    more: Mapping[str, str] = field(default_factory=dict)
    _children: dict[str, list[Child]] = field(default_factory=dict)

    def start(self, name: str, *, wait: bool = True) -> None:
        """Start a process that does not run, on the port it had; `wait` until it is ready."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start processes on the main thread: they end with the thread that made them")
        if self.is_running(name):
            raise RuntimeError(f"{name} is running")
        if name == "postgres":
            self.cluster.start()
        elif name == "worker":
            self._launch(name, [worker_child(self.settings("claims"), self.folder)])
        else:
            self._start_service(name)
            if wait:
                self.wait_ready(name)

    def wait_ready(self, name: str) -> None:
        """Wait until a service answers /readyz; blocks. Raises with its log if it ends or takes too long."""
        if not wait_until(lambda: self._settled(name), READY_SECONDS):
            raise RunnerError(f"{name} was not ready after {READY_SECONDS:.0f} s:\n{self.log(name)}")
        if not self.is_running(name):
            raise RunnerError(f"{name} ended while starting:\n{self.log(name)}")

    async def ready(self, name: str) -> None:
        """Wait until a service answers /readyz; for use beside running load."""
        with anyio.fail_after(READY_SECONDS):
            async with httpx.AsyncClient(timeout=2) as client:
                while True:
                    try:
                        if (await client.get(f"{self.url(name)}/readyz")).is_success:
                            return
                    except httpx.HTTPError:
                        pass
                    await anyio.sleep(POLL_SECONDS)

    def kill(self, name: str) -> None:
        """Kill every process of that name with SIGKILL and wait until they are gone."""
        if name == "postgres":
            self.cluster.kill()
        for child in self._children.get(name, ()):
            child.kill()

    def stop(self, name: str) -> None:
        """Stop every process of that name the polite way."""
        if name == "postgres":
            self.cluster.stop()
        for child in self._children.get(name, ()):
            child.stop()

    def restart(self, name: str) -> None:
        """Kill and start again."""
        self.kill(name)
        self.start(name)

    def is_running(self, name: str) -> bool:
        """Whether any process of that name runs."""
        if name == "postgres":
            return self.cluster.server is not None and self.cluster.server.is_running
        return any(child.is_running for child in self._children.get(name, ()))

    def pids(self, name: str) -> list[int]:
        """Process ids of what runs under that name."""
        if name == "postgres":
            return [self.cluster.server.pid] if self.cluster.server is not None else []
        return [child.pid for child in self._children.get(name, ()) if child.is_running]

    def url(self, service: str) -> str:
        """Address of a service; it stays the same over kills."""
        return url(self.ports[service])

    def settings(self, service: str) -> dict[str, str]:
        """The environment a service is started with."""
        usual = service_settings(self.databases[service], self.issuer, self.keys, url(self.ports["ledger"]))
        return {**usual, **self.more}

    def log(self, name: str, lines: int = 40) -> str:
        """The last lines each process of that name wrote."""
        return "\n".join(child.log_tail(lines) for child in self._children.get(name, ()))

    def logs(self) -> list[Path]:
        """Every log file, for scans."""
        return sorted(self.folder.glob("*.log"))

    def sql(self, service: str, script: str) -> str:
        """Run SQL as the superuser on a service's database; answers psql's unaligned output."""
        return self.cluster.psql("-f", "-", database=self.databases[service].name, script=script)

    @asynccontextmanager
    async def client(
        self, service: str, who: str, *, book: str = DEFAULT_BOOK, sub: str | None = None, timeout_seconds: float = 30
    ) -> AsyncIterator[httpx.AsyncClient]:
        """A client of a service with somebody's token on every request."""
        headers = {"Authorization": f"Bearer {self.issuer.token(who, book=book, sub=sub)}", "Accept-Language": "en"}
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=100)
        async with httpx.AsyncClient(
            base_url=self.url(service), headers=headers, timeout=timeout_seconds, limits=limits
        ) as client:
            yield client

    def end(self) -> None:
        """Kill what still runs; nothing is asked to be polite, the data is thrown away."""
        for name in reversed(ALL):
            self.kill(name)

    def _start_service(self, name: str) -> None:
        workers = self.ledger_workers if name == "ledger" else 1
        numbers = range(1, workers + 1) if workers > 1 else [0]
        # The processes inherit the socket; ours is closed, so that a killed service refuses connections.
        with listen(self.ports[name], name) as listener:
            settings = self.settings(name)
            self._launch(name, [service_child(name, listener, settings, self.folder, number) for number in numbers])

    def _launch(self, name: str, children: Sequence[Child]) -> None:
        self._children[name] = list(children)
        for child in children:
            child.start()

    def _settled(self, name: str) -> bool:
        return not self.is_running(name) or is_ready(self.ports[name])


@dataclass(frozen=True, slots=True)
class StackSeed:
    """Migrated data of both services, made once a session; each stack starts from a copy."""

    data: Seed
    passwords: dict[str, str]


@contextmanager
def stack_seed() -> Iterator[StackSeed]:
    """Make the seed; it is gone when left."""
    with throwaway_cluster(SURVIVING_SETTINGS) as cluster:
        passwords = {role: secrets.token_hex(8) for role in role_names()}
        create_roles(cluster, passwords)
        for service in SERVICES:
            database = create_database(cluster, service, service, passwords)
            upgrade(database, cluster.data.parent / "migrate.log")
        cluster.stop()
        yield StackSeed(Seed(cluster.data, cluster.password), passwords)


@contextmanager
def running_stack(
    start: Sequence[str] = ALL,
    *,
    seed: StackSeed | None = None,
    ledger_workers: int = 1,
    more: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """Start a system of its own; `start` names what is started beside the database server.

    Give it the fixture `seed`: without it the databases are migrated anew. `ledger_workers` processes
    share the ledger's port, as `make run` does with LEDGER_WORKERS. `more` are settings beside the usual ones.
    """
    with ExitStack() as held:
        seed = seed or held.enter_context(stack_seed())
        cluster = held.enter_context(throwaway_cluster(SURVIVING_SETTINGS, seed.data))
        folder = cluster.data.parent / "stack"
        folder.mkdir(mode=0o700)
        databases = {service: addresses(cluster.port, service, service, seed.passwords) for service in SERVICES}
        issuer, keys = Issuer(folder), ServiceKeys(folder)
        issuer.ensure()
        keys.ensure(issuer)
        ports = {service: free_port() for service in SERVICES}
        stack = Stack(cluster, folder, issuer, keys, databases, ports, ledger_workers, more or {})
        try:
            for name in start:
                # Both services start side by side; each is waited for below.
                stack.start(name, wait=False)
            for name in start:
                if name in SERVICES:
                    stack.wait_ready(name)
            yield stack
        finally:
            stack.end()
