"""The command line behind `make`: `python -m deploy.local run|migrate|clean`."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from deploy.local.binaries import find_system_folder
from deploy.local.databases import SERVICES
from deploy.local.embedded import start_embedded
from deploy.local.external import external_database
from deploy.local.failures import run_app
from deploy.local.migrate import upgrade
from deploy.local.run import run
from deploy.local.state import DEFAULT_FOLDER, State

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
StateOption = Annotated[Path, typer.Option("--state", help="where keys, logs and data are kept")]


@app.command("run")
def run_command(
    state: StateOption = DEFAULT_FOLDER,
    *,
    demo: Annotated[bool, typer.Option(help="load the demo book if it is not there")] = True,
    verbose: Annotated[bool, typer.Option(help="show every line the processes log")] = False,
) -> None:
    """Start everything and stay until Ctrl-C."""
    run(State(state.absolute()), demo=demo, everything=verbose)


@app.command("migrate")
def migrate_command(state: StateOption = DEFAULT_FOLDER) -> None:
    """Bring both databases to the newest migration; a server that is already running is used."""
    kept = State(state.absolute())
    kept.open()
    refusal = "is running here (process {pid}) and has migrated already"
    with kept.held("run", wait=False, refusal=refusal):
        databases = {service: external_database(service) for service in SERVICES}
        embedded = [service for service, database in databases.items() if database is None]
        server = start_embedded(kept) if embedded else None
        try:
            if server is not None:
                databases.update(server.databases(embedded))
            for database in databases.values():
                if database is not None:
                    upgrade(database, kept.logs / f"migrate-{database.service}.log")
        finally:
            if server is not None:
                server.cluster.stop()


@app.command("clean")
def clean_command(state: StateOption = DEFAULT_FOLDER) -> None:
    """Remove keys, logs and data for good."""
    kept = State(state.absolute())
    elsewhere = find_system_folder(kept.folder)
    if kept.folder.exists():
        with kept.held("run", wait=False, refusal="still running (process {pid}); stop it first"):
            shutil.rmtree(kept.folder)
    if elsewhere is not None:
        shutil.rmtree(elsewhere)


if __name__ == "__main__":
    run_app(app)
