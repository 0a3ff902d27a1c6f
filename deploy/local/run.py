"""`make run`: everything up, in order, until somebody asks it to stop.

Order: ports (so that one in use is the first thing said), database server, migrations, keys,
ledger, claims, their workers, demo, summary. Stopping goes the other way round.
"""

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from deploy.local.child import Child
from deploy.local.console import rotate, say
from deploy.local.databases import SERVICES, Database
from deploy.local.demo import load_demo
from deploy.local.embedded import start_embedded
from deploy.local.environment import service_settings
from deploy.local.external import external_database
from deploy.local.failures import RunnerError
from deploy.local.issuer import Issuer, require_development_mode
from deploy.local.keys import ServiceKeys
from deploy.local.migrate import upgrade
from deploy.local.ports import listen
from deploy.local.services import is_ready, ledger_worker_child, service_child, url, worker_child
from deploy.local.state import State
from deploy.local.summary import show_summary
from deploy.local.supervisor import StopRequestedError, Supervisor

DEFAULT_PORTS: Final = {"ledger": 8001, "claims": 8002}
HIGHEST_PORT: Final = 65535
MOST_WORKERS: Final = 64
TOKEN_RENEWAL_SECONDS: Final = 3600.0
OURS: Final = ("JWKS", "ISSUER", "FINGERPRINT_KEY", "KEY_FILE")
CLAIMS_OURS: Final = ("LEDGER_URL", "LEDGER_TOKEN_FILE", "DOCUMENT_FOLDER")


@dataclass(frozen=True, slots=True)
class Options:
    """What the environment may choose."""

    ports: dict[str, int]
    ledger_workers: int


def read_options() -> Options:
    """Read ports and worker count; refuse what is not a number, and settings this run would override."""
    for service in SERVICES:
        for name in OURS + (CLAIMS_OURS if service == "claims" else ()):
            variable = f"{service.upper()}_{name}"
            if os.environ.get(variable):
                message = f"{variable} is set, but `make run` uses its own development keys; unset it"
                raise RunnerError(message)
    ports = {
        service: whole_number(f"{service.upper()}_PORT", default, HIGHEST_PORT)
        for service, default in DEFAULT_PORTS.items()
    }
    if ports["ledger"] == ports["claims"]:
        message = f"LEDGER_PORT and CLAIMS_PORT are both {ports['ledger']}"
        raise RunnerError(message)
    return Options(ports, whole_number("LEDGER_WORKERS", 1, MOST_WORKERS))


def whole_number(variable: str, default: int, largest: int) -> int:
    """Read a whole number between 1 and `largest` from the environment."""
    text = os.environ.get(variable, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= largest:
        message = f"{variable}={text} must be a whole number from 1 to {largest}"
        raise RunnerError(message)
    return int(text)


def run(state: State, *, demo: bool, everything: bool) -> None:
    """Bring everything up and stay. Returns when asked to stop; raises `RunnerError` otherwise."""
    require_development_mode()
    options = read_options()
    state.open()
    refusal = "already running here (process {pid}); stop it first"
    with state.held("run", wait=False, refusal=refusal), Supervisor(show_everything=everything) as supervisor:
        try:
            Run(state, options, supervisor).until_stopped(demo=demo)
        except StopRequestedError:
            say("stopping everything")
        except RunnerError:
            # What fails because it is being stopped is no failure.
            if not supervisor.stop_requested:
                raise
            say("stopping everything")
    say("stopped; the data stays in place for the next start")


@dataclass(slots=True)
class Run:
    """One run: what is started, and with which options."""

    state: State
    options: Options
    supervisor: Supervisor

    def until_stopped(self, *, demo: bool) -> None:
        """Start all parts, show the summary, watch."""
        began = time.monotonic()
        with ExitStack() as sockets:
            listeners = {
                service: sockets.enter_context(listen(port, service)) for service, port in self.options.ports.items()
            }
            databases = self.databases()
            self.migrate(databases)
            issuer, keys = self.identity()
            self.start_services(databases, issuer, keys, listeners)
        ledger, claims = (url(self.options.ports[service]) for service in SERVICES)
        if demo:
            load_demo(self.supervisor, self.state, ledger, claims)
        show_summary(issuer, ledger, claims)
        say(f"ready after {time.monotonic() - began:.1f} s; logs in {self.state.logs}; Ctrl-C stops everything")
        self.supervisor.watch(every=TOKEN_RENEWAL_SECONDS, task=lambda: keys.renew_token(issuer))

    def databases(self) -> dict[str, Database]:
        """Answer both databases: real servers where named, the embedded server for the rest."""
        found = {service: external_database(service) for service in SERVICES}
        databases = {service: database for service, database in found.items() if database is not None}
        embedded = [service for service in SERVICES if service not in databases]
        for service, database in databases.items():
            say(f"uses the server named by {service.upper()}_DATABASE_URL (database {database.name})", service)
        if embedded:
            server = start_embedded(self.state)
            if server.cluster.server is not None:
                self.supervisor.adopt(server.cluster.server)
            databases |= server.databases(embedded)
        return databases

    def migrate(self, databases: dict[str, Database]) -> None:
        """Bring both databases to the newest migration, side by side."""
        self.supervisor.step()
        logs = {service: self.state.logs / f"migrate-{service}.log" for service in SERVICES}
        for log in logs.values():
            rotate(log)
        with ThreadPoolExecutor(len(SERVICES)) as pool:
            for _ in pool.map(lambda service: upgrade(databases[service], logs[service]), SERVICES):
                pass  # a failure is raised here
        say("both databases are at the newest migration")

    def identity(self) -> tuple[Issuer, ServiceKeys]:
        """Make keys that are missing; `make token` may be doing the same beside us."""
        issuer, keys = Issuer(self.state.keys), ServiceKeys(self.state.keys)
        with self.state.held("keys", wait=True):
            issuer.ensure()
            keys.ensure(issuer)
        return issuer, keys

    def start_services(
        self,
        databases: dict[str, Database],
        issuer: Issuer,
        keys: ServiceKeys,
        listeners: dict[str, socket.socket],
    ) -> None:
        """Start ledger, claims and, when both are ready, their workers, each as processes of its own."""
        ledger_url = url(self.options.ports["ledger"])
        settings = {
            service: service_settings(database, issuer, keys, ledger_url) for service, database in databases.items()
        }
        workers = self.options.ledger_workers
        numbers = {"ledger": list(range(1, workers + 1)) if workers > 1 else [0], "claims": [0]}
        firsts: dict[str, Child] = {}
        for service in SERVICES:
            children = [
                service_child(service, listeners[service], settings[service], self.state.logs, number)
                for number in numbers[service]
            ]
            for child in children:
                self.supervisor.start(child)
            # From here on only the service's own processes hold its port.
            listeners[service].close()
            firsts[service] = children[0]
        for service, child in firsts.items():
            self.wait_ready(service, child)
        logs = self.state.logs
        for worker in (worker_child(settings["claims"], logs), ledger_worker_child(settings["ledger"], logs)):
            self.supervisor.start(worker)
            say("started", worker.name)

    def wait_ready(self, service: str, child: Child) -> None:
        """Wait for /readyz."""
        port = self.options.ports[service]
        self.supervisor.wait_ready(lambda: is_ready(port), child)
        say(f"ready at {url(port)} (documentation: {url(port)}/docs)", service)
