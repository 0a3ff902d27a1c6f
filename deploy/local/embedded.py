"""The embedded server as `make run` uses it: remembered port and passwords, both databases.

Owns: `server.json` in the state folder. Where the server's account cannot reach the checkout, data
and programs lie in a system folder and this is said once.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from deploy.local.account import database_account
from deploy.local.binaries import choose_place
from deploy.local.cluster import SUPERUSER, Cluster
from deploy.local.console import rotate, say
from deploy.local.databases import Database, create_database, create_roles, role_names
from deploy.local.failures import RunnerError
from deploy.local.state import State

PASSWORD_BYTES: Final = 24
MAJOR: Final = "18"


@dataclass(slots=True)
class EmbeddedServer:
    """The local server and the passwords of its roles."""

    cluster: Cluster
    passwords: dict[str, str]

    def databases(self, services: Sequence[str]) -> dict[str, Database]:
        """Make roles and databases what they should be; answer their addresses."""
        create_roles(self.cluster, self.passwords)
        return {name: create_database(self.cluster, name, name, self.passwords) for name in services}


def start_embedded(state: State) -> EmbeddedServer:
    """Start the server of this state folder, making it at the first start.

    Data without its passwords is refused rather than made anew: it may hold somebody's books.
    """
    account = database_account()
    place = choose_place(state.folder, account)
    if place.moved_to is not None and account is not None:
        say(f"account {account.name} cannot reach the checkout: PostgreSQL runs from {place.moved_to}", "postgres")
    remembered = state.read_server()
    cluster = Cluster(
        programs=place.programs,
        data=place.data,
        log=state.logs / "postgres.log",
        password=remembered.get(SUPERUSER, "") or secrets.token_urlsafe(PASSWORD_BYTES),
        account=account,
        port=int(remembered.get("port", "0")),
    )
    passwords = {role: remembered.get(role, "") or secrets.token_urlsafe(PASSWORD_BYTES) for role in role_names()}
    rotate(cluster.log)
    if cluster.is_initialised:
        refuse_unusable(cluster, known=SUPERUSER in remembered)
    else:
        say("first start: making the database server", "postgres")
        state.write_server({**passwords, SUPERUSER: cluster.password, "port": str(cluster.port)})
        cluster.initialise()
    cluster.start()
    state.write_server({**passwords, SUPERUSER: cluster.password, "port": str(cluster.port)})
    say(f"PostgreSQL {MAJOR} is up on 127.0.0.1:{cluster.port}", "postgres")
    return EmbeddedServer(cluster, passwords)


def refuse_unusable(cluster: Cluster, *, known: bool) -> None:
    """Refuse data of another PostgreSQL version, or whose passwords are lost."""
    version = (cluster.data / "PG_VERSION").read_text(encoding="ascii").strip()
    if version != MAJOR:
        message = f"{cluster.data} was made by PostgreSQL {version}, this is {MAJOR}; `make clean` starts anew"
        raise RunnerError(message)
    if not known:
        message = f"the passwords for {cluster.data} are lost (server.json); `make clean` starts anew"
        raise RunnerError(message)
