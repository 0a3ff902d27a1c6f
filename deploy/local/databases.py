"""Roles and databases on the embedded server, and the addresses to reach them.

Owns: running `deploy/database/*.sql`, passwords of the roles, database addresses. What lies inside
a database is the migrations' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local.cluster import Cluster
from deploy.local.ports import LOOPBACK
from deploy.local.state import CHECKOUT

SERVICES: Final = ("ledger", "claims")
KINDS: Final = ("owner", "service", "reader")
SQL: Final = CHECKOUT / "deploy" / "database"
# CREATE DATABASE knows no IF NOT EXISTS; psql's gexec runs the text that a query answers.
CREATE_IF_MISSING: Final = r"""
SELECT format('CREATE DATABASE %I TEMPLATE %I', :'name', :'template')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
"""


@dataclass(frozen=True, slots=True)
class Database:
    """The addresses of one database, one a role."""

    service: str
    name: str
    owner_url: str
    service_url: str
    reader_url: str


def role_names() -> tuple[str, ...]:
    """Answer the six roles."""
    return tuple(f"fangpin_{service}_{kind}" for service in SERVICES for kind in KINDS)


def create_roles(cluster: Cluster, passwords: Mapping[str, str]) -> None:
    """Make the roles what roles.sql says and give each its password (`passwords` by role name)."""
    cluster.psql("-f", str(SQL / "roles.sql"))
    # Through standard input, because a command line can be read by everybody on the machine.
    lines = [f"ALTER ROLE {role} PASSWORD '{passwords[role]}';" for role in role_names()]
    cluster.psql("-f", "-", script="\n".join(lines))


def create_database(
    cluster: Cluster,
    service: str,
    name: str,
    passwords: Mapping[str, str],
    template: str = "template0",
) -> Database:
    """Create the database unless it exists, with the rights of database.sql; answer its addresses."""
    variables = ["-v", f"name={name}", "-v", f"service={service}", "-v", f"template={template}"]
    cluster.psql(*variables, "-f", "-", "-f", str(SQL / "database.sql"), script=CREATE_IF_MISSING)
    return addresses(cluster.port, service, name, passwords)


def drop_database(cluster: Cluster, name: str) -> None:
    """Drop the database, ending whoever is still connected."""
    cluster.psql("-c", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def addresses(port: int, service: str, name: str, passwords: Mapping[str, str]) -> Database:
    """Answer the addresses of a database on the embedded server."""

    def url(kind: str) -> str:
        role = f"fangpin_{service}_{kind}"
        return f"postgresql+asyncpg://{role}:{passwords[role]}@{LOOPBACK}:{port}/{name}"

    return Database(service, name, url("owner"), url("service"), url("reader"))


def migrations_folder(service: str) -> Path:
    """Where the migrations of a service lie."""
    return CHECKOUT / "services" / service / "migrations"
