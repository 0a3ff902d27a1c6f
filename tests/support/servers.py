"""A throw-away PostgreSQL server for one test process, and databases cloned from migrated templates."""

import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.cluster import Cluster
from deploy.local.databases import (
    SERVICES,
    Database,
    create_database,
    create_roles,
    drop_database,
    role_names,
)
from deploy.local.migrate import upgrade
from deploy.local.throwaway import throwaway_cluster


@dataclass(slots=True)
class Server:
    """A running throw-away server with the six roles."""

    cluster: Cluster
    passwords: dict[str, str]
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def create(self, service: str, template: str = "template0") -> Database:
        """Create a database with a name of its own."""
        name = f"{service}_{next(self._numbers)}"
        return create_database(self.cluster, service, name, self.passwords, template)

    def drop(self, database: Database) -> None:
        """Drop it, ending whoever is connected."""
        drop_database(self.cluster, database.name)

    def sql(self, database: Database, script: str) -> str:
        """Run SQL as the superuser; answers psql's unaligned output. For what no role may do."""
        return self.cluster.psql("-f", "-", database=database.name, script=script)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a throw-away server; it and all it wrote are gone afterwards."""
    with throwaway_cluster() as cluster:
        passwords = {role: secrets.token_hex(8) for role in role_names()}
        create_roles(cluster, passwords)
        yield Server(cluster, passwords, cluster.data.parent)


@dataclass(slots=True)
class Templates:
    """One migrated database a service, made when a test first asks, then cloned for each test."""

    server: Server
    _made: dict[str, Database] = field(default_factory=dict)

    def of(self, service: str) -> Database:
        """Answer the template of a service."""
        if service not in SERVICES:
            message = f"no such service: {service}"
            raise ValueError(message)
        if service not in self._made:
            database = self.server.create(service)
            upgrade(database, self.server.folder / f"migrate-{service}.log")
            self._made[service] = database
        return self._made[service]

    @contextmanager
    def clone(self, service: str) -> Iterator[Database]:
        """A fresh migrated database, dropped afterwards."""
        database = self.server.create(service, template=self.of(service).name)
        try:
            yield database
        finally:
            self.server.drop(database)
