"""Real database servers, named by LEDGER_DATABASE_URL and its like: checked before anything starts.

Owns: the questions whose answers would otherwise appear as a trace in the middle of a start. No
message shows a password.
"""

import asyncio
import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import asyncpg

from deploy.local.databases import Database
from deploy.local.failures import RunnerError

OLDEST_MAJOR: Final = 15
CONNECT_SECONDS: Final = 10
DEFAULT_PORT: Final = 5432
SERVICE_SCHEME: Final = "postgresql+asyncpg"
SCHEMES: Final = frozenset({"postgresql", "postgres", SERVICE_SCHEME})
_SELF: Final = """
SELECT current_setting('server_version_num')::int / 10000 AS major,
       current_setting('server_version') AS version,
       current_user::text AS role,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
       has_schema_privilege(current_user, 'public', 'CREATE') AS may_create,
       coalesce((SELECT pg_has_role(current_user, oid, 'USAGE') FROM pg_roles WHERE rolname = $1), false) AS is_service,
       (SELECT count(*) FROM pg_roles WHERE rolname = ANY($2)) AS known_roles
"""


@dataclass(frozen=True, slots=True)
class Address:
    """A database address and the variable it came from."""

    variable: str
    parts: SplitResult

    @property
    def database(self) -> str:
        """Name of the database."""
        return unquote(self.parts.path.removeprefix("/"))

    @property
    def user(self) -> str:
        """Name of the role."""
        return unquote(self.parts.username or "")

    @property
    def place(self) -> str:
        """Host, port and database, without user and password."""
        return f"{self.parts.hostname}:{self.parts.port or DEFAULT_PORT}/{self.database}"

    def text(self, scheme: str) -> str:
        """The whole address, password included, with another scheme."""
        return self.parts._replace(scheme=scheme).geturl()


def external_database(service: str) -> Database | None:
    """Answer the service's database on a real server, or None when none is named.

    Raises `RunnerError` when only half of it is named, it cannot be reached, is too old, or the
    roles are not what the migrations and the invariants rely on.
    """
    prefix = service.upper()
    variables = (f"{prefix}_DATABASE_URL", f"{prefix}_OWNER_DATABASE_URL")
    given = [name for name in variables if os.environ.get(name)]
    if not given:
        return None
    missing = [name for name in variables if name not in given]
    if missing:
        message = f"{given[0]} is set but {missing[0]} is not: the service and its migrations use two roles"
        raise RunnerError(message)
    own, owner = (read_address(name) for name in variables)
    asyncio.run(check(service, own, owner))
    return Database(service, own.database, owner.text(SERVICE_SCHEME), own.text(SERVICE_SCHEME), "")


def read_address(variable: str) -> Address:
    """Read an address from the environment, in either spelling of the scheme."""
    try:
        parts = urlsplit(os.environ[variable])
        complete = bool(parts.hostname and parts.username and parts.path.strip("/")) and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        complete, parts = False, urlsplit("")
    if not complete or parts.scheme not in SCHEMES:
        raise RunnerError(f"{variable} must look like postgresql://user:password@host:port/database")
    return Address(variable, parts)


async def check(service: str, own: Address, owner: Address) -> None:
    """Ask both roles what the server says about them."""
    names = [f"fangpin_{service}_service", f"fangpin_{service}_reader"]
    for address in (own, owner):
        facts = await ask(address, names)
        if facts["major"] < OLDEST_MAJOR:
            message = (
                f"{address.variable}: PostgreSQL {facts['version']} at {address.place} is too old; "
                f"{OLDEST_MAJOR} or newer is needed"
            )
            raise RunnerError(message)
        if facts["known_roles"] != len(names):
            message = f"{address.variable}: the roles {' and '.join(names)} are missing; run deploy/database/roles.sql"
            raise RunnerError(message)
        if address is own:
            check_service_role(address, facts, names[0])
        elif not facts["may_create"]:
            message = (
                f"{address.variable}: role {facts['role']} may not create tables in {address.place}; "
                "run deploy/database/database.sql"
            )
            raise RunnerError(message)


def check_service_role(address: Address, facts: asyncpg.Record, name: str) -> None:
    """Insist that the service connects as the restricted role that migrations grant rights to."""
    role = facts["role"]
    if facts["is_superuser"] or facts["may_create"]:
        message = f"{address.variable}: role {role} may do too much for a service; connect as {name}"
        raise RunnerError(message)
    if not facts["is_service"]:
        message = f"{address.variable}: role {role} has no rights of {name}; connect as {name}"
        raise RunnerError(message)


async def ask(address: Address, names: list[str]) -> asyncpg.Record:
    """Connect and ask; every way this can fail is one line."""
    # The services' driver calls the encryption option `ssl`, the address asyncpg reads itself `sslmode`.
    plain = address.text("postgresql").replace("?ssl=", "?sslmode=").replace("&ssl=", "&sslmode=")
    try:
        connection = await asyncpg.connect(plain, timeout=CONNECT_SECONDS)
    except asyncpg.InvalidCatalogNameError:
        reason = "that database does not exist"
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
        reason = f"the server refuses user {address.user} or the password"
    except asyncpg.InsufficientPrivilegeError:
        reason = f"user {address.user} has no permission to connect to that database"
    except TimeoutError:
        reason = f"no answer within {CONNECT_SECONDS} s"
    except OSError as error:
        reason = f"cannot be reached ({error.strerror or error})"
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        reason = str(error).splitlines()[0]
    else:
        try:
            facts = await connection.fetchrow(_SELF, names[0], names)
        finally:
            await connection.close()
        if facts is not None:
            return facts
        reason = "the server answered nothing"
    message = f"{address.variable}: {address.place}: {reason}"
    raise RunnerError(message)
